"""The Operation StartOrder of all four machines, invoked as clients of the demo do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from aas_server.bindings.check import check
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.service import BindingService
from aas_server.clock import SystemClock
from aas_server.errors import DeviceRefusedValue
from aas_server.live.hub import LiveHub
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.operations.functions import FunctionExecutors
from aas_server.operations.job import JobState
from aas_server.operations.jobs import Jobs
from aas_server.operations.service import OperationResult, OperationService
from aas_server.repository.loader import read_environments
from aas_server.repository.repository import Repository
from examples.plant.plant_file import plant_for
from examples.plant.vendors.catalogue import VENDORS
from tests.support.memory_store import MemoryStore

pytestmark = pytest.mark.system

DEADLINE = 20.0
ORDER = parse_id_short_path("State.ActiveOrder")


class Demo:
    """The model of the demo, fed by the machines and asking them to start orders."""

    def __init__(self, plant: PlantFile, pki_dir: Path) -> None:
        clock = SystemClock()
        self.plant = plant
        self.hub = LiveHub(clock)
        store = MemoryStore(clock)
        self.repository = Repository(store, self.hub, clock)
        self.jobs = Jobs(clock, store)
        self.operations = OperationService(
            self.repository, self.jobs, clock, functions=FunctionExecutors()
        )
        self.bindings = BindingService(
            plant,
            self.repository,
            self.hub,
            clock,
            CollectorRegistry(),
            pki_dir=pki_dir,
            operations=self.operations,
        )

    async def start_order(self, key: str, **values: Any) -> OperationResult:
        return await self.operations.invoke(
            f"urn:demo-plant:{key}:JobControl",
            ("StartOrder",),
            {"inputArguments": values},
            value_only=True,
            actor="test",
        )

    def order(self, key: str) -> Any:
        found = self.hub.find(f"urn:demo-plant:{key}:OperationalData", ORDER)
        assert found is not None
        return found[0].current.value

    async def set_order(self, key: str, order: Any) -> None:
        submodel = f"urn:demo-plant:{key}:OperationalData"
        await self.repository.write_value(submodel, ORDER, order, actor="test")


@pytest.fixture
async def demo(
    plant_urls: Mapping[str, str], project_dir: Path, tmp_path: Path
) -> AsyncIterator[Demo]:
    demo = Demo(PlantFile.model_validate(plant_for(plant_urls)), tmp_path)
    model = project_dir / "examples" / "plant" / "model"
    await demo.repository.add_missing(
        read_environments([model], max_bytes=10_000_000), actor="test"
    )
    await demo.bindings.start()
    async with asyncio.timeout(DEADLINE):
        while any(report.state.value != "connected" for report in demo.bindings.reports()):
            await asyncio.sleep(0.05)
        while not all(demo.order(key) for key in VENDORS):
            await asyncio.sleep(0.05)
    before = {key: demo.order(key) for key in VENDORS}
    yield demo
    for key, order in before.items():
        await demo.set_order(key, order)
    await demo.bindings.stop()
    await demo.jobs.stop()


async def test_one_request_starts_an_order_on_the_machine_of_every_vendor(demo: Demo) -> None:
    for number, key in enumerate(VENDORS):
        result = await demo.start_order(key, Order=f"FA-{number}", Quantity=10)
        assert (result.state, result.success) == (JobState.COMPLETED, True), key
        cycles, end = (each["value"] for each in result.outputs)
        assert 1 <= int(cycles) <= 10
        ahead = datetime.fromisoformat(end) - datetime.now(UTC)
        assert timedelta(0) < ahead < timedelta(hours=1)
    async with asyncio.timeout(DEADLINE):
        while [demo.order(key) for key in VENDORS] != ["FA-0", "FA-1", "FA-2", "FA-3"]:
            await asyncio.sleep(0.05)


async def test_a_machine_says_what_is_wrong_with_an_order(demo: Demo) -> None:
    for key in VENDORS:
        with pytest.raises(DeviceRefusedValue, match=r"inputArguments\.Quantity.*BadOutOfRange"):
            await demo.start_order(key, Order="FA-1", Quantity=100_001)


async def test_the_dry_run_finds_every_method(demo: Demo, tmp_path: Path) -> None:
    found = await check(demo.plant, demo.repository, pki_dir=tmp_path)
    lines = [result for result in found if "JobControl/StartOrder: " in result.text]
    assert len(lines) == 4
    assert all(result.ok for result in lines), lines

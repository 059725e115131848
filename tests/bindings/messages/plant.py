"""What the tests of brokers share: a model that messages feed, and the service between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry

from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.service import BindingService
from aas_server.bindings.status import ConnectionReport
from aas_server.bindings.wanted import Wanted
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.live.values import LiveValue, Quality, status_name
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.support.memory_store import MemoryStore

T = TypeVar("T")

SUBMODEL = "urn:test:data"
NAME = "broker"


class BrokerPlant:
    """A model whose Properties are fed by one broker.

    Keys of ``rows`` that begin with an underscore are for the model: ``_valueType``, ``_element``.
    """

    def __init__(
        self, url: str, rows: Sequence[dict[str, Any]], pki_dir: Path, **connection: Any
    ) -> None:
        self.clock = SystemClock()
        self.hub = LiveHub(self.clock)
        self.repository = Repository(MemoryStore(self.clock), self.hub, self.clock)
        self.registry = CollectorRegistry()
        self._rows = rows
        self._connection = {"url": url, "timeout": "2s", "keepAlive": 1, **connection}
        self.service = BindingService(
            self.file(rows),
            self.repository,
            self.hub,
            self.clock,
            self.registry,
            pki_dir=pki_dir,
        )

    def file(self, rows: Sequence[dict[str, Any]]) -> PlantFile:
        return PlantFile.model_validate(
            {
                "version": 1,
                "connections": {NAME: self._connection},
                "bindings": [
                    {key: value for key, value in one.items() if not key.startswith("_")}
                    for one in rows
                ],
            }
        )

    async def load(self) -> None:
        elements = {
            one["sink"]["path"]: {
                "idShort": one["sink"]["path"],
                **one.get(
                    "_element",
                    {"modelType": "Property", "valueType": one.get("_valueType", "xs:double")},
                ),
            }
            for one in self._rows
        }
        submodel = {
            "modelType": "Submodel",
            "id": SUBMODEL,
            "submodelElements": list(elements.values()),
        }
        await self.repository.add_missing([(Kind.SUBMODEL, submodel)], actor="test")

    async def use(self, rows: Sequence[dict[str, Any]]) -> None:
        """Feed other elements from now on, as a plan that changed at run time."""
        self.service._plant_file = Wanted.of_plant(self.file(rows))
        await self.service.replan()

    def live(self, path: str) -> LiveValue:
        found = self.hub.find(SUBMODEL, parse_id_short_path(path))
        assert found is not None
        return found[0].current

    def shows(self, path: str, value: Any, quality: str = "good") -> bool:
        live = self.live(path)
        return live.value == value and live.quality is Quality(quality)

    def status(self, path: str) -> str:
        return status_name(self.live(path).status_code)

    def report(self) -> ConnectionReport:
        return self.service.reports()[0]

    def problem(self, path: str) -> str | None:
        """Why the element's binding fails."""
        name = f"{SUBMODEL}/{path}"
        return next(
            (one.problem for one in self.report().bindings_failing if one.sink == name), None
        )

    async def write(self, path: str, value: Any) -> None:
        """Write as a client does."""
        await self.repository.write_value(SUBMODEL, parse_id_short_path(path), value, actor="test")

    def metric(self, name: str, **labels: str) -> float:
        labels = {"connection": NAME, **labels}
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running(plant: BrokerPlant) -> AsyncIterator[BrokerPlant]:
    """The plant with its service started and connected, and stopped afterwards."""
    await plant.load()
    await plant.service.start()
    try:
        yield plant
    finally:
        await plant.service.stop()


async def connected(plant: BrokerPlant) -> None:
    await until(lambda: plant.report().state.value == "connected")


async def until(probe: Callable[[], T], *, within: float = 15.0) -> T:
    """Return what ``probe`` returns once that is true; fails after ``within`` seconds."""
    deadline = time.monotonic() + within
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {within} s; at last {found!r}"
        await asyncio.sleep(0.01)
    return found

"""What a supervisor's own task goes through, whatever its session's tasks do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.metrics import BindingMetrics
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.supervisor import OpcUaSupervisor
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.bindings.side_by_side import first_failure
from aas_server.bindings.status import ConnectionState
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.live.sinks import Facet, Sink
from aas_server.live.values import (
    BAD_NO_COMMUNICATION,
    UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE,
    LiveValue,
    Quality,
)
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.bench import Bench, is_good, shown
from tests.bindings.opcua.plant import until


def bound(name: str) -> dict[str, Any]:
    return {
        "connection": "machine",
        "node": f"nsu=urn:test;s={name}",
        "sink": {"submodel": "urn:ex", "path": name},
    }


async def fail() -> None:
    await asyncio.sleep(0)
    raise ConnectionError("gone")


async def wait_for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def end_well() -> None:
    await asyncio.sleep(0)


async def test_one_failure_ends_everything_and_is_told() -> None:
    ended: list[str] = []
    error = await first_failure(wait_for_ever(ended), end_well(), fail(), wait_for_ever(ended))
    assert isinstance(error, ConnectionError)
    assert ended == ["ended", "ended"]


async def test_a_failed_session_leaves_no_trace_in_the_task_that_makes_the_next() -> None:
    await first_failure(fail())
    assert asyncio.current_task().cancelling() == 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.sleep(1)


async def test_who_cancels_the_supervisor_ends_the_work_of_its_session() -> None:
    ended: list[str] = []
    task = asyncio.create_task(first_failure(wait_for_ever(ended)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["ended"]


async def test_while_a_machine_is_away_what_was_restored_is_uncertain_and_the_rest_is_bad(
    hub: LiveHub, tmp_path: Path
) -> None:
    points = [
        hub.register(Sink("urn:ex", (path,), "Property", "xs:double", {(path,): Facet.VALUE}))
        for path in ("Known", "Unknown")
    ]
    hub.restore(points[0], LiveValue(20.5, Quality.GOOD, 0, 1000, 1100))
    file = PlantFile.model_validate(
        {
            "version": 1,
            "connections": {"machine": {"url": "opc.tcp://127.0.0.1:1/none"}},
            "bindings": [bound("Known"), bound("Unknown")],
        }
    )
    context = ConnectionContext(
        hub, SystemClock(), lambda: None, Pki(tmp_path), BindingMetrics(CollectorRegistry())
    )
    settings = file.connections["machine"]
    assert isinstance(settings, OpcUaConnectionSettings)
    supervisor = OpcUaSupervisor("machine", settings, context)
    bindings = [
        Binding(each, now=hub.now, point=point)
        for each, point in zip(file.bindings, points, strict=True)
    ]
    supervisor.change(bindings, [])

    task = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.report().state is ConnectionState.DISCONNECTED)
    away = [point.current for point in points]
    task.cancel()
    await asyncio.wait([task])

    assert away == [
        LiveValue(
            20.5, Quality.UNCERTAIN, UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE, 1000, 1100
        ),
        LiveValue(None, Quality.BAD, BAD_NO_COMMUNICATION, None, None),
    ]
    assert [point.current for point in points] == away


async def test_a_server_that_forgets_silent_sessions_is_spoken_to_in_time(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(sessionTimeout=1500)
    machine.tell(tick=False)
    bench = Bench(machine.url, tmp_path, publishingInterval="500ms", keepAliveCount=40)
    speed = bench.bind("Speed")
    bench.supervisor.change([speed], [])
    async with bench.running():
        await until(lambda: is_good(speed))
        await asyncio.sleep(4)
        machine.tell(set="Speed", value=6.25)

        await until(lambda: shown(speed).value == 6.25, within=2)
        assert bench.metric("aas_binding_reconnects_total") == 0

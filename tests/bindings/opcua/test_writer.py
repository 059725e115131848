"""A client's write reaches the machine as its own type, or is answered with the machine's
reason.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import (
    BadRequest,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceUnreachable,
    Forbidden,
)
from aas_server.live.values import Quality
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import MachineProcess, Plant, row, running, until


def writable(name: str, value_type: str = "xs:double", **settings: Any) -> dict[str, Any]:
    return row(name, value_type, direction="readWrite", **settings)


async def good(plant: Plant, path: str) -> None:
    await until(lambda: plant.live(path).quality is Quality.GOOD)


@pytest.mark.parametrize(
    ("name", "value_type", "settings", "value", "stored"),
    [
        ("Feed", "xs:double", {}, 3.25, {"value": 3.25, "type": "Float"}),
        ("Count", "xs:int", {}, 12, {"value": 12, "type": "UInt16"}),
        ("Count", "xs:double", {"scale": {"factor": 0.1}}, 1.3, {"value": 13, "type": "UInt16"}),
        ("Text", "xs:string", {}, "go", {"value": "go", "type": "String"}),
        ("On", "xs:boolean", {}, False, {"value": False, "type": "Boolean"}),
        (
            "Mode",
            "xs:string",
            {"enumeration": "device"},
            "Aus",
            {"value": 0, "type": "Int32"},
        ),
    ],
)
async def test_a_write_arrives_as_the_nodes_own_type_and_the_writer_reads_it(
    machine: MachineProcess,
    tmp_path: Path,
    name: str,
    value_type: str,
    settings: dict[str, Any],
    value: Any,
    stored: dict[str, Any],
) -> None:
    rows = [writable(name, value_type, **settings)]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await good(plant, name)

        await plant.write(name, value)

        assert plant.live(name).value == pytest.approx(value)
        assert plant.live(name).quality is Quality.GOOD
        assert machine.tell(get=name) == stored
        assert plant.metric("aas_binding_writes_total", result="ok") == 1


@pytest.mark.parametrize(
    ("name", "value_type", "value", "error", "status"),
    [
        ("Count", "xs:int", 70000, DeviceRefusedValue, "BadOutOfRange"),
        ("Count", "xs:double", 2.5, DeviceRefusedValue, "BadOutOfRange"),
        ("Text", "xs:int", 5, DeviceRefusedValue, "BadTypeMismatch"),
        ("ReadOnly", "xs:double", 5.0, DeviceRefusedAccess, "BadNotWritable"),
        ("Wrong", "xs:double", 5.0, DeviceFailed, "BadNodeIdUnknown"),
    ],
)
async def test_a_write_that_cannot_be_is_refused_with_a_status_and_changes_nothing(
    machine: MachineProcess,
    tmp_path: Path,
    name: str,
    value_type: str,
    value: Any,
    error: type[DeviceFailed],
    status: str,
) -> None:
    rows = [row("Counter", "xs:int"), writable(name, value_type)]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await good(plant, "Counter")
        before = plant.live(name)

        with pytest.raises(error) as refusal:
            await plant.write(name, value)

        assert refusal.value.status_name == status
        assert plant.live(name).value == before.value
        assert plant.metric("aas_binding_writes_total", result=error.code) == 1


async def test_a_value_of_the_wrong_form_never_reaches_the_machine(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, [writable("Feed")], tmp_path)) as plant:
        await good(plant, "Feed")

        with pytest.raises(BadRequest):
            await plant.write("Feed", "fast")


async def test_an_element_that_is_not_bound_for_writing_is_forbidden(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, [row("Feed")], tmp_path)) as plant:
        await good(plant, "Feed")

        with pytest.raises(Forbidden):
            await plant.write("Feed", 1.0)


async def test_one_element_of_an_array_is_not_written_where_the_server_would_replace_them_all(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, [writable("Array", index=1)], tmp_path)) as plant:
        await good(plant, "Array")

        with pytest.raises(DeviceFailed, match="single element"):
            await plant.write("Array", 5.0)

        assert machine.tell(get="Array")["value"] == [10.0, 20.0, 30.0]


async def test_a_write_to_a_machine_that_is_down_fails_at_once(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    async with running(Plant(machine.url, [writable("Feed")], tmp_path)) as plant:
        await good(plant, "Feed")
        machine.kill()
        await until(lambda: plant.live("Feed").quality is Quality.BAD)

        began = time.monotonic()
        with pytest.raises(DeviceUnreachable) as failure:
            await plant.write("Feed", 1.0)

        assert time.monotonic() - began < 0.5
        assert failure.value.status_name == "BadNoCommunication"


async def test_a_write_to_a_machine_that_froze_fails_within_the_timeout(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    plant = Plant(machine.url, [writable("Feed")], tmp_path, timeout="500ms", keepAliveCount=40)
    async with running(plant):
        await good(plant, "Feed")
        machine.freeze()

        with pytest.raises(DeviceUnreachable) as failure:
            await asyncio.wait_for(plant.write("Feed", 1.0), 5)

        assert failure.value.status_name == "BadTimeout"
        assert plant.live("Feed").value == 2.5

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
    DeviceError,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceTimedOut,
    DeviceUnreachable,
    Forbidden,
)
from aas_server.live.values import Quality
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import SUBMODEL, MachineProcess, Plant, row, running, until

SEMANTICS_CHANGED = 0x4000


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


async def test_a_write_outside_of_the_nodes_range_never_reaches_the_machine(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = [writable("Speed", unit={"from": "degC", "to": "degF"})]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await good(plant, "Speed")

        with pytest.raises(DeviceRefusedValue, match=r"-10 to 250 here \(EURange\).*250\.5"):
            await plant.write("Speed", 482.9)
        assert machine.tell(get="Speed")["value"] == 1.5

        await plant.write("Speed", 482)
        assert machine.tell(get="Speed")["value"] == pytest.approx(250)


async def test_the_range_is_asked_for_again_when_the_machine_says_that_it_changed(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, [writable("Speed")], tmp_path)) as plant:
        await good(plant, "Speed")
        with pytest.raises(DeviceRefusedValue):
            await plant.write("Speed", 300.0)

        machine.tell(range=[0.0, 400.0])
        machine.tell(set="Speed", value=2.0, status=SEMANTICS_CHANGED)
        await until(lambda: plant.live("Speed").value == 2.0)
        await plant.write("Speed", 300.0)

        assert machine.tell(get="Speed")["value"] == 300.0
        with pytest.raises(DeviceRefusedValue, match="0 to 400"):
            await plant.write("Speed", -1.0)


async def test_what_the_machine_made_of_a_write_is_shown_and_not_what_was_asked_for(
    machine: MachineProcess, tmp_path: Path
) -> None:
    machine.tell(clamp="Feed", at=9.5)
    async with running(Plant(machine.url, [writable("Feed")], tmp_path)) as plant:
        await good(plant, "Feed")

        await plant.write("Feed", 12.0)

        assert plant.live("Feed").value == 9.5
        assert plant.metric("aas_binding_writes_total", result="ok") == 1


async def test_writes_to_one_node_come_one_after_the_other_and_no_echo_undoes_the_last(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, [writable("Large", "xs:long")], tmp_path)) as plant:
        await good(plant, "Large")
        seen: list[int] = []
        plant.hub.add_listener(lambda points: seen.extend(p.current.value for p in points))
        values = list(range(1, 31))

        await asyncio.gather(*(plant.write("Large", value) for value in values))
        await asyncio.sleep(0.3)

        assert list(dict.fromkeys(seen)) == values
        assert seen == sorted(seen)
        assert machine.tell(get="Large")["value"] == 30


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

        with pytest.raises(DeviceTimedOut) as failure:
            await asyncio.wait_for(plant.write("Feed", 1.0), 5)

        assert failure.value.status_name == "BadTimeout"
        assert plant.live("Feed").value == 2.5


async def test_a_node_that_cannot_be_read_is_written_and_what_it_accepted_is_stored(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = [row("Counter", "xs:int"), row("WriteOnly", direction="write")]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await good(plant, "Counter")

        await plant.write("WriteOnly", 7.5)

        assert machine.tell(get="WriteOnly")["value"] == 7.5
        submodel = await plant.repository.submodels.get(SUBMODEL)
        assert submodel.tree()["submodelElements"][1]["value"] == "7.5"
        (report,) = plant.service.reports()
        assert report.bindings_failing == ()
        assert [each.sink for each in report.bindings_working][-1] == f"{SUBMODEL}/WriteOnly"


@pytest.mark.parametrize(
    ("name", "words"), [("ReadOnly", "UserAccessLevel"), ("Wrong", "BadNodeIdUnknown")]
)
async def test_a_node_that_cannot_be_written_is_told_before_somebody_tries(
    machine: MachineProcess, tmp_path: Path, name: str, words: str
) -> None:
    rows = [row("Counter", "xs:int"), row(name, direction="write")]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await good(plant, "Counter")

        (failing,) = await until(lambda: plant.service.reports()[0].bindings_failing)
        assert words in failing.problem
        with pytest.raises(DeviceError, match=words):
            await plant.write(name, 7.5)
        submodel = await plant.repository.submodels.get(SUBMODEL)
        assert "value" not in submodel.tree()["submodelElements"][1]


async def test_a_node_that_is_only_written_is_asked_for_nothing(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = [row("Mode", "xs:string", enumeration="device", direction="write")]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        assert "direction: write" in (plant.service.bindings[0].problem or "")

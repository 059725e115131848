"""The dry run says of every binding whether it would work, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.check import CheckResult, check
from tests.bindings.opcua.plant import MachineProcess, Plant, row


async def results(
    plant: Plant, tmp_path: Path, *, with_model: bool = True
) -> dict[str, CheckResult]:
    """The dry run's lines by the element that they are about, or by the connection."""
    await plant.load()
    found = await check(plant.file, plant.repository if with_model else None, pki_dir=tmp_path)
    names = (result.text.split(": ")[0].rpartition("/")[2] for result in found)
    return dict(zip(names, found, strict=True))


@pytest.mark.parametrize(
    ("binding", "ok", "words"),
    [
        (row("Speed"), True, "Double, now 1.5, shown as 1.5"),
        (row("Count", scale={"factor": 0.5}), True, "UInt16, now 7, shown as 3.5"),
        (row("Mode", "xs:string", enumeration="device"), True, "Int32, now 1, shown as 'Ein'"),
        (row("Array", index=1), True, "Double[], now [10.0, 20.0, 30.0], shown as 20.0"),
        (row("Text", "xs:double"), False, "String, now 'run', but"),
        (row("Nowhere"), False, "BadNodeIdUnknown"),
        (row("Range"), False, "structure"),
        (row("ReadOnly", direction="readWrite"), False, "may not write"),
        (row("ReadOnly", direction="write"), False, "may not write"),
        (row("WriteOnly", direction="write"), True, "Double, only written"),
        (row("WriteOnly"), False, "may not read"),
        (row("Speed", node="nsu=urn:other;s=Speed"), False, "no namespace 'urn:other'"),
        (row("Speed", unit={"from": "mm", "to": "kg"}), False, "kg"),
    ],
)
async def test_a_binding_is_tried_against_the_machine_and_the_model(
    machine: MachineProcess, tmp_path: Path, binding: dict[str, Any], ok: bool, words: str
) -> None:
    plant = Plant(machine.url, [binding], tmp_path)

    (result,) = (await results(plant, tmp_path)).values()

    assert result.ok is ok
    assert words in result.text
    assert result.text.startswith(f"machine {binding['node']} -> urn:test:data/")


async def test_one_wrong_binding_does_not_hide_the_others(
    machine: MachineProcess, tmp_path: Path
) -> None:
    plant = Plant(machine.url, [row("Speed"), row("Nowhere"), row("Feed")], tmp_path)

    found = await results(plant, tmp_path)

    assert {name: result.ok for name, result in found.items()} == {
        "Speed": True,
        "Nowhere": False,
        "Feed": True,
    }


async def test_without_a_model_the_nodes_alone_are_tried(
    machine: MachineProcess, tmp_path: Path
) -> None:
    plant = Plant(machine.url, [row("Text", "xs:double"), row("Nowhere")], tmp_path)

    found = await results(plant, tmp_path, with_model=False)

    assert found["Text"].ok
    assert "String, now 'run'" in found["Text"].text
    assert not found["Nowhere"].ok


async def test_a_value_that_is_bad_at_the_moment_is_no_fault_of_the_binding(
    machine: MachineProcess, tmp_path: Path
) -> None:
    machine.tell(set="Speed", value=1.0, status=0x808C0000)

    found = await results(Plant(machine.url, [row("Speed")], tmp_path), tmp_path)

    assert found["Speed"].ok
    assert "at the moment BadSensorFailure" in found["Speed"].text


async def test_a_machine_that_cannot_be_reached_leaves_its_bindings_unchecked_with_the_reason(
    tmp_path: Path,
) -> None:
    plant = Plant("opc.tcp://127.0.0.1:1/none", [row("Speed"), row("Feed")], tmp_path)
    await plant.load()

    found = await check(plant.file, plant.repository, pki_dir=tmp_path)

    assert [result.ok for result in found] == [False, False, False]
    assert found[0].text.startswith("machine opc.tcp://127.0.0.1:1/none: ")
    assert all("nothing listens" in result.text for result in found)
    assert all("not checked" in result.text for result in found[1:])


async def test_a_connection_without_bindings_is_tried_too(
    machine: MachineProcess, tmp_path: Path
) -> None:
    (result,) = (await results(Plant(machine.url, [], tmp_path), tmp_path)).values()

    assert result.ok
    assert "connected" in result.text


ALARM = {"modelType": "Property", "idShort": "Severity", "valueType": "xs:int"}
ALARMS = {
    "modelType": "SubmodelElementList",
    "idShort": "Alarms",
    "typeValueListElement": "SubmodelElementCollection",
    "value": [{"modelType": "SubmodelElementCollection", "value": [ALARM]}],
}


@pytest.mark.parametrize(
    ("settings", "value_type", "ok", "words"),
    [
        ({}, "xs:int", True, "tells events"),
        ({"notifier": "i=85"}, "xs:int", False, "i=85 tells no events"),
        ({"notifier": "i=99999"}, "xs:int", False, "BadNodeIdUnknown"),
        ({"eventType": "i=85"}, "xs:int", False, "no type of events"),
        ({"eventType": "nsu=urn:no;i=1"}, "xs:int", False, "no namespace"),
        ({}, "xs:boolean", False, "does not fit the list: [0]: Severity"),
        ({"sink": "Severity"}, "xs:int", False, "go into a SubmodelElementList"),
    ],
)
async def test_a_list_of_alarms_is_tried_without_waiting_for_one(
    machine: MachineProcess,
    tmp_path: Path,
    settings: dict[str, Any],
    value_type: str,
    ok: bool,
    words: str,
) -> None:
    sink = settings.get("sink", "Alarms")
    alarm = {
        "connection": "machine",
        "sink": {"submodel": "urn:test:data", "path": sink},
        **{name: value for name, value in settings.items() if name != "sink"},
    }
    item = {"modelType": "SubmodelElementCollection", "value": [{**ALARM, "valueType": value_type}]}
    elements = [{**ALARMS, "value": [item]}, ALARM]
    plant = Plant(machine.url, [], tmp_path, elements=elements, alarms=[alarm])

    (result,) = (await results(plant, tmp_path)).values()

    assert result.ok is ok
    assert words in result.text

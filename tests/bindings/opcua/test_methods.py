"""Methods of a machine as Operations: called as the machine needs it, refused in its own words."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from asyncua.ua import VariantType
from structlog.testing import capture_logs

from aas_server.bindings.check import check
from aas_server.bindings.method import Argument
from aas_server.bindings.opcua.methods import MethodArgument
from aas_server.errors import (
    BadRequest,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceUnreachable,
    NotSupported,
)
from aas_server.operations.executor import OperationOutcome
from aas_server.operations.job import JobState
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import SUBMODEL, MachineProcess, Plant, method_row, running, until


def prop(name: str, value_type: str, **more: Any) -> dict[str, Any]:
    return {"modelType": "Property", "idShort": name, "valueType": value_type, **more}


def numbers(name: str, value_type: str) -> dict[str, Any]:
    return {
        "modelType": "SubmodelElementList",
        "idShort": name,
        "typeValueListElement": "Property",
        "valueTypeListElement": value_type,
    }


def text(name: str) -> dict[str, Any]:
    return {"modelType": "MultiLanguageProperty", "idShort": name}


def operation(
    name: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    element: dict[str, Any] = {"modelType": "Operation", "idShort": name}
    for attribute, variables in (("inputVariables", inputs), ("outputVariables", outputs)):
        if variables:
            element[attribute] = [{"value": variable} for variable in variables]
    return element


OPTIONAL = [{"type": "SMT/Cardinality", "valueType": "xs:string", "value": "ZeroToOne"}]
START = operation(
    "Start",
    [
        prop("Program", "xs:string"),
        prop("Quantity", "xs:int", value="1"),
        prop("Speed", "xs:double", qualifiers=OPTIONAL),
    ],
    [prop("Job", "xs:int")],
)
CONVERT = operation(
    "Convert",
    [
        numbers("Values", "xs:int"),
        prop("When", "xs:dateTime"),
        text("Name"),
        prop("Any", "xs:unsignedByte"),
    ],
    [
        prop("Sum", "xs:double"),
        prop("Then", "xs:dateTime"),
        text("Title"),
        numbers("Numbers", "xs:int"),
    ],
)
NAP = operation("Nap", [prop("Seconds", "xs:double")], [])
PLAIN = operation("Plain", [], [])
ELEMENTS = (START, CONVERT, NAP, PLAIN)
METHODS = tuple(method_row(element["idShort"]) for element in ELEMENTS)


def plant_of(machine: MachineProcess, folder: Path, **more: Any) -> Plant:
    return Plant(machine.url, [], folder, **{"methods": METHODS, "elements": ELEMENTS, **more})


async def connected(plant: Plant) -> None:
    await until(lambda: plant.service.reports()[0].state.value == "connected")


async def test_values_go_in_and_come_out_in_the_types_of_the_machine(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(plant_of(machine, tmp_path)) as plant:
        await connected(plant)
        started = await plant.invoke("Start", Program="P1", Quantity=3, Speed=1.5)
        assert (started.state, started.outputs[0]["value"]) == (JobState.COMPLETED, "3015")
        converted = await plant.invoke(
            "Convert", Values=[1, 2], When="2026-01-02T03:04:05Z", Name=[{"de": "Fräse"}], Any=7
        )
        assert [each["value"] for each in converted.outputs[:3]] == [
            "3.0",
            "2026-01-02T03:04:05.000Z",
            [{"language": "de", "text": "Fräse"}],
        ]
        assert [each["value"] for each in converted.outputs[3]["value"]] == ["1", "2"]
        assert (await plant.invoke("Plain")).success


async def test_the_plant_file_may_order_the_variables_as_the_method_needs_them(
    machine: MachineProcess, tmp_path: Path
) -> None:
    swapped = operation(
        "Begin",
        [prop("Speed", "xs:float"), prop("Quantity", "xs:int"), prop("Program", "xs:string")],
        [prop("Job", "xs:int")],
    )
    row = method_row("Start", path="Begin", inputs=["Program", "Quantity", "Speed"])
    async with running(plant_of(machine, tmp_path, methods=(row,), elements=(swapped,))) as plant:
        await connected(plant)
        result = await plant.invoke("Begin", Program="P1", Quantity=2, Speed=0.5)
        assert result.outputs[0]["value"] == "2005"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"Program": "forbidden"}, DeviceRefusedAccess, "BadUserAccessDenied"),
        (
            {"Program": "unknown"},
            DeviceRefusedValue,
            r"inputArguments\.Program: .*BadOutOfRange.*inputArguments\.Speed: BadNoData",
        ),
        ({"Program": "busy"}, DeviceFailed, "BadInvalidState"),
        ({"Program": "P", "Quantity": -1}, DeviceRefusedValue, r"inputArguments\.Quantity"),
    ],
)
async def test_a_refusal_is_told_in_the_words_of_the_machine(
    machine: MachineProcess,
    tmp_path: Path,
    arguments: dict[str, Any],
    error: type[Exception],
    words: str,
) -> None:
    async with running(plant_of(machine, tmp_path)) as plant:
        await connected(plant)
        with pytest.raises(error, match=words):
            await plant.invoke("Start", **{"Speed": 1.0, **arguments})


async def test_a_method_takes_no_call_without_one_of_its_arguments(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(plant_of(machine, tmp_path)) as plant:
        await connected(plant)
        with pytest.raises(BadRequest, match=r"inputArguments\.Speed"):
            await plant.invoke("Start", Program="P1")


async def test_a_call_that_takes_longer_than_other_answers_may_is_waited_for(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(plant_of(machine, tmp_path, timeout="0.3s")) as plant:
        await connected(plant)
        assert (await plant.invoke("Nap", Seconds=0.8)).success
        body = {"inputArguments": {"Seconds": 30}, "clientTimeoutDuration": "PT0.2S"}
        slow = await plant.operations.invoke(
            SUBMODEL, ("Nap",), body, value_only=True, actor="test"
        )
        assert slow.state is JobState.TIMEOUT
        assert plant.service.reports()[0].state.value == "connected"


async def test_a_machine_that_dies_during_a_call_is_told_and_called_again_when_it_is_back(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    async with running(plant_of(machine, tmp_path)) as plant:
        await connected(plant)
        assert (await plant.invoke("Plain")).success
        nap = asyncio.create_task(plant.invoke("Nap", Seconds=30))
        await asyncio.sleep(0.2)
        machine.kill()
        with pytest.raises(DeviceUnreachable, match="may yet carry it out"):
            await nap
        await until(lambda: plant.service.reports()[0].state.value == "disconnected")
        with pytest.raises(DeviceUnreachable, match="'machine' is down"):
            await plant.invoke("Plain")
        machine.start(shuffled=True)
        await connected(plant)
        assert (await plant.invoke("Plain")).success


SPAN = [prop("Low", "xs:double"), prop("High", "xs:double")]


def collection(name: str | None) -> dict[str, Any]:
    named = {} if name is None else {"idShort": name}
    return {"modelType": "SubmodelElementCollection", **named, "value": SPAN}


def collections(name: str) -> dict[str, Any]:
    return {
        "modelType": "SubmodelElementList",
        "idShort": name,
        "typeValueListElement": "SubmodelElementCollection",
        "value": [collection(None)],
    }


WIDEN = operation(
    "Widen",
    [collections("Spans"), prop("By", "xs:double")],
    [collection("Widest"), collections("All")],
)


async def test_structures_go_in_and_come_out_as_collections(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows, elements = (method_row("Widen"),), (WIDEN,)
    async with running(plant_of(machine, tmp_path, methods=rows, elements=elements)) as plant:
        await connected(plant)
        spans = [{"Low": 1, "High": 2.5}, {"Low": -3, "High": 4}]
        widest, wider = (await plant.invoke("Widen", Spans=spans, By=1)).outputs
        assert [each["value"] for each in widest["value"]] == ["-4.0", "5.0"]
        values = [[member["value"] for member in each["value"]] for each in wider["value"]]
        assert values == [["0.0", "3.5"], ["-4.0", "5.0"]]
    (line,) = await check(plant.file, plant.repository, pki_dir=tmp_path)
    assert line.ok


async def test_a_structure_is_no_number_and_a_number_no_structure(
    machine: MachineProcess, tmp_path: Path
) -> None:
    numbers_for_spans = operation(
        "Widen", [numbers("Spans", "xs:double"), prop("By", "xs:double")], []
    )
    spans_for_numbers = operation("Nap", [collection("Seconds")], [])
    rows = (method_row("Widen"), method_row("Nap"))
    elements = (numbers_for_spans, spans_for_numbers)
    async with running(plant_of(machine, tmp_path, methods=rows, elements=elements)) as plant:
        await connected(plant)
        with pytest.raises(NotSupported, match="'Spans' is a ExtensionObject"):
            await plant.invoke("Widen", Spans=[1], By=1)
        with pytest.raises(NotSupported, match="'Seconds' is a Double"):
            await plant.invoke("Nap", Seconds={"Low": 1, "High": 2})


@pytest.mark.parametrize(
    ("rank", "one", "many", "name"),
    [
        (-1, True, False, "Double"),
        (1, False, True, "Double[]"),
        (0, False, True, "Double[...]"),
        (-3, True, True, "Double or array"),
        (-2, True, True, "Double of any rank"),
        (2, False, False, "Double[][]"),
    ],
)
def test_an_argument_takes_as_many_values_as_its_rank_says(
    rank: int, one: bool, many: bool, name: str
) -> None:
    declared = MethodArgument("A", VariantType.Double, rank)
    assert declared.type_name == name
    assert declared.fits(Argument("A", "Property", "xs:double", is_list=False)) is one
    assert declared.fits(Argument("A", "Property", "xs:double", is_list=True)) is many


@pytest.mark.parametrize(
    ("element", "row", "words"),
    [
        (START, method_row("Nap", path="Start"), r"1 input arguments \(Seconds: Double\)"),
        (START, method_row("Start", inputs=["Program"]), "3 input arguments"),
        (operation("Nap", [numbers("Seconds", "xs:double")], []), method_row("Nap"),
         r"'Seconds', a xs:double\[\], cannot be"),
        (operation("Nap", [{"modelType": "Range", "idShort": "Seconds", "valueType": "xs:int",
                            "min": "1"}], []), method_row("Nap"), "'Seconds' is a Range"),
        (START, method_row("Start", inputs=["Programme"]), "did you mean 'Program'"),
    ],
)  # fmt: skip
async def test_an_operation_that_does_not_fit_its_method_is_told_by_call_and_by_check(
    machine: MachineProcess, tmp_path: Path, element: Any, row: Any, words: str
) -> None:
    plant = plant_of(machine, tmp_path, methods=(row,), elements=(element,))
    values = {"Start": {"Program": "P1"}, "Nap": {"Seconds": [1]}}[element["idShort"]]
    if "Range" in words:
        values = {}
    async with running(plant):
        await connected(plant)
        with pytest.raises(NotSupported, match=words):
            await plant.invoke(element["idShort"], **values)
    (line,) = await check(plant.file, plant.repository, pki_dir=tmp_path)
    assert not line.ok
    assert line.text.startswith(f"machine {row['method']} -> {SUBMODEL}/{element['idShort']}: ")


async def test_the_dry_run_shows_what_methods_take_and_give(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = (*METHODS, method_row("Speed", path="Plain"), method_row("Nowhere", path="Gone"))
    plant = plant_of(machine, tmp_path, methods=rows)
    await plant.load()
    found = await check(plant.file, plant.repository, pki_dir=tmp_path)
    assert [result.ok for result in found] == [True, True, True, True, False, False]
    texts = [result.text for result in found]
    assert texts[0].endswith("(Program: String, Quantity: UInt16, Speed: Float) -> (Job: Int64)")
    assert "Any: any type" in texts[1]
    assert "Values: Double[]" in texts[1]
    assert "no method" in texts[4]
    assert "BadNodeIdUnknown" in texts[5]
    machine_only = await check(plant.file, None, pki_dir=tmp_path)
    assert [result.ok for result in machine_only] == [True, True, True, True, False, False]


async def test_a_row_that_cannot_work_is_told_in_the_log_and_does_not_hinder_others(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = (method_row("Start", path="Gone"), method_row("Start", path="a..b"), *METHODS,
            method_row("Plain"))  # fmt: skip
    with capture_logs() as logs:
        async with running(plant_of(machine, tmp_path, methods=rows)) as plant:
            await connected(plant)
            assert (await plant.invoke("Plain")).success
    told = {line["operation"]: line["reason"] for line in logs if "operation" in line}
    assert set(told) == {f"{SUBMODEL}/Gone", f"{SUBMODEL}/a..b", f"{SUBMODEL}/Plain"}
    assert "already" in told[f"{SUBMODEL}/Plain"]


async def test_after_the_end_of_the_service_nothing_is_carried_out(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(plant_of(machine, tmp_path)) as plant:
        await connected(plant)

    class Other:
        async def execute(self, _call: Any) -> OperationOutcome:
            return OperationOutcome()

    plant.operations.register(SUBMODEL, ("Plain",), Other())
    assert (await plant.invoke("Plain")).success

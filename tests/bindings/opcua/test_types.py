"""Composite values of a real server reach the model and go back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.check import check
from aas_server.errors import BadRequest, DeviceError, DeviceFailed, DeviceRefusedValue, Forbidden
from aas_server.live.values import (
    BAD_CONFIGURATION_ERROR,
    BAD_ENCODING_LIMITS_EXCEEDED,
    Quality,
)
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import (
    MachineProcess,
    Plant,
    method_row,
    row,
    running,
    until,
)

Node = dict[str, Any]

NUMBERS: Node = {
    "modelType": "SubmodelElementList",
    "typeValueListElement": "Property",
    "valueTypeListElement": "xs:double",
}
INTEGERS: Node = {**NUMBERS, "valueTypeListElement": "xs:int"}


def element(id_short: str, **more: Any) -> Node:
    return {"idShort": id_short, **more}


def part(id_short: str, **members: str) -> Node:
    """A collection with Properties of these types."""
    return element(
        id_short,
        modelType="SubmodelElementCollection",
        value=[
            {"modelType": "Property", "idShort": name, "valueType": value_type}
            for name, value_type in members.items()
        ],
    )


class Composites(Plant):
    """A plant whose elements are given as they are: each is fed by the node of its name."""

    def __init__(self, machine: MachineProcess, elements: list[Node], folder: Path) -> None:
        names = [each["idShort"] for each in elements]
        rows = [row(name, direction="readWrite") for name in names]
        super().__init__(machine.url, rows, folder, elements=elements)
        self._elements_only = elements

    async def load(self) -> None:
        self._rows = []
        await super().load()

    def problem(self, name: str) -> str:
        (failing,) = [
            each
            for each in self.service.reports()[0].bindings_failing
            if each.source.endswith(f"={name}")
        ]
        return failing.problem


def is_good(plant: Plant, *paths: str) -> bool:
    return all(plant.live(path).quality is Quality.GOOD for path in paths)


async def test_a_range_and_a_matrix_come_and_go(machine: MachineProcess, tmp_path: Path) -> None:
    elements = [
        element("Range", modelType="Range", valueType="xs:double"),
        element("Matrix", **NUMBERS | {"typeValueListElement": "SubmodelElementList"})
        | {"value": [INTEGERS]},
        element("Raw", modelType="Blob", contentType="application/octet-stream"),
    ]
    del elements[1]["valueTypeListElement"]
    async with running(Composites(machine, elements, tmp_path)) as plant:
        await until(lambda: is_good(plant, "Range", "Matrix", "Raw"))
        assert plant.live("Range").value == {"min": 1.0, "max": 2.0}
        assert plant.live("Matrix").value == [[1, 2], [3, 4]]
        assert plant.live("Raw").value == "AAE="

        await plant.write("Range", {"min": -5.5, "max": 7.0})
        await plant.write("Matrix", [[7, 8]])
        await plant.write("Raw", {"value": "AQID"})

        assert "Low=-5.5, High=7.0" in machine.tell(get="Range")["value"]
        assert machine.tell(get="Matrix") == {"value": [[7, 8]], "type": "Int32"}
        assert plant.live("Matrix").value == [[7, 8]]
        assert plant.live("Range").value == {"min": -5.5, "max": 7.0}

        with pytest.raises(BadRequest, match="takes an array"):
            await plant.write("Matrix", [1, 2])
        with pytest.raises(DeviceRefusedValue, match="takes 2 items, not 3"):
            await plant.write("Matrix", [[1, 2, 3]])
        with pytest.raises(Forbidden, match=r"write \$value of Matrix"):
            await plant.write("Matrix[0]", [1, 2])


async def test_one_item_is_not_written_where_the_server_would_replace_the_array(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Composites(machine, [element("Array", **NUMBERS)], tmp_path)) as plant:
        await until(lambda: is_good(plant, "Array"))

        with pytest.raises(DeviceFailed, match="single element"):
            await plant.write("Array[1]", 5.0)
        await plant.write("Array", [5.0])

        assert machine.tell(get="Array")["value"] == [5.0]


async def test_two_machines_mean_different_structures_by_one_type(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    numbers = make_machine(part={"Length": "Double", "Width": "Double"})
    texts = make_machine(part={"Name": "String", "Weight": "Double"})
    first = Composites(
        numbers, [part("Part", Length="xs:double", Width="xs:double")], tmp_path / "first"
    )
    second = Composites(
        texts, [part("Part", Name="xs:string", Weight="xs:double")], tmp_path / "second"
    )
    async with running(first), running(second):
        await until(lambda: is_good(first, "Part") and is_good(second, "Part"))

        assert first.live("Part").value == {"Length": 1.5, "Width": 1.5}
        assert second.live("Part").value == {"Name": "bolt", "Weight": 1.5}

        await second.write("Part", {"Name": "nut", "Weight": 0.25})
        assert second.live("Part").value == {"Name": "nut", "Weight": 0.25}


async def test_a_structure_of_a_type_that_the_node_leaves_open_is_asked_for(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(part={"Name": "String", "Weight": "Double"})
    elements = [part("AnyPart", Name="xs:string", Weight="xs:double")]
    async with running(Composites(machine, elements, tmp_path)) as plant:
        await until(lambda: is_good(plant, "AnyPart"))
        assert plant.live("AnyPart").value == {"Name": "bolt", "Weight": 1.5}
        assert plant.service.reports()[0].bindings_failing == ()

        await plant.write("AnyPart", {"Name": "nut", "Weight": 2.0})
        assert plant.live("AnyPart").value == {"Name": "nut", "Weight": 2.0}
        with pytest.raises(DeviceRefusedValue, match="needs Weight"):
            await plant.write("AnyPart", {"Name": "nut"})


async def test_an_array_of_more_than_is_taken_is_bad_and_the_last_one_stays(
    machine: MachineProcess, tmp_path: Path
) -> None:
    elements = [element("Wave", **NUMBERS), element("Array", **NUMBERS)]
    async with running(Composites(machine, elements, tmp_path)) as plant:
        await until(lambda: is_good(plant, "Wave", "Array"))

        machine.tell(fill="Wave", count=200_000)
        await until(lambda: plant.live("Wave").status_code == BAD_ENCODING_LIMITS_EXCEEDED)
        assert plant.live("Wave").value == [0.5]
        assert "1,048,576 are taken" in plant.problem("Wave")
        await until(lambda: is_good(plant, "Array"))

        machine.tell(set="Wave", value=[float("nan"), float("inf")])
        await until(lambda: is_good(plant, "Wave"))
        assert plant.live("Wave").value[1] == float("inf")


async def test_an_element_of_another_form_costs_its_own_binding_only(
    machine: MachineProcess, tmp_path: Path
) -> None:
    elements = [
        part("Speed", Length="xs:double"),
        element("Array", modelType="Range", valueType="xs:double"),
        element("Matrix", **INTEGERS),
        element("Text", modelType="Property", valueType="xs:string"),
    ]
    async with running(Composites(machine, elements, tmp_path)) as plant:
        await until(lambda: is_good(plant, "Text"))
        await until(lambda: len(plant.service.reports()[0].bindings_failing) == 3)

        assert "an object of fields" in plant.problem("Speed")
        assert "a range of two bounds" in plant.problem("Array")
        assert "[0]: the device gives an array of 2" in plant.problem("Matrix")
        assert plant.live("Speed").status_code == BAD_CONFIGURATION_ERROR
        with pytest.raises(DeviceError):
            await plant.write("Speed", {"Length": 1.0})


async def test_a_node_id_that_a_method_gives_is_the_same_on_every_server(
    machine: MachineProcess, tmp_path: Path
) -> None:
    node = {"modelType": "Property", "idShort": "Node", "valueType": "xs:string"}
    where = {
        "modelType": "Operation",
        "idShort": "Where",
        "outputVariables": [{"value": node}],
    }
    plant = Plant(machine.url, [], tmp_path, methods=[method_row("Where")], elements=[where])
    async with running(plant):
        await until(lambda: plant.service.reports()[0].state.value == "connected")

        result = await plant.invoke("Where")

        assert result.outputs[0]["value"] == "nsu=urn:test:machine;s=Speed"


async def test_a_check_shows_what_each_element_would_show(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(part={"Name": "String", "Weight": "Double"})
    elements = [
        element("Range", modelType="Range", valueType="xs:double"),
        part("AnyPart", Name="xs:string", Weight="xs:double"),
        element("Array", modelType="Range", valueType="xs:double"),
    ]
    plant = Composites(machine, elements, tmp_path)
    await plant.load()

    found = await check(plant.file, plant.repository, pki_dir=tmp_path)

    assert [result.ok for result in found] == [True, True, False]
    limits, any_part, array = (result.text for result in found)
    assert "shown as {'min': 1.0, 'max': 2.0}" in limits
    assert "shown as {'Name': 'bolt', 'Weight': 1.5}" in any_part
    assert "an array of 3, which is not a range" in array

"""Values of a real server reach the model with their quality and their times."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aas_server.clock import to_microseconds
from aas_server.live.values import BAD_CONFIGURATION_ERROR, BAD_SENSOR_FAILURE, Quality
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import MachineProcess, Plant, row, running, until


def is_good(plant: Plant, *paths: str) -> bool:
    return all(plant.live(path).quality is Quality.GOOD for path in paths)


@pytest.mark.parametrize(
    ("name", "value_type", "settings", "expected"),
    [
        ("Feed", "xs:double", {}, 2.5),
        ("Count", "xs:unsignedShort", {}, 7),
        ("Large", "xs:long", {}, 2**40),
        ("Level", "xs:byte", {}, -3),
        ("Text", "xs:string", {}, "run"),
        ("On", "xs:boolean", {}, True),
        ("When", "xs:dateTime", {}, "2026-01-02T03:04:05.000Z"),
        ("Array", "xs:double", {"index": 2}, 30.0),
        ("Mode", "xs:string", {"enumeration": "device"}, "Ein"),
        ("Mode", "xs:string", {"enumeration": {1: "Automatic"}}, "Automatic"),
        ("Count", "xs:double", {"scale": {"factor": 0.5, "offset": 1}}, 4.5),
    ],
)
async def test_a_value_arrives_as_its_element_takes_it(
    machine: MachineProcess,
    tmp_path: Path,
    name: str,
    value_type: str,
    settings: dict[str, Any],
    expected: Any,
) -> None:
    async with running(Plant(machine.url, [row(name, value_type, **settings)], tmp_path)) as plant:
        await until(lambda: is_good(plant, name))

        assert plant.live(name).value == expected
        assert type(plant.live(name).value) is type(expected)


async def test_two_bindings_of_one_array_share_its_item(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = [row("Array", index=0, path="First"), row("Array", index=1, path="Second")]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await until(lambda: is_good(plant, "First", "Second"))

        assert (plant.live("First").value, plant.live("Second").value) == (10.0, 20.0)
        assert plant.metric("aas_binding_values_received_total") == 1


async def test_a_bad_value_keeps_the_last_good_one_and_says_why(
    machine: MachineProcess, tmp_path: Path
) -> None:
    machine.tell(set="Speed", value=1.5)
    async with running(Plant(machine.url, [row("Speed")], tmp_path)) as plant:
        await until(lambda: is_good(plant, "Speed"))
        machine.tell(set="Speed", value=99.0, status=BAD_SENSOR_FAILURE)
        await until(lambda: plant.live("Speed").quality is Quality.BAD)

        assert plant.live("Speed").value == 1.5
        assert plant.live("Speed").status_code == BAD_SENSOR_FAILURE

        machine.tell(set="Speed", value=2.5)
        await until(lambda: is_good(plant, "Speed"))
        assert plant.live("Speed").value == 2.5


async def test_an_uncertain_value_is_shown_with_all_bits_of_its_status(
    machine: MachineProcess, tmp_path: Path
) -> None:
    machine.tell(set="Speed", value=1.5)
    async with running(Plant(machine.url, [row("Speed")], tmp_path)) as plant:
        await until(lambda: is_good(plant, "Speed"))
        machine.tell(set="Speed", value=3.5, status=0x40930480)
        await until(lambda: plant.live("Speed").quality is Quality.UNCERTAIN)

        assert plant.live("Speed").value == 3.5
        assert plant.live("Speed").status_code == 0x40930480


async def test_the_devices_own_time_is_the_source_timestamp(
    machine: MachineProcess, tmp_path: Path
) -> None:
    moment = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    machine.tell(set="Level", value=4, source=moment.isoformat())
    async with running(Plant(machine.url, [row("Level", "xs:byte")], tmp_path)) as plant:
        await until(lambda: is_good(plant, "Level"))

        assert plant.live("Level").source_timestamp == to_microseconds(moment)
        received = plant.live("Level").received_timestamp
        assert received is not None
        assert abs(received - plant.clock.now()) < 60_000_000


async def test_a_value_that_does_not_fit_is_a_problem_until_one_fits(
    machine: MachineProcess, tmp_path: Path
) -> None:
    machine.tell(set="Text", value="no number")
    rows = [row("Text", "xs:int"), row("Speed")]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await until(lambda: plant.live("Text").quality is Quality.BAD)
        await until(lambda: is_good(plant, "Speed"))
        assert plant.live("Text").status_code == BAD_CONFIGURATION_ERROR
        (failing,) = plant.service.reports()[0].bindings_failing
        assert "no number" in failing.problem
        assert plant.metric("aas_binding_values_dropped_total", reason="conversion") >= 1

        machine.tell(set="Text", value="12")
        await until(lambda: is_good(plant, "Text"))

        assert plant.live("Text").value == 12
        assert plant.service.reports()[0].bindings_failing == ()


async def test_a_structure_is_refused_in_words_by_an_element_that_is_no_text(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, [row("Range", "xs:double")], tmp_path)) as plant:
        await until(lambda: plant.service.reports()[0].bindings_failing)

        (failing,) = plant.service.reports()[0].bindings_failing
        assert "an object of Low, High, which is not a number" in failing.problem


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("nsu=urn:test:machine;s=Nowhere", "BadNodeIdUnknown"),
        ("nsu=urn:not:there;s=Speed", "no namespace 'urn:not:there'"),
        ("Speed", "no node id"),
        ("i=85", "no variable"),
    ],
)
async def test_a_wrong_node_is_named_with_the_reason(
    machine: MachineProcess, tmp_path: Path, node: str, words: str
) -> None:
    rows = [row("Speed"), row("Wrong", node=node)]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await until(lambda: is_good(plant, "Speed"))
        (failing,) = await until(lambda: plant.service.reports()[0].bindings_failing)

        assert words in failing.problem
        assert failing.source == node
        assert plant.live("Wrong").quality is Quality.BAD


async def test_a_deadband_spares_small_changes(machine: MachineProcess, tmp_path: Path) -> None:
    async with running(Plant(machine.url, [row("Speed", deadband=0.5)], tmp_path)) as plant:
        await until(lambda: is_good(plant, "Speed"))
        machine.tell(set="Speed", value=1.75)
        await asyncio.sleep(0.3)
        assert plant.live("Speed").value == 1.5
        machine.tell(set="Speed", value=2.5)
        await until(lambda: plant.live("Speed").value == 2.5)


async def test_a_deadband_on_a_text_is_left_out(machine: MachineProcess, tmp_path: Path) -> None:
    rows = [row("Text", "xs:string", deadband=0.5)]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await until(lambda: is_good(plant, "Text"))
        machine.tell(set="Text", value="changed")
        await until(lambda: plant.live("Text").value == "changed")


async def test_a_deadband_that_the_server_refuses_does_not_cost_the_binding(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(refusesDeadbands=True)
    async with running(Plant(machine.url, [row("Speed", deadband=0.5)], tmp_path)) as plant:
        await until(lambda: is_good(plant, "Speed"))
        machine.tell(set="Speed", value=1.75)
        await until(lambda: plant.live("Speed").value == 1.75)

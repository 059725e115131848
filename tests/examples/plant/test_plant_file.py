"""The plant file against the vendors' tables: complete, and the same in the same units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pint
import pytest
import yaml
from asyncua import ua

from aas_server.bindings.plant.file import load_plant_file
from examples.plant.machines import PORT_OFFSETS
from examples.plant.physics.states import ConditionStatus, OperatingMode, OperatingState
from examples.plant.plant_file import PLANT_FILE, plant_for, write_plant_file
from examples.plant.vendors.catalogue import VENDORS
from examples.plant.vendors.description import Enumeration, Variable

Row = dict[str, Any]
Element = tuple[str, str]

STATE: dict[Element, Callable[[Any], Any]] = {
    ("OperationalData", "State.OperatingState"): lambda m: m.state,
    ("OperationalData", "State.OperatingMode"): lambda m: m.mode,
    ("OperationalData", "State.ConditionStatus"): lambda m: m.condition,
    ("OperationalData", "State.StateSince"): lambda m: m.state_since,
    ("OperationalData", "State.ActiveProgram"): lambda m: m.program,
    ("OperationalData", "State.ActiveOrder"): lambda m: m.order,
}
SIGNALS: dict[Element, Callable[[Any], Any]] = {
    ("OperationalData", "Signals.DriveSpeed"): lambda m: m.drive.speed,
    ("OperationalData", "Signals.DriveTemperature"): lambda m: m.drive_temperature,
    ("OperationalData", "Signals.Vibration"): lambda m: m.drive.vibration,
    ("OperationalData", "Signals.PowerConsumption"): lambda m: m.drive.power,
    ("OperationalData", "Signals.CycleTime"): lambda m: m.cycle_time,
    ("OperationalData", "Signals.SpeedOverride"): lambda m: m.speed_override,
}
COUNTERS: dict[Element, Callable[[Any], Any]] = {
    ("OperationalData", "Counters.OperatingHours"): lambda m: m.operating_hours,
    ("OperationalData", "Counters.CycleCount"): lambda m: m.production.cycles,
    ("OperationalData", "Counters.ProducedQuantity"): lambda m: m.production.produced,
    ("OperationalData", "Counters.GoodQuantity"): lambda m: m.production.good,
    ("OperationalData", "Counters.ScrapQuantity"): lambda m: m.production.scrap,
    ("Maintenance", "Counters.OperatingHours"): lambda m: m.operating_hours,
    ("Maintenance", "Counters.CyclesSinceService"): lambda m: m.production.cycles_since_service,
    ("Maintenance", "Counters.WearIndicator"): lambda m: m.wear,
    ("Quality", "Yields.ProducedQuantity"): lambda m: m.production.produced,
    ("Quality", "Yields.GoodQuantity"): lambda m: m.production.good,
    ("Quality", "Yields.ScrapQuantity"): lambda m: m.production.scrap,
    ("Quality", "Yields.FirstPassYield"): lambda m: m.production.first_pass_yield,
}
OWN: dict[str, dict[Element, Callable[[Any], Any]]] = {
    "mill": {
        ("OperationalData", "Signals.ToolWear"): lambda m: m.wear,
        ("OperationalData", "Signals.FeedRate"): lambda m: m.feed_rate,
    },
    "robot": {
        ("OperationalData", f"Signals.JointTemperature{number}"): (
            lambda m, joint=number - 1: m.joint_temperatures[joint]
        )
        for number in range(1, 7)
    }
    | {("OperationalData", "Signals.ProgramState"): lambda m: m.state},
    "moulder": {
        ("OperationalData", "Signals.MeltTemperature"): lambda m: m.melt_temperature,
        ("OperationalData", "Signals.InjectionPressure"): lambda m: m.injection_pressure,
        ("OperationalData", "Signals.ShotQuality"): lambda m: m.shot_quality,
    },
    "packer": {("OperationalData", "Signals.LineSpeed"): lambda m: m.line_speed},
}
WRITABLE = {
    ("OperationalData", "State.ActiveOrder"),
    ("OperationalData", "Signals.SpeedOverride"),
}
WORDS = {
    "State.OperatingState": ("state", OperatingState),
    "State.OperatingMode": ("mode", OperatingMode),
    "State.ConditionStatus": ("condition", ConditionStatus),
}


def elements_of(key: str) -> dict[Element, Callable[[Any], Any]]:
    return STATE | SIGNALS | COUNTERS | OWN[key]


@pytest.fixture(scope="module")
def plant() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(PLANT_FILE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def registry() -> pint.UnitRegistry[Any]:
    return pint.UnitRegistry()


def rows_of(plant: dict[str, Any], key: str) -> dict[Element, Row]:
    prefix = f"urn:demo-plant:{key}:"
    return {
        (row["sink"]["submodel"].removeprefix(prefix), row["sink"]["path"]): row
        for row in plant["bindings"]
        if row["connection"] == key
    }


def variable_of(key: str, node: str) -> Variable[Any]:
    node_id = ua.NodeId.from_string(node)
    assert isinstance(node_id, ua.ExpandedNodeId)
    assert node_id.NamespaceUri == VENDORS[key].namespace
    by_id = {variable.id: variable for variable in VENDORS[key].root.variables()}
    return by_id[node_id.Identifier]


def converted(row: Row, value: Any, registry: pint.UnitRegistry[Any]) -> Any:
    if "index" in row:
        value = value[row["index"]]
    if "scale" in row:
        value = value * row["scale"]["factor"]
    if "unit" in row:
        value = registry.Quantity(value, row["unit"]["from"]).to(row["unit"]["to"]).magnitude
    if isinstance(row.get("enumeration"), dict):
        value = row["enumeration"][value]
    return value


def test_the_server_can_load_the_plant_file() -> None:
    assert set(load_plant_file(PLANT_FILE).connections) == set(VENDORS)


def test_the_machines_that_can_be_started_are_those_of_the_vendors() -> None:
    assert set(PORT_OFFSETS) == set(VENDORS)


@pytest.mark.parametrize("key", VENDORS)
def test_every_live_element_is_bound_once(plant: dict[str, Any], key: str) -> None:
    rows = rows_of(plant, key)
    assert set(rows) == set(elements_of(key))
    assert len(rows) == sum(row["connection"] == key for row in plant["bindings"])


@pytest.mark.parametrize("key", VENDORS)
def test_the_same_elements_come_out_in_the_same_units(
    plant: dict[str, Any], registry: pint.UnitRegistry[Any], key: str
) -> None:
    machine = VENDORS[key].machine(11)
    rows = rows_of(plant, key)
    for _ in range(40):
        machine.advance(3.1)
        for element, expected in elements_of(key).items():
            if element[1] == "Signals.ProgramState":
                continue
            row = rows[element]
            value = converted(row, variable_of(key, row["node"]).read(machine), registry)
            if isinstance(value, str):
                assert value == expected(machine), element
            else:
                # The coarsest is the packer: 0.1 K, and the moulder's clock: 0.1 h.
                assert value == pytest.approx(expected(machine), rel=1e-3, abs=0.06), element


@pytest.mark.parametrize("key", VENDORS)
@pytest.mark.parametrize("path", WORDS)
def test_every_word_of_a_vendor_has_one_of_ours(
    plant: dict[str, Any], registry: pint.UnitRegistry[Any], key: str, path: str
) -> None:
    row = rows_of(plant, key)["OperationalData", path]
    variable = variable_of(key, row["node"])
    attribute, words = WORDS[path]
    for word in words:
        device = variable.read(SimpleNamespace(**{attribute: word}))
        assert converted(row, device, registry) == word
    if isinstance(variable.data_type, Enumeration):
        assert set(row["enumeration"]) == set(variable.data_type.texts)


@pytest.mark.parametrize("state", OperatingState)
def test_the_robots_program_state_has_a_text_for_every_state(
    plant: dict[str, Any], state: OperatingState
) -> None:
    row = rows_of(plant, "robot")["OperationalData", "Signals.ProgramState"]
    variable = variable_of("robot", row["node"])
    assert row["enumeration"] == "device"
    assert isinstance(variable.data_type, Enumeration)
    assert variable.data_type.contiguous
    assert variable.read(SimpleNamespace(state=state)) in variable.data_type.texts


@pytest.mark.parametrize("key", VENDORS)
def test_what_is_bound_for_writing_can_be_written(plant: dict[str, Any], key: str) -> None:
    rows = rows_of(plant, key)
    bound = {element for element, row in rows.items() if row.get("direction") == "readWrite"}
    assert bound == WRITABLE
    for element, row in rows.items():
        assert (variable_of(key, row["node"]).write is not None) == (element in WRITABLE)


@pytest.mark.parametrize("key", VENDORS)
def test_an_override_written_in_the_vendors_unit_is_the_machines_in_per_cent(
    plant: dict[str, Any], registry: pint.UnitRegistry[Any], key: str
) -> None:
    row = rows_of(plant, key)["OperationalData", "Signals.SpeedOverride"]
    variable = variable_of(key, row["node"])
    machine = VENDORS[key].machine(1)
    assert variable.write is not None
    raw = 85 / row.get("scale", {"factor": 1})["factor"]
    variable.write.apply(machine, raw)
    assert machine.speed_override == pytest.approx(85)
    assert converted(row, variable.read(machine), registry) == pytest.approx(85)


def test_a_plant_file_for_other_addresses_has_their_machines_only(tmp_path: Path) -> None:
    urls = {"robot": "opc.tcp://127.0.0.1:5002/aratis"}
    content = plant_for(urls)
    assert {key: row["url"] for key, row in content["connections"].items()} == urls
    assert {row["connection"] for row in content["bindings"]} == {"robot"}
    write_plant_file(tmp_path / "plant.yaml", urls)
    assert set(load_plant_file(tmp_path / "plant.yaml").connections) == {"robot"}

"""Where nodes go: places of templates, signals, the machine's own structure."""

from __future__ import annotations

from pathlib import Path

import pytest

from aas_server.bindings.onboarding.companion import RULES, SPECIFICATIONS, Rule, qualified
from aas_server.bindings.onboarding.points import Point, place
from aas_server.bindings.onboarding.submodels import TEMPLATES, template_prototypes
from aas_server.bindings.opcua.address_space import (
    STANDARD,
    MachineNode,
    QualifiedName,
    StructureField,
    Unit,
)
from tests.bindings.onboarding.trees import TreeBuilder

DI = SPECIFICATIONS["di"]
MACHINERY = SPECIFICATIONS["machinery"]
TOOL = SPECIFICATIONS["tool"]
PACKML = SPECIFICATIONS["packml"]


def keys(builder: TreeBuilder, node: MachineNode) -> list[str]:
    return [point.key for point in points(builder, node)]


def points(builder: TreeBuilder, node: MachineNode) -> list[Point]:
    return [point for point in place(builder.tree()).points if point.node is node]


@pytest.mark.parametrize("type_name", ["Double", "Int32", "Boolean", "String", "DateTime"])
def test_a_single_quantity_that_no_template_knows_is_a_signal(type_name: str) -> None:
    builder = TreeBuilder()
    node = builder.variable(builder.root, "Pressure", type_name)

    assert keys(builder, node) == ["OperationalData/Signals.Pressure"]


def test_signals_of_one_name_are_told_apart_by_what_they_belong_to() -> None:
    builder = TreeBuilder()
    first, second = (builder.object(builder.root, name) for name in ("Pump", "Spindle"))
    speeds = [builder.variable(owner, "Speed") for owner in (first, second)]

    assert [keys(builder, speed)[0] for speed in speeds] == [
        "OperationalData/Signals.Speed",
        "OperationalData/Signals.Spindle_Speed",
    ]


def test_an_axis_that_is_called_by_a_letter_is_told_with_what_it_belongs_to() -> None:
    builder = TreeBuilder()
    position = builder.variable(builder.object(builder.root, "Position"), "X")

    assert keys(builder, position) == ["OperationalData/Signals.Position_X"]


def test_arrays_structures_and_properties_stay_in_the_structure_of_the_machine() -> None:
    builder = TreeBuilder()
    unit = builder.object(builder.root, "Heating zone")
    array = builder.variable(unit, "Zones", value=[1.0], value_rank=1)
    fields = (StructureField("X", "Double", False),)
    frame = builder.variable(unit, "Frame", "ExtensionObject", None, fields=fields)
    serial = builder.variable(unit, "SerialNumber", "String", "1", is_property=True)

    assert [keys(builder, node) for node in (array, frame, serial)] == [
        ["MachineData/Heating_zone.Zones"],
        ["MachineData/Heating_zone.Frame"],
        ["MachineData/Heating_zone.SerialNumber"],
    ]


def test_what_cannot_be_shown_is_left_out_with_the_reason() -> None:
    builder = TreeBuilder()
    builder.variable(builder.root, "Secret", readable=False)
    builder.variable(builder.root, "Blob", "ExtensionObject", None)
    builder.variable(builder.root, "Owner", "NodeId", "i=1")
    builder.variable(builder.root, "Void", None, None)

    found = place(builder.tree())

    assert found.points == []
    assert [
        next(words for words in ("may not be read", "does not describe", "node id", "no value")
             if words in line)
        for line in found.left_out
    ] == ["may not be read", "does not describe", "node id", "no value"]  # fmt: skip


def test_files_alarms_and_states_of_state_machines_are_no_data_of_the_machine() -> None:
    builder = TreeBuilder()
    for kind in ("FileDirectoryType", "StateType", "ExclusiveLevelAlarmType"):
        owner = builder.object(builder.root, kind, types=(f"0:{kind}",))
        builder.variable(owner, "Size", "UInt64", 1)

    assert place(builder.tree()).points == []


def test_a_state_of_a_machinery_item_is_the_operating_state_by_our_names() -> None:
    builder = TreeBuilder()
    machine = builder.object(builder.root, f"{MACHINERY};MachineryItemState")
    state = builder.variable(machine, "0:CurrentState", "LocalizedText", {"text": "Executing"})

    (point,) = points(builder, state)

    assert point.key == "OperationalData/State.OperatingState"
    assert point.conversion.enumeration == {
        "NotAvailable": "Unknown",
        "OutOfService": "Stopped",
        "NotExecuting": "Idle",
        "Executing": "Execute",
    }


def test_the_number_of_a_state_is_preferred_for_it_is_the_same_in_every_language() -> None:
    builder = TreeBuilder()
    machine = builder.object(builder.root, f"{MACHINERY};MachineryItemState")
    state = builder.variable(machine, "0:CurrentState", "LocalizedText", {"text": "In Arbeit"})
    number = builder.variable(state, "0:Number", "UInt32", 3, is_property=True)

    (point,) = points(builder, number)

    assert point.key == "OperationalData/State.OperatingState"
    assert dict(point.conversion.enumeration or {})[3] == "Execute"
    assert keys(builder, state) == ["OperationalData/Signals.MachineryItemState_CurrentState"]


def test_the_state_of_the_machine_comes_before_that_of_one_of_its_parts() -> None:
    builder = TreeBuilder()
    part = builder.object(builder.object(builder.root, "Parts"), "Part")
    owners = [
        builder.object(owner, f"{MACHINERY};MachineryItemState") for owner in (part, builder.root)
    ]
    deep, near = (
        builder.variable(owner, "0:CurrentState", "LocalizedText", {"text": "Executing"})
        for owner in owners
    )

    assert keys(builder, near) == ["OperationalData/State.OperatingState"]
    assert keys(builder, deep) == ["OperationalData/Signals.MachineryItemState_CurrentState"]


def test_a_vendors_own_subtype_of_a_companion_type_is_recognised() -> None:
    builder = TreeBuilder()
    types = ("MyPackMLType", f"{PACKML};PackMLExecuteStateMachineType", "0:FiniteStateMachineType")
    machine = builder.object(builder.root, "Zustand", types=types)
    state = builder.variable(machine, "0:CurrentState", "LocalizedText", {"text": "Held"})

    assert keys(builder, state) == ["OperationalData/State.OperatingState"]


def test_a_node_that_only_has_the_name_of_a_specification_is_not_taken_for_it() -> None:
    builder = TreeBuilder()
    node = builder.variable(builder.root, "DeviceHealth", "Int32", 0)

    assert keys(builder, node) == ["OperationalData/Signals.DeviceHealth"]


def test_health_and_counters_of_di_go_into_state_counters_and_maintenance() -> None:
    builder = TreeBuilder()
    health = builder.variable(builder.root, f"{DI};DeviceHealth", "Int32", 4)
    duration = builder.variable(builder.root, f"{DI};OperationDuration", "Double", 7.2e6)
    duration.facts.unit = Unit("C26", "ms")

    (condition,) = points(builder, health)
    hours = points(builder, duration)

    assert condition.key == "OperationalData/State.ConditionStatus"
    assert dict(condition.conversion.enumeration or {})[4] == "maintenance request"
    assert [point.key for point in hours] == [
        "OperationalData/Counters.OperatingHours",
        "Maintenance/Counters.OperatingHours",
    ]
    assert {point.conversion.unit for point in hours} == {("ms", "h")}


def test_pieces_of_a_production_job_count_in_operation_and_in_quality() -> None:
    builder = TreeBuilder()
    job = builder.object(builder.root, "Job1", types=(f"{TOOL};ProductionJobType",))
    good = builder.variable(job, f"{TOOL};PartsGood", "UInt32", 9)

    assert keys(builder, good) == [
        "OperationalData/Counters.GoodQuantity",
        "Quality/Yields.GoodQuantity",
    ]


def test_a_second_node_for_a_place_that_is_taken_is_a_signal() -> None:
    builder = TreeBuilder()
    jobs = [
        builder.object(builder.root, name, types=(f"{TOOL};ProductionJobType",))
        for name in ("Job1", "Job2")
    ]
    first, second = (builder.variable(job, f"{TOOL};PartsGood", "UInt32", 9) for job in jobs)

    assert "Quality/Yields.GoodQuantity" in keys(builder, first)
    assert keys(builder, second) == ["OperationalData/Signals.PartsGood"]


@pytest.mark.parametrize(
    ("start", "limit", "remaining", "wear"), [(200, 0, 150, 25.0), (0, 80, 20, 25.0)]
)
def test_wear_is_the_used_share_between_start_and_limit(
    start: float, limit: float, remaining: float, wear: float
) -> None:
    builder = TreeBuilder()
    life = builder.variable(
        builder.root, "Seal", "Double", remaining, types=(f"{DI};LifetimeVariableType",)
    )
    builder.variable(life, f"{DI};StartValue", "Double", start, is_property=True)
    builder.variable(life, f"{DI};LimitValue", "Double", limit, is_property=True)

    (point,) = points(builder, life)

    assert point.key == "Maintenance/Counters.WearIndicator"
    factor, offset = point.conversion.scale or (0.0, 0.0)
    assert remaining * factor + offset == pytest.approx(wear)


def test_a_life_without_a_limit_tells_no_wear_and_is_a_signal() -> None:
    builder = TreeBuilder()
    life = builder.variable(builder.root, "Seal", types=(f"{DI};LifetimeVariableType",))

    assert keys(builder, life) == ["OperationalData/Signals.Seal"]


def test_only_signals_are_written_through() -> None:
    builder = TreeBuilder()
    setpoint = builder.variable(builder.root, "Setpoint", writable=True)
    count = builder.variable(
        builder.root, f"{DI};OperationCycleCounter", "UInt32", 1, writable=True
    )

    assert [points(builder, node)[0].is_writable for node in (setpoint, count)] == [True, False]


def test_a_method_with_a_structure_for_an_argument_is_left_out() -> None:
    builder = TreeBuilder()
    builder.method(builder.root, "Start", (("Job", "ExtensionObject", False),), ())

    found = place(builder.tree())

    assert found.points == []
    assert "'Job' is a structure" in found.left_out[0]


def test_names_in_the_namespace_of_the_standard_are_names_like_others() -> None:
    builder = TreeBuilder()
    speed = builder.variable(builder.root, "0:Speed")
    start = builder.method(builder.root, "0:Start", (), ())

    assert keys(builder, speed) == ["OperationalData/Signals.Speed"]
    assert keys(builder, start) == ["MachineData/Start"]


def test_every_rule_leads_to_a_place_that_its_template_has() -> None:
    known = {
        f"{name}/{prototype.path}" for name in TEMPLATES for prototype in template_prototypes(name)
    }
    sinks = {sink for rule in RULES for sink in rule.sinks if "/Signals." not in sink}

    assert sinks <= known


def test_every_text_of_a_rule_is_one_that_its_template_allows() -> None:
    allowed = {
        f"OperationalData/{each.path}": each.rules.allowed_values
        for each in template_prototypes("OperationalData")
        if each.rules.allowed_values is not None
    }
    for rule in RULES:
        for sink in rule.sinks:
            for text in rule.texts.values():
                assert allowed[sink].allows(text), f"{sink}: {text}"


def test_names_of_the_table_are_those_of_the_specifications() -> None:
    assert qualified("di:DeviceHealth") == QualifiedName(DI, "DeviceHealth")
    assert qualified("ua:Number") == QualifiedName(STANDARD, "Number")


def test_the_documentation_has_the_table_as_the_code_has_it(project_dir: Path) -> None:
    documented = (project_dir / "docs" / "onboarding.md").read_text(encoding="utf-8").splitlines()

    rows = [_documented(rule) for rule in RULES]

    start = documented.index(rows[0])
    assert documented[start : start + len(rows)] == rows


def _documented(rule: Rule) -> str:
    node = f"{rule.type or ''} {'/'.join(rule.path)}".strip()
    sinks = ", ".join(sink.replace("/", " ", 1) for sink in rule.sinks)
    how = f"in {rule.unit}" if rule.unit else ""
    if rule.texts:
        by_text = all(isinstance(key, str) for key in rule.texts)
        how = "by its texts" if by_text else "by its numbers"
    if rule.is_wear:
        how = "used share between StartValue and LimitValue, in %"
    return f"| `{node}` | {sinks} | {how} |"

"""What the machines do, without a server."""

from __future__ import annotations

from statistics import mean

import pytest

from examples.plant.physics.faults import Fault
from examples.plant.physics.machine import Machine, NotReady
from examples.plant.physics.mill import Mill
from examples.plant.physics.moulder import Moulder
from examples.plant.physics.packer import Packer
from examples.plant.physics.robot import Robot
from examples.plant.physics.states import ConditionStatus, OperatingMode, OperatingState
from examples.plant.vendors.catalogue import VENDORS

MACHINES = [Mill, Robot, Moulder, Packer]


def readings(key: str, seed: int, steps: list[float]) -> list[list[object]]:
    machine = VENDORS[key].machine(seed)
    result = []
    for step in steps:
        machine.advance(step)
        result.append([variable.read(machine) for variable in VENDORS[key].root.variables()])
    return result


def averages(machine: Machine, seconds: int) -> tuple[float, float, float]:
    """Return vibration, temperature and power while the machine runs."""
    samples = []
    for _ in range(seconds * 2):
        machine.advance(0.5)
        samples.append((machine.drive.vibration, machine.drive.temperature, machine.drive.power))
    vibration, temperature, power = zip(*samples, strict=True)
    return mean(vibration), mean(temperature), mean(power)


def cycle(machine: Machine, cycles: int) -> None:
    goal = machine.production.cycles + cycles
    for _ in range(1_000_000):
        if machine.production.cycles >= goal:
            return
        machine.advance(0.5)
    pytest.fail("the machine does not produce")


def reach(machine: Machine, state: OperatingState) -> None:
    for _ in range(1_000):
        if machine.state is state:
            return
        machine.advance(0.5)
    pytest.fail(f"{state} is not reached")


@pytest.mark.parametrize("key", VENDORS)
def test_the_same_seed_and_steps_give_the_same_values(key: str) -> None:
    steps = [0.2, 0.3, 7.0, 100.0, 0.2]
    assert readings(key, 3, steps) == readings(key, 3, steps)
    assert readings(key, 3, steps) != readings(key, 4, steps)


@pytest.mark.parametrize("kind", MACHINES)
def test_wear_raises_vibration_and_temperature(kind: type[Machine]) -> None:
    new, worn = kind(1), kind(1)
    new.wear, worn.wear = 5.0, 85.0
    vibration, temperature, _ = averages(new, 240)
    worn_vibration, worn_temperature, _ = averages(worn, 240)
    assert worn_vibration > 1.5 * vibration
    assert worn_temperature > temperature + 1
    assert worn.condition is ConditionStatus.MAINTENANCE_REQUEST


@pytest.mark.parametrize("kind", MACHINES)
def test_production_wears_a_machine(kind: type[Machine]) -> None:
    machine = kind(1)
    before = machine.wear
    cycle(machine, 50)
    assert machine.wear > before


@pytest.mark.parametrize("kind", MACHINES)
def test_bearing_damage_makes_a_machine_rougher_and_hotter_as_it_grows(kind: type[Machine]) -> None:
    healthy, damaged = kind(1), kind(1)
    for machine in (healthy, damaged):
        machine.advance(30)
    damaged.inject(Fault.BEARING_DAMAGE, 0.8)
    excess = []
    for _ in range(3):
        good, bad = averages(healthy, 24), averages(damaged, 24)
        excess.append([ill / well for ill, well in zip(bad, good, strict=True)])
    first, second, third = excess
    assert all(ratio > 1 for ratio in first)
    assert all(ratio > 1.05 for ratio in third)
    vibration, temperature, _ = zip(first, second, third, strict=True)
    assert list(vibration) == sorted(vibration)
    assert list(temperature) == sorted(temperature)
    assert damaged.condition is ConditionStatus.MAINTENANCE_REQUEST


def test_the_worst_bearing_damage_trips_the_machine_until_it_is_repaired() -> None:
    machine = Robot(1)
    machine.inject(Fault.BEARING_DAMAGE, 1.0)
    reach(machine, OperatingState.ABORTED)
    machine.advance(120)
    assert machine.state is OperatingState.ABORTED
    assert machine.condition is ConditionStatus.FAILURE
    assert machine.drive.speed == pytest.approx(0, abs=1e-6)
    machine.clear_faults()
    reach(machine, OperatingState.EXECUTE)
    assert machine.condition is ConditionStatus.NORMAL


def test_a_failed_sensor_stays_where_it_was_while_the_drive_goes_on() -> None:
    machine = Packer(1)
    machine.advance(10)
    shown = machine.drive_temperature
    machine.inject(Fault.SENSOR_FAILURE, 0.5)
    machine.advance(60)
    assert machine.drive_temperature == shown
    assert machine.drive.temperature != shown
    assert machine.condition is ConditionStatus.FAILURE
    machine.clear_faults()
    assert machine.drive_temperature == machine.drive.temperature


@pytest.mark.parametrize("kind", MACHINES)
def test_drift_makes_scrap(kind: type[Machine]) -> None:
    machine = kind(1)
    parts = machine.production

    def share_of_scrap() -> float:
        produced, scrap = parts.produced, parts.scrap
        cycle(machine, 100)
        return (parts.scrap - scrap) / (parts.produced - produced)

    assert share_of_scrap() < 0.06
    good_yield = parts.first_pass_yield
    machine.inject(Fault.DRIFT, 0.9)
    machine.advance(120)
    assert machine.condition is ConditionStatus.OUT_OF_SPECIFICATION
    assert share_of_scrap() > 0.8
    assert parts.first_pass_yield < good_yield
    machine.clear_faults()
    assert share_of_scrap() < 0.06


def test_drift_shows_in_the_quantity_that_decides() -> None:
    moulder, packer, mill, robot = Moulder(1), Packer(1), Mill(1), Robot(1)
    for machine in (moulder, packer, mill, robot):
        machine.inject(Fault.DRIFT, 1.0)
        machine.advance(100)
        cycle(machine, 1)
    assert moulder.melt_temperature > 245
    assert moulder.shot_quality < 90
    assert packer.seal_temperature < 135
    assert mill.dimension_error > 25
    assert robot.position_error > 0.2


@pytest.mark.parametrize("severity", [-0.1, 1.1, float("nan")])
def test_a_severity_is_between_0_and_1(severity: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        Mill(1).inject(Fault.DRIFT, severity)


@pytest.mark.parametrize("kind", MACHINES)
def test_every_part_is_either_good_or_scrap(kind: type[Machine]) -> None:
    machine = kind(2)
    machine.inject(Fault.DRIFT, 0.4)
    parts = machine.production
    before = (parts.produced, parts.cycles)
    cycle(machine, 80)
    assert parts.good + parts.scrap == parts.produced
    assert 0 < parts.first_pass_yield < 100
    per_cycle, rest = divmod(parts.produced - before[0], parts.cycles - before[1])
    assert rest == 0
    assert per_cycle == (4 if kind is Moulder else 1)


@pytest.mark.parametrize("kind", MACHINES)
def test_the_override_scales_speed_and_output(kind: type[Machine]) -> None:
    full, half, still = kind(5), kind(5), kind(5)
    half.speed_override, still.speed_override = 50.0, 0.0
    made = []
    for machine in (full, half, still):
        reach(machine, OperatingState.EXECUTE)
        before = machine.production.cycles
        machine.advance(120)
        made.append(machine.production.cycles - before)
    assert made[1] == pytest.approx(made[0] / 2, abs=2)
    assert made[2] == 0
    assert still.drive.speed == pytest.approx(0, abs=1e-6)
    assert half.cycle_time == pytest.approx(2 * full.cycle_time, rel=0.15)


def test_another_order_makes_the_machine_change_over() -> None:
    machine = Moulder(1)
    reach(machine, OperatingState.EXECUTE)
    machine.order = machine.order
    assert machine.state is OperatingState.EXECUTE
    machine.order = "WO-1"
    assert machine.state is OperatingState.COMPLETING
    assert machine.state_since == machine.time
    reach(machine, OperatingState.IDLE)
    assert machine.mode is OperatingMode.SETUP
    reach(machine, OperatingState.EXECUTE)
    assert machine.mode is OperatingMode.AUTOMATIC
    assert machine.order == "WO-1"


def test_a_worn_out_tool_is_replaced() -> None:
    machine = Mill(1)
    machine.wear = 99.0
    reach(machine, OperatingState.STOPPED)
    assert machine.mode is OperatingMode.MAINTENANCE
    assert machine.condition is ConditionStatus.FUNCTION_CHECK
    reach(machine, OperatingState.EXECUTE)
    assert machine.wear == 0
    assert machine.production.cycles_since_service == 0


def test_operators_and_neighbours_stop_a_machine_now_and_then() -> None:
    machine = Packer(1)
    seen = set()
    for _ in range(20_000):
        machine.advance(0.5)
        seen.add((machine.state, machine.mode))
    assert (OperatingState.HELD, OperatingMode.MANUAL) in seen
    assert (OperatingState.SUSPENDED, OperatingMode.AUTOMATIC) in seen
    assert (OperatingState.IDLE, OperatingMode.SETUP) in seen


@pytest.mark.parametrize("key", VENDORS)
def test_an_order_is_made_in_the_cycles_and_by_the_time_that_were_told(key: str) -> None:
    machine = VENDORS[key].machine(5)
    machine.advance(30)
    cycles, end = machine.start_order("FA-1", 40)
    assert machine.order == "FA-1"
    assert machine.state is OperatingState.COMPLETING
    made, produced = machine.production.cycles, machine.production.produced
    program = machine.program
    for _ in range(20_000):
        machine.advance(0.5)
        if machine.program != program:
            break
    assert machine.production.cycles - made == cycles
    assert machine.production.produced - produced >= 40
    # Nobody knows before how often it will stop for a moment.
    assert end * 0.9 < machine.time < end * 3


def test_a_machine_that_has_aborted_or_stands_still_takes_no_order() -> None:
    machine = Mill(1)
    machine.speed_override = 0
    with pytest.raises(NotReady, match="override 0"):
        machine.start_order("FA-1", 1)
    machine.speed_override = 100
    machine.inject(Fault.BEARING_DAMAGE, 1.0)
    reach(machine, OperatingState.ABORTED)
    order = machine.order
    with pytest.raises(NotReady, match="Aborted"):
        machine.start_order("FA-1", 1)
    assert machine.order == order

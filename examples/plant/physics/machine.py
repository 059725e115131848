"""What the four machines have in common; one class a machine says what it has of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random
from typing import Final

from examples.plant.physics.drive import Demand, Drive, Rating
from examples.plant.physics.faults import Fault, Faults
from examples.plant.physics.production import History, Production
from examples.plant.physics.sequence import CHANGE_OVER_SECONDS, Sequence
from examples.plant.physics.states import ConditionStatus, OperatingMode, OperatingState

MAXIMUM_STEP: Final = 0.5
"""The longest step in seconds; longer times are cut into steps."""

MAXIMUM_OVERRIDE: Final = 120.0
"""The largest speed override in %."""

LARGEST_ORDER: Final = 100_000
"""The most parts of one order."""

_SEIZED: Final = 0.9  # bearing damage at which the machine trips
_NOTICEABLE: Final = 0.2  # damage or drift that the machine's own diagnosis reports
_WORN: Final = 80.0  # % wear at which service is asked for
_CYCLE_JITTER: Final = 0.015


class NotReady(RuntimeError):
    """The machine cannot do now what is asked of it."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What makes one machine differ from another; times in seconds, wear in %."""

    rating: Rating
    history: History
    cycle_time: float
    parts_per_cycle: int
    cycles_per_batch: int
    seconds_between_stops: float
    wear: float
    wear_per_cycle: float
    programs: tuple[str, ...]
    order: str


class Machine(ABC):
    """A machine that makes parts; all quantities are in the units of the submodels.

    ``time`` is seconds of simulation, ``speed_override`` %, ``wear`` %, ``cycle_time`` seconds of
    the last cycle. Temperatures are °C, speeds 1/s, vibration mm/s, power kW.
    """

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self._parameters = parameters
        self._noise = Random(f"{seed}:noise")
        # Events have a stream of their own: noise never changes what the machine does.
        events = Random(f"{seed}:events")
        self._events = events
        self._sequence = Sequence(events, parameters.seconds_between_stops)
        self._phase = 0.0
        self._elapsed = 0.0
        self._this_cycle = parameters.cycle_time
        self._batch_left = parameters.cycles_per_batch
        self._program = 0
        self._order = parameters.order
        self._operating_seconds = parameters.history.operating_hours * 3600
        self._last_temperature: float | None = None
        self.faults = Faults()
        self.drive = Drive(parameters.rating, self._noise)
        self.production = Production(parameters.history, parameters.parts_per_cycle, events)
        self.time = 0.0
        self.wear = parameters.wear
        self.cycle_time = parameters.cycle_time
        self.speed_override = 100.0

    @property
    def state(self) -> OperatingState:
        """The PackML state."""
        return self._sequence.state

    @property
    def mode(self) -> OperatingMode:
        """The operating mode."""
        return self._sequence.mode

    @property
    def state_since(self) -> float:
        """Since when ``state`` holds, in seconds of simulation."""
        return self._sequence.since

    @property
    def condition(self) -> ConditionStatus:
        """What the machine's own diagnosis says."""
        if self.state is OperatingState.ABORTED or self.faults.sensor_failed:
            return ConditionStatus.FAILURE
        if self.mode is OperatingMode.MAINTENANCE:
            return ConditionStatus.FUNCTION_CHECK
        if self.faults.drift > _NOTICEABLE:
            return ConditionStatus.OUT_OF_SPECIFICATION
        if self.faults.damage > _NOTICEABLE or self.wear > _WORN:
            return ConditionStatus.MAINTENANCE_REQUEST
        return ConditionStatus.NORMAL

    @property
    def program(self) -> str:
        """The program that is loaded."""
        return self._parameters.programs[self._program]

    @property
    def order(self) -> str:
        """The order that is being made; another one makes the machine change over."""
        return self._order

    @order.setter
    def order(self, order: str) -> None:
        if order != self._order:
            self._order = order
            self._change_over()

    @property
    def operating_hours(self) -> float:
        """Hours the machine has been switched on."""
        return self._operating_seconds / 3600

    @property
    def drive_temperature(self) -> float:
        """What the drive's sensor shows in °C; a broken one stays where it was."""
        if self._last_temperature is not None:
            return self._last_temperature
        return self.drive.temperature

    def start_order(self, order: str, quantity: int) -> tuple[int, float]:
        """Change over and make ``quantity`` parts of ``order``.

        Returns the cycles that it needs and when it will be done, in seconds of simulation. Raises
        ``NotReady`` while the machine is aborted or stands still by its override.
        """
        if self.state is OperatingState.ABORTED or self.speed_override <= 0:
            raise NotReady(f"the machine is {self.state}, its override {self.speed_override:g} %")
        parameters = self._parameters
        cycles = -(-quantity // parameters.parts_per_cycle)
        self._order = order
        self._change_over()
        self._batch_left = cycles
        pace = parameters.cycle_time / (self.speed_override / 100)
        return cycles, self.time + CHANGE_OVER_SECONDS + cycles * pace

    def inject(self, fault: Fault, severity: float) -> None:
        """Break something; raises ValueError when the severity is not between 0 and 1."""
        shown = self.drive_temperature
        self.faults.inject(fault, severity)
        self._last_temperature = shown if self.faults.sensor_failed else None

    def clear_faults(self) -> None:
        """Repair everything and leave the aborted state."""
        self.faults.clear()
        self._last_temperature = None
        self._sequence.reset(self.time)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass in steps of at most ``MAXIMUM_STEP``."""
        while seconds > 0:
            dt = min(seconds, MAXIMUM_STEP)
            self._step(dt)
            seconds -= dt

    @abstractmethod
    def _demand(self, phase: float) -> Demand:
        """Return what the process asks of the drive at ``phase`` (0 to 1) of the cycle."""

    @abstractmethod
    def _step_process(self, dt: float, demand: Demand) -> None:
        """Let ``dt`` seconds pass for what only this machine has."""

    def _step(self, dt: float) -> None:
        self.time += dt
        self._operating_seconds += dt
        self.faults.step(dt)
        if self.faults.damage > _SEIZED:
            self._sequence.abort(self.time)
        ended = self._sequence.advance(self.time)
        if ended is OperatingState.STOPPED and self.wear >= 100:
            self._renew()
        self._produce(dt)
        demand = self._current_demand()
        wear = self.wear / 100
        self.drive.step(dt, demand, wear=wear, damage=self.faults.damage)
        self._step_process(dt, demand)

    def _current_demand(self) -> Demand:
        if self.state is not OperatingState.EXECUTE:
            return Demand()
        override = self.speed_override / 100
        demand = self._demand(self._phase)
        return Demand(demand.speed * override, demand.load * override)

    def _produce(self, dt: float) -> None:
        override = self.speed_override / 100
        while self.state is OperatingState.EXECUTE and override > 0:
            needed = (1 - self._phase) * self._this_cycle / override
            if needed > dt:
                self._phase += dt * override / self._this_cycle
                self._elapsed += dt
                return
            dt -= needed
            self.cycle_time = self._elapsed + needed
            self._finish_cycle()

    def _finish_cycle(self) -> None:
        self._phase = self._elapsed = 0.0
        jitter = self._events.gauss(0, _CYCLE_JITTER)
        self._this_cycle = self._parameters.cycle_time * (1 + jitter)
        self.production.finish_cycle(self.faults.drift)
        self.wear = min(100.0, self.wear + self._parameters.wear_per_cycle)
        self._batch_left -= 1
        if self.wear >= 100:
            self._sequence.service(self.time)
        elif not self._batch_left:
            self._program = (self._program + 1) % len(self._parameters.programs)
            self._change_over()

    def _change_over(self) -> None:
        self._batch_left = self._parameters.cycles_per_batch
        self._phase = self._elapsed = 0.0
        self._sequence.change_over(self.time)

    def _renew(self) -> None:
        self.wear = 0.0
        self.production.cycles_since_service = 0

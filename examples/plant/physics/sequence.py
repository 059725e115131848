"""The state machine of a machine: which state follows which, and when."""

from __future__ import annotations

from random import Random
from types import MappingProxyType
from typing import Final

from examples.plant.physics.states import OperatingMode, OperatingState

_FOLLOWS: Final = MappingProxyType(
    {
        OperatingState.STARTING: OperatingState.EXECUTE,
        OperatingState.HELD: OperatingState.EXECUTE,
        OperatingState.SUSPENDED: OperatingState.EXECUTE,
        OperatingState.COMPLETING: OperatingState.IDLE,
        OperatingState.STOPPED: OperatingState.IDLE,
        OperatingState.IDLE: OperatingState.STARTING,
    }
)
_SECONDS: Final = MappingProxyType(
    {
        OperatingState.STARTING: 3.0,
        OperatingState.COMPLETING: 3.0,
        OperatingState.STOPPED: 20.0,
        OperatingState.IDLE: 5.0,
    }
)
CHANGE_OVER_SECONDS: Final = sum(
    _SECONDS[state]
    for state in (OperatingState.COMPLETING, OperatingState.IDLE, OperatingState.STARTING)
)
"""How long a change-over takes, until the next batch begins."""

_MINOR_STOP: Final = (5.0, 15.0)  # seconds, shortest and longest


class Sequence:
    """Goes through the states; time is seconds of simulation."""

    def __init__(self, random: Random, seconds_between_stops: float) -> None:
        self._random = random
        self._seconds_between_stops = seconds_between_stops
        self._purpose = OperatingMode.AUTOMATIC
        self._service_due = False
        self.state = OperatingState.STARTING
        self.since = 0.0
        self._until = _SECONDS[OperatingState.STARTING]

    @property
    def mode(self) -> OperatingMode:
        """An operator holds by hand, changes over in set-up, and services in maintenance."""
        if self.state is OperatingState.HELD:
            return OperatingMode.MANUAL
        return self._purpose

    def advance(self, now: float) -> OperatingState | None:
        """Enter the next state if it is time; return the state that ended."""
        ended = self.state
        if ended is OperatingState.ABORTED or now < self._until:
            return None
        if ended is OperatingState.EXECUTE:
            self._stop_briefly(now)
        elif ended is OperatingState.COMPLETING and self._service_due:
            self._service_due = False
            self._purpose = OperatingMode.MAINTENANCE
            self._enter(OperatingState.STOPPED, now)
        else:
            if ended is OperatingState.STARTING:
                self._purpose = OperatingMode.AUTOMATIC
            self._enter(_FOLLOWS[ended], now)
        return ended

    def change_over(self, now: float) -> None:
        """Finish what is being made and set up for the next batch."""
        if self.state is not OperatingState.ABORTED:
            self._purpose = OperatingMode.SETUP
            self._enter(OperatingState.COMPLETING, now)

    def service(self, now: float) -> None:
        """Finish what is being made and stop for maintenance."""
        if self.state is not OperatingState.ABORTED:
            self._service_due = True
            self._enter(OperatingState.COMPLETING, now)

    def abort(self, now: float) -> None:
        """Stop at once and stay so until ``reset``."""
        if self.state is not OperatingState.ABORTED:
            self._enter(OperatingState.ABORTED, now)

    def reset(self, now: float) -> None:
        """Leave the aborted state; no effect in another."""
        if self.state is OperatingState.ABORTED:
            self._purpose = OperatingMode.AUTOMATIC
            self._enter(OperatingState.STOPPED, now)

    def _stop_briefly(self, now: float) -> None:
        states = (OperatingState.HELD, OperatingState.SUSPENDED)
        self._enter(self._random.choice(states), now)
        self._until = now + self._random.uniform(*_MINOR_STOP)

    def _enter(self, state: OperatingState, now: float) -> None:
        self.state, self.since = state, now
        if state is OperatingState.EXECUTE:
            self._until = now + self._random.expovariate(1 / self._seconds_between_stops)
        else:
            self._until = now + _SECONDS.get(state, 0.0)

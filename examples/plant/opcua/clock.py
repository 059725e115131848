"""When, in UTC, a second of the simulation was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """Maps seconds of simulation to the wall clock; ``scale`` of them pass in one second."""

    start: datetime
    scale: float

    def to_utc(self, seconds: float) -> datetime:
        """Return the moment at which the simulation had run for ``seconds``."""
        return self.start + timedelta(seconds=seconds / self.scale)

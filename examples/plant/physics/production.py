"""What comes out of a machine: cycles, good parts, scrap and the quantity that decides."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

_SPREAD: Final = 0.38  # standard deviation of the process, in tolerances
_DRIFT: Final = 2.4  # tolerances a drift of severity 1 moves the mean
_REWORK: Final = 0.8  # beyond this share of the tolerance a part is good after rework only


@dataclass(frozen=True, slots=True)
class History:
    """What a machine has done before the simulation starts; the quantities are the shift's."""

    operating_hours: float
    cycles: int
    cycles_since_service: int
    produced: int
    scrap: int
    reworked: int


class Production:
    """Counts cycles and parts, and decides which are good.

    ``deviation`` is the quality-relevant quantity of the last cycle: distance from the nominal
    value in tolerances, so that a part is good within -1 and 1.
    """

    def __init__(self, history: History, parts_per_cycle: int, random: Random) -> None:
        self._parts_per_cycle = parts_per_cycle
        self._random = random
        self._reworked = history.reworked
        self.deviation = 0.0
        self.cycles = history.cycles
        self.cycles_since_service = history.cycles_since_service
        self.produced = history.produced
        self.scrap = history.scrap

    @property
    def good(self) -> int:
        """Parts within tolerance, reworked ones included."""
        return self.produced - self.scrap

    @property
    def first_pass_yield(self) -> float:
        """Parts that were good without rework, in % of all parts."""
        if not self.produced:
            return 100.0
        return 100 * (self.good - self._reworked) / self.produced

    def finish_cycle(self, drift: float) -> None:
        """Take the parts of one cycle; ``drift`` is the share of the largest drift."""
        self.deviation = _DRIFT * drift + self._random.gauss(0, _SPREAD)
        self.cycles += 1
        self.cycles_since_service += 1
        self.produced += self._parts_per_cycle
        if abs(self.deviation) > 1:
            self.scrap += self._parts_per_cycle
        elif abs(self.deviation) > _REWORK:
            self._reworked += self._parts_per_cycle

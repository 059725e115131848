"""The main drive of a machine: speed, heat, vibration and power."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Final

AMBIENT: Final = 22.0
"""Temperature of the hall in °C."""

_SPIN_UP: Final = 0.8  # seconds to 63 % of the demanded speed
_FLOOR: Final = 0.04  # mm/s that the neighbours cause


@dataclass(frozen=True, slots=True)
class Rating:
    """What a drive is built for; speed in 1/s, power in kW, rise in K, lag in s, mm/s."""

    speed: float
    power: float
    idle_power: float
    temperature_rise: float
    thermal_lag: float
    vibration: float


@dataclass(frozen=True, slots=True)
class Demand:
    """What the process asks of the drive, as shares of its rating."""

    speed: float = 0.0
    load: float = 0.0


class Drive:
    """Follows the demand with inertia; wear and bearing damage make it hotter and rougher."""

    def __init__(self, rating: Rating, random: Random) -> None:
        self._rating = rating
        self._random = random
        self._heat = AMBIENT + 0.6 * rating.temperature_rise
        self.speed = 0.0
        self.temperature = self._heat
        self.vibration = _FLOOR
        self.power = rating.idle_power

    def step(self, dt: float, demand: Demand, *, wear: float, damage: float) -> None:
        """Let ``dt`` seconds pass; ``wear`` and ``damage`` are shares from 0 to 1."""
        rating = self._rating
        self.speed += (demand.speed * rating.speed - self.speed) * -math.expm1(-dt / _SPIN_UP)
        turning = self.speed / rating.speed
        friction = 0.15 * wear + 0.5 * damage
        active = (rating.power - rating.idle_power) * (demand.load + friction * turning)
        rise = rating.temperature_rise * (
            demand.load * (1 + 0.35 * wear) + turning * (0.25 * wear + 1.2 * damage)
        )
        self._heat += (AMBIENT + rise - self._heat) * -math.expm1(-dt / rating.thermal_lag)
        roughness = rating.vibration * (1 + 1.8 * wear + 5.0 * damage)
        self.temperature = self._heat + self._random.gauss(0, 0.05)
        self.vibration = _FLOOR + turning * roughness * (1 + self._random.gauss(0, 0.04))
        self.power = (rating.idle_power + active) * (1 + self._random.gauss(0, 0.01))

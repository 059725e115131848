"""An injection moulding machine: inject, hold, plasticise, open; four parts a shot."""

from __future__ import annotations

import math
from typing import Final

from examples.plant.physics.drive import Demand, Rating
from examples.plant.physics.machine import Machine, Parameters
from examples.plant.physics.production import History

_PARAMETERS: Final = Parameters(
    rating=Rating(
        speed=2.6,
        power=31.0,
        idle_power=6.5,
        temperature_rise=42.0,
        thermal_lag=80.0,
        vibration=1.6,
    ),
    history=History(
        operating_hours=27_911.4,
        cycles=5_873_220,
        cycles_since_service=118_400,
        produced=9_360,
        scrap=64,
        reworked=88,
    ),
    cycle_time=12.0,
    parts_per_cycle=4,
    cycles_per_batch=300,
    seconds_between_stops=1200.0,
    wear=41.0,
    wear_per_cycle=0.02,
    programs=("PP-CAP-38MM", "PP-CAP-28MM", "HDPE-LID-83MM"),
    order="WO-118203",
)
_INJECTION_ENDS: Final = 0.12
_HOLDING_ENDS: Final = 0.35
_PLASTICISING_ENDS: Final = 0.8
_INJECTION_PEAK: Final = 96.0  # MPa
_HOLDING: Final = 52.0  # MPa
_MELT: Final = 228.0  # °C
_MELT_DRIFT: Final = 24.0  # K at the largest drift


class Moulder(Machine):
    """The drive is the screw, the wear is the screw's.

    ``melt_temperature`` is °C, ``injection_pressure`` MPa.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(_PARAMETERS, seed)
        self.melt_temperature = _MELT
        self.injection_pressure = 0.0

    @property
    def shot_quality(self) -> float:
        """How close the last shot was to the reference curve, in %."""
        return max(0.0, 100 - 12 * abs(self.production.deviation))

    def _demand(self, phase: float) -> Demand:
        if phase < _INJECTION_ENDS:
            return Demand(speed=0.1, load=1.0)
        if phase < _HOLDING_ENDS:
            return Demand(speed=0.1, load=0.5)
        if phase < _PLASTICISING_ENDS:
            return Demand(speed=1.0, load=0.7)
        return Demand(speed=0.1, load=0.25)

    def _step_process(self, dt: float, demand: Demand) -> None:
        wave = 1.2 * math.sin(self.time / 17)
        noise = self._noise.gauss(0, 0.1)
        self.melt_temperature = _MELT + wave + noise + _MELT_DRIFT * self.faults.drift
        moving = demand.load > 0
        if moving and self._phase < _INJECTION_ENDS:
            goal = _INJECTION_PEAK * (0.3 + 0.7 * self._phase / _INJECTION_ENDS)
        elif moving and self._phase < _HOLDING_ENDS:
            goal = _HOLDING
        else:
            goal = 0.4
        self.injection_pressure = goal * (1 + self._noise.gauss(0, 0.01))

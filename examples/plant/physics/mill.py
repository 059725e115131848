"""A CNC mill: roughing, tool change, finishing; the tool wears quickly."""

from __future__ import annotations

from typing import Final

from examples.plant.physics.drive import Demand, Rating
from examples.plant.physics.machine import Machine, Parameters
from examples.plant.physics.production import History

_PARAMETERS: Final = Parameters(
    rating=Rating(
        speed=140.0,
        power=12.0,
        idle_power=1.4,
        temperature_rise=36.0,
        thermal_lag=70.0,
        vibration=1.1,
    ),
    history=History(
        operating_hours=18_342.6,
        cycles=612_408,
        cycles_since_service=86,
        produced=412,
        scrap=5,
        reworked=9,
    ),
    cycle_time=24.0,
    parts_per_cycle=1,
    cycles_per_batch=60,
    seconds_between_stops=900.0,
    wear=34.0,
    wear_per_cycle=0.4,
    programs=("O1001 Gehäusedeckel", "O1002 Lagerbock", "O2007 Flansch"),
    order="FA-4711",
)
_ROUGHING_ENDS: Final = 0.55
_TOOL_CHANGE_ENDS: Final = 0.65
_FEED: Final = 40.0  # mm/s at full load
_TOLERANCE: Final = 25.0  # µm


class Mill(Machine):
    """The drive is the spindle, the wear is the tool's; ``feed_rate`` is mm/s."""

    def __init__(self, seed: int) -> None:
        super().__init__(_PARAMETERS, seed)
        self.feed_rate = 0.0

    @property
    def dimension_error(self) -> float:
        """Deviation of the last part's measure in µm; the tolerance is ±25."""
        return self.production.deviation * _TOLERANCE

    def _demand(self, phase: float) -> Demand:
        if phase < _ROUGHING_ENDS:
            return Demand(speed=0.85, load=0.9)
        if phase < _TOOL_CHANGE_ENDS:
            return Demand(speed=0.15, load=0.05)
        return Demand(speed=1.0, load=0.45)

    def _step_process(self, dt: float, demand: Demand) -> None:
        cutting = demand.load > 0.1
        self.feed_rate = _FEED * demand.load * (1 + self._noise.gauss(0, 0.01)) * cutting

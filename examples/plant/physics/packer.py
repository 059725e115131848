"""A packaging line: more than one pack a second, sealed and weighed."""

from __future__ import annotations

from typing import Final

from examples.plant.physics.drive import Demand, Rating
from examples.plant.physics.machine import Machine, Parameters
from examples.plant.physics.production import History
from examples.plant.physics.states import OperatingState

_PARAMETERS: Final = Parameters(
    rating=Rating(
        speed=2.4,
        power=4.2,
        idle_power=0.9,
        temperature_rise=26.0,
        thermal_lag=60.0,
        vibration=0.8,
    ),
    history=History(
        operating_hours=6_420.7,
        cycles=14_902_331,
        cycles_since_service=212_045,
        produced=21_480,
        scrap=172,
        reworked=130,
    ),
    cycle_time=0.8,
    parts_per_cycle=1,
    cycles_per_batch=2000,
    seconds_between_stops=400.0,
    wear=12.0,
    wear_per_cycle=0.001,
    programs=("Ricetta 12 Biscotti 250 g", "Ricetta 14 Cracker 500 g"),
    order="COM-0931",
)
_SEAL: Final = 146.0  # °C
_SEAL_DRIFT: Final = 18.0  # K at the largest drift


class Packer(Machine):
    """The drive is the main shaft, the wear is the belt's; ``seal_temperature`` is °C."""

    def __init__(self, seed: int) -> None:
        super().__init__(_PARAMETERS, seed)
        self.seal_temperature = _SEAL

    @property
    def line_speed(self) -> float:
        """Packs a second at the present speed."""
        if self.state is not OperatingState.EXECUTE:
            return 0.0
        return self.speed_override / 100 / _PARAMETERS.cycle_time

    def _demand(self, phase: float) -> Demand:
        return Demand(speed=1.0, load=0.72)

    def _step_process(self, dt: float, demand: Demand) -> None:
        drift = _SEAL_DRIFT * self.faults.drift
        self.seal_temperature = _SEAL - drift + self._noise.gauss(0, 0.2)

"""A six-axis robot that picks and places; its joints warm up one by one."""

from __future__ import annotations

import math
from typing import Final

from examples.plant.physics.drive import AMBIENT, Demand, Rating
from examples.plant.physics.machine import Machine, Parameters
from examples.plant.physics.production import History

_PARAMETERS: Final = Parameters(
    rating=Rating(
        speed=0.5,
        power=3.2,
        idle_power=0.45,
        temperature_rise=30.0,
        thermal_lag=90.0,
        vibration=0.6,
    ),
    history=History(
        operating_hours=9_105.2,
        cycles=2_240_917,
        cycles_since_service=40_112,
        produced=4_870,
        scrap=11,
        reworked=24,
    ),
    cycle_time=6.0,
    parts_per_cycle=1,
    cycles_per_batch=400,
    seconds_between_stops=700.0,
    wear=18.0,
    wear_per_cycle=0.01,
    programs=("PICK_TRAY_A", "PICK_TRAY_B", "PALLETIZE_4X6"),
    order="JOB-20417",
)
_JOINT_SHARES: Final = (1.0, 1.15, 0.9, 0.7, 0.6, 0.5)  # of the drive's temperature rise
_JOINT_LAG: Final = 120.0  # seconds
_TOLERANCE: Final = 0.2  # mm


class Robot(Machine):
    """The drive is axis 1, the wear is the gearboxes'; ``joint_temperatures`` are °C."""

    def __init__(self, seed: int) -> None:
        super().__init__(_PARAMETERS, seed)
        rise = _PARAMETERS.rating.temperature_rise
        self._joints = [AMBIENT + 0.5 * share * rise for share in _JOINT_SHARES]
        self.joint_temperatures = tuple(self._joints)

    @property
    def position_error(self) -> float:
        """Deviation of the last placement in mm; the tolerance is ±0.2."""
        return self.production.deviation * _TOLERANCE

    def _demand(self, phase: float) -> Demand:
        swing = abs(math.sin(2 * math.pi * phase))
        return Demand(speed=swing, load=0.35 + 0.5 * swing)

    def _step_process(self, dt: float, demand: Demand) -> None:
        rise = _PARAMETERS.rating.temperature_rise
        share_of_time = -math.expm1(-dt / _JOINT_LAG)
        for joint, share in enumerate(_JOINT_SHARES):
            goal = AMBIENT + share * rise * demand.load + 6 * self.faults.damage
            self._joints[joint] += (goal - self._joints[joint]) * share_of_time
        self.joint_temperatures = tuple(heat + self._noise.gauss(0, 0.03) for heat in self._joints)

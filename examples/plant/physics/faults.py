"""Faults that are injected into a machine and grow from there."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

GROWTH: Final = 20.0
"""Seconds after which a fault has grown to 63 % of its severity."""


class Fault(StrEnum):
    """What can be broken on purpose."""

    BEARING_DAMAGE = "bearing-damage"
    SENSOR_FAILURE = "sensor-failure"
    DRIFT = "drift"


class Faults:
    """The faults of one machine: injected at once, felt gradually."""

    def __init__(self) -> None:
        self._severity = dict.fromkeys(Fault, 0.0)
        self._progress = dict.fromkeys(Fault, 0.0)

    def inject(self, fault: Fault, severity: float) -> None:
        """Let ``fault`` grow (or shrink) to ``severity``.

        Raises ValueError when the severity is not between 0 and 1.
        """
        if not 0.0 <= severity <= 1.0:
            raise ValueError(f"severity {severity!r} is not between 0 and 1")
        self._severity[fault] = severity

    def clear(self) -> None:
        """Repair everything at once."""
        self._severity = dict.fromkeys(Fault, 0.0)
        self._progress = dict.fromkeys(Fault, 0.0)

    def step(self, dt: float) -> None:
        """Let ``dt`` seconds pass."""
        share = -math.expm1(-dt / GROWTH)
        for fault, severity in self._severity.items():
            self._progress[fault] += (severity - self._progress[fault]) * share

    @property
    def damage(self) -> float:
        """How far the bearing is gone, 0 to 1."""
        return self._progress[Fault.BEARING_DAMAGE]

    @property
    def drift(self) -> float:
        """How far the process has drifted, 0 to 1."""
        return self._progress[Fault.DRIFT]

    @property
    def sensor_failed(self) -> bool:
        """Whether the drive's temperature sensor is broken; a sensor breaks at once."""
        return self._severity[Fault.SENSOR_FAILURE] > 0.0

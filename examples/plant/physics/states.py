"""The words for what a machine is doing: states, modes and the condition of NAMUR NE 107."""

from __future__ import annotations

from enum import StrEnum


class OperatingState(StrEnum):
    """PackML states (ISA-TR88.00.02) that the simulated machines go through."""

    OFF = "Off"
    STOPPED = "Stopped"
    IDLE = "Idle"
    STARTING = "Starting"
    EXECUTE = "Execute"
    HELD = "Held"
    SUSPENDED = "Suspended"
    COMPLETING = "Completing"
    ABORTED = "Aborted"


class OperatingMode(StrEnum):
    """Who or what decides the next step of a machine."""

    AUTOMATIC = "Automatic"
    SEMI_AUTOMATIC = "SemiAutomatic"
    MANUAL = "Manual"
    SETUP = "Setup"
    MAINTENANCE = "Maintenance"


class ConditionStatus(StrEnum):
    """Status signals of NAMUR NE 107."""

    NORMAL = "normal"
    FAILURE = "failure"
    FUNCTION_CHECK = "function check"
    OUT_OF_SPECIFICATION = "out of specification"
    MAINTENANCE_REQUEST = "maintenance request"

"""The form in which a machine's facts are written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from submodels.signals import NAMED_SIGNALS, NamedSignal, live_signal
from submodels.values import Member, Reference, Span, Text, Value, external

NAMESPACE: Final = "urn:demo-plant"
"""What all identifiers of the plant begin with."""

_SAMPLING: Final = "PT0.5S"  # as the publishing interval in plant.yaml


@dataclass(frozen=True, slots=True)
class Maker:
    """Who built a machine; names and address lines by language."""

    name: Mapping[str, str]
    short_name: str
    site: str
    street: Mapping[str, str]
    zipcode: Mapping[str, str]
    city: Mapping[str, str]
    country: str


@dataclass(frozen=True, slots=True)
class Product:
    """What was built; ``made_on`` is a date, texts are by language."""

    designation: Mapping[str, str]
    family: Mapping[str, str]
    type: str
    order_code: str
    serial_number: str
    made_on: str
    software_version: str


@dataclass(frozen=True, slots=True)
class DriveLimits:
    """Upper ends of a drive's ranges: (physical, normal, warning) of each signal.

    Speed in 1/s, power in kW, vibration in mm/s; temperature has (normal, warning) in °C; cycle
    time has both ends, (normal, warning) in s.
    """

    speed: tuple[str, str, str]
    temperature: tuple[str, str]
    vibration: tuple[str, str, str]
    power: tuple[str, str, str]
    cycle_time: tuple[Span, Span]


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of the plant; ``key`` is its part of every identifier."""

    key: str
    id_short: str
    name: Text
    description: Text
    maker: Maker
    product: Product
    signals: Mapping[str, Value]
    schedule: tuple[Mapping[str, Value], ...]
    executed_work: tuple[Mapping[str, Value], ...]
    characteristics: tuple[Mapping[str, Value], ...]
    defects: tuple[Mapping[str, Value], ...]


def common_signals(tag: str, limits: DriveLimits) -> dict[str, Value]:
    """Return the signals that all machines have; ``tag`` is the machine's in the plant."""
    normal_heat, warning_heat = limits.temperature
    normal_time, warning_time = limits.cycle_time
    return {
        "DriveSpeed": bounded(NAMED_SIGNALS["DriveSpeed"], f"{tag}-ST101", limits.speed),
        "DriveTemperature": live_signal(
            NAMED_SIGNALS["DriveTemperature"],
            f"{tag}-TT101",
            _SAMPLING,
            physical=Span("-40", "150"),
            normal=Span("10", normal_heat),
            warning=Span("5", warning_heat),
            accuracy="0.5",
        ),
        "Vibration": bounded(NAMED_SIGNALS["Vibration"], f"{tag}-VT101", limits.vibration),
        "PowerConsumption": bounded(
            NAMED_SIGNALS["PowerConsumption"], f"{tag}-JT101", limits.power
        ),
        "CycleTime": live_signal(
            NAMED_SIGNALS["CycleTime"],
            f"{tag}-KT101",
            _SAMPLING,
            normal=normal_time,
            warning=warning_time,
        ),
        "SpeedOverride": live_signal(
            NAMED_SIGNALS["SpeedOverride"], f"{tag}-HS101", _SAMPLING, physical=Span("0", "120")
        ),
    }


def bounded(signal: NamedSignal, tag: str, ends: tuple[str, str, str]) -> Member:
    """Return a signal whose physical, normal and warning ranges go from 0 to ``ends``."""
    physical, normal, warning = (Span("0", end) for end in ends)
    return live_signal(signal, tag, _SAMPLING, physical=physical, normal=normal, warning=warning)


def ranged(
    signal: NamedSignal,
    tag: str,
    *,
    physical: Span | None = None,
    normal: Span | None = None,
    warning: Span | None = None,
    number: int | None = None,
) -> Member:
    """Return a signal of which each range, if it has one, has both ends of its own."""
    return live_signal(
        signal, tag, _SAMPLING, physical=physical, normal=normal, warning=warning, number=number
    )


def outside(kind: str, name: str) -> Reference:
    """Return a reference to what the plant's other systems hold: a plan, a part, a drawing."""
    return external(f"{NAMESPACE}:{kind}:{name}")

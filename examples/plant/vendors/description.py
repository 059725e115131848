"""The vocabulary of the vendors' tables: objects, variables, enumerations and a vendor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from asyncua import ua

from examples.plant.physics.machine import LARGEST_ORDER, MAXIMUM_OVERRIDE, Machine
from examples.plant.vendors.units import Unit

M = TypeVar("M", bound=Machine)

Identifier = str | int | UUID
"""A node's identifier in its vendor's namespace; the type makes the node id's style."""

_FLOAT_TOLERANCE: Final = 1 + 1e-6
"""1.2 sent as a Float arrives as 1.2000000477."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """An enumeration data type: texts by number, in the vendor's language.

    Numbers from 0 without a gap are told by EnumStrings, others by EnumValues
    (OPC 10000-3, 8.14).
    """

    id: Identifier
    name: str
    texts: Mapping[int, str]

    @property
    def contiguous(self) -> bool:
        """Whether EnumStrings can say it."""
        return list(self.texts) == list(range(len(self.texts)))


@dataclass(frozen=True, slots=True)
class Numbers(Generic[M]):
    """A number that clients may write between ``low`` and ``high``, in the vendor's unit."""

    low: float
    high: float
    apply: Callable[[M, float], None]

    def accepts(self, value: Any) -> bool:
        """Whether ``value`` is in range; NaN is not."""
        return bool(self.low <= value <= self.high * _FLOAT_TOLERANCE)


@dataclass(frozen=True, slots=True)
class Text(Generic[M]):
    """A text that clients may write, up to ``longest`` characters."""

    longest: int
    apply: Callable[[M, str], None]

    def accepts(self, value: Any) -> bool:
        """Whether ``value`` is neither empty nor too long."""
        return isinstance(value, str) and 0 < len(value) <= self.longest


@dataclass(frozen=True, slots=True)
class Variable(Generic[M]):
    """One variable of a machine.

    ``read`` returns the value in the vendor's unit and type; for a DateTime it returns seconds of
    simulation. ``data_type`` is for a subtype of ``type``: an enumeration of the vendor or a
    standard type by its number. ``limits`` become the EURange; a variable with limits is an
    AnalogItem (OPC 10000-8, 5.3.2). ``length`` makes it an array.
    """

    id: Identifier
    name: str
    type: ua.VariantType
    read: Callable[[M], Any]
    unit: Unit | None = None
    limits: tuple[float, float] | None = None
    data_type: Enumeration | int | None = None
    length: int | None = None
    write: Numbers[M] | Text[M] | None = None
    broken: Callable[[M], bool] | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """An argument that a method takes; ``accepts`` says whether a value is in its range."""

    name: str
    type: ua.VariantType
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Output:
    """A result that a method gives; that of a DateTime is in seconds of simulation."""

    name: str
    type: ua.VariantType


@dataclass(frozen=True, slots=True)
class Method(Generic[M]):
    """One method of a machine.

    ``call`` takes the machine and the inputs and returns the outputs; it raises ``NotReady`` when
    the machine cannot do it now.
    """

    id: Identifier
    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    call: Callable[..., tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Folder(Generic[M]):
    """An object or a folder with what belongs to it; ``methods`` can be called on it."""

    id: Identifier
    name: str
    children: tuple[Folder[M] | Variable[M], ...]
    methods: tuple[Method[M], ...] = ()

    def variables(self) -> Iterator[Variable[M]]:
        """Yield all variables below, depth first."""
        for child in self.children:
            if isinstance(child, Folder):
                yield from child.variables()
            else:
                yield child

    def callables(self) -> Iterator[tuple[Folder[M], Method[M]]]:
        """Yield all methods here and below with the folders that they are called on."""
        for method in self.methods:
            yield self, method
        for child in self.children:
            if isinstance(child, Folder):
                yield from child.callables()


@dataclass(frozen=True, slots=True)
class Vendor(Generic[M]):
    """A vendor's server for its machine.

    ``namespace`` is that of everything under ``root``, ``types`` that of the enumerations.
    """

    key: str
    manufacturer: str
    product: str
    path: str
    locale: str
    namespace: str
    types: str
    machine: Callable[[int], M]
    root: Folder[M]

    def url(self, port: int) -> str:
        """Return the address of the server on this computer."""
        return f"opc.tcp://127.0.0.1:{port}/{self.path}"


def scaled(value: float, factor: float, low: int, high: int) -> int:
    """Return ``value * factor`` as the nearest integer within ``low`` and ``high``."""
    return min(max(round(value * factor), low), high)


def broken_sensor(machine: Machine) -> bool:
    """Whether the drive's temperature sensor is broken."""
    return machine.faults.sensor_failed


def set_override(factor: float) -> Callable[[Machine, float], None]:
    """Return a writer of the speed override from ``value * factor`` = %."""

    def apply(machine: Machine, value: float) -> None:
        machine.speed_override = min(round(value * factor, 3), MAXIMUM_OVERRIDE)

    return apply


def set_order(machine: Machine, order: str) -> None:
    """Give the machine another order."""
    machine.order = order


def is_order(longest: int) -> Callable[[Any], bool]:
    """Return whether a text is the number of an order, up to ``longest`` characters."""
    return lambda value: isinstance(value, str) and 0 < len(value) <= longest


def is_quantity(value: Any) -> bool:
    """Whether this many parts can be ordered at once."""
    return isinstance(value, int) and 1 <= value <= LARGEST_ORDER


def start_order(machine: Machine, order: str, quantity: int) -> tuple[int, float]:
    """Start an order; return its cycles and its expected end."""
    return machine.start_order(order, quantity)


def duration_in(seconds: float, unit: float) -> float:
    """Return ``seconds`` in units of ``unit`` seconds, to the microsecond."""
    return math.floor(seconds * 1e6) / 1e6 / unit

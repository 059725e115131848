"""Conversions of units as exact straight lines, found by pint once and never on the hot path."""

from __future__ import annotations

import contextlib
import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from typing import Any, Final, TypeAlias

import pint

from aas_server.errors import ConfigurationError

Number: TypeAlias = int | float

_MAX_EXACT: Final = 2**53
_MAX_LENGTH: Final = 64
_CHAINED_POWER: Final = re.compile(r"(?:\^|\*\*)\s*\(?\s*[-+]?[0-9.]+\s*\)?\s*(?:\^|\*\*)|[0-9]{4}")

# UCUM codes that pint spells otherwise; the model names its units in UCUM.
_UCUM: Final = {
    "[degF]": "degF",
    "[in_i]": "inch",
    "[ft_i]": "foot",
    "[lb_av]": "pound",
    "[psi]": "psi",
    "[HP]": "horsepower",
    "[ppm]": "ppm",
    "[ppth]": "permille",
    "Cel": "degC",
    "Ohm": "ohm",
}
_UCUM_CODE: Final = re.compile("|".join(rf"(?<![A-Za-z]){re.escape(c)}(?![A-Za-z])" for c in _UCUM))
_UCUM_POWER: Final = re.compile(r"(?<=[A-Za-z])(-?[1-9])(?![0-9A-Za-z])")
_UCUM_PRODUCT: Final = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z])")


@dataclass(frozen=True, slots=True)
class Line:
    """``value * factor + offset``, without rounding; ``factor`` is not 0."""

    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    @classmethod
    def of(cls, factor: float, offset: float) -> Line:
        """Return the line of two decimal numbers as they are written: 0.1 is a tenth."""
        return cls(Fraction(repr(factor)), Fraction(repr(offset)))

    def then(self, other: Line) -> Line:
        """Return this line followed by ``other``."""
        return Line(self.factor * other.factor, self.offset * other.factor + other.offset)

    def inverse(self) -> Line:
        """Return the line that leads back."""
        return Line(1 / self.factor, -self.offset / self.factor)

    @property
    def is_identity(self) -> bool:
        """Return whether every value stays as it is."""
        return self.factor == 1 and self.offset == 0

    def function(self) -> Callable[[Number], float]:
        """Return the line as a function of int and float to float.

        It rounds once where the line is a ratio of small integers (32 degF is 0.0 degC, 3 bar is
        0.3 MPa) and at every step elsewhere.
        """
        terms = self._integers()
        if terms is None:
            factor, offset = float(self.factor), float(self.offset)
            return lambda value: value * factor + offset
        times, plus, over = terms
        if plus == 0:
            return lambda value: value * times / over
        return lambda value: (value * times + plus) / over

    def exact_function(self) -> Callable[[Number], Number]:
        """Return the line as ``function`` does, but from int to int wherever the result is one."""
        inexact = self.function()
        terms = self._integers()
        if terms is None:
            return inexact
        times, plus, over = terms

        def convert(value: Number) -> Number:
            if type(value) is not int:
                return inexact(value)
            dividend = value * times + plus
            return dividend / over if dividend % over else dividend // over

        return convert

    def _integers(self) -> tuple[int, int, int] | None:
        """Return (times, plus, over) of ``(value * times + plus) / over``, or None beyond 2**53."""
        over = math.lcm(self.factor.denominator, self.offset.denominator)
        times, plus = int(self.factor * over), int(self.offset * over)
        if max(abs(times), abs(plus), over) > _MAX_EXACT:
            return None
        return times, plus, over


@functools.lru_cache(maxsize=1024)
def unit_line(source: str, target: str) -> Line:
    """Return the conversion of a value in unit ``source`` to unit ``target``.

    Raises ``ConfigurationError`` that names both for an unknown unit, for different dimensions and
    for logarithmic units. A plane angle is a dimension of its own: ``rpm`` and ``deg/s`` go to
    ``turn/s`` or ``rad/s``, never to a bare ``1/s``.
    """
    registry = _registry()
    units = [_parse(registry, text) for text in (source, target)]
    try:
        points = [_convert(registry, Fraction(x), *units) for x in (0, 1, 100)]
    except pint.DimensionalityError:
        raise _incompatible(source, target, units[0] / units[1]) from None
    except (ArithmeticError, TypeError, ValueError, pint.PintError) as error:
        raise ConfigurationError(
            f"no value in {source!r} can be converted to {target!r}: {type(error).__name__}"
        ) from None
    line = Line(points[1] - points[0], points[0]) if points[1] != points[0] else None
    if line is None or points[2] != line.offset + 100 * line.factor:
        raise ConfigurationError(
            f"{source!r} to {target!r} is no conversion by factor and offset: "
            "logarithmic units must be converted in the device"
        )
    return line


@functools.cache
def _registry() -> pint.UnitRegistry[Any]:
    """Return pint's units in exact arithmetic, read when the first unit is needed (0.2 s)."""
    # Empty at first: what pint fills itself has its dimensions fixed before the angle's is defined.
    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(
        None, non_int_type=Fraction, on_redefinition="ignore"
    )
    registry.load_definitions(str(resources.files("pint") / "default_en.txt"))
    # For pint an angle is a mere number and a turn is 6.28 of them: it would call 60 rpm 6.28 1/s.
    registry.define("radian = [plane_angle] = rad")
    registry.define("@alias revolution = rev")
    return registry


def _convert(registry: Any, value: Fraction, source: Any, target: Any) -> Fraction:
    result = registry.Quantity(value, source).to(target).magnitude
    # Logarithmic units leave exact arithmetic; the caller's third point tells.
    return result if isinstance(result, Fraction) else Fraction(result)


def _parse(registry: Any, text: str) -> Any:
    name = _UCUM_CODE.sub(lambda match: _UCUM[match[0]], text.strip())
    name = _UCUM_PRODUCT.sub("*", _UCUM_POWER.sub(r"**\1", name))
    if 0 < len(name) <= _MAX_LENGTH and not _CHAINED_POWER.search(name):
        # pint answers a malformed text with what its parser stumbled over, even AssertionError.
        with contextlib.suppress(Exception):
            return registry.Unit(name)
    raise ConfigurationError(f"{text!r} is no known unit")


def _incompatible(source: str, target: str, quotient: Any) -> ConfigurationError:
    text = f"the unit {source!r} cannot be converted to {target!r}: they measure different things"
    if set(quotient.dimensionality) == {"[plane_angle]"}:
        text += "; an angle is no mere number: write 'turn/s' or 'rad/s' instead of '1/s'"
    return ConfigurationError(text)

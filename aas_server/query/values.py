"""Values of the query language: their types, casts and comparisons (XPath 3.0 operators)."""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from aas_server.metamodel.lexical import moment_of, number_of, time_of_day


class Type(enum.Enum):
    """The types of the query language, by the names of their casts."""

    STRING = "$strCast"
    NUMBER = "$numCast"
    HEX = "$hexCast"
    BOOLEAN = "$boolCast"
    DATE_TIME = "$dateTimeCast"
    TIME = "$timeCast"


@dataclass(frozen=True, slots=True, order=True)
class TimeOfDay:
    """A time of the day as microseconds since midnight UTC of the one day on which XPath compares
    times: with a time zone it may lie before that day, or after it.
    """

    microseconds: int


Value: TypeAlias = str | bool | int | float | bytes | datetime | TimeOfDay
"""STRING, BOOLEAN, NUMBER (both numbers), HEX, DATE_TIME (aware) and TIME."""


class CastError(ValueError):
    """A value that is none of the type that is asked for."""


_HEX: Final = re.compile(r"(?:16#)?([0-9A-Fa-f]*)", re.ASCII)
_SHOWN: Final = 100
_LOCAL: Final = len("2026-11-30T12:00:00")
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1) // _MICROSECOND
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def type_of(value: Value) -> Type:
    """Return the type of a value."""
    for python, kind in _TYPES:
        if isinstance(value, python):
            return kind
    raise AssertionError(value)


_TYPES: Final[tuple[tuple[type, Type], ...]] = (
    (str, Type.STRING),
    (bool, Type.BOOLEAN),
    (int, Type.NUMBER),
    (float, Type.NUMBER),
    (bytes, Type.HEX),
    (datetime, Type.DATE_TIME),
    (TimeOfDay, Type.TIME),
)


def cast(value: Value, kind: Type) -> Value:
    """Return ``value`` as one of ``kind``; raises ``CastError`` when it is none."""
    if kind is Type.NUMBER and type(value) is str:
        return _to_number(value)
    if type_of(value) is kind:
        return value
    return _CASTS[kind](value)


def to_text(value: Value) -> str:
    """Return ``value`` as a string, in its canonical form."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        return "NaN" if math.isnan(value) else ("INF" if value > 0 else "-INF")
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, datetime):
        text = value.replace(microsecond=0).isoformat()
        local, zone = text[:_LOCAL], text[_LOCAL:].replace("+00:00", "Z")
        return _with_fraction(local, value.microsecond) + zone
    seconds, rest = divmod(value.microseconds % _DAY, 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return _with_fraction(text, rest)


def _with_fraction(text: str, microseconds: int) -> str:
    return f"{text}.{microseconds:06}".rstrip("0") if microseconds else text


def hex_of(text: str) -> bytes:
    """Return the bytes of hexadecimal digits, with or without ``16#``; raises ``CastError``."""
    match = _HEX.fullmatch(text.strip())
    if match is None or not match[1]:
        raise CastError(f"{text!r} is no hexadecimal number")
    return bytes.fromhex(match[1] if len(match[1]) % 2 == 0 else f"0{match[1]}")


def date_time_of(text: str) -> datetime:
    """Return the moment of an xs:dateTime, or of the midnight at which an xs:date begins.

    Without a time zone it is UTC. Raises ``CastError``.
    """
    moment = moment_of(text)
    if moment is None:
        raise CastError(f"{text[:_SHOWN]!r} is no xs:dateTime")
    return moment


def time_of(text: str) -> TimeOfDay:
    """Return an xs:time, in UTC when it names no time zone; raises ``CastError``."""
    microseconds = time_of_day(text)
    if microseconds is None:
        raise CastError(f"{text[:_SHOWN]!r} is no xs:time")
    return TimeOfDay(microseconds)


def _to_number(value: Value) -> int | float:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        number = number_of(value)
        if number is not None:
            return number
    elif isinstance(value, bytes):
        return int.from_bytes(value, "big")
    raise CastError(f"{to_text(value)!r} is no number")


def _to_boolean(value: Value) -> bool:
    if isinstance(value, int):
        return value != 0
    if isinstance(value, float):
        return not (value == 0 or math.isnan(value))
    if isinstance(value, str) and value.strip() in _BOOLEANS:
        return _BOOLEANS[value.strip()]
    raise CastError(f"{to_text(value)!r} is neither true nor false")


def _to_hex(value: Value) -> bytes:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    if isinstance(value, str):
        return hex_of(value)
    raise CastError(f"{to_text(value)!r} is no hexadecimal number")


def _to_date_time(value: Value) -> datetime:
    if isinstance(value, str):
        return date_time_of(value)
    raise CastError(f"{to_text(value)!r} is no xs:dateTime")


def _to_time(value: Value) -> TimeOfDay:
    if isinstance(value, datetime):
        midnight = value.replace(hour=0, minute=0, second=0, microsecond=0)
        since = value - midnight - (value.utcoffset() or timedelta())
        return TimeOfDay(since // _MICROSECOND)
    if isinstance(value, str):
        try:
            return time_of(value)
        except CastError:
            return _to_time(date_time_of(value))
    raise CastError(f"{to_text(value)!r} is no xs:time")


_CASTS: Final = {
    Type.STRING: to_text,
    Type.NUMBER: _to_number,
    Type.HEX: _to_hex,
    Type.BOOLEAN: _to_boolean,
    Type.DATE_TIME: _to_date_time,
    Type.TIME: _to_time,
}

"""When a value was taken, as payloads tell it: ISO 8601, or a number since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from aas_server.clock import to_microseconds

_UNITS: Final = (
    (1e11, 1_000_000),  # seconds, up to the year 5138
    (1e14, 1_000),  # milliseconds
    (1e17, 1),  # microseconds
)
_LARGEST: Final = 1e21
_LAST: Final = 253_402_300_800_000_000  # 10000-01-01, the end of what xs:dateTime shows


class NoMoment(ValueError):
    """What a payload has for its timestamp is none."""


def to_moment(value: Any) -> int:
    """Return the microseconds since the epoch that ``value`` tells.

    A text is ISO 8601, UTC where it has no zone, or the digits of a number. A number counts
    seconds, milliseconds, microseconds or nanoseconds since 1970; which of them, its size tells:
    all of them are unmistakable from March 1973 on. Raises ``NoMoment``.
    """
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _no_moment(value)
    if not 0 <= value < _LARGEST:  # also what is not a number at all
        raise _no_moment(value)
    return _checked(value, next((value * factor for end, factor in _UNITS if value < end), None))


def _of_text(text: str) -> int:
    text = text.strip()
    try:
        return to_moment(int(text) if text.isascii() and text.isdigit() else float(text))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _no_moment(text) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _checked(text, to_microseconds(moment))


def _checked(value: Any, microseconds: float | None) -> int:
    if microseconds is None:
        microseconds = value // 1000
    if not 0 <= microseconds < _LAST:
        raise _no_moment(value)
    return int(microseconds)


def _no_moment(value: Any) -> NoMoment:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return NoMoment(f"the payload's timestamp is {shown}: neither ISO 8601 nor a number since 1970")

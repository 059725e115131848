"""Numbers and moments as documents write them (XSD 1.1 part 2), whatever type they are of."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,400}", re.ASCII)
_SPECIAL: Final = {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf, "NaN": math.nan}
_LONGEST: Final = 400
"""Characters of a number or a moment, at most."""
_ZONE: Final = r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
_CLOCK: Final = (
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<rest>[0-9]+))?)?"
)
_TIME: Final = re.compile(_CLOCK + _ZONE, re.ASCII)
_DATE_TIME: Final = re.compile(
    rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})(?:[T ]{_CLOCK})?{_ZONE}",
    re.ASCII,
)
_SPACE: Final = " \t\r\n"
_DAY: Final = 86_400_000_000
_FARTHEST: Final = 14 * 60


def number_of(text: str) -> int | float | None:
    """Return the number that ``text`` is, or None."""
    if len(text) > _LONGEST:
        return None
    text = text.strip(_SPACE)
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return _SPECIAL.get(text)


def moment_of(text: str) -> datetime | None:
    """Return the moment of an xs:dateTime, or of the midnight at which an xs:date begins, or None.

    Without a time zone it is UTC.
    """
    if len(text) > _LONGEST:
        return None
    match = _DATE_TIME.fullmatch(text.strip(_SPACE))
    if match is None:
        return None
    try:
        zone = _zone(match["zone"])
        day = datetime(int(match["year"]), int(match["month"]), int(match["day"]), tzinfo=zone)
        return day + timedelta(microseconds=_since_midnight(match) if match["hour"] else 0)
    except (ValueError, OverflowError):
        return None


def time_of_day(text: str) -> int | None:
    """Return an xs:time as microseconds since midnight UTC of the day on which all times are
    compared, or None: east of Greenwich it may be the day before. Without a time zone it is UTC.
    """
    if len(text) > _LONGEST:
        return None
    match = _TIME.fullmatch(text.strip(_SPACE))
    if match is None:
        return None
    try:
        offset = _zone(match["zone"]).utcoffset(None) // timedelta(microseconds=1)
        return _since_midnight(match) % _DAY - offset
    except ValueError:
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes > 59 or hours * 60 + minutes > _FARTHEST:
        raise ValueError("no time zone is more than 14:00 away")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _since_midnight(match: re.Match[str]) -> int:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    rest = int((match["rest"] or "")[:6].ljust(6, "0"))
    is_end_of_day = (hour, minute, second, rest) == (24, 0, 0, 0)
    if not is_end_of_day and not (hour < 24 and minute < 60 and second < 60):
        raise ValueError("hours go to 23, minutes and seconds to 59")
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + rest

"""Times and 32 bit floats as OPC UA has them, in Python's numbers."""

from __future__ import annotations

import math
from datetime import datetime
from struct import Struct
from typing import Final

from aas_server.clock import to_microseconds

MAX_FLOAT32: Final = 3.4028235677973366e38
"""From here on a number is infinite as a 32 bit float."""

_FLOAT32: Final = Struct("<f")
_EPOCH_IN_TICKS: Final = 116_444_736_000_000_000
_FIRST_MOMENT: Final = to_microseconds(datetime(1602, 1, 1))  # noqa: DTZ001 -- taken as UTC
_LAST_MOMENT: Final = to_microseconds(datetime(9999, 1, 1))  # noqa: DTZ001 -- taken as UTC
"""Servers spell "no time" with both ends of the range, 1601 and 9999 (OPC 10000-6 5.2.2.5)."""


def microseconds(ticks: int) -> int | None:
    """Return an OPC UA time (100 ns since 1601) as microseconds since 1970, None for "no time"."""
    time = (ticks - _EPOCH_IN_TICKS) // 10
    return time if _FIRST_MOMENT <= time < _LAST_MOMENT else None


def moment_of(moment: datetime | None) -> int | None:
    """Return a time that asyncua decoded as microseconds since 1970, None for "no time"."""
    if moment is None:
        return None
    time = to_microseconds(moment)
    return time if _FIRST_MOMENT <= time < _LAST_MOMENT else None


def shortest(value: float) -> float:
    """Return the double with the fewest digits that is the same 32 bit float, as people read it.

    What sensors measure mostly needs seven or eight, so seven are tried first: where these do, six
    may as well, and where they do not, six do not either.
    """
    if not math.isfinite(value):
        return value
    packed = _FLOAT32.pack(value)
    candidate = float(f"{value:.7g}")
    if _FLOAT32.pack(candidate) == packed:
        shorter = float(f"{value:.6g}")
        return shorter if _FLOAT32.pack(shorter) == packed else candidate
    candidate = float(f"{value:.8g}")
    return candidate if _FLOAT32.pack(candidate) == packed else value

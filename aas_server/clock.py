"""Time and new ids, injected wherever they are needed so that tests decide what they are."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Clock(Protocol):
    """Where time and new ids come from."""

    def now(self) -> int:
        """Return the time of day: microseconds since 1970-01-01T00:00:00Z."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for measuring durations."""

    def new_id(self) -> str:
        """Return a new globally unique id, 32 hexadecimal digits."""


class SystemClock:
    """The machine's own clock and random ids."""

    def now(self) -> int:
        """Return the time of day: microseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for measuring durations."""
        return time.monotonic()

    def new_id(self) -> str:
        """Return a new globally unique id, 32 hexadecimal digits."""
        return uuid.uuid4().hex


def to_microseconds(moment: datetime) -> int:
    """Return ``moment`` as microseconds since the epoch; a naive moment is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // _MICROSECOND


def to_datetime(microseconds: int) -> datetime:
    """Return the aware UTC datetime of ``microseconds`` since the epoch."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_iso(microseconds: int) -> str:
    """Return xs:dateTime in UTC with a ``Z``, to the millisecond, as values and messages show
    it.
    """
    seconds, fraction = divmod(microseconds, 1_000_000)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{stamp}.{fraction // 1000:03d}Z"

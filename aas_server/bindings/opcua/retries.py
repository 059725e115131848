"""When to try again what did not work: each thing on a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from aas_server.clock import Clock

FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 30.0
"""Seconds until something is tried again; they double each time. A machine that is loading its
program has its nodes a moment later, and nobody knows when a missing one comes.
"""

_Thing = TypeVar("_Thing")


@dataclass(slots=True)
class _Retry:
    due: float
    delay: float
    is_waiting: bool = True


class Retries(Generic[_Thing]):
    """Remembers what failed. What works again and fails soon after goes on where it was, so that
    nothing flutters.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: dict[_Thing, _Retry] = {}

    def __contains__(self, thing: _Thing) -> bool:
        """Return whether ``thing`` failed and has not worked since."""
        retry = self._all.get(thing)
        return retry is not None and retry.is_waiting

    def is_due(self, thing: _Thing) -> bool:
        """Return whether ``thing`` may be tried now: always, when it has not failed."""
        return thing not in self or self._all[thing].due <= self._clock.monotonic()

    def failed(self, thing: _Thing) -> None:
        """Let ``thing`` wait, twice as long as the last time."""
        now, retry = self._clock.monotonic(), self._all.get(thing)
        delay = FIRST_RETRY
        if retry is not None and now - retry.due < LONGEST_RETRY:
            delay = min(LONGEST_RETRY, 2 * retry.delay)
        self._all[thing] = _Retry(now + delay, delay)

    def worked(self, thing: _Thing) -> None:
        """Let ``thing`` wait no longer."""
        if thing in self._all:
            self._all[thing].is_waiting = False

    def forget(self, thing: _Thing) -> None:
        """Know nothing of ``thing`` any more."""
        self._all.pop(thing, None)

    def waiting(self) -> list[_Thing]:
        """Return what failed and has not worked since."""
        return [thing for thing, retry in self._all.items() if retry.is_waiting]

    def next_due(self) -> float | None:
        """Return when the next is due, in seconds of the monotonic clock."""
        return min((each.due for each in self._all.values() if each.is_waiting), default=None)

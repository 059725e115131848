"""A clock that stands still until a test moves it."""

from __future__ import annotations

from itertools import count

START = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z


class FakeClock:
    """Time moves by ``advance`` only; ids count upwards."""

    def __init__(self) -> None:
        self._microseconds = START
        self._ids = count(1)

    def now(self) -> int:
        return self._microseconds

    def monotonic(self) -> float:
        return (self._microseconds - START) / 1_000_000

    def new_id(self) -> str:
        return f"{next(self._ids):032x}"

    def advance(self, seconds: float) -> None:
        self._microseconds += round(seconds * 1_000_000)

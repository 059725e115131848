"""Ranges of numbers, as ``SMT/AllowedRange`` has them: ``[0,100)|[200,*]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?"
_INTERVAL: Final = re.compile(
    rf"\s*([\[\(\]])\s*(\*|{_NUMBER}|-?inf)\s*[,;]\s*(\*|{_NUMBER}|\+?inf)\s*([\]\)\[])\s*",
    re.IGNORECASE,
)
_WORDS: Final = {"zerotoinf": "[0,*]", "zerotoone": "[0,1]"}
_OPEN: Final = ("*", "inf", "+inf", "-inf")


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers between two bounds, None for no bound; bounds may belong to it or not."""

    least: Decimal | None
    most: Decimal | None
    has_least: bool = True
    has_most: bool = True

    def holds(self, number: Decimal) -> bool:
        """Return whether ``number`` lies within."""
        if self.least is not None and (
            number < self.least or (number == self.least and not self.has_least)
        ):
            return False
        return self.most is None or (number < self.most or (number == self.most and self.has_most))


@dataclass(frozen=True, slots=True)
class AllowedRange:
    """Intervals of which a number must lie in one; ``text`` is how the template has them."""

    text: str
    intervals: tuple[Interval, ...]

    def holds(self, number: Decimal) -> bool:
        """Return whether ``number`` lies in one of the intervals."""
        return any(interval.holds(number) for interval in self.intervals)


def parse_range(text: str) -> AllowedRange:
    """Return the range that ``text`` says.

    Raises ``ValueError`` that says what is expected, also for an interval that holds nothing.
    """
    intervals = []
    for part in _WORDS.get(text.strip().casefold(), text).split("|"):
        match = _INTERVAL.fullmatch(part)
        if match is None:
            raise ValueError(f"{part.strip()!r} is no interval such as [0,100] or (0,*]")
        opening, low, high, closing = match.groups()
        least, most = _bound(low), _bound(high)
        interval = Interval(least, most, opening == "[", closing == "]")
        if least is not None and most is not None:
            is_point = least == most and interval.has_least and interval.has_most
            if least > most or (least == most and not is_point):
                raise ValueError(f"{part.strip()!r} holds no number")
        intervals.append(interval)
    return AllowedRange(text.strip(), tuple(intervals))


def _bound(text: str) -> Decimal | None:
    return None if text.casefold() in _OPEN else Decimal(text)

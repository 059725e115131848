"""Recent samples: every value that a source told, in order of its time, with the gaps between."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aas_server.live.values import LiveValue

MAX_GAPS: Final = 100
"""Gaps that are told of one point at most; those that are oldest go first."""

MAX_BYTES: Final = 4_000_000
"""What the samples of one point may take, about: long texts and arrays leave fewer of them."""

OVERFLOW: Final = 0x0480
"""Bits of a status code: values before this one were lost at the source (OPC 10000-4 7.39)."""

_LOST: Final = "the machine told more values than its queue holds (queueSize)"
_SAMPLE_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class Gap:
    """A time, both ends excluded, of which samples are missing, and why; microseconds since the
    epoch.
    """

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of a span of time: its samples, the oldest first, and its gaps.

    ``left_off`` is how many older samples of the span were left out because there were too many.
    """

    items: Sequence[LiveValue]
    gaps: Sequence[Gap]
    left_off: int


class Samples:
    """The last ``keep`` samples of one point, in order of their source time, none of them twice.

    What the source could not tell while it was away becomes a gap with the first sample after it;
    ``fill`` closes gaps with what the source remembers; ``on_gap`` is called when there is one.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self.on_gap: Callable[[], None] | None = None
        self._items: deque[LiveValue] = deque()
        self._size = 0
        self._gaps: list[Gap] = []
        self._interruption: str | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def gaps(self) -> Sequence[Gap]:
        """Return the gaps, the oldest first."""
        return tuple(self._gaps)

    def add(self, sample: LiveValue) -> None:
        """Take in a sample that the source told."""
        time = time_of(sample)
        last = self._items[-1] if self._items else None
        if last is not None and time <= time_of(last):
            self._insert(sample, time)
        else:
            if last is not None:
                self._note_gap(time_of(last), time, sample.status_code)
            self._items.append(sample)
            self._size += size_of(sample)
        self._interruption = None
        self._trim()

    def interrupt(self, reason: str) -> None:
        """Hear that the source fell silent: what it says next comes after a gap."""
        if self._items:
            self._interruption = reason

    def replace(self, gap: Gap, *parts: Gap) -> None:
        """Tell ``parts`` in the place of ``gap``; one that is gone meanwhile stays gone."""
        if gap in self._gaps:
            at = self._gaps.index(gap)
            self._gaps[at : at + 1] = parts

    def fill(
        self, gap: Gap, samples: Iterable[LiveValue], *, left: str | None = None
    ) -> Gap | None:
        """Add samples of ``gap`` that the source remembered; return what is left of it.

        The gap is closed, unless ``left`` says why something is still missing: then it begins where
        the samples end.
        """
        known = {time_of(item) for item in self._items}
        new = {
            time_of(sample): sample
            for sample in samples
            if gap.start < time_of(sample) < gap.end and time_of(sample) not in known
        }
        if new:
            self._items = deque(sorted((*self._items, *new.values()), key=time_of))
            self._size += sum(map(size_of, new.values()))
        rest = None if left is None else Gap(max(new, default=gap.start), gap.end, left)
        self.replace(gap, *(() if rest is None else (rest,)))
        self._trim()
        return rest

    def window(self, start: int | None, end: int | None, limit: int) -> Window:
        """Return the newest ``limit`` samples from ``start`` to ``end``, both included.

        None is open. The gaps are those that lie in or reach into the span.
        """
        items = list(self._items)
        first = 0 if start is None else bisect_left(items, start, key=time_of)
        last = len(items) if end is None else bisect_right(items, end, key=time_of)
        span = items[first:last]
        left_off = max(0, len(span) - limit)
        gaps = [
            gap
            for gap in self._gaps
            if (start is None or gap.end > start) and (end is None or gap.start < end)
        ]
        return Window(span[left_off:], gaps, left_off)

    def _insert(self, sample: LiveValue, time: int) -> None:
        """Put a sample that was overtaken where it belongs; one that is there already is dropped.

        A source that sends what it sent before after an interruption has lost nothing.
        """
        items = list(self._items)
        at = bisect_right(items, time, key=time_of)
        if any(_alike(sample, each) for each in items[bisect_left(items, time, key=time_of) : at]):
            return
        items.insert(at, sample)
        self._items = deque(items)
        self._size += size_of(sample)

    def _note_gap(self, start: int, end: int, status_code: int) -> None:
        reason = self._interruption
        if reason is None and status_code & OVERFLOW == OVERFLOW:
            reason = _LOST
        if reason is not None:
            self._gaps.append(Gap(start, end, reason))
            if self.on_gap is not None:
                self.on_gap()

    def _trim(self) -> None:
        while len(self._items) > self._keep or (self._size > MAX_BYTES and len(self._items) > 1):
            self._size -= size_of(self._items.popleft())
        if self._gaps:
            oldest = time_of(self._items[0])
            self._gaps = [gap for gap in self._gaps if gap.end > oldest][-MAX_GAPS:]


def time_of(sample: LiveValue) -> int:
    """Return the time by which a sample is ordered: the source's, else when it was received."""
    if sample.source_timestamp is not None:
        return sample.source_timestamp
    return sample.received_timestamp or 0


def size_of(sample: LiveValue) -> int:
    """Return about how many bytes of memory a sample takes."""
    return _SAMPLE_BYTES + _size(sample.value)


def _size(value: Any) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, list | tuple):
        return sum(50 + _size(each) for each in value)
    if isinstance(value, dict):
        return sum(100 + _size(each) for each in value.values())
    return 0


def _alike(one: LiveValue, other: LiveValue) -> bool:
    return one.status_code == other.status_code and (
        one.value == other.value or (one.value != one.value and other.value != other.value)
    )

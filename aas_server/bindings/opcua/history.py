"""A machine's own memory of its values, read to fill the gaps of an outage (OPC 10000-11)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import structlog
from asyncua import ua
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import ConversionError
from aas_server.bindings.feed import converted_value
from aas_server.bindings.opcua.nodes import NodeFacts, Nodes
from aas_server.bindings.opcua.problems import describe, describe_status
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import Sample, sample
from aas_server.clock import Clock, to_datetime
from aas_server.live.samples import Gap, Samples, time_of
from aas_server.live.values import BAD_CONFIGURATION_ERROR, LiveValue, Quality, quality_of

log = structlog.get_logger(__name__)

MAX_VALUES: Final = 10_000
"""Values that are read of one gap at most: no more samples are kept of a point."""

VALUES_PER_CALL: Final = 2_000
"""Values in one answer at most, about: decoding them must not make others wait."""

LONGEST_GAP: Final = 7 * 24 * 3600
"""Seconds of which the past is asked for at most; of a longer gap the last ones."""

FILL_TIME: Final = 30.0
"""Seconds for all gaps of one connection at most: the machine has better things to do."""

SETTLE: Final = 0.5
"""Seconds between the first gap and reading: those of other values come along."""

_TOGETHER: Final = 60_000_000
"""Microseconds by which gaps that are read together may differ in any case."""

_NO_ACCESS: Final = "the machine keeps no history of this node (AccessLevel: HistoryRead)"
_TOO_MANY: Final = f"the machine remembers more than {MAX_VALUES} values of this time"
_NO_TIME: Final = f"reading the machine's history took more than {FILL_TIME:g} s"
_TOO_LONG: Final = "the outage was too long to read the machine's history of all of it"
_NOT_TO_BE_READ: Final = frozenset({_TOO_MANY, _TOO_LONG})
_BEING_READ: Final = "the machine's history of this time is being read"


class HistoryFiller:
    """Fills the gaps of the points of one connection that asked for it.

    ``wake`` is called when one of them has a gap; ``run`` lives as long as a session.
    """

    def __init__(self, connection: str, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._points: dict[Binding, Samples] = {}
        self._wanted = asyncio.Event()

    def change(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        """Fill the gaps of those of ``added`` that want it from now on, and of ``removed`` no
        more.
        """
        for binding in removed:
            self._points.pop(binding, None)
        for binding in added:
            history, point = binding.settings.history, binding.point
            if (
                history is not None
                and history.fill
                and point is not None
                and point.samples is not None
            ):
                self._points[binding] = point.samples
                point.samples.on_gap = self.wake

    def wake(self) -> None:
        """Hear that there is a gap."""
        self._wanted.set()

    async def run(self, session: OpcUaSession, nodes: Nodes) -> None:
        """Fill gaps for ever; raises ``OSError`` when the connection breaks."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(SETTLE)
            self._wanted.clear()
            try:
                await self.fill(session, nodes)
            except (TimeoutError, UaError) as error:
                text = describe(error)
                log.warning("gaps not filled", connection=self._connection, reason=text)
                self._explain(f"the machine's history could not be read: {text}")

    async def fill(self, session: OpcUaSession, nodes: Nodes) -> None:
        """Read the past of all gaps that there are now."""
        reads = [
            _Read(binding, samples, gap, facts)
            for binding, samples in self._points.items()
            if samples.gaps and (facts := nodes.known(binding.source)) is not None
            for gap in samples.gaps
            if gap.reason not in _NOT_TO_BE_READ
        ]
        open_reads = []
        for read in reads:
            read.binding.note = None if read.facts.has_history else _NO_ACCESS
            if read.facts.has_history:
                open_reads.append(read)
            else:
                read.explain(_NO_ACCESS)
        if not open_reads:
            return
        until = self._clock.monotonic() + FILL_TIME
        for batch in _batches(open_reads, session.history_batch):
            await _read_batch(session, batch, self._clock, until)
        left = sum(read.gap is not None for read in open_reads)
        log.info("gaps filled", connection=self._connection, gaps=len(open_reads), left=left)

    def _explain(self, reason: str) -> None:
        for samples in self._points.values():
            for gap in samples.gaps:
                samples.replace(gap, replace(gap, reason=reason))


class _Read:
    """One gap on its way to be filled; ``gap`` is what is left of it, None once it is closed."""

    def __init__(self, binding: Binding, samples: Samples, gap: Gap, facts: NodeFacts) -> None:
        self.binding = binding
        self.facts = facts
        self.gap: Gap | None = gap
        self.point: bytes | None = None
        self.count = 0
        self._is_cut = False
        self._samples = samples
        self.start, self.end = gap.start, gap.end
        if gap.end - gap.start > LONGEST_GAP * 1_000_000:
            self.start = gap.end - LONGEST_GAP * 1_000_000
            self.gap = replace(gap, start=self.start)
            samples.replace(gap, Gap(gap.start, self.start, _TOO_LONG), self.gap)

    @property
    def wants_more(self) -> bool:
        """Return whether the server has more of what may be read."""
        return (self.point is not None or self._is_cut) and self.count < MAX_VALUES

    def take(self, result: ua.HistoryReadResult, asked: int, now: int) -> None:
        """Take in an answer to a request for ``asked`` values; ``wants_more`` says how to go on."""
        status = result.StatusCode.value
        self.point, self._is_cut = None, False
        if quality_of(status) is Quality.BAD:
            self.explain(f"the machine does not tell its history: {describe_status(status)}")
            return
        data = result.HistoryData
        values = (data.DataValues if isinstance(data, ua.HistoryData) else None) or ()
        self.count += len(values)
        past = [past_value(self.binding, sample(value), now) for value in values]
        if result.ContinuationPoint and values:
            self.point = result.ContinuationPoint
        elif len(values) >= asked and (newest := max(map(time_of, past))) > self.start:
            # Some servers cut what is too much and do not say so: go on where the answer ends.
            self.start, self._is_cut = newest, True
        left = None
        if self.point is not None or self._is_cut:
            left = _TOO_MANY if self.count >= MAX_VALUES else _BEING_READ
        if self.gap is not None:
            self.gap = self._samples.fill(self.gap, past, left=left)

    def explain(self, reason: str) -> None:
        """Say why what is left could not be filled."""
        if self.gap is not None:
            explained = replace(self.gap, reason=reason)
            self._samples.replace(self.gap, explained)
            self.gap = explained


def past_value(binding: Binding, past: Sample, received: int) -> LiveValue:
    """Return a value that a machine remembered, as it would have been shown live."""
    status = past.status_code
    quality, time = quality_of(status), past.source_timestamp
    if quality is Quality.BAD:
        return LiveValue(None, quality, status, time, received)
    try:
        return LiveValue(converted_value(binding, past.value), quality, status, time, received)
    except ConversionError:
        return LiveValue(None, Quality.BAD, BAD_CONFIGURATION_ERROR, time, received)


def _batches(reads: Iterable[_Read], size: int) -> Iterator[list[_Read]]:
    """Yield what is asked for together: gaps of about the same time, since all get one span."""
    batch: list[_Read] = []
    first = last = 0
    for read in sorted(reads, key=lambda each: (each.end - each.start, each.start)):
        if batch:
            first, last = min(first, read.start), max(last, read.end)
            shortest = batch[0].end - batch[0].start
            if len(batch) >= size or last - first > 2 * shortest + _TOGETHER:
                yield batch
                batch = []
        if not batch:
            first, last = read.start, read.end
        batch.append(read)
    if batch:
        yield batch


async def _read_batch(
    session: OpcUaSession, batch: Sequence[_Read], clock: Clock, until: float
) -> None:
    end = to_datetime(max(read.end for read in batch))
    values = max(1, VALUES_PER_CALL // len(batch))
    wanted = list(batch)
    start = end
    try:
        while wanted and clock.monotonic() < until:
            start = to_datetime(min(read.start for read in wanted))
            nodes = [(read.facts.node_id, read.point) for read in wanted]
            results = await session.read_past(nodes, start, end, values=values)
            for read, result in zip(wanted, results, strict=True):
                read.take(result, values, clock.now())
            wanted = [read for read in wanted if read.wants_more]
        for read in wanted:
            read.explain(_NO_TIME)
    finally:
        points = [(read.facts.node_id, read.point) for read in batch if read.point]
        if points:
            # A server keeps few of them, and keeps them until somebody gives them up.
            with contextlib.suppress(OSError, TimeoutError, UaError):
                await session.read_past(points, start, end, values=1, release=True)

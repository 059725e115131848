"""Checkpoints: the last values in the store, so that a restart shows what was known, and since
when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Final

import structlog

from aas_server.errors import StoreUnavailable
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.records import decode_record, encode_record
from aas_server.metamodel.id_short_path import format_id_short_path
from aas_server.store.protocol import Store, StoredValue

log = structlog.get_logger(__name__)

AT_ONCE: Final = 5000
"""Values in one transaction at most: documents that are written meanwhile wait for it."""

STOP_TIMEOUT: Final = 2.0
"""Seconds that the store gets for the last values of all; a stuck one must not hold up the end."""

_TURN: Final = 500
"""Values after which the event loop turns to others: one or two milliseconds."""

_FAREWELL: Final = 0.5
"""Seconds that a task which is cancelled gets to end."""


class Checkpoints:
    """Keeps the last usable value of every point that changed, every ``interval`` seconds and once
    more at the end.

    However often a point changes, what is remembered of it is that it did. ``restore`` shows the
    values again after a restart. When the store fails, that is told once, and what changed is kept
    later.
    """

    def __init__(self, store: Store, hub: LiveHub, *, interval: float) -> None:
        self._store = store
        self._hub = hub
        self._interval = interval
        self._changed: set[LivePoint] = set()
        # The hub calls it once a batch and it must cost next to nothing: the set's own method.
        self._listener = self._changed.update
        self._unfit: set[LivePoint] = set()
        self._is_failing = False
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def restore(self, points: Iterable[LivePoint]) -> None:
        """Let ``points``, whose sources have not spoken yet, show what is kept of their values.

        What does not fit the element any more is dropped, and logged. When the store fails they
        stay as they are.
        """
        wanted = {_key(point): point for point in points}
        if not wanted:
            return
        try:
            kept = await self._store.last_values(sorted({submodel for submodel, _ in wanted}))
        except StoreUnavailable as error:
            log.warning("last values not shown", reason=error.text)
            return
        restored = 0
        for each in kept:
            point = wanted.get((each.submodel_id, each.path))
            if point is not None:
                try:
                    last = decode_record(point.sink, each.body)
                except ValueError as error:
                    log.warning("last value dropped", sink=point.sink.name, reason=str(error))
                else:
                    restored += self._hub.restore(point, last)
        if restored:
            log.info("last values restored", restored=restored, points=len(wanted))

    def start(self) -> None:
        """Begin to keep what changes from now on."""
        self._hub.add_listener(self._listener)
        self._task = asyncio.create_task(self._run(), name="checkpoints")
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Keep what has changed and end; takes little more than two seconds at most."""
        task, self._task = self._task, None
        if task is None:
            return
        self._hub.remove_listener(self._listener)
        self._stopping.set()
        _, late = await asyncio.wait([task], timeout=STOP_TIMEOUT)
        if late:
            log.warning("last values not all kept", reason="the store takes too long")
            task.cancel()
            await asyncio.wait([task], timeout=_FAREWELL)

    async def _run(self) -> None:
        is_last = False
        while not is_last:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._stopping.wait()
            is_last = self._stopping.is_set()
            await self._keep()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell that nothing is kept any more: only a defect ends the task before ``stop``."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("last values are kept no more, restart the server", exc_info=error)

    async def _keep(self) -> None:
        points = list(self._changed)
        self._changed.clear()
        for start in range(0, len(points), AT_ONCE):
            records = await self._records(points[start : start + AT_ONCE])
            if not records:
                continue
            try:
                await self._store.save_values(records)
            except StoreUnavailable as error:
                self._changed.update(points[start:])
                if not self._is_failing:
                    log.warning("last values not kept, tried again", reason=error.text)
                self._is_failing = True
                return
            if self._is_failing:
                log.info("last values kept again")
            self._is_failing = False

    async def _records(self, points: Sequence[LivePoint]) -> list[StoredValue]:
        """Return the values of ``points`` that are worth keeping, in an order that is the same for
        all servers, so that two of them on one database wait for each other but never in a circle.
        """
        records: list[StoredValue] = []
        for number, point in enumerate(points):
            if number % _TURN == 0:
                await asyncio.sleep(0)
            record = self._record(point)
            if record is not None:
                records.append(record)
        return sorted(records, key=attrgetter("submodel_id", "path"))

    def _record(self, point: LivePoint) -> StoredValue | None:
        if point.current.value is None or point.is_restored:
            return None
        found = self._hub.find(point.sink.submodel_id, point.sink.path)
        if found is None or found[0] is not point:
            return None  # It feeds the element no more, and another point may.
        try:
            return StoredValue(*_key(point), encode_record(point.sink, point.current))
        except ValueError as error:
            if point not in self._unfit:
                log.warning("last value not kept", sink=point.sink.name, reason=str(error))
                self._unfit.add(point)
            return None


def _key(point: LivePoint) -> tuple[str, str]:
    return point.sink.submodel_id, format_id_short_path(point.sink.path)

"""Keeping jobs in the store: that they go on, how they ended, and what other servers say of
theirs.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog

from aas_server.clock import Clock
from aas_server.errors import StoreDamaged, StoreUnavailable
from aas_server.operations.job import UNDER_WAY, Job, JobState, Outcome, WorkLost
from aas_server.operations.records import JsonCodec, decode_outcome
from aas_server.store.protocol import Store, StoredJob

log = structlog.get_logger(__name__)

T = TypeVar("T")

INTERVAL: Final = 5.0
"""Seconds between two moments at which a server tells that its work goes on."""

SILENCE: Final = 30.0
"""Seconds of silence after which other servers take it that a server has stopped."""

STOP_TIMEOUT: Final = 2.0
"""Seconds that the store gets for the ends of all; a stuck one must not hold up the end."""

_RETRY: Final = 1.0
"""Seconds until a store that failed is tried again."""
_FAREWELL: Final = 0.5
"""Seconds that a task which is cancelled gets to end."""
_LONGEST: Final = 100 * 366 * 86_400.0


@dataclass(slots=True, eq=False)
class KeptJob:
    """A job of this server that is under way, or has ended and is not in the store as that yet.

    ``body`` is its record. ``touched`` is when it was last stored as under way, in monotonic
    seconds, ``ended`` when the work ended, in microseconds since the epoch.
    """

    job: Job[Any]
    body: bytes
    touched: float
    outcome: Outcome[Any] | None = None
    ended: int = 0


class JobKeeper:
    """Keeps the jobs of one server in ``store``, ended ones for ``keep`` seconds, and finds those
    of the others there.

    One task stores them all: ends at once, and every ``interval`` seconds that the others go on.
    When the store fails, that is told once, and tried again until the jobs have expired.
    """

    def __init__(self, clock: Clock, store: Store, *, keep: float, interval: float) -> None:
        self._clock = clock
        self._store = store
        self._keep = _microseconds(min(keep, _LONGEST))
        self._interval = interval
        self._kept: dict[str, KeptJob] = {}
        self._failed_at = float("-inf")
        self._is_failing = False
        self._is_last_round = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many jobs are in memory."""
        return len(self._kept)

    async def announce(self, job: Job[Any], body: bytes) -> KeptJob:
        """Store that ``job`` is under way, of which ``body`` is the record; raises
        ``StoreUnavailable``.
        """
        kept = KeptJob(job, body, self._clock.monotonic())
        try:
            await self._store.save_job(self._stored(kept))
        except StoreUnavailable:
            self._failed_at = self._clock.monotonic()
            raise
        return kept

    def begin(self, kept: KeptJob) -> None:
        """Keep what was announced from now on."""
        self._kept[kept.job.handle] = kept
        self._wake_task()

    def end(self, kept: KeptJob, outcome: Outcome[Any], body: bytes) -> None:
        """Store how a job ended, of which ``body`` is the record.

        The job shows it as soon as the store has it, so that no two servers say different things,
        or when the store fails.
        """
        kept.outcome, kept.body, kept.ended = outcome, body, self._clock.now()
        self._wake_task()

    async def find(self, handle: str, *, owner: str, codec: JsonCodec[T]) -> Job[T] | None:
        """Return the job of ``owner`` with this handle, or None; raises ``StoreUnavailable``."""
        kept = self._kept.get(handle)
        if kept is not None:
            return kept.job if kept.job.owner == owner and not self._is_over(kept) else None
        try:
            stored = await self._store.find_job(handle)
        except StoreUnavailable:
            self._failed_at = self._clock.monotonic()
            raise
        if stored is None or stored.owner != owner or stored.expires <= self._clock.now():
            return None
        job: Job[T] = Job(handle, owner)
        job.show(self._outcome(stored, codec))
        return job

    async def stop(self) -> None:
        """Store what has ended and end; takes little more than ``STOP_TIMEOUT`` at most."""
        self._is_last_round = True
        self._wake.set()
        if self._task is None:
            return
        _, late = await asyncio.wait([self._task], timeout=STOP_TIMEOUT)
        if late:
            log.warning("ends of jobs not all stored", reason="the store takes too long")
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_FAREWELL)

    def _outcome(self, stored: StoredJob, codec: JsonCodec[T]) -> Outcome[T]:
        try:
            outcome = decode_outcome(stored.body, codec)
        except ValueError as error:
            raise StoreDamaged(
                f"what is stored of the job {stored.handle} cannot be read ({error}): look at what "
                "it was to do, and begin it anew if that is not done"
            ) from error
        if outcome.state in UNDER_WAY and self._is_lost(stored):
            return Outcome(JobState.FAILED, error=WorkLost())
        return outcome

    def _is_lost(self, stored: StoredJob) -> bool:
        """Return whether the server of a job that is under way has stopped."""
        if not self._store.is_shared:
            return True
        silent = self._clock.now() - stored.touched
        # While the store failed here, the other server may not have reached it either.
        usable = self._clock.monotonic() - self._failed_at
        return min(silent / 1_000_000, usable) > SILENCE

    def _wake_task(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="keeping jobs")
            self._task.add_done_callback(_tell_defect)
        self._wake.set()

    async def _run(self) -> None:
        is_last = False
        while not is_last:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()
            self._wake.clear()
            is_last = self._is_last_round
            await self._store_due()

    def _pause(self) -> float | None:
        if not self._kept:
            return None
        return min(self._interval, _RETRY) if self._is_failing else self._interval

    async def _store_due(self) -> None:
        """Store what has ended, and that the rest goes on unless that was stored just now."""
        now = self._clock.monotonic()
        due = now - self._interval / 2
        ended = [each for each in self._kept.values() if each.outcome is not None]
        running = [
            each for each in self._kept.values() if each.outcome is None and each.touched <= due
        ]
        if not ended and not running:
            return
        try:
            await self._store.save_jobs([self._stored(each) for each in (*ended, *running)])
        except StoreUnavailable as error:
            self._fail(error)
            self._forget([each for each in ended if self._is_over(each)])
        else:
            self._recover()
            self._forget(ended)
            for each in running:
                each.touched = now
        finally:
            for each in ended:
                if each.outcome is not None:
                    each.job.show(each.outcome)

    def _stored(self, kept: KeptJob) -> StoredJob:
        job, now = kept.job, self._clock.now()
        if kept.outcome is None:
            # When nothing more is heard of it, that can be told for as long as a result.
            expires = now + _microseconds(SILENCE) + self._keep
            return StoredJob(job.handle, job.owner, kept.body, now, expires)
        return StoredJob(job.handle, job.owner, kept.body, kept.ended, kept.ended + self._keep)

    def _is_over(self, kept: KeptJob) -> bool:
        """Return whether the result of a job has been there for its time."""
        return kept.outcome is not None and kept.ended + self._keep <= self._clock.now()

    def _forget(self, some: list[KeptJob]) -> None:
        for each in some:
            del self._kept[each.job.handle]

    def _fail(self, error: StoreUnavailable) -> None:
        self._failed_at = self._clock.monotonic()
        if not self._is_failing:
            log.warning("jobs not stored, tried again", reason=error.text)
        self._is_failing = True

    def _recover(self) -> None:
        if self._is_failing:
            log.info("jobs stored again")
        self._is_failing = False


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _tell_defect(task: asyncio.Task[None]) -> None:
    """Tell that jobs are not stored; the next one that begins or ends is another attempt."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("jobs not stored", exc_info=error)

"""Jobs: work that goes on after its request was answered, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog

from aas_server.clock import Clock
from aas_server.errors import AasError, NotFound
from aas_server.operations.job import Job, JobRefused, JobState, Outcome, WorkFailed
from aas_server.operations.job_keeping import INTERVAL, JobKeeper, KeptJob
from aas_server.operations.records import JsonCodec, encode_outcome
from aas_server.store.protocol import Store

log = structlog.get_logger(__name__)

T = TypeVar("T")

STOP_TIMEOUT: Final = 2.0
"""Seconds that cancelled work gets to end when the server stops."""

_NOTHING: Final = JsonCodec(type(None))
_RUNNING: Final[Outcome[None]] = Outcome(JobState.RUNNING)
_CANCELED: Final[Outcome[None]] = Outcome(JobState.CANCELED)


class Jobs:
    """The jobs of one server: each in a task of its own, each result kept for ``keep`` seconds.

    What becomes of them stands in ``store``: the other servers on it tell it too, and this one
    after a restart. In memory are those that are under way, ``most`` at the same time; beyond that
    no more is taken on. Every ``interval`` seconds the store hears that they go on: a job of whose
    server nothing was heard for half a minute has failed, so the servers' clocks must not differ by
    as much.
    """

    def __init__(
        self,
        clock: Clock,
        store: Store,
        *,
        keep: float = 3600.0,
        most: int = 10_000,
        interval: float = INTERVAL,
    ) -> None:
        self._clock = clock
        self._keep = keep
        self._most = most
        self._keeper = JobKeeper(clock, store, keep=keep, interval=interval)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._starting = 0
        self._is_stopped = False

    async def start(
        self,
        work: Callable[[], Awaitable[T]],
        *,
        owner: str,
        codec: JsonCodec[T],
        timeout: float | None = None,  # noqa: ASYNC109 - it is the work's time, not this call's
    ) -> Job[T]:
        """Begin ``work`` and return its job once the store knows of it; after ``timeout`` seconds
        it is cancelled.

        ``codec`` is for what the work returns. An ``AasError`` that it raises becomes the job's
        error, and so does a defect, which is logged. Raises ``JobRefused`` and
        ``StoreUnavailable``; then nothing was begun.
        """
        self._require_running()
        if len(self._keeper) + self._starting >= self._most:
            raise JobRefused(f"{self._most} jobs are under way already: try again later")
        job: Job[T] = Job(self._clock.new_id(), owner)
        self._starting += 1
        try:
            kept = await self._keeper.announce(job, encode_outcome(_RUNNING, _NOTHING))
        finally:
            self._starting -= 1
        self._require_running()
        running = self._run(job, work, codec, asyncio.timeout(timeout))
        task = asyncio.create_task(running, name=f"job {job.handle}")
        self._tasks.add(task)
        self._keeper.begin(kept)
        task.add_done_callback(lambda task: self._ended(kept, task))
        return job

    async def find(self, handle: str, *, owner: str, codec: JsonCodec[T]) -> Job[T]:
        """Return the job ``handle`` of ``owner``, whichever server carries it out; ``codec`` is
        that of its start.

        Raises ``NotFound`` when there is none any more, ``StoreUnavailable``.
        """
        job = await self._keeper.find(handle, owner=owner, codec=codec)
        if job is None:
            raise NotFound(
                "there is no such handle here; a result is kept for "
                f"{self._keep:g} s after the work has ended",
                path="handleId",
            )
        return job

    async def stop(self) -> None:
        """Cancel what is under way, wait for its end, store that, and take on nothing more.

        Takes few seconds, whatever the work and the store do.
        """
        self._is_stopped = True
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=STOP_TIMEOUT)
            for task in stubborn:
                log.error("work goes on though it was cancelled", task=task.get_name())
        await self._keeper.stop()

    def _require_running(self) -> None:
        if self._is_stopped:
            raise JobRefused("the server is about to stop and begins nothing new")

    async def _run(
        self,
        job: Job[T],
        work: Callable[[], Awaitable[T]],
        codec: JsonCodec[T],
        scope: asyncio.Timeout,
    ) -> tuple[Outcome[T], bytes]:
        """Return how the work ended, and the record of that."""
        job.show(Outcome(JobState.RUNNING))
        outcome: Outcome[T]
        try:
            async with scope:
                outcome = Outcome(JobState.COMPLETED, await work())
        except AasError as error:
            outcome = Outcome(JobState.FAILED, error=error)
        except Exception as error:
            if isinstance(error, TimeoutError) and scope.expired():
                outcome = Outcome(JobState.TIMEOUT)
            else:
                outcome = Outcome(JobState.FAILED, error=self._defect(job, error))
        try:
            return outcome, encode_outcome(outcome, codec)
        except Exception as error:
            # What cannot be told by every server is told by none.
            outcome = Outcome(JobState.FAILED, error=self._defect(job, error))
            return outcome, encode_outcome(outcome, codec)

    def _defect(self, job: Job[Any], error: Exception) -> WorkFailed:
        correlation_id = self._clock.new_id()
        log.error("job failed", owner=job.owner, correlation_id=correlation_id, exc_info=error)
        return WorkFailed(correlation_id)

    def _ended(self, kept: KeptJob, task: asyncio.Task[tuple[Outcome[Any], bytes]]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._keeper.end(kept, _CANCELED, encode_outcome(_CANCELED, _NOTHING))
        else:
            self._keeper.end(kept, *task.result())

"""Jobs: work that goes on after its request was answered, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

import structlog

from aas_server.clock import Clock
from aas_server.errors import AasError, NotFound

log = structlog.get_logger(__name__)

T = TypeVar("T")

STOP_TIMEOUT: Final = 2.0
"""Seconds that cancelled work gets to end when the server stops."""


class JobState(StrEnum):
    """How far a job is, as ``executionState`` names it (IDTA-01002, ExecutionState)."""

    INITIATED = "Initiated"
    RUNNING = "Running"
    COMPLETED = "Completed"
    CANCELED = "Canceled"
    FAILED = "Failed"
    TIMEOUT = "Timeout"


_UNDER_WAY: Final = frozenset({JobState.INITIATED, JobState.RUNNING})


class JobRefused(AasError):
    """No more work is taken on now: too much is under way, or the server is about to stop."""

    code = "TooManyJobs"


class WorkFailed(AasError):
    """Work that ended with a defect; the log has it under ``correlation_id``."""

    code = "InternalServerError"

    def __init__(self, correlation_id: str) -> None:
        super().__init__(
            f"the server failed; its log tells more under the correlation id {correlation_id}"
        )
        self.correlation_id = correlation_id


class Job(Generic[T]):
    """One piece of work: ``result`` is what it returned, ``error`` why it failed.

    Both are None while it is under way; a job that was cancelled or took too long has neither.
    ``owner`` is whose job it is: the resource through which it was started.
    """

    __slots__ = ("_ended", "ended_at", "error", "handle", "owner", "result", "state")

    def __init__(self, handle: str, owner: str) -> None:
        self.handle: Final = handle
        self.owner: Final = owner
        self.state = JobState.INITIATED
        self.result: T | None = None
        self.error: AasError | None = None
        self.ended_at: float | None = None
        self._ended = asyncio.Event()

    @property
    def finished(self) -> bool:
        """Return whether the work is over, however it ended."""
        return self.state not in _UNDER_WAY

    async def wait(self) -> None:
        """Return once the work is over."""
        await self._ended.wait()

    def end(self, state: JobState, moment: float) -> None:
        """Set how the work ended and when (monotonic seconds)."""
        self.state = state
        self.ended_at = moment
        self._ended.set()


class Jobs:
    """The jobs of one server: each in a task of its own, each result kept for ``keep`` seconds.

    There are ``most`` jobs at the same time: beyond that the oldest finished ones go first, and
    when all of them run, no more is taken on.
    """

    def __init__(self, clock: Clock, *, keep: float = 3600.0, most: int = 10_000) -> None:
        self._clock = clock
        self._keep = keep
        self._most = most
        self._running: dict[str, tuple[Job[Any], asyncio.Task[JobState]]] = {}
        self._finished: dict[str, Job[Any]] = {}
        self._stopped = False

    def start(
        self, work: Callable[[], Awaitable[T]], *, owner: str, timeout: float | None = None
    ) -> Job[T]:
        """Begin ``work`` and return its job at once; after ``timeout`` seconds it is cancelled.

        An ``AasError`` that the work raises becomes the job's error, and so does a defect, which is
        logged. Raises ``JobRefused``.
        """
        if self._stopped:
            raise JobRefused("the server is about to stop and begins nothing new")
        self._make_room()
        job: Job[T] = Job(self._clock.new_id(), owner)
        running = self._run(job, work, asyncio.timeout(timeout))
        task = asyncio.create_task(running, name=f"job {job.handle}")
        self._running[job.handle] = job, task
        task.add_done_callback(lambda task: self._ended(job, task))
        return job

    def find(self, handle: str, *, owner: str) -> Job[Any]:
        """Return the job ``handle`` of ``owner``; raises ``NotFound`` when there is none any
        more.
        """
        self._forget_expired()
        running = self._running.get(handle)
        job = running[0] if running else self._finished.get(handle)
        if job is None or job.owner != owner:
            raise NotFound(
                "there is no such handle here; a result is kept for "
                f"{self._keep:g} s after the work has ended",
                path="handleId",
            )
        return job

    async def stop(self) -> None:
        """Cancel what is under way, wait for its end, and take on nothing more."""
        self._stopped = True
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=STOP_TIMEOUT)
            for task in stubborn:
                log.error("work goes on though it was cancelled", task=task.get_name())

    async def _run(
        self, job: Job[T], work: Callable[[], Awaitable[T]], scope: asyncio.Timeout
    ) -> JobState:
        job.state = JobState.RUNNING
        try:
            async with scope:
                job.result = await work()
        except AasError as error:
            job.error = error
        except Exception as error:
            if isinstance(error, TimeoutError) and scope.expired():
                return JobState.TIMEOUT
            job.error = self._defect(job, error)
        return JobState.COMPLETED if job.error is None else JobState.FAILED

    def _defect(self, job: Job[Any], error: Exception) -> WorkFailed:
        correlation_id = self._clock.new_id()
        log.error("job failed", owner=job.owner, correlation_id=correlation_id, exc_info=error)
        return WorkFailed(correlation_id)

    def _ended(self, job: Job[Any], task: asyncio.Task[JobState]) -> None:
        job.end(JobState.CANCELED if task.cancelled() else task.result(), self._clock.monotonic())
        del self._running[job.handle]
        self._forget_expired()
        self._finished[job.handle] = job

    def _make_room(self) -> None:
        self._forget_expired()
        if len(self._running) >= self._most:
            raise JobRefused(f"{self._most} jobs are under way already: try again later")
        while len(self._running) + len(self._finished) >= self._most:
            del self._finished[next(iter(self._finished))]

    def _forget_expired(self) -> None:
        oldest = self._clock.monotonic() - self._keep
        while self._finished:
            handle, job = next(iter(self._finished.items()))
            if job.ended_at is not None and job.ended_at > oldest:
                return
            del self._finished[handle]

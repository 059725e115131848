"""One job: how far it is, how it ended, and the errors that only jobs have."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from aas_server.errors import AasError, Conflict

T = TypeVar("T")


class JobState(StrEnum):
    """How far a job is, as ``executionState`` names it (IDTA-01002, ExecutionState)."""

    INITIATED = "Initiated"
    RUNNING = "Running"
    COMPLETED = "Completed"
    CANCELED = "Canceled"
    FAILED = "Failed"
    TIMEOUT = "Timeout"


UNDER_WAY: Final = frozenset({JobState.INITIATED, JobState.RUNNING})
"""The states in which there is no outcome yet."""


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


class WorkLost(Conflict):
    """Work that was under way when its server stopped."""

    code = "WorkLost"

    def __init__(self) -> None:
        super().__init__(
            "the server that carried it out has stopped: whether the work was done is not known"
        )


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """How far work came: ``result`` is what it returned, ``error`` why it failed; work that was
    cancelled or took too long has neither.
    """

    state: JobState
    result: T | None = None
    error: AasError | None = None


class Job(Generic[T]):
    """One piece of work: ``result`` is what it returned, ``error`` why it failed.

    Both are None while it is under way; a job that was cancelled or took too long has neither.
    ``owner`` is whose job it is: the resource through which it was started.
    """

    __slots__ = ("_ended", "error", "handle", "owner", "result", "state")

    def __init__(self, handle: str, owner: str) -> None:
        self.handle: Final = handle
        self.owner: Final = owner
        self.state = JobState.INITIATED
        self.result: T | None = None
        self.error: AasError | None = None
        self._ended = asyncio.Event()

    @property
    def finished(self) -> bool:
        """Return whether the work is over, however it ended."""
        return self.state not in UNDER_WAY

    async def wait(self) -> None:
        """Return once the work is over; only a job that this very server carries out tells."""
        await self._ended.wait()

    def show(self, outcome: Outcome[T]) -> None:
        """Set how far the work is, or how it ended."""
        self.state, self.result, self.error = outcome.state, outcome.result, outcome.error
        if self.finished:
            self._ended.set()

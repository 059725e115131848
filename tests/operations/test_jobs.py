from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog
from structlog.testing import LogCapture

from aas_server.clock import SystemClock
from aas_server.errors import BadRequest, NotFound
from aas_server.operations.jobs import JobRefused, Jobs, JobState, WorkFailed
from tests.support.clock import FakeClock

OWNER = "urn:example:submodel/Start"


@pytest.fixture
async def jobs(clock: FakeClock) -> AsyncIterator[Jobs]:
    jobs = Jobs(clock, keep=60.0, most=3)
    yield jobs
    await jobs.stop()


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    capture = LogCapture()
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[capture])
    yield capture
    structlog.configure(processors=before)


async def nothing() -> str:
    return "done"


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_job_is_initiated_then_runs_then_has_its_result(jobs: Jobs) -> None:
    go_on = asyncio.Event()

    async def work() -> int:
        await go_on.wait()
        return 42

    job = jobs.start(work, owner=OWNER)
    assert (job.state, job.finished) == (JobState.INITIATED, False)
    await asyncio.sleep(0)
    assert jobs.find(job.handle, owner=OWNER).state is JobState.RUNNING
    go_on.set()
    await job.wait()
    found = jobs.find(job.handle, owner=OWNER)
    assert (found.state, found.result, found.error) == (JobState.COMPLETED, 42, None)


async def test_a_failure_that_the_user_understands_is_the_error_of_the_job(jobs: Jobs) -> None:
    async def work() -> None:
        raise BadRequest("no such colour", path="inputArguments[0].value")

    job = jobs.start(work, owner=OWNER)
    await job.wait()
    assert job.state is JobState.FAILED
    assert isinstance(job.error, BadRequest)


async def test_a_defect_is_logged_under_the_correlation_id_that_the_job_tells(
    jobs: Jobs, logged: LogCapture
) -> None:
    async def work() -> None:
        raise ZeroDivisionError("secret detail")

    job = jobs.start(work, owner=OWNER)
    await job.wait()
    assert job.state is JobState.FAILED
    assert isinstance(job.error, WorkFailed)
    assert job.error.correlation_id in job.error.text
    assert "secret" not in job.error.text
    (entry,) = logged.entries
    assert entry["correlation_id"] == job.error.correlation_id
    assert isinstance(entry["exc_info"], ZeroDivisionError)


async def test_work_that_takes_too_long_is_cancelled_and_its_end_awaited(jobs: Jobs) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            ended.set()

    job = jobs.start(work, owner=OWNER, timeout=0.01)
    await job.wait()
    assert (job.state, job.result, job.error) == (JobState.TIMEOUT, None, None)
    assert ended.is_set()


async def test_a_timeout_inside_the_work_is_a_defect_and_no_timeout_of_the_job(
    jobs: Jobs, logged: LogCapture
) -> None:
    async def work() -> None:
        raise TimeoutError

    job = jobs.start(work, owner=OWNER, timeout=60)
    await job.wait()
    assert job.state is JobState.FAILED
    assert logged.entries


async def test_a_job_is_found_by_its_owner_only(jobs: Jobs) -> None:
    job = jobs.start(nothing, owner=OWNER)
    with pytest.raises(NotFound, match="no such handle"):
        jobs.find(job.handle, owner="urn:example:submodel/Stop")
    with pytest.raises(NotFound):
        jobs.find("f" * 32, owner=OWNER)


async def test_a_result_is_forgotten_after_its_time_but_running_work_is_not(
    jobs: Jobs, clock: FakeClock
) -> None:
    done, running = jobs.start(nothing, owner=OWNER), jobs.start(forever, owner=OWNER)
    await done.wait()
    clock.advance(59)
    assert jobs.find(done.handle, owner=OWNER) is done
    clock.advance(1)
    with pytest.raises(NotFound, match="60 s"):
        jobs.find(done.handle, owner=OWNER)
    assert jobs.find(running.handle, owner=OWNER) is running


async def test_the_oldest_result_makes_room_for_new_work(jobs: Jobs) -> None:
    finished = []
    for _ in range(3):
        job = jobs.start(nothing, owner=OWNER)
        await job.wait()
        finished.append(job)
    await asyncio.sleep(0)
    jobs.start(forever, owner=OWNER)
    with pytest.raises(NotFound):
        jobs.find(finished[0].handle, owner=OWNER)
    assert jobs.find(finished[1].handle, owner=OWNER) is finished[1]


async def test_work_is_refused_while_as_much_as_may_be_is_under_way(jobs: Jobs) -> None:
    under_way = [jobs.start(forever, owner=OWNER) for _ in range(3)]
    with pytest.raises(JobRefused, match="3 jobs are under way"):
        jobs.start(nothing, owner=OWNER)
    assert all(jobs.find(job.handle, owner=OWNER) is job for job in under_way)


async def test_stopping_cancels_all_work_even_what_has_not_begun(clock: FakeClock) -> None:
    jobs = Jobs(clock)
    running = jobs.start(forever, owner=OWNER)
    await asyncio.sleep(0)
    begun = jobs.start(forever, owner=OWNER)
    await jobs.stop()
    assert running.state is begun.state is JobState.CANCELED
    with pytest.raises(JobRefused, match="stop"):
        jobs.start(nothing, owner=OWNER)


async def test_handles_cannot_be_guessed_from_one_another() -> None:
    jobs = Jobs(SystemClock())
    handles = {jobs.start(nothing, owner=OWNER).handle for _ in range(100)}
    await jobs.stop()
    assert len(handles) == 100
    assert {len(handle) for handle in handles} == {32}
    assert len({handle[:8] for handle in handles}) == 100

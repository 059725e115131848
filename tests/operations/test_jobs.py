from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
import structlog
from structlog.testing import LogCapture

from aas_server.clock import SystemClock
from aas_server.errors import BadRequest, NotFound, StoreDamaged, StoreUnavailable
from aas_server.operations import job_keeping
from aas_server.operations.job import JobRefused, JobState, WorkFailed
from aas_server.operations.jobs import Jobs
from aas_server.store.protocol import StoredJob
from tests.operations.desk import OWNER, Desk, forever, nothing, until
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore


@pytest.fixture
def store(clock: FakeClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
async def desk(clock: FakeClock, store: MemoryStore) -> AsyncIterator[Desk]:
    jobs = Jobs(clock, store, keep=60.0, most=3)
    yield Desk(jobs)
    await jobs.stop()


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    capture = LogCapture()
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[capture])
    yield capture
    structlog.configure(processors=before)


async def test_a_job_is_initiated_then_runs_then_has_its_result(desk: Desk) -> None:
    go_on = asyncio.Event()

    async def work() -> int:
        await go_on.wait()
        return 42

    job = await desk.start(work)
    assert (job.state, job.finished) == (JobState.INITIATED, False)
    await asyncio.sleep(0)
    assert (await desk.find(job.handle)).state is JobState.RUNNING
    go_on.set()
    await job.wait()
    found = await desk.find(job.handle)
    assert (found.state, found.result, found.error) == (JobState.COMPLETED, 42, None)


async def test_a_failure_that_the_user_understands_is_the_error_of_the_job(desk: Desk) -> None:
    async def work() -> None:
        raise BadRequest("no such colour", path="inputArguments[0].value")

    job = await desk.start(work)
    await job.wait()
    assert job.state is JobState.FAILED
    assert isinstance(job.error, BadRequest)


async def test_a_defect_is_logged_under_the_correlation_id_that_the_job_tells(
    desk: Desk, logged: LogCapture
) -> None:
    async def work() -> None:
        raise ZeroDivisionError("secret detail")

    job = await desk.start(work)
    await job.wait()
    assert job.state is JobState.FAILED
    assert isinstance(job.error, WorkFailed)
    assert job.error.correlation_id in job.error.text
    assert "secret" not in job.error.text
    (entry,) = logged.entries
    assert entry["correlation_id"] == job.error.correlation_id
    assert isinstance(entry["exc_info"], ZeroDivisionError)


async def test_work_that_takes_too_long_is_cancelled_and_its_end_awaited(desk: Desk) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            ended.set()

    job = await desk.start(work, timeout=0.01)
    await job.wait()
    assert (job.state, job.result, job.error) == (JobState.TIMEOUT, None, None)
    assert ended.is_set()


async def test_a_timeout_inside_the_work_is_a_defect_and_no_timeout_of_the_job(
    desk: Desk, logged: LogCapture
) -> None:
    async def work() -> None:
        raise TimeoutError

    job = await desk.start(work, timeout=60)
    await job.wait()
    assert job.state is JobState.FAILED
    assert logged.entries


async def test_a_job_is_found_by_its_owner_only(desk: Desk) -> None:
    job = await desk.start(nothing)
    with pytest.raises(NotFound, match="no such handle"):
        await desk.find(job.handle, "urn:example:submodel/Stop")
    with pytest.raises(NotFound):
        await desk.find("f" * 32)


async def test_a_result_is_forgotten_after_its_time_but_running_work_is_not(
    desk: Desk, clock: FakeClock
) -> None:
    done, running = await desk.start(nothing), await desk.start(forever)
    await done.wait()
    clock.advance(59)
    assert (await desk.find(done.handle)).result == "done"
    clock.advance(1)
    with pytest.raises(NotFound, match="60 s"):
        await desk.find(done.handle)
    assert await desk.find(running.handle) is running


async def test_a_result_makes_room_for_new_work_and_is_still_found(desk: Desk) -> None:
    finished = []
    for _ in range(5):
        job = await desk.start(nothing)
        await job.wait()
        finished.append(job)
    for job in finished:
        found = await desk.find(job.handle)
        assert (found.state, found.result) == (JobState.COMPLETED, "done")
        assert found is not job  # The store has it, the memory need not.


async def test_work_is_refused_while_as_much_as_may_be_is_under_way(desk: Desk) -> None:
    under_way = [await desk.start(forever) for _ in range(3)]
    with pytest.raises(JobRefused, match="3 jobs are under way"):
        await desk.start(nothing)
    assert [await desk.find(job.handle) for job in under_way] == under_way


async def test_what_is_about_to_be_under_way_counts_too(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.start(forever) for _ in range(5)), return_exceptions=True)
    assert [type(each).__name__ for each in answers].count("JobRefused") == 2


async def test_stopping_cancels_all_work_even_what_has_not_begun(
    clock: FakeClock, store: MemoryStore
) -> None:
    desk = Desk(Jobs(clock, store))
    running = await desk.start(forever)
    await asyncio.sleep(0)
    begun = await desk.start(forever)
    await desk.jobs.stop()
    assert running.state is begun.state is JobState.CANCELED
    with pytest.raises(JobRefused, match="stop"):
        await desk.start(nothing)
    restarted = Desk(Jobs(clock, store))
    for job in (running, begun):
        found = await restarted.find(job.handle)
        assert (found.state, found.result, found.error) == (JobState.CANCELED, None, None)


async def test_what_ended_just_before_the_stop_keeps_its_result(
    clock: FakeClock, store: MemoryStore
) -> None:
    desk = Desk(Jobs(clock, store))
    job = await desk.start(nothing)
    await asyncio.sleep(0)
    await desk.jobs.stop()
    assert (await Desk(Jobs(clock, store)).find(job.handle)).result == "done"


async def test_work_is_not_begun_while_the_store_takes_no_jobs(
    desk: Desk, store: MemoryStore
) -> None:
    began: list[str] = []

    async def work() -> None:
        began.append("began")

    store.failure = "disk full"
    with pytest.raises(StoreUnavailable, match="disk full"):
        await desk.start(work)
    await asyncio.sleep(0)
    assert began == []
    store.failure = None
    under_way = [await desk.start(forever) for _ in range(3)]
    assert len(under_way) == 3  # What was refused takes no room.


async def test_an_end_that_the_store_does_not_take_is_known_here_and_stored_later(
    clock: FakeClock, store: MemoryStore, logged: LogCapture
) -> None:
    desk, other = Desk(Jobs(clock, store, interval=0.01)), Desk(Jobs(clock, store))
    go_on = asyncio.Event()

    async def work() -> str:
        await go_on.wait()
        return "done"

    job = await desk.start(work)
    store.failure = "disk full"
    go_on.set()
    await job.wait()
    assert (await desk.find(job.handle)).result == "done"
    await asyncio.sleep(0.05)
    store.failure = None

    async def stored() -> bool:
        return (await other.find(job.handle)).state is JobState.COMPLETED

    await until(stored)
    assert (await other.find(job.handle)).result == "done"
    assert [each["event"] for each in logged.entries] == [
        "jobs not stored, tried again",
        "jobs stored again",
    ]
    await desk.jobs.stop()


async def test_an_end_that_the_store_never_takes_is_forgotten_after_its_time(
    clock: FakeClock, store: MemoryStore
) -> None:
    desk = Desk(Jobs(clock, store, keep=60, most=1, interval=0.01))
    go_on = asyncio.Event()
    job = await desk.start(go_on.wait)
    store.failure = "disk full"
    go_on.set()
    await job.wait()
    assert await desk.find(job.handle) is job
    clock.advance(60)
    with pytest.raises(NotFound):
        await desk.find(job.handle)

    async def there_is_room() -> bool:
        try:
            await desk.start(nothing)
        except JobRefused:
            return False
        except StoreUnavailable:
            return True
        return False

    await until(there_is_room)
    await desk.jobs.stop()


class StuckStore(MemoryStore):
    """Takes announcements of jobs, and then forever to take more."""

    stuck: asyncio.Event | None = None

    async def save_jobs(self, jobs: Sequence[StoredJob]) -> None:
        if self.stuck is not None:
            await self.stuck.wait()
        await super().save_jobs(jobs)


async def test_a_stuck_store_does_not_hold_up_the_stop(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, logged: LogCapture
) -> None:
    monkeypatch.setattr(job_keeping, "STOP_TIMEOUT", 0.05)
    store = StuckStore(clock)
    desk = Desk(Jobs(clock, store))
    job = await desk.start(forever)
    store.stuck = asyncio.Event()
    async with asyncio.timeout(10):
        await desk.jobs.stop()
    assert job.state is JobState.CANCELED
    assert "ends of jobs not all stored" in [each["event"] for each in logged.entries]


async def test_a_job_is_over_for_nobody_before_the_store_knows(clock: FakeClock) -> None:
    store = StuckStore(clock)
    desk = Desk(Jobs(clock, store))
    go_on = asyncio.Event()
    job = await desk.start(go_on.wait)
    store.stuck = asyncio.Event()
    go_on.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (await desk.find(job.handle)).state is JobState.RUNNING
    store.stuck.set()
    await job.wait()
    assert (await desk.find(job.handle)).result is True
    await desk.jobs.stop()


async def test_a_result_that_no_server_could_tell_is_a_defect(
    desk: Desk, logged: LogCapture
) -> None:
    async def work() -> object:
        return object()

    job = await desk.start(work)
    await job.wait()
    assert (job.state, job.result) == (JobState.FAILED, None)
    assert isinstance(job.error, WorkFailed)
    (entry,) = logged.entries
    assert entry["correlation_id"] == job.error.correlation_id


async def test_a_defect_of_the_store_ends_no_jobs_for_good(
    clock: FakeClock, logged: LogCapture
) -> None:
    class DefectiveStore(MemoryStore):
        is_defective = False

        async def save_jobs(self, jobs: Sequence[StoredJob]) -> None:
            if self.is_defective:
                raise ZeroDivisionError
            await super().save_jobs(jobs)

    store = DefectiveStore(clock)
    desk = Desk(Jobs(clock, store))
    go_on = asyncio.Event()
    first = await desk.start(go_on.wait)
    store.is_defective = True
    go_on.set()
    await first.wait()
    await asyncio.sleep(0)
    assert [each["event"] for each in logged.entries] == ["jobs not stored"]
    store.is_defective = False
    second = await desk.start(nothing)
    await second.wait()
    other = Desk(Jobs(clock, store))
    assert (await other.find(first.handle)).result is True
    assert (await other.find(second.handle)).result == "done"
    await desk.jobs.stop()


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"state": "Lost"}', b'{"state": 1}'])
async def test_what_cannot_be_read_is_told(
    desk: Desk, store: MemoryStore, clock: FakeClock, body: bytes
) -> None:
    await store.save_job(StoredJob("h", OWNER, body, clock.now(), clock.now() + 1))
    with pytest.raises(StoreDamaged, match="job h cannot be read"):
        await desk.find("h")
    with pytest.raises(NotFound):
        await desk.find("h", "somebody else")


async def test_results_that_are_kept_for_ever_are_kept_very_long(
    clock: FakeClock, store: MemoryStore
) -> None:
    desk = Desk(Jobs(clock, store, keep=float("inf")))
    job = await desk.start(nothing)
    await job.wait()
    clock.advance(99 * 365 * 86_400)
    assert (await desk.find(job.handle)).result == "done"
    await desk.jobs.stop()


async def test_handles_cannot_be_guessed_from_one_another() -> None:
    clock = SystemClock()
    desk = Desk(Jobs(clock, MemoryStore(clock)))
    handles = {(await desk.start(nothing)).handle for _ in range(100)}
    await desk.jobs.stop()
    assert len(handles) == 100
    assert {len(handle) for handle in handles} == {32}
    assert len({handle[:8] for handle in handles}) == 100

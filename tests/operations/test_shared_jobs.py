"""Jobs of several servers on one store, and of one server before and after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import (
    AasError,
    DeviceRefusedAccess,
    Finding,
    InvalidDocument,
    NotFound,
    StoreUnavailable,
)
from aas_server.operations.job import JobState, WorkFailed, WorkLost
from aas_server.operations.jobs import Jobs
from aas_server.store.postgres import PostgresStore
from aas_server.store.protocol import Store, StoredJob
from aas_server.store.sqlite import SqliteStore
from tests.operations.desk import Desk, forever, nothing, until
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

KEEP = 60.0
SILENCE = 30

NewServer = Callable[..., Desk]


@pytest.fixture(params=["memory", "postgres"])
async def stores(
    request: pytest.FixtureRequest, clock: FakeClock
) -> AsyncIterator[tuple[Store, Store]]:
    """The store as each of two servers has it."""
    if request.param == "memory":
        store = MemoryStore(clock, is_shared=True)
        yield store, store
        return
    address = request.getfixturevalue("postgres_url")
    async with AsyncExitStack() as stack:
        opened = PostgresStore(address, clock), PostgresStore(address, clock)
        for each in opened:
            await each.open()
            stack.push_async_callback(each.close)
        yield opened


@pytest.fixture
async def new_server(clock: FakeClock, stores: tuple[Store, Store]) -> AsyncIterator[NewServer]:
    """Make the jobs of a server over one of the stores; they are stopped at the end."""
    made: list[Desk] = []

    def new(number: int, **options: Any) -> Desk:
        made.append(Desk(Jobs(clock, stores[number], keep=KEEP, **options)))
        return made[-1]

    yield new
    for each in made:
        await each.jobs.stop()


@pytest.fixture
def here(new_server: NewServer) -> Desk:
    return new_server(0, interval=0.01)


@pytest.fixture
def there(new_server: NewServer) -> Desk:
    return new_server(1)


async def test_a_job_is_known_to_every_server_from_the_moment_of_its_handle(
    here: Desk, there: Desk
) -> None:
    go_on = asyncio.Event()

    async def work() -> dict[str, Any]:
        await go_on.wait()
        return {"ü": [1, None]}

    job = await here.start(work)
    found = await there.find(job.handle)
    assert (found.state, found.finished, found.result) == (JobState.RUNNING, False, None)
    go_on.set()
    await job.wait()
    for server in (here, there):
        found = await server.find(job.handle)
        assert (found.state, found.finished) == (JobState.COMPLETED, True)
        assert (found.result, found.error) == ({"ü": [1, None]}, None)


@pytest.mark.parametrize(
    "error",
    [
        InvalidDocument([Finding("AASd-117", "[1].idShort", "is missing"), Finding("x", "", "y")]),
        DeviceRefusedAccess("no", status_code=0x801F0000, status_name="BadUserAccessDenied"),
        StoreUnavailable("away", path="somewhere"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_every_server_tells_the_same_error(here: Desk, there: Desk, error: AasError) -> None:
    async def work() -> None:
        raise error

    job = await here.start(work)
    await job.wait()
    for server in (here, there):
        found = await server.find(job.handle)
        assert found.state is JobState.FAILED
        assert type(found.error) is type(error)
        assert vars(found.error) == vars(error)
        assert str(found.error) == str(error)


async def test_every_server_tells_the_same_correlation_id_of_a_defect(
    here: Desk, there: Desk
) -> None:
    async def work() -> None:
        raise ZeroDivisionError("secret detail")

    job = await here.start(work)
    await job.wait()
    found = await there.find(job.handle)
    assert isinstance(job.error, WorkFailed)
    assert isinstance(found.error, WorkFailed)
    assert found.error.correlation_id == job.error.correlation_id
    assert "secret" not in str(found.error)


async def test_every_server_tells_that_work_took_too_long(here: Desk, there: Desk) -> None:
    job = await here.start(forever, timeout=0.01)
    await job.wait()
    found = await there.find(job.handle)
    assert (found.state, found.result, found.error) == (JobState.TIMEOUT, None, None)


async def test_a_job_is_found_by_its_owner_only_on_every_server(here: Desk, there: Desk) -> None:
    done, running = await here.start(nothing), await here.start(forever)
    await done.wait()
    for job in (done, running):
        for server in (here, there):
            with pytest.raises(NotFound, match="no such handle"):
                await server.find(job.handle, "somebody else")
    for handle in ("", "\0", "x\0y", "ü" * 2000, "f" * 32):
        with pytest.raises(NotFound):
            await there.find(handle)


async def test_a_result_is_forgotten_by_every_server_at_the_same_moment(
    here: Desk, there: Desk, clock: FakeClock
) -> None:
    job = await here.start(nothing)
    await job.wait()
    clock.advance(KEEP - 0.001)
    for server in (here, there):
        assert (await server.find(job.handle)).result == "done"
    clock.advance(0.001)
    for server in (here, there):
        with pytest.raises(NotFound, match="60 s"):
            await server.find(job.handle)


async def test_work_that_goes_on_is_running_on_every_server_for_however_long(
    here: Desk, there: Desk, clock: FakeClock, stores: tuple[Store, Store]
) -> None:
    jobs = [await here.start(forever) for _ in range(3)]
    for _ in range(8):
        clock.advance(SILENCE - 1)

        async def all_touched() -> bool:
            found = [await stores[1].find_job(job.handle) for job in jobs]
            return all(each is not None and each.touched == clock.now() for each in found)

        await until(all_touched)
        await stores[1].tidy()
        for job in jobs:
            assert (await there.find(job.handle)).state is JobState.RUNNING


async def test_a_job_whose_server_has_stopped_is_told_as_failed(
    new_server: NewServer, there: Desk, clock: FakeClock, stores: tuple[Store, Store]
) -> None:
    silent = new_server(0, interval=1e9)
    job = await silent.start(forever)
    clock.advance(SILENCE)
    assert (await there.find(job.handle)).state is JobState.RUNNING
    clock.advance(0.1)
    found = await there.find(job.handle)
    assert (found.state, found.finished, found.result) == (JobState.FAILED, True, None)
    assert isinstance(found.error, WorkLost)
    assert "has stopped" in found.error.text
    assert await silent.find(job.handle) is job
    assert not job.finished  # It knows better.
    clock.advance(KEEP - 1)
    await stores[1].tidy()
    assert (await there.find(job.handle)).state is JobState.FAILED
    clock.advance(2)
    with pytest.raises(NotFound):
        await there.find(job.handle)


async def test_a_server_that_is_stopped_tells_the_others_that_its_work_was_cancelled(
    here: Desk, there: Desk
) -> None:
    jobs = [await here.start(forever) for _ in range(5)]
    await here.jobs.stop()
    for job in jobs:
        found = await there.find(job.handle)
        assert (found.state, found.result, found.error) == (JobState.CANCELED, None, None)


async def test_servers_do_not_stop_each_others_work(here: Desk, there: Desk) -> None:
    job, other = await here.start(forever), await there.start(forever)
    await here.jobs.stop()
    assert (job.state, other.state) == (JobState.CANCELED, JobState.RUNNING)
    assert (await there.find(other.handle)) is other


class AwayStore(MemoryStore):
    """A shared store that sometimes cannot be reached at all."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, is_shared=True)

    async def find_job(self, handle: str) -> StoredJob | None:
        if self.failure is not None:
            raise StoreUnavailable(self.failure)
        return await super().find_job(handle)


async def test_while_the_store_was_away_no_server_is_taken_for_stopped(clock: FakeClock) -> None:
    store = AwayStore(clock)
    here, there = Desk(Jobs(clock, store, interval=1e9)), Desk(Jobs(clock, store))
    job = await here.start(forever)
    store.failure = "restarting"
    clock.advance(SILENCE + 10)
    with pytest.raises(StoreUnavailable, match="restarting"):
        await there.find(job.handle)
    store.failure = None
    assert (await there.find(job.handle)).state is JobState.RUNNING
    clock.advance(SILENCE + 0.1)
    assert (await there.find(job.handle)).state is JobState.FAILED
    await here.jobs.stop()


async def test_a_job_is_known_to_its_own_server_while_the_store_is_away(clock: FakeClock) -> None:
    store = AwayStore(clock)
    here = Desk(Jobs(clock, store))
    job = await here.start(forever)
    store.failure = "restarting"
    assert await here.find(job.handle) is job
    with pytest.raises(StoreUnavailable, match="restarting"):
        await here.start(nothing)
    store.failure = None
    await here.jobs.stop()


class Restarts:
    """A server on SQLite that is stopped or killed and begins again in the same folder."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self._folder = folder
        self._clock = clock
        self._store: SqliteStore | None = None
        self._desks: list[Desk] = []

    async def begin(self) -> Desk:
        self._store = SqliteStore(self._folder, self._clock)
        await self._store.open()
        self._desks.append(Desk(Jobs(self._clock, self._store, keep=KEEP)))
        return self._desks[-1]

    async def stop(self) -> None:
        await self._desks[-1].jobs.stop()
        await self.kill()

    async def kill(self) -> None:
        assert self._store is not None
        await self._store.close()

    async def close(self) -> None:
        await self.kill()
        for desk in self._desks:
            await desk.jobs.stop()


@pytest.fixture
async def restarts(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Restarts]:
    restarts = Restarts(tmp_path / "data", clock)
    yield restarts
    await restarts.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_results_outlive_the_server_until_they_expire(
    restarts: Restarts, clock: FakeClock, how: str
) -> None:
    async def failing() -> None:
        raise InvalidDocument([Finding("AASd-117", "[1].idShort", "is missing")])

    server = await restarts.begin()
    done, failed = await server.start(nothing), await server.start(failing)
    await done.wait()
    await failed.wait()
    await getattr(restarts, how)()
    clock.advance(KEEP / 2)
    server = await restarts.begin()
    found = await server.find(done.handle)
    assert (found.state, found.result, found.error) == (JobState.COMPLETED, "done", None)
    found = await server.find(failed.handle)
    assert isinstance(found.error, InvalidDocument)
    assert found.error.findings == (Finding("AASd-117", "[1].idShort", "is missing"),)
    clock.advance(KEEP / 2)
    with pytest.raises(NotFound):
        await server.find(done.handle)


async def test_work_that_was_under_way_when_the_server_was_killed_is_told_as_failed_at_once(
    restarts: Restarts,
) -> None:
    server = await restarts.begin()
    job = await server.start(forever)
    await restarts.kill()
    server = await restarts.begin()
    found = await server.find(job.handle)
    assert found.state is JobState.FAILED
    assert isinstance(found.error, WorkLost)
    with pytest.raises(NotFound):
        await server.find(job.handle, "somebody else")


async def test_work_that_was_under_way_when_the_server_was_stopped_is_told_as_cancelled(
    restarts: Restarts,
) -> None:
    server = await restarts.begin()
    job = await server.start(forever)
    await restarts.stop()
    server = await restarts.begin()
    found = await server.find(job.handle)
    assert (found.state, found.result, found.error) == (JobState.CANCELED, None, None)

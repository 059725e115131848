"""What grows: former versions, by number and by age, and jobs."""

from __future__ import annotations

from sqlalchemy import Table, func, select

from aas_server.store.protocol import Kind, StoredDocument, StoredJob, Write
from aas_server.store.schema import jobs, versions
from aas_server.store.sql_store import SqlStore
from tests.store.conftest import HISTORY_DAYS
from tests.store.writes import changed, new_document
from tests.support.clock import FakeClock

DAY = 86_400


async def rows(store: SqlStore, table: Table) -> int:
    return await store.read(
        lambda connection: connection.scalar(select(func.count()).select_from(table)) or 0
    )


async def change(store: SqlStore, before: StoredDocument, clock: FakeClock) -> StoredDocument:
    after = changed(before, b"%d" % before.revision, at=clock.now())
    await store.commit([Write(before, after)], actor="test")
    return after


async def test_only_so_many_former_versions_are_kept(sql_store: SqlStore) -> None:
    state = new_document(sql_store, at=0)
    await sql_store.commit([Write(None, state)], actor="test")
    for number in range(1, 41):
        following = changed(state, b"%d" % number, at=number)
        await sql_store.commit([Write(state, following)], actor="test")
        state = following
    kept = [await sql_store.version_at(Kind.SUBMODEL, "urn:ex", time) for time in range(40)]
    assert kept[-10:] == [b"%d" % number for number in range(30, 40)]
    assert kept[:20] == [None] * 20


async def test_versions_that_nobody_saw_for_long_go(sql_store: SqlStore, clock: FakeClock) -> None:
    begin = clock.now()
    state = new_document(sql_store, body=b"0", at=begin)
    await sql_store.commit([Write(None, state)], actor="test")
    for _ in range(4):
        clock.advance(10 * DAY)
        state = await change(sql_store, state, clock)
    times = [begin + 10 * DAY * 1_000_000 * number for number in range(4)]

    async def shown() -> list[bytes | None]:
        return [await sql_store.version_at(Kind.SUBMODEL, "urn:ex", time) for time in times]

    assert await shown() == [b"0", b"1", b"2", b"3"]
    # The first was shown until 30 days ago: it is just as old as may be.
    await sql_store.tidy()
    assert await shown() == [b"0", b"1", b"2", b"3"]
    clock.advance(0.000001)
    await sql_store.tidy()
    assert await shown() == [None, b"1", b"2", b"3"]
    clock.advance(HISTORY_DAYS * DAY)
    await sql_store.tidy()
    assert await shown() == [None] * 4
    assert (await sql_store.fetch(Kind.SUBMODEL, ["urn:ex"])).documents == [state]


async def test_any_number_of_old_versions_goes_at_once_and_young_ones_stay(
    sql_store: SqlStore, clock: FakeClock
) -> None:
    made = [new_document(sql_store, f"urn:{n}", at=clock.now()) for n in range(2_100)]
    await sql_store.commit_many((Write(None, each) for each in made), actor="test")
    clock.advance(DAY)
    at = clock.now()
    later = [changed(each, b"2", at=at) for each in made]
    await sql_store.commit_many(map(Write, made, later), actor="test")
    clock.advance(HISTORY_DAYS * DAY)
    young = await change(sql_store, later[0], clock)
    clock.advance(1)
    await sql_store.tidy()
    assert await rows(sql_store, versions) == 1
    assert await sql_store.version_at(Kind.SUBMODEL, young.id, at) == b"2"
    assert await sql_store.count(Kind.SUBMODEL) == 2_100


async def test_expired_jobs_take_no_room(sql_store: SqlStore, clock: FakeClock) -> None:
    for number in range(3):
        expires = clock.now() + number * 1_000_000
        await sql_store.save_job(StoredJob(str(number), "", b"", clock.now(), expires))
    clock.advance(1.5)
    await sql_store.tidy()
    assert await rows(sql_store, jobs) == 1

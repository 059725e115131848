"""The last live values, and jobs."""

from __future__ import annotations

import pytest

from aas_server.errors import StoreUnavailable
from aas_server.store.protocol import Store, StoredJob, StoredValue
from tests.support.clock import FakeClock


def ordered(values: object) -> list[StoredValue]:
    return sorted(values, key=lambda value: (value.submodel_id, value.path))  # type: ignore[call-overload,no-any-return]


async def test_the_last_value_of_each_element_is_kept(store: Store) -> None:
    first = [StoredValue("urn:1", "A", b"1"), StoredValue("urn:1", "B.C[0]", b"2")]
    other = StoredValue("urn:2", "A", b"\x00\xff")
    await store.save_values([*first, other])
    newer = StoredValue("urn:1", "A", b"3")
    await store.save_values([newer])
    await store.save_values([])
    assert ordered(await store.last_values(["urn:1"])) == [newer, first[1]]
    assert ordered(await store.last_values(["urn:2", "urn:1"])) == [newer, first[1], other]
    assert list(await store.last_values(["urn:3"])) == []
    assert list(await store.last_values([])) == []


async def test_the_values_of_any_number_of_submodels_are_kept(store: Store) -> None:
    values = [StoredValue(f"urn:{n:04}", "A", b"%d" % n) for n in range(1_203)]
    await store.save_values(values)
    assert ordered(await store.last_values(each.submodel_id for each in values)) == values
    newer = [StoredValue(each.submodel_id, "A", b"new") for each in values]
    await store.save_values(newer)
    assert ordered(await store.last_values(each.submodel_id for each in values)) == newer


async def test_values_are_no_changes_of_documents(store: Store) -> None:
    await store.save_values([StoredValue("urn:1", "A", b"1")])
    assert await store.position() == 0


def job(clock: FakeClock, handle: str = "h", *, body: bytes = b"{}", lives: int = 10) -> StoredJob:
    return StoredJob(handle, "Grün", body, clock.now(), clock.now() + lives)


async def test_a_job_is_found_by_its_handle_as_it_was_saved_last(
    store: Store, clock: FakeClock
) -> None:
    first, other = job(clock), job(clock, "other", body=b"\x00\xff")
    await store.save_job(first)
    await store.save_job(other)
    assert await store.find_job("h") == first
    later = StoredJob("h", "somebody else", b"done", clock.now() + 1, clock.now() + 20)
    await store.save_job(later)
    assert await store.find_job("h") == later
    assert await store.find_job("other") == other
    assert await store.find_job("no") is None


async def test_many_jobs_are_saved_at_once(store: Store, clock: FakeClock) -> None:
    many = [job(clock, f"h{number}") for number in range(1_203)]
    await store.save_jobs(many)
    await store.save_jobs([])
    later = [StoredJob(each.handle, "", b"1", each.touched + 1, each.expires) for each in many]
    await store.save_jobs(later[1:])
    assert await store.find_job("h0") == many[0]
    assert [await store.find_job(each.handle) for each in later[-3:]] == later[-3:]


@pytest.mark.parametrize("handle", ["", "\0", "h\0", "ü" * 4000])
async def test_there_is_no_job_with_a_handle_that_no_job_can_have(
    store: Store, clock: FakeClock, handle: str
) -> None:
    await store.save_job(job(clock))
    assert await store.find_job(handle) is None


async def test_a_job_is_found_until_it_expires(store: Store, clock: FakeClock) -> None:
    await store.save_job(job(clock, lives=1_000_000))
    clock.advance(1)
    assert await store.find_job("h") is not None
    clock.advance(0.000001)
    assert await store.find_job("h") is None
    again = job(clock)
    await store.save_job(again)
    assert await store.find_job("h") == again


async def test_tidying_leaves_the_jobs_that_have_not_expired(
    store: Store, clock: FakeClock
) -> None:
    short, long = job(clock, "short", lives=1), job(clock, "long", lives=2_000_000)
    await store.save_job(short)
    await store.save_job(long)
    clock.advance(2)
    await store.tidy()
    assert await store.find_job("long") == long
    assert await store.find_job("short") is None


async def test_a_closed_store_takes_no_values_and_no_jobs(
    sql_store: Store, clock: FakeClock
) -> None:
    await sql_store.close()
    with pytest.raises(StoreUnavailable):
        await sql_store.save_values([StoredValue("urn:1", "A", b"1")])
    with pytest.raises(StoreUnavailable):
        await sql_store.save_job(job(clock))
    with pytest.raises(StoreUnavailable):
        await sql_store.save_jobs([job(clock)])
    with pytest.raises(StoreUnavailable):
        await sql_store.find_job("h")

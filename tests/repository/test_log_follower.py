"""Following the change log: what others committed is learned, what is one's own stays."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from aas_server.errors import StoreUnavailable
from aas_server.repository import log_follower
from aas_server.repository.repository import Repository
from tests.repository.stores import GatedStore
from tests.repository.submodels import (
    KIND,
    count,
    create,
    delete,
    follow,
    listed,
    opened,
    put,
    submodel,
)
from tests.support.clock import FakeClock


async def test_news_wake_a_server_up(
    store: GatedStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wakes: list[Any] = []
    monkeypatch.setattr(store, "watch", wakes.append)
    here, there = await opened(store, clock), await opened(store, clock)
    await create(here, "urn:1")
    assert await count(there, "urn:1") == 0
    await put(here, "urn:1", 5)
    wakes[1]()
    async with asyncio.timeout(10):
        while await count(there, "urn:1") != 5:
            await asyncio.sleep(0)
    await here.close()
    await there.close()


async def test_without_news_a_server_looks_by_itself(
    store: GatedStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_follower, "POLL", 0.01)
    here, there = await opened(store, clock), await opened(store, clock)
    await create(here, "urn:1")
    assert await count(there, "urn:1") == 0
    await put(here, "urn:1", 5)
    async with asyncio.timeout(10):
        while await count(there, "urn:1") != 5:
            await asyncio.sleep(0.001)
    await here.close()
    await there.close()


async def test_a_store_of_ones_own_is_not_watched(clock: FakeClock) -> None:
    before = asyncio.all_tasks()
    repository = await opened(GatedStore(clock), clock)
    assert asyncio.all_tasks() == before
    await repository.close()


async def test_a_failure_of_the_store_is_told_once_and_following_goes_on(
    store: GatedStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_follower, "POLL", 0.001)
    here, there = await opened(store, clock), await opened(store, clock)
    await create(here, "urn:1")
    assert await count(there, "urn:1") == 0
    failures = 0
    work = store.position

    async def position() -> int:
        nonlocal failures
        if failures < 5:
            failures += 1
            raise StoreUnavailable("the network is down")
        return await work()

    with capture_logs() as logs:
        monkeypatch.setattr(store, "position", position)
        await put(here, "urn:1", 5)
        async with asyncio.timeout(10):
            while failures < 5 or await count(there, "urn:1") != 5:
                await asyncio.sleep(0.001)
        # Once for each of the two servers, as often as they failed.
        assert 1 <= len(logs) <= 2
        assert {(entry["log_level"], entry["reason"]) for entry in logs} == {
            ("warning", "the network is down")
        }
        logs.clear()
        failures = 0
        async with asyncio.timeout(10):
            while failures < 5:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert 1 <= len(logs) <= 2
    await here.close()
    await there.close()


async def test_own_commits_are_not_forgotten(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2")
    await put(there, "urn:3")
    await put(here, "urn:1", 5)
    await put(there, "urn:4")
    await put(here, "urn:2", 6)
    await follow(here)
    await put(here, "urn:1", 7)
    await follow(here)
    store.fetches.clear()
    assert (await count(here, "urn:1"), await count(here, "urn:2")) == (7, 6)
    assert store.fetches == []
    assert here.cache.follower.position == await store.position()


async def test_own_commits_hide_nothing_that_others_committed_before(
    here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2")
    assert await count(there, "urn:1") == 0
    await put(here, "urn:1", 5)
    await put(there, "urn:2", 6)
    await follow(there)
    assert (await count(there, "urn:1"), await count(there, "urn:2")) == (5, 6)


async def test_own_commits_during_a_look_into_the_log_are_not_forgotten(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2")
    await put(there, "urn:other")
    gate = store.hold("changes")
    following = asyncio.create_task(follow(here))
    await gate.reached()
    await put(here, "urn:1", 5)
    await put(there, "urn:other", 2)
    await put(here, "urn:2", 6)
    gate.open()
    await following
    # Up to the next entry that somebody else made.
    assert here.cache.follower.position == 4
    store.fetches.clear()
    assert (await count(here, "urn:1"), await count(here, "urn:2")) == (5, 6)
    assert store.fetches == []
    await follow(here)
    assert here.cache.follower.position == await store.position()
    assert await count(here, "urn:other") == 2


async def test_own_commits_that_the_log_tells_of_first_are_shown(
    store: GatedStore, here: Repository
) -> None:
    """The database has a commit before its server hears of it."""
    await create(here, "urn:1")
    settle = store.settle_late()
    writer = asyncio.create_task(put(here, "urn:1", 5))
    while await store.position() < 2:
        await asyncio.sleep(0)
    # Nobody looked yet.
    assert await count(here, "urn:1") == 0
    await follow(here)
    assert await count(here, "urn:1") == 5
    settle.set()
    await writer
    assert await count(here, "urn:1") == 5
    assert await listed(here) == ["urn:1"]


async def test_a_commit_that_is_heard_of_after_a_newer_one_does_not_show_the_older_state(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    await create(here, "urn:1")
    settle = store.settle_late()
    writer = asyncio.create_task(put(here, "urn:1", 5))
    while await store.position() < 2:
        await asyncio.sleep(0)
    assert await count(there, "urn:1") == 5
    await put(there, "urn:1", 6)
    await follow(here)
    settle.set()
    await writer
    assert await count(here, "urn:1") == 6


async def test_an_own_commit_that_is_settled_while_the_log_tells_of_it_is_not_forgotten(
    store: GatedStore, here: Repository
) -> None:
    await create(here, "urn:1")
    settle = store.settle_late()
    writer = asyncio.create_task(put(here, "urn:1", 5))
    while await store.position() < 2:
        await asyncio.sleep(0)
    gate = store.hold("changes")
    following = asyncio.create_task(follow(here))
    await gate.reached()
    settle.set()
    await writer
    gate.open()
    await following
    store.fetches.clear()
    assert await count(here, "urn:1") == 5
    assert store.fetches == []


@pytest.mark.parametrize("number", [9_999, 10_002])
async def test_any_number_of_changes_is_followed(
    store: GatedStore, here: Repository, clock: FakeClock, number: int
) -> None:
    await create(here, "urn:1", "urn:2", "urn:3")
    for identifier in ("urn:1", "urn:2", "urn:3", "urn:no"):
        await count(here, identifier)
    assert await listed(here, id_short="A") == []
    there = await opened(store, clock)
    await put(there, "urn:1", 5, idShort="A")
    await delete(there, "urn:2")
    made = [(KIND, submodel(f"urn:more:{n}")) for n in range(number - 3)]
    await there.add_missing(made, actor="test")
    await create(there, "urn:no")
    await follow(here)
    found = [await count(here, each) for each in ("urn:1", "urn:2", "urn:3", "urn:no")]
    assert found == [5, None, 0, 0]
    assert await listed(here, id_short="A") == ["urn:1"]
    assert here.cache.follower.position == await store.position() == 3 + number
    await there.close()


async def test_a_fetch_that_very_many_changes_overtake_shows_the_newest_state(
    store: GatedStore, here: Repository, clock: FakeClock
) -> None:
    await create(here, "urn:1")
    here.cache.drop([(KIND, "urn:1")])
    gate = store.hold("fetch")
    reader = asyncio.create_task(count(here, "urn:1"))
    await gate.reached()
    there = await opened(store, clock)
    await put(there, "urn:1", 5)
    made = [(KIND, submodel(f"urn:more:{n}")) for n in range(10_001)]
    await there.add_missing(made, actor="test")
    await follow(here)
    gate.open()
    assert await reader == 5
    await there.close()

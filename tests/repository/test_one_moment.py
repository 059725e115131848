"""What is read together: all of it as it was at one moment, though a part has to be fetched."""

from __future__ import annotations

import asyncio

import pytest

from aas_server.repository import log_follower
from aas_server.repository.repository import Repository
from tests.repository.stores import GatedStore
from tests.repository.submodels import count, count_in, create, delete, follow, increase


@pytest.mark.parametrize("many", [10_000, 0], ids=["few changes", "many changes"])
async def test_what_is_read_together_is_of_one_moment_though_a_part_of_it_is_fetched(
    store: GatedStore,
    here: Repository,
    there: Repository,
    monkeypatch: pytest.MonkeyPatch,
    many: int,
) -> None:
    monkeypatch.setattr(log_follower, "_MANY", many)
    await create(here, "urn:1", "urn:2")
    assert await count(there, "urn:1") == 0
    fetch = store.hold("fetch")
    reading = asyncio.create_task(there.submodels.find_all(["urn:1", "urn:2"]))
    await fetch.reached()
    await increase(here, "urn:1", "urn:2")
    await follow(there)
    fetch.open()
    assert [count_in(each.tree()) for each in (await reading).values()] == [1, 1]


async def test_what_is_deleted_while_something_else_is_fetched_is_not_among_what_is_found(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2")
    assert await count(there, "urn:1") == 0
    fetch = store.hold("fetch")
    reading = asyncio.create_task(there.submodels.find_all(["urn:1", "urn:2"]))
    await fetch.reached()
    await delete(here, "urn:1")
    await follow(there)
    fetch.open()
    assert list(await reading) == ["urn:2"]


async def test_own_changes_are_not_seen_half_while_something_is_fetched(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2")
    assert await count(there, "urn:1") == 0
    fetch = store.hold("fetch")
    reading = asyncio.create_task(there.submodels.find_all(["urn:1", "urn:2"]))
    await fetch.reached()
    changing = asyncio.create_task(increase(there, "urn:1", "urn:2"))
    await asyncio.sleep(0)
    fetch.open()
    await changing
    counts = [count_in(each.tree()) for each in (await reading).values()]
    assert counts in ([0, 0], [1, 1])

"""Units that others overtake: they begin anew, and nothing is lost."""

from __future__ import annotations

import asyncio

import pytest

from aas_server.errors import Conflict, NotFound
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from tests.repository.stores import GatedStore
from tests.repository.submodels import (
    KIND,
    count,
    count_in,
    create,
    delete,
    follow,
    increase,
    put,
    submodel,
)


async def test_what_another_server_changed_is_built_on_and_not_overwritten(
    here: Repository, there: Repository
) -> None:
    await create(here, "urn:1")
    assert await count(there, "urn:1") == 0
    for _ in range(3):
        await increase(here, "urn:1")
        await increase(there, "urn:1")
    await follow(here)
    assert await count(here, "urn:1") == await count(there, "urn:1") == 6


async def test_what_another_server_created_or_deleted_is_found_out_when_it_is_written(
    here: Repository, there: Repository
) -> None:
    assert await count(there, "urn:1") is None
    await create(here, "urn:1")
    with pytest.raises(Conflict, match="already"):
        await create(there, "urn:1")
    await put(here, "urn:1", 3)
    await put(there, "urn:1", 4)
    await delete(there, "urn:1")
    with pytest.raises(NotFound):
        await delete(here, "urn:1")
    await put(here, "urn:1", 5)
    await follow(there)
    assert await count(there, "urn:1") == 5


async def test_a_unit_keeps_what_it_saw_first_and_is_overtaken_by_others(
    here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2")
    unit = there.unit(actor="test")
    tree = await unit.find(KIND, "urn:1")
    tag = await unit.tag(KIND, "urn:2")
    await put(here, "urn:1", 5)
    await put(here, "urn:2", 5)
    await follow(there)
    assert await count(there, "urn:1") == 5
    assert await unit.find(KIND, "urn:1") is tree
    assert await unit.tag(KIND, "urn:2") == tag
    await unit.replace(KIND, "urn:2", submodel("urn:2", 9))
    with pytest.raises(Conflict):
        await unit.commit()
    assert await count(there, "urn:2") == 5


async def test_a_unit_that_saw_that_there_was_nothing_goes_on_seeing_nothing(
    here: Repository,
) -> None:
    unit = here.unit(actor="test")
    assert await unit.find(KIND, "urn:1") is None
    await create(here, "urn:1", value=1)
    assert await unit.find(KIND, "urn:1") is None
    await unit.create(KIND, submodel("urn:1", 2))
    with pytest.raises(Conflict):
        await unit.commit()
    assert await count(here, "urn:1") == 1


async def test_of_two_units_on_the_same_state_one_wins_and_the_other_begins_anew(
    store: GatedStore, here: Repository
) -> None:
    await create(here, "urn:1")
    both_read = asyncio.Barrier(2)
    seen: list[int] = []

    async def work(unit: Unit) -> None:
        tree = await unit.find(KIND, "urn:1")
        assert tree is not None
        seen.append(count_in(tree))
        if len(seen) <= 2:
            await both_read.wait()
        await unit.replace(KIND, "urn:1", submodel("urn:1", count_in(tree) + 1))

    await asyncio.gather(*(here.change(work, actor="test") for _ in range(2)))
    assert seen == [0, 0, 1]
    assert await count(here, "urn:1") == 2
    # The one that came too late did not trouble the store.
    assert store.commits == 3


async def test_what_always_comes_too_late_is_a_conflict_in_the_end(
    here: Repository, there: Repository
) -> None:
    await create(here, "urn:1")
    attempts = 0

    async def slow(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.replace(KIND, "urn:1", submodel("urn:1", 100))
        await increase(there, "urn:1")

    with pytest.raises(Conflict, match="all the time"):
        await here.change(slow, actor="test")
    assert attempts > 1
    assert await count(here, "urn:1") == await count(there, "urn:1") == attempts


async def test_what_is_built_on_a_change_that_loses_against_another_server_is_built_anew(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    """Both changes are on their way when the first one turns out to be too late."""
    await create(here, "urn:1")
    assert await count(there, "urn:1") == 0
    gate, behind = store.hold("commit"), store.hold("commit")
    first = asyncio.create_task(increase(there, "urn:1"))
    await gate.reached()
    second = asyncio.create_task(increase(there, "urn:1"))
    await behind.reached()
    await increase(here, "urn:1")
    gate.open()
    behind.open()
    await asyncio.gather(first, second)
    await follow(here)
    assert await count(here, "urn:1") == await count(there, "urn:1") == 3
    log = [change async for change in store.changes()]
    assert [change.previous_revision for change in log] == [None, 1, 2, 3]


async def test_a_unit_of_which_one_document_is_overtaken_changes_none(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2")
    assert await count(there, "urn:1") == await count(there, "urn:2") == 0
    unit = there.unit(actor="test")
    await unit.replace(KIND, "urn:1", submodel("urn:1", 8))
    await unit.replace(KIND, "urn:2", submodel("urn:2", 8))
    await increase(here, "urn:2")
    with pytest.raises(Conflict):
        await unit.commit()
    assert (await count(there, "urn:1"), await count(there, "urn:2")) == (0, 1)
    assert {each.id: each.revision for each in (await store.fetch(KIND, ["urn:1"])).documents} == {
        "urn:1": 1
    }

"""Pages of lists while others, at this server or another one, change what they show."""

from __future__ import annotations

import asyncio

import pytest

from aas_server.repository.collection import Filter
from aas_server.repository.repository import Repository
from tests.repository.stores import GatedStore
from tests.repository.submodels import (
    KIND,
    create,
    delete,
    follow,
    listed,
    put,
    submodel,
)


async def test_remembered_pages_of_another_servers_changes_are_forgotten(
    here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", idShort="A")
    assert [await listed(there, id_short=name) for name in "AB"] == [["urn:1"], []]
    await put(here, "urn:1", idShort="B")
    await follow(there)
    assert [await listed(there, id_short=name) for name in "AB"] == [[], ["urn:1"]]
    await create(here, "urn:2", idShort="B")
    await follow(there)
    assert await listed(there, id_short="B") == ["urn:1", "urn:2"]
    await delete(here, "urn:1")
    await follow(there)
    assert await listed(there, id_short="B") == ["urn:2"]
    assert await there.submodels.count() == 1


async def test_a_page_that_a_commit_overtakes_is_not_remembered(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    gate = store.hold("list_ids")
    reader = asyncio.create_task(listed(there))
    await gate.reached()
    await create(there, "urn:1")
    # Somebody asks for another list, which is up to date.
    assert await listed(there, id_short="B") == []
    gate.open()
    assert await reader == []
    assert await listed(there) == ["urn:1"]
    gate = store.hold("list_ids")
    reader = asyncio.create_task(listed(there, id_short="A"))
    await gate.reached()
    await create(here, "urn:2", idShort="A")
    await follow(there)
    assert await listed(there) == ["urn:1", "urn:2"]
    gate.open()
    assert await reader == []
    assert await listed(there, id_short="A") == ["urn:2"]


async def test_what_is_created_again_meanwhile_stands_on_the_later_page_alone(
    store: GatedStore, here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2", "urn:3")
    gate = store.hold("list_ids")
    reader = asyncio.create_task(here.submodels.page(Filter(), limit=2))
    await gate.reached()
    await delete(there, "urn:1")
    await create(there, "urn:1")
    await follow(here)
    gate.open()
    page = await reader
    assert [document.id for document in page.documents] == ["urn:2"]
    page = await here.submodels.page(Filter(), limit=5, cursor=page.cursor)
    assert [document.id for document in page.documents] == ["urn:3", "urn:1"]


@pytest.mark.parametrize("held", ["list_ids", "fetch"])
async def test_what_is_changed_into_something_else_meanwhile_is_not_listed(
    store: GatedStore, here: Repository, there: Repository, held: str
) -> None:
    await create(here, "urn:1", "urn:2", idShort="Alpha")
    here.cache.drop([(KIND, "urn:1"), (KIND, "urn:2")])
    gate = store.hold(held)
    reader = asyncio.create_task(listed(here, id_short="Alpha"))
    await gate.reached()
    await put(there, "urn:1", idShort="Beta")
    await put(here, "urn:3", idShort="Alpha")
    await follow(here)
    gate.open()
    assert await reader == ["urn:2"]
    assert await listed(here, id_short="Alpha") == ["urn:2", "urn:3"]


async def test_a_page_of_which_all_is_deleted_meanwhile_leads_to_the_next_one(
    store: GatedStore, here: Repository
) -> None:
    await create(here, "urn:1")
    here.put_generated(submodel("urn:status"))
    gate = store.hold("list_ids")
    reader = asyncio.create_task(here.submodels.page(Filter(), limit=1))
    await gate.reached()
    await delete(here, "urn:1")
    gate.open()
    page = await reader
    assert page.documents == []
    page = await here.submodels.page(Filter(), limit=1, cursor=page.cursor)
    assert [document.id for document in page.documents] == ["urn:status"]

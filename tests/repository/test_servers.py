"""Several servers on one store: each sees what the others committed, whole and in order."""

from __future__ import annotations

import pytest

from aas_server.repository.collection import Filter
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.store.protocol import Kind
from tests.repository.submodels import (
    KIND,
    count,
    count_in,
    create,
    delete,
    follow,
    increase,
    listed,
    put,
    submodel,
)


async def test_changes_of_another_server_are_seen_once_they_are_heard_of(
    here: Repository, there: Repository
) -> None:
    await create(here, "urn:1", "urn:2")
    assert (await count(there, "urn:1"), await count(there, "urn:new")) == (0, None)
    assert await listed(there) == ["urn:1", "urn:2"]
    await put(here, "urn:1", 5)
    await delete(here, "urn:2")
    await create(here, "urn:new")
    # Nobody promises to be quicker than the news.
    assert await count(there, "urn:1") == 0
    await follow(there)
    assert [await count(there, each) for each in ("urn:1", "urn:2", "urn:new")] == [5, None, 0]
    assert await listed(there) == ["urn:1", "urn:new"]


@pytest.mark.parametrize("cached", [(), ("urn:a",), ("urn:b",), ("urn:a", "urn:b")])
async def test_of_a_commit_of_two_documents_nobody_sees_half(
    here: Repository, there: Repository, cached: tuple[str, ...]
) -> None:
    await create(here, "urn:a", "urn:b")
    for identifier in cached:
        await count(there, identifier)
    await increase(here, "urn:a", "urn:b")
    first = await count(there, "urn:a")
    second = await count(there, "urn:b")
    assert first is not None
    assert second is not None
    assert first <= second
    if "urn:a" not in cached or "urn:b" not in cached:
        assert second == 1


async def test_who_saw_the_first_of_two_commits_sees_the_second_one_not_without_it(
    here: Repository, there: Repository
) -> None:
    await create(here, "urn:shell", "urn:part")
    assert await count(there, "urn:shell") == 0
    await put(here, "urn:shell", 1)
    await put(here, "urn:part", 2)
    assert await count(there, "urn:part") == 2
    assert await count(there, "urn:shell") == 1


async def test_a_list_that_shows_a_commit_shows_it_whole(
    here: Repository, there: Repository
) -> None:
    await create(here, "urn:1")
    assert await count(there, "urn:1") == 0

    async def both(unit: Unit) -> None:
        await unit.replace(KIND, "urn:1", submodel("urn:1", 1))
        await unit.create(KIND, submodel("urn:2"))

    await here.change(both, actor="test")
    page = await there.submodels.page(Filter(), limit=10)
    assert [count_in(document.tree()) for document in page.documents] == [1, 0]


async def test_a_document_of_another_kind_with_the_same_id_is_another_document(
    here: Repository, there: Repository
) -> None:
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": "urn:1",
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:asset"},
    }
    await create(here, "urn:1")
    assert await count(there, "urn:1") == 0
    await here.create(Kind.SHELL, shell, actor="test")
    await follow(there)
    assert (await there.shells.get("urn:1")).tree() == shell
    await there.delete(Kind.SHELL, "urn:1", actor="test")
    await follow(here)
    assert await here.shells.find("urn:1") is None
    assert await count(here, "urn:1") == 0

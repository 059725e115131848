from __future__ import annotations

from typing import Any

import pytest

from aas_server.errors import BadRequest, InvalidDocument, NotFound
from aas_server.registry.discovery import Discovery, Pair
from aas_server.registry.registry import Registry
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.registry.documents import shell, shell_descriptor


def link(name: str, value: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, **more}


async def found(discovery: Discovery, *pairs: Pair, limit: int = 100) -> list[str]:
    """Every id, read page by page."""
    ids: list[str] = []
    cursor = None
    while True:
        page = await discovery.shell_ids(frozenset(pairs), limit=limit, cursor=cursor)
        ids += page.ids
        cursor = page.cursor
        if cursor is None:
            return ids


@pytest.fixture
async def filled(discovery: Discovery, registry: Registry, repository: Repository) -> Discovery:
    shells = [
        shell("urn:a", links={"maker": "M", "serial": "1"}, asset="urn:asset:a"),
        shell("urn:b", links={"maker": "M", "serial": "2"}, asset="urn:asset:b"),
    ]
    await repository.add_missing([(Kind.SHELL, each) for each in shells], actor="test")
    far = shell_descriptor(
        "urn:far", globalAssetId="urn:asset:far", specificAssetIds=[link("maker", "M")]
    )
    await registry.shells.create(far, actor="test")
    await discovery.put_links("urn:only", [link("maker", "M"), link("site", "N")], actor="test")
    return discovery


@pytest.mark.parametrize("limit", [1, 2, 10])
async def test_shells_are_found_by_what_they_say_of_their_asset_and_by_stored_links(
    filled: Discovery, limit: int
):
    assert await found(filled, ("maker", "M"), limit=limit) == [
        "urn:a",
        "urn:b",
        "urn:far",
        "urn:only",
    ]


async def test_all_links_must_be_there(filled: Discovery):
    assert await found(filled, ("maker", "M"), ("serial", "2")) == ["urn:b"]
    assert await found(filled, ("globalAssetId", "urn:asset:far"), ("maker", "M")) == ["urn:far"]
    assert await found(filled, ("site", "N"), ("maker", "M")) == ["urn:only"]
    assert await found(filled, ("serial", "2"), ("maker", "X")) == []


async def test_without_a_link_every_shell_is_found_once(filled: Discovery):
    await filled.put_links("urn:a", [link("site", "N")], actor="test")
    assert await found(filled, limit=2) == ["urn:a", "urn:b", "urn:far", "urn:only"]


@pytest.mark.parametrize("limit", [1, 10])
async def test_stored_links_complete_those_of_the_shell(filled: Discovery, limit: int):
    await filled.put_links("urn:a", [link("site", "N"), link("maker", "M")], actor="test")
    await filled.put_links("urn:far", [link("site", "N")], actor="test")
    assert await found(filled, ("site", "N"), limit=limit) == ["urn:only", "urn:a", "urn:far"]
    together = (("site", "N"), ("maker", "M"))
    assert await found(filled, *together, limit=limit) == ["urn:only", "urn:a", "urn:far"]
    assert await found(filled, ("serial", "1"), ("site", "N"), limit=limit) == ["urn:a"]
    # The shell alone is enough: it stands in its own place and not twice.
    assert await found(filled, ("maker", "M"), limit=limit) == [
        "urn:a",
        "urn:b",
        "urn:far",
        "urn:only",
    ]


async def test_links_of_a_shell_are_those_that_follow_and_those_that_are_stored(
    filled: Discovery,
):
    await filled.put_links("urn:a", [link("site", "N"), link("serial", "1")], actor="test")
    assert await filled.links("urn:a") == [
        link("globalAssetId", "urn:asset:a"),
        link("maker", "M"),
        link("serial", "1"),
        link("site", "N"),
    ]


async def test_stored_links_are_replaced_as_a_whole(filled: Discovery):
    await filled.put_links("urn:only", [link("serial", "9")], actor="test")
    assert await filled.links("urn:only") == [link("serial", "9")]
    assert await found(filled, ("site", "N")) == []


async def test_the_reserved_name_is_stored_in_its_own_spelling(filled: Discovery):
    await filled.put_links("urn:x", [link("GlobalAssetID", "urn:asset:x")], actor="test")
    assert await found(filled, ("globalAssetId", "urn:asset:x")) == ["urn:x"]
    assert await filled.links("urn:x") == [link("globalAssetId", "urn:asset:x")]


async def test_only_stored_links_are_deleted(filled: Discovery):
    await filled.put_links("urn:a", [link("site", "N")], actor="test")
    await filled.delete_links("urn:a", actor="test")
    assert link("serial", "1") in await filled.links("urn:a")
    assert link("site", "N") not in await filled.links("urn:a")
    with pytest.raises(NotFound, match="of the shell"):
        await filled.delete_links("urn:a", actor="test")
    await filled.delete_links("urn:only", actor="test")
    with pytest.raises(NotFound):
        await filled.links("urn:only")
    with pytest.raises(NotFound):
        await filled.delete_links("urn:only", actor="test")


async def test_what_is_wrong_changes_nothing(filled: Discovery):
    with pytest.raises(InvalidDocument):
        await filled.put_links("urn:only", [link("maker", "")], actor="test")
    assert len(await filled.links("urn:only")) == 2
    with pytest.raises(BadRequest, match="cursor"):
        await filled.shell_ids(frozenset(), limit=1, cursor="&")

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from aas_server.errors import BadRequest, InvalidDocument, StoreUnavailable
from aas_server.registry.bulk import MAX_ITEMS, BulkAction, BulkChange, checked_items
from aas_server.registry.registry import Registry
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.store.protocol import Fetched, Kind
from tests.registry.documents import shell, shell_descriptor
from tests.support.memory_store import MemoryStore


class Bulk:
    """Changes shell descriptors in bulk and tells what failed where."""

    def __init__(self, repository: Repository, registry: Registry) -> None:
        self._repository = repository
        self._registry = registry

    async def run(self, action: BulkAction, items: list[Any]) -> list[tuple[str, str]]:
        change = BulkChange(self._repository, self._registry.shells, action, items)
        try:
            await change.run(actor="test")
        except InvalidDocument as error:
            return [(each.path, each.code) for each in error.findings]
        return []

    async def ids(self) -> list[str]:
        return [each.id async for each in self._registry.shells.foreign]


@pytest.fixture
async def bulk(repository: Repository, registry: Registry) -> Bulk:
    await repository.add_missing([(Kind.SHELL, shell("urn:own"))], actor="test")
    bulk = Bulk(repository, registry)
    assert await bulk.run(BulkAction.CREATE, [shell_descriptor("urn:a")]) == []
    return bulk


async def test_many_descriptors_are_created_in_their_order(bulk: Bulk):
    many = [shell_descriptor(f"urn:{number}") for number in range(200)]
    assert await bulk.run(BulkAction.CREATE, many) == []
    assert await bulk.ids() == ["urn:a", *(each["id"] for each in many)]


async def test_every_item_that_fails_is_named_and_nothing_changes(bulk: Bulk):
    items = [shell_descriptor(each) for each in ("urn:b", "urn:a", "urn:own", "urn:b")]
    assert await bulk.run(BulkAction.CREATE, items) == [
        ("[1].id", "Conflict"),
        ("[2].id", "Conflict"),
        ("[3].id", "Conflict"),
    ]
    assert await bulk.ids() == ["urn:a"]


async def test_malformed_items_are_told_with_the_path_inside_them(bulk: Bulk):
    items = [shell_descriptor("urn:b"), {"id": "urn:c", "endpoints": []}, "urn:d"]
    assert await bulk.run(BulkAction.PUT, items) == [
        ("[1].endpoints", "structure"),
        ("[2]", "structure"),
    ]
    assert await bulk.ids() == ["urn:a"]


async def test_put_replaces_and_creates(bulk: Bulk, registry: Registry):
    items = [shell_descriptor("urn:a", idShort="Changed"), shell_descriptor("urn:b")]
    assert await bulk.run(BulkAction.PUT, items) == []
    assert await bulk.ids() == ["urn:a", "urn:b"]
    assert (await registry.shells.foreign.get("urn:a")).tree()["idShort"] == "Changed"


async def test_put_takes_each_descriptor_once(bulk: Bulk):
    items = [shell_descriptor("urn:b"), shell_descriptor("urn:b", idShort="Again")]
    assert await bulk.run(BulkAction.PUT, items) == [("[1].id", "Conflict")]
    assert await bulk.ids() == ["urn:a"]


async def test_put_refuses_own_ones_and_changes_nothing(bulk: Bulk):
    items = [shell_descriptor("urn:b"), shell_descriptor("urn:own")]
    assert await bulk.run(BulkAction.PUT, items) == [("[1].id", "Forbidden")]
    assert await bulk.ids() == ["urn:a"]


async def test_delete_takes_all_or_none_out(bulk: Bulk):
    await bulk.run(BulkAction.CREATE, [shell_descriptor("urn:b")])
    assert await bulk.run(BulkAction.DELETE, ["urn:a", "urn:nothing", "urn:own"]) == [
        ("[1]", "NotFound"),
        ("[2]", "Forbidden"),
    ]
    assert await bulk.ids() == ["urn:a", "urn:b"]
    assert await bulk.run(BulkAction.DELETE, ["urn:b", "urn:a"]) == []
    assert await bulk.ids() == []


async def test_when_the_store_fails_nothing_changes(bulk: Bulk, store: MemoryStore):
    store.failure = "disk full"
    with pytest.raises(StoreUnavailable):
        await bulk.run(BulkAction.DELETE, ["urn:a"])
    assert await bulk.ids() == ["urn:a"]


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ({}, BulkAction.CREATE),
        (None, BulkAction.PUT),
        ([{}] * (MAX_ITEMS + 1), BulkAction.CREATE),
        ([5], BulkAction.DELETE),
        ([""], BulkAction.DELETE),
    ],
)
def test_what_is_no_list_of_items_is_refused_at_once(body: Any, action: BulkAction):
    with pytest.raises(BadRequest):
        checked_items(body, action)


async def test_what_others_change_meanwhile_is_looked_at_again(
    bulk: Bulk, registry: Registry, monkeypatch: pytest.MonkeyPatch
):
    commit = Unit.commit

    async def overtaken(unit: Unit) -> None:
        monkeypatch.setattr(Unit, "commit", commit)
        await registry.shells.delete("urn:a", actor="other")
        await registry.shells.put("urn:c", shell_descriptor("urn:c"), actor="other")
        await unit.commit()

    monkeypatch.setattr(Unit, "commit", overtaken)
    items = [shell_descriptor("urn:a", idShort="Changed"), shell_descriptor("urn:b")]
    assert await bulk.run(BulkAction.PUT, items) == []
    assert await bulk.ids() == ["urn:c", "urn:a", "urn:b"]
    monkeypatch.setattr(Unit, "commit", overtaken)
    assert await bulk.run(BulkAction.DELETE, ["urn:b", "urn:a"]) == [("[1]", "NotFound")]


@pytest.mark.parametrize("action", list(BulkAction))
async def test_a_store_that_is_away_is_no_fault_of_the_items(
    bulk: Bulk, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, action: BulkAction
):
    fetch = store.fetch

    async def fetched(kind: Kind, ids: Iterable[str]) -> Fetched:
        if kind is Kind.SHELL_DESCRIPTOR:
            raise StoreUnavailable("the store cannot be used now")
        return await fetch(kind, ids)

    monkeypatch.setattr(store, "fetch", fetched)
    items: list[Any] = ["urn:b"] if action is BulkAction.DELETE else [shell_descriptor("urn:b")]
    with pytest.raises(StoreUnavailable):
        await bulk.run(action, items)

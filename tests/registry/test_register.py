from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from aas_server.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidDocument,
    NotFound,
    PreconditionFailed,
)
from aas_server.registry.registry import Registry
from aas_server.repository.collection import Collection, Filter
from aas_server.repository.conditions import Conditions
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.registry.documents import (
    URL,
    external,
    shell,
    shell_descriptor,
    submodel,
    submodel_descriptor,
)
from tests.support.clock import FakeClock

ALL = Filter()


async def add_shells(repository: Repository, trees: Iterable[Any]) -> None:
    await repository.add_missing([(Kind.SHELL, each) for each in trees], actor="test")


async def listed(registry: Registry, *, limit: int = 100, wanted: Filter = ALL) -> list[str]:
    """Every id, read page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = await registry.shells.page(wanted, URL, limit=limit, cursor=cursor)
        assert len(page.descriptors) <= limit
        found += [each.id for each in page.descriptors]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.fixture
async def mixed(registry: Registry, repository: Repository) -> Registry:
    """Own and foreign shells in turns."""
    for number in range(4):
        await add_shells(repository, [shell(f"urn:own:{number}")])
        await registry.shells.create(shell_descriptor(f"urn:foreign:{number}"), actor="test")
    return registry


ORDER = [f"urn:{kind}:{number}" for number in range(4) for kind in ("own", "foreign")]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9])
async def test_own_and_foreign_ones_stand_in_one_list_in_order_of_creation(
    mixed: Registry, limit: int
):
    assert await listed(mixed, limit=limit) == ORDER


async def test_the_last_page_has_no_cursor(mixed: Registry):
    assert (await mixed.shells.page(ALL, URL, limit=8, cursor=None)).cursor is None


async def test_pages_neither_shift_nor_repeat_while_descriptors_come_and_go(
    mixed: Registry, repository: Repository
):
    first = await mixed.shells.page(ALL, URL, limit=3, cursor=None)
    await mixed.shells.delete("urn:foreign:0", actor="test")
    await repository.delete(Kind.SHELL, "urn:own:1", actor="test")
    await mixed.shells.create(shell_descriptor("urn:new"), actor="test")
    rest = await mixed.shells.page(ALL, URL, limit=10, cursor=first.cursor)
    assert [each.id for each in rest.descriptors] == [*ORDER[3:], "urn:new"]


async def test_a_foreign_cursor_is_refused(mixed: Registry):
    with pytest.raises(BadRequest, match="cursor"):
        await mixed.shells.page(ALL, URL, limit=1, cursor="bm90IG91cnM")


async def test_the_own_one_wins_over_a_foreign_one_and_lets_it_show_again(
    registry: Registry, repository: Repository
):
    await registry.shells.create(shell_descriptor("urn:a", idShort="Foreign"), actor="test")
    await add_shells(repository, [shell("urn:b"), shell("urn:a", idShort="Own")])
    assert await listed(registry) == ["urn:b", "urn:a"]
    assert b'"Own"' in (await registry.shells.get("urn:a", URL)).body
    await repository.delete(Kind.SHELL, "urn:a", actor="test")
    assert b'"Foreign"' in (await registry.shells.get("urn:a", URL)).body
    assert await listed(registry) == ["urn:a", "urn:b"]


async def test_a_foreign_descriptor_is_kept_as_it_was_posted(registry: Registry):
    tree = shell_descriptor("urn:a", zeta=1, alpha=[2], assetKind="Type")
    await registry.shells.create(tree, actor="test")
    assert (await registry.shells.get("urn:a", URL)).body == msgspec.json.encode(tree)


async def test_a_derived_descriptor_follows_its_document(
    registry: Registry, repository: Repository
):
    await add_shells(repository, [shell("urn:a", idShort="Before")])
    before = await registry.shells.get("urn:a", URL)
    await repository.put(Kind.SHELL, "urn:a", shell("urn:a", idShort="After"), actor="test")
    after = await registry.shells.get("urn:a", URL)
    assert b'"After"' in after.body
    assert before.tag != after.tag


async def test_each_address_of_the_server_has_its_own_endpoints(
    registry: Registry, repository: Repository
):
    await add_shells(repository, [shell("urn:a")])
    one = await registry.shells.get("urn:a", URL)
    other = await registry.shells.get("urn:a", "http://127.0.0.1:1")
    assert URL.encode() in one.body
    assert b"http://127.0.0.1:1/shells/" in other.body
    assert one.tag != other.tag


async def test_a_shell_shows_the_submodels_that_are_here_or_registered(
    registry: Registry, repository: Repository
):
    await add_shells(repository, [shell("urn:a", submodels=("urn:own", "urn:far", "urn:lost"))])
    await repository.add_missing([(Kind.SUBMODEL, submodel("urn:own"))], actor="test")
    far = submodel_descriptor("urn:far", semanticId=external("urn:semantic"))
    before = await registry.shells.get("urn:a", URL)
    await registry.submodels.create(far, actor="test")
    after = await registry.shells.get("urn:a", URL)
    inside = msgspec.json.decode(after.body)["submodelDescriptors"]
    assert [each["id"] for each in inside] == ["urn:own", "urn:far"]
    assert inside[1] == far
    assert before.tag != after.tag


async def test_descriptors_are_found_by_asset_ids(registry: Registry, repository: Repository):
    await add_shells(repository, [shell("urn:own", links={"serial": "1"}), shell("urn:other")])
    links = [{"name": "serial", "value": "1"}]
    far = shell_descriptor("urn:far", specificAssetIds=links, globalAssetId="urn:x")
    await registry.shells.create(far, actor="test")
    both = Filter(asset_ids=frozenset({("serial", "1")}))
    one = Filter(asset_ids=frozenset({("serial", "1"), ("globalAssetId", "urn:x")}))
    assert await listed(registry, wanted=both) == ["urn:own", "urn:far"]
    assert await listed(registry, wanted=one) == ["urn:far"]


async def test_descriptors_are_found_by_the_kind_and_type_of_their_asset(
    registry: Registry, repository: Repository
):
    await add_shells(repository, [shell("urn:type", kind="Type"), shell("urn:instance")])
    far = shell_descriptor("urn:far", assetKind="Type", assetType="urn:pump")
    await registry.shells.create(far, actor="test")
    types = Filter(asset_kind="Type")
    assert await listed(registry, wanted=types) == ["urn:type", "urn:far"]
    pumps = Filter(asset_kind="Type", asset_type="urn:pump")
    assert await listed(registry, wanted=pumps) == ["urn:far"]
    assert await listed(registry, wanted=Filter(asset_type="urn:fan")) == []
    await repository.put(Kind.SHELL, "urn:type", shell("urn:type", kind="Batch"), actor="test")
    assert await listed(registry, wanted=types) == ["urn:far"]


async def test_descriptors_are_found_by_when_they_were_made(
    registry: Registry, repository: Repository, clock: FakeClock
):
    await add_shells(repository, [shell("urn:old")])
    clock.advance(10)
    since = clock.now()
    await registry.shells.create(shell_descriptor("urn:new"), actor="test")
    assert await listed(registry, wanted=Filter(created_from=since)) == ["urn:new"]
    await repository.put(Kind.SHELL, "urn:old", shell("urn:old", idShort="Now"), actor="test")
    assert await listed(registry, wanted=Filter(updated_from=since)) == ["urn:old", "urn:new"]


async def test_an_id_is_registered_once(registry: Registry, repository: Repository):
    await add_shells(repository, [shell("urn:own")])
    await registry.shells.create(shell_descriptor("urn:far"), actor="test")
    for taken in ("urn:own", "urn:far"):
        with pytest.raises(Conflict, match=taken):
            await registry.shells.create(shell_descriptor(taken), actor="test")


async def test_own_ones_are_changed_where_they_come_from(
    registry: Registry, repository: Repository
):
    await add_shells(repository, [shell("urn:own")])
    with pytest.raises(Forbidden, match="derived"):
        await registry.shells.put("urn:own", shell_descriptor("urn:own"), actor="test")
    with pytest.raises(Forbidden, match="derived"):
        await registry.shells.delete("urn:own", actor="test")


async def test_put_creates_and_replaces_in_place(mixed: Registry):
    _, made = await mixed.shells.put("urn:new", shell_descriptor("urn:new"), actor="test")
    changed = shell_descriptor("urn:foreign:0", idShort="Changed")
    _, made_again = await mixed.shells.put("urn:foreign:0", changed, actor="test")
    assert (made, made_again) == (True, False)
    assert await listed(mixed) == [*ORDER, "urn:new"]
    assert msgspec.json.decode((await mixed.shells.get("urn:foreign:0", URL)).body) == changed


async def test_what_is_wrong_or_missing_changes_nothing(mixed: Registry):
    with pytest.raises(InvalidDocument):
        await mixed.shells.create({"id": "urn:x", "endpoints": []}, actor="test")
    with pytest.raises(InvalidDocument):
        await mixed.shells.put("urn:foreign:0", {"id": ""}, actor="test")
    with pytest.raises(BadRequest, match="id"):
        await mixed.shells.put("urn:foreign:0", shell_descriptor("urn:x"), actor="test")
    with pytest.raises(NotFound):
        await mixed.shells.delete("urn:x", actor="test")
    with pytest.raises(NotFound):
        await mixed.shells.get("urn:x", URL)
    assert await listed(mixed) == ORDER


async def test_conditions_are_held_against_the_stored_descriptor(mixed: Registry):
    stale = Conditions(if_match=frozenset({"ffff"}))
    with pytest.raises(PreconditionFailed):
        await mixed.shells.delete("urn:foreign:0", actor="test", conditions=stale)
    tag = (await mixed.shells.get("urn:foreign:0", URL)).tag
    present = Conditions(if_match=frozenset({tag}))
    await mixed.shells.delete("urn:foreign:0", actor="test", conditions=present)
    assert "urn:foreign:0" not in await listed(mixed)


async def test_generated_submodels_are_described_as_they_are_now(
    registry: Registry, repository: Repository
):
    repository.put_generated(submodel("urn:status", idShort="Before"))
    await registry.submodels.get("urn:status", URL)
    repository.put_generated(submodel("urn:status", idShort="After"))
    assert b'"After"' in (await registry.submodels.get("urn:status", URL)).body


async def test_a_page_of_shells_asks_for_all_their_submodels_at_once(
    registry: Registry, repository: Repository, monkeypatch: pytest.MonkeyPatch
):
    here = [(Kind.SUBMODEL, submodel(f"urn:sm:{number}")) for number in range(60)]
    await repository.add_missing(here, actor="test")
    referring = [
        shell(f"urn:shell:{number}", submodels=tuple(f"urn:sm:{number + each}" for each in (0, 1)))
        for number in range(60)
    ]
    await add_shells(repository, referring)
    await registry.submodels.create(submodel_descriptor("urn:sm:60"), actor="test")
    asked: list[Kind] = []
    find_all = Collection.find_all

    async def counted(collection: Collection, identifiers: Iterable[str]) -> dict[str, Document]:
        asked.append(collection.kind)
        return await find_all(collection, identifiers)

    async def one_by_one(collection: Collection, identifier: str) -> None:
        raise AssertionError(f"{identifier} was asked for alone")

    monkeypatch.setattr(Collection, "find_all", counted)
    monkeypatch.setattr(Collection, "find", one_by_one)
    page = await registry.shells.page(ALL, URL, limit=100, cursor=None)
    assert [_embedded_ids(each.body) for each in page.descriptors] == [
        [f"urn:sm:{number}", f"urn:sm:{number + 1}"] for number in range(60)
    ]
    assert asked.count(Kind.SUBMODEL) == asked.count(Kind.SUBMODEL_DESCRIPTOR) == 1


def _embedded_ids(body: bytes) -> list[str]:
    return [each["id"] for each in msgspec.json.decode(body)["submodelDescriptors"]]

"""Listing: stable pages, exact filters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.errors import BadRequest, NotFound
from aas_server.live.hub import LiveHub
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.cache import DocumentCache
from aas_server.repository.collection import Collection, Filter
from aas_server.repository.document import DecodedTrees, Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import NO_TERMS, Kind, StoredDocument, Write
from aas_server.store.sqlite import SqliteStore
from aas_server.store.terms import terms_of
from tests.repository.stores import CountingStore
from tests.support.clock import FakeClock


def reference(value: str) -> dict[str, Any]:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def make(sequence: int, *, kind: Kind = Kind.SUBMODEL, **more: Any) -> StoredDocument:
    tree = {"modelType": kind.value, "id": f"urn:{sequence}", **more}
    return StoredDocument(kind, tree["id"], sequence, 1, msgspec.json.encode(tree), 0, 0)


class World:
    """A collection over a store in which somebody makes and deletes documents."""

    def __init__(self, kind: Kind = Kind.SUBMODEL) -> None:
        clock = FakeClock()
        self.kind = kind
        self.store = CountingStore(clock)
        self.hub = LiveHub(clock)
        self.decoded = DecodedTrees()
        self.cache = DocumentCache(self.store, self.document)
        self.collection = Collection(kind, self.store, self.cache)

    def document(self, stored: StoredDocument) -> Document:
        return Document(stored, self.hub, self.decoded)

    async def stored(self, identifier: str) -> StoredDocument | None:
        found = (await self.store.fetch(self.kind, [identifier])).documents
        return found[0] if found else None

    async def put(self, document: StoredDocument) -> None:
        """Create the document, or replace the one with its id; told as an own commit is."""
        before = await self.stored(document.id)
        gains = terms_of(self.kind, msgspec.json.decode(document.body))
        loses = NO_TERMS
        if before is not None:
            document = replace(document, revision=before.revision + 1)
            had = terms_of(self.kind, msgspec.json.decode(before.body))
            gains, loses = gains - had, had - gains
        await self.store.commit([Write(before, document, None, gains, loses)], actor="test")
        position = await self.store.position()
        self.cache.follower.committed(position, position)
        self.cache.show(self.document(document), position=position)
        self.cache.restructured(self.kind)

    async def remove(self, identifier: str) -> None:
        before = await self.stored(identifier)
        if before is None:
            return
        loses = terms_of(self.kind, msgspec.json.decode(before.body))
        await self.store.commit([Write(before, None, loses=loses)], actor="test")
        position = await self.store.position()
        self.cache.follower.committed(position, position)
        self.cache.remove(self.kind, identifier, position=position)
        self.cache.restructured(self.kind)


async def collect(*documents: StoredDocument, kind: Kind = Kind.SUBMODEL) -> Collection:
    world = World(kind)
    for document in documents:
        await world.put(document)
    return world.collection


def ids(documents: list[Document]) -> list[str]:
    return [document.id for document in documents]


@given(
    present=st.sets(st.integers(1, 60), max_size=40),
    limit=st.integers(1, 10),
    changes=st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=30),
)
async def test_pages_show_each_document_that_stays_exactly_once_while_others_come_and_go(
    present: set[int], limit: int, changes: list[tuple[bool, int]]
) -> None:
    world = World()
    for sequence in present:
        await world.put(make(sequence))
    staying = {f"urn:{n}" for n in present} - {f"urn:{n}" for add, n in changes if not add}
    seen: list[str] = []
    cursor: str | None = None
    remaining = iter(changes)
    while True:
        page = await world.collection.page(Filter(), limit=limit, cursor=cursor)
        assert len(page.documents) <= limit
        seen += ids(page.documents)
        cursor = page.cursor
        if cursor is None:
            break
        for add, sequence in [change for change, _ in zip(remaining, range(2), strict=False)]:
            if add:
                await world.put(make(sequence))
            else:
                await world.remove(f"urn:{sequence}")
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)
    assert seen == sorted(seen, key=lambda identifier: int(identifier.removeprefix("urn:")))


async def test_filters_match_exactly_and_together() -> None:
    collection = await collect(
        make(1, idShort="Data", semanticId=reference("urn:a")),
        make(2, idShort="Data", semanticId=reference("urn:b")),
        make(3, idShort="data", supplementalSemanticIds=[reference("urn:b"), reference(" urn:a ")]),
    )
    page = await collection.page(Filter(id_short="Data"), limit=9)
    assert ids(page.documents) == ["urn:1", "urn:2"]
    page = await collection.page(Filter(semantic_id=("urn:a",)), limit=9)
    assert ids(page.documents) == ["urn:1", "urn:3"]
    page = await collection.page(Filter(id_short="Data", semantic_id=("urn:a",)), limit=9)
    assert ids(page.documents) == ["urn:1"]
    page = await collection.page(Filter(semantic_id=("urn:a", "urn:b")), limit=9)
    assert page.documents == []


async def test_asset_ids_must_all_be_there() -> None:
    asset = {
        "assetKind": "Instance",
        "globalAssetId": "urn:asset",
        "specificAssetIds": [{"name": "serial", "value": "7"}, {"name": "batch", "value": "b"}],
    }
    shell = make(1, kind=Kind.SHELL, assetInformation=asset)
    collection = await collect(shell, make(2, kind=Kind.SHELL), kind=Kind.SHELL)
    every = frozenset({("globalAssetId", "urn:asset"), ("serial", "7")})
    assert ids((await collection.page(Filter(asset_ids=every), limit=9)).documents) == ["urn:1"]
    other = every | {("serial", "8")}
    assert (await collection.page(Filter(asset_ids=other), limit=9)).documents == []


async def test_a_replaced_document_keeps_its_place_and_leaves_its_old_index_entries() -> None:
    world = World()
    await world.put(make(1, idShort="Old"))
    await world.put(make(2))
    collection = world.collection
    # What was asked for before is not what is there afterwards.
    assert ids((await collection.page(Filter(id_short="Old"), limit=9)).documents) == ["urn:1"]
    assert (await collection.page(Filter(id_short="New"), limit=9)).documents == []
    await world.put(make(1, idShort="New"))
    assert [document.id async for document in collection] == ["urn:1", "urn:2"]
    assert (await collection.page(Filter(id_short="Old"), limit=9)).documents == []
    assert ids((await collection.page(Filter(id_short="New"), limit=9)).documents) == ["urn:1"]
    await world.remove("urn:1")
    await world.remove("urn:1")
    assert not await collection.contains("urn:1")
    assert await collection.count() == 1


async def test_an_unknown_id_is_named() -> None:
    with pytest.raises(NotFound, match="no Submodel with the id 'urn:x'"):
        await (await collect()).get("urn:x")


@pytest.mark.parametrize("cursor", ["", "abc", "LTE", "w7w", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM"])
async def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    collection = await collect(make(1))
    with pytest.raises(BadRequest, match="cursor"):
        await collection.page(Filter(), limit=1, cursor=cursor)


@pytest.mark.parametrize("last", [2**63 - 1, 2**63, 2**64, 10**20 - 1])
async def test_a_cursor_behind_all_numbers_leads_to_an_empty_page(
    last: int, tmp_path: Path, hub: LiveHub, clock: FakeClock
) -> None:
    store = SqliteStore(tmp_path, clock)
    await store.open()
    await store.commit([Write(None, make(1)), Write(None, make(2**62 - 1))], actor="test")
    submodels = Repository(store, hub, clock).submodels
    page = await submodels.page(Filter(), limit=1, cursor=encode_identifier(str(last)))
    assert (page.documents, page.cursor) == ([], None)
    await store.close()


@given(
    stored=st.integers(0, 5),
    generated=st.integers(0, 4),
    limit=st.integers(1, 11),
    id_short=st.sampled_from([None, "A", "B"]),
)
async def test_what_the_server_makes_itself_stands_behind_what_is_stored_on_every_page(
    stored: int, generated: int, limit: int, id_short: str | None
) -> None:
    world = World()
    for number in range(1, stored + 1):
        await world.put(make(number, idShort="AB"[number % 2]))
    made = [make(2**62 + number, idShort="AB"[number % 2]) for number in range(generated)]
    for document in reversed(made):
        world.collection.put_generated(world.document(document))
    expected = [
        f"urn:{number}"
        for number in [*range(1, stored + 1), *(2**62 + n for n in range(generated))]
        if id_short in (None, "AB"[number % 2])
    ]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await world.collection.page(Filter(id_short=id_short), limit=limit, cursor=cursor)
        seen += ids(page.documents)
        cursor = page.cursor
        assert page.documents or not expected
        if cursor is None:
            break
        assert len(page.documents) == limit
    assert seen == expected
    assert await world.collection.count() == stored + generated


async def test_what_the_server_makes_itself_is_filtered_by_its_times_too() -> None:
    world = World()
    world.collection.put_generated(world.document(replace(make(2**62), created=5, updated=9)))
    for wanted, found in (
        (Filter(created_from=5, updated_from=9), 1),
        (Filter(created_from=6), 0),
        (Filter(updated_from=10), 0),
    ):
        assert len((await world.collection.page(wanted, limit=9)).documents) == found


async def test_a_page_is_asked_for_once_until_something_changes() -> None:
    world = World()
    await world.put(make(1, idShort="A"))
    collection, wanted = world.collection, Filter(id_short="A")
    assert ids((await collection.page(wanted, limit=9)).documents) == ["urn:1"]
    asked = world.store.lists
    for _ in range(3):
        await collection.page(wanted, limit=9)
    assert world.store.lists == asked
    await world.put(make(2, idShort="A"))
    assert ids((await collection.page(wanted, limit=9)).documents) == ["urn:1", "urn:2"]
    assert world.store.lists == asked + 1


async def test_a_page_by_time_is_asked_for_each_time() -> None:
    world = World()
    await world.put(make(1))
    stored = await world.stored("urn:1")
    assert stored is not None
    wanted = Filter(updated_from=1)
    assert (await world.collection.page(wanted, limit=9)).documents == []
    # A change of one element: no other list shows anything else now.
    later = replace(stored, revision=2, updated=7)
    await world.store.commit([Write(stored, later, "Temp")], actor="test")
    world.cache.follower.committed(2, 2)
    world.cache.show(world.document(later), position=2)
    assert ids((await world.collection.page(wanted, limit=9)).documents) == ["urn:1"]


async def test_all_documents_are_gone_through_some_at_a_time() -> None:
    world = World()
    await world.store.commit_many([Write(None, make(number)) for number in range(450)], actor="t")
    found = [document.id async for document in world.collection]
    assert found == [f"urn:{number}" for number in range(450)]
    assert max(len(asked) for _, asked in world.store.fetches) <= 200

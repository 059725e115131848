"""Listing: stable pages, exact filters."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.errors import BadRequest, NotFound
from aas_server.live.hub import LiveHub
from aas_server.repository.collection import Collection, Filter
from aas_server.repository.document import DecodedTrees, Document
from aas_server.store.protocol import Kind, StoredDocument
from tests.support.clock import FakeClock


def reference(value: str) -> dict[str, Any]:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def make(sequence: int, **more: Any) -> Document:
    tree = {"modelType": "Submodel", "id": f"urn:{sequence}", **more}
    stored = StoredDocument(Kind.SUBMODEL, tree["id"], sequence, 1, msgspec.json.encode(tree), 0, 0)
    return Document(stored, LiveHub(FakeClock()), DecodedTrees())


def collect(*documents: Document, kind: Kind = Kind.SUBMODEL) -> Collection:
    collection = Collection(kind)
    for document in documents:
        collection.put(document)
    return collection


def ids(documents: list[Document]) -> list[str]:
    return [document.id for document in documents]


@given(
    present=st.sets(st.integers(1, 60), max_size=40),
    limit=st.integers(1, 10),
    changes=st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=30),
)
def test_pages_show_each_document_that_stays_exactly_once_while_others_come_and_go(
    present: set[int], limit: int, changes: list[tuple[bool, int]]
) -> None:
    collection = collect(*map(make, present))
    staying = {f"urn:{n}" for n in present} - {f"urn:{n}" for add, n in changes if not add}
    seen: list[str] = []
    cursor: str | None = None
    remaining = iter(changes)
    while True:
        page = collection.page(Filter(), limit=limit, cursor=cursor)
        assert len(page.documents) <= limit
        seen += ids(page.documents)
        cursor = page.cursor
        if cursor is None:
            break
        for add, sequence in [change for change, _ in zip(remaining, range(2), strict=False)]:
            if add:
                collection.put(make(sequence))
            else:
                collection.remove(f"urn:{sequence}")
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)
    assert seen == sorted(seen, key=lambda identifier: int(identifier.removeprefix("urn:")))


def test_filters_match_exactly_and_together() -> None:
    collection = collect(
        make(1, idShort="Data", semanticId=reference("urn:a")),
        make(2, idShort="Data", semanticId=reference("urn:b")),
        make(3, idShort="data", supplementalSemanticIds=[reference("urn:b"), reference(" urn:a ")]),
    )
    page = collection.page(Filter(id_short="Data"), limit=9)
    assert ids(page.documents) == ["urn:1", "urn:2"]
    page = collection.page(Filter(semantic_id=("urn:a",)), limit=9)
    assert ids(page.documents) == ["urn:1", "urn:3"]
    page = collection.page(Filter(id_short="Data", semantic_id=("urn:a",)), limit=9)
    assert ids(page.documents) == ["urn:1"]
    assert collection.page(Filter(semantic_id=("urn:a", "urn:b")), limit=9).documents == []


def test_asset_ids_must_all_be_there() -> None:
    asset = {
        "assetKind": "Instance",
        "globalAssetId": "urn:asset",
        "specificAssetIds": [{"name": "serial", "value": "7"}, {"name": "batch", "value": "b"}],
    }
    collection = collect(make(1, assetInformation=asset), make(2), kind=Kind.SHELL)
    every = frozenset({("globalAssetId", "urn:asset"), ("serial", "7")})
    assert ids(collection.page(Filter(asset_ids=every), limit=9).documents) == ["urn:1"]
    other = every | {("serial", "8")}
    assert collection.page(Filter(asset_ids=other), limit=9).documents == []


def test_a_replaced_document_keeps_its_place_and_leaves_its_old_index_entries() -> None:
    collection = collect(make(1, idShort="Old"), make(2))
    collection.put(make(1, idShort="New"))
    assert ids(list(collection)) == ["urn:1", "urn:2"]
    assert collection.page(Filter(id_short="Old"), limit=9).documents == []
    assert ids(collection.page(Filter(id_short="New"), limit=9).documents) == ["urn:1"]
    collection.remove("urn:1")
    collection.remove("urn:1")
    assert "urn:1" not in collection
    assert len(collection) == 1


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(NotFound, match="no Submodel with the id 'urn:x'"):
        collect().get("urn:x")


@pytest.mark.parametrize("cursor", ["", "abc", "LTE", "w7w", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        collect(make(1)).page(Filter(), limit=1, cursor=cursor)

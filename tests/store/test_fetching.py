"""Fetching documents by their ids."""

from __future__ import annotations

import orjson
import pytest

from aas_server.store.protocol import Fetched, FileEntry, Kind, Store, StoredFile, Write
from tests.store.writes import FILE_BODY, changed, named, new_document

CONTENT = StoredFile("0a" * 32, 7)


async def test_documents_are_fetched_by_id_and_unknown_ones_are_left_out(store: Store) -> None:
    documents = [new_document(store, f"urn:{number}") for number in range(3)]
    await store.commit([Write(None, each) for each in documents], actor="test")
    fetched = await store.fetch(Kind.SUBMODEL, ["urn:2", "urn:no", "urn:0", "URN:1", "urn:1 "])
    assert {each.id: each for each in fetched.documents} == {
        "urn:0": documents[0],
        "urn:2": documents[2],
    }
    assert (await store.fetch(Kind.SUBMODEL, [])).documents == []
    assert (await store.fetch(Kind.SHELL, ["urn:0"])).documents == []


async def test_an_id_that_is_asked_for_twice_comes_once(store: Store) -> None:
    document = new_document(store)
    await store.commit([Write(None, document)], actor="test")
    fetched = await store.fetch(Kind.SUBMODEL, iter(["urn:ex", "urn:no", "urn:ex"]))
    assert fetched.documents == [document]


async def test_any_number_of_documents_is_fetched_at_once(store: Store) -> None:
    documents = [new_document(store, f"urn:{number}") for number in range(1_101)]
    await store.commit_many((Write(None, each) for each in documents), actor="test")
    fetched = await store.fetch(Kind.SUBMODEL, [f"urn:{number}" for number in range(1_500)])
    assert sorted(fetched.documents, key=lambda each: each.sequence) == documents
    assert fetched.position == 1_101


@pytest.mark.parametrize("identifier", ["", "'; DROP TABLE documents; --", "ü\U0001f600\t", "%"])
async def test_an_id_may_be_any_text(store: Store, identifier: str) -> None:
    document = new_document(store, identifier)
    await store.commit([Write(None, document), Write(None, new_document(store))], actor="test")
    assert (await store.fetch(Kind.SUBMODEL, [identifier])).documents == [document]


async def test_an_id_that_no_document_can_have_is_not_found(store: Store) -> None:
    document = new_document(store)
    await store.commit([Write(None, document)], actor="test")
    fetched = await store.fetch(Kind.SUBMODEL, ["urn:\u0000", "urn:ex"])
    assert fetched.documents == [document]


async def test_documents_come_with_the_files_that_they_name_and_no_others(store: Store) -> None:
    shell_body = b'{"assetInformation":{"defaultThumbnail":{"path":"/t"}}}'
    shell = new_document(
        store,
        "urn:same",
        shell_body,
        kind=Kind.SHELL,
        files=[named("urn:same", "/t", CONTENT, kind=Kind.SHELL)],
    )
    entry = FileEntry(Kind.PACKAGE, "urn:same", "", CONTENT, "application/x", "Grün.aasx")
    package = new_document(store, "urn:same", b"{}", kind=Kind.PACKAGE, files=[entry])
    paths = [f"/aasx/{number}" for number in range(3)]
    submodel = new_document(
        store, "urn:same", FILE_BODY, files=[named("urn:same", path, CONTENT) for path in paths]
    )
    without = new_document(store, "urn:other", FILE_BODY)
    every = (shell, package, submodel, without)
    await store.commit([Write(None, each) for each in every], actor="test")
    for kind, expected in (
        (Kind.SHELL, [shell]),
        (Kind.PACKAGE, [package]),
        (Kind.SUBMODEL, [submodel, without]),
    ):
        found = (await store.fetch(kind, ["urn:same", "urn:other"])).documents
        assert sorted(found, key=lambda each: each.sequence) == expected
        assert [each async for each in store.documents(kind)] == expected
    (found,) = (await store.fetch(Kind.PACKAGE, ["urn:same"])).documents
    assert found.files[""] == entry


async def test_the_files_of_more_than_some_hundred_documents_are_fetched_with_them(
    store: Store,
) -> None:
    ids = [f"urn:{number}" for number in range(1_001)]
    documents = [
        new_document(store, each, FILE_BODY, files=[named(each, "/a", CONTENT)]) for each in ids
    ]
    await store.commit_many((Write(None, each) for each in documents), actor="test")
    fetched = await store.fetch(Kind.SUBMODEL, ids)
    assert sorted(fetched.documents, key=lambda each: each.sequence) == documents


async def test_a_change_of_the_files_alone_is_a_change_of_the_document(store: Store) -> None:
    document = new_document(store, body=FILE_BODY)
    await store.commit([Write(None, document)], actor="test")
    for files in ([named("urn:ex", "/a", CONTENT)], [named("urn:ex", "/b", CONTENT)], []):
        after = changed(document, FILE_BODY, files=files)
        await store.commit([Write(document, after)], actor="test")
        assert (await store.fetch(Kind.SUBMODEL, ["urn:ex"])).documents == [after]
        document = after


async def test_a_path_that_comes_back_with_other_content_is_the_newer_one(store: Store) -> None:
    first = new_document(store, body=FILE_BODY, files=[named("urn:ex", "/a", CONTENT)])
    second = changed(first, FILE_BODY, files=[])
    other = StoredFile("0b" * 32, 8)
    third = changed(second, FILE_BODY, files=[named("urn:ex", "/a", other)])
    again = new_document(store, body=FILE_BODY, files=[named("urn:ex", "/a", CONTENT)])
    # In one transaction, so that only the first and the last state meet.
    await store.commit([Write(None, first), Write(first, second)], actor="test")
    await store.commit([Write(second, third), Write(third, None), Write(None, again)], actor="test")
    assert (await store.fetch(Kind.SUBMODEL, ["urn:ex"])).documents == [again]


async def test_what_is_fetched_is_of_the_position_that_it_says(store: Store) -> None:
    assert await store.fetch(Kind.SUBMODEL, ["urn:ex"]) == Fetched(0, [])
    state = new_document(store)
    await store.commit([Write(None, state)], actor="test")
    for revision in range(1, 4):
        fetched = await store.fetch(Kind.SUBMODEL, ["urn:ex"])
        assert (fetched.position, fetched.documents[0].revision) == (revision, revision)
        after = changed(state, orjson.dumps(revision))
        await store.commit([Write(state, after)], actor="test")
        state = after

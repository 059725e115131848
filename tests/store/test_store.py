"""What every store promises: what is acknowledged is there, what fails leaves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aas_server.errors import Conflict, NotFound
from aas_server.store.protocol import Kind, Operation, Store, Write
from tests.store.writes import FILE_BODY, all_documents, changed, named, new_document, pieces, read
from tests.support.clock import FakeClock


async def test_a_document_comes_back_byte_for_byte(store: Store) -> None:
    document = new_document(store, body='{"id":"urn:ex","idShort":"Grün","odd":  1}'.encode(), at=7)
    await store.commit([Write(None, document)], actor="test")
    assert await all_documents(store) == [document]


async def test_a_commit_of_which_one_write_conflicts_stores_nothing(store: Store) -> None:
    first = new_document(store, "urn:1")
    await store.commit([Write(None, first)], actor="test")
    with pytest.raises(Conflict):
        await store.commit(
            [Write(None, new_document(store, "urn:2")), Write(None, new_document(store, "urn:1"))],
            actor="test",
        )
    assert await all_documents(store) == [first]
    assert [change.id async for change in store.changes()] == ["urn:1"]


async def test_the_same_id_of_another_kind_is_no_conflict(store: Store) -> None:
    both = [new_document(store, kind=kind) for kind in (Kind.SHELL, Kind.SUBMODEL)]
    await store.commit([Write(None, each) for each in both], actor="test")
    assert await all_documents(store) == both


async def test_a_change_of_an_old_revision_is_a_conflict_and_changes_nothing(store: Store) -> None:
    first = new_document(store)
    second = changed(first, b"2")
    await store.commit([Write(None, first)], actor="test")
    await store.commit([Write(first, second)], actor="test")
    with pytest.raises(Conflict):
        await store.commit([Write(first, changed(first, b"3"))], actor="test")
    with pytest.raises(Conflict):
        await store.commit([Write(first, None)], actor="test")
    assert await all_documents(store) == [second]


async def test_a_document_changes_and_goes_within_one_commit(store: Store) -> None:
    first = new_document(store)
    second = changed(first, b"2")
    again = new_document(store, body=b"3")
    await store.commit(
        [Write(None, first), Write(first, second), Write(second, None), Write(None, again)],
        actor="test",
    )
    assert await all_documents(store) == [again]


async def test_a_document_that_is_created_again_stands_at_the_end(store: Store) -> None:
    first, other = new_document(store, "urn:1"), new_document(store, "urn:2")
    await store.commit([Write(None, first), Write(None, other)], actor="test")
    again = new_document(store, "urn:1")
    await store.commit([Write(first, None), Write(None, again)], actor="test")
    assert await all_documents(store) == [other, again]


async def test_the_change_log_tells_each_change_in_order_without_gaps(store: Store) -> None:
    first = new_document(store)
    second = changed(first, b"2")
    await store.commit([Write(None, first)], actor="loader")
    with pytest.raises(Conflict):
        await store.commit([Write(None, new_document(store))], actor="loser")
    await store.commit([Write(first, second, "State.Mode")], actor="client")
    await store.commit([Write(second, None)], actor="client")
    log = [change async for change in store.changes()]
    assert [(c.sequence, c.operation, c.actor, c.path, c.previous_revision) for c in log] == [
        (1, Operation.CREATE, "loader", None, None),
        (2, Operation.REPLACE, "client", "State.Mode", 1),
        (3, Operation.DELETE, "client", None, 2),
    ]
    assert [change.sequence async for change in store.changes(after=2)] == [3]
    assert [change.sequence async for change in store.changes(after=1, limit=1)] == [2]
    assert await store.position() == 3


async def test_a_former_version_is_found_by_any_time_at_which_it_was_shown(
    store: Store, clock: FakeClock
) -> None:
    first = new_document(store, body=b"first", at=100)
    second = changed(first, b"second", at=200)
    await store.commit([Write(None, first)], actor="test")
    await store.commit([Write(first, second)], actor="test")
    await store.commit([Write(second, None)], actor="test")
    times = (99, 100, 199, 200, clock.now() - 1, clock.now())
    found = [await store.version_at(Kind.SUBMODEL, "urn:ex", time) for time in times]
    assert found == [None, b"first", b"first", b"second", b"second", None]
    assert await store.version_at(Kind.SHELL, "urn:ex", 150) is None


@pytest.mark.parametrize("size", [0, 1, 1_048_576, 3_000_001])
async def test_a_file_comes_back_whole_and_in_parts(store: Store, size: int) -> None:
    content = bytes(index * 7 % 251 for index in range(size))
    stored = await store.write_file(pieces(content))
    document = new_document(store, body=FILE_BODY, files=[named("urn:ex", "/a", stored)])
    await store.commit([Write(None, document)], actor="test")
    assert stored.size == size
    assert await read(store, stored.digest) == content
    start = size // 3
    assert await read(store, stored.digest, start, 1_500_000) == content[start:][:1_500_000]


async def test_the_same_content_is_one_file(store: Store) -> None:
    first = await store.write_file(pieces(b"the same"))
    second = await store.write_file(pieces(b"the same", size=2))
    assert first == second
    assert await read(store, first.digest) == b"the same"


async def test_a_name_is_set_replaced_and_taken_away(store: Store) -> None:
    one, two = [await store.write_file(pieces(text)) for text in (b"one", b"two")]
    owners = ("urn:1", "urn:2")
    first, other = (
        new_document(store, each, FILE_BODY, files=[named(each, "/a", one)]) for each in owners
    )
    await store.commit([Write(None, first), Write(None, other)], actor="test")
    both = [named("urn:1", "/a", two), named("urn:1", "/b", one)]
    second = changed(first, FILE_BODY, files=both)
    await store.commit([Write(first, second)], actor="test")
    await store.commit([Write(other, changed(other, FILE_BODY, files=()))], actor="test")
    assert [list(each.files.values()) for each in await all_documents(store)] == [both, []]
    await store.commit([Write(second, None)], actor="test")
    again = new_document(store, "urn:1", FILE_BODY)
    await store.commit([Write(None, again)], actor="test")
    assert (await store.fetch(Kind.SUBMODEL, owners[:1])).documents == [again]


async def test_an_unknown_file_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await read(store, "00" * 32)


async def test_a_document_keeps_its_creation_through_changes(store: Store) -> None:
    first = new_document(store, at=5)
    second = replace(changed(first, b"2", at=9))
    await store.commit([Write(None, first), Write(first, second)], actor="test")
    assert [(each.created, each.updated) for each in await all_documents(store)] == [(5, 9)]

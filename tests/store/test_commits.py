"""Commits: all of it or nothing, also of many at the same time."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from aas_server.errors import Conflict, StoreUnavailable
from aas_server.store.protocol import Kind, Operation, Selection, Store, StoredDocument, Write
from aas_server.store.sql_store import SqlStore
from tests.store.writes import (
    all_documents,
    changed,
    creation,
    deletion,
    listed,
    new_document,
    replacement,
    short,
)


def steps(document: StoredDocument, count: int) -> list[tuple[StoredDocument, StoredDocument]]:
    states = [document]
    for number in range(count):
        states.append(changed(states[-1], b"%d" % number))
    return list(itertools.pairwise(states))


async def test_writers_at_the_same_time_are_all_stored_and_logged(store: Store) -> None:
    document = new_document(store)
    await store.commit([Write(None, document)], actor="test")
    chain = steps(document, 100)
    others = [new_document(store, f"urn:{number}") for number in range(100)]
    await asyncio.gather(
        *(store.commit([Write(*step)], actor="a") for step in chain),
        *(store.commit([Write(None, other)], actor="b") for other in others),
    )
    stored = {each.id: each for each in await all_documents(store)}
    assert stored["urn:ex"] == chain[-1][1]
    assert len(stored) == 101
    log = [change async for change in store.changes()]
    assert [change.sequence for change in log] == list(range(1, 202))


async def test_of_units_that_are_written_together_only_the_one_that_conflicts_fails(
    store: Store,
) -> None:
    ids = ["urn:1", "urn:2", "urn:1", "urn:3"]
    results = await asyncio.gather(
        *(store.commit([Write(None, new_document(store, each))], actor="test") for each in ids),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), type(None), Conflict, type(None)]
    assert [each.id for each in await all_documents(store)] == ["urn:1", "urn:2", "urn:3"]
    assert [change.sequence async for change in store.changes()] == [1, 2, 3]


async def test_what_builds_on_a_unit_that_conflicts_conflicts_too(store: Store) -> None:
    document = new_document(store)
    await store.commit([Write(None, document)], actor="test")
    lost = new_document(store)
    built_on_it = changed(lost, b"2")
    other = changed(document, b"3")
    results = await asyncio.gather(
        store.commit([Write(None, lost)], actor="test"),
        store.commit([Write(lost, built_on_it)], actor="test"),
        store.commit([Write(document, other)], actor="test"),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Conflict, Conflict, type(None)]
    assert await all_documents(store) == [other]


@pytest.mark.parametrize("together", [True, False], ids=["one-group", "one-by-one"])
async def test_what_builds_on_a_state_that_lost_conflicts_though_its_revision_is_there(
    store: Store, together: bool
) -> None:
    first = new_document(store, body=b'{"idShort":"A"}')
    won, lost = changed(first, b'{"idShort":"W"}'), changed(first, b'{"idShort":"L"}')
    await store.commit([creation(first)], actor="test")
    await store.commit([replacement(first, won)], actor="another server")
    built_on_it = changed(lost, b'{"idShort":"L2"}')
    writes = (replacement(first, lost), replacement(lost, built_on_it), deletion(built_on_it))
    commits = [store.commit([write], actor="test") for write in writes]
    if together:
        results = await asyncio.gather(*commits, return_exceptions=True)
    else:
        results = [(await asyncio.gather(each, return_exceptions=True))[0] for each in commits]
    assert [type(result) for result in results] == [Conflict] * 3
    assert await all_documents(store) == [won]
    assert await listed(store, Selection(short("W"))) == ["urn:ex"]
    with pytest.raises(Conflict):
        await store.commit_many([deletion(lost)], actor="test")
    await store.commit([deletion(won)], actor="test")


async def test_what_is_created_and_deleted_within_a_unit_conflicts_with_what_is_there(
    store: Store,
) -> None:
    present, passing = new_document(store), new_document(store)
    await store.commit([Write(None, present)], actor="test")
    with pytest.raises(Conflict):
        await store.commit([Write(None, passing), Write(passing, None)], actor="test")
    assert await all_documents(store) == [present]
    assert await store.position() == 1
    await store.commit([Write(present, None)], actor="test")
    await store.commit([Write(None, passing), Write(passing, None)], actor="test")
    assert await store.position() == 4


async def test_settled_hears_the_place_of_the_last_entry_before_the_caller_goes_on(
    store: Store,
) -> None:
    first, second = new_document(store, "urn:1"), new_document(store, "urn:2")
    third = changed(first, b"3")
    heard: list[tuple[str, int | None]] = []
    order: list[str] = []

    async def commit(name: str, *writes: Write) -> None:
        def settled(position: int | None) -> None:
            heard.append((name, position))
            order.append(f"settled {name}")

        try:
            await store.commit(writes, actor="test", settled=settled)
        except Conflict:
            order.append(f"lost {name}")
        else:
            order.append(f"done {name}")

    await asyncio.gather(
        commit("two", Write(None, first), Write(None, second)),
        commit("late", Write(None, new_document(store, "urn:1"))),
        commit("one", Write(first, third)),
    )
    assert heard == [("two", 2), ("late", None), ("one", 3)]
    for name, end in (("two", "done"), ("late", "lost"), ("one", "done")):
        assert order.index(f"settled {name}") < order.index(f"{end} {name}")
    log = [change async for change in store.changes()]
    assert [(c.id, c.operation) for c in log] == [
        ("urn:1", Operation.CREATE),
        ("urn:2", Operation.CREATE),
        ("urn:1", Operation.REPLACE),
    ]


async def test_a_caller_that_is_cancelled_stops_nothing_and_settled_still_hears(
    store: Store,
) -> None:
    document = new_document(store)
    heard: list[int | None] = []
    commit = asyncio.create_task(
        store.commit([Write(None, document)], actor="test", settled=heard.append)
    )
    await asyncio.sleep(0)
    commit.cancel()
    await asyncio.wait([commit])
    async with asyncio.timeout(10):
        while not heard:
            await asyncio.sleep(0.001)
    assert heard == [1]
    assert await all_documents(store) == [document]


async def test_all_that_waits_fails_together_and_in_order_when_the_medium_does(
    sql_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_writing, fails = asyncio.Event(), asyncio.Event()
    write = sql_store.write

    async def fail_once(work: Callable[[Connection], Any]) -> Any:
        monkeypatch.setattr(sql_store, "write", write)
        is_writing.set()
        await fails.wait()
        raise StoreUnavailable("the medium is gone")

    monkeypatch.setattr(sql_store, "write", fail_once)
    heard: list[tuple[str, int | None]] = []

    def commit(identifier: str) -> asyncio.Task[None]:
        return asyncio.create_task(
            sql_store.commit(
                [Write(None, new_document(sql_store, identifier))],
                actor="test",
                settled=lambda position: heard.append((identifier, position)),
            )
        )

    first = [commit("urn:0"), commit("urn:1")]
    await is_writing.wait()
    # Whoever comes while others are being written may build on them.
    behind = [commit("urn:2"), commit("urn:3")]
    await asyncio.sleep(0)
    fails.set()
    results = await asyncio.gather(*first, *behind, return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailable] * 4
    assert heard == [(f"urn:{number}", None) for number in range(4)]
    assert await all_documents(sql_store) == []
    await commit("urn:0")
    assert await sql_store.position() == 1


async def test_a_commit_of_nothing_is_at_the_end_of_the_log(store: Store) -> None:
    await store.commit([Write(None, new_document(store))], actor="test")
    heard: list[int | None] = []
    await store.commit([], actor="test", settled=heard.append)
    assert heard == [1]
    assert await store.position() == 1


async def test_many_changes_of_one_document_in_one_group_leave_the_last_ones_terms(
    store: Store,
) -> None:
    def named(name: str) -> bytes:
        return b'{"idShort":"%s"}' % name.encode()

    first = new_document(store, body=named("A"))
    second = changed(first, named("B"))
    third = changed(second, named("A"))
    again = new_document(store, body=named("B"))
    last = changed(again, named("C"))
    await asyncio.gather(
        store.commit([creation(first)], actor="test"),
        store.commit([replacement(first, second)], actor="test"),
        store.commit([replacement(second, third), deletion(third)], actor="test"),
        store.commit([creation(again)], actor="test"),
        store.commit([replacement(again, last)], actor="test"),
    )
    assert await all_documents(store) == [last]
    found = [await listed(store, Selection(short(name))) for name in "ABC"]
    assert found == [[], [], ["urn:ex"]]
    assert [change.previous_revision async for change in store.changes()] == [
        None,
        1,
        2,
        3,
        None,
        1,
    ]


async def test_what_a_write_gains_though_it_is_there_is_lost_with_a_later_one(store: Store) -> None:
    first = new_document(store)
    await store.commit([Write(None, first, gains=short("A"))], actor="test")
    second = changed(first, b"2")
    third = changed(second, b"3")
    # Another element of the document has the same term, which the first write does not look for.
    await asyncio.gather(
        store.commit([Write(first, second, gains=short("A"))], actor="test"),
        store.commit([Write(second, third, loses=short("A"))], actor="test"),
    )
    assert await listed(store, Selection(short("A"))) == []


async def test_many_documents_are_stored_at_once(store: Store) -> None:
    count = 1_203
    made = [new_document(store, f"urn:{number}") for number in range(count)]
    assert await store.commit_many((Write(None, each) for each in made), actor="loader") == count
    assert await all_documents(store) == made
    assert await store.count(Kind.SUBMODEL) == count
    assert await store.position() == count
    log = [change async for change in store.changes(limit=count)]
    assert [(change.sequence, change.id, change.actor) for change in log] == [
        (number, each.id, "loader") for number, each in enumerate(made, 1)
    ]
    await store.commit([Write(None, new_document(store))], actor="test")
    assert await store.position() == count + 1


async def test_many_documents_are_changed_and_go_at_once(store: Store) -> None:
    made = [new_document(store, f"urn:{n}", b'{"idShort":"Old"}') for n in range(600)]
    await store.commit_many(map(creation, made), actor="loader")
    later = [changed(each, b'{"idShort":"New"}') for each in made[:300]]
    writes = itertools.chain(map(replacement, made, later), map(deletion, made[300:]))
    assert await store.commit_many(writes, actor="loader") == 600
    assert await all_documents(store) == later
    assert await listed(store, Selection(short("New"))) == [each.id for each in later]
    assert await listed(store, Selection(short("Old"))) == []
    assert await store.position() == 1_200


async def test_of_many_writes_the_last_of_which_conflicts_nothing_is_stored(store: Store) -> None:
    present = new_document(store, "urn:present", b'{"idShort":"Present"}')
    await store.commit([creation(present)], actor="test")
    made = [new_document(store, f"urn:{number}") for number in range(599)]
    writes = [*(Write(None, each) for each in made), Write(None, new_document(store, present.id))]
    with pytest.raises(Conflict):
        await store.commit_many(iter(writes), actor="loader")
    assert await all_documents(store) == [present]
    assert await store.position() == 1
    assert await store.count(Kind.SUBMODEL) == 1


async def test_what_the_source_of_many_writes_raises_is_raised_and_nothing_is_stored(
    store: Store,
) -> None:
    def source() -> Iterator[Write]:
        for number in range(700):
            yield Write(None, new_document(store, f"urn:{number}"))
        raise RuntimeError("the package ends too early")

    with pytest.raises(RuntimeError, match="too early"):
        await store.commit_many(source(), actor="loader")
    assert await all_documents(store) == []
    assert await store.position() == 0
    await store.commit([Write(None, new_document(store))], actor="test")


async def test_many_writes_are_asked_for_piece_by_piece_outside_of_the_event_loop(
    sql_store: SqlStore,
) -> None:
    threads: set[int] = set()
    alive = most_alive = 0

    class Counted(bytes):
        """A body that tells how many of its kind are in memory."""

        def __init__(self, _: bytes) -> None:
            nonlocal alive, most_alive
            alive += 1
            most_alive = max(alive, most_alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def source() -> Iterator[Write]:
        for number in range(4_000):
            threads.add(threading.get_ident())
            yield Write(None, new_document(sql_store, f"urn:{number}", Counted(b"1")))

    assert await sql_store.commit_many(source(), actor="loader") == 4_000
    assert threading.get_ident() not in threads
    assert most_alive < 2_000

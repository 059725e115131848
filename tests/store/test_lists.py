"""Lists: documents in order, found by their terms and times."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
import pytest

from aas_server.store.protocol import (
    EVERYTHING,
    Kind,
    Listed,
    Selection,
    Store,
    StoredDocument,
    Write,
)
from aas_server.store.terms import term_of
from tests.store.writes import (
    changed,
    creation,
    deletion,
    listed,
    new_document,
    replacement,
    short,
)


def reference(*values: str) -> dict[str, Any]:
    keys = [{"type": "GlobalReference", "value": value} for value in values]
    return {"type": "ExternalReference", "keys": keys}


def body(**tree: Any) -> bytes:
    return orjson.dumps(tree)


def semantic(*values: str) -> bytes:
    return term_of(Kind.SUBMODEL, "semanticId", values)


async def stored(store: Store, *trees: dict[str, Any]) -> list[StoredDocument]:
    made = [new_document(store, f"urn:{n}", body(**tree)) for n, tree in enumerate(trees)]
    await store.commit([creation(each) for each in made], actor="test")
    return made


async def test_documents_are_listed_in_order_of_creation_page_by_page(store: Store) -> None:
    made = await stored(store, *[{}] * 7)
    entries = [(each.sequence, each.id) for each in made]
    assert await store.list_ids(Kind.SUBMODEL) == Listed(7, entries, more=False)
    first = await store.list_ids(Kind.SUBMODEL, limit=3)
    assert first == Listed(7, entries[:3], more=True)
    second = await store.list_ids(Kind.SUBMODEL, after=first.entries[-1][0], limit=3)
    assert second == Listed(7, entries[3:6], more=True)
    last = await store.list_ids(Kind.SUBMODEL, after=second.entries[-1][0], limit=3)
    assert last == Listed(7, entries[6:], more=False)
    assert await store.list_ids(Kind.SUBMODEL, after=entries[-1][0]) == Listed(7, [], more=False)
    assert await store.list_ids(Kind.SUBMODEL, limit=7) == Listed(7, entries, more=False)


async def test_there_is_no_more_in_an_empty_store_and_none_behind_the_end_of_all_numbers(
    store: Store,
) -> None:
    assert await store.list_ids(Kind.SUBMODEL) == Listed(0, [], more=False)
    await stored(store, {})
    assert await store.list_ids(Kind.SUBMODEL, after=2**63 - 1) == Listed(1, [], more=False)


async def test_pages_go_on_where_they_ended_when_what_stood_there_is_gone(store: Store) -> None:
    made = await stored(store, *[{"idShort": "A"}] * 4)
    await store.commit([deletion(made[1])], actor="test")
    for wanted in (EVERYTHING, Selection(short("A"))):
        found = await store.list_ids(Kind.SUBMODEL, wanted, after=made[1].sequence, limit=1)
        assert found == Listed(5, [(made[2].sequence, "urn:2")], more=True)


async def test_pages_of_what_has_a_term_are_as_long_as_asked_for(store: Store) -> None:
    made = await stored(store, *[{"idShort": name} for name in "ABAABA"])
    wanted = Selection(short("A"))
    entries = [(made[place].sequence, f"urn:{place}") for place in (0, 2, 3, 5)]
    assert await store.list_ids(Kind.SUBMODEL, wanted, limit=2) == Listed(6, entries[:2], more=True)
    after = entries[1][0]
    found = await store.list_ids(Kind.SUBMODEL, wanted, after=after, limit=2)
    assert found == Listed(6, entries[2:], more=False)


async def test_a_document_is_found_by_each_of_its_terms_and_by_all_of_them(store: Store) -> None:
    await stored(
        store,
        {"idShort": "A", "semanticId": reference("urn:a")},
        {"idShort": "A", "semanticId": reference("urn:b")},
        {"idShort": "B", "supplementalSemanticIds": [reference("urn:b"), reference("urn:a")]},
        {"idShort": "B", "semanticId": reference("urn:a", "urn:b"), "kind": "Template"},
    )
    template = term_of(Kind.SUBMODEL, "kind", "Template")
    for terms, expected in (
        ({*short("A")}, [0, 1]),
        ({semantic("urn:a")}, [0, 2]),
        ({semantic("urn:b")}, [1, 2]),
        ({semantic("urn:a"), semantic("urn:b")}, [2]),
        ({semantic("urn:a", "urn:b")}, [3]),
        ({template}, [3]),
        ({*short("A"), semantic("urn:b")}, [1]),
        ({*short("B"), semantic("urn:a"), semantic("urn:b")}, [2]),
        ({*short("A"), *short("B")}, []),
        ({*short("a")}, []),
        ({*short("A", Kind.SHELL)}, []),
        ({*short("A"), semantic("urn:no")}, []),
    ):
        found = await listed(store, Selection(frozenset(terms)))
        assert found == [f"urn:{number}" for number in expected]


async def test_rare_and_frequent_terms_find_the_same_together_in_order(store: Store) -> None:
    names = ["Rare" if number % 50 == 7 else "Often" for number in range(300)]
    made = await stored(
        store, *[{"idShort": name, "semanticId": reference("urn:a")} for name in names]
    )
    wanted = Selection(short("Rare") | {semantic("urn:a")})
    expected = [(made[number].sequence, f"urn:{number}") for number in range(7, 300, 50)]
    assert await store.list_ids(Kind.SUBMODEL, wanted, limit=6) == Listed(300, expected, more=False)
    part = await store.list_ids(Kind.SUBMODEL, wanted, after=expected[1][0], limit=2)
    assert part == Listed(300, expected[2:4], more=True)


async def test_kinds_are_listed_and_counted_apart(store: Store) -> None:
    kinds = [Kind.SHELL, Kind.SUBMODEL, Kind.SUBMODEL, Kind.CONCEPT_DESCRIPTION]
    made = [
        new_document(store, f"urn:{n}", body(idShort="A"), kind=kind)
        for n, kind in enumerate(kinds)
    ]
    await store.commit([creation(each) for each in made], actor="test")
    for kind in Kind:
        ids = [each.id for each in made if each.kind is kind]
        assert await listed(store, kind=kind) == ids
        assert await listed(store, Selection(short("A", kind)), kind=kind) == ids
        assert await store.count(kind) == len(ids)
    assert await listed(store, Selection(short("A", Kind.SHELL)), kind=Kind.SUBMODEL) == []


@pytest.mark.parametrize("together", [False, True], ids=["commits", "one-commit"])
async def test_terms_are_gained_and_lost_with_the_changes_of_a_document(
    store: Store, together: bool
) -> None:
    first = new_document(store, body=body(idShort="A", semanticId=reference("urn:a")))
    second = changed(first, body(idShort="B", semanticId=reference("urn:a")))
    third = changed(second, body(idShort="A", semanticId=reference("urn:b")))
    again = new_document(store, body=body(semanticId=reference("urn:b")))
    fourth = changed(again, body(idShort="A"))
    every = [frozenset({*short(name)}) for name in "AB"]
    every += [frozenset({semantic(name)}) for name in ("urn:a", "urn:b")]
    history = (
        ([creation(first)], (1, 0, 1, 0)),
        ([replacement(first, second)], (0, 1, 1, 0)),
        ([replacement(second, third)], (1, 0, 0, 1)),
        ([deletion(third)], (0, 0, 0, 0)),
        ([creation(again)], (0, 0, 0, 1)),
        ([replacement(again, fourth)], (1, 0, 0, 0)),
    )

    async def has() -> tuple[int, ...]:
        return tuple([len(await listed(store, Selection(terms))) for terms in every])

    writes: list[Write] = []
    for step, expected in history:
        writes += step
        if not together:
            await store.commit(step, actor="test")
            assert await has() == expected
    if together:
        await store.commit(writes, actor="test")
    assert await has() == (1, 0, 0, 0)
    assert (await store.list_ids(Kind.SUBMODEL)).entries == [(fourth.sequence, "urn:ex")]


async def test_a_term_that_comes_and_goes_and_comes_again_in_one_commit_is_there(
    store: Store,
) -> None:
    states = [new_document(store, body=body(idShort="A"))]
    await store.commit([creation(states[0])], actor="test")
    for name in ("B", "A", "C", "A"):
        states.append(changed(states[-1], body(idShort=name)))
    pairs = itertools.pairwise(states)
    await store.commit([replacement(*pair) for pair in pairs], actor="test")
    found = [await listed(store, Selection(short(name))) for name in "ABC"]
    assert found == [["urn:ex"], [], []]


async def test_a_term_that_is_gained_again_is_no_mistake(store: Store) -> None:
    document = new_document(store, body=body(idShort="A"))
    await store.commit([creation(document)], actor="test")
    after = changed(document, body(idShort="A"))
    await store.commit([Write(document, after, gains=short("A"))], actor="test")
    assert await listed(store, Selection(short("A"))) == ["urn:ex"]


async def test_documents_are_listed_from_a_time_of_creation_or_change_on(store: Store) -> None:
    made = [
        new_document(store, f"urn:{n}", body(idShort="AB"[n % 2]), at=100 * n) for n in range(4)
    ]
    await store.commit([creation(each) for each in made], actor="test")
    later = changed(made[0], made[0].body, at=250)
    await store.commit([replacement(made[0], later)], actor="test")
    for created, updated, terms, expected in (
        (None, None, (), [0, 1, 2, 3]),
        (100, None, (), [1, 2, 3]),
        (101, None, (), [2, 3]),
        (None, 200, (), [0, 2, 3]),
        (None, 250, (), [0, 3]),
        (None, 251, (), [3]),
        (100, 200, (), [2, 3]),
        (200, 100, (), [2, 3]),
        (0, 0, (), [0, 1, 2, 3]),
        (301, None, (), []),
        (None, 200, short("A"), [0, 2]),
        (100, None, short("B"), [1, 3]),
    ):
        found = await listed(store, Selection(frozenset(terms), created, updated))
        assert found == [f"urn:{number}" for number in expected]

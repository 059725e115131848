"""What elements are found by: signatures of what they are called and mean, then their values."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.store.element_terms import IndexChange, change_of_elements
from aas_server.store.ordered_terms import (
    CONCEPT,
    CUT_OF_VALUES,
    ELEMENT,
    equal_to,
    everything,
    looked_at,
    numbers_between,
    value_key,
)
from aas_server.store.protocol import LOOKED, Kind
from aas_server.store.reading import MOST_SIGNATURES
from aas_server.store.terms import change_between
from tests.store.writes import changed, creation, deletion, new_document, replacement


def prop(name: str, value: str, concept: str | None = None) -> dict[str, Any]:
    element: dict[str, Any] = {"modelType": "Property", "idShort": name, "value": value}
    if concept is not None:
        keys = [{"type": "GlobalReference", "value": concept}]
        element["semanticId"] = {"type": "ExternalReference", "keys": keys}
    return element


def collection(name: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {"modelType": "SubmodelElementCollection", "idShort": name, "value": list(children)}


TEMPERATURE = looked_at(Kind.SUBMODEL, ELEMENT, "Temp")


def names(role: str, name: str) -> bytes:
    return looked_at(Kind.SUBMODEL, role, name).start


def leads(index: IndexChange, role: str, name: str, value: str) -> bool:
    """Whether one way leads from a name or a meaning to a term with the value."""
    starts = [way[LOOKED:] for way in index.signatures if way.startswith(names(role, name))]
    return any(start + value_key(value, CUT_OF_VALUES) in index.gains for start in starts)


def test_elements_are_found_by_name_and_concept_and_items_by_the_name_of_their_list():
    items = [{"modelType": "Property", "value": "7"}]
    tree = {
        "id": "urn:s",
        "submodelElements": [
            collection("C", prop("P", "x", "urn:c")),
            {"modelType": "SubmodelElementList", "idShort": "L", "value": items},
        ],
    }
    index = change_between(Kind.SUBMODEL, None, tree)
    assert leads(index, ELEMENT, "P", "x")
    assert leads(index, CONCEPT, "urn:c", "x")
    assert leads(index, ELEMENT, "L", "7")
    assert any(way.startswith(names(ELEMENT, "C")) for way in index.signatures)
    assert not leads(index, ELEMENT, "P", "7")


def test_a_value_stands_once_however_many_ways_lead_to_it():
    one, more = ({"submodelElements": [prop("P", "x", each)]} for each in (None, "urn:c"))
    first, second = (change_between(Kind.SUBMODEL, None, each) for each in (one, more))
    assert len(first.gains) == len(second.gains)
    assert len(first.signatures) < len(second.signatures)


elements = st.recursive(
    st.builds(prop, st.sampled_from("AB"), st.sampled_from("12"), st.sampled_from(["c", "d"])),
    lambda below: st.builds(
        lambda name, children: collection(name, *children),
        st.sampled_from("CD"),
        st.lists(below, max_size=3),
    ),
    max_leaves=8,
)


@given(st.data())
def test_a_change_of_elements_is_the_difference_of_all_terms(data):
    before = {"submodelElements": data.draw(st.lists(elements, max_size=5))}
    kept = [each for each in before["submodelElements"] if data.draw(st.booleans())]
    after = {"submodelElements": [*kept, *data.draw(st.lists(elements, max_size=2))]}
    order = data.draw(st.permutations(after["submodelElements"]))
    after["submodelElements"] = list(order)
    empty, old, new = ([], *(each["submodelElements"] for each in (before, after)))
    whole, first = (change_of_elements(empty, each) for each in (new, old))
    change = change_of_elements(old, new)
    assert (first.gains | change.gains) - change.loses == whole.gains
    assert first.signatures | change.signatures >= whole.signatures
    copied = change_of_elements(old, orjson.loads(orjson.dumps(new)))
    assert (first.gains | copied.gains) - copied.loses == whole.gains


def test_another_value_of_the_same_element_needs_no_new_way():
    change = change_of_elements([prop("P", "1", "urn:c")], [prop("P", "2", "urn:c")])
    assert len(change.gains) == len(change.loses) == 1
    assert change.signatures == frozenset()


def test_another_meaning_of_the_same_value_does():
    change = change_of_elements([prop("P", "1", "urn:c")], [prop("P", "1", "urn:d")])
    assert leads(change, CONCEPT, "urn:d", "1")
    assert len(change.loses) == 1


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_store_finds_documents_by_ranges_of_terms(store, limit):
    made = [
        new_document(
            store, f"urn:{value}", orjson.dumps({"submodelElements": [prop("Temp", value)]})
        )
        for value in ("5", "17", "abc")
    ]
    await store.commit([creation(each) for each in made], actor="test")
    found = await store.find_terms([numbers_between(TEMPERATURE, 1, 20)], limit=limit)
    assert found.more is (limit < 2)
    assert set(found.sequences) <= {made[0].sequence, made[1].sequence}
    assert len(found.sequences) == min(limit, 2)
    listed = await store.list_at(Kind.SUBMODEL, [made[2].sequence, made[0].sequence, 10**17])
    assert [identifier for _, identifier in listed.entries] == ["urn:5", "urn:abc"]
    assert (await store.list_at(Kind.SHELL, [made[0].sequence])).entries == []


async def test_a_store_finds_elements_by_every_name_and_meaning_while_they_have_it(store):
    def body(*elements: dict[str, Any]) -> bytes:
        return orjson.dumps({"submodelElements": list(elements)})

    async def found(role: str, name: str, value: str | None) -> list[int]:
        looked = looked_at(Kind.SUBMODEL, role, name)
        wanted = everything(looked) if value is None else equal_to(looked, value)
        return sorted((await store.find_terms([wanted], limit=9)).sequences)

    one = new_document(store, "urn:1", body(prop("A", "5", "urn:c")))
    two = new_document(store, "urn:2", body(prop("B", "5", "urn:c")))
    await store.commit([creation(one), creation(two)], actor="test")
    assert await found(CONCEPT, "urn:c", "5") == [one.sequence, two.sequence]
    assert await found(ELEMENT, "A", "5") == [one.sequence]
    assert await found(ELEMENT, "A", "6") == []

    three = changed(two, body(prop("B", "6", "urn:d")))
    await store.commit([replacement(two, three)], actor="test")
    assert await found(CONCEPT, "urn:c", None) == [one.sequence]
    assert await found(CONCEPT, "urn:d", "6") == [two.sequence]

    await store.commit([deletion(one)], actor="test")
    assert await found(ELEMENT, "A", None) == []


async def test_many_documents_at_once_are_found_like_others(store):
    made = [
        new_document(store, f"urn:{n}", orjson.dumps({"submodelElements": [prop("Temp", f"{n}")]}))
        for n in range(1_200)
    ]
    assert await store.commit_many(map(creation, made), actor="test") == len(made)
    again = changed(made[3], orjson.dumps({"submodelElements": [prop("Temp", "-1")]}))
    new = new_document(store, "urn:new", orjson.dumps({"submodelElements": [prop("Temp", "-1")]}))
    await store.commit_many([replacement(made[3], again), creation(new)], actor="test")
    found = await store.find_terms([numbers_between(TEMPERATURE, None, 4)], limit=9)
    wanted = [*made[:5], new]
    assert sorted(found.sequences) == [each.sequence for each in wanted]


async def test_a_name_of_too_many_signatures_leads_to_too_many_documents(sqlite_store):
    elements = [prop("Temp", "1", f"urn:{number}") for number in range(MOST_SIGNATURES + 1)]
    for number, some in enumerate((elements[1:], elements[:1])):
        body = orjson.dumps({"submodelElements": some})
        made = creation(new_document(sqlite_store, f"urn:{number}", body))
        await sqlite_store.commit([made], actor="test")
        found = await sqlite_store.find_terms([everything(TEMPERATURE)], limit=9)
        assert found.more is bool(number)
        assert len(found.sequences) == (0 if number else 1)

"""Terms in the order of values: what is equal, begins alike or lies between is one range."""

from __future__ import annotations

import math
from datetime import UTC
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.metamodel.lexical import number_of
from aas_server.store.ordered_terms import (
    CONCEPT,
    ELEMENT,
    ID,
    Range,
    beginning_with,
    change_of_elements,
    element_terms,
    equal_to,
    everything,
    looked_at,
    moments_between,
    numbers_between,
    ordered_terms,
    term_of_value,
)
from aas_server.store.protocol import Kind
from tests.store.writes import creation, new_document

LOOKED = looked_at(Kind.SUBMODEL, ELEMENT, "Temp")
NUMBERS = st.floats(allow_nan=False) | st.integers(-(10**20), 10**20)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(max_size=40) | st.integers().map(str) | st.floats().map(repr)


def holds(found: Range, text: str) -> bool:
    return found.low <= term_of_value(LOOKED, text) < found.high


@given(NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS)
def test_numbers_between_two_bounds_are_in_their_range(value, low, high):
    text = repr(value).replace("inf", "INF")
    between = (low is None or low <= value) and (high is None or value <= high)
    if between:
        assert holds(numbers_between(LOOKED, low, high), text)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_numbers_outside_of_the_bounds_are_not(value, bound):
    text = repr(value).replace("inf", "INF")
    if value < bound:
        assert not holds(numbers_between(LOOKED, bound, None), text)
        assert holds(numbers_between(LOOKED, None, bound), text)


@given(TEXTS)
def test_a_text_is_among_those_that_may_be_equal_to_it_and_among_all(text):
    assert holds(equal_to(LOOKED, text), text)
    assert holds(everything(LOOKED), text)


@given(TEXTS, st.integers(0, 40))
def test_a_text_is_among_those_that_may_begin_as_it_does(text, length):
    assert holds(beginning_with(LOOKED, text[:length]), text)


def test_texts_that_begin_otherwise_are_not():
    assert not holds(beginning_with(LOOKED, "Mi"), "Press")
    assert not holds(beginning_with(LOOKED, "Mi"), "M")
    assert not holds(equal_to(LOOKED, "Mill"), "Mill2")


@given(TEXTS, TEXTS)
def test_equal_numbers_are_found_by_each_other_however_they_are_written(one, other):
    if number_of(one) is not None and number_of(one) == number_of(other):
        assert term_of_value(LOOKED, one) == term_of_value(LOOKED, other)


@given(MOMENTS, MOMENTS)
def test_moments_have_their_order(value, bound):
    text = value.isoformat().replace("+00:00", "Z")
    assert holds(moments_between(LOOKED, bound, None), text) is (value >= bound)
    assert holds(moments_between(LOOKED, None, bound), text) is (value <= bound)


def test_no_number_is_no_number():
    assert not holds(numbers_between(LOOKED, None, None), "NaN")
    assert holds(numbers_between(LOOKED, None, None), "INF")
    assert holds(numbers_between(LOOKED, math.inf, None), "INF")


def prop(name: str, value: str, concept: str | None = None) -> dict[str, Any]:
    element: dict[str, Any] = {"modelType": "Property", "idShort": name, "value": value}
    if concept is not None:
        keys = [{"type": "GlobalReference", "value": concept}]
        element["semanticId"] = {"type": "ExternalReference", "keys": keys}
    return element


def collection(name: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {"modelType": "SubmodelElementCollection", "idShort": name, "value": list(children)}


def test_elements_are_found_by_name_and_concept_and_items_by_the_name_of_their_list():
    items = [{"modelType": "Property", "value": "7"}]
    tree = {
        "id": "urn:s",
        "submodelElements": [
            collection("C", prop("P", "x", "urn:c")),
            {"modelType": "SubmodelElementList", "idShort": "L", "value": items},
        ],
    }
    terms = frozenset(ordered_terms(Kind.SUBMODEL, tree))
    for role, name, value in ((ELEMENT, "P", "x"), (CONCEPT, "urn:c", "x"), (ELEMENT, "L", "7")):
        assert term_of_value(looked_at(Kind.SUBMODEL, role, name), value) in terms
    collections = everything(looked_at(Kind.SUBMODEL, ELEMENT, "C"))
    assert any(collections.low <= term < collections.high for term in terms)


def test_long_texts_that_begin_alike_are_told_apart():
    looked = looked_at(Kind.SHELL, ID)
    one, other = (f"https://example.com/{'x' * 100}/{number}" for number in (1, 2))
    found = equal_to(looked, one)
    assert found.low <= term_of_value(looked, one) < found.high
    assert not found.low <= term_of_value(looked, other) < found.high


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
    old, new = (frozenset(element_terms(each["submodelElements"])) for each in (before, after))
    gains, loses = change_of_elements(before, after)
    assert (old | gains) - loses == new


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_store_finds_documents_by_ranges_of_terms(store, limit):
    made = [
        new_document(
            store, f"urn:{value}", orjson.dumps({"submodelElements": [prop("Temp", value)]})
        )
        for value in ("5", "17", "abc")
    ]
    await store.commit([creation(each) for each in made], actor="test")
    found = await store.find_terms([numbers_between(LOOKED, 1, 20)], limit=limit)
    assert found.more is (limit < 2)
    assert set(found.sequences) <= {made[0].sequence, made[1].sequence}
    assert len(found.sequences) == min(limit, 2)
    listed = await store.list_at(Kind.SUBMODEL, [made[2].sequence, made[0].sequence, 10**17])
    assert [identifier for _, identifier in listed.entries] == ["urn:5", "urn:abc"]
    assert (await store.list_at(Kind.SHELL, [made[0].sequence])).entries == []

"""Differences between two forms of a document."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.metamodel.differences import Difference, differences

WEIGHT = {"modelType": "Property", "idShort": "Weight", "valueType": "xs:double", "value": "1.0"}
COLOUR = {"modelType": "Property", "idShort": "Colour", "valueType": "xs:string", "value": "red"}
SUBMODEL: dict[str, Any] = {"id": "urn:a", "submodelElements": [WEIGHT, COLOUR]}

VALUES = st.recursive(
    st.text(max_size=3) | st.booleans() | st.integers(0, 3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["idShort", "value", "id", "kind"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def told(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    return [(each.path, each.before, each.after) for each in differences(before, after)]


def with_elements(*elements: Any) -> dict[str, Any]:
    return {**SUBMODEL, "submodelElements": list(elements)}


def test_a_value_is_told_with_the_name_of_its_element() -> None:
    after = with_elements(WEIGHT | {"value": "2.0"}, COLOUR)
    assert told(SUBMODEL, after) == [("submodelElements[Weight].value", "1.0", "2.0")]


def test_what_comes_and_what_goes_is_told_whole() -> None:
    size = {"modelType": "Property", "idShort": "Size", "valueType": "xs:int"}
    assert told(SUBMODEL, with_elements(COLOUR, size)) == [
        ("submodelElements[Weight]", WEIGHT, None),
        ("submodelElements[Size]", None, size),
    ]


def test_another_order_is_one_difference() -> None:
    assert told(SUBMODEL, with_elements(COLOUR, WEIGHT)) == [
        ("submodelElements (order)", ["Weight", "Colour"], ["Colour", "Weight"])
    ]


def test_items_without_names_are_compared_by_their_places() -> None:
    assert told({"value": [{"value": "1"}, {"value": "2"}]}, {"value": [{"value": "3"}]}) == [
        ("value[0].value", "1", "3"),
        ("value[1]", {"value": "2"}, None),
    ]


@pytest.mark.parametrize(("before", "after"), [(True, 1), ("1", 1), ({}, []), (None, "")])
def test_what_python_takes_for_equal_or_cannot_compare_differs(before: Any, after: Any) -> None:
    assert list(differences(before, after)) == [Difference("", before, after)]


@given(VALUES, VALUES)
def test_there_are_differences_exactly_between_what_differs(before: Any, after: Any) -> None:
    assert list(differences(before, deepcopy(before))) == []
    assert bool(list(differences(before, after))) == (repr_of(before) != repr_of(after))


def repr_of(value: Any) -> Any:
    """Return ``value`` in a form in which true is not 1 and the order of members does not count."""
    if isinstance(value, dict):
        return {name: repr_of(member) for name, member in value.items()}
    if isinstance(value, list):
        return [repr_of(each) for each in value]
    return type(value).__name__, value

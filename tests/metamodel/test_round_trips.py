"""Properties of documents over the whole metamodel: what is read can be written back."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.errors import AasError, Conflict
from aas_server.metamodel.edits import deleted, inserted, put
from aas_server.metamodel.id_short_path import format_id_short_path, parse_id_short_path
from aas_server.metamodel.patches import patched_element, patched_metadata, patched_submodel
from aas_server.metamodel.tree import Node, resolve, walk
from aas_server.metamodel.value_writing import patched
from aas_server.metamodel.verification import verify
from aas_server.metamodel.views import Extent, Level, metadata, value_only
from tests.support import strategies

thorough = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def through_json(value: Any) -> Any:
    """What a client makes of it: numbers through binary floating point and back."""
    return msgspec.json.decode(msgspec.json.encode(value))


@thorough
@given(strategies.identifiables)
def test_a_document_comes_out_as_it_went_in(document: Node) -> None:
    assert verify(document) == []
    assert through_json(document) == document
    assert json.loads(msgspec.json.encode(document)) == document


@thorough
@given(strategies.submodels, st.sampled_from(Extent))
def test_what_value_shows_can_be_written_back_and_changes_nothing(
    submodel: Node, extent: Extent
) -> None:
    before = copy.deepcopy(submodel)
    value = through_json(value_only(submodel, Level.DEEP, extent))
    assert patched(submodel, (), value, live=()) == before
    for path, element in walk(submodel):
        value = through_json(value_only(element, Level.DEEP, extent))
        if value is not None:
            assert patched(submodel, path, value, live=()) == before
    assert submodel == before


@thorough
@given(strategies.submodels)
def test_an_element_and_its_metadata_can_be_patched_with_themselves(submodel: Node) -> None:
    before = copy.deepcopy(submodel)
    assert patched_submodel(submodel, copy.deepcopy(submodel)) == before
    assert patched_metadata(submodel, (), metadata(submodel)) == before
    for path, element in walk(submodel):
        assert patched_element(submodel, path, copy.deepcopy(element)) == before
        if element["modelType"] not in ("Capability", "Operation"):
            assert patched_metadata(submodel, path, metadata(element)) == before
    assert submodel == before


@thorough
@given(strategies.submodels)
def test_every_element_has_one_path_and_the_path_its_text(submodel: Node) -> None:
    seen = set()
    for path, element in walk(submodel):
        text = format_id_short_path(path)
        assert parse_id_short_path(text) == path
        assert resolve(submodel, path) is element
        assert text not in seen
        seen.add(text)


@thorough
@given(strategies.submodels, strategies.elements, strategies.id_shorts)
def test_what_is_inserted_and_deleted_leaves_no_trace(
    submodel: Node, element: Node, id_short: str
) -> None:
    before = copy.deepcopy(submodel)
    element = element | {"idShort": id_short}
    for parent in [(), *(path for path, _ in walk(submodel))]:
        try:
            grown, path = inserted(submodel, parent, element)
        except AasError as error:
            if isinstance(error, Conflict):
                assert any(
                    each["idShort"] == id_short for _, each in walk(submodel) if "idShort" in each
                )
        else:
            assert resolve(grown, path) is element
            assert verify(grown) == []
            assert deleted(grown, path) == before
            if isinstance(path[-1], str):
                assert put(submodel, path, element) == (grown, True)
    assert submodel == before


@thorough
@given(strategies.submodels)
def test_an_element_that_is_put_back_where_it_was_changes_nothing(submodel: Node) -> None:
    before = copy.deepcopy(submodel)
    for path, element in walk(submodel):
        assert put(submodel, path, element) == (before, False)
        without = deleted(submodel, path)
        assert without != before
        if path[-1] == len(resolve(submodel, path[:-1]).get("value", ())) - 1:
            assert put(without, path, element) == (before, True)
    assert submodel == before


def test_lists_have_items_beyond_the_ninth() -> None:
    items = [{"modelType": "Property", "valueType": "xs:int", "value": str(n)} for n in range(120)]
    inner = {"modelType": "SubmodelElementList", "value": items}
    outer = {"modelType": "SubmodelElementList", "idShort": "List", "value": [inner] * 11}
    submodel = {"modelType": "Submodel", "id": "urn:sm", "submodelElements": [outer]}
    path = parse_id_short_path("List[10][101]")
    assert resolve(submodel, path)["value"] == "101"
    after = patched(submodel, path, 5, live=())
    assert [resolve(after, ("List", i, 101))["value"] for i in (9, 10)] == ["101", "5"]
    assert deleted(after, path)["submodelElements"][0]["value"][10]["value"][101]["value"] == "102"


@pytest.mark.parametrize("level", [Level.CORE])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.submodels)
def test_what_value_shows_of_the_first_level_can_be_written_back_too(
    level: Level, submodel: Node
) -> None:
    value = value_only(submodel, level, Extent.WITHOUT_BLOB_VALUE)
    assert patched(submodel, (), through_json(value), live=()) == submodel

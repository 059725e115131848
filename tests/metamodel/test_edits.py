"""Elements inserted, put and deleted: addresses stay unique, nothing shared is changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from aas_server.errors import BadRequest, Conflict, InvalidDocument, NotFound
from aas_server.metamodel.edits import deleted, inserted, put
from aas_server.metamodel.id_short_path import IdShortPath, parse_id_short_path
from aas_server.metamodel.placement import placement_findings
from aas_server.metamodel.structure import MAX_NESTING
from aas_server.metamodel.tree import Node, resolve


def semantic(value: str) -> Node:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def element(model_type: str, id_short: str | None = None, **attributes: Any) -> Node:
    name = {} if id_short is None else {"idShort": id_short}
    return {"modelType": model_type, **name, **attributes}


def number(id_short: str | None = None, **attributes: Any) -> Node:
    return element("Property", id_short, **{"valueType": "xs:int", **attributes})


SUBMODEL: Node = {
    "modelType": "Submodel",
    "id": "urn:sm",
    "submodelElements": [
        number("Count"),
        element("SubmodelElementCollection", "Box", value=[number("Inner")]),
        element(
            "SubmodelElementList",
            "List",
            typeValueListElement="Property",
            valueTypeListElement="xs:int",
            semanticIdListElement=semantic("urn:item"),
            value=[number(), number("Named", semanticId=semantic("urn:item"))],
        ),
        element(
            "SubmodelElementList",
            "Lists",
            typeValueListElement="SubmodelElementList",
            value=[element("SubmodelElementList", value=[element("Capability")])],
        ),
        element("Entity", "Entity"),
        element("AnnotatedRelationshipElement", "Rel"),
    ],
}


@pytest.fixture(autouse=True)
def _arguments_stay_as_they_are() -> Iterator[None]:
    before = copy.deepcopy(SUBMODEL)
    yield
    assert before == SUBMODEL


def at(text: str) -> IdShortPath:
    return parse_id_short_path(text) if text else ()


@pytest.mark.parametrize(
    ("parent", "node", "path"),
    [
        ("", number("New"), ("New",)),
        ("Box", number("Count"), ("Box", "Count")),
        ("List", number(), ("List", 2)),
        ("List", number("Named2"), ("List", 2)),
        ("Lists[0]", number(), ("Lists", 0, 1)),
        ("Entity", element("Capability", "Can"), ("Entity", "Can")),
        ("Rel", number("Note"), ("Rel", "Note")),
    ],
)
def test_a_new_element_stands_last_in_its_container(
    parent: str, node: Node, path: IdShortPath
) -> None:
    after, created = inserted(SUBMODEL, at(parent), node)
    assert created == path
    assert resolve(after, path) is node
    assert deleted(after, path) == SUBMODEL


def test_the_first_element_makes_the_array_and_the_last_one_takes_it_along() -> None:
    empty = {"modelType": "Submodel", "id": "urn:empty"}
    after, path = inserted(empty, (), number("First"))
    assert after == empty | {"submodelElements": [number("First")]}
    assert deleted(after, path) == empty


@pytest.mark.parametrize(
    ("parent", "node", "error", "reason"),
    [
        ("", number("Count"), Conflict, "Count: .*AASd-022"),
        ("Box", number("Inner"), Conflict, r"Box\.Inner: .*AASd-022"),
        ("", number(), InvalidDocument, "idShort: every element outside a list"),
        ("", number("") | {"idShort": ""}, InvalidDocument, "idShort"),
        ("", number("x") | {"idShort": 5}, InvalidDocument, "idShort"),
        ("No", number("New"), NotFound, "No"),
        ("Count", number("New"), BadRequest, "Count: a Property has no child elements"),
        ("List", element("Capability"), InvalidDocument, "modelType: .*Property, not Capability"),
        ("List", number(valueType="xs:long"), InvalidDocument, "valueType: .*xs:int"),
        ("List", number(semanticId=semantic("urn:x")), InvalidDocument, "semanticIdListElement"),
        ("Rel", element("Capability", "Can"), BadRequest, "data element"),
        ("", {"idShort": "New"}, BadRequest, "modelType"),
        ("", {"idShort": "New", "modelType": {}}, BadRequest, "modelType"),
        ("", {"idShort": "New", "modelType": "Submodel"}, BadRequest, "modelType"),
        ("", ["New"], BadRequest, "modelType"),
        ("", None, BadRequest, "modelType"),
    ],
)
def test_what_does_not_belong_there_is_refused(
    parent: str, node: Any, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        inserted(SUBMODEL, at(parent), node)


def test_items_of_a_list_have_one_semantic_id() -> None:
    listing = element(
        "SubmodelElementList",
        "List",
        typeValueListElement="SubmodelElement",
        value=[element("Capability"), number(semanticId=semantic("urn:a"))],
    )
    submodel = {"modelType": "Submodel", "id": "urn:sm", "submodelElements": [listing]}
    with pytest.raises(InvalidDocument) as caught:
        inserted(submodel, ("List",), element("Capability", semanticId=semantic("urn:b")))
    assert [finding.code for finding in caught.value.findings] == ["AASd-114"]
    replaced, created = put(submodel, ("List", 1), element("Blob", semanticId=semantic("urn:b")))
    assert not created
    assert placement_findings(replaced, ("List", 1)) == []


def test_what_does_not_fit_a_list_can_be_taken_and_reported() -> None:
    after, path = inserted(SUBMODEL, ("List",), number(valueType="xs:long"), strict=False)
    assert [finding.code for finding in placement_findings(after, path)] == ["AASd-109"]
    assert placement_findings(after, ("Count",)) == placement_findings(after, ()) == []


@pytest.mark.parametrize(
    ("expected", "model_type"),
    [
        ("SubmodelElement", "Operation"),
        ("DataElement", "File"),
        ("RelationshipElement", "AnnotatedRelationshipElement"),
        ("EventElement", "BasicEventElement"),
    ],
)
def test_a_list_takes_the_subtypes_of_its_type(expected: str, model_type: str) -> None:
    listing = element("SubmodelElementList", "List", typeValueListElement=expected)
    submodel = {"modelType": "Submodel", "id": "urn:sm", "submodelElements": [listing]}
    assert inserted(submodel, ("List",), element(model_type))[1] == ("List", 0)


@pytest.mark.parametrize(
    ("path", "node", "created"),
    [
        ("Count", element("Capability", "Count"), False),
        ("Box.Inner", number("Inner", value="2"), False),
        ("List[0]", number("Renamed"), False),
        ("Lists[0][0]", number(), False),
        ("New", number("New"), True),
        ("Entity.New", number("New"), True),
        ("List[2]", number(), True),
        ("Lists[0][1]", number(), True),
    ],
)
def test_put_replaces_in_place_or_creates(path: str, node: Node, created: bool) -> None:
    after, was_new = put(SUBMODEL, at(path), node)
    assert was_new is created
    assert resolve(after, at(path)) is node
    if not created:
        assert put(after, at(path), resolve(SUBMODEL, at(path)))[0] == SUBMODEL
        assert [each.get("idShort") for each in after["submodelElements"]] == [
            each.get("idShort") for each in SUBMODEL["submodelElements"]
        ]


def test_put_fills_in_the_id_short_of_the_path() -> None:
    after, created = put(SUBMODEL, ("Box", "New"), number())
    assert created
    assert resolve(after, ("Box", "New")) == number("New")


@pytest.mark.parametrize(
    ("path", "node", "error", "reason"),
    [
        ("Count", number("Other"), BadRequest, "idShort: must be 'Count'"),
        ("List[3]", number(), NotFound, r"the next one is \[2\]"),
        ("List.Named", number("Named"), BadRequest, "addressed by"),
        ("Box[0]", number(), BadRequest, "only lists have"),
        ("No.New", number("New"), NotFound, "No"),
        ("Count.New", number("New"), BadRequest, "has no child elements"),
        ("List[0]", element("Capability"), InvalidDocument, "Property, not Capability"),
        ("", number("New"), BadRequest, "names the submodel"),
        ("New", [], BadRequest, "modelType"),
    ],
)
def test_put_at_the_wrong_place_is_refused(
    path: str, node: Any, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        put(SUBMODEL, at(path), node)


def test_deleting_an_item_moves_the_later_ones_up() -> None:
    after = deleted(SUBMODEL, ("List", 0))
    assert resolve(after, ("List", 0))["idShort"] == "Named"
    assert "value" not in resolve(deleted(after, ("List", 0)), ("List",))


def test_equal_items_are_deleted_one_at_a_time() -> None:
    twin = number()
    listing = element("SubmodelElementList", "List", value=[twin, twin, number("Last")])
    submodel = {"modelType": "Submodel", "id": "urn:sm", "submodelElements": [listing]}
    after = deleted(submodel, ("List", 0))
    assert resolve(after, ("List",))["value"] == [twin, number("Last")]


@pytest.mark.parametrize(
    ("path", "error"),
    [("No", NotFound), ("Box.No", NotFound), ("List[2]", NotFound), ("", BadRequest)],
)
def test_only_what_is_there_is_deleted(path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        deleted(SUBMODEL, at(path))


def test_elements_are_nested_so_deep_and_no_deeper() -> None:
    def tower(levels: int) -> Node:
        node = number("Top")
        for _ in range(levels - 1):
            node = element("SubmodelElementCollection", "Level", value=[node])
        return node

    submodel = {"modelType": "Submodel", "id": "urn:sm"}
    after, _ = inserted(submodel, (), tower(MAX_NESTING))
    with pytest.raises(BadRequest, match=f"more than {MAX_NESTING} levels"):
        inserted(submodel, (), tower(MAX_NESTING + 1))
    inner = ("Level",) * (MAX_NESTING - 1)
    assert inserted(after, inner, number("Beside"))[1] == (*inner, "Beside")
    with pytest.raises(BadRequest, match="levels"):
        inserted(after, inner, tower(2))
    with pytest.raises(BadRequest, match="levels"):
        put(after, (*inner, "Top"), tower(2) | {"idShort": "Top"})

"""PATCH in the normal form and of $metadata: what exists, with its type, or nothing at all."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from aas_server.errors import BadRequest, InvalidDocument, NotFound
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.patches import patched_element, patched_metadata, patched_submodel
from aas_server.metamodel.tree import Node, resolve


def element(model_type: str, id_short: str | None = None, **attributes: Any) -> Node:
    name = {} if id_short is None else {"idShort": id_short}
    return {"modelType": model_type, **name, **attributes}


def number(id_short: str | None = None, value: str = "1", **attributes: Any) -> Node:
    return element("Property", id_short, valueType="xs:int", value=value, **attributes)


SUBMODEL: Node = {
    "modelType": "Submodel",
    "id": "urn:sm",
    "idShort": "Machine",
    "administration": {"version": "1", "revision": "2"},
    "submodelElements": [
        number("Count", category="CONSTANT"),
        element(
            "SubmodelElementCollection",
            "Box",
            value=[
                number("First"),
                element(
                    "SubmodelElementList",
                    "List",
                    value=[number(None, str(index)) for index in range(12)],
                ),
            ],
        ),
        element("Entity", "Entity", entityType="CoManagedEntity", statements=[number("Says")]),
        element("Capability", "Can"),
        element("SubmodelElementCollection", "Empty"),
    ],
}


@pytest.fixture(autouse=True)
def _arguments_stay_as_they_are() -> Iterator[None]:
    before = copy.deepcopy(SUBMODEL)
    yield
    assert before == SUBMODEL


def patch(path: str, body: Any) -> Node:
    segments = parse_id_short_path(path)
    return resolve(patched_element(SUBMODEL, segments, body), segments)


def test_attributes_that_are_given_replace_and_the_others_stay() -> None:
    after = patch("Count", element("Property", "Count", value="5", description=[{"x": "y"}]))
    assert after == number("Count", "5", category="CONSTANT", description=[{"x": "y"}])
    assert list(after)[:5] == ["modelType", "idShort", "valueType", "value", "category"]


def test_children_are_patched_where_they_are() -> None:
    items = [element("Property", value=str(10 * index)) for index in range(11)]
    body = element(
        "SubmodelElementCollection",
        value=[
            element("SubmodelElementList", "List", orderRelevant=False, value=items),
            element("Property", "First", value="2"),
        ],
    )
    after = patch("Box", body)
    assert [child["idShort"] for child in after["value"]] == ["First", "List"]
    listing = after["value"][1]
    assert listing["orderRelevant"] is False
    values = [item["value"] for item in listing["value"]]
    assert values == [*(str(10 * index) for index in range(11)), "11"]
    assert patch("Entity", element("Entity", statements=[number("Says", "9")]))["statements"] == [
        number("Says", "9")
    ]
    assert patch("Box", element("SubmodelElementCollection", value=[])) == SUBMODEL[
        "submodelElements"
    ][1]  # fmt: skip


def test_an_item_of_a_list_may_get_another_id_short() -> None:
    assert patch("Box.List[11]", element("Property", "Last"))["idShort"] == "Last"


def test_a_submodel_is_patched_down_to_its_elements() -> None:
    body = {
        "modelType": "Submodel",
        "administration": {"version": "2"},
        "submodelElements": [element("Property", "Count", value="7")],
    }
    after = patched_submodel(SUBMODEL, body)
    assert after["administration"] == {"version": "2"}
    assert after["submodelElements"][0] == number("Count", "7", category="CONSTANT")
    assert after["submodelElements"][1:] == SUBMODEL["submodelElements"][1:]
    assert all(
        new is old
        for new, old in zip(
            after["submodelElements"][1:], SUBMODEL["submodelElements"][1:], strict=True
        )
    )


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("Count", element("Range", "Count"), "Count.modelType"),
        ("Count", {"idShort": "Count"}, "Count.modelType"),
        ("Count", element("Property", "Other"), "Count.idShort"),
        ("Count", element("Property", value=None), "Count.value"),
        ("Count", [], "Count"),
        ("Box", element("SubmodelElementCollection", value=[number("New")]), "Box.New"),
        ("Box", element("SubmodelElementCollection", value=[number()]), "Box"),
        ("Box", element("SubmodelElementCollection", value=["First"]), "Box"),
        ("Box", element("SubmodelElementCollection", value={}), "Box.value"),
        (
            "Box",
            element("SubmodelElementCollection", value=[number("First"), number("First")]),
            "Box.First",
        ),
        (
            "Box",
            element("SubmodelElementCollection", value=[element("Range", "First")]),
            "Box.First.modelType",
        ),
        ("Box.List", element("SubmodelElementList", value=[number()] * 13), "Box.List.value"),
        ("Box.List", element("SubmodelElementList", value=[number(), None]), "Box.List[1]"),
        ("Empty", element("SubmodelElementCollection", value=[number("New")]), "Empty.New"),
    ],
)
def test_a_patch_of_what_is_not_there_or_is_of_another_type_is_refused_with_its_place(
    path: str, body: Any, place: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        patch(path, body)
    assert caught.value.path == place


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"modelType": "Submodel", "id": "urn:other"}, "id"),
        ({"modelType": "AssetAdministrationShell"}, "modelType"),
        ({"modelType": "Submodel", "idShort": None}, "idShort"),
        ({"modelType": "Submodel", "submodelElements": [number("No")]}, "No"),
        (5, None),
    ],
)
def test_a_submodel_keeps_its_id_and_its_type(body: Any, place: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        patched_submodel(SUBMODEL, body)
    assert caught.value.path == place


def test_a_submodel_may_get_another_id_short() -> None:
    body = {"modelType": "Submodel", "id": "urn:sm", "idShort": "Other"}
    assert patched_submodel(SUBMODEL, body) == SUBMODEL | {"idShort": "Other"}


def test_metadata_leaves_values_and_children_as_they_are() -> None:
    after = patched_metadata(
        SUBMODEL, ("Box",), element("SubmodelElementCollection", "Box", category="VARIABLE")
    )
    assert resolve(after, ("Box",)) == resolve(SUBMODEL, ("Box",)) | {"category": "VARIABLE"}
    after = patched_metadata(SUBMODEL, (), {"modelType": "Submodel", "kind": "Template"})
    assert after == SUBMODEL | {"kind": "Template"}
    after = patched_metadata(SUBMODEL, ("Entity",), element("Entity", entityType="CoManagedEntity"))
    assert after == SUBMODEL


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("Count", number("Count"), "Count.value"),
        ("Count", element("Property", valueId={}), "Count.valueId"),
        ("Count", element("Blob"), "Count.modelType"),
        ("Box", element("SubmodelElementCollection", value=[]), "Box.value"),
        ("Entity", element("Entity", statements=[]), "Entity.statements"),
        ("Can", element("Capability"), "idShortPath"),
        ("Count", element("Property", category=None), "Count.category"),
    ],
)
def test_values_are_no_metadata(path: str, body: Any, place: str) -> None:
    with pytest.raises(BadRequest) as caught:
        patched_metadata(SUBMODEL, parse_id_short_path(path), body)
    assert caught.value.path == place


def test_only_what_is_there_is_patched() -> None:
    with pytest.raises(NotFound):
        patch("No", element("Property"))
    with pytest.raises(NotFound):
        patched_metadata(SUBMODEL, ("Box", "No"), element("Property"))


def test_an_item_still_fits_its_list_after_a_patch() -> None:
    listing = element(
        "SubmodelElementList",
        "List",
        typeValueListElement="Property",
        valueTypeListElement="xs:int",
        value=[number(), number()],
    )
    submodel = {"modelType": "Submodel", "id": "urn:sm", "submodelElements": [listing]}
    body = element("Property", valueType="xs:long")
    for patch_item in (patched_element, patched_metadata):
        with pytest.raises(InvalidDocument) as caught:
            patch_item(submodel, ("List", 1), body)
        assert [finding.code for finding in caught.value.findings] == ["AASd-109"]
        loose = patch_item(submodel, ("List", 1), body, strict=False)
        assert resolve(loose, ("List", 1))["valueType"] == "xs:long"
        again = patch_item(loose, ("List", 1), element("Property", category="x"))
        assert resolve(again, ("List", 1))["category"] == "x"

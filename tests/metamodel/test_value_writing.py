"""ValueOnly in: every type, all or nothing, nothing shared is changed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from aas_server.errors import BadRequest, Forbidden, InvalidDocument, NotFound
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import Node, resolve
from aas_server.metamodel.value_writing import patched

OLD = {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:old"}]}
NEW = {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:new"}]}
OBSERVED = {"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:sm"}]}


def element(model_type: str, id_short: str = "It", **attributes: Any) -> Node:
    return {"modelType": model_type, "idShort": id_short, **attributes}


def number(id_short: str, value: str | None = "1", value_type: str = "xs:int") -> Node:
    attributes = {} if value is None else {"value": value}
    return element("Property", id_short, valueType=value_type, **attributes)


SUBMODEL: Node = {
    "modelType": "Submodel",
    "id": "urn:sm",
    "submodelElements": [
        number("Count"),
        element(
            "SubmodelElementCollection",
            "Box",
            value=[
                number("Inner"),
                element(
                    "SubmodelElementList",
                    "List",
                    value=[{**number(""), "value": str(index)} for index in range(12)],
                ),
            ],
        ),
        element("Capability", "Can"),
        element("SubmodelElementCollection", "Empty"),
        element(
            "SubmodelElementList",
            "Mixed",
            value=[element("Capability"), number("", None), number("", "3")],
        ),
    ],
}


def write(node: Node, value: Any) -> Node:
    """The value of one element, written."""
    submodel = {"modelType": "Submodel", "id": "urn:sm", "submodelElements": [node]}
    before = copy.deepcopy(submodel)
    try:
        return resolve(patched(submodel, ("It",), value, live=()), ("It",))
    finally:
        assert submodel == before


@pytest.mark.parametrize(
    ("node", "value", "changed"),
    [
        (element("Range", valueType="xs:int", min="0", max="9"), {"max": 12}, {"max": "12"}),
        (
            element("Range", valueType="xs:double"),
            {"min": "-INF", "max": 2},
            {"min": "-INF", "max": "2.0"},
        ),
        (
            element("MultiLanguageProperty", value=[{"language": "en", "text": "a"}]),
            [{"de": "ä"}, {"fr": "à"}],
            {"value": [{"language": "de", "text": "ä"}, {"language": "fr", "text": "à"}]},
        ),
        (
            element("MultiLanguageProperty"),
            {"de": "ä", "fr": "à"},
            {"value": [{"language": "de", "text": "ä"}, {"language": "fr", "text": "à"}]},
        ),
        (element("File", contentType="text/plain"), {"value": "/a.txt"}, {"value": "/a.txt"}),
        (
            element("Blob"),
            {"contentType": "image/png", "value": "AAEC"},
            {"contentType": "image/png", "value": "AAEC"},
        ),
        (element("ReferenceElement", value=OLD), NEW, {"value": NEW}),
        (element("RelationshipElement", first=OLD), {"second": NEW}, {"second": NEW}),
        (
            element("AnnotatedRelationshipElement", annotations=[number("Note"), number("Other")]),
            {"first": NEW, "annotations": {"Note": 5}},
            {"first": NEW, "annotations": [number("Note", "5"), number("Other")]},
        ),
        (
            element("AnnotatedRelationshipElement", annotations=[number("Note"), number("Other")]),
            {"annotations": [{"Other": 5}, {"Note": 6}]},
            {"annotations": [number("Note", "6"), number("Other", "5")]},
        ),
        (
            element("Entity", entityType="CoManagedEntity", statements=[number("Says")]),
            {
                "statements": {"Says": 2},
                "entityType": "SelfManagedEntity",
                "globalAssetId": "urn:asset",
                "specificAssetIds": [{"name": "serial", "value": "7"}],
            },
            {
                "statements": [number("Says", "2")],
                "entityType": "SelfManagedEntity",
                "globalAssetId": "urn:asset",
                "specificAssetIds": [{"name": "serial", "value": "7"}],
            },
        ),
        (
            element("Entity", globalAssetId="urn:old"),
            {"globalAssetId": NEW},
            {"globalAssetId": "urn:new"},
        ),
        (
            element(
                "Entity",
                specificAssetIds=[{"name": "serial", "value": "6", "externalSubjectId": OLD}],
            ),
            {"specificAssetIds": [{"serial": "7"}, {"batch": "b"}]},
            {
                "specificAssetIds": [
                    {"name": "serial", "value": "7", "externalSubjectId": OLD},
                    {"name": "batch", "value": "b"},
                ]
            },
        ),
        (
            element("BasicEventElement", observed=OLD),
            {"observed": OBSERVED},
            {"observed": OBSERVED},
        ),
        (
            element("SubmodelElementCollection", value=[number("Aa"), number("Bb")]),
            {"Bb": 2},
            {"value": [number("Aa"), number("Bb", "2")]},
        ),
        (
            element("SubmodelElementList", value=[number("", "1"), number("", "2")]),
            [7],
            {"value": [number("", "7"), number("", "2")]},
        ),
        (element("SubmodelElementCollection"), {}, {}),
        (element("SubmodelElementList"), [], {}),
    ],
)
def test_every_type_takes_what_its_value_shows_and_keeps_what_is_not_named(
    node: Node, value: Any, changed: Node
) -> None:
    assert write(node, value) == node | changed


@pytest.mark.parametrize(
    ("value_type", "stored", "value", "kept"),
    [
        ("xs:double", "1.50", 1.5, "1.50"),
        ("xs:double", "1.50", 2, "2.0"),
        ("xs:double", "1.50", "1.5", "1.5"),
        ("xs:double", "-0.0", 0.0, "0.0"),
        ("xs:double", "1", "INF", "INF"),
        ("xs:float", "INF", "-INF", "-INF"),
        ("xs:double", "NaN", "NaN", "NaN"),
        ("xs:int", "007", 7, "007"),
        ("xs:int", "007", "7", "7"),
        ("xs:integer", "1", 123456789012345678901234567890, "123456789012345678901234567890"),
        ("xs:boolean", "1", True, "1"),
        ("xs:boolean", "0", True, "true"),
        ("xs:decimal", "1.50", 1.5, "1.50"),
        ("xs:dateTime", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0Z", "2026-01-01T00:00:00.0Z"),
        ("xs:int", "twelve", "twelve", "twelve"),
        ("xs:string", "1", "007", "007"),
    ],
)
def test_lexical_text_stays_as_it_is_where_the_value_says_the_same(
    value_type: str, stored: str, value: Any, kept: str
) -> None:
    assert write(number("It", stored, value_type), value)["value"] == kept


@pytest.mark.parametrize(
    ("node", "value", "named"),
    [
        (number("It"), "x", "It: 'x' is no xs:int"),
        (number("It"), True, "It: a boolean is no xs:int"),
        (number("It"), 1.5, "It: 1.5 is no xs:int"),
        (number("It"), None, "It"),
        (number("It"), [1], "It"),
        (number("It"), " 1", "It"),
        (number("It", value_type="xs:unsignedByte"), 256, "range"),
        (number("It", value_type="xs:double"), "1e400", "xs:double"),
        (number("It", value_type="xs:date"), "2023-02-29", "xs:date"),
        (number("It", value_type="xs:anyURI"), "a b", "xs:anyURI"),
        (number("It", value_type="xs:string"), "\x01", "AASd-130"),
        (number("It", value_type="xs:string"), 1, "int is no xs:string"),
        (number("It", value_type="xs:integer"), "9" * 5000, "xs:integer"),
        (element("Range", valueType="xs:int"), {"min": None}, "It"),
        (element("Range", valueType="xs:int"), {}, "min, max or both"),
        (element("Range", valueType="xs:int"), {"most": 1}, "min, max or both"),
        (element("Range", valueType="xs:int"), 5, "min, max or both"),
        (element("MultiLanguageProperty"), [], "array"),
        (element("MultiLanguageProperty"), "text", "array"),
        (element("MultiLanguageProperty"), ["text"], "array"),
        (element("MultiLanguageProperty"), [{"de": 1}], r"It\.value\[0\]\.text"),
        (element("MultiLanguageProperty"), [{"not a language": "x"}], r"It\.value\[0\]\.language"),
        (element("MultiLanguageProperty"), [{"de": "a"}, {"de": "b"}], "given twice"),
        (element("MultiLanguageProperty"), {"de": "x" * 1024}, "1023"),
        (element("File"), {"value": "a b"}, r"It\.value"),
        (element("File"), {"contentType": "x"}, r"It\.contentType"),
        (element("File"), {"path": "x"}, "contentType and value"),
        (element("File"), {"value": None}, r"It\.value"),
        (element("Blob"), {"value": "***"}, "base64"),
        (element("Blob"), {"value": "é"}, "base64"),
        (element("ReferenceElement"), {}, r"It\.value"),
        (element("ReferenceElement"), {"type": "ExternalReference", "keys": []}, r"It\.value"),
        (element("ReferenceElement"), None, r"It\.value"),
        (element("RelationshipElement"), {"first": "urn:x"}, r"It\.first"),
        (element("RelationshipElement"), {"third": NEW}, "first, second"),
        (element("AnnotatedRelationshipElement"), {"annotations": {"No": 1}}, r"It\.No"),
        (element("AnnotatedRelationshipElement"), {"annotations": 5}, "annotations"),
        (
            element("AnnotatedRelationshipElement"),
            {"annotations": [{"Aa": 1}, {"Aa": 2}]},
            "annotations",
        ),
        (element("Entity"), {"statements": []}, "statements"),
        (element("Entity"), {"entityType": "Robot"}, r"It\.entityType"),
        (element("Entity"), {"entityType": "SelfManagedEntity"}, "must be set"),
        (element("Entity"), {"specificAssetIds": []}, "specificAssetIds|least one item"),
        (element("Entity"), {"specificAssetIds": [{"name": "x"}]}, r"It\.specificAssetIds"),
        (element("Entity"), {"globalAssetId": {"keys": 1}}, r"It\.globalAssetId"),
        (element("BasicEventElement", observed=OLD), {"observed": {}}, r"It\.observed"),
        (element("BasicEventElement", observed=OLD), {"state": "on"}, "observed"),
        (element("Capability"), 1, "Capability has no"),
        (element("Operation"), {}, "Operation has no"),
        (element("SubmodelElementCollection"), [], "object"),
        (element("SubmodelElementCollection"), {"No": 1}, r"It\.No"),
        (element("SubmodelElementList", value=[number("")]), [1, 2], "at most 1"),
        (element("SubmodelElementList", value=[number("")]), {"0": 1}, "array"),
        (element("SubmodelElementList", value=[number("")]), ["x"], r"It\[0\]"),
        (element("SubmodelElementList", value=[number("", "3")]), [None], r"It\[0\]"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused_with_its_place(
    node: Node, value: Any, named: str
) -> None:
    with pytest.raises(BadRequest, match=named):
        write(node, value)


def test_every_finding_about_a_reference_is_listed() -> None:
    wrong = {"type": "ModelReference", "keys": [{"type": "Property", "value": ""}]}
    with pytest.raises(InvalidDocument) as caught:
        write(element("ReferenceElement"), wrong)
    assert {finding.code for finding in caught.value.findings} == {
        "AASd-121",
        "AASd-123",
        "metamodel",
    }


def test_what_is_wrong_already_does_not_hinder_another_value() -> None:
    node = element("File", contentType="nonsense", value="/old.txt")
    assert write(node, {"value": "/new.txt"}) == node | {"value": "/new.txt"}
    assert write(node, {"contentType": "nonsense"}) == node


def test_a_whole_submodel_is_written_at_once_or_not_at_all() -> None:
    before = copy.deepcopy(SUBMODEL)
    value = {"Count": 2, "Box": {"List": list(range(1, 13))}}
    after = patched(SUBMODEL, (), value, live=())
    assert resolve(after, ("Count",))["value"] == "2"
    assert [resolve(after, ("Box", "List", i))["value"] for i in (0, 10, 11)] == ["1", "11", "12"]
    with pytest.raises(BadRequest, match=r"Box\.List\[11\]"):
        patched(SUBMODEL, (), {"Count": 2, "Box": {"List": [1] * 11 + ["x"]}}, live=())
    assert before == SUBMODEL


def test_an_item_without_a_value_is_shown_and_taken_as_null() -> None:
    after = patched(SUBMODEL, ("Mixed",), [None, None, 4], live=())
    assert resolve(after, ("Mixed", 2))["value"] == "4"
    assert resolve(after, ("Mixed", 0)) is resolve(SUBMODEL, ("Mixed", 0))


def test_only_the_way_to_the_element_is_copied() -> None:
    after = patched(SUBMODEL, parse_id_short_path("Box.List[10]"), 5, live=())
    for path in ("Count", "Box.Inner", "Box.List[9]", "Box.List[11]", "Mixed"):
        segments = parse_id_short_path(path)
        assert resolve(after, segments) is resolve(SUBMODEL, segments)
    assert resolve(SUBMODEL, ("Box", "List", 10))["value"] == "10"


def test_a_machine_s_value_is_written_alone() -> None:
    live = {("Box", "List", 3)}
    for path, value in (((), {"Box": {"List": [0, 1, 2, 3]}}), (("Box", "List"), [0, 1, 2, 3])):
        with pytest.raises(Forbidden, match="by itself") as caught:
            patched(SUBMODEL, path, value, live=live)
        assert caught.value.path == "Box.List[3]"
    assert resolve(patched(SUBMODEL, ("Box", "List"), [5], live=live), ("Box", "List", 0))


@pytest.mark.parametrize("path", ["No", "Box.No", "Box.List[12]", "Count.No", "Box[0]"])
def test_a_missing_element_is_not_found(path: str) -> None:
    with pytest.raises(NotFound, match="has no element"):
        patched(SUBMODEL, parse_id_short_path(path), 1, live=())

from __future__ import annotations

import copy
import json
from pathlib import Path

import msgspec
import pytest

from aas_server.errors import BadRequest
from aas_server.metamodel.tree import Node, lineage, walk
from aas_server.metamodel.views import (
    Content,
    Extent,
    Level,
    id_short_paths,
    metadata,
    normal,
    reference,
    require_content,
    shell_reference,
    value_only,
)

DEEP, CORE = Level.DEEP, Level.CORE
WITHOUT, WITH = Extent.WITHOUT_BLOB_VALUE, Extent.WITH_BLOB_VALUE
TARGET = {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:x"}]}


def element(model_type: str, id_short: str = "It", **attributes: object) -> Node:
    return {"modelType": model_type, "idShort": id_short, **attributes}


def text(id_short: str, value: str | None = "x") -> Node:
    attributes = {} if value is None else {"value": value}
    return element("Property", id_short, valueType="xs:string", **attributes)


def value_of(node: Node, level: Level = DEEP, extent: Extent = WITHOUT) -> object:
    return value_only(node, level, extent)


@pytest.mark.parametrize(
    ("value_type", "lexical", "shown"),
    [
        ("xs:double", "42.5", 42.5),
        ("xs:double", "INF", "INF"),
        ("xs:float", "-INF", "-INF"),
        ("xs:double", "NaN", "NaN"),
        ("xs:boolean", "1", True),
        ("xs:boolean", "false", False),
        ("xs:int", "007", 7),
        ("xs:unsignedLong", "18446744073709551615", 18446744073709551615),
        ("xs:integer", "123456789012345678901234567890", 123456789012345678901234567890),
        ("xs:decimal", "1.50", 1.5),
        ("xs:string", "12", "12"),
        ("xs:dateTime", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("xs:int", "twelve", "twelve"),
        ("xs:int", "", ""),
    ],
)
def test_a_property_shows_the_scalar_of_its_value_type(value_type, lexical, shown):
    value = value_of(element("Property", valueType=value_type, value=lexical))
    assert (value, type(value)) == (shown, type(shown))
    msgspec.json.encode(value)


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        (
            element("MultiLanguageProperty", value=[{"language": "de", "text": "Öl"}]),
            [{"de": "Öl"}],
        ),
        (element("Range", valueType="xs:int", min="3", max="15"), {"min": 3, "max": 15}),
        (element("Range", valueType="xs:double", max="INF"), {"max": "INF"}),
        (
            element("File", value="/a.pdf", contentType="application/pdf"),
            {"contentType": "application/pdf", "value": "/a.pdf"},
        ),
        (element("Blob", value="QUI=", contentType="text/plain"), {"contentType": "text/plain"}),
        (element("ReferenceElement", value=TARGET), TARGET),
        (
            element("RelationshipElement", first=TARGET, second=TARGET),
            {"first": TARGET, "second": TARGET},
        ),
        (
            element("AnnotatedRelationshipElement", first=TARGET, annotations=[text("Note")]),
            {"first": TARGET, "annotations": {"Note": "x"}},
        ),
        (element("BasicEventElement", observed=TARGET, direction="output"), {"observed": TARGET}),
        (
            element(
                "Entity",
                entityType="SelfManagedEntity",
                globalAssetId="urn:a",
                specificAssetIds=[{"name": "n", "value": "v"}],
                statements=[text("S")],
            ),
            {
                "statements": {"S": "x"},
                "entityType": "SelfManagedEntity",
                "globalAssetId": "urn:a",
                "specificAssetIds": [{"name": "n", "value": "v"}],
            },
        ),
        (
            element("SubmodelElementCollection", value=[text("Aa"), text("Bb")]),
            {"Aa": "x", "Bb": "x"},
        ),
        (
            element(
                "SubmodelElementList", value=[{**text(""), "value": str(i)} for i in range(12)]
            ),
            [str(i) for i in range(12)],
        ),
    ],
    ids=lambda value: value.get("modelType", "") if isinstance(value, dict) else "",
)
def test_every_type_has_its_value_form(node, shown):
    assert value_of(node) == shown


def test_a_blob_shows_its_bytes_only_when_asked():
    blob = element("Blob", value="QUI=", contentType="text/plain")
    assert value_of(blob, extent=WITH) == {"contentType": "text/plain", "value": "QUI="}
    assert "value" not in normal(blob, DEEP, WITHOUT)
    assert normal(blob, DEEP, WITH) == blob


@pytest.mark.parametrize(
    ("node", "alone"),
    [
        (text("It", None), None),
        (element("MultiLanguageProperty"), None),
        (element("Range", valueType="xs:int"), None),
        (element("ReferenceElement"), None),
        (element("File"), None),
        (element("Capability"), None),
        (element("Operation"), None),
        (element("SubmodelElementCollection"), {}),
        (element("SubmodelElementCollection", value=[text("Aa", None)]), {}),
        (element("SubmodelElementList"), []),
        (element("SubmodelElementList", value=[element("Capability")]), []),
    ],
    ids=lambda value: value.get("modelType", "") if isinstance(value, dict) else "",
)
def test_what_has_no_value_is_left_out_of_its_parent(node, alone):
    assert value_of(node) == alone
    parent = element("SubmodelElementCollection", value=[text("Aa"), node])
    assert value_of(parent) == {"Aa": "x"}


def test_an_item_without_a_value_does_not_shift_the_others():
    node = element("SubmodelElementList", value=[text(""), text("", None), text("")])
    assert value_of(node) == ["x", None, "x"]


def test_lists_of_lists_keep_their_order():
    inner = [
        element("SubmodelElementList", value=[text("", f"{i}-{j}") for j in range(11)])
        for i in range(11)
    ]
    assert value_of(element("SubmodelElementList", value=inner))[10][10] == "10-10"


@pytest.fixture
def nested() -> Node:
    """A submodel, a collection, a collection in it, each with a Property."""
    inner = element("SubmodelElementCollection", "Inner", value=[text("Deep")])
    return {
        "modelType": "Submodel",
        "id": "urn:sm",
        "submodelElements": [
            element("SubmodelElementCollection", "Outer", value=[text("Leaf"), inner]),
            element("SubmodelElementList", "Items", value=[text("Ignored"), text("")]),
            element("Entity", "Thing", entityType="CoManagedEntity", statements=[text("Fact")]),
            element(
                "AnnotatedRelationshipElement", "Link", first=TARGET, annotations=[text("Note")]
            ),
            text("Top"),
        ],
    }


def test_core_cuts_the_children_of_children_and_leaves_no_empty_array(nested):
    before = copy.deepcopy(nested)
    cut = normal(nested, CORE, WITHOUT)
    assert [each["idShort"] for each in cut["submodelElements"]] == [
        "Outer",
        "Items",
        "Thing",
        "Link",
        "Top",
    ]
    assert all(
        not {"value", "statements", "annotations"} & each.keys()
        for each in cut["submodelElements"][:4]
    )
    assert cut["submodelElements"][4]["value"] == "x"
    outer = normal(nested["submodelElements"][0], CORE, WITHOUT)
    assert [each["idShort"] for each in outer["value"]] == ["Leaf", "Inner"]
    assert "value" not in outer["value"][1]
    assert nested == before


def test_core_values_show_cut_containers_empty(nested):
    assert value_of(nested, CORE) == {
        "Outer": {},
        "Items": [],
        "Thing": {"entityType": "CoManagedEntity"},
        "Link": {"first": TARGET},
        "Top": "x",
    }
    assert value_of(nested["submodelElements"][0], CORE) == {"Leaf": "x", "Inner": {}}


def test_deep_shows_everything(nested):
    assert normal(nested, DEEP, WITHOUT) == nested
    assert value_of(nested)["Outer"] == {"Leaf": "x", "Inner": {"Deep": "x"}}


def test_paths_are_absolute_and_list_items_go_by_index(nested):
    assert id_short_paths(nested, (), DEEP) == [
        "Outer",
        "Outer.Leaf",
        "Outer.Inner",
        "Outer.Inner.Deep",
        "Items",
        "Items[0]",
        "Items[1]",
        "Thing",
        "Thing.Fact",
        "Link",
        "Link.Note",
        "Top",
    ]
    assert id_short_paths(nested, (), CORE) == ["Outer", "Items", "Thing", "Link", "Top"]
    outer = nested["submodelElements"][0]
    assert id_short_paths(outer, ("Outer",), CORE) == ["Outer", "Outer.Leaf", "Outer.Inner"]


def test_a_reference_names_every_step(nested):
    path = ("Items", 1)
    assert reference(lineage(nested, path), path) == {
        "type": "ModelReference",
        "keys": [
            {"type": "Submodel", "value": "urn:sm"},
            {"type": "SubmodelElementList", "value": "Items"},
            {"type": "Property", "value": "1"},
        ],
    }
    assert reference([nested])["keys"] == [{"type": "Submodel", "value": "urn:sm"}]
    assert shell_reference("urn:a")["keys"][0] == {
        "type": "AssetAdministrationShell",
        "value": "urn:a",
    }


@pytest.mark.parametrize(
    ("model_type", "attributes", "dropped"),
    [
        (
            "Property",
            {"value": "x", "valueId": TARGET, "valueType": "xs:int"},
            {"value", "valueId"},
        ),
        ("MultiLanguageProperty", {"value": [], "valueId": TARGET}, {"value", "valueId"}),
        ("Range", {"min": "1", "max": "2", "valueType": "xs:int"}, {"min", "max"}),
        ("File", {"value": "x", "contentType": "y"}, {"value", "contentType"}),
        ("Blob", {"value": "x", "contentType": "y"}, {"value", "contentType"}),
        ("ReferenceElement", {"value": TARGET}, {"value"}),
        ("RelationshipElement", {"first": TARGET, "second": TARGET}, {"first", "second"}),
        (
            "AnnotatedRelationshipElement",
            {"first": TARGET, "second": TARGET, "annotations": []},
            {"first", "second", "annotations"},
        ),
        (
            "Entity",
            {"statements": [], "globalAssetId": "g", "specificAssetIds": [], "entityType": "e"},
            {"statements", "globalAssetId", "specificAssetIds"},
        ),
        ("BasicEventElement", {"observed": TARGET, "state": "on"}, {"observed"}),
        ("SubmodelElementCollection", {"value": []}, {"value"}),
        ("SubmodelElementList", {"value": [], "typeValueListElement": "Property"}, {"value"}),
        ("Submodel", {"submodelElements": [], "id": "i"}, {"submodelElements"}),
        ("Operation", {"inputVariables": []}, set()),
        ("Capability", {}, set()),
    ],
)
def test_metadata_drops_values_and_keeps_the_rest(model_type, attributes, dropped):
    node = element(model_type, category="CONSTANT", **attributes)
    assert node.keys() - metadata(node).keys() == dropped


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (Content.VALUE, {"Capability", "Operation"}),
        (Content.METADATA, {"Capability", "Operation"}),
        (
            Content.PATH,
            {
                "AnnotatedRelationshipElement",
                "BasicEventElement",
                "Blob",
                "Capability",
                "File",
                "MultiLanguageProperty",
                "Operation",
                "Property",
                "Range",
                "ReferenceElement",
                "RelationshipElement",
            },
        ),
        (Content.REFERENCE, set()),
        (Content.NORMAL, set()),
    ],
)
def test_contents_that_a_type_does_not_have_are_refused_by_name(content, refused):
    types = {
        *("AnnotatedRelationshipElement", "BasicEventElement", "Blob", "Capability", "Entity"),
        *("File", "MultiLanguageProperty", "Operation", "Property", "Range", "ReferenceElement"),
        *("RelationshipElement", "Submodel", "SubmodelElementCollection", "SubmodelElementList"),
    }
    for model_type in types - refused:
        require_content(element(model_type), content)
    for model_type in refused:
        with pytest.raises(BadRequest, match=model_type):
            require_content(element(model_type), content)


def test_every_view_works_on_every_element_of_every_published_template(shared_dir: Path):
    seen = 0
    for path in sorted((shared_dir / "templates").rglob("*.json")):
        environment = json.loads(path.read_text("utf-8-sig"))
        for submodel in environment.get("submodels", ()):
            seen += 1
            for node in (submodel, *(each for _, each in walk(submodel))):
                for level in Level:
                    for extent in Extent:
                        msgspec.json.encode(normal(node, level, extent))
                        msgspec.json.encode(value_only(node, level, extent))
                metadata(node)
            for steps, _ in walk(submodel):
                keys = reference(lineage(submodel, steps), steps)["keys"]
                assert len(keys) == len(steps) + 1
            assert len(id_short_paths(submodel, (), DEEP)) == sum(1 for _ in walk(submodel))
    assert seen > 50

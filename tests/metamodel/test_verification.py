"""Verification: everything wrong is found with its place, whatever the input is."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.errors import Finding
from aas_server.metamodel.structure import MAX_NESTING
from aas_server.metamodel.tree import Node
from aas_server.metamodel.verification import MAX_FINDINGS, is_lexical, verify, verify_part

EXTERNAL = {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:x"}]}


def element(model_type: str, id_short: str | None = "It", **attributes: Any) -> Node:
    name = {} if id_short is None else {"idShort": id_short}
    return {"modelType": model_type, **name, **attributes}


def number(id_short: str | None = "It", **attributes: Any) -> Node:
    return element("Property", id_short, **{"valueType": "xs:int", **attributes})


def submodel(*elements: Any, **attributes: Any) -> Node:
    return {
        "modelType": "Submodel",
        "id": "urn:sm",
        "submodelElements": list(elements),
        **attributes,
    }


def places(tree: Any) -> list[tuple[str, str]]:
    return [(finding.code, finding.path) for finding in verify(tree)]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (
            submodel(number("Aa"), number(None), number(None)),
            [("AASd-117", "submodelElements[1]"), ("AASd-117", "submodelElements[2]")],
        ),
        (
            submodel(number("Aa"), number("Bb"), number("Aa")),
            [("AASd-022", "submodelElements[2].idShort")],
        ),
        (
            submodel(element("SubmodelElementCollection", value=[number("Aa"), number("Aa")])),
            [("AASd-022", "submodelElements[0].value[1].idShort")],
        ),
        (
            submodel(
                element(
                    "Entity", entityType="CoManagedEntity", statements=[number("Aa"), number("Aa")]
                )
            ),
            [("AASd-022", "submodelElements[0].statements[1].idShort")],
        ),
        (
            submodel(
                element("AnnotatedRelationshipElement", annotations=[number("Aa"), number("Aa")])
            ),
            [("AASd-022", "submodelElements[0].annotations[1].idShort")],
        ),
        (
            submodel(element("Operation", outputVariables=[{"value": number(None)}])),
            [("AASd-117", "submodelElements[0].outputVariables[0]")],
        ),
        (submodel(number("9a")), [("AASd-002", "submodelElements[0].idShort")]),
        (submodel(number("a-")), [("AASd-002", "submodelElements[0].idShort")]),
        (submodel(number(value="x")), [("metamodel", "submodelElements[0].value")]),
        (
            submodel(element("Range", valueType="xs:int", min="x", max="y")),
            [("metamodel", "submodelElements[0].max"), ("metamodel", "submodelElements[0].min")],
        ),
        (
            submodel(number(valueType="xs:string", value="\x01")),
            [
                ("metamodel", "submodelElements[0].value"),
                ("AASd-130", "submodelElements[0].value"),
            ],
        ),
        (
            submodel(number(supplementalSemanticIds=[EXTERNAL])),
            [("AASd-118", "submodelElements[0]")],
        ),
        (submodel(number(qualifiers=[])), [("metamodel", "submodelElements[0]")]),
        (
            submodel(number(description=[{"language": "en", "text": t} for t in "ab"])),
            [("metamodel", "submodelElements[0]")],
        ),
        (
            submodel(element("Blob", value="not base64")),
            [("structure", "submodelElements[0].value")],
        ),
        (
            submodel(element("SubmodelElementList", typeValueListElement="Blob", value=[number()])),
            [("AASd-108", "submodelElements[0]")],
        ),
        (
            submodel(element("ReferenceElement", value=EXTERNAL | {"type": "ModelReference"})),
            [("AASd-123", "submodelElements[0].value")],
        ),
        (submodel(administration={"revision": "1"}), [("AASd-005", "administration")]),
    ],
)
def test_each_broken_constraint_has_its_code_and_place(
    tree: Node, expected: list[tuple[str, str]]
) -> None:
    if not tree["submodelElements"]:
        del tree["submodelElements"]
    assert places(tree) == expected
    assert all(finding.is_error and len(finding.text) <= 303 for finding in verify(tree))


def test_every_structure_error_is_listed_not_only_the_first() -> None:
    annotated = element("AnnotatedRelationshipElement", annotations=[element("Entity")])
    tree = submodel(
        number(foo=1),
        {"modelType": "Property", "idShort": "Untyped"},
        5,
        {"modelType": "Robot"},
        {"modelType": {}},
        element("SubmodelElementCollection", value=[number(value=1), annotated]),
        element("Entity", statements={}),
        bar=1,
    )
    assert places(tree) == [
        ("structure", ""),
        ("structure", "submodelElements[0]"),
        ("structure", "submodelElements[1]"),
        ("structure", "submodelElements[2]"),
        ("structure", "submodelElements[3]"),
        ("structure", "submodelElements[4]"),
        ("structure", "submodelElements[5].value[0].value"),
        ("structure", "submodelElements[5].value[1].annotations[0]"),
        ("structure", "submodelElements[6].statements"),
    ]
    assert verify(tree)[0].text == "Unexpected property: bar"


def test_an_id_short_of_one_letter_is_a_warning() -> None:
    (finding,) = verify(submodel(number("x")))
    assert (finding.code, finding.is_error) == ("AASd-002", False)
    (finding,) = verify(submodel(number("_")))
    assert finding.is_error


def test_what_the_draft_of_3_2_adds_is_known() -> None:
    dates = {"version": "1", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00Z"}
    tree = submodel(number(), administration=dates)
    assert places(tree) == [("metamodel", "administration.updatedAt")]
    dates["updatedAt"] = "2026-02-01T00:00:00.5+00:00"
    assert places(tree) == []
    assert verify_part({"createdAt": 5}, "AdministrativeInformation") == [
        Finding("structure", "createdAt", "must be a text")
    ]
    assert verify_part({"createdAt": "2026-01-01T00:00:00Z"}, "Reference")
    batch = {"assetKind": "Batch", "globalAssetId": "urn:a"}
    assert verify_part(batch, "AssetInformation") == []


def test_an_entity_may_have_both_kinds_of_asset_ids() -> None:
    ids = {"globalAssetId": "urn:a", "specificAssetIds": [{"name": "n", "value": "v"}]}
    assert places(element("Entity", entityType="SelfManagedEntity", **ids)) == []
    assert places(element("Entity", entityType="SelfManagedEntity")) == [("AASd-014", "")]
    assert places(element("Entity", entityType="Robot", **ids)) == [("structure", "entityType")]


def test_another_data_specification_is_a_warning() -> None:
    content = {
        "modelType": "DataSpecificationIec61360",
        "preferredName": [{"language": "en", "text": "x"}],
        "definition": [{"language": "en", "text": "x"}],
    }
    specification = {"dataSpecification": EXTERNAL, "dataSpecificationContent": content}
    tree = {
        "modelType": "ConceptDescription",
        "id": "urn:cd",
        "embeddedDataSpecifications": [specification],
    }
    (finding,) = verify(tree)
    assert (finding.code, finding.is_error) == ("AASc-3a-050", False)
    assert finding.path == "embeddedDataSpecifications[0].dataSpecification"


@pytest.mark.parametrize(
    ("part", "model_type", "expected"),
    [
        (EXTERNAL, "Reference", []),
        ({"type": "ExternalReference", "keys": []}, "Reference", ["metamodel"]),
        ({"assetKind": "Instance"}, "AssetInformation", ["AASd-131"]),
        ({"name": "globalassetid", "value": "x"}, "SpecificAssetId", []),
        ({"name": "n"}, "SpecificAssetId", ["structure"]),
        ([], "Reference", ["structure"]),
        (None, "AssetInformation", ["structure"]),
    ],
)
def test_parts_are_verified_by_themselves(part: Any, model_type: str, expected: list[str]) -> None:
    assert [finding.code for finding in verify_part(part, model_type)] == expected


def test_findings_are_bounded_and_the_last_one_says_so() -> None:
    findings = verify(submodel(*(number(f"a{index}", value="x") for index in range(1000))))
    assert len(findings) == MAX_FINDINGS + 1
    assert findings[-1].text == "there is more wrong than shown here"
    assert len(verify(submodel(*[5] * 1000))) == MAX_FINDINGS + 1


def test_elements_may_be_nested_to_the_limit_and_no_deeper() -> None:
    node = number()
    for _ in range(MAX_NESTING - 1):
        node = element("SubmodelElementCollection", value=[node])
    assert places(submodel(node)) == []
    assert places(node) == []
    deeper = element("SubmodelElementCollection", value=[node])
    assert places(submodel(deeper)) == [("structure", "")]
    assert places(deeper) == [("structure", "")]


def test_nesting_without_end_is_a_finding() -> None:
    reference: Node = EXTERNAL
    for _ in range(900):
        reference = EXTERNAL | {"referredSemanticId": reference}
    assert places(element("ReferenceElement", value=reference)) == [("structure", "")]
    node = number()
    for _ in range(900):
        node = element("SubmodelElementCollection", value=[node])
    assert places(node) == [("structure", "")]


@pytest.mark.parametrize(
    ("value_type", "text", "is_valid"),
    [
        ("xs:integer", "9" * 900, True),
        ("xs:integer", "9" * 5000, False),
        ("xs:string", "x" * 100_000, True),
        ("xs:string", "x" * 100_000 + "\x01", False),
        ("xs:hexBinary", "ab" * 50_000, True),
        ("xs:hexBinary", "ab" * 50_000 + "x", False),
        ("xs:base64Binary", "AAAA" * 50_000, True),
        ("xs:base64Binary", "AAAA" * 50_000 + "!", False),
        ("xs:date", "9" * 5000 + "-02-29", False),
        ("xs:anyURI", "a" * 1_000_000, True),
    ],
)
def test_long_texts_are_checked_to_their_end_in_little_time(
    value_type: str, text: str, is_valid: bool
) -> None:
    start = time.monotonic()
    assert (verify(number(valueType=value_type, value=text)) == []) is is_valid
    assert time.monotonic() - start < 5


def test_many_uris_are_verified_in_little_time() -> None:
    uris = (number(f"a{index}", valueType="xs:anyURI", value="a" * 2000) for index in range(5000))
    start = time.monotonic()
    assert verify(submodel(*uris)) == []
    assert time.monotonic() - start < 5


def test_texts_of_a_value_type_are_judged_alone_as_in_a_document() -> None:
    assert is_lexical("xs:date", "2024-02-29")
    assert not is_lexical("xs:date", "2023-02-29")
    assert not is_lexical("xs:int", " 1")
    assert is_lexical("another", "anything")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
_names = st.sampled_from(
    [
        "id",
        "idShort",
        "value",
        "min",
        "max",
        "valueType",
        "semanticId",
        "keys",
        "type",
        "submodelElements",
        "statements",
        "annotations",
        "qualifiers",
        "administration",
        "createdAt",
        "assetInformation",
        "assetKind",
        "path",
        "dataSpecificationContent",
        "dataSpecification",
        "embeddedDataSpecifications",
        "entityType",
        "specificAssetIds",
        "globalAssetId",
        "observed",
        "lastUpdate",
        "inputVariables",
        "contentType",
        "description",
        "language",
        "text",
    ]
)
_types = st.sampled_from(
    [
        "Submodel",
        "AssetAdministrationShell",
        "ConceptDescription",
        "Property",
        "Range",
        "Blob",
        "File",
        "Entity",
        "Operation",
        "SubmodelElementCollection",
        "SubmodelElementList",
        "AnnotatedRelationshipElement",
        "BasicEventElement",
        "MultiLanguageProperty",
        "ReferenceElement",
        "xs:int",
        "xs:anyURI",
        "Batch",
    ]
)
_hostile = st.recursive(
    _json | _types,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(
            lambda members, model_type: members | {"modelType": model_type},
            st.dictionaries(_names, inner, max_size=5),
            _types | inner,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_hostile)
def test_any_json_at_all_gets_findings_and_no_exception(tree: Any) -> None:
    assert all(isinstance(finding, Finding) for finding in verify(tree))
    assert isinstance(verify_part(tree, "AssetInformation"), list)


def _environments(shared: Path) -> list[bytes]:
    found = [path.read_bytes() for path in sorted(shared.glob("templates/**/*.json"))]
    for package in sorted(shared.glob("templates/**/*.aasx")):
        with zipfile.ZipFile(package) as archive:
            found += [archive.read(name) for name in archive.namelist() if name.endswith(".json")]
    return [*found, (shared / "conformance" / "env.json").read_bytes()]


def test_published_documents_are_verified_and_most_are_valid(shared_dir: Path) -> None:
    clean = total = 0
    for body in _environments(shared_dir):
        environment = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
        if "submodels" not in environment:
            continue
        findings = [
            finding
            for documents in environment.values()
            if isinstance(documents, list)
            for document in documents
            for finding in verify(document)
        ]
        assert not [finding for finding in findings if finding.code == "structure"]
        total += 1
        clean += not findings
    assert total > 60
    assert clean > total / 2

"""Documents of metamodel 3.1 as 3.0 has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aas_core3 import jsonization, verification
from hypothesis import HealthCheck, given, settings

from aas_server.metamodel.lift import lifted
from aas_server.metamodel.lowering import lowered
from aas_server.metamodel.tree import Node
from aas_server.metamodel.verification import verify
from tests.support.strategies import submodels
from tests.templates.published import published_files

PROPERTY = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:int"}
REFERENCE = {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:x"}]}


def submodel(*elements: Node, **members: Any) -> Node:
    found = {"modelType": "Submodel", "id": "urn:a", **members}
    return {**found, "submodelElements": list(elements)} if elements else found


def faults_3_0(tree: Node) -> list[str]:
    """Return what aas-core of 3.0 has against a submodel."""
    try:
        return [
            error.cause for error in verification.verify(jsonization.submodel_from_jsonable(tree))
        ]
    except jsonization.DeserializationException as error:
        return [f"{error.path}: {error.cause}"]


@pytest.mark.parametrize(
    ("element", "expected", "path", "is_loss"),
    [
        (
            {"modelType": "File", "idShort": "Ff"},
            {"modelType": "File", "idShort": "Ff", "contentType": "application/octet-stream"},
            "contentType",
            False,
        ),
        (
            {"modelType": "Entity", "idShort": "Ee", "globalAssetId": "urn:b"},
            {
                "modelType": "Entity",
                "idShort": "Ee",
                "globalAssetId": "urn:b",
                "entityType": "SelfManagedEntity",
            },
            "entityType",
            False,
        ),
        (
            {"modelType": "Entity", "idShort": "Ee"},
            {"modelType": "Entity", "idShort": "Ee", "entityType": "CoManagedEntity"},
            "entityType",
            False,
        ),
        ({**PROPERTY, "category": "OTHER"}, PROPERTY, "category", True),
        ({**PROPERTY, "idShort": "a-b"}, {**PROPERTY, "idShort": "a-b"}, "idShort", True),
    ],
)
def test_what_3_0_says_otherwise_is_told(
    element: Node, expected: Node, path: str, is_loss: bool
) -> None:
    found = lowered(submodel(element))
    assert found.tree == submodel(expected)
    assert [(each.path, each.is_error) for each in found.findings] == [
        (f"submodelElements[0].{path}", is_loss)
    ]


def test_what_3_0_cannot_say_is_left_out_and_told() -> None:
    relationship = {"modelType": "RelationshipElement", "idShort": "Rr", "first": REFERENCE}
    found = lowered(submodel(relationship, administration={"version": "1", "updatedAt": "x"}))
    assert found.tree == submodel(administration={"version": "1"})
    assert [each.path for each in found.losses] == [
        "administration.updatedAt",
        "submodelElements[0]",
    ]


def test_items_of_lists_have_no_id_shorts() -> None:
    items = {
        "modelType": "SubmodelElementList",
        "idShort": "Ll",
        "typeValueListElement": "Property",
        "valueTypeListElement": "xs:int",
        "value": [PROPERTY],
    }
    found = lowered(submodel(items))
    (element,) = found.tree["submodelElements"]
    assert element["value"] == [{"modelType": "Property", "valueType": "xs:int"}]
    assert [each.path for each in found.losses] == ["submodelElements[0].value[0].idShort"]
    assert items["value"] == [PROPERTY], "the argument is as it was"


@pytest.mark.parametrize(("kind", "lost"), [("Role", True), ("Batch", True), ("Type", False)])
def test_kinds_of_assets_that_3_0_lacks_are_lost(kind: str, lost: bool) -> None:
    tree = {
        "modelType": "AssetAdministrationShell",
        "id": "urn:a",
        "assetInformation": {"assetKind": kind, "globalAssetId": "urn:b"},
    }
    found = lowered(tree)
    expected = "NotApplicable" if lost else kind
    assert found.tree["assetInformation"]["assetKind"] == expected
    assert bool(found.losses) is lost


def test_every_published_submodel_is_one_of_3_0_unless_that_is_told(shared_dir: Path) -> None:
    for file in published_files(shared_dir):
        environment = json.loads(file.read_text("utf-8-sig"))
        for given_tree in environment.get("submodels", ()):
            tree = lifted(given_tree)[0]
            found = lowered(tree)
            new = set(faults_3_0(found.tree)) - {each.text for each in verify(tree)}
            if not found.losses and not verify(tree):
                assert new == set(), file.name


@given(submodels)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_loses_nothing_is_valid_in_3_0_and_can_be_read_again(tree: Node) -> None:
    found = lowered(tree)
    if not found.findings:
        assert lifted(found.tree)[0] == tree
    if not found.losses:
        assert faults_3_0(found.tree) == []

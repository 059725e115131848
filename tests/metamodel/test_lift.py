"""Older documents become 3.1 documents; valid ones stay as they are."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from aas_server.metamodel.lift import lifted
from aas_server.metamodel.tree import Node
from aas_server.metamodel.verification import MAX_FINDINGS, verify
from tests.support import strategies


@pytest.mark.parametrize(
    ("tree", "expected", "places"),
    [
        ({"id": "x", "idShort": None}, {"id": "x"}, ["idShort"]),
        ({"qualifiers": [], "id": "x"}, {"id": "x"}, ["qualifiers"]),
        (
            {"submodelElements": [{"modelType": "SubmodelElementList", "value": []}]},
            {"submodelElements": [{"modelType": "SubmodelElementList"}]},
            ["submodelElements[0].value"],
        ),
        (
            {"submodelElements": [{"modelType": "File", "value": "", "contentType": ""}]},
            {"submodelElements": [{"modelType": "File"}]},
            ["submodelElements[0].value", "submodelElements[0].contentType"],
        ),
        (
            {"dataSpecificationContent": {"modelType": "DataSpecificationIEC61360"}},
            {"dataSpecificationContent": {"modelType": "DataSpecificationIec61360"}},
            ["dataSpecificationContent.modelType"],
        ),
        ([{"category": ""}, {"a": 1}], [{}, {"a": 1}], ["[0].category"]),
    ],
)
def test_members_without_content_are_left_out_with_a_warning(
    tree: Any, expected: Any, places: list[str]
) -> None:
    before = copy.deepcopy(tree)
    newer, findings = lifted(tree)
    assert newer == expected
    assert [finding.path for finding in findings] == places
    assert not any(finding.is_error for finding in findings)
    assert tree == before
    assert lifted(newer) == (newer, [])


@pytest.mark.parametrize(
    "tree",
    [
        {"keys": []},
        {"modelType": "Property", "value": ""},
        {"modelType": "Property", "value": []},
        {"modelType": {}, "value": []},
        {"id": ""},
        {"orderRelevant": False, "count": 0},
        {"qualifiers": [None]},
        {"valueReferencePairs": []},
        None,
        5,
        "text",
        [],
        {},
    ],
)
def test_what_could_mean_something_is_left_to_verification(tree: Any) -> None:
    newer, findings = lifted(tree)
    assert newer is tree
    assert findings == []


def test_unchanged_parts_are_shared() -> None:
    first, second = (
        {"modelType": "Capability", "idShort": "Aa"},
        {"idShort": "Bb", "extensions": []},
    )
    newer, _ = lifted({"submodelElements": [first, second]})
    assert newer["submodelElements"][0] is first


def test_warnings_are_bounded() -> None:
    newer, findings = lifted([{"category": None}] * 1000)
    assert newer == [{}] * 1000
    assert len(findings) == MAX_FINDINGS


def test_nesting_without_end_is_an_error() -> None:
    tree: Any = {}
    for _ in range(5000):
        tree = {"value": tree}
    newer, (finding,) = lifted(tree)
    assert newer is tree
    assert (finding.code, finding.is_error) == ("structure", True)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.identifiables)
def test_a_valid_document_stays_as_it_is(document: Node) -> None:
    newer, findings = lifted(document)
    assert newer is document
    assert findings == []


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.identifiables)
def test_a_document_is_valid_again_when_lifted(document: Node) -> None:
    littered = {**document, "extensions": [], "description": None, "category": ""}
    newer, findings = lifted(littered)
    assert len(findings) == 3
    assert verify(newer) == []
    assert lifted(newer) == (newer, [])

"""The shape of documents, looked at quickly and in full: both say the same."""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.errors import Finding
from aas_server.metamodel.checking import checked, checked_shape
from aas_server.metamodel.shape import has_shape, shape_findings
from aas_server.metamodel.structure import MAX_NESTING, STRUCTURE, structure_issues
from aas_server.metamodel.tree import Node
from tests.packages.packages import read, shell, submodel
from tests.packages.test_published import published
from tests.support.strategies import concept_descriptions, shells, submodels

VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    5,
    "",
    "x" * 2049,
    "Property",
    "Submodel",
    "SubmodelElementList",
    "MultiLanguageProperty",
    [],
    {},
    [5],
    [{}],
    {"keys": 5},
    {"keys": [5]},
    [{"keys": [{}]}],
    [{"dataSpecification": {}}],
    [{"name": "a"}],
    [{"language": "de", "text": 5}],
)
NAMES: Final = (
    "id",
    "idShort",
    "modelType",
    "value",
    "semanticId",
    "supplementalSemanticIds",
    "administration",
    "assetInformation",
    "embeddedDataSpecifications",
    "submodelElements",
    "submodels",
    "isCaseOf",
    "qualifiers",
    "extensions",
    "keys",
    "globalAssetId",
    "specificAssetIds",
)


def changed(tree: Node, random: Random) -> Node:
    """Return a copy of ``tree`` in which some member is missing, new or another one."""
    tree = copy.deepcopy(tree)
    places = [node for node in nodes(tree) if isinstance(node, dict)]
    node = random.choice(places)
    name = random.choice((*NAMES, *node))
    if random.random() < 0.3:
        node.pop(name, None)
    else:
        node[name] = copy.deepcopy(random.choice(VALUES))
    return tree


def nodes(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(node for each in inner for node in nodes(each))]


@pytest.mark.parametrize("documents", [shells, submodels, concept_descriptions])
def test_valid_documents_have_the_shape_and_changed_ones_are_judged_as_in_full(
    documents: Any,
) -> None:
    judged: Counter[bool] = Counter()

    @settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
    @given(documents, st.integers(0, 2**32))
    def judge(tree: Node, seed: int) -> None:
        assert has_shape(tree, tree["modelType"])
        random = Random(seed)
        for _ in range(10):
            other = changed(tree, random)
            issues = list(structure_issues(other, tree["modelType"], ""))
            assert has_shape(other, tree["modelType"]) == (not issues), (other, issues)
            judged[not issues] += 1

    judge()
    assert min(judged[True], judged[False]) > 50


def test_published_documents_are_judged_as_in_full(shared_dir: Path) -> None:
    for file in published(shared_dir, ".aasx")[::10]:
        documents, _, _ = read(file)
        for kind, trees in documents.items():
            for tree in trees:
                issues = list(structure_issues(tree, kind.value, ""))
                assert has_shape(tree, kind.value) == (not issues), (file, issues)


def test_findings_name_the_place() -> None:
    tree = submodel("urn:a", {"modelType": "Property", "idShort": "Aa", "value": 5})
    assert shape_findings(tree, "Submodel") == [
        Finding(STRUCTURE, "submodelElements[0].value", "must be a text in the normal form")
    ]
    assert shape_findings(5, "Submodel") == [Finding(STRUCTURE, "", "must be an object")]
    assert shape_findings(tree, "ConceptDescription")[0].path == "modelType"
    assert len(shape_findings(submodel("urn:a", *[{}] * 300), "Submodel")) == 100


def test_elements_are_nested_no_deeper_than_allowed() -> None:
    def nested(levels: int) -> Node:
        element: Node = {"modelType": "SubmodelElementCollection", "idShort": "Aa"}
        for _ in range(levels - 1):
            element = {**element, "value": [element]}
        return submodel("urn:a", element)

    assert has_shape(nested(MAX_NESTING), "Submodel")
    assert not has_shape(nested(MAX_NESTING + 1), "Submodel")


def test_constraints_are_looked_at_only_where_that_is_asked_for() -> None:
    heavy = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:double", "value": "heavy"}
    tree = submodel("urn:a", heavy | {"category": None})
    (lifted, *errors) = checked(tree, "Submodel")[1]
    assert (lifted.is_error, [each.code for each in errors]) == (False, ["metamodel"])
    assert checked_shape(tree, "Submodel") == (submodel("urn:a", heavy), [lifted])
    assert checked_shape(shell("urn:a"), "Submodel")[1][0].is_error

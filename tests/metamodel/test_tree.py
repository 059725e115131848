"""Walking documents, and their structure."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.errors import NotFound
from aas_server.metamodel.structure import structure_issues
from aas_server.metamodel.tree import lineage, resolve, walk

SUBMODEL: dict[str, Any] = {
    "modelType": "Submodel",
    "id": "urn:ex",
    "submodelElements": [
        {
            "modelType": "SubmodelElementList",
            "idShort": "List",
            "value": [
                {"modelType": "Property", "idShort": "Named", "valueType": "xs:int", "value": "1"},
                {"modelType": "SubmodelElementList", "value": [{"modelType": "Capability"}]},
            ],
        },
        {
            "modelType": "Entity",
            "idShort": "Entity",
            "statements": [{"modelType": "Capability", "idShort": "Inner"}],
        },
        {
            "modelType": "AnnotatedRelationshipElement",
            "idShort": "Rel",
            "annotations": [{"modelType": "Property", "idShort": "Note", "valueType": "xs:string"}],
        },
        {
            "modelType": "Operation",
            "idShort": "Op",
            "inputVariables": [{"value": {"modelType": "Property", "idShort": "In"}}],
        },
    ],
}


def test_every_addressable_element_is_walked_in_document_order() -> None:
    assert [path for path, _ in walk(SUBMODEL)] == [
        ("List",),
        ("List", 0),
        ("List", 1),
        ("List", 1, 0),
        ("Entity",),
        ("Entity", "Inner"),
        ("Rel",),
        ("Rel", "Note"),
        ("Op",),
    ]


def test_every_walked_path_resolves_to_its_element() -> None:
    for path, element in walk(SUBMODEL):
        assert resolve(SUBMODEL, path) is element
        assert len(lineage(SUBMODEL, path)) == len(path) + 1


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("Nope",), "Nope"),
        (("List", "Named"), "List.Named"),
        (("List", 2), r"List\[2\]"),
        (("Entity", 0), r"Entity\[0\]"),
        (("Op", "In"), "Op.In"),
        (("List", 0, "More"), r"List\[0\].More"),
    ],
)
def test_a_path_that_leads_nowhere_names_where_it_ends(
    path: tuple[str | int, ...], named: str
) -> None:
    with pytest.raises(NotFound, match=named):
        resolve(SUBMODEL, path)


def test_a_sound_document_has_no_structure_issues() -> None:
    assert list(structure_issues(SUBMODEL, "Submodel", "submodels[0]")) == []


@pytest.mark.parametrize(
    ("change", "issue"),
    [
        ({"id": ""}, "s.id: must be a text"),
        ({"id": 7}, "s.id: must be a text"),
        ({"modelType": "Shell"}, "s.modelType: must be 'Submodel'"),
        ({"submodelElements": {}}, "s.submodelElements: must be an array"),
        ({"submodelElements": [3]}, r"s.submodelElements\[0\]: must be a submodel element"),
        ({"submodelElements": [{"modelType": "Property"}]}, r"\[0\].idShort: must be a text"),
        ({"semanticId": "urn:x"}, "s.semanticId: must be an object"),
        ({"semanticId": {"keys": "urn:x"}}, "needs an array of keys"),
        ({"qualifiers": ["x"]}, "s.qualifiers: must be an array of objects"),
        (
            {
                "submodelElements": [
                    {"modelType": "Property", "idShort": "ab", "valueType": "xs:int", "value": 1}
                ]
            },
            "must be a text in the normal form",
        ),
    ],
)
def test_a_structure_issue_names_its_place(change: dict[str, Any], issue: str) -> None:
    issues = list(structure_issues(SUBMODEL | change, "Submodel", "s"))
    assert len(issues) == 1
    with pytest.raises(AssertionError, match=issue):
        raise AssertionError(issues[0])


def test_a_document_nested_too_deep_is_an_issue_and_no_crash() -> None:
    element: dict[str, Any] = {"modelType": "Capability", "idShort": "Leaf"}
    for _ in range(500):
        element = {"modelType": "SubmodelElementCollection", "idShort": "Box", "value": [element]}
    issues = list(structure_issues(SUBMODEL | {"submodelElements": [element]}, "Submodel", "s"))
    assert len(issues) == 1
    assert "64 levels" in issues[0]

"""The templates: valid for others, and as authoring rules for templates ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jsonschema.protocols import Validator

from tests.submodels.oracles import (
    Json,
    children,
    identifiables,
    metamodel_findings,
    qualifiers,
    sdk_ids,
    semantic_id,
    walk,
)

_NAMESPACE = "urn:aas-server:smt/"
_VERSIONED = re.compile(r"/\d+/\d+$")
_LANGUAGES = ["en", "de"]

_REQUIRED = {
    "OperationalData": {
        "State",
        "State.OperatingState",
        "State.StateSince",
        "Signals",
        "Signals.Signal__00__.Quality",
        "Signals.Signal__00__.SourceTimestamp",
        "ActiveAlarms[0].AlarmId",
        "ActiveAlarms[0].Severity",
        "ActiveAlarms[0].Active",
        "ActiveAlarms[0].StartTime",
        "ActiveAlarms[0].Message",
    },
    "Maintenance": {
        "Schedule[0].Task",
        "Schedule[0].PlanReference",
        "Schedule[0].Status",
        "ExecutedWork[0].RecordId",
        "ExecutedWork[0].Type",
        "ExecutedWork[0].StartTime",
        "ExecutedWork[0].Result",
    },
    "Quality": {
        "Characteristics[0].FeatureName",
        "Characteristics[0].FeatureReference",
        "Characteristics[0].SampleSize",
        "Characteristics[0].Window",
        "Defects[0].DefectCode",
        "Defects[0].Count",
        "Calibrations[0].DeviceReference",
        "Calibrations[0].LastCalibration",
        "Calibrations[0].DueDate",
    },
}


def _submodel(document: Json) -> Json:
    (submodel,) = document["submodels"]
    return submodel  # type: ignore[no-any-return]


def _texts(tree: object, name: str) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == name and isinstance(value, str):
                yield value
            yield from _texts(value, name)
    elif isinstance(tree, list):
        for item in tree:
            yield from _texts(item, name)


def test_a_template_and_its_example_verify_without_a_finding(template: Json, example: Json) -> None:
    assert metamodel_findings(template) == []
    assert metamodel_findings(example) == []


def test_a_template_and_its_example_are_valid_by_the_published_schema(
    template: Json, example: Json, schema: Validator
) -> None:
    assert list(schema.iter_errors(template)) == []
    assert list(schema.iter_errors(example)) == []


def test_the_sdk_reads_a_template_and_its_example_strictly(template: Json, example: Json) -> None:
    for document in (template, example):
        assert sdk_ids(document) == {item["id"] for item in identifiables(document)}


def test_a_template_is_of_kind_template_in_a_version_of_its_own(template: Json) -> None:
    submodel = _submodel(template)
    name = submodel["idShort"]
    assert submodel["kind"] == "Template"
    assert submodel["id"] == f"{_NAMESPACE}template/{name}/1/0"
    assert semantic_id(submodel) == f"{_NAMESPACE}{name}/1/0"
    assert submodel["administration"] == {
        "version": "1",
        "revision": "0",
        "templateId": submodel["id"],
    }


def test_every_template_element_has_a_cardinality_a_meaning_and_no_value(template: Json) -> None:
    for path, element in walk(_submodel(template)):
        assert "SMT/Cardinality" in qualifiers(element), path
        assert semantic_id(element), path
        for text in (element["displayName"], element["description"]):
            assert [item["language"] for item in text] == _LANGUAGES, path
        if not children(element):
            assert not element.keys() & {"value", "min", "max"}, path


def test_every_qualifier_of_a_template_has_the_published_semantic_id(template: Json) -> None:
    for path, element in walk(_submodel(template)):
        kinds = [item["type"] for item in element["qualifiers"]]
        assert len(kinds) == len(set(kinds)), path
        for item in element["qualifiers"]:
            name = item["type"].removeprefix("SMT/")
            assert item["kind"] == "TemplateQualifier", path
            assert semantic_id(item) == (f"https://admin-shell.io/SubmodelTemplates/{name}/1/0"), (
                path
            )


def test_an_instance_needs_these_elements_and_no_other(template: Json) -> None:
    submodel = _submodel(template)
    cardinalities = {path: qualifiers(node)["SMT/Cardinality"] for path, node in walk(submodel)}
    required = {path for path, cardinality in cardinalities.items() if cardinality == "One"}
    many = {path for path, cardinality in cardinalities.items() if cardinality == "ZeroToMany"}
    assert required == _REQUIRED[submodel["idShort"]]
    assert many == {path for path in cardinalities if path.endswith(("[0]", "__00__"))}


def test_structures_have_versioned_semantic_ids(template: Json) -> None:
    for path, element in walk(_submodel(template)):
        if children(element):
            assert _VERSIONED.search(semantic_id(element)), path


def test_lists_name_their_items_and_items_have_no_name(template: Json) -> None:
    for path, element in walk(_submodel(template)):
        if element["modelType"] == "SubmodelElementList":
            (item,) = children(element)
            assert "idShort" not in item, path
            assert element["typeValueListElement"] == item["modelType"], path
            assert element["semanticIdListElement"] == item["semanticId"], path


def test_no_identifier_of_a_template_has_a_blank(template: Json) -> None:
    submodel = _submodel(template)
    references = list(_texts([node["semanticId"] for _, node in walk(submodel)], "value"))
    for identifier in [*references, *_texts(template, "id"), *_texts(template, "idShort")]:
        assert not re.search(r"\s", identifier), identifier


def test_siblings_of_a_template_have_different_names(template: Json) -> None:
    submodel = _submodel(template)
    for path, node in [("", submodel), *walk(submodel)]:
        names = [child.get("idShort") for child in children(node)]
        assert len(names) == len(set(names)), path


def test_every_concept_of_ours_is_described_and_nothing_else(template: Json, example: Json) -> None:
    for document in (template, example):
        submodel = _submodel(document)
        nodes = [submodel, *(node for _, node in walk(submodel))]
        used = {semantic_id(node) for node in nodes}
        used |= {
            reference["keys"][0]["value"]
            for node in nodes
            for reference in node.get("supplementalSemanticIds", [])
        }
        described = [concept["id"] for concept in document["conceptDescriptions"]]
        assert set(described) == {key for key in used if key.startswith(_NAMESPACE)}
        assert len(described) == len(set(described))


def test_concepts_have_names_definitions_and_where_they_hold_a_value_a_data_type(
    template: Json,
) -> None:
    structures = {semantic_id(node) for _, node in walk(_submodel(template)) if children(node)}
    structures.add(semantic_id(_submodel(template)))
    for concept in template["conceptDescriptions"]:
        (specification,) = concept["embeddedDataSpecifications"]
        content = specification["dataSpecificationContent"]
        for text in (content["preferredName"], content["definition"]):
            assert [item["language"] for item in text] == _LANGUAGES, concept["id"]
        assert ("dataType" in content) == (concept["id"] not in structures), concept["id"]


def test_initial_values_are_allowed_values(template: Json) -> None:
    for path, element in walk(_submodel(template)):
        rules = qualifiers(element)
        if "SMT/InitialValue" in rules:
            assert re.search(rules["SMT/AllowedValue"], rules["SMT/InitialValue"]), path

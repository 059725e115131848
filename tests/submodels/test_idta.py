"""The IDTA templates that we wrote ourselves, beside the published files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.instantiation.request import Mode, Request
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.reading import read_templates
from tests.submodels.oracles import Json, load, metamodel_findings, walk

_IDTA: Final = "https://admin-shell.io/idta"
_PARTS: Final = f"{_IDTA}/maintenanceinstructions/maintenancesparepart/1/0"
_QUANTITIES: Final = (
    "MaintenanceSparePartList[0].CollectionQuantityOfSparePart."
    "CollectionQuantityOfSparePartForSpecificInterval__00__"
)

_PUBLISHED: Final = {
    "02003_TechnicalData": "Technical_Data/2/0/IDTA_02003_Template_TechnicalData.json",
    "02004_HandoverDocumentation": (
        "Handover_Documentation/2/0/IDTA_02004-2-0_Template_HandoverDocumentation.json"
    ),
    "02006_DigitalNameplate": (
        "Digital_nameplate/3/0/IDTA_02006-3-0_Template_Digital_Nameplate.json"
    ),
    "02008_TimeSeries": (
        "Time_Series_Data/1/1/IDTA_02008-1-1_Template_withOperations_TimeSeriesData.json"
    ),
    "02011_HierarchicalStructures": (
        "Hierarchical_Structures_enabling_Bills_of_Material/1/1/IDTA_02011-1-1_Template_HSEBoM.json"
    ),
    "02017_AssetInterfacesDescription": (
        "Asset_Interfaces_Description/1/1/IDTA_02017-1-1_Template_Asset_Interfaces_Description.json"
    ),
    "02018_MaintenanceInstructions": (
        "Maintenance_Instructions/1/0/IDTA_02018_Template_MaintenanceInstructions.json"
    ),
    "02027_InterfacesMapping": (
        "Asset_Interfaces_Mapping_Configuration/2/0/IDTA_02027_Template_AIMC.json"
    ),
    "02048_PredictiveMaintenance": (
        "Predictive_Maintenance/1/0/IDTA_02048_Template_PredictiveMaintenance.json"
    ),
    "02049_QualityControlForMachining": (
        "Quality_Control_for_Machining/1/0/IDTA_02049_Template_QualityControlForMachining.json"
    ),
    "02066_KeyFigures": (
        "Process_Variables_for_Manufacturing_Key_Performance_Indicators/1/0/"
        "IDTA_02066_Template_PVM.json"
    ),
}

_ADDRESS: Final = "the specification asks for these four lines, its file leaves them out"
_NO_MEANING: Final = "every element of a template has a semanticId"
_DELIBERATE: Final[dict[str, dict[tuple[str, ...], str]]] = {
    "02006_DigitalNameplate": {
        ("AddressInformation.Street", "added"): _ADDRESS,
        ("AddressInformation.Zipcode", "added"): _ADDRESS,
        ("AddressInformation.CityTown", "added"): _ADDRESS,
        ("AddressInformation.NationalCode", "added"): _ADDRESS,
    },
    "02008_TimeSeries": {
        (
            "ReadSegments.Segment",
            "semanticId",
            "",
            f"{_IDTA}/TimeSeries/Segment/1/1",
        ): _NO_MEANING,
        (
            "ReadRecords.Records",
            "semanticId",
            "",
            f"{_IDTA}/TimeSeries/Records/1/1",
        ): _NO_MEANING,
    },
    "02018_MaintenanceInstructions": {
        (
            "MaintenanceSparePartList[0]",
            "semanticId",
            f"htt{_PARTS}",
            _PARTS,
        ): "the published identifier is mistyped",
        (
            f"{_QUANTITIES}.ReferenceNameOfMaintenance",
            "once, not twice",
        ): "siblings have different names (AASd-022)",
    },
    "02049_QualityControlForMachining": {
        (
            "",
            "semanticId",
            "",
            f"{_IDTA}/SubmodelTemplate/QualityControlForMachining/1/0",
        ): "the specification names the semanticId, its file has none",
    },
}
"""Every difference to the published file, and why."""

_FACTS: Final = ("modelType", "valueType", "cardinality", "semanticId")
_SHORT: Final = 4
"""Words of a text at most that may be like a published one: names, not sentences."""


@pytest.fixture(params=_PUBLISHED)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@cache
def _template(file: Path) -> Template:
    ((template, *_), _) = read_templates(file)
    return template


def _facts(template: Template) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {
        "": [{"modelType": "Submodel", "semanticId": ", ".join(template.ids)}]
    }
    for prototype in template.walk():
        found.setdefault(prototype.path, []).append(_facts_of(prototype))
    return found


def _facts_of(prototype: Prototype) -> dict[str, str]:
    return {
        "modelType": prototype.model_type,
        "valueType": str(prototype.node.get("valueType", "")),
        "cardinality": str(prototype.cardinality),
        "semanticId": ", ".join(prototype.ids),
    }


def _differences(ours: Template, published: Template) -> Iterator[tuple[str, ...]]:
    own, theirs = _facts(ours), _facts(published)
    for path in {**theirs, **own}:
        if path not in own:
            yield path, "missing"
        elif path not in theirs:
            yield path, "added"
        elif len(theirs[path]) > 1:
            yield path, "once, not twice"
        else:
            for fact in _FACTS:
                before, after = theirs[path][0].get(fact, ""), own[path][0].get(fact, "")
                if before != after:
                    yield path, fact, before, after


def test_the_structure_is_the_published_one_but_for_listed_differences(
    name: str, project_dir: Path, shared_dir: Path
) -> None:
    ours = _template(project_dir / "submodels" / "IDTA" / name / "template.json")
    published = _template(shared_dir / "templates" / _PUBLISHED[name])
    found = list(_differences(ours, published))
    assert set(found) == set(_DELIBERATE.get(name, {}))
    assert len(found) == len(set(found))


def test_an_element_that_goes_missing_would_be_noticed(project_dir: Path, shared_dir: Path) -> None:
    name = "02048_PredictiveMaintenance"
    published = _template(shared_dir / "templates" / _PUBLISHED[name])
    document = load(project_dir / "submodels" / "IDTA" / name / "template.json")
    (submodel,) = document["submodels"]
    del submodel["submodelElements"][0]["value"][1]
    found = list(_differences(Template(submodel, "spoilt"), published))
    assert found == [("RemainingUsefulLifePrediction.RemainingUsfulLifeDateTime", "missing")]


def test_no_sentence_is_taken_from_a_published_file(
    name: str, project_dir: Path, shared_dir: Path
) -> None:
    published = json.loads(
        (shared_dir / "templates" / _PUBLISHED[name]).read_text(encoding="utf-8-sig")
    )
    theirs = {_plain(text) for text in _texts(published)}
    ours = load(project_dir / "submodels" / "IDTA" / name / "template.json")
    copied = {text for text in _texts(ours) if _plain(text) in theirs}
    assert {text for text in copied if len(text.split()) > _SHORT} == set()


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if "language" in tree and isinstance(tree.get("text"), str):
            yield tree["text"]
        for value in tree.values():
            yield from _texts(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _texts(item)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def test_a_template_verifies_without_a_finding(name: str, project_dir: Path) -> None:
    document = load(project_dir / "submodels" / "IDTA" / name / "template.json")
    assert metamodel_findings(document) == []


@pytest.mark.parametrize("mode", list(Mode))
def test_instances_verify_without_a_finding(name: str, mode: Mode, project_dir: Path) -> None:
    template = _template(project_dir / "submodels" / "IDTA" / name / "template.json")
    made = Maker(template).make(Request("urn:example:instance", mode))
    assert made.findings == []
    assert metamodel_findings(made.environment()) == []


def test_every_element_is_told_in_english_and_german(name: str, project_dir: Path) -> None:
    document = load(project_dir / "submodels" / "IDTA" / name / "template.json")
    (submodel,) = document["submodels"]
    for path, element in [("", submodel), *walk(submodel)]:
        for text in (element["displayName"], element["description"]):
            assert [each["language"] for each in text] == ["en", "de"], path
    for concept in document.get("conceptDescriptions", ()):
        content = _content(concept)
        for text in (content["preferredName"], content["definition"]):
            assert [each["language"] for each in text] == ["en", "de"], concept["id"]


def _content(concept: Json) -> Json:
    (specification,) = concept["embeddedDataSpecifications"]
    content: Json = specification["dataSpecificationContent"]
    return content

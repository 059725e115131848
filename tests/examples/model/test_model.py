"""The documents of the four machines: valid, complete, and the same where machines are the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import resolve
from aas_server.repository.loader import read_environments
from aas_server.store.protocol import Kind
from examples.plant import build_model
from tests.submodels.oracles import (
    Json,
    identifiables,
    load,
    metamodel_findings,
    sdk_ids,
    semantic_id,
    violations,
    walk,
)

_SHELLS = {
    "mill": "MillingCentre",
    "robot": "HandlingRobot",
    "moulder": "InjectionMoulder",
    "packer": "PackagingLine",
}
_SUBMODELS = ("Nameplate", "OperationalData", "Maintenance", "Quality", "JobControl")
_NAMEPLATE = "https://admin-shell.io/idta/nameplate/"
_OURS = ("OperationalData", "Maintenance", "Quality")
_COMMON_SIGNALS = {
    "DriveSpeed": "1/s",
    "DriveTemperature": "Cel",
    "Vibration": "mm/s",
    "PowerConsumption": "kW",
    "CycleTime": "s",
    "SpeedOverride": "%",
}
_OWN_SIGNALS: dict[str, dict[str, str | None]] = {
    "mill": {"ToolWear": "%", "FeedRate": "mm/s"},
    "robot": {**{f"JointTemperature{n}": "Cel" for n in range(1, 7)}, "ProgramState": None},
    "moulder": {"MeltTemperature": "Cel", "InjectionPressure": "MPa", "ShotQuality": "%"},
    "packer": {"LineSpeed": "1/s"},
}
_ARRIVING = {
    "Quality": "xs:string",
    "StatusCode": "xs:unsignedInt",
    "SourceTimestamp": "xs:dateTime",
    "ReceivedTimestamp": "xs:dateTime",
}
_LIVE_PROPERTIES = {
    "OperationalData": {
        "State.OperatingState": "xs:string",
        "State.OperatingMode": "xs:string",
        "State.StateSince": "xs:dateTime",
        "State.ActiveProgram": "xs:string",
        "State.ActiveOrder": "xs:string",
        "State.ConditionStatus": "xs:string",
        "Counters.OperatingHours": "xs:double",
        "Counters.CycleCount": "xs:unsignedLong",
        "Counters.ProducedQuantity": "xs:decimal",
        "Counters.GoodQuantity": "xs:decimal",
        "Counters.ScrapQuantity": "xs:decimal",
    },
    "Maintenance": {
        "Counters.OperatingHours": "xs:double",
        "Counters.CyclesSinceService": "xs:unsignedLong",
        "Counters.WearIndicator": "xs:double",
    },
    "Quality": {
        "Yields.ProducedQuantity": "xs:decimal",
        "Yields.GoodQuantity": "xs:decimal",
        "Yields.ScrapQuantity": "xs:decimal",
        "Yields.FirstPassYield": "xs:double",
    },
}


@pytest.fixture(scope="module")
def model_dir(project_dir: Path) -> Path:
    return project_dir / "examples" / "plant" / "model"


@pytest.fixture(params=_SHELLS)
def key(request: pytest.FixtureRequest) -> str:
    machine: str = request.param
    return machine


@pytest.fixture
def machine(model_dir: Path, key: str) -> Json:
    return load(model_dir / f"{key}.json")


def _submodels(machine: Json) -> dict[str, Json]:
    return {submodel["idShort"]: submodel for submodel in machine["submodels"]}


def _elements(submodel: Json) -> dict[str, Json]:
    return dict(walk(submodel))


def _keys_of_references(tree: object) -> Iterator[list[Json]]:
    if isinstance(tree, dict):
        if "keys" in tree:
            yield tree["keys"]
        for value in tree.values():
            yield from _keys_of_references(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _keys_of_references(item)


def test_the_committed_files_are_what_the_tables_generate(model_dir: Path) -> None:
    generated = build_model.files()
    assert {path.name for path in model_dir.glob("*.json")} == set(generated)
    for name, text in generated.items():
        assert (model_dir / name).read_text(encoding="utf-8") == text, name


@pytest.mark.parametrize("name", [*_SHELLS, "concepts"])
def test_every_file_is_valid_for_the_metamodel_its_schema_and_the_sdk(
    name: str, model_dir: Path, shared_dir: Path
) -> None:
    document = load(model_dir / f"{name}.json")
    schema: dict[str, Any] = json.loads(
        (shared_dir / "spec" / "schemas" / "aas.json").read_text(encoding="utf-8")
    )
    assert metamodel_findings(document) == []
    assert list(validator_for(schema)(schema).iter_errors(document)) == []
    assert sdk_ids(document) == {item["id"] for item in identifiables(document)}


def test_the_server_loads_the_folder(model_dir: Path) -> None:
    documents = read_environments([model_dir], max_bytes=10_000_000)
    kinds = [kind for kind, _ in documents]
    assert kinds.count(Kind.SHELL) == 4
    assert kinds.count(Kind.SUBMODEL) == 20


def test_a_shell_tells_its_asset_and_its_submodels(key: str, machine: Json) -> None:
    (shell,) = machine["assetAdministrationShells"]
    asset = shell["assetInformation"]
    assert (shell["id"], shell["idShort"]) == (f"urn:demo-plant:shell:{key}", _SHELLS[key])
    assert (asset["assetKind"], asset["globalAssetId"]) == (
        "Instance",
        f"urn:demo-plant:asset:{key}",
    )
    assert {item["name"] for item in asset["specificAssetIds"]} == {"serialNumber", "manufacturer"}
    for text in (shell["displayName"], shell["description"]):
        assert {item["language"] for item in text} == {"en", "de"}
    referred = [reference["keys"][0]["value"] for reference in shell["submodels"]]
    assert referred == [f"urn:demo-plant:{key}:{name}" for name in _SUBMODELS]
    assert referred == [submodel["id"] for submodel in machine["submodels"]]


def test_instances_keep_the_rules_of_our_templates(machine: Json, project_dir: Path) -> None:
    submodels = _submodels(machine)
    for name in _OURS:
        (template,) = load(project_dir / "submodels" / name / "template.json")["submodels"]
        assert list(violations(template, submodels[name])) == []
        assert submodels[name]["administration"]["templateId"] == template["id"]
        assert submodels[name]["semanticId"] == template["semanticId"]


def test_a_nameplate_is_as_the_published_template_says(machine: Json, shared_dir: Path) -> None:
    file = "Digital_nameplate/3/0/IDTA_02006-3-0_Template_Digital_Nameplate.json"
    (published,) = load(shared_dir / "templates" / file)["submodels"]
    nameplate = _submodels(machine)["Nameplate"]
    declared, filled = _elements(published), _elements(nameplate)
    assert nameplate["semanticId"] == published["semanticId"]
    assert nameplate["administration"]["templateId"] == published["id"]
    for prototype in published["submodelElements"]:
        if prototype["qualifiers"][0]["value"] == "One":
            assert prototype["idShort"] in filled
    for path, element in filled.items():
        if path.startswith("AddressInformation."):
            continue
        assert element["modelType"] == declared[path]["modelType"], path
        assert element.get("valueType") == declared[path].get("valueType"), path
        assert element["semanticId"] == declared[path]["semanticId"], path
        assert set(_supplemental(element)) <= set(_supplemental(declared[path])), path


def test_an_address_is_as_the_published_template_says(machine: Json, shared_dir: Path) -> None:
    file = "Contact_Information/1/0/IDTA_02002-1-0_Template_ContactInformation.json"
    (published,) = load(shared_dir / "templates" / file)["submodels"]
    declared = _elements(published)
    address = _elements(_submodels(machine)["Nameplate"])["AddressInformation"]
    assert [item["idShort"] for item in address["value"]] == [
        "Street",
        "Zipcode",
        "CityTown",
        "NationalCode",
    ]
    for item in address["value"]:
        prototype = declared[f"ContactInformation.{item['idShort']}"]
        assert item["modelType"] == prototype["modelType"]
        assert item["semanticId"] == prototype["semanticId"]


def _supplemental(element: Json) -> list[str]:
    return [item["keys"][0]["value"] for item in element.get("supplementalSemanticIds", [])]


def test_every_live_property_is_there_without_a_value(machine: Json) -> None:
    submodels = _submodels(machine)
    for name, properties in _LIVE_PROPERTIES.items():
        elements = _elements(submodels[name])
        for path, value_type in properties.items():
            assert elements[path]["modelType"] == "Property", path
            assert elements[path]["valueType"] == value_type, path
            assert "value" not in elements[path], path


def test_every_signal_has_its_parts_and_its_unit(key: str, machine: Json) -> None:
    elements = _elements(_submodels(machine)["OperationalData"])
    expected = _COMMON_SIGNALS | _OWN_SIGNALS[key]
    assert [item["idShort"] for item in elements["Signals"]["value"]] == list(expected)
    for name, unit in expected.items():
        value, value_type = ("Value", "xs:double") if unit else ("ValueText", "xs:string")
        for part, part_type in {value: value_type, **_ARRIVING}.items():
            element = elements[f"Signals.{name}.{part}"]
            assert element["valueType"] == part_type, (name, part)
            assert "value" not in element, (name, part)
        assert elements.get(f"Signals.{name}.Unit", {}).get("value") == unit


def test_warning_ranges_enclose_normal_ranges_and_physical_ranges_enclose_both(
    machine: Json,
) -> None:
    for path, signal in walk(_submodels(machine)["OperationalData"]):
        ranges = [
            (float(item["min"]), float(item["max"]))
            for name in ("NormalRange", "WarningRange", "PhysicalRange")
            for item in signal.get("value") or []
            if isinstance(item, dict) and item.get("idShort") == name
        ]
        for (low, high), (outer_low, outer_high) in pairwise(ranges):
            assert outer_low <= low < high <= outer_high, path


def test_common_elements_are_the_same_on_all_machines(model_dir: Path) -> None:
    machines = [_submodels(load(model_dir / f"{key}.json")) for key in _SHELLS]
    own = tuple(f"Signals.{name}" for names in _OWN_SIGNALS.values() for name in names)
    own += ("Schedule[", "ExecutedWork[", "Characteristics[", "Defects[")
    for name in _SUBMODELS:
        assert len({semantic_id(machine[name]) for machine in machines}) == 1
        told = [
            [
                (
                    path,
                    element["modelType"],
                    element.get("valueType"),
                    semantic_id(element),
                    tuple(_supplemental(element)),
                    element.get("value") if path.endswith((".Unit", ".Kind")) else None,
                )
                for path, element in walk(machine[name])
                if not path.startswith(own)
            ]
            for machine in machines
        ]
        assert told[0]
        assert all(other == told[0] for other in told[1:])


def test_each_list_holds_a_few_entries(machine: Json) -> None:
    submodels = _submodels(machine)
    assert len(_elements(submodels["Maintenance"])["Schedule"]["value"]) == 3
    for name, path in (
        ("Maintenance", "ExecutedWork"),
        ("Quality", "Characteristics"),
        ("Quality", "Defects"),
    ):
        assert len(_elements(submodels[name])[path]["value"]) in {2, 3}


def test_instances_have_no_template_qualifier_and_nothing_empty(machine: Json) -> None:
    text = json.dumps(machine)
    assert "TemplateQualifier" not in text
    assert "SMT/" not in text.replace("https://admin-shell.io/SMT/", "SMT/")
    assert '": []' not in text
    assert '": ""' not in text


def test_concepts_are_described_once_and_used(model_dir: Path) -> None:
    described = [item["id"] for item in load(model_dir / "concepts.json")["conceptDescriptions"]]
    machines = [load(model_dir / f"{key}.json") for key in _SHELLS]
    used = {
        keys[0]["value"]
        for machine in machines
        for keys in _keys_of_references(machine)
        if keys[0]["value"].startswith(("urn:aas-server:smt/", _NAMEPLATE))
    }
    assert len(described) == len(set(described))
    assert set(described) == used


def test_the_plant_file_binds_elements_that_exist(model_dir: Path) -> None:
    plant = yaml.safe_load((model_dir.parent / "plant.yaml").read_text(encoding="utf-8"))
    submodels = {
        submodel["id"]: submodel
        for key in _SHELLS
        for submodel in load(model_dir / f"{key}.json")["submodels"]
    }
    for binding in plant["bindings"]:
        sink = binding["sink"]
        assert resolve(submodels[sink["submodel"]], parse_id_short_path(sink["path"]))
    for row in plant["operations"]:
        target = row["operation"]
        element = resolve(submodels[target["submodel"]], parse_id_short_path(target["path"]))
        assert element["modelType"] == "Operation"


def test_every_live_element_is_bound_by_the_plant_file(model_dir: Path) -> None:
    plant = yaml.safe_load((model_dir.parent / "plant.yaml").read_text(encoding="utf-8"))
    bound = {(row["sink"]["submodel"], row["sink"]["path"]) for row in plant["bindings"]}
    live = {
        (f"urn:demo-plant:{key}:{name}", path)
        for key in _SHELLS
        for name, properties in _LIVE_PROPERTIES.items()
        for path in properties
    }
    live |= {
        (f"urn:demo-plant:{key}:OperationalData", f"Signals.{name}")
        for key in _SHELLS
        for name in (*_COMMON_SIGNALS, *_OWN_SIGNALS[key])
    }
    assert bound == live

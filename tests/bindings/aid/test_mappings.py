"""Mapping configurations are read whatever their version; what is wrong in one says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.aid import mappings
from aas_server.bindings.aid.mappings import Target, read_mappings, target_of
from tests.bindings.aid.documents import (
    AID_ID,
    AIMC,
    AIMC_VERSIONS,
    mapping,
    pair,
    prop,
    reference,
    to_element,
)

Node = dict[str, Any]
SINK = "urn:test:data"
PAIRS = [pair(["Opc", name], SINK, "Signals", name) for name in ("A", "B", "C")]
TEMPLATES = [
    "1/0/IDTA_02027-1-0_Template_AIMC_.json",
    "2/0/IDTA_02027_Template_AIMC.json",
]


def source(name: str) -> Target:
    return Target(AID_ID, ("Opc", "InteractionMetadata", "properties", name))


@pytest.mark.parametrize("version", AIMC_VERSIONS)
def test_every_version_maps_each_source_to_its_sink(version: str) -> None:
    found = read_mappings(mapping(*PAIRS, version=version))

    assert found.problem is None
    assert {each.source: each.sink for each in found.mappings} == {
        source(name): Target(SINK, ("Signals", name)) for name in ("A", "B", "C")
    }
    assert [each.problem for each in found.mappings] == [None, None, None]


def test_version_1_tells_the_interface() -> None:
    found = read_mappings(mapping(*PAIRS, version="1.0"))

    assert {each.interface for each in found.mappings} == {Target(AID_ID, ("Opc",))}


def test_the_interval_of_a_source_stands_over_the_default() -> None:
    document = mapping(*PAIRS[:2], interval=2.5)
    configuration = document["submodelElements"][0]["value"][0]
    sources = next(each for each in configuration["value"] if each["idShort"] == "Sources")
    meaning = f"{AIMC}/2/0/MappingConfiguration/Source/PollingInterval"
    sources["value"][0]["value"].append(prop("PollingInterval", meaning, "0.5", "xs:double"))

    found = read_mappings(document)

    assert {each.source: each.interval for each in found.mappings} == {
        source("A"): 0.5,
        source("B"): 2.5,
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [("0", "more than 0"), ("-1", "more than 0"), ("INF", "more than 0"), ("x", "no number")],
)
def test_an_interval_that_is_none_is_told(text: str, reason: str) -> None:
    document = mapping(*PAIRS[:1], interval=1)
    document["submodelElements"][0]["value"][0]["value"][0]["value"] = text

    (found,) = read_mappings(document).mappings

    assert reason in str(found.interval_problem)
    assert found.problem is None


def test_a_transformation_is_refused_for_each_of_its_sinks() -> None:
    found = read_mappings(mapping(*PAIRS, transformation="cmV0dXJu")).mappings

    assert [each.sink for each in found] == [pair_sink(name) for name in ("C", "B", "A")]
    assert all("Lua program, which this server does not run" in str(f.problem) for f in found)


def pair_sink(name: str) -> Target:
    return Target(SINK, ("Signals", name))


def ends(document: Node, name: str) -> list[Node]:
    configuration = document["submodelElements"][0]["value"][0]
    listed = next(each for each in configuration["value"] if each["idShort"] == name)
    value: list[Node] = listed["value"]
    return value


def test_more_sinks_than_sources_are_refused() -> None:
    document = mapping(*PAIRS)
    del ends(document, "Sources")[0]

    found = read_mappings(document).mappings

    assert len(found) == 3
    assert "2 sources and 3 sinks" in str(found[0].problem)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("Sources", "value1", "two of them have the same SourceId"),
        ("Sources", "other", "no source has the id of the sink 'value0'"),
        ("Sinks", "value0", "two of them have the same SinkId"),
        ("Sinks", " ", "one of them has no SinkId"),
    ],
)
def test_ids_that_do_not_pair_are_refused(name: str, value: str, reason: str) -> None:
    document = mapping(*PAIRS)
    ends(document, name)[0]["value"][1]["value"] = value

    assert {each.problem for each in read_mappings(document).mappings} == {reason}


@pytest.mark.parametrize("version", AIMC_VERSIONS)
def test_a_reference_that_leads_to_no_element_is_told(version: str) -> None:
    broken = [(reference("urn:x"), PAIRS[0][1]), (PAIRS[1][0], to_element(SINK))]

    found = read_mappings(mapping(*broken, PAIRS[2], version=version)).mappings

    problems = {each.sink: each.problem for each in found}
    assert sum("is no reference to an element" in str(each) for each in problems.values()) == 2
    assert problems[pair_sink("C")] is None


def test_a_path_goes_through_lists_by_index_and_a_shell_is_passed_over() -> None:
    keys = [
        ("AssetAdministrationShell", "urn:aas"),
        ("Submodel", " urn:sm "),
        ("SubmodelElementList", "L"),
        ("SubmodelElementCollection", "0"),
        ("Property", "0a"),
    ]
    found = {"type": "ModelReference", "keys": [{"type": a, "value": b} for a, b in keys]}

    assert target_of(found) == Target("urn:sm", ("L", 0, "0a"))
    assert str(Target("urn:sm", ("L", 0, "P")).name) == "urn:sm/L[0].P"


@pytest.mark.parametrize("file", TEMPLATES)
def test_a_template_as_it_was_published_maps_nothing(shared_dir: Path, file: str) -> None:
    path = shared_dir / "templates" / "Asset_Interfaces_Mapping_Configuration" / file
    submodel = json.loads(path.read_text("utf-8-sig"))["submodels"][0]

    (found,) = read_mappings(submodel).mappings

    assert found.problem is not None


@pytest.mark.parametrize("file", ["aid_aimc_opcua.json", "aid_aimc1_opcua.json"])
def test_both_ways_to_write_an_example_say_the_same(shared_dir: Path, file: str) -> None:
    path = shared_dir / "knowledge" / "examples" / file
    submodels = json.loads(path.read_text("utf-8"))["submodels"]

    (found,) = read_mappings(submodels[1]).mappings

    assert (found.source, found.sink, found.problem) == (
        Target(
            "urn:ex:sm:aid", ("InterfaceOPCUA", "InteractionMetadata", "properties", "Temperature")
        ),
        Target("urn:ex:sm:operational", ("Temperature",)),
        None,
    )


def test_a_configuration_that_is_too_large_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mappings, "MAX_MAPPINGS", 2)

    found = read_mappings(mapping(*PAIRS))

    assert found.problem == "it has more than 2 mappings: nothing of it is used"
    assert found.mappings == ()


@pytest.mark.parametrize(
    "content",
    [None, [None, 3], [{"modelType": "SubmodelElementList", "value": [None, {"value": 1}]}]],
)
def test_no_document_makes_reading_fail(content: Any) -> None:
    assert read_mappings({"modelType": "Submodel", "submodelElements": content}).mappings == ()

"""Environments of metamodel 2.0 become those of 3.1, and what had to change is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aas_server.errors import BadRequest, Finding
from aas_server.metamodel.tree import Node
from aas_server.metamodel.verification import verify
from aas_server.packages.contents import Contents
from aas_server.packages.environments import read_environment
from aas_server.packages.v2.changes import CONVERTED, MAX_CHANGES
from aas_server.store.protocol import Kind
from tests.packages.v2_samples import (
    ASSET,
    BILL,
    CONCEPT,
    IEC61360,
    JSON,
    NAMESPACE,
    OF_PRESSURE,
    SHELL,
    SUBMODEL,
    element,
    environment,
    identified,
    key,
    ref,
    xml_of,
)

DATA_SPECIFICATION = (
    "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIEC61360/3/0"
)


def model_reference(*keys: tuple[str, str]) -> Node:
    return {
        "type": "ModelReference",
        "keys": [{"type": kind, "value": value} for kind, value in keys],
    }


def external(value: str) -> Node:
    return {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": value}],
    }


def read_json(tree: Any) -> Contents:
    return read_environment(json.dumps(tree).encode(), "/aasx/data.json")


def converted(*elements: Any) -> tuple[list[Node], list[Finding]]:
    """Return elements of 2.0 in 3.1, valid ones, and the findings about single places."""
    contents = read_json(environment(*elements))
    (tree,) = contents.documents[Kind.SUBMODEL]
    assert verify(tree) == []
    places = [each for each in contents.findings if each.path.startswith("Submodel")]
    return tree.get("submodelElements", []), places


def told(findings: list[Finding]) -> list[str]:
    document = f"Submodel {SUBMODEL!r} "
    return [f"{each.path.removeprefix(document)}: {each.text}" for each in findings]


PRESSURE = model_reference(("Submodel", SUBMODEL), ("Property", "Pressure"))
BOLT = model_reference(("Submodel", BILL), ("Entity", "Bolt"))
EXPECTED_ELEMENTS: list[Node] = [
    {
        "modelType": "Property",
        "category": "VARIABLE",
        "idShort": "Pressure",
        "description": [{"language": "en", "text": "of the pump"}],
        "semanticId": model_reference(("ConceptDescription", CONCEPT)),
        "qualifiers": [
            {
                "type": "Unit",
                "semanticId": external("urn:example:unit"),
                "valueType": "xs:string",
                "value": "bar",
            }
        ],
        "valueType": "xs:double",
        "value": "4.20",
        "valueId": external("0173-1#07-AAA111#001"),
    },
    {
        "modelType": "MultiLanguageProperty",
        "idShort": "Name",
        "value": [{"language": "de", "text": "Pumpe"}, {"language": "en", "text": "pump"}],
    },
    {"modelType": "Range", "idShort": "Limits", "valueType": "xs:int", "min": "1", "max": "9"},
    {"modelType": "Blob", "idShort": "Icon", "contentType": "image/png", "value": "AAEC"},
    {
        "modelType": "File",
        "idShort": "Manual",
        "contentType": "application/pdf",
        "value": "/aasx/files/manual.pdf",
    },
    {"modelType": "ReferenceElement", "idShort": "See", "value": PRESSURE},
    {"modelType": "RelationshipElement", "idShort": "Joins", "first": PRESSURE, "second": BOLT},
    {
        "modelType": "AnnotatedRelationshipElement",
        "idShort": "Bears",
        "first": PRESSURE,
        "second": external("urn:example:wall"),
        "annotations": [
            {"modelType": "Property", "idShort": "Torque", "valueType": "xs:float", "value": "1.5"}
        ],
    },
    {"modelType": "Capability", "idShort": "Pumping"},
    {
        "modelType": "Entity",
        "idShort": "Bolt",
        "entityType": "SelfManagedEntity",
        "globalAssetId": "urn:example:bolt",
        "statements": [
            {
                "modelType": "Property",
                "idShort": "Count",
                "valueType": "xs:unsignedInt",
                "value": "4",
            }
        ],
    },
    {
        "modelType": "Operation",
        "idShort": "Start",
        "inputVariables": [
            {"value": {"modelType": "Property", "idShort": "Speed", "valueType": "xs:integer"}}
        ],
        "outputVariables": [
            {"value": {"modelType": "Property", "idShort": "Done", "valueType": "xs:boolean"}}
        ],
        "inoutputVariables": [{"value": {"modelType": "Capability", "idShort": "Mode"}}],
    },
    {
        "modelType": "BasicEventElement",
        "idShort": "Changed",
        "observed": PRESSURE,
        "direction": "output",
        "state": "on",
    },
    {
        "modelType": "SubmodelElementCollection",
        "idShort": "Steps",
        "value": [
            {
                "modelType": "Property",
                "idShort": "First",
                "valueType": "xs:anyURI",
                "value": "urn:example:1",
            },
            {
                "modelType": "SubmodelElementCollection",
                "idShort": "Second",
                "value": [{"modelType": "Property", "idShort": "Inner", "valueType": "xs:string"}],
            },
        ],
    },
]
EXPECTED = {
    Kind.SHELL: [
        {
            "modelType": "AssetAdministrationShell",
            "id": SHELL,
            "idShort": "PumpShell",
            "administration": {"version": "1", "revision": "2"},
            "derivedFrom": model_reference(("AssetAdministrationShell", "urn:example:type")),
            "assetInformation": {"assetKind": "Instance", "globalAssetId": ASSET},
            "submodels": [
                model_reference(("Submodel", BILL)),
                model_reference(("Submodel", SUBMODEL)),
            ],
        }
    ],
    Kind.SUBMODEL: [
        {
            "modelType": "Submodel",
            "id": SUBMODEL,
            "idShort": "Pump",
            "kind": "Instance",
            "semanticId": external("urn:example:pump"),
            "submodelElements": EXPECTED_ELEMENTS,
        },
        {"modelType": "Submodel", "id": BILL, "idShort": "Bill", "kind": "Template"},
    ],
    Kind.CONCEPT_DESCRIPTION: [
        {
            "modelType": "ConceptDescription",
            "id": CONCEPT,
            "idShort": "Pressure",
            "category": "PROPERTY",
            "isCaseOf": [external("urn:example:case")],
            "embeddedDataSpecifications": [
                {
                    "dataSpecification": external(DATA_SPECIFICATION),
                    "dataSpecificationContent": {
                        "modelType": "DataSpecificationIec61360",
                        "preferredName": [{"language": "en", "text": "pressure"}],
                        "shortName": [{"language": "en", "text": "p"}],
                        "unit": "bar",
                        "unitId": external("0173-1#05-AAA153#003"),
                        "sourceOfDefinition": "example",
                        "symbol": "p",
                        "dataType": "REAL_MEASURE",
                        "definition": [{"language": "en", "text": "force on an area"}],
                        "valueFormat": "NR2",
                        "valueList": {
                            "valueReferencePairs": [
                                {"value": "low", "valueId": external("urn:example:low")}
                            ]
                        },
                        "levelType": {"min": True, "nom": False, "typ": False, "max": True},
                    },
                }
            ],
        }
    ],
}


@pytest.mark.parametrize("body", [json.dumps(JSON), xml_of(JSON)], ids=["JSON", "XML"])
def test_every_class_of_2_0_becomes_what_3_1_has_for_it(body: str) -> None:
    contents = read_environment(body.encode(), "/aasx/data")
    assert contents.documents == EXPECTED
    assert [verify(tree) for _, tree in contents.identified()] == [[], [], [], []]


@pytest.mark.parametrize("body", [json.dumps(JSON), xml_of(JSON)], ids=["JSON", "XML"])
def test_what_3_1_says_otherwise_or_not_at_all_is_told_with_its_place(body: str) -> None:
    findings = read_environment(body.encode(), "/aasx/data").findings
    assert {(each.code, each.part, each.is_error) for each in findings} == {
        (CONVERTED, "/aasx/data", False)
    }
    assert all(each.hint for each in findings)
    texts = {each.path: each.text for each in findings}
    shell, submodel = f"AssetAdministrationShell '{SHELL}'", f"Submodel '{SUBMODEL}'"
    assert texts[f"{shell} views[0]"].startswith("'ForOperators' has no place")
    assert texts[f"{shell} views[0]"].endswith("it named 'Pressure'")
    assert texts[f"{shell} conceptDictionaries[0]"].endswith(f"it named '{CONCEPT}'")
    assert "'Pump17'" in texts[f"Asset '{ASSET}' idShort"]
    assert "became a submodel of the shell" in texts[f"Asset '{ASSET}' billOfMaterial"]
    assert "elements stay in their order" in texts[f"{submodel} submodelElements[12].ordered"]
    assert "became output and on" in texts[f"{submodel} submodelElements[11]"]
    routine = [each.text for each in findings if each.path == "/aasx/data"]
    assert "is of metamodel 2.0: was converted to 3.1" in routine
    assert "identification became id, its idType IRDI was left out: once" in routine


@pytest.mark.parametrize(
    "namespace",
    [
        NAMESPACE,
        "https://www.admin-shell.io/aas/2/0",
        "http://admin-shell.io/aas/2/0",
        "https://admin-shell.io/aas/2/0",
    ],
)
def test_the_namespace_of_2_0_may_have_any_host_and_scheme_that_tools_write(namespace: str) -> None:
    assert read_environment(xml_of(JSON, namespace).encode(), "file").documents == EXPECTED


def test_an_empty_environment_of_2_0_holds_nothing() -> None:
    for body in (f'<aasenv xmlns="{NAMESPACE}"/>', '{"assets": []}'):
        assert list(read_environment(body.encode(), "file").identified()) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f'<environment xmlns="{NAMESPACE}"/>', "begins with 'environment'"),
        (f'<aasenv xmlns="{NAMESPACE}"><things/></aasenv>', "holds things"),
        ('{"assets": [], "things": []}', "holds things"),
        ('{"assets": [], "submodels": 5}', "submodels must be an array"),
        ('{"assets": [1]}', r"assets\[0\] must be an object"),
        (f'<aasenv xmlns="{NAMESPACE}"><assets>x</assets></aasenv>', "assets must be an array"),
    ],
)
def test_what_is_no_environment_of_2_0_is_refused(body: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        read_environment(body.encode(), "file")


def test_spellings_of_other_tools_are_understood() -> None:
    spelt = element("Property", "Count", constraints=[], hasDataSpecification=[], value=None)
    spelt |= {"valueType": {"dataObjectType": {"name": "integer"}}, "modelType": "Property"}
    spelt |= {"semanticId": {"keys": [{**key("GlobalReference", "urn:a"), "index": 0}]}}
    named = element("MultiLanguageProperty", "Name")
    named |= {"value": {"langString": [{"language": "EN?", "text": "x"}]}}
    found, findings = converted(spelt, named)
    assert found == [
        {
            "modelType": "Property",
            "idShort": "Count",
            "semanticId": external("urn:a"),
            "valueType": "xs:integer",
        },
        {
            "modelType": "MultiLanguageProperty",
            "idShort": "Name",
            "value": [{"language": "EN", "text": "x"}],
        },
    ]
    assert told(findings) == [
        "submodelElements[1].value[0].language: 'EN?' is no language tag: became EN"
    ]


def test_an_asset_in_the_place_of_a_reference_to_it_is_understood() -> None:
    asset = identified("Asset", ASSET, "", kind="Type") | ref(key("Asset", ASSET))
    shell = identified("AssetAdministrationShell", SHELL, "", asset=asset, assetRef=ref())
    contents = read_json(environment(assetAdministrationShells=[shell]))
    (found,) = contents.documents[Kind.SHELL]
    assert found["assetInformation"] == {"assetKind": "Type", "globalAssetId": ASSET}


def test_an_asset_that_no_shell_names_is_told_as_lost() -> None:
    contents = read_json(environment(assets=[identified("Asset", ASSET, "")]))
    lost = [each for each in contents.findings if each.is_error]
    assert [each.text for each in lost] == [f"no shell names the asset {ASSET!r}: it was left out"]


def test_an_asset_that_is_not_there_leaves_its_id() -> None:
    shell = identified("AssetAdministrationShell", SHELL, "", asset=ref(key("Asset", ASSET)))
    contents = read_json(environment(assetAdministrationShells=[shell]))
    (found,) = contents.documents[Kind.SHELL]
    assert found["assetInformation"] == {"assetKind": "Instance", "globalAssetId": ASSET}
    assert any("an Instance was assumed" in each.text for each in contents.findings)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([key("Submodel", SUBMODEL)], model_reference(("Submodel", SUBMODEL))),
        ([key("Asset", ASSET)], external(ASSET)),
        (
            [key("AssetAdministrationShell", SHELL), *OF_PRESSURE["keys"]],
            model_reference(("Submodel", SUBMODEL), ("Property", "Pressure")),
        ),
        (
            [key("Submodel", SUBMODEL), key("BasicEvent", "Changed", "IdShort")],
            model_reference(("Submodel", SUBMODEL), ("BasicEventElement", "Changed")),
        ),
        (
            [key("Submodel", SUBMODEL), key("Property", "a b", "IdShort")],
            model_reference(("Submodel", SUBMODEL), ("Property", "a_b")),
        ),
        (
            [
                key("Submodel", SUBMODEL),
                key("File", "Manual", "IdShort"),
                key("FragmentReference", "page=2", "FragmentId"),
            ],
            model_reference(
                ("Submodel", SUBMODEL), ("File", "Manual"), ("FragmentReference", "page=2")
            ),
        ),
        (
            [key("Property", "Self", "IdShort")],
            model_reference(("Submodel", SUBMODEL), ("Property", "Self")),
        ),
        ([key("Property", "Elsewhere", "IdShort")], external("Elsewhere")),
        ([key("View", "ForOperators", "IdShort")], external("ForOperators")),
    ],
)
def test_references_lead_where_they_led(keys: list[Any], expected: Node) -> None:
    (found,), _ = converted(element("ReferenceElement", "Self", value=ref(*keys)))
    assert found["value"] == expected


@pytest.mark.parametrize(
    ("value_type", "value", "expected", "text"),
    [
        ("string", "a", ("xs:string", "a"), None),
        ("Boolean", "true", ("xs:boolean", "true"), None),
        ("boolean", "True", ("xs:boolean", "true"), "'True' became 'true'"),
        ("xsd:int", " 7 ", ("xs:int", "7"), "' 7 ' became '7'"),
        ("double", "3,5", ("xs:string", "3,5"), "became xs:string: '3,5' is no xs:double"),
        ("langString", "a", ("xs:string", "a"), "became xs:string"),
        ("dateTimeStamp", "2020-01-01T00:00:00Z", ("xs:dateTime", None), "became xs:dateTime"),
        ("", "a", ("xs:string", "a"), "is not said: became xs:string"),
        ({"x": {}}, "a", ("xs:string", "a"), "is not said: became xs:string"),
        ("integer", 7, ("xs:integer", "7"), None),
        ("boolean", False, ("xs:boolean", "false"), None),
    ],
)
def test_values_keep_their_text_and_get_a_type_that_fits(
    value_type: Any, value: Any, expected: tuple[str, str | None], text: str | None
) -> None:
    (found,), findings = converted(element("Property", "Self", valueType=value_type, value=value))
    assert (found["valueType"], found["value"]) == (expected[0], expected[1] or value)
    assert len(findings) == (text is not None)
    assert not text or text in findings[0].text


@pytest.mark.parametrize(
    ("node", "expected", "text"),
    [
        (element("Capability", "a b-"), {"idShort": "a_b_"}, "'a b-' became 'a_b_'"),
        (element("Capability", "1st"), {"idShort": "x_1st"}, "'1st' became 'x_1st'"),
        (element("Capability", ""), {"idShort": "UnnamedCapability"}, "is not there"),
        (
            element("File", "Self", value="/aasx/my file[1].pdf", mimeType="pdf"),
            {"value": "/aasx/my%20file%5B1%5D.pdf"},
            "is no URI",
        ),
        (
            element("Entity", "Self", entityType="SelfManagedEntity"),
            {"entityType": "CoManagedEntity"},
            "names no asset",
        ),
        (
            element("Entity", "Self", entityType="CoManagedEntity", asset=ref(key("Asset", "u:a"))),
            {"entityType": "SelfManagedEntity", "globalAssetId": "u:a"},
            "names an asset",
        ),
        (
            element("Capability", "Self", description=[{"language": "en", "text": "x" * 2000}]),
            {"description": [{"language": "en", "text": "x" * 1022 + "…"}]},
            "more than 1023 characters",
        ),
        (
            element(
                "Capability",
                "Self",
                description=[{"language": "en", "text": "a"}, {"language": "en", "text": "b"}],
            ),
            {"description": [{"language": "en", "text": "a"}]},
            "is another text in en and was left out: 'b'",
        ),
        (
            element("Capability", "Self", qualifiers=[{"type": "Q", "valueType": "int"}] * 2),
            {"qualifiers": [{"type": "Q", "valueType": "xs:int"}]},
            "is another Qualifier 'Q'",
        ),
        (element("Capability", "Self", colour="red"), {}, "has no place in metamodel 3.1"),
        (
            element(
                "Capability", "Self", hasDataSpecification=[ref(key("GlobalReference", "u:d"))]
            ),
            {},
            "names 'u:d' without content",
        ),
    ],
)
def test_what_3_1_refuses_is_mended_and_told(
    node: dict[str, Any], expected: Node, text: str
) -> None:
    (found,), findings = converted(node)
    assert found == {**found, **expected}
    assert any(text in each for each in told(findings))
    assert not any(each.is_error for each in findings)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (element("Event", "Self"), "is a Event, which has no place in metamodel 3.1"),
        ({"idShort": "Self"}, "is a thing, which has no place"),
        (element("BasicEvent", "Self"), "is a BasicEvent that observes nothing"),
    ],
)
def test_an_element_that_is_lost_is_told_as_an_error(node: dict[str, Any], text: str) -> None:
    kept, findings = converted(node, element("Capability", "Kept"))
    assert [each["idShort"] for each in kept] == ["Kept"]
    assert [text in each.text for each in findings if each.is_error] == [True]


def test_elements_with_the_same_name_are_told_apart() -> None:
    kept, _ = converted(*[element("Capability", "Same")] * 3)
    assert [each["idShort"] for each in kept] == ["Same", "Same_2", "Same_3"]


@pytest.mark.parametrize(
    ("administration", "expected"),
    [
        ({"version": "1", "revision": "2"}, {"version": "1", "revision": "2"}),
        ({"version": "V1.2"}, {"version": "1", "revision": "2"}),
        ({"version": "1.2", "revision": "0"}, {"version": "1", "revision": "2"}),
        ({"version": "01", "revision": "003"}, {"version": "1", "revision": "3"}),
        ({"version": "alpha", "revision": "1"}, None),
        ({"revision": "1"}, None),
    ],
)
def test_versions_become_numbers(administration: Node, expected: Node | None) -> None:
    submodel = identified("Submodel", SUBMODEL, "", administration=administration)
    contents = read_json(environment(submodels=[submodel]))
    (found,) = contents.documents[Kind.SUBMODEL]
    assert found.get("administration") == expected
    noted = any("version and revision" in each.text for each in contents.findings)
    assert noted == (administration != expected)


def concept(**content: Any) -> tuple[Node, list[str]]:
    """Return the content of a data specification in 3.1, in a valid document."""
    tree = identified(
        "ConceptDescription",
        CONCEPT,
        "Pressure",
        category="PROPERTY",
        embeddedDataSpecifications=[{"dataSpecificationContent": content}],
    )
    contents = read_json(environment(conceptDescriptions=[tree]))
    (found,) = contents.documents[Kind.CONCEPT_DESCRIPTION]
    assert verify(found) == []
    (embedded,) = found["embeddedDataSpecifications"]
    return embedded["dataSpecificationContent"], [each.text for each in contents.findings]


def test_a_concept_gets_the_english_texts_that_it_must_have() -> None:
    german = [{"language": "de", "text": "Druck"}]
    found, texts = concept(preferredName=german)
    assert found["preferredName"] == [*german, {"language": "en", "text": "Pressure"}]
    assert found["definition"] == [{"language": "en", "text": "Druck"}]
    assert sum("has no English text" in each for each in texts) == 2


@pytest.mark.parametrize(
    ("content", "member", "expected"),
    [
        ({"dataType": "URL"}, "dataType", "IRI"),
        ({"dataType": "REAL_MEASURE"}, "dataType", "REAL_COUNT"),
        ({"dataType": "REAL_MEASURE", "unit": "bar"}, "dataType", "REAL_MEASURE"),
        ({"dataType": "martian"}, "dataType", None),
        ({"shortName": [{"language": "en", "text": "x" * 19}]}, "shortName", None),
        ({"value": "a", "valueList": IEC61360["valueList"]}, "value", None),
    ],
)
def test_what_iec_61360_of_3_1_refuses_is_mended(content: Node, member: str, expected: Any) -> None:
    found, _ = concept(**{"preferredName": IEC61360["preferredName"], **content})
    assert found.get(member) == expected


def test_a_physical_unit_is_told_as_iec_61360() -> None:
    found, texts = concept(unitName="metre", unitSymbol="m", siName="metre")
    assert found["preferredName"] == [{"language": "en", "text": "metre"}]
    assert found["symbol"] == "m"
    assert any(each.startswith("has no place") and "'metre'" in each for each in texts)


def test_thousands_of_changes_are_told_by_their_number() -> None:
    nodes = [element("Property", f"P{n}", valueType="x") for n in range(MAX_CHANGES + 7)]
    findings = read_json(environment(*nodes)).findings
    assert findings[-1].text == "7 more changes are not shown here"
    assert len(findings) < MAX_CHANGES + 10


def test_an_environment_of_3_1_is_not_taken_for_one_of_2_0() -> None:
    tree = {"modelType": "Submodel", "id": "urn:a", "idShort": "identification"}
    contents = read_json({"submodels": [tree]})
    assert contents.documents[Kind.SUBMODEL] == [tree]
    assert contents.findings == []


@pytest.mark.parametrize("levels", [60, 5000])
def test_nesting_without_end_is_refused(levels: int) -> None:
    inner = "".join('{"modelType":{"name":"SubmodelElementCollection"},"value":[' * levels)
    body = (
        '{"assets":[],"submodels":[{"identification":{"id":"urn:a","idType":"IRI"},'
        f'"submodelElements":[{inner}{"]}" * levels}]}}]}}'
    )
    if levels < 64:
        assert read_environment(body.encode(), "file").documents[Kind.SUBMODEL]
        return
    with pytest.raises(BadRequest, match=r"nested too deep|neither JSON nor XML"):
        read_environment(body.encode(), "file")

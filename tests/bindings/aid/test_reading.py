"""Interface descriptions are read whatever their version, and whatever the templates got wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.aid import reading
from aas_server.bindings.aid.interfaces import InterfaceDescription, Protocol
from aas_server.bindings.aid.reading import read_interfaces
from aas_server.metamodel.tree import walk
from tests.bindings.aid.documents import (
    AID_VERSIONS,
    UAV,
    WOT,
    authentication,
    channel,
    collection,
    definition,
    description,
    form,
    http_terms,
    interface,
    listing,
    member,
    members,
    mqtt_terms,
    prop,
    scheme,
    to_element,
    with_meaning,
)

Node = dict[str, Any]
PATH_TO_PROPERTIES = ("InteractionMetadata", "properties")
TEMPLATES = {
    "1.0": "1/0/IDTA_02017-1-0_Template_Asset_Interfaces_Description.json",
    "1.1": "1/1/IDTA_02017-1-1_Template_Asset_Interfaces_Description.json",
}
SPOKEN = {
    "InterfaceTemplateForHTTP": ("http://device:8080/api/", Protocol.HTTP),
    "InterfaceTemplateForMODBUS": ("modbus+tcp://device:502/1", Protocol.MODBUS),
    "InterfaceTemplateForMQTT": ("mqtt://broker:1883/", Protocol.MQTT),
    "InterfaceTemplateForOPCUA": ("opc.tcp://device:4840/", Protocol.OPC_UA),
    "InterfaceTemplateForBacnet": ("bacnet://5", Protocol.BACNET),
    "InterfaceTemplateForIOLINK_OVER_PROFINET_REST": ("http://master/", Protocol.IO_LINK),
}


def published(shared_dir: Path, version: str) -> Node:
    file = shared_dir / "templates" / "Asset_Interfaces_Description" / TEMPLATES[version]
    submodel: Node = json.loads(file.read_text("utf-8-sig"))["submodels"][0]
    return submodel


def filled(submodel: Node) -> Node:
    """The template as somebody fills it in who changes nothing but values and references."""
    submodel = copy.deepcopy(submodel)
    submodel["kind"] = "Instance"
    for each in submodel["submodelElements"]:
        base, _ = SPOKEN[each["idShort"]]
        scheme_of = "opcua_channel_sc" if "OPCUA" in each["idShort"] else "basic_sc"
        for path, node in walk(each):
            if path[-1] == "base":
                node["value"] = base
            if node["modelType"] == "ReferenceElement" and "security" in path:
                node["value"] = to_element(
                    submodel["id"],
                    each["idShort"],
                    "EndpointMetadata",
                    "securityDefinitions",
                    scheme_of,
                )
            if path[-1] == "uav_securityMode":
                node["value"] = "Sign"
            if path[-1] == "uav_securityPolicy":
                node["value"] = "Basic256Sha256"
            if path[-1] == "unit" and node["modelType"] == "Property":
                node["value"] = "CEL"
            if path[-1] == "key":
                node["value"] = "real name"
    return submodel


def interfaces(found: InterfaceDescription) -> Iterator[tuple[str, Protocol]]:
    for name, each in found.interfaces.items():
        yield name, each.protocol


@pytest.mark.parametrize("version", TEMPLATES)
def test_a_published_template_that_is_filled_in_is_read_whole(
    shared_dir: Path, version: str
) -> None:
    submodel = filled(published(shared_dir, version))

    found = read_interfaces(submodel)

    names = [each["idShort"] for each in submodel["submodelElements"]]
    assert dict(interfaces(found)) == {name: SPOKEN[name][1] for name in names}
    for name in names:
        outer = found.properties[name, *PATH_TO_PROPERTIES, "property_name"]
        inner = found.properties[
            name, *PATH_TO_PROPERTIES, "property_name", "properties", "property_name"
        ]
        assert outer.form.href == "/sampleDevice/properties/voltage"
        assert (outer.member, inner.member) == ((), ("real name",))
        assert (outer.unit, inner.unit) == ("CEL", "CEL")
        assert inner.form == outer.form
    assert found.interfaces["InterfaceTemplateForHTTP"].problem is None
    assert found.interfaces["InterfaceTemplateForHTTP"].base == "http://device:8080/api/"
    http = found.properties["InterfaceTemplateForHTTP", *PATH_TO_PROPERTIES, "property_name"]
    assert http.form.method == "GET"
    assert http.form.security.credentials == "basic"


@pytest.mark.parametrize("version", TEMPLATES)
def test_a_template_as_it_was_published_says_what_is_missing(
    shared_dir: Path, version: str
) -> None:
    found = read_interfaces(published(shared_dir, version))

    assert found.interfaces
    for name, each in found.interfaces.items():
        assert each.problem == f"the interface {name!r} has no base: say at which address it is"


def test_the_id_of_mqtt_on_an_opc_ua_interface_does_no_harm(shared_dir: Path) -> None:
    submodel = filled(published(shared_dir, "1.1"))
    opc_ua = submodel["submodelElements"][3]
    assert opc_ua["supplementalSemanticIds"][0]["keys"][0]["value"].endswith("/mqtt")

    found = read_interfaces(submodel)

    assert found.interfaces["InterfaceTemplateForOPCUA"].protocol is Protocol.OPC_UA


def test_blanks_behind_semantic_ids_do_no_harm(shared_dir: Path) -> None:
    submodel = filled(published(shared_dir, "1.1"))
    assert '/securityMode "' in json.dumps(submodel)

    channel_of = read_interfaces(submodel).interfaces["InterfaceTemplateForOPCUA"].security.channel

    assert channel_of is not None
    assert (channel_of.mode, channel_of.policy) == ("Sign", "Basic256Sha256")


def test_the_misspelled_property_definition_of_1_0_is_one(shared_dir: Path) -> None:
    assert "AssetInterfaceDescription/1/0/PropertyDefinition" in json.dumps(
        published(shared_dir, "1.0")
    )
    assert read_interfaces(published(shared_dir, "1.0")).properties


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_names_of_items_in_lists_do_no_harm(shared_dir: Path, version: str) -> None:
    """AID 1.1 names the items of its lists (AASd-120), and 1.0 does not."""
    submodel = filled(published(shared_dir, version))
    listed = next(node for path, node in walk(submodel) if path[-1] == "security")
    assert ("idShort" in listed["value"][0]) is (version == "1.1")

    found = read_interfaces(submodel).interfaces["InterfaceTemplateForMQTT"]

    assert found.security.credentials == "basic"


def test_what_a_scheme_calls_itself_says_nothing(shared_dir: Path) -> None:
    submodel = filled(published(shared_dir, "1.1"))
    for path, node in walk(submodel):
        if path[-1] == "scheme":
            node["value"] = "nosec"

    found = read_interfaces(submodel).interfaces

    assert found["InterfaceTemplateForHTTP"].security.credentials == "basic"
    assert found["InterfaceTemplateForOPCUA"].security.channel is not None


def test_parts_with_the_ids_of_1_1_are_the_same_parts(shared_dir: Path) -> None:
    """Annex F of AID 1.1 names 1/1 where the template has 1/0."""
    submodel = filled(published(shared_dir, "1.1"))
    renamed = json.loads(
        json.dumps(submodel).replace(
            "AssetInterfacesDescription/1/0/", "AssetInterfacesDescription/1/1/"
        )
    )

    assert read_interfaces(renamed) == read_interfaces(submodel)


def test_an_id_short_alone_makes_no_interface() -> None:
    submodel = description(
        interface("Opc", "opc.tcp://device:4840", definition("P", form("/?id=i=1")))
    )
    del submodel["submodelElements"][0]["semanticId"]
    del submodel["submodelElements"][0]["supplementalSemanticIds"]

    assert read_interfaces(submodel).interfaces == {}


def test_any_id_short_will_do() -> None:
    submodel = description(
        interface("X1", "opc.tcp://device:4840", definition("P", form("/?id=i=1")))
    )
    found = submodel["submodelElements"][0]
    for path, node in list(walk(found)):
        if path[-1] not in ("P",):
            node["idShort"] = f"Z{node['idShort']}"

    read = read_interfaces(submodel)

    assert read.interfaces["X1"].base == "opc.tcp://device:4840"
    assert list(read.properties) == [("X1", "ZInteractionMetadata", "Zproperties", "P")]


@pytest.mark.parametrize("version", AID_VERSIONS)
def test_every_version_says_the_same(version: str) -> None:
    temperature = definition(
        "Temperature",
        prop("type", "https://www.w3.org/1999/02/22-rdf-syntax-ns#type", "number"),
        prop("observable", f"{WOT}/td#isObservable", "true", "xs:boolean"),
        prop("unit", "https://schema.org/unitCode", " CEL "),
        with_meaning(
            {"modelType": "Range", "idShort": "r", "min": "-20", "max": "150"},
            "https://admin-shell.io/idta/AssetInterfacesDescription/1/0/minMaxRange",
        ),
        form(
            "plant/pump",
            *mqtt_terms(retain="false", controlPacket="mqv:subscribe", qos="mqv:1"),
            content_type="text/plain",
        ),
        members(
            member(
                "t1",
                prop(
                    "key", "https://admin-shell.io/idta/AssetInterfacesDescription/1/0/key", "t 1"
                ),
                members(member("deep")),
            ),
        ),
        version=version,
    )
    submodel = description(interface("M", "mqtt://broker", temperature), version=version)

    found = read_interfaces(submodel)

    outer = found.properties["M", *PATH_TO_PROPERTIES, "Temperature"]
    assert (outer.type, outer.unit, outer.observable) == ("number", "CEL", True)
    assert (outer.minimum, outer.maximum) == ("-20", "150")
    assert (outer.form.retain, outer.form.control_packet, outer.form.qos) == (False, "subscribe", 1)
    assert outer.form.content_type == "text/plain"
    assert [each.member for each in found.properties.values()] == [(), ("t 1",), ("t 1", "deep")]


def test_headers_and_method_of_http_are_read() -> None:
    terms = http_terms("POST", {"Accept": "text/plain"})
    submodel = description(interface("H", "https://device/", definition("P", form("x", *terms))))

    read = read_interfaces(submodel).properties["H", *PATH_TO_PROPERTIES, "P"].form

    assert (read.method, read.headers) == ("POST", (("Accept", "text/plain"),))
    assert read.content_type == "application/json"


def combo(meaning: str, *names: str) -> Node:
    references = [
        {"modelType": "ReferenceElement", "value": to_element("urn:test:aid", "O", name)}
        for name in names
    ]
    listed = listing("any", f"{WOT}/security#{meaning}", "ReferenceElement", *references)
    return scheme("combo_sc", f"{WOT}/security#ComboSecurityScheme", listed)


def only_first(interface_node: Node) -> Node:
    """Leave one reference in the list of security."""
    listed = next(node for path, node in walk(interface_node) if path[-1] == "security")
    del listed["value"][1:]
    return interface_node


def test_schemes_that_are_combined_are_all_demanded() -> None:
    schemes = [
        combo("allOf", "opcua_channel_sc", "opcua_authentication_sc"),
        channel("SignAndEncrypt", "Basic256Sha256"),
        authentication("UserName"),
    ]
    submodel = description(only_first(interface("O", "opc.tcp://d:4840", security=schemes)))

    security = read_interfaces(submodel).interfaces["O"].security

    assert [each.kind for each in security.schemes] == ["channel", "authentication"]
    assert security.credentials == "UserName"


def test_of_alternatives_the_open_one_is_taken() -> None:
    schemes = [
        combo("oneOf", "basic_sc", "nosec_sc"),
        scheme("basic_sc", f"{WOT}/security#BasicSecurityScheme"),
        scheme("nosec_sc", f"{WOT}/security#NoSecurityScheme"),
    ]
    submodel = description(only_first(interface("H", "http://d/", security=schemes)))

    security = read_interfaces(submodel).interfaces["H"].security

    assert [each.kind for each in security.schemes] == ["nosec"]
    assert security.credentials is None


def test_combined_schemes_that_lead_back_to_themselves_end() -> None:
    schemes = [combo("allOf", "combo_sc", "combo_sc")]
    submodel = description(interface("H", "http://d/", security=schemes))

    security = read_interfaces(submodel).interfaces["H"].security

    assert security.problem == "its security combines more than 32 schemes"


def test_a_scheme_that_is_not_defined_is_told() -> None:
    node = interface(
        "H", "http://d/", security=[scheme("basic_sc", f"{WOT}/security#BasicSecurityScheme")]
    )
    definitions = next(each for path, each in walk(node) if path[-1] == "securityDefinitions")
    definitions["value"][0]["idShort"] = "other_sc"

    security = read_interfaces(description(node)).interfaces["H"].security

    assert security.problem == "its security refers to 'basic_sc', which is not defined"


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        ("modbus+tcp://d:502/1", "speaks Modbus (modbus+tcp://d:502/1)"),
        ("coap://d/", "speaks an unknown protocol (coap://d/)"),
        ("http://{address}/", "still holds a placeholder"),
        ("http://[::1", "is no address"),
    ],
)
def test_an_interface_that_cannot_be_used_says_why(base: str, problem: str) -> None:
    found = read_interfaces(description(interface("I", base))).interfaces["I"]

    assert problem in str(found.problem)


def test_a_property_without_an_address_says_so() -> None:
    submodel = description(interface("H", "http://d/", definition("P", prop("x", "urn:x", "x"))))

    found = read_interfaces(submodel).properties["H", *PATH_TO_PROPERTIES, "P"]

    assert found.problem == "the property 'P' has no form with an href"


def test_a_description_that_is_too_large_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_PROPERTIES", 2)
    properties = [definition(f"P{index}", form("x")) for index in range(3)]

    found = read_interfaces(description(interface("H", "http://d/", *properties)))

    assert found.problem == "it describes more than 2 properties: nothing of it is used"
    assert (found.interfaces, found.properties) == ({}, {})


def test_properties_that_lie_too_deep_are_not_used() -> None:
    inner = member("m")
    for _ in range(20):
        inner = member("m", members(inner))
    submodel = description(interface("H", "http://d/", definition("P", form("x"), members(inner))))

    assert "more than 16 levels" in str(read_interfaces(submodel).problem)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"submodelElements": None},
        {"submodelElements": [None, 5, {"modelType": "Property"}]},
        {"submodelElements": [interface("I", "http://d/", {"modelType": "Property"})]},
        {"submodelElements": [{**interface("I", "http://d/"), "value": "text"}]},
        {"submodelElements": [collection("I", f"{UAV}/", {"semanticId": {"keys": "x"}})]},
    ],
)
def test_no_document_makes_reading_fail(content: Node) -> None:
    read_interfaces({"modelType": "Submodel", "id": "urn:x", **content})

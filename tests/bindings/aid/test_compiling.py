"""Descriptions and mappings become rows as a plant file has them; what cannot says why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from aas_server.bindings.aid import compiling
from aas_server.bindings.aid.compiling import Compiler
from aas_server.bindings.aid.mappings import read_mappings
from aas_server.bindings.aid.reading import read_interfaces
from aas_server.bindings.hosts import AllowedHosts
from aas_server.bindings.plant.elements import ElementBindingSettings
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.plant.http import HttpBindingSettings, HttpConnectionSettings
from aas_server.bindings.plant.mqtt import MqttBindingSettings, MqttConnectionSettings
from aas_server.bindings.plant.opcua import OpcUaBindingSettings, OpcUaConnectionSettings
from aas_server.bindings.wanted import Wanted
from tests.bindings.aid.documents import (
    AID_ID,
    AID_VERSIONS,
    AIMC_ID,
    AIMC_VERSIONS,
    UAV,
    WOT,
    Node,
    authentication,
    channel,
    definition,
    description,
    form,
    http_terms,
    interface,
    mapping,
    member,
    members,
    mqtt_terms,
    pair,
    prop,
    reference,
    scheme,
    to_element,
)

SINK = "urn:test:data"
OPC = "opc.tcp://10.0.0.5:4840/UA/Test"
NODE = "nsu=urn:peer:plant;s=Pump1.Temperature"


def compiled(
    documents: Iterable[Node],
    plant: dict[str, Any] | None = None,
    hosts: Iterable[str] = ("10.0.0.0/8", "broker", "device"),
    here: Iterable[str] = (SINK,),
) -> Wanted:
    file = PlantFile.model_validate({"version": 1, "connections": {}, **(plant or {})})
    compiler = Compiler(file.connections, file.overlays, AllowedHosts.parse(hosts))
    descriptions, configurations = {}, []
    for document in documents:
        if "MappingConfiguration" in document["semanticId"]["keys"][0]["value"]:
            configurations.append(read_mappings(document))
        else:
            descriptions[document["id"]] = read_interfaces(document)
    return compiler.compile(descriptions, configurations, set(here).__contains__)


def reason(documents: Iterable[Node], **more: Any) -> str:
    wanted = compiled(documents, **more)
    assert wanted.rows == ()
    (refused,) = wanted.refused
    return refused.reason


def opc_ua(href: str = f"/?id={NODE}", version: str = "1.1", **more: Any) -> Node:
    return description(
        interface(
            "Opc", more.pop("base", OPC), definition("T", form(href), version=version), **more
        ),
        version=version,
    )


def mqtt(*terms: Node, href: str = "plant/pump", content_type: str | None = None) -> Node:
    return description(
        interface(
            "Mqtt",
            "mqtt://broker/",
            definition(
                "T",
                form(href, *terms, content_type=content_type),
                members(member("inner"), member("a.b")),
            ),
        )
    )


def http(*terms: Node, href: str = "values/t", content_type: str | None = None) -> Node:
    property_of = definition(
        "T", form(href, *terms, content_type=content_type), members(member("x"))
    )
    return description(interface("Http", "https://device/api/", property_of))


def mapped(interface_name: str, *path: str, **more: Any) -> Node:
    return mapping(pair([interface_name, *path], SINK, "Temperature"), **more)


@pytest.mark.parametrize("aid", AID_VERSIONS)
@pytest.mark.parametrize("aimc", AIMC_VERSIONS)
def test_every_version_makes_the_same_row(aid: str, aimc: str) -> None:
    wanted = compiled([opc_ua(version=aid), mapped("Opc", "T", version=aimc)])

    (row,) = wanted.rows
    assert row.settings == OpcUaBindingSettings.model_validate(
        {
            "connection": f"{AID_ID}/Opc",
            "node": NODE,
            "sink": {"submodel": SINK, "path": "Temperature"},
        }
    )
    assert row.origin == f"AIMC {AIMC_ID}"
    assert wanted.refused == ()
    assert wanted.connections == {
        f"{AID_ID}/Opc": OpcUaConnectionSettings.model_validate({"url": OPC})
    }


def test_an_interface_of_a_connection_of_the_plant_file_is_that_connection() -> None:
    plant = {
        "connections": {
            "other": {"url": "opc.tcp://10.0.0.5:4841"},
            "pump": {
                "url": "opc.tcp://10.0.0.5:4840/elsewhere",
                "security": {"user": "operator", "password": {"env": "PW"}},
            },
        }
    }
    aid = opc_ua(security=[authentication("UserName")])

    wanted = compiled([aid, mapped("Opc", "T")], plant, hosts=())

    assert [row.settings.connection for row in wanted.rows] == ["pump"]
    assert wanted.connections == {}


@pytest.mark.parametrize(
    ("browse_path", "fallback"),
    [
        ("/Root/Objects/nsu=urn:peer:plant;Pump1", "/Objects/nsu=urn:peer:plant;Pump1"),
        ("/0:Objects/0:Server", "/0:Objects/0:Server"),
        # Indexes move, and what is no path at all says nothing.
        ("/Root/Objects/2:Pump1/2:Temperature", None),
        ("Objects", None),
    ],
)
def test_a_browse_path_is_where_a_node_is_looked_for_else(
    browse_path: str, fallback: str | None
) -> None:
    path = prop("uav_browsePath", f"{UAV}/browsePath", browse_path)
    properties = definition("T", form(f"/?id={NODE}", path))

    (row,) = compiled([description(interface("Opc", OPC, properties)), mapped("Opc", "T")]).rows

    assert isinstance(row.settings, OpcUaBindingSettings)
    assert (row.settings.node, row.settings.fallback_path) == (NODE, fallback)


def test_a_host_that_nobody_named_is_refused() -> None:
    assert reason([opc_ua(), mapped("Opc", "T")], hosts=()) == (
        "the setting connection_hosts does not allow 10.0.0.5:4840"
    )


def test_security_of_the_channel_is_that_of_the_description() -> None:
    security = [channel("SignAndEncrypt", "Basic256Sha256"), authentication("Anonymous")]

    wanted = compiled([opc_ua(security=security), mapped("Opc", "T")])

    (settings,) = wanted.connections.values()
    assert isinstance(settings, OpcUaConnectionSettings)
    assert (settings.security.policy, settings.security.mode) == (
        "Basic256Sha256",
        "SignAndEncrypt",
    )
    assert settings.security.user is None


@pytest.mark.parametrize(
    ("security", "told"),
    [
        ([authentication("UserName")], "demands credentials (UserName), which no model holds"),
        ([channel("Sign", "Basic128Rsa15")], "'Basic128Rsa15' is outdated"),
        ([channel("Loud", "Basic256Sha256")], "security mode 'Loud' is not known"),
    ],
)
def test_security_that_cannot_be_met_is_refused(security: list[Node], told: str) -> None:
    assert told in reason([opc_ua(security=security), mapped("Opc", "T")])


def test_credentials_of_http_are_never_guessed() -> None:
    basic = scheme("basic_sc", f"{WOT}/security#BasicSecurityScheme")
    aid = description(
        interface("Http", "http://device/", definition("T", form("x")), security=[basic])
    )

    assert "demands credentials (basic)" in reason([aid, mapped("Http", "T")])


def test_mqtt_makes_a_row_with_topic_member_and_quality_of_service() -> None:
    terms = mqtt_terms(qos="1", controlPacket="mqv:subscribe", retain="true")
    wanted = compiled(
        [
            mqtt(*terms),
            mapping(
                pair(["Mqtt", "T"], SINK, "A"),
                pair(["Mqtt", "T", "inner"], SINK, "B"),
                pair(["Mqtt", "T", "a.b"], SINK, "C"),
            ),
        ]
    )

    rows = {row.settings.sink.path: row.settings for row in wanted.rows}
    for path, of_payload in (("A", None), ("B", "inner"), ("C", '["a.b"]')):
        settings = rows[path]
        assert isinstance(settings, MqttBindingSettings)
        assert (settings.topic, settings.member) == ("plant/pump", of_payload)
        assert (settings.format, settings.qos) == ("json", 1)
    assert wanted.connections == {
        f"{AID_ID}/Mqtt": MqttConnectionSettings.model_validate({"url": "mqtt://broker:1883"})
    }


def test_http_makes_a_row_with_address_interval_and_headers() -> None:
    terms = http_terms("GET", {"Accept": "application/json"})
    wanted = compiled(
        [http(*terms, href="values/t?unit=2"), mapped("Http", "T", "x", interval=2.5)]
    )

    (row,) = wanted.rows
    assert isinstance(row.settings, HttpBindingSettings)
    assert row.settings.href == "/api/values/t?unit=2"
    assert (row.settings.member, row.settings.interval) == ("x", 2.5)
    assert row.settings.headers == {"Accept": "application/json"}
    assert wanted.connections == {
        f"{AID_ID}/Http": HttpConnectionSettings.model_validate({"url": "https://device:443/api/"})
    }


def test_an_interval_counts_where_something_is_polled() -> None:
    assert "must be more than 0 seconds" in reason([http(), mapped("Http", "T", interval=0)])

    wanted = compiled([opc_ua(), mapped("Opc", "T", interval=0)])

    assert len(wanted.rows) == 1


@pytest.mark.parametrize(
    ("content_type", "form_of_payload"),
    [
        (None, "json"),
        ("application/senml+json; charset=utf-8", "json"),
        ("text/plain", "text"),
        ("application/octet-stream", "raw"),
    ],
)
def test_the_content_type_says_what_a_payload_is(
    content_type: str | None, form_of_payload: str
) -> None:
    wanted = compiled([http(content_type=content_type), mapped("Http", "T")])

    (row,) = wanted.rows
    assert isinstance(row.settings, HttpBindingSettings)
    assert row.settings.format == form_of_payload


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        ([mqtt(*mqtt_terms(controlPacket="unsubscribe")), mapped("Mqtt", "T")], "gives no values"),
        ([http(*http_terms("POST")), mapped("Http", "T")], "values are read by GET"),
        (
            [http(*http_terms("GET", {"Authorization": "Basic eA=="})), mapped("Http", "T")],
            "its header Authorization is not sent because a model says so",
        ),
        ([http(content_type="image/png"), mapped("Http", "T")], "contentType image/png"),
        ([http(content_type="text/plain"), mapped("Http", "T", "x")], "only JSON has members"),
        ([opc_ua("/"), mapped("Opc", "T")], "names no node"),
        (
            [opc_ua("opc.tcp://evil:4840/?id=i=1"), mapped("Opc", "T")],
            "leads to another server than the interface's base",
        ),
        (
            [
                description(
                    interface("Opc", OPC, definition("T", form("?id=i=1"), members(member("m"))))
                ),
                mapped("Opc", "T", "m"),
            ],
            "member of a structure",
        ),
        ([opc_ua(base="modbus+tcp://d:502"), mapped("Opc", "T")], "speaks Modbus"),
        ([opc_ua(), mapped("Opc", "Temperatur")], "is no property of an interface"),
        ([opc_ua(), mapped("Other", "T")], "is no property of an interface"),
        ([mapped("Opc", "T")], f"there is no submodel '{AID_ID}' here"),
        ([opc_ua(), mapped("Opc", "T", transformation="eA==")], "Lua program"),
        (
            [opc_ua(), mapping(pair(["Opc", "T"], AID_ID, "Opc", "title"))],
            "its sink is in a description of interfaces",
        ),
        (
            [
                description(
                    interface("Opc", OPC, definition("T", form("?id=i=1"))),
                    interface("Opc2", OPC, definition("T", form("?id=i=1"))),
                ),
                mapping(
                    pair(["Opc", "T"], SINK, "Temperature"),
                    version="1.0",
                    interface_reference=to_element(AID_ID, "Opc2"),
                ),
            ],
            "its source is of another interface",
        ),
    ],
)
def test_what_cannot_become_a_row_says_why(documents: list[Node], told: str) -> None:
    assert told in reason(documents)


def test_one_refusal_does_not_touch_the_others() -> None:
    aid = description(
        interface("Opc", OPC, definition("A", form("?id=i=1")), definition("B", form("?nothing"))),
        interface("Bad", "modbus+tcp://d:502", definition("C", form("x"))),
    )
    pairs = [
        pair(["Opc", "A"], SINK, "A"),
        pair(["Opc", "B"], SINK, "B"),
        pair(["Bad", "C"], SINK, "C"),
    ]

    wanted = compiled([aid, mapping(*pairs)])

    assert [row.settings.sink.path for row in wanted.rows] == ["A"]
    assert {(each.sink, each.connection) for each in wanted.refused} == {
        (f"{SINK}/B", f"{AID_ID}/Opc"),
        (f"{SINK}/C", f"{AID_ID}/Bad"),
    }
    assert {each.origin for each in wanted.refused} == {f"AIMC {AIMC_ID}"}


def test_an_interface_reference_that_leads_nowhere_says_nothing() -> None:
    document = mapping(
        pair(["Opc", "T"], SINK, "Temperature"),
        version="1.0",
        interface_reference=reference("https://admin-shell.io/placeholder"),
    )

    assert len(compiled([opc_ua(), document]).rows) == 1


@pytest.mark.parametrize("name", ["Opc/T", "Opc.InteractionMetadata.properties.T", "/Opc/T"])
def test_an_overlay_adds_what_a_description_cannot_say(name: str) -> None:
    overlay = {
        "aid": AID_ID,
        "property": name,
        "samplingInterval": "100ms",
        "deadband": 0.5,
        "unit": {"from": "degC", "to": "K"},
        "direction": "readWrite",
    }

    wanted = compiled([opc_ua(), mapped("Opc", "T")], {"overlays": [overlay]})

    (row,) = wanted.rows
    assert isinstance(row.settings, OpcUaBindingSettings)
    assert (row.settings.sampling_interval, row.settings.deadband) == (0.1, 0.5)
    assert row.settings.direction == "readWrite"
    assert row.settings.unit is not None
    assert (row.settings.node, row.settings.unit.from_) == (NODE, "degC")


def test_an_overlay_stands_over_the_description() -> None:
    overlay = {
        "aid": AID_ID,
        "property": "Http/T",
        "interval": "5s",
        "headers": {"X-Api-Version": "2"},
        "format": "text",
    }
    documents = [
        http(*http_terms("GET", {"X-Secret": "x"}), content_type="image/png"),
        mapped("Http", "T", interval=1),
    ]

    (row,) = compiled(documents, {"overlays": [overlay]}).rows

    assert isinstance(row.settings, HttpBindingSettings)
    assert (row.settings.interval, row.settings.format) == (5.0, "text")
    assert row.settings.headers == {"X-Api-Version": "2"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"interval": "1s"}, "the overlay says 'interval', which rows of OPC UA do not have"),
        ({"property": "Opc/Temp"}, "the overlay is for no property"),
    ],
)
def test_an_overlay_that_does_not_fit_is_told(more: dict[str, Any], told: str) -> None:
    overlay = {"aid": AID_ID, "property": "Opc/T", **more}

    wanted = compiled([opc_ua(), mapped("Opc", "T")], {"overlays": [overlay]})

    assert [told in each.reason for each in wanted.refused] == [True]


def test_elements_of_this_repository_are_sources_too() -> None:
    source = to_element("urn:test:other", "A", "B", leaf="Property")
    document = mapping((source, to_element(SINK, "T", leaf="Property")))

    wanted = compiled([document], here=(SINK, "urn:test:other"))

    (row,) = wanted.rows
    assert isinstance(row.settings, ElementBindingSettings)
    assert row.settings.source == "urn:test:other/A.B"
    assert list(wanted.connections) == [row.settings.connection]


def test_elements_of_other_repositories_are_refused() -> None:
    source = to_element("urn:test:remote", "A", leaf="Property")

    told = reason([mapping((source, to_element(SINK, "T", leaf="Property")))])

    assert told == (
        "there is no submodel 'urn:test:remote' here: elements of other repositories are not read"
    )


def two_interfaces() -> list[Node]:
    aid = description(
        interface("A", OPC, *(definition(each, form("?id=i=1")) for each in "xyz")),
        interface("B", "opc.tcp://10.0.0.6:4840", definition("x", form("?id=i=1"))),
    )
    pairs = [pair([name, each], SINK, name + each) for name, each in ("Bx", "Az", "Ay", "Ax")]
    return [aid, mapping(*pairs)]


def test_there_are_only_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "MAX_ROWS", 2)

    wanted = compiled(two_interfaces())

    assert [row.settings.sink.path for row in wanted.rows] == ["Ax", "Ay"]
    assert {each.reason for each in wanted.refused} == {
        "all mappings together make more than 2 rows"
    }


def test_there_are_only_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "MAX_CONNECTIONS", 1)

    wanted = compiled(two_interfaces())

    assert list(wanted.connections) == [f"{AID_ID}/A"]
    assert [each.reason for each in wanted.refused] == ["descriptions make more than 1 connections"]


def test_a_description_with_a_key_names_the_real_member() -> None:
    key = prop("key", "https://admin-shell.io/idta/AssetInterfacesDescription/1/0/key", "°C")
    aid = description(
        interface("Http", "https://device/", definition("T", form("x"), members(member("t", key))))
    )

    (row,) = compiled([aid, mapped("Http", "T", "t")]).rows

    assert isinstance(row.settings, HttpBindingSettings)
    assert row.settings.member == "°C"

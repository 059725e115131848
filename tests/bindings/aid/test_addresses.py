"""Addresses of properties: node ids, topics and URLs as the bindings of WoT write them."""

from __future__ import annotations

import pytest

from aas_server.bindings.aid.addresses import http_url, mqtt_topic, opcua_node, same_server
from aas_server.errors import ConfigurationError

OPC = "opc.tcp://10.0.0.5:4840/UA/Test"


@pytest.mark.parametrize(
    ("href", "node"),
    [
        (
            "/?id=nsu=http://example.com/hello%23;s=temperature",
            "nsu=http://example.com/hello#;s=temperature",
        ),
        ("/?id=ns=10;i=12345", "ns=10;i=12345"),
        ("/?id = ns=5;i=2808", "ns=5;i=2808"),
        ("?id=nsu=urn:a;s=x=1;y=2&z=3", "nsu=urn:a;s=x=1;y=2&z=3"),
        ("/?id=nsu=urn:a;s=Valve%20", "nsu=urn:a;s=Valve%20"),
        ("/?id=nsu=urn:a;s=50%25%26more", "nsu=urn:a;s=50%&more"),
        ("/?id=nsu=urn:a;s=50%2523", "nsu=urn:a;s=50%23"),
        ("/?id=nsu=urn:a;s=a?id=b", "nsu=urn:a;s=a?id=b"),
        ("opc.tcp://10.0.0.5:4840/?id=nsu=urn:a;s=x", "nsu=urn:a;s=x"),
    ],
)
def test_a_node_id_is_the_rest_of_the_href(href: str, node: str) -> None:
    assert opcua_node(OPC, href) == node


@pytest.mark.parametrize("href", ["", "/", "/?", "/?id=", "/?id=  ", "/?node=i=5", "i=5"])
def test_an_href_without_a_node_id_is_refused(href: str) -> None:
    with pytest.raises(ConfigurationError, match="names no node"):
        opcua_node(OPC, href)


@pytest.mark.parametrize(
    "href", ["opc.tcp://other:4840/?id=i=5", "opc.tcp://10.0.0.5:4841/?id=i=5"]
)
def test_an_href_that_leads_to_another_server_is_refused(href: str) -> None:
    with pytest.raises(ConfigurationError, match="leads to another server"):
        opcua_node(OPC, href)


@pytest.mark.parametrize(
    ("base", "href", "topic"),
    [
        ("mqtt://broker:1883/", "/a/b", "a/b"),
        ("mqtt://broker:1883", "a/b", "a/b"),
        ("mqtt://broker:1883/", "a/%23", "a/#"),
        ("mqtt://broker:1883/", "a/%2B/c", "a/+/c"),
        ("mqtt://broker:1883/", ".//a", "/a"),
        ("mqtt://broker:1883/plant/", "pump", "plant/pump"),
        ("mqtt://broker:1883/plant/", "/pump", "pump"),
        ("mqtt://broker:1883/", "mqtt://broker/a/b", "a/b"),
        ("mqtt://broker:1883/", "a?b", "a?b"),
    ],
)
def test_a_topic_is_the_path_of_the_address(base: str, href: str, topic: str) -> None:
    assert mqtt_topic(base, href) == topic


@pytest.mark.parametrize("href", ["", "/"])
def test_an_address_without_a_topic_is_refused(href: str) -> None:
    with pytest.raises(ConfigurationError, match="names no topic"):
        mqtt_topic("mqtt://broker", href)


@pytest.mark.parametrize(
    ("base", "href", "url"),
    [
        ("http://d:8080/api/", "values/t", "http://d:8080/api/values/t"),
        ("http://d:8080/api", "values/t", "http://d:8080/values/t"),
        ("http://d:8080/api/", "/values?x=1", "http://d:8080/values?x=1"),
        ("http://d", "t", "http://d/t"),
        ("http://d/a/", "b/../c?d=../e", "http://d/a/c?d=../e"),
        ("http://d/a/", "?x=1", "http://d/a/?x=1"),
        ("http://d/", "http://D:80/x", "http://d/x"),
    ],
)
def test_an_address_is_resolved_against_the_base(base: str, href: str, url: str) -> None:
    assert http_url(base, href) == url


@pytest.mark.parametrize("href", ["http://other/x", "https://d/x", "http://d:81/x", "//other/x"])
def test_an_address_never_leaves_the_server(href: str) -> None:
    with pytest.raises(ConfigurationError):
        http_url("http://d/", href)


def test_an_address_never_leaves_the_folder_by_dots() -> None:
    with pytest.raises(ConfigurationError, match="leads out of the base"):
        http_url("http://d/a/", "../../x")


def test_the_port_of_a_scheme_need_not_be_told() -> None:
    assert same_server("mqtt://Broker", "mqtt://broker:1883/x")
    assert same_server("opc.tcp://a", "opc.tcp://a:4840/b")
    assert not same_server("mqtt://a", "mqtts://a")
    assert not same_server("http://a", "http://b")

"""Connections to brokers and their rows in a plant file: what is taken, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from aas_server.bindings.plant.amqp import AmqpBindingSettings, AmqpConnectionSettings
from aas_server.bindings.plant.file import load_plant_file
from aas_server.bindings.plant.mqtt import MqttBindingSettings, MqttConnectionSettings
from aas_server.errors import ConfigurationError

SINK = {"submodel": "urn:x", "path": "Value"}
ROW = {"connection": "c", "sink": SINK}
METRIC = {"group": "g", "node": "n", "metric": "m"}


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", ("broker", 1883)),
        ("mqtts://broker/", ("broker", 8883)),
        ("mqtt://[::1]:1884", ("::1", 1884)),
    ],
)
def test_a_broker_of_mqtt_has_a_port(url: str, address: tuple[str, int]) -> None:
    assert MqttConnectionSettings.model_validate({"url": url}).address == address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("amqp://broker", ("broker", 5672, "/")),
        ("amqp://broker/", ("broker", 5672, "/")),
        ("amqps://broker:5/a%2Fb", ("broker", 5, "a/b")),
    ],
)
def test_a_broker_of_amqp_has_a_port_and_a_virtual_host(url: str, address: Any) -> None:
    assert AmqpConnectionSettings.model_validate({"url": url}).address == address


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ({"url": "mqtt://user:word@broker"}, "without user or password"),
        ({"url": "mqtt://broker:70000"}, "mqtt://host"),
        ({"url": "mqtt://broker", "user": "u"}, "come together"),
        ({"url": "mqtt://broker", "user": "u", "password": "secret"}, "does not belong"),
        ({"url": "mqtt://broker", "ca": "ca.pem"}, "need TLS"),
        ({"url": "mqtts://broker", "certificate": "c.pem"}, "come together"),
        ({"url": "mqtt://broker", "cleanStart": False}, "needs a clientId"),
        ({"url": "mqtt://broker", "version": 5}, "'3.1.1' or '5'"),
        ({"url": "mqtt://broker", "maxPayload": 10**9}, "less than or equal"),
        ({"url": "mqtt://broker", "publishingInterval": 1}, "Extra inputs"),
    ],
)
def test_a_connection_that_cannot_be_meant_is_refused(
    connection: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason) as refusal:
        MqttConnectionSettings.model_validate(connection)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "either a topic or sparkplug"),
        ({"topic": "a", "sparkplug": METRIC}, "either a topic or sparkplug"),
        ({"topic": "a/#/b"}, "# stands for all levels"),
        ({"topic": "a/b+"}, r"\+ stands for a whole level"),
        ({"topic": "a\0"}, "null character"),
        ({"topic": "ä" * 2000, "qos": 3}, "less than or equal to 2"),
        ({"topic": "a", "member": "a..b"}, "member path"),
        ({"topic": "a", "member": "a", "format": "text"}, "of JSON payloads"),
        ({"topic": "a", "direction": "readWrite"}, "come together"),
        ({"topic": "a", "write": {"topic": "b"}}, "come together"),
        ({"topic": "a", "direction": "readWrite", "write": {"topic": "b/+"}}, "must be one topic"),
        (
            {"topic": "a", "direction": "readWrite", "write": {"topic": "b", "qos": 0}},
            "greater than or equal to 1",
        ),
        (
            {"topic": "a", "direction": "readWrite", "write": {"topic": "b", "template": "x"}},
            "{value}",
        ),
        (
            {"topic": "a", "direction": "readWrite", "write": {"topic": "b", "member": "x[0]"}},
            "array cannot be published",
        ),
        ({"topic": "a", "availability": {"topic": "#"}}, "must be one topic"),
        ({"sparkplug": {**METRIC, "node": "a/b"}}, "none of"),
        ({"sparkplug": METRIC, "member": "a"}, "leave out"),
        ({"topic": "a", "node": "i=1"}, "Extra inputs"),
    ],
)
def test_a_row_of_mqtt_that_cannot_be_meant_is_refused(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        MqttBindingSettings.model_validate({**ROW, **row})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "either an exchange or a queue"),
        ({"exchange": "e", "queue": "q"}, "either an exchange or a queue"),
        ({"queue": "q", "routingKey": "k"}, "no routing key"),
        ({"exchange": "e" * 256}, "at most 255"),
        ({"exchange": "e", "write": {"routingKey": "k"}}, "come together"),
    ],
)
def test_a_row_of_amqp_that_cannot_be_meant_is_refused(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        AmqpBindingSettings.model_validate({**ROW, **row})


def test_rows_name_their_source_in_messages() -> None:
    mqtt = [{"topic": "a/b"}, {"topic": "a/b", "member": "v[1]"}, {"sparkplug": METRIC}]
    amqp = [{"exchange": "e", "routingKey": "k"}, {"queue": "q", "member": "v"}]
    assert [MqttBindingSettings.model_validate({**ROW, **one}).source for one in mqtt] == [
        "a/b",
        "a/b v[1]",
        "g/n m",
    ]
    assert [AmqpBindingSettings.model_validate({**ROW, **one}).source for one in amqp] == [
        "e/k",
        "queue q v",
    ]


def test_a_plant_file_has_connections_of_every_protocol_and_problems_their_lines(
    tmp_path: Path,
) -> None:
    content: dict[str, Any] = {
        "version": 1,
        "connections": {
            "a": {"url": "amqp://broker", "keepAlive": 5},
            "m": {"url": "mqtts://broker", "ca": "ca.pem"},
        },
        "bindings": [
            {**ROW, "connection": "a", "queue": "q"},
            {**ROW, "connection": "m", "topic": "t"},
            {**ROW, "connection": "m", "sparkplug": METRIC},
        ],
    }
    file = tmp_path / "plant.yaml"
    file.write_text(yaml.safe_dump(content))
    plant = load_plant_file(file)
    assert [row.protocol for row in plant.bindings] == ["AMQP", "MQTT", "MQTT"]
    assert plant.connections["m"].ca == tmp_path / "ca.pem"  # type: ignore[union-attr]

    content["bindings"][1]["tpic"] = "t"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match=r"plant.yaml:\d+: unknown key 'tpic', .*'topic'"):
        load_plant_file(file)

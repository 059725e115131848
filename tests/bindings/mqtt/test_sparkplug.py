"""Nodes of Sparkplug B over a real broker: born, heard, dead, asked to be born again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from aas_server.bindings.mqtt.sparkplug import node as node_module
from aas_server.bindings.mqtt.sparkplug.payloads import (
    BOOLEAN,
    DOUBLE,
    INT16,
    STRING,
    UINT64,
    Metric,
    SparkplugPayload,
    decode_payload,
    encode_payload,
)
from aas_server.errors import BadRequest, DeviceUnreachable
from tests.bindings.messages.benches import MqttBench
from tests.bindings.messages.plant import NAME, SUBMODEL, BrokerPlant, connected, running, until

TIME = 1_772_366_400_000
REBIRTH = Metric("Node Control/Rebirth", datatype=BOOLEAN, value=False)


class EdgeNode:
    """A node with one device, as a gateway is: it answers to requests for rebirth if it likes."""

    def __init__(self, client: aiomqtt.Client, group: str) -> None:
        self.client = client
        self.group = group
        self.bd_seq = 0
        self.seq = 0
        self.commands: list[tuple[str, SparkplugPayload]] = []
        self.obeys = True

    async def born(self) -> None:
        self.seq = -1
        bd_seq = Metric("bdSeq", datatype=UINT64, value=self.bd_seq)
        await self.send("NBIRTH", bd_seq, REBIRTH, Metric("Load", 1, TIME, DOUBLE, 0.5))
        await self.send(
            "DBIRTH/press",
            Metric("Temperature", 2, TIME, DOUBLE, 20.0),
            Metric("Position", 3, TIME, INT16, -5),
            Metric("Program", 4, TIME, STRING, "A"),
        )

    async def dead(self, bd_seq: int | None = None) -> None:
        number = self.bd_seq if bd_seq is None else bd_seq
        metric = Metric("bdSeq", datatype=UINT64, value=number)
        await self.publish("NDEATH", SparkplugPayload([metric], TIME))

    async def send(self, kind: str, *metrics: Metric) -> None:
        self.seq = (self.seq + 1) % 256
        await self.publish(kind, SparkplugPayload(metrics, TIME, self.seq))

    async def publish(self, kind: str, payload: SparkplugPayload | bytes) -> None:
        kind, _, device = kind.partition("/")
        body = payload if isinstance(payload, bytes) else encode_payload(payload)
        topic = f"spBv1.0/{self.group}/{kind}/gateway" + (f"/{device}" if device else "")
        await self.client.publish(topic, body, qos=1)

    async def listen(self) -> None:
        async for message in self.client.messages:
            payload = decode_payload(message.payload)
            self.commands.append((str(message.topic), payload))
            if payload.metrics[0].name == REBIRTH.name and self.obeys:
                await self.born()

    def rebirths(self) -> int:
        return sum(payload.metrics[0].name == REBIRTH.name for _, payload in self.commands)


@asynccontextmanager
async def edge_node(bench: MqttBench, group: str, **options: Any) -> AsyncIterator[EdgeNode]:
    async with bench.client(**options) as client:
        node = EdgeNode(client, group)
        await client.subscribe(f"spBv1.0/{group}/NCMD/gateway", qos=1)
        await client.subscribe(f"spBv1.0/{group}/DCMD/gateway/+", qos=1)
        task = asyncio.create_task(node.listen())
        try:
            yield node
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def row(group: str, metric: str, value_type: str, device: str | None = "press", **more: Any) -> Any:
    place = {"group": group, "node": "gateway", "metric": metric}
    return {
        "connection": NAME,
        "sparkplug": {**place, "device": device} if device else place,
        "sink": {"submodel": SUBMODEL, "path": metric},
        "_valueType": value_type,
        **more,
    }


def rows(group: str) -> list[dict[str, Any]]:
    return [
        row(group, "Load", "xs:double", device=None),
        row(group, "Temperature", "xs:double"),
        row(group, "Position", "xs:int", direction="readWrite"),
        row(group, "Program", "xs:string"),
    ]


async def test_values_come_with_the_births_that_were_asked_for_and_go_on_by_alias(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    async with (
        edge_node(mqtt, topic) as node,
        running(BrokerPlant(mqtt.url, rows(topic), tmp_path)) as plant,
    ):
        await until(lambda: plant.shows("Program", "A"))
        assert node.rebirths() == 1
        assert plant.shows("Load", 0.5)
        assert plant.shows("Position", -5)
        assert plant.live("Load").source_timestamp == TIME * 1000
        assert plant.report().bindings_failing == ()

        # Types are those of the birth: a negative number is one only by its type.
        await node.send("DDATA/press", Metric(None, 2, TIME + 1000, DOUBLE, 21.5))
        await node.publish("DDATA/press", bytes.fromhex("18031207100350f9ffff0f"))

        await until(lambda: plant.shows("Position", -7))
        assert plant.shows("Temperature", 21.5)
        assert plant.live("Temperature").source_timestamp == (TIME + 1000) * 1000


async def test_nothing_is_shown_before_a_birth(mqtt: MqttBench, topic: str, tmp_path: Path) -> None:
    async with edge_node(mqtt, topic) as node:
        node.obeys = False
        async with running(BrokerPlant(mqtt.url, rows(topic), tmp_path)) as plant:
            await until(lambda: node.rebirths() == 1)
            for number in range(5):
                await node.send("DDATA/press", Metric("Temperature", 2, TIME, DOUBLE, number))
            await until(lambda: plant.metric("aas_binding_values_received_total") == 5)

            assert plant.live("Temperature").value is None
            assert "no birth certificate" in (plant.problem("Temperature") or "")
            assert node.rebirths() == 1, "asked for once, not with every message"

            await node.born()
            await until(lambda: plant.shows("Temperature", 20.0))


async def test_deaths_make_all_of_it_bad_until_the_next_birth(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    async with (
        edge_node(mqtt, topic) as node,
        running(BrokerPlant(mqtt.url, rows(topic), tmp_path)) as plant,
    ):
        await until(lambda: plant.shows("Program", "A"))

        await node.send("DDEATH/press")
        await until(lambda: plant.shows("Temperature", 20.0, "bad"))
        assert plant.status("Temperature") == "BadNoCommunication"
        assert "death certificate" in (plant.problem("Temperature") or "")
        assert plant.shows("Load", 0.5)

        node.obeys = False
        await node.send("DDATA/press", Metric("Temperature", 2, TIME, DOUBLE, 1.0))
        await node.send("NDATA", Metric("Load", 1, TIME, DOUBLE, 0.75))
        await until(lambda: plant.shows("Load", 0.75))
        assert plant.shows("Temperature", 20.0, "bad")

        await node.dead()
        await until(lambda: plant.shows("Load", 0.75, "bad"))

        node.bd_seq = 1
        await node.born()
        await until(lambda: plant.shows("Program", "A"))
        await node.dead(bd_seq=0)  # the will of the session before, delivered late
        await node.send("NDATA", Metric("Load", 1, TIME, DOUBLE, 0.25))
        await until(lambda: plant.shows("Load", 0.25))
        assert plant.shows("Temperature", 20.0)


async def test_a_lost_message_makes_values_uncertain_and_a_rebirth_mends_it(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    async with (
        edge_node(mqtt, topic) as node,
        running(BrokerPlant(mqtt.url, rows(topic), tmp_path)) as plant,
    ):
        await node.born()
        await until(lambda: plant.shows("Program", "A"))
        await until(lambda: node.rebirths() == 1)
        await until(lambda: plant.report().bindings_failing == ())
        node.obeys = False

        node.seq += 1  # as if one had been lost on its way
        await node.send("DDATA/press", Metric("Temperature", 2, TIME, DOUBLE, 30.0))

        await until(lambda: plant.shows("Temperature", 30.0))
        assert plant.shows("Program", "A", "uncertain")
        assert "lost" in (plant.problem("Program") or "")

        # Asked again, but not sooner than five seconds after the first time.
        await until(lambda: node.rebirths() == 1)
        node.obeys = True
        await node.born()
        await until(lambda: plant.shows("Program", "A"))
        assert plant.problem("Program") is None


async def test_values_that_are_null_or_of_the_past_or_bad_are_no_values(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    async with (
        edge_node(mqtt, topic) as node,
        running(BrokerPlant(mqtt.url, rows(topic), tmp_path)) as plant,
    ):
        await until(lambda: plant.shows("Program", "A"))

        past = Metric("Temperature", 2, TIME, DOUBLE, 99.0, is_historical=True)
        await node.send("DDATA/press", past, Metric("Program", 4, TIME, STRING, is_null=True))
        await until(lambda: plant.shows("Program", "A", "bad"))
        assert plant.shows("Temperature", 20.0)
        dropped = plant.metric("aas_binding_values_dropped_total", reason="historical")
        assert dropped == 1

        unsure = Metric("Temperature", 2, TIME, DOUBLE, 21.0, quality=500)
        failed = Metric("Position", 3, TIME, INT16, 1, quality=0)
        await node.send("DDATA/press", unsure, failed)
        await until(lambda: plant.shows("Temperature", 21.0, "uncertain"))
        assert plant.shows("Position", -5, "bad")


async def test_rubbish_does_no_harm(mqtt: MqttBench, topic: str, tmp_path: Path) -> None:
    async with (
        edge_node(mqtt, topic) as node,
        running(BrokerPlant(mqtt.url, rows(topic), tmp_path)) as plant,
    ):
        await until(lambda: plant.shows("Program", "A"))

        for rubbish in (b"\xff\xff", b"", b'{"v": 1}', b"\x12\x03\x0a\x01\xff"):
            await node.publish("DDATA/press", rubbish)
        await node.send("DDATA/press", Metric("Temperature", 2, TIME, DOUBLE, 21.0))

        await until(lambda: plant.shows("Temperature", 21.0))
        dropped = plant.metric("aas_binding_values_dropped_total", reason="undecodable")
        assert dropped == 2


async def test_a_metric_that_a_birth_does_not_have_is_told(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    wanted = [*rows(topic), row(topic, "Pressure", "xs:double")]
    async with (
        edge_node(mqtt, topic),
        running(BrokerPlant(mqtt.url, wanted, tmp_path)) as plant,
    ):
        await until(lambda: plant.shows("Program", "A"))

        assert "no metric 'Pressure'" in (plant.problem("Pressure") or "")


async def test_a_command_has_the_type_and_the_alias_of_the_birth(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    async with (
        edge_node(mqtt, topic) as node,
        running(BrokerPlant(mqtt.url, rows(topic), tmp_path)) as plant,
    ):
        await until(lambda: plant.shows("Position", -5))

        await plant.write("Position", -300)

        await until(lambda: len(node.commands) == 2)
        command_topic, payload = node.commands[-1]
        assert command_topic == f"spBv1.0/{topic}/DCMD/gateway/press"
        (metric,) = payload.metrics
        assert (metric.alias, metric.name, metric.value) == (3, None, -300)
        assert plant.shows("Position", -5)
        with pytest.raises(BadRequest, match="Int16"):
            await plant.write("Position", 40_000)

        await node.dead()
        await until(lambda: plant.shows("Position", -5, "bad"))
        with pytest.raises(DeviceUnreachable, match="birth"):
            await plant.write("Position", 1)


async def test_a_metric_that_is_wanted_later_comes_with_a_rebirth(
    mqtt: MqttBench, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "FIRST_REPEAT", 0.2)
    all_rows = rows(topic)
    async with (
        edge_node(mqtt, topic),
        running(BrokerPlant(mqtt.url, all_rows, tmp_path)) as plant,
    ):
        await connected(plant)
        await plant.use(all_rows[:2])
        await until(lambda: plant.shows("Temperature", 20.0))

        await plant.use(all_rows)

        await until(lambda: plant.shows("Program", "A"))

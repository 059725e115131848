"""Benches: a broker and somebody who publishes to it, the same for MQTT and AMQP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import aio_pika
import aiomqtt

from tests.bindings.messages.plant import NAME, SUBMODEL
from tests.support.amqp import amqp_connection
from tests.support.mosquitto import Mosquitto
from tests.support.rabbitmq import USER, RabbitMq

EXCHANGE = "amq.topic"


class Bench(Protocol):
    """A broker as contract tests know it; topics have levels with dots between them."""

    url: str
    connection: dict[str, Any]

    def row(self, topic: str, path: str = "Value", **settings: Any) -> dict[str, Any]:
        """A row that reads a topic into a Property."""

    def write(self, topic: str, **settings: Any) -> dict[str, Any]:
        """What a row that is written back has besides."""

    async def publish(self, topic: str, *payloads: bytes | str) -> None:
        """Publish as a device does."""

    def listening(self, topic: str) -> Any:
        """A context whose value is a list that fills with what is published to a topic."""


class MqttBench:
    """MQTT: mosquitto and aiomqtt."""

    def __init__(self, broker: Mosquitto, **client: Any) -> None:
        self.broker = broker
        self.url = f"mqtt://127.0.0.1:{broker.port}"
        self.connection: dict[str, Any] = {}
        self._options = client

    def row(self, topic: str, path: str = "Value", **settings: Any) -> dict[str, Any]:
        return {
            "connection": NAME,
            "topic": topic.replace(".", "/"),
            "sink": {"submodel": SUBMODEL, "path": path},
            **settings,
        }

    def write(self, topic: str, **settings: Any) -> dict[str, Any]:
        write = {"topic": topic.replace(".", "/"), **settings}
        return {"direction": "readWrite", "write": write}

    async def publish(self, topic: str, *payloads: bytes | str, retain: bool = False) -> None:
        async with self.client() as client:
            for payload in payloads:
                await client.publish(topic.replace(".", "/"), payload, qos=1, retain=retain)

    def client(self, **options: Any) -> aiomqtt.Client:
        return aiomqtt.Client("127.0.0.1", self.broker.port, **{**self._options, **options})

    @asynccontextmanager
    async def listening(self, topic: str) -> AsyncIterator[list[bytes]]:
        heard: list[bytes] = []

        async def listen(client: aiomqtt.Client) -> None:
            async for message in client.messages:
                heard.append(message.payload)

        async with self.client() as client:
            await client.subscribe(topic.replace(".", "/"), qos=1)
            task = asyncio.create_task(listen(client))
            try:
                yield heard
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


class AmqpBench:
    """AMQP: RabbitMQ and aio-pika."""

    def __init__(self, broker: RabbitMq) -> None:
        self.broker = broker
        self.url = broker.url
        self.connection: dict[str, Any] = {"user": USER, "password": {"env": "AAS_TEST_RABBIT"}}

    def row(self, topic: str, path: str = "Value", **settings: Any) -> dict[str, Any]:
        return {
            "connection": NAME,
            "exchange": EXCHANGE,
            "routingKey": topic,
            "sink": {"submodel": SUBMODEL, "path": path},
            **settings,
        }

    def write(self, topic: str, **settings: Any) -> dict[str, Any]:
        write = {"exchange": EXCHANGE, "routingKey": topic, **settings}
        return {"direction": "readWrite", "write": write}

    async def publish(self, topic: str, *payloads: bytes | str, **properties: Any) -> None:
        async with self.channel() as channel:
            exchange = await channel.get_exchange(EXCHANGE)
            for payload in payloads:
                body = payload if isinstance(payload, bytes) else payload.encode()
                await exchange.publish(aio_pika.Message(body, **properties), topic, mandatory=False)

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
        async with amqp_connection(self.broker.port) as connection:
            yield await connection.channel()

    @asynccontextmanager
    async def listening(self, topic: str) -> AsyncIterator[list[bytes]]:
        heard: list[bytes] = []

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            heard.append(message.body)

        async with self.channel() as channel:
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind(EXCHANGE, topic)
            await queue.consume(take, no_ack=True)
            yield heard

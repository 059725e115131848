"""Devices that publish to brokers all the time, and come back whenever their broker does."""

from __future__ import annotations

import asyncio
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

import aio_pika
import aiomqtt

from tests.support.amqp import amqp_connection
from tests.system.load_model import STEPS

EXCHANGE: Final = "amq.topic"
INTERVAL: Final = 0.5
_AGAIN: Final = 0.3
_GIVEN_UP: Final = 3.0

Send = Callable[[int, bytes], Awaitable[None]]
"""Publishes the payload of one item."""


class Publisher(ABC):
    """Publishes ``count`` numbers every half second, from a thread of its own."""

    def __init__(self, port: int, count: int) -> None:
        self.port = port
        self._count = count
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="publisher")

    @abstractmethod
    def connected(self) -> object:
        """Return an asynchronous context whose value is a ``Send``."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    async def _run(self) -> None:
        step = 0
        while not self._stopped.is_set():
            try:
                async with self.connected() as send:  # type: ignore[attr-defined]
                    while not self._stopped.is_set():
                        step += 1
                        async with asyncio.timeout(_GIVEN_UP):
                            await self._publish(send, step)
                        await asyncio.sleep(INTERVAL)
            except Exception:  # whatever a broker does: a device tries again
                await asyncio.sleep(_AGAIN)

    async def _publish(self, send: Send, step: int) -> None:
        for number in range(self._count):
            value = number + step % STEPS / STEPS
            payload = {"v": value, "t": datetime.now(UTC).isoformat()}
            await send(number, json.dumps(payload).encode())


class MqttPublisher(Publisher):
    """A device that speaks MQTT; item 7 has the topic ``soak/7``."""

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Send]:
        async with aiomqtt.Client("127.0.0.1", self.port, timeout=_GIVEN_UP) as client:

            async def send(number: int, payload: bytes) -> None:
                await client.publish(f"soak/{number}", payload, qos=0)

            yield send


class AmqpPublisher(Publisher):
    """A device that speaks AMQP; item 7 has the routing key ``soak.7``."""

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Send]:
        async with amqp_connection(self.port, within=_GIVEN_UP) as connection:
            channel = await connection.channel(publisher_confirms=False)
            exchange = await channel.get_exchange(EXCHANGE)

            async def send(number: int, payload: bytes) -> None:
                message = aio_pika.Message(payload)
                await exchange.publish(message, f"soak.{number}", mandatory=False)

            yield send

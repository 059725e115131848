"""One session with an AMQP broker: the queues that are consumed in it, what is published."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.connection import make_url
from aiormq import exceptions as failures

from aas_server.bindings.messages.problems import (
    BAD_NOT_FOUND,
    BAD_USER_ACCESS_DENIED,
    BrokerRefused,
    LinkLost,
    PlaceRefused,
    not_taken,
    refused_access,
    unanswered,
    unreachable,
)
from aas_server.bindings.messages.tls import tls_context
from aas_server.bindings.plant.amqp import AmqpConnectionSettings
from aas_server.live.values import BAD_CONFIGURATION_ERROR

QUEUE_LENGTH: Final = 1000
"""Messages that the broker keeps for us in a queue of ours; the oldest give way."""

PREFETCH: Final = 1000
"""Messages of a named queue that are on their way to us at once."""

AT_ONCE: Final = 50
"""Queues that are made side by side: each takes five answers of the broker."""

FAREWELL: Final = 1.0
"""Seconds that a broker gets to take leave; a frozen one must not hold up the next attempt."""

_ConnectFailures: Final = (
    failures.AuthenticationError,
    failures.ProbableAuthenticationError,
    failures.ConnectionNotAllowed,
    failures.IncompatibleProtocolError,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where messages come from: an exchange with a routing key, or a queue by its name."""

    exchange: str | None
    routing_key: str
    queue: str | None

    def __str__(self) -> str:
        if self.queue is not None:
            return f"queue {self.queue!r}"
        return f"exchange {self.exchange!r} with routing key {self.routing_key!r}"


OnMessage: TypeAlias = Callable[[Place, AbstractIncomingMessage], None]
Refuse: TypeAlias = Callable[[Place, str | None, int], None]
"""Takes a place, why the broker refuses it (None: it does not), and a status code."""


def silence_aio_pika() -> None:
    """Keep the libraries' own lines out of the log, unless somebody asked for their details.

    They log every failed attempt as an error; what matters reaches the log through us, once.
    """
    for name in ("aio_pika", "aiormq"):
        logger = logging.getLogger(name)
        if logger.level not in (logging.DEBUG, logging.INFO):
            logger.setLevel(logging.CRITICAL + 1)


class AmqpSession:
    """Consumes what ``wanted`` returns, and tells ``refuse`` what the broker thinks of it.

    Each place has a channel of its own, for a broker closes the channel of what it refuses.
    ``last_heard`` is when the broker last sent anything, in seconds of the monotonic clock.
    """

    def __init__(
        self,
        settings: AmqpConnectionSettings,
        on_message: OnMessage,
        *,
        wanted: Callable[[], Iterable[Place]],
        refuse: Refuse,
    ) -> None:
        self._settings = settings
        self._on_message = on_message
        self._wanted = wanted
        self._refuse = refuse
        self._connection: aio_pika.Connection | None = None
        self._control: AbstractChannel | None = None
        self._consumed: dict[Place, AbstractChannel] = {}
        self._publishers: dict[str, AbstractChannel] = {}
        self._publishing = asyncio.Lock()
        self.is_closed = False
        self.last_heard = 0.0

    async def open(self) -> None:
        """Connect; raises what ``messages.problems`` describes."""
        silence_aio_pika()
        settings = self._settings
        password = None if settings.password is None else settings.password.read()
        host, port, virtual_host = settings.address
        login: dict[str, Any] = {}
        if settings.user is not None:
            login = {"login": settings.user, "password": password}
        context = await asyncio.to_thread(tls_context, settings)
        try:
            async with asyncio.timeout(settings.timeout):
                url = make_url(
                    host=host,
                    port=port,
                    virtualhost=virtual_host,
                    ssl=context is not None,
                    heartbeat=settings.keep_alive,
                    **login,
                )
                # Not aio_pika.connect(): it gives nobody a failed connection to close.
                self._connection = aio_pika.Connection(url, ssl_context=context)
                await self._connection.connect()
                self._control = await self._connection.channel(publisher_confirms=False)
                self._hear()
        except _ConnectFailures as error:
            text = f"the broker refused the connection: {_reason(error)}"
            raise BrokerRefused(text) from None
        except failures.InvalidFrameError:
            # The library does not tell with which words a broker refuses to open a virtual host.
            raise PlaceRefused(
                f"the broker refused the virtual host {virtual_host!r}: it is not there, this user "
                "may not use it, or it has too many connections"
            ) from None
        except failures.AMQPError as error:
            if isinstance(error.__cause__, OSError):  # also of TLS, which says more by itself
                raise error.__cause__ from None
            raise LinkLost(_lost(error)) from None

    async def update(self) -> None:
        """Consume what is wanted and not yet consumed, and no longer what is not."""
        wanted = dict.fromkeys(self._wanted())
        for place in [place for place in self._consumed if place not in wanted]:
            channel = self._consumed.pop(place)
            with suppress(failures.AMQPError, failures.ChannelInvalidStateError):
                async with asyncio.timeout(self._settings.timeout):
                    await channel.close()
        new = [place for place in wanted if place not in self._consumed]
        for start in range(0, len(new), AT_ONCE):
            part = new[start : start + AT_ONCE]
            results = await asyncio.gather(*map(self._consume, part), return_exceptions=True)
            for failure in results:
                if failure is not None:
                    raise failure

    async def probe(self, place: Place) -> str | None:
        """Return why the broker refuses ``place``, None when it does not; nothing is consumed."""
        if self._connection is None:
            raise LinkLost("there is no connection to the broker")
        try:
            async with asyncio.timeout(self._settings.timeout):
                channel = await self._connection.channel(publisher_confirms=False)
                await _queue(channel, place)
                await channel.close()
        except failures.ChannelClosed as error:
            return _refusal(str(place), error)
        except (failures.AMQPError, failures.ChannelInvalidStateError) as error:
            raise LinkLost(_lost(error)) from None
        return None

    async def watch(self) -> None:
        """Ask the broker for a sign of life every keep-alive; raises when none comes for one."""
        if self._connection is None or self._control is None:
            raise LinkLost("there is no connection to the broker")
        pause = float(self._settings.keep_alive)
        closed = asyncio.ensure_future(self._connection.closed())
        try:
            while True:
                await asyncio.wait([closed], timeout=pause)
                if closed.done() or self._connection.is_closed:
                    raise LinkLost("the broker closed the connection")
                try:
                    async with asyncio.timeout(pause):
                        await self._control.set_qos(prefetch_count=0)
                        self._hear()
                except TimeoutError:
                    raise LinkLost("the broker gave no sign of life for two keep-alives") from None
                except (failures.AMQPError, failures.ChannelInvalidStateError) as error:
                    raise LinkLost(_lost(error)) from None
        finally:
            closed.cancel()

    async def close(self) -> None:
        """End it, whatever state it is in; nothing that still arrives is taken."""
        self.is_closed = True
        if self._connection is None:
            return
        try:
            with suppress(Exception):
                async with asyncio.timeout(FAREWELL):
                    await self._connection.close()
        finally:
            if not self._connection.is_closed:
                # Its transport is gone: this only notes the end. Without, the connection would be
                # closed when it is collected as garbage, in whatever event loop runs then.
                await self._connection.close()

    async def publish(
        self, exchange: str, routing_key: str, payload: bytes, *, persistent: bool, path: str
    ) -> None:
        """Publish and return once the broker confirmed it.

        Raises a ``DeviceError`` with the broker's reason, for the element at ``path``.
        """
        mode = aio_pika.DeliveryMode.PERSISTENT if persistent else None
        message = aio_pika.Message(payload, delivery_mode=mode)
        where = f"exchange {exchange!r} with routing key {routing_key!r}"
        try:
            async with asyncio.timeout(self._settings.timeout):
                channel = await self._publisher(exchange)
                target = channel.default_exchange
                if exchange:
                    target = await channel.get_exchange(exchange, ensure=False)
                await target.publish(message, routing_key, mandatory=True)
        except TimeoutError:
            raise unanswered(self._settings.timeout, path=path) from None
        except failures.PublishError:
            raise not_taken(
                f"the broker has no queue for {where}: the value reaches no device",
                path=path,
                status_code=BAD_NOT_FOUND,
            ) from None
        except failures.ChannelAccessRefused as error:
            raise refused_access(_refusal(where, error), path=path) from None
        except (failures.ChannelNotFoundEntity, failures.DeliveryError) as error:
            raise not_taken(_refusal(where, error), path=path) from None
        except (OSError, failures.AMQPError, failures.ChannelInvalidStateError) as error:
            raise unreachable(_lost(error), path=path) from None

    async def _publisher(self, exchange: str) -> AbstractChannel:
        """Return the channel for an exchange; one that the broker closed is made anew."""
        async with self._publishing:
            channel = self._publishers.get(exchange)
            if channel is None or channel.is_closed:
                if self._connection is None or self.is_closed:
                    raise failures.ChannelInvalidStateError("there is no connection")
                channel = await self._connection.channel(on_return_raises=True)
                self._publishers[exchange] = channel
            return channel

    async def _consume(self, place: Place) -> None:
        if self._connection is None:
            raise LinkLost("there is no connection to the broker")
        try:
            async with asyncio.timeout(self._settings.timeout):
                channel = await self._connection.channel(publisher_confirms=False)
                queue = await _queue(channel, place)
                inner = await channel.get_underlay_channel()
                inner.on_consumer_cancel_callbacks.add(lambda _: self._end_of(place))
                take = partial(self._take, place)
                await queue.consume(take, no_ack=place.queue is None)
        except failures.ChannelClosed as error:
            denied = isinstance(error, failures.ChannelAccessRefused)
            status = BAD_USER_ACCESS_DENIED if denied else BAD_CONFIGURATION_ERROR
            self._refuse(place, _refusal(str(place), error), status)
            return
        except (failures.AMQPError, failures.ChannelInvalidStateError) as error:
            raise LinkLost(_lost(error)) from None
        self._consumed[place] = channel
        self._refuse(place, None, 0)

    def _hear(self) -> None:
        self.last_heard = time.monotonic()

    def _end_of(self, place: Place) -> None:
        """Note that the broker gives no more messages, as when a queue is deleted."""
        if not self.is_closed and self._consumed.pop(place, None) is not None:
            text = f"the broker ended the subscription of {place}: the queue is gone"
            self._refuse(place, text, BAD_CONFIGURATION_ERROR)

    async def _take(self, place: Place, message: AbstractIncomingMessage) -> None:
        self._hear()
        if self.is_closed:
            return
        self._on_message(place, message)
        if place.queue is not None:
            with suppress(failures.AMQPError, failures.ChannelInvalidStateError):
                await message.ack()


async def _queue(channel: AbstractChannel, place: Place) -> AbstractQueue:
    if place.queue is not None:
        await channel.set_qos(prefetch_count=PREFETCH)
        return await channel.get_queue(place.queue, ensure=True)
    exchange = await channel.get_exchange(place.exchange or "", ensure=True)
    queue = await channel.declare_queue(
        exclusive=True,
        auto_delete=True,
        arguments={"x-max-length": QUEUE_LENGTH, "x-overflow": "drop-head"},
    )
    await queue.bind(exchange, place.routing_key)
    return queue


def _refusal(where: str, error: BaseException) -> str:
    return f"the broker refuses {where}: {_reason(error)}"


def _reason(error: BaseException) -> str:
    texts = [str(part) for part in error.args if isinstance(part, str) and part]
    return ", ".join(texts) or type(error).__name__


def _lost(error: BaseException) -> str:
    return f"the connection to the broker was lost: {_reason(error)}"

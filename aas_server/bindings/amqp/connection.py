"""The connection to one AMQP broker: what feeds elements, and what is written to it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from aio_pika.abc import AbstractIncomingMessage

from aas_server.bindings.amqp.session import AmqpSession, Place
from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.messages.connection import BrokerConnection
from aas_server.bindings.messages.inbox import Message
from aas_server.bindings.messages.message_feed import MessageFeed
from aas_server.bindings.messages.problems import unreachable
from aas_server.bindings.messages.routes import Route
from aas_server.bindings.messages.writer import MessageWriter, encoder
from aas_server.bindings.plant.amqp import (
    AmqpBindingSettings,
    AmqpConnectionSettings,
    AmqpWriteSettings,
)
from aas_server.clock import to_microseconds
from aas_server.live.hub import ElementWriter


class AmqpConnection(BrokerConnection[AmqpConnectionSettings, AmqpSession]):
    """Keeps the connection to one broker and all that it feeds."""

    def __init__(
        self, name: str, settings: AmqpConnectionSettings, context: ConnectionContext
    ) -> None:
        super().__init__(name, settings, context)
        self._routes: dict[Place, Route] = {}

    def writer(self, binding: Binding) -> ElementWriter | None:
        """Return what publishes clients' values of ``binding``."""
        settings = binding.settings
        if not isinstance(settings, AmqpBindingSettings) or settings.write is None:
            return None
        publish = partial(self._publish, settings.write)
        return MessageWriter(binding, encoder(settings.write), publish, self.link.counters)

    def add(self, binding: Binding) -> None:
        """Feed ``binding`` from its routing key or its queue."""
        settings = binding.settings
        if isinstance(settings, AmqpBindingSettings):
            route = self._routes.setdefault(_place(settings), Route())
            route.add(binding, self.feed(binding, settings), self.clock.monotonic())

    def remove(self, binding: Binding) -> None:
        """Feed ``binding`` no more."""
        settings = binding.settings
        if not isinstance(settings, AmqpBindingSettings):
            return
        place = _place(settings)
        route = self._routes.get(place)
        if route is not None:
            route.remove(binding)
            if not route.is_needed:
                del self._routes[place]

    def feeds(self) -> Iterable[MessageFeed]:
        """Return every feed of messages once."""
        for route in self._routes.values():
            yield from route.feeds

    def begin(self, now: float) -> None:
        """Begin a session."""
        for route in self._routes.values():
            route.begin(now)

    def end(self) -> None:
        """End a session."""
        for route in self._routes.values():
            route.end()

    def make_session(self) -> AmqpSession:
        """Return a session that is not open yet."""
        return AmqpSession(
            self.settings, self._take, wanted=lambda: tuple(self._routes), refuse=self._refuse
        )

    def _take(self, place: Place, message: AbstractIncomingMessage) -> None:
        """Let a message wait for its turn."""
        route = self._routes.get(place)
        if route is None:
            return
        payload, size = message.body, None
        if len(payload) > self.settings.max_payload:
            payload, size = b"", len(payload)
        time = None if message.timestamp is None else to_microseconds(message.timestamp)
        redelivered = bool(message.redelivered)
        topic = message.routing_key or ""
        news = Message(payload, self.clock.now(), redelivered, time, size, topic)
        self.intake.put(route, news)

    def _refuse(self, place: Place, problem: str | None, status_code: int) -> None:
        route = self._routes.get(place)
        if route is not None:
            for feed in route.feeds:
                feed.refuse(place, problem, status_code)

    async def _publish(self, settings: AmqpWriteSettings, payload: bytes, path: str) -> None:
        session = self.session
        if session is None:
            raise unreachable(
                f"the broker cannot be reached: connection {self.name!r} is down", path=path
            )
        await session.publish(
            settings.exchange,
            settings.routing_key,
            payload,
            persistent=settings.persistent,
            path=path,
        )


def _place(settings: AmqpBindingSettings) -> Place:
    return Place(settings.exchange, settings.routing_key or "", settings.queue)

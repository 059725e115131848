"""The connection to one MQTT broker: its topics, its Sparkplug nodes, what is written to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import structlog

from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.messages.connection import BrokerConnection
from aas_server.bindings.messages.inbox import Message
from aas_server.bindings.messages.message_feed import MessageFeed
from aas_server.bindings.messages.problems import describe, unreachable
from aas_server.bindings.messages.routes import Route, Watch
from aas_server.bindings.messages.writer import MessageWriter, encoder
from aas_server.bindings.mqtt.session import MqttSession
from aas_server.bindings.mqtt.sparkplug.metric_feed import MetricFeed
from aas_server.bindings.mqtt.sparkplug.node import NAMESPACE, EdgeNode
from aas_server.bindings.mqtt.sparkplug.payloads import (
    Metric,
    PayloadError,
    SparkplugPayload,
    encode_payload,
)
from aas_server.bindings.mqtt.topics import TopicTable
from aas_server.bindings.plant.mqtt import MqttBindingSettings, MqttConnectionSettings
from aas_server.errors import AasError, BadRequest
from aas_server.live.hub import ElementWriter

log = structlog.get_logger(__name__)

SPARKPLUG_QOS: Final = 1
"""Of subscriptions, so that certificates arrive; nodes publish data with 0 (version 3.0, 5.2)."""

COMMAND_QOS: Final = 1
"""The specification has 0; then nobody would tell whether the broker took a command."""

MAX_REQUESTS: Final = 1000
"""Rebirths that wait to be asked for; later ones are asked for with the node's next message."""


class MqttConnection(BrokerConnection[MqttConnectionSettings, MqttSession]):
    """Keeps the connection to one broker and all that it feeds."""

    def __init__(
        self, name: str, settings: MqttConnectionSettings, context: ConnectionContext
    ) -> None:
        super().__init__(name, settings, context)
        self._client_id = settings.client_id or f"aas-{context.clock.new_id()[:16]}"
        self._routes: TopicTable[Route] = TopicTable()
        self._nodes: dict[tuple[str, str], EdgeNode] = {}
        self._node_topics: TopicTable[EdgeNode] = TopicTable()
        self._qos: dict[str, dict[Binding, int]] = {}
        self._requests: deque[tuple[str, bytes]] = deque(maxlen=MAX_REQUESTS)
        self._requested = asyncio.Event()

    def writer(self, binding: Binding) -> ElementWriter | None:
        """Return what publishes clients' values of ``binding``."""
        settings = binding.settings
        if not isinstance(settings, MqttBindingSettings):
            return None
        counters = self.link.counters
        if settings.sparkplug is not None:
            encode, publish = partial(self._command, binding), partial(self._send, binding)
            return MessageWriter(binding, encode, publish, counters)
        if settings.write is None:
            return None
        write = settings.write
        publish = partial(self._publish, write.topic, write.qos, write.retain)
        return MessageWriter(binding, encoder(write), publish, counters)

    def add(self, binding: Binding) -> None:
        """Feed ``binding`` from its topic or its metric."""
        settings = binding.settings
        if not isinstance(settings, MqttBindingSettings):
            return
        if settings.sparkplug is not None:
            self._add_metric(binding, settings)
        elif settings.topic is not None:
            feed = self.feed(binding, settings)
            # First whether the device is there, then what it said.
            if settings.availability is not None:
                watched = settings.availability
                watch = Watch(feed, watched.online, watched.offline)
                self._route(watched.topic, binding, settings.qos).watch(binding, watch)
            route = self._route(settings.topic, binding, settings.qos)
            route.add(binding, feed, self.clock.monotonic())

    def remove(self, binding: Binding) -> None:
        """Feed ``binding`` no more."""
        settings = binding.settings
        if not isinstance(settings, MqttBindingSettings):
            return
        for topic in self._topics_of(settings):
            route = self._routes.get(topic)
            if route is not None:
                route.remove(binding)
                self._qos.get(topic, {}).pop(binding, None)
                if not route.is_needed:
                    self._routes.remove(topic)
                    self._qos.pop(topic, None)
        if settings.sparkplug is not None:
            key = settings.sparkplug.group, settings.sparkplug.node
            node = self._nodes.get(key)
            if node is not None:
                node.remove(binding)
                if not node.is_needed:
                    del self._nodes[key]
                    for topic in node.filters:
                        self._node_topics.remove(topic)

    def feeds(self) -> Iterable[MessageFeed]:
        """Return every feed of topics once."""
        for route in self._routes.all():
            yield from route.feeds

    def begin(self, now: float) -> None:
        """Begin a session."""
        self._requests.clear()
        for route in self._routes.all():
            route.begin(now)
        for node in self._nodes.values():
            node.begin()

    def end(self) -> None:
        """End a session."""
        for route in self._routes.all():
            route.end()
        for node in self._nodes.values():
            node.end()

    def make_session(self) -> MqttSession:
        """Return a session that is not open yet."""
        return MqttSession(
            self.settings,
            self._client_id,
            self._take,
            wanted=self._wanted,
            refuse=self._refuse,
            news=self._subscribed,
        )

    def tick(self) -> None:
        """Ask nodes of Sparkplug again that have not been born yet."""
        for node in self._nodes.values():
            node.ask_again()

    async def serve(self, session: MqttSession) -> None:
        """Ask for the rebirths that nodes of Sparkplug want, for ever."""
        while True:
            await self._requested.wait()
            self._requested.clear()
            while self._requests:
                topic, payload = self._requests.popleft()
                try:
                    await session.publish(topic, payload, path=topic, qos=COMMAND_QOS)
                except AasError as error:
                    # Asked for again with the node's next message.
                    log.info("rebirth not asked for", topic=topic, reason=describe(error))

    def _take(self, topic: str, payload: bytes, is_retained: bool) -> None:
        """Let a message wait for its turn; called by the client for every one."""
        size = None
        if len(payload) > self.settings.max_payload:
            size, payload = len(payload), b""
        message = Message(payload, self.clock.now(), is_retained, None, size, topic)
        for route in self._routes.find(topic):
            self.intake.put(route, message)
        if topic.startswith(NAMESPACE):
            for node in self._node_topics.find(topic):
                self.intake.put(node, message)

    def _wanted(self) -> dict[str, int]:
        """Return every filter once, with the highest QoS that a binding of it wants."""
        wanted = {topic: max(levels.values()) for topic, levels in self._qos.items()}
        for node in self._nodes.values():
            wanted.update(dict.fromkeys(node.filters, SPARKPLUG_QOS))
        return wanted

    def _refuse(self, topic: str, problem: str | None, status_code: int) -> None:
        route = self._routes.get(topic)
        if route is not None:
            for feed in route.feeds:
                feed.refuse(topic, problem, status_code)
        node = self._node_topics.get(topic)
        if node is not None and problem is not None:
            node.refuse(problem, status_code)

    def _subscribed(self, topics: Sequence[str]) -> None:
        """Ask the nodes whose messages come from now on for their births."""
        nodes = (self._node_topics.get(topic) for topic in topics)
        for node in dict.fromkeys(node for node in nodes if node is not None):
            node.ask()

    def _request(self, topic: str, payload: bytes) -> None:
        self._requests.append((topic, payload))
        self._requested.set()

    def _route(self, topic: str, binding: Binding, qos: int) -> Route:
        route = self._routes.get(topic)
        if route is None:
            route = Route()
            self._routes.put(topic, route)
        self._qos.setdefault(topic, {})[binding] = qos
        return route

    def _topics_of(self, settings: MqttBindingSettings) -> Iterable[str]:
        if settings.topic is not None:
            yield settings.topic
        if settings.availability is not None:
            yield settings.availability.topic

    def _add_metric(self, binding: Binding, settings: MqttBindingSettings) -> None:
        metric = settings.sparkplug
        if metric is None or binding.point is None:
            return
        node = self._nodes.get((metric.group, metric.node))
        if node is None:
            node = EdgeNode(
                metric.group,
                metric.node,
                outlet=self.outlet,
                clock=self.clock,
                counters=self.link.counters,
                on_change=self.on_change,
                request=self._request,
            )
            self._nodes[metric.group, metric.node] = node
            for topic in node.filters:
                self._node_topics.put(topic, node)
        feed = MetricFeed(
            binding,
            metric,
            binding.point,
            counters=self.link.counters,
            on_change=self.on_change,
        )
        node.add(binding, feed)

    def _command(self, binding: Binding, value: Any, path: str) -> bytes:
        """Return the payload that tells a node or device the new value of a metric."""
        feed = self._metric_feed(binding)
        if feed is None or not feed.is_born:
            raise unreachable(
                "the node has not told yet what the metric is (no birth certificate)", path=path
            )
        name = None if feed.alias is not None else feed.settings.metric
        now = self.clock.now() // 1000
        metric = Metric(name, feed.alias, now, feed.datatype, value)
        try:
            return encode_payload(SparkplugPayload([metric], now))
        except PayloadError as error:
            raise BadRequest(str(error), path=path) from None

    async def _send(self, binding: Binding, payload: bytes, path: str) -> None:
        feed = self._metric_feed(binding)
        if feed is None:
            raise unreachable("the binding is not there any more", path=path)
        place = feed.settings
        kind, end = ("NCMD", "") if place.device is None else ("DCMD", f"/{place.device}")
        topic = f"{NAMESPACE}/{place.group}/{kind}/{place.node}{end}"
        await self._publish(topic, COMMAND_QOS, False, payload, path)

    def _metric_feed(self, binding: Binding) -> MetricFeed | None:
        settings = binding.settings
        if not isinstance(settings, MqttBindingSettings) or settings.sparkplug is None:
            return None
        node = self._nodes.get((settings.sparkplug.group, settings.sparkplug.node))
        return None if node is None else node.feed(binding)

    async def _publish(self, topic: str, qos: int, retain: bool, payload: bytes, path: str) -> None:
        session = self.session
        if session is None:
            raise unreachable(
                f"the broker cannot be reached: connection {self.name!r} is down", path=path
            )
        await session.publish(topic, payload, path=path, qos=qos, retain=retain)

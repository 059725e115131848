"""One subscription: its items created and verified, its messages taken in, its silence noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import structlog
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings import metrics
from aas_server.bindings.conversion import ConversionError
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.opcua.items import Feed, Item
from aas_server.bindings.opcua.nodes import NodeFacts, NodeProblem, Nodes
from aas_server.bindings.opcua.notifications import Notification, decode_publish_response
from aas_server.bindings.opcua.problems import CODE_MASK, LinkLost, describe_status, status_name
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import Sample
from aas_server.bindings.plant_file import ConnectionSettings
from aas_server.clock import Clock
from aas_server.errors import ConfigurationError
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.values import BAD_CONFIGURATION_ERROR, LiveValue, Quality, quality_of

log = structlog.get_logger(__name__)

MAX_NOTIFICATIONS: Final = 1000
"""Values per message at most: what the event loop takes in without making others wait."""

PUBLISH_REQUESTS: Final = 3
"""Requests that wait at the server, so that it need not wait for us."""

_LIFETIME: Final = 30.0
"""Seconds at least that a server keeps a subscription whose client is gone."""

_STALL: Final = 0.1
_LAST_SEQUENCE_NUMBER: Final = 2**32 - 1
_FILTER_REFUSED: Final = frozenset(
    {
        StatusCodes.BadMonitoredItemFilterUnsupported,
        StatusCodes.BadMonitoredItemFilterInvalid,
        StatusCodes.BadFilterNotAllowed,
        StatusCodes.BadDeadbandFilterInvalid,
    }
)


class Subscription:
    """The subscription of one session; dies with it.

    ``closed`` ends it at once: nothing that still arrives reaches the hub.
    """

    def __init__(
        self,
        session: OpcUaSession,
        nodes: Nodes,
        items: Sequence[Item],
        *,
        hub: LiveHub,
        clock: Clock,
        counters: ConnectionMetrics,
        on_change: Callable[[], None],
    ) -> None:
        self._session = session
        self._nodes = nodes
        self._items = items
        self._hub = hub
        self._clock = clock
        self._counters = counters
        self._on_change = on_change
        self._id = 0
        self._silence = 0.0
        self._heard = 0.0
        self._expected: int | None = None
        self._acknowledge: list[tuple[int, int]] = []
        self._fetchers = PUBLISH_REQUESTS
        self._failing: list[Item] = []
        self._feeds = {feed.point: feed for item in items for feed in item.feeds}
        self.closed = False

    @property
    def failing(self) -> Sequence[Item]:
        """Return the items that the server refused, to be tried again."""
        return self._failing

    async def open(self, settings: ConnectionSettings) -> None:
        """Create the subscription on the server and note what it made of our wishes."""
        interval = settings.publishing_interval
        keep_alive = settings.keep_alive_count
        result = await self._session.create_subscription(
            ua.CreateSubscriptionParameters(
                RequestedPublishingInterval=interval * 1000,
                RequestedLifetimeCount=max(3 * keep_alive, int(_LIFETIME / interval)),
                RequestedMaxKeepAliveCount=keep_alive,
                MaxNotificationsPerPublish=MAX_NOTIFICATIONS,
                PublishingEnabled=True,
                Priority=0,
            )
        )
        self._id = result.SubscriptionId
        sign_of_life = result.RevisedPublishingInterval / 1000 * result.RevisedMaxKeepAliveCount
        self._silence = 2 * sign_of_life + min(1.0, sign_of_life)
        self._heard = self._clock.monotonic()

    async def fetch(self) -> None:
        """Take in messages for ever; as many tasks as ``PUBLISH_REQUESTS`` do this side by side.

        Raises ``LinkLost`` when the server ends the subscription or a message is missing, and what
        the session raises when the connection breaks.
        """
        while True:
            acknowledged, self._acknowledge = self._acknowledge, []
            try:
                body = await self._session.publish(acknowledged)
            except UaStatusCodeError as error:
                if error.code == StatusCodes.BadTooManyPublishRequests and self._fetchers > 1:
                    self._fetchers -= 1
                    return
                if error.code == StatusCodes.BadTimeout:
                    continue
                raise
            self._heard = self._clock.monotonic()
            self._take_message(body)

    async def watch(self) -> None:
        """Return never; raises ``LinkLost`` when neither values nor keep-alives came for too long.

        Two keep-alives may be missed; a second, or a third keep-alive if that is shorter, is for
        the way.
        """
        while True:
            due = self._heard + self._silence
            await asyncio.sleep(max(0.0, due - self._clock.monotonic()))
            if self._clock.monotonic() - due > _STALL:
                # It was us who stood still: what arrived meanwhile has not been read yet.
                await asyncio.sleep(_STALL)
            if self._clock.monotonic() >= self._heard + self._silence:
                raise LinkLost(f"no sign of life from the server for {self._silence:.1f} s")

    async def create(self, items: Iterable[Item]) -> None:
        """Create monitored items and tell each binding whether its item works."""
        wanted = list(items)
        facts = await self._nodes.look_up(dict.fromkeys(item.node for item in wanted))
        await self._take_device_texts(wanted, facts)
        refused: list[tuple[Item, int, str]] = []
        ready: list[tuple[Item, ua.NodeId]] = []
        for item in wanted:
            fact = facts[item.node]
            if isinstance(fact, NodeProblem):
                refused.append((item, fact.status_code, fact.text))
            else:
                if item.deadband is not None and not await self._nodes.is_number(fact):
                    _without_deadband(item, "the node holds no number")
                ready.append((item, fact.node_id))
        refused += await self._request(ready)
        self._failing = [item for item, _, _ in refused]
        self._report(wanted, refused)

    def take(self, point: LivePoint, sample: Sample) -> None:
        """Take in a value of the node behind ``point`` that was read, as if it had been sent."""
        feed = self._feeds.get(point)
        if feed is not None and not self.closed:
            received = self._clock.now()
            time = sample.source_timestamp
            live = self._live(feed, sample.value, sample.status_code, time, received)
            self._hub.apply([(point, live)])

    async def _request(
        self, wanted: Sequence[tuple[Item, ua.NodeId]]
    ) -> list[tuple[Item, int, str]]:
        results = await self._session.create_items(
            self._id, [item.request(node_id) for item, node_id in wanted]
        )
        refused: list[tuple[Item, int, str]] = []
        unfiltered: list[tuple[Item, ua.NodeId]] = []
        for (item, node_id), result in zip(wanted, results, strict=True):
            status = result.StatusCode.value
            if result.StatusCode.is_good():
                continue
            if status & CODE_MASK in _FILTER_REFUSED and item.deadband is not None:
                _without_deadband(item, status_name(status))
                unfiltered.append((item, node_id))
            else:
                refused.append((item, status, describe_status(status)))
        if unfiltered:
            refused += await self._request(unfiltered)
        return refused

    async def _take_device_texts(
        self, items: Iterable[Item], facts: dict[str, NodeFacts | NodeProblem]
    ) -> None:
        wanted = [
            (feed, fact)
            for item in items
            for feed in item.feeds
            if feed.binding.settings.enumeration == "device"
            and isinstance(fact := facts[item.node], NodeFacts)
        ]
        if not wanted:
            return
        try:
            texts = await self._nodes.texts([fact for _, fact in wanted])
        except UaStatusCodeError as error:
            log.warning("texts of the device not told", reason=describe_status(error.code))
            return
        for (feed, _), text in zip(wanted, texts, strict=True):
            conversion = feed.binding.conversion
            if conversion is not None and text:
                try:
                    feed.binding.conversion = conversion.with_device_texts(text)
                except ConfigurationError as error:
                    log.warning("texts of the device refused", reason=error.text)

    def _report(self, items: Iterable[Item], refused: Iterable[tuple[Item, int, str]]) -> None:
        changed = False
        problems = {item.handle: (status, text) for item, status, text in refused}
        for item in items:
            status, text = problems.get(item.handle, (0, None))
            for feed in item.feeds:
                changed |= feed.item_problem(text)
            if text is not None:
                self._hub.degrade([feed.point for feed in item.feeds], status)
        if changed:
            self._on_change()

    def _take_message(self, body: bytes) -> None:
        try:
            message = decode_publish_response(body)
        except ValueError as error:
            self._counters.dropped(metrics.UNDECODABLE)
            log.warning("message not understood", reason=str(error))
            return
        if message.subscription_id != self._id or self.closed:
            return
        if message.status_change is not None:
            raise LinkLost(
                f"the server ended the subscription: {describe_status(message.status_change)}"
            )
        if message.keep_alive:
            return
        if self._expected not in (None, message.sequence_number):
            raise LinkLost(
                f"message {self._expected} of the subscription was lost: values would be missing"
            )
        self._expected = message.sequence_number % _LAST_SEQUENCE_NUMBER + 1
        self._acknowledge.append((self._id, message.sequence_number))
        if message.undecodable:
            self._counters.dropped(metrics.UNDECODABLE, message.undecodable)
        self._take_values(message.notifications)

    def _take_values(self, notifications: Sequence[Notification]) -> None:
        received = self._clock.now()
        items, count = self._items, len(self._items)
        batch: list[tuple[LivePoint, LiveValue]] = []
        for handle, value, status_code, time in notifications:
            if handle < count:
                for feed in items[handle].feeds:
                    live = self._live(feed, value, status_code, time, received)
                    batch.append((feed.point, live))
        self._counters.received(len(notifications))
        self._counters.dropped(metrics.OVERTAKEN, self._hub.apply(batch))

    def _live(
        self, feed: Feed, value: Any, status_code: int, time: int | None, received: int
    ) -> LiveValue:
        quality = quality_of(status_code)
        if time is None:
            time = received
        if quality is Quality.BAD:
            return LiveValue(None, quality, status_code, time, received)
        try:
            converted = feed.convert(value)
        except ConversionError as error:
            self._counters.dropped(metrics.CONVERSION)
            if feed.value_problem(str(error)):
                self._on_change()
            return LiveValue(None, Quality.BAD, BAD_CONFIGURATION_ERROR, time, received)
        if feed.value_problem(None):
            self._on_change()
        return LiveValue(converted, quality, status_code, time, received)


def _without_deadband(item: Item, reason: str) -> None:
    log.warning("deadband not possible, every change is sent", node=item.node, reason=reason)
    item.deadband = None

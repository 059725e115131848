"""Monitored items: what is asked of a server, and whom each answer feeds."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from aas_server.bindings.binding import Binding
from aas_server.bindings.feed import Feed
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.plant.opcua import OpcUaBindingSettings
from aas_server.live.hub import LivePoint

AT_PUBLISHING_INTERVAL: Final = -1.0
"""SamplingInterval that means: as often as the subscription publishes (OPC 10000-4 7.21)."""


class Item:
    """What is asked of a server about one node; bindings that want the same share it.

    ``settings`` are those of one of its bindings: in all that concerns the item they are alike.
    """

    __slots__ = ("feeds", "handle", "is_unfiltered", "settings")

    def __init__(self, handle: int, settings: OpcUaBindingSettings) -> None:
        self.handle = handle
        self.settings = settings
        self.feeds: list[Feed] = []
        self.is_unfiltered = False
        """Whether the server refused the deadband, so that every change is sent."""

    @property
    def node(self) -> str:
        """Return the node as the plant file names it."""
        return self.settings.node

    @property
    def wants_filter(self) -> bool:
        """Return whether small changes are to be spared, and the server has not refused to."""
        deadbands = (self.settings.deadband, self.settings.deadband_percent)
        return not self.is_unfiltered and deadbands != (None, None)

    def request(self, node_id: ua.NodeId) -> ua.MonitoredItemCreateRequest:
        """Return how this item is asked for."""
        sampling = AT_PUBLISHING_INTERVAL
        if self.settings.sampling_interval is not None:
            sampling = self.settings.sampling_interval * 1000
        parameters = ua.MonitoringParameters(
            ClientHandle=self.handle,
            SamplingInterval=sampling,
            QueueSize=self.settings.queue_size,
            DiscardOldest=True,
        )
        if self.wants_filter:
            parameters.Filter = _filter(self.settings)
        return ua.MonitoredItemCreateRequest(
            ua.ReadValueId(NodeId=node_id, AttributeId=AttributeIds.Value),
            ua.MonitoringMode.Reporting,
            parameters,
        )


class Items:
    """All items of a connection, over all its sessions.

    A handle is never used twice: notifications that are still under way for an item that is gone
    find nobody.
    """

    def __init__(self, counters: ConnectionMetrics, on_change: Callable[[], None]) -> None:
        self._counters = counters
        self._on_change = on_change
        self._by_key: dict[object, Item] = {}
        self._feeds: dict[LivePoint, Feed] = {}
        self._handles = itertools.count(1)
        self.by_handle: dict[int, Item] = {}
        self.latecomers: list[tuple[Item, Feed]] = []
        """Feeds that joined an item which may be served already: its value will not come again."""

    def new_handle(self) -> int:
        """Return a handle that nothing has had."""
        return next(self._handles)

    def feed_of(self, point: LivePoint) -> Feed | None:
        """Return what feeds ``point``."""
        return self._feeds.get(point)

    def add(self, bindings: Iterable[Binding]) -> None:
        """Ask for what ``bindings`` need; unplanned ones need nothing."""
        for binding in bindings:
            settings = binding.settings
            if binding.point is None or not isinstance(settings, OpcUaBindingSettings):
                continue
            key = _key(settings)
            feed = Feed(binding, binding.point, self._counters, self._on_change)
            self._feeds[feed.point] = feed
            item = self._by_key.get(key)
            if item is None:
                item = Item(self.new_handle(), settings)
                self._by_key[key] = self.by_handle[item.handle] = item
            else:
                self.latecomers.append((item, feed))
            item.feeds.append(feed)

    def remove(self, bindings: Iterable[Binding]) -> None:
        """Ask no longer for what only ``bindings`` need; from now on none of them gets a value."""
        for binding in bindings:
            settings = binding.settings
            if binding.point is None or not isinstance(settings, OpcUaBindingSettings):
                continue
            self._feeds.pop(binding.point, None)
            item = self._by_key.get(_key(settings))
            if item is None:
                continue
            item.feeds = [feed for feed in item.feeds if feed.binding is not binding]
            if not item.feeds:
                del self._by_key[_key(settings)], self.by_handle[item.handle]

    def changed(self) -> None:
        """Say that a report would tell something else of the bindings now."""
        self._on_change()

    def take_latecomers(self) -> list[tuple[Item, Feed]]:
        """Return the latecomers that are still there, and forget them."""
        latecomers, self.latecomers = self.latecomers, []
        return [(item, feed) for item, feed in latecomers if feed in item.feeds]


def _filter(settings: OpcUaBindingSettings) -> ua.DataChangeFilter:
    kind, value = ua.DeadbandType.Absolute, settings.deadband
    if value is None:
        kind, value = ua.DeadbandType.Percent, settings.deadband_percent
    return ua.DataChangeFilter(ua.DataChangeTrigger.StatusValue, kind, value)


def _key(settings: OpcUaBindingSettings) -> object:
    return (
        settings.node,
        settings.fallback_path,
        settings.publishing_interval,
        settings.sampling_interval,
        settings.queue_size,
        settings.deadband,
        settings.deadband_percent,
    )

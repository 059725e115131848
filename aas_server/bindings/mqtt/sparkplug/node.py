"""An edge node of Sparkplug B, from birth to death (version 3.0, chapters 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final, TypeVar

import structlog

from aas_server.bindings import metrics
from aas_server.bindings.binding import Binding
from aas_server.bindings.messages.inbox import Message
from aas_server.bindings.messages.outlet import Outlet
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.mqtt.sparkplug.metric_feed import MetricFeed
from aas_server.bindings.mqtt.sparkplug.payloads import (
    BOOLEAN,
    Metric,
    PayloadError,
    SparkplugPayload,
    decode_payload,
    encode_payload,
)
from aas_server.clock import Clock
from aas_server.live.values import BAD_NO_COMMUNICATION

log = structlog.get_logger(__name__)

K = TypeVar("K")

NAMESPACE: Final = "spBv1.0"
FIRST_REPEAT: Final = 5.0
LONGEST_REPEAT: Final = 60.0
"""Seconds before a birth that was asked for is asked for again, twice as long each time."""

_REBIRTH: Final = "Node Control/Rebirth"
_BD_SEQ: Final = "bdSeq"
_SEQUENCE_NUMBERS: Final = 256
_NODE_TYPES: Final = ("NBIRTH", "NDATA", "NDEATH")
_DEVICE_TYPES: Final = ("DBIRTH", "DDATA", "DDEATH")
_UNBORN: Final = "no birth certificate of it yet: a rebirth was asked for"
_GAP: Final = "messages of the node were lost: a rebirth was asked for"
_DEAD: Final = "it is gone, its death certificate says"


class EdgeNode:
    """What one edge node and its devices tell, and the bindings that it feeds.

    Values count between a birth certificate and a death certificate only. A message that is missing
    in their sequence makes all values uncertain until the node is born again, which ``request`` is
    called for (topic and payload of the command), less and less often.
    """

    def __init__(
        self,
        group: str,
        node: str,
        *,
        outlet: Outlet,
        clock: Clock,
        counters: ConnectionMetrics,
        on_change: Callable[[], None],
        request: Callable[[str, bytes], None],
    ) -> None:
        self.group = group
        self.node = node
        self._outlet = outlet
        self._clock = clock
        self._counters = counters
        self._on_change = on_change
        self._request = request
        self._feeds: dict[Binding, MetricFeed] = {}
        self._by_name: dict[tuple[str | None, str], list[MetricFeed]] = {}
        self._by_alias: dict[int, list[MetricFeed]] = {}
        self._is_born = False
        self._is_understood = True
        self._devices: set[str] = set()
        self._bd_seq: int | None = None
        self._next_seq: int | None = None
        self._wants_birth = False
        self._next_ask = 0.0
        self._repeat = FIRST_REPEAT

    @property
    def filters(self) -> Iterator[str]:
        """Return the filters of its topics: all devices, for they count in one sequence."""
        for kind in _NODE_TYPES:
            yield f"{NAMESPACE}/{self.group}/{kind}/{self.node}"
        for kind in _DEVICE_TYPES:
            yield f"{NAMESPACE}/{self.group}/{kind}/{self.node}/+"

    @property
    def is_needed(self) -> bool:
        """Return whether it feeds anything."""
        return bool(self._feeds)

    @property
    def bindings(self) -> Iterable[Binding]:
        """Return what it feeds."""
        return self._feeds.keys()

    def add(self, binding: Binding, feed: MetricFeed) -> None:
        """Feed one more binding; what its metric is, only the next birth tells."""
        self._feeds[binding] = feed
        key = feed.settings.device, feed.settings.metric
        self._by_name.setdefault(key, []).append(feed)
        feed.problem(_UNBORN)
        if self._is_born:
            self.ask()

    def remove(self, binding: Binding) -> None:
        """Feed ``binding`` no more."""
        feed = self._feeds.pop(binding, None)
        if feed is None:
            return
        self._by_name = _without(self._by_name, {feed})
        self._by_alias = _without(self._by_alias, {feed})

    def feed(self, binding: Binding) -> MetricFeed | None:
        """Return what feeds ``binding``."""
        return self._feeds.get(binding)

    def begin(self) -> None:
        """Begin a session: what the node said before may not be true any more."""
        self._forget()
        self._next_ask, self._repeat = 0.0, FIRST_REPEAT
        self._wants_birth = False
        self._tell(self._feeds.values(), _UNBORN)

    def end(self) -> None:
        """End a session: the broker's silence is no fault of the node."""
        self._forget()
        self._tell(self._feeds.values(), None)

    def refuse(self, problem: str, status_code: int) -> None:
        """Say why the broker gives none of its messages."""
        self._tell(self._feeds.values(), problem)
        self._outlet.degrade([feed.point for feed in self._feeds.values()], status_code)

    def ask(self) -> None:
        """Ask the node for a new birth certificate, unless that was done a moment ago."""
        self._wants_birth = True
        now = self._clock.monotonic()
        if now < self._next_ask:
            return
        if now > self._next_ask + LONGEST_REPEAT:
            self._repeat = FIRST_REPEAT
        self._next_ask = now + self._repeat
        self._repeat = min(LONGEST_REPEAT, 2 * self._repeat)
        payload = SparkplugPayload(
            [Metric(_REBIRTH, datatype=BOOLEAN, value=True)], self._clock.now() // 1000
        )
        self._request(f"{NAMESPACE}/{self.group}/NCMD/{self.node}", encode_payload(payload))

    def ask_again(self) -> None:
        """Ask once more where no birth came, if it is time."""
        if self._wants_birth:
            self.ask()

    def take(self, message: Message, now: float) -> None:
        """Show what ``message`` says."""
        kind, _, rest = message.topic.removeprefix(f"{NAMESPACE}/{self.group}/").partition("/")
        device = rest.partition("/")[2] or None
        if message.is_old:
            # Nothing of Sparkplug's is kept by a broker but by mistake: it is of the past.
            self._counters.dropped(metrics.HISTORICAL)
            return
        try:
            if message.size is not None:
                raise PayloadError(f"{message.size} bytes are more than maxPayload allows")
            payload = decode_payload(message.payload, lambda *key: self._datatype(device, *key))
        except PayloadError as error:
            self._undecodable(message.topic, str(error))
            return
        self._is_understood = True
        if kind == "NDEATH":
            self._die(payload)
            return
        if kind == "NBIRTH":
            self._be_born(payload, message.received)
        elif self._follows(payload.seq):
            self._device_or_data(kind, device, payload, message.received)

    def _device_or_data(
        self, kind: str, device: str | None, payload: SparkplugPayload, received: int
    ) -> None:
        if self._wants_birth or not self._is_born:
            self.ask()
        if not self._is_born:
            return
        if kind == "DBIRTH" and device is not None:
            self._devices.add(device)
            self._birth(device, payload, received)
        elif kind == "DDEATH" and device is not None:
            self._devices.discard(device)
            self._end_of(feed for feed in self._feeds.values() if feed.settings.device == device)
        elif device is not None and device not in self._devices:
            self.ask()
        else:
            self._values(device, payload, received)

    def _be_born(self, payload: SparkplugPayload, received: int) -> None:
        self._forget()
        self._is_born = True
        self._wants_birth = False
        self._bd_seq = _bd_seq(payload)
        self._next_seq = _after(payload.seq)
        # Its devices are to be born again after it; until then nobody vouches for their values.
        devices = [feed for feed in self._feeds.values() if feed.settings.device is not None]
        self._make_uncertain(devices)
        self._tell(devices, _UNBORN)
        self._birth(None, payload, received)

    def _birth(self, device: str | None, payload: SparkplugPayload, received: int) -> None:
        """Learn what the certificate says of the metrics that are wanted, and their values."""
        unborn = {feed for feed in self._feeds.values() if feed.settings.device == device}
        self._by_alias = _without(self._by_alias, unborn)
        for metric in payload.metrics:
            for feed in self._by_name.get((device, metric.name or ""), ()):
                feed.datatype, feed.alias = metric.datatype or 0, metric.alias
                if metric.alias is not None:
                    self._by_alias.setdefault(metric.alias, []).append(feed)
                self._tell([feed], None)
                unborn.discard(feed)
        for feed in unborn:
            self._tell([feed], f"the birth certificate has no metric {feed.settings.metric!r}")
        self._outlet.degrade([feed.point for feed in unborn], BAD_NO_COMMUNICATION)
        self._values(device, payload, received)

    def _values(self, device: str | None, payload: SparkplugPayload, received: int) -> None:
        for metric in payload.metrics:
            for feed in self._feeds_of(device, metric):
                live = feed.live(metric, payload.timestamp, received)
                if live is not None:
                    self._outlet.show(feed.point, live)

    def _feeds_of(self, device: str | None, metric: Metric) -> Iterable[MetricFeed]:
        if metric.name:
            named = self._by_name.get((device, metric.name), ())
            return [feed for feed in named if feed.is_born]
        return self._by_alias.get(-1 if metric.alias is None else metric.alias, ())

    def _datatype(self, device: str | None, name: str | None, alias: int | None) -> int | None:
        feeds = self._feeds_of(device, Metric(name, alias))
        return next((feed.datatype for feed in feeds), None)

    def _follows(self, seq: int | None) -> bool:
        """Return whether a message is one to take; one that is missing before it is noticed."""
        if not self._is_born or seq is None or self._next_seq is None:
            return True
        if _after(seq) == self._next_seq:
            return False  # delivered twice
        if seq != self._next_seq:
            log.info("messages lost", node=f"{self.group}/{self.node}", expected=self._next_seq)
            self._make_uncertain(self._feeds.values())
            self._tell((feed for feed in self._feeds.values() if feed.is_born), _GAP)
            self.ask()
        self._next_seq = _after(seq)
        return True

    def _die(self, payload: SparkplugPayload) -> None:
        death = _bd_seq(payload)
        if self._is_born and None not in (death, self._bd_seq) and death != self._bd_seq:
            return  # the last will of a session before this one
        self._forget()
        self._wants_birth = False  # it comes by itself when the node does
        self._end_of(self._feeds.values())

    def _end_of(self, feeds: Iterable[MetricFeed]) -> None:
        gone = list(feeds)
        self._tell(gone, _DEAD)
        self._outlet.degrade([feed.point for feed in gone], BAD_NO_COMMUNICATION)

    def _make_uncertain(self, feeds: Iterable[MetricFeed]) -> None:
        self._outlet.make_uncertain([feed.point for feed in feeds])

    def _forget(self) -> None:
        self._is_born = False
        self._devices.clear()
        self._by_alias.clear()
        self._bd_seq = self._next_seq = None
        for feed in self._feeds.values():
            feed.datatype = feed.alias = None

    def _tell(self, feeds: Iterable[MetricFeed], problem: str | None) -> None:
        changed = False
        for feed in feeds:
            changed |= feed.problem(problem)
        if changed:
            self._on_change()

    def _undecodable(self, topic: str, reason: str) -> None:
        self._counters.dropped(metrics.UNDECODABLE)
        if self._is_understood:  # told once, not with every message
            self._is_understood = False
            log.warning("message not understood", topic=topic, reason=reason)


def _without(
    table: Mapping[K, Iterable[MetricFeed]], gone: Collection[MetricFeed]
) -> dict[K, list[MetricFeed]]:
    rest = {key: [feed for feed in feeds if feed not in gone] for key, feeds in table.items()}
    return {key: feeds for key, feeds in rest.items() if feeds}


def _bd_seq(payload: SparkplugPayload) -> int | None:
    values = (metric.value for metric in payload.metrics if metric.name == _BD_SEQ)
    return next((value for value in values if isinstance(value, int)), None)


def _after(seq: int | None) -> int | None:
    return None if seq is None else (seq + 1) % _SEQUENCE_NUMBERS

"""What a machine sends on its way to the hub: to the points of its item, with its true quality."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from aas_server.bindings import metrics
from aas_server.bindings.feed import Feed
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.opcua.items import Item, Items
from aas_server.bindings.opcua.notifications import Notification
from aas_server.bindings.opcua.problems import CODE_MASK
from aas_server.bindings.opcua.variants import Sample
from aas_server.clock import Clock
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.values import LiveValue

log = structlog.get_logger(__name__)

SERVER_STATE: Final = 0
"""Handle of the item that watches the state of the server itself."""

OVERFLOW: Final = 0x480
"""Info bits of a value before which others were dropped, for the queue was full (OPC 10000-4
7.39)."""

_CHANGED_MEANING: Final = 0xC000
"""StructureChanged and SemanticsChanged: unit, range or texts of the node are others now."""

_NODE_GONE: Final = frozenset({StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid})

_UNCERTAIN_SIMULATED: Final = StatusCodes.UncertainSimulatedValue
_CEILINGS: Final[dict[int, int]] = {
    ua.ServerState.Running: 0,
    ua.ServerState.Test: _UNCERTAIN_SIMULATED,
    ua.ServerState.Shutdown: StatusCodes.BadShutdown,
    ua.ServerState.CommunicationFault: StatusCodes.BadNoCommunication,
}
"""Better than this no value is while the server is in that state; in others it is halted."""


class Intake:
    """Takes in what one session receives; ``closed`` ends it at once.

    Some values say that their item must be looked at again: in ``gone`` are those whose node is not
    there any more, in ``changed`` those whose node means something else now. ``on_look`` is called
    when there is something new in them, or in ``was_halted``.
    """

    def __init__(
        self,
        items: Items,
        hub: LiveHub,
        clock: Clock,
        counters: ConnectionMetrics,
        *,
        on_look: Callable[[], None],
    ) -> None:
        self._items = items
        self._hub = hub
        self._clock = clock
        self._counters = counters
        self._on_look = on_look
        self._ceiling = 0
        self._overflowed: set[Item] = set()
        self.gone: set[Item] = set()
        self.changed: set[Item] = set()
        self.was_halted = False
        """Whether the server works again after it did not: no value has been asked for since."""
        self.closed = False

    def take_values(self, notifications: Sequence[Notification]) -> None:
        """Take in what a subscription sent, in its order."""
        if self.closed:
            return
        received = self._clock.now()
        items = self._items.by_handle
        batch: list[tuple[LivePoint, LiveValue]] = []
        ours = len(notifications)
        for handle, value, status_code, time in notifications:
            item = items.get(handle)
            if item is None:
                ours -= 1
                if handle == SERVER_STATE:
                    self._server_state(value)
                continue
            if status_code or self._ceiling:
                status_code = self._judged(item, status_code)
            for feed in item.feeds:
                live = feed.live(value, status_code, time, received)
                batch.append((feed.point, live))
        self._counters.received(ours)
        self._counters.dropped(metrics.OVERTAKEN, self._hub.apply(batch))

    def take_samples(self, samples: Iterable[tuple[Item, Sample]]) -> None:
        """Take in values that were read, as if they had been sent."""
        self.take_values(
            [
                (item.handle, sample.value, sample.status_code, sample.source_timestamp)
                for item, sample in samples
            ]
        )

    def take_for(self, item: Item, feed: Feed, sample: Sample) -> None:
        """Take in a value that was read for one of the item's feeds."""
        self._take_one(feed, sample, self._judged(item, sample.status_code))

    def take(self, point: LivePoint, sample: Sample) -> None:
        """Take in a value of the node behind ``point`` that was read, as if it had been sent."""
        feed = self._items.feed_of(point)
        if feed is not None:
            self._take_one(feed, sample, max(sample.status_code, self._ceiling))

    def _take_one(self, feed: Feed, sample: Sample, status_code: int) -> None:
        if not self.closed:
            received, time = self._clock.now(), sample.source_timestamp
            self._hub.apply([(feed.point, feed.live(sample.value, status_code, time, received))])

    def _judged(self, item: Item, status_code: int) -> int:
        """Return the status code that a value gets, having noted what its bits tell of the item."""
        if status_code & OVERFLOW == OVERFLOW:
            self._counters.dropped(metrics.OVERFLOW)
            if item not in self._overflowed:
                self._overflowed.add(item)
                log.warning(
                    "machine dropped values before they were sent: queueSize is too small",
                    node=item.node,
                    queue_size=item.settings.queue_size,
                )
        if status_code & _CHANGED_MEANING:
            self._look(self.changed, item)
        if status_code & CODE_MASK in _NODE_GONE:
            self._look(self.gone, item)
        return max(status_code, self._ceiling)

    def _look(self, items: set[Item], item: Item) -> None:
        if item not in items:
            items.add(item)
            self._on_look()

    def _server_state(self, value: object) -> None:
        """Let no value look better than the state of the server that tells it."""
        if not isinstance(value, int):
            return
        ceiling = _CEILINGS.get(value, StatusCodes.BadServerHalted)
        if ceiling == self._ceiling:
            return
        name = ua.ServerState(value).name if value in set(ua.ServerState) else str(value)
        log.warning("state of the machine's server", state=name)
        self._ceiling = ceiling
        if ceiling:
            points = [feed.point for item in self._items.by_handle.values() for feed in item.feeds]
            better = [point for point in points if point.current.status_code < ceiling]
            self._hub.degrade(better, ceiling)
        else:
            self.was_halted = True
            self._on_look()

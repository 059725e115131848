"""Alarms of a machine on their way to the list that shows them: heard, refreshed, published."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.binding import Binding
from aas_server.bindings.feed import Feed
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.opcua.active_alarms import ActiveAlarms
from aas_server.bindings.opcua.conditions import FIELD_NAMES, NEEDED, read_event, select_clauses
from aas_server.bindings.opcua.nodes import NodeProblem, Nodes
from aas_server.bindings.opcua.problems import CODE_MASK, describe, describe_status
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import numeric
from aas_server.bindings.plant.alarms import AlarmSettings
from aas_server.clock import Clock
from aas_server.live.hub import REORDERING_WINDOW, LiveHub, LivePoint
from aas_server.live.values import (
    BAD_CONFIGURATION_ERROR,
    BAD_WAITING_FOR_INITIAL_DATA,
    GOOD,
    Quality,
    quality_of,
)

log = structlog.get_logger(__name__)

PUBLISH_DELAY: Final = 0.05
"""Seconds in which changes are collected: a list is made anew as a whole."""

REFRESH_TIMEOUT: Final = 10.0
"""Seconds that a call for a refresh may take."""

REFRESH_RETRY: Final = 5.0
"""Seconds between two calls for a refresh at least, the first of which was refused."""

REFRESH_END: Final = 60.0
"""Seconds that a server may take to tell all its conditions until it is asked again."""

CUT_LIST: Final = 0x00000600
"""Good, with the limit bits High: there are more conditions than are shown (OPC 10000-4 7.39)."""

_INCOMPLETE: Final = StatusCodes.UncertainDataSubNormal
_NO_REFRESH: Final = frozenset(
    {
        StatusCodes.BadMethodInvalid,
        StatusCodes.BadNodeIdUnknown,
        StatusCodes.BadNodeIdInvalid,
        StatusCodes.BadNotImplemented,
        StatusCodes.BadNotSupported,
        StatusCodes.BadServiceUnsupported,
        StatusCodes.BadNotExecutable,
        StatusCodes.BadUserAccessDenied,
    }
)
_REFRESH_EVENTS: Final = (
    ObjectIds.RefreshStartEventType,
    ObjectIds.RefreshEndEventType,
    ObjectIds.RefreshRequiredEventType,
)


class AlarmFeed:
    """Feeds one list of alarms; an ``EventListener``.

    The list is shown from the moment on when a refresh has ended: before, it would show what a
    former session knew. ``on_news`` is called when there is something to be done.
    """

    def __init__(
        self,
        settings: AlarmSettings,
        feed: Feed,
        hub: LiveHub,
        clock: Clock,
        *,
        on_news: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        self.node = settings.notifier
        self.active = ActiveAlarms(settings.limit)
        self._settings = settings
        self._feed = feed
        self._hub = hub
        self._clock = clock
        self._on_news = on_news
        self._on_change = on_change
        self._namespaces: Sequence[str] = ()
        self._is_filtered = True
        self._has_begun = False
        self._has_changed = False
        self._can_refresh = True
        self._is_blind = False
        self._hidden = 0
        self._published = 0
        self._asked: float | None = None
        self.subscription_id: int | None = None

    @property
    def point(self) -> LivePoint:
        """Return the point of the list."""
        return self._feed.point

    async def event_filter(self, nodes: Nodes) -> ua.EventFilter:
        """Return which events are wanted: those of the type, and the marks of refreshes.

        Not the severity: a condition whose severity falls must be heard of. A server that refused
        the filter is asked for all events; what is no condition is left out here.
        """
        event_filter = ua.EventFilter(SelectClauses=select_clauses())
        self._has_begun = False
        if self._is_filtered:
            node_id = nodes.resolve(self._settings.event_type)
            if isinstance(node_id, NodeProblem):
                raise UaError(node_id.text)
            event_filter.WhereClause = _of_types(node_id, *map(numeric, _REFRESH_EVENTS))
        return event_filter

    def admitted(self, refused: Sequence[int]) -> None:
        """Hear which fields the server does not tell; without some of them there is no list."""
        names = [FIELD_NAMES[place] for place in refused if place < len(FIELD_NAMES)]
        if NEEDED.intersection(names):
            raise UaError(f"the machine does not tell {', '.join(names)} of its events")
        if names:
            sink = self._feed.binding.sink_name
            log.info("fields of alarms not told by the machine", sink=sink, fields=names)

    async def begun(self, session: OpcUaSession, _nodes: Nodes, subscription_id: int) -> None:
        """Hear that events come from now on."""
        self._has_begun = True
        self._namespaces = tuple(session.namespaces)
        self._can_refresh = True
        self._is_blind = False
        self.active.begin()
        self.subscription_id = subscription_id
        self._asked = None
        self._feed.binding.note = None
        self._problem(None)
        self._on_news()

    def event(self, fields: Sequence[ua.Variant]) -> None:
        """Take in one event."""
        event = read_event(fields, self._namespaces)
        if event.condition_id is None and event.condition_name is not None and not self._is_blind:
            self._is_blind = True
            self._problem("the machine tells conditions without their ids")
            self._hub.degrade([self.point], BAD_CONFIGURATION_ERROR)
        if event.condition_id is not None and event.severity < self._settings.minimum_severity:
            event = event.as_ended()
        self._has_changed |= self.active.take(event)
        if self._has_changed or self.active.wants_refresh:
            self._on_news()

    def ended(self, reason: str) -> None:
        """Hear that no events come for now."""
        self.subscription_id = None
        if not self._has_begun:
            # The server refuses the item: perhaps it is the filter that it does not understand.
            self._is_filtered = not self._is_filtered
            self._problem(reason)
            self._hub.degrade([self.point], BAD_WAITING_FOR_INITIAL_DATA)

    def refreshed(self, status: int, now: float) -> None:
        """Take in how the server answered to the call for a refresh."""
        self._asked = now
        if quality_of(status) is not Quality.BAD:
            self.active.wants_refresh = False
        elif status & CODE_MASK in _NO_REFRESH:
            self._can_refresh = False
            self.active.give_up_refresh()
            self._has_changed = True
            self._note(f"the machine offers no refresh of conditions: {describe_status(status)}")
            self._on_news()

    def refresh_due(self) -> float | None:
        """Return when the server is to be asked for a refresh, by the monotonic clock; None: not at
        all.
        """
        if self.subscription_id is None or not self._can_refresh:
            return None
        if self.active.wants_refresh:
            return 0.0 if self._asked is None else self._asked + REFRESH_RETRY
        return None if self.active.is_complete else (self._asked or 0.0) + REFRESH_END

    def publish(self) -> None:
        """Show the list as it is now, when it changed and is complete, or never will be."""
        is_known = self.active.is_complete or not self._can_refresh
        is_served = self.subscription_id is not None and not self._is_blind
        if not self._has_changed or not is_known or not is_served:
            return
        self._has_changed = False
        status = GOOD if self.active.is_complete else _INCOMPLETE
        if self.active.hidden:
            status = max(status, CUT_LIST)
        if self.active.hidden != self._hidden:
            self._hidden = self.active.hidden
            more = f"{self._hidden} more conditions are active than are shown (limit)"
            self._note(more if self._hidden else None)
        value = [event.shown() for event in self.active.shown()]
        live = self._feed.live(value, status, self._time(), self._clock.now())
        self._hub.apply([(self.point, live)])

    def _time(self) -> int:
        """Return the present, but never less than before: a list that was overtaken by its former
        state would be left out.
        """
        now = self._clock.now()
        if 0 <= self._published - now < REORDERING_WINDOW:
            now = self._published + 1
        self._published = now
        return now

    def _problem(self, problem: str | None) -> None:
        if self._feed.source_problem(problem):
            self._on_change()

    def _note(self, note: str | None) -> None:
        binding = self._feed.binding
        binding.note = note
        self._on_change()
        if note is not None:
            log.warning("list of alarms", sink=binding.sink_name, note=note)


class Alarms:
    """The lists of alarms of one connection: asks for refreshes, publishes what changed."""

    def __init__(self, connection: str, hub: LiveHub, clock: Clock) -> None:
        self._connection = connection
        self._hub = hub
        self._clock = clock
        self._feeds: dict[Binding, AlarmFeed] = {}
        self._news = asyncio.Event()

    def add(
        self, binding: Binding, counters: ConnectionMetrics, on_change: Callable[[], None]
    ) -> AlarmFeed | None:
        """Return the listener of a list of alarms, None for a binding that is none."""
        settings, point = binding.settings, binding.point
        if not isinstance(settings, AlarmSettings) or point is None:
            return None
        feed = Feed(binding, point, counters, on_change)
        made = AlarmFeed(
            settings, feed, self._hub, self._clock, on_news=self._news.set, on_change=on_change
        )
        self._feeds[binding] = made
        return made

    def remove(self, binding: Binding) -> AlarmFeed | None:
        """Forget the list of ``binding``; return its listener, None when it had none."""
        return self._feeds.pop(binding, None)

    def of(self, settings: AlarmSettings) -> AlarmFeed | None:
        """Return the list that ``settings`` want, None when there is none."""
        found = (feed for binding, feed in self._feeds.items() if binding.settings == settings)
        return next(found, None)

    async def run(self, session: OpcUaSession) -> None:
        """Serve the lists for ever, as long as the session."""
        while True:
            self._news.clear()
            await self._refresh(session)
            for feed in list(self._feeds.values()):
                feed.publish()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._delay()):
                    await self._news.wait()
            await asyncio.sleep(PUBLISH_DELAY)

    def _delay(self) -> float | None:
        """Return after how many seconds there is something to do without news."""
        now = self._clock.monotonic()
        due = [each for feed in self._feeds.values() if (each := feed.refresh_due()) is not None]
        return max(0.0, min(due) - now) if due else None

    async def _refresh(self, session: OpcUaSession) -> None:
        """Ask once for each subscription that has a list which wants it."""
        now = self._clock.monotonic()
        wanted = [
            feed
            for feed in self._feeds.values()
            if (due := feed.refresh_due()) is not None and due <= now
        ]
        for subscription_id in {feed.subscription_id for feed in wanted}:
            status = await self._call(session, subscription_id or 0)
            for feed in self._feeds.values():
                if feed.subscription_id == subscription_id:
                    feed.refreshed(status, self._clock.monotonic())

    async def _call(self, session: OpcUaSession, subscription_id: int) -> int:
        argument = ua.Variant(subscription_id, ua.VariantType.UInt32)
        try:
            result = await session.call(
                numeric(ObjectIds.ConditionType),
                numeric(ObjectIds.ConditionType_ConditionRefresh),
                [argument],
                timeout=REFRESH_TIMEOUT,
            )
        except (TimeoutError, UaError) as error:
            log.info("conditions not refreshed", connection=self._connection, why=describe(error))
            return int(getattr(error, "code", StatusCodes.BadTimeout))
        return int(result.StatusCode.value)


def _of_types(*types: ua.NodeId) -> ua.ContentFilter:
    """Return a filter for events of one of ``types``: a chain of Or over OfType (OPC 10000-4
    7.7.3).
    """
    elements: list[ua.ContentFilterElement] = []
    last = len(types) - 1
    for index, each in enumerate(types):
        of_type = ua.ContentFilterElement(
            ua.FilterOperator.OfType, [ua.LiteralOperand(ua.Variant(each))]
        )
        if index < last:
            operands = [ua.ElementOperand(2 * index + 1), ua.ElementOperand(2 * index + 2)]
            elements.append(ua.ContentFilterElement(ua.FilterOperator.Or, operands))
        elements.append(of_type)
    return ua.ContentFilter(elements)

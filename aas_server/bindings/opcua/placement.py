"""Where each item of a connection is served in one session: in a subscription, by polling, or not
yet.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence

import structlog
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.opcua.events import EventListener, event_request, refused_clauses
from aas_server.bindings.opcua.intake import Intake
from aas_server.bindings.opcua.items import Item, Items
from aas_server.bindings.opcua.nodes import NodeFacts, NodeProblem, Nodes
from aas_server.bindings.opcua.polling import Polling
from aas_server.bindings.opcua.preparing import prepare
from aas_server.bindings.opcua.problems import describe, describe_status
from aas_server.bindings.opcua.publishing import Publishing
from aas_server.bindings.opcua.retries import FIRST_RETRY, Retries
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.subscription import Subscription
from aas_server.bindings.opcua.subscriptions import (
    Place,
    Refused,
    Subscriptions,
    Wanted,
    without_deadband,
)
from aas_server.bindings.opcua.variants import sample
from aas_server.clock import Clock
from aas_server.live.hub import LiveHub

log = structlog.get_logger(__name__)


class Placement:
    """Brings what a session serves in line with what the connection's items are, again and again.

    Whatever changed meanwhile (items that came or went, nodes that moved, retries that are due),
    ``settle`` looks at what is and does what is missing, so it does not matter when it changed.
    """

    def __init__(
        self,
        session: OpcUaSession,
        nodes: Nodes,
        items: Items,
        subscriptions: Subscriptions,
        publishing_interval: float,
        *,
        intake: Intake,
        publishing: Publishing,
        polling: Polling,
        hub: LiveHub,
        clock: Clock,
    ) -> None:
        self._session = session
        self._nodes = nodes
        self._items = items
        self._publishing_interval = publishing_interval
        self._intake = intake
        self._publishing = publishing
        self._polling = polling
        self._hub = hub
        self._clock = clock
        self._subscriptions = subscriptions
        self._places: dict[Item, Place] = {}
        self._retries: Retries[Item | EventListener] = Retries(clock)
        self._looks: Retries[Item] = Retries(clock)
        self._listeners: dict[EventListener, bool] = {}
        self._heard: dict[EventListener, tuple[int, int, int]] = {}
        """Subscription, id and handle of the item of each listener."""
        self._wake = asyncio.Event()
        self._is_settled = False
        publishing.reread = self._reread

    async def open(self, listeners: Iterable[EventListener]) -> None:
        """Create the subscription by which the connection is known to live; ``listeners`` are those
        who want events.
        """
        self._listeners = dict.fromkeys(listeners, False)
        await self._subscriptions.open()

    async def settle(self) -> None:
        """Serve everything that is not served yet and due, and nothing that is not asked for.

        Raises what the session raises the first time; later that only postpones what it concerns.
        """
        self._wake.clear()
        await self._let_go()
        await self._look_again()
        await self._tell_latecomers()
        await self._place_due()
        for listener in [each for each, is_placed in self._listeners.items() if not is_placed]:
            if self._retries.is_due(listener):
                await self._listen(listener)
        self._is_settled = True

    async def keep(self) -> None:
        """Settle again whenever something changed or is due, for ever."""
        while True:
            dues = (self._retries.next_due(), self._looks.next_due())
            due = min((each for each in dues if each is not None), default=None)
            delay = None if due is None else max(0.0, due - self._clock.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._wake.wait()
            try:
                await self.settle()
            except (TimeoutError, UaError) as error:
                log.info("items not all settled", reason=describe(error))
                await asyncio.sleep(FIRST_RETRY)

    def wake(self) -> None:
        """Have ``keep`` look at what changed."""
        self._wake.set()

    def listen(self, listener: EventListener) -> None:
        """Let ``listener`` hear of events too."""
        self._listeners.setdefault(listener, False)
        self._wake.set()

    def ignore(self, listener: EventListener) -> None:
        """Let ``listener`` hear of events no more."""
        self._listeners.pop(listener, None)
        self._retries.forget(listener)
        self._wake.set()

    def end(self, reason: str) -> None:
        """Tell listeners that the session is over."""
        self._publishing.listeners.clear()
        for listener, is_placed in self._listeners.items():
            if is_placed:
                listener.ended(reason)

    async def _reread(self, subscription: Subscription) -> None:
        """Ask for the present values of all items of ``subscription``."""
        await self._read(
            [(i, p.node_id) for i, p in self._places.items() if p.subscription is subscription]
        )

    async def _read(self, wanted: Sequence[Wanted]) -> None:
        answers = await self._session.read(
            [(node_id, AttributeIds.Value) for _, node_id in wanted],
            timestamps=ua.TimestampsToReturn.Both,
        )
        self._intake.take_samples(
            (item, sample(answer)) for (item, _), answer in zip(wanted, answers, strict=True)
        )

    # What is there and should not be, or not as it is ---------------------------------------------

    async def _let_go(self) -> None:
        """Delete the items that nobody asks for any more, and those whose nodes are gone."""
        known = self._items.by_handle
        missing = {item for item in self._intake.gone if item in self._places}
        self._intake.gone.clear()
        leaving = [item for item in self._places if item.handle not in known or item in missing]
        by_subscription: dict[int, list[int]] = {}
        for item in leaving:
            place = self._places.pop(item)
            if place.subscription is None:
                self._polling.remove(item)
            else:
                by_subscription.setdefault(place.subscription.id, []).append(place.item_id)
                place.subscription.room += 1
        for each in self._retries.waiting():
            if isinstance(each, Item) and each.handle not in known:
                self._retries.forget(each)
        code = StatusCodes.BadNodeIdUnknown
        self._report(missing, [(item, code, describe_status(code)) for item in missing])
        for subscription_id, item_ids in by_subscription.items():
            await self._session.delete_items(subscription_id, item_ids)
        await self._forget_listeners()
        await self._subscriptions.drop_empty(place.subscription for place in self._places.values())

    async def _forget_listeners(self) -> None:
        """Delete the items of listeners that are gone, and those that could not begin."""
        for listener in [each for each in self._heard if not self._listeners.get(each)]:
            subscription_id, item_id, handle = self._heard.pop(listener)
            self._publishing.listeners.pop(handle, None)
            await self._session.delete_items(subscription_id, [item_id])

    async def _look_again(self) -> None:
        """Ask anew what nodes mean whose values say that this changed, and for values after the
        server stood still.
        """
        places, flagged = self._places, self._intake.changed
        for item in self._looks.waiting():
            if self._looks.is_due(item) and item not in flagged:
                self._looks.worked(item)
        changed = [item for item in flagged if item in places and self._looks.is_due(item)]
        # Some servers flag every value: then its meaning is looked up on the clock of retries.
        flagged.difference_update(changed, [item for item in flagged if item not in places])
        if changed:
            for item in changed:
                self._looks.failed(item)
            facts = await self._look_up(changed)
            await self._prepare(changed, facts)
            await self._read([(item, self._places[item].node_id) for item in changed])
        if self._intake.was_halted:
            self._intake.was_halted = False
            self._polling.repeat()
            await self._read(
                [(i, p.node_id) for i, p in self._places.items() if p.subscription is not None]
            )

    async def _tell_latecomers(self) -> None:
        """Give those who joined an item that is served its present value: it does not come again
        before it changes.
        """
        late = [each for each in self._items.take_latecomers() if each[0] in self._places]
        if not late:
            return
        await self._prepare([item for item, _ in late], self._nodes.all_known())
        answers = await self._session.read(
            [(self._places[item].node_id, AttributeIds.Value) for item, _ in late],
            timestamps=ua.TimestampsToReturn.Both,
        )
        for (item, feed), answer in zip(late, answers, strict=True):
            self._intake.take_for(item, feed, sample(answer))

    # What should be there -------------------------------------------------------------------------

    async def _place_due(self) -> None:
        items = [i for i in self._items.by_handle.values() if i not in self._places]
        due = [item for item in items if self._retries.is_due(item)]
        if not due:
            return
        try:
            if any(item in self._retries for item in due):
                await self._session.learn()
            refused = await self._place(due)
        except (TimeoutError, UaError) as error:
            if not self._is_settled:
                raise
            code = getattr(error, "code", StatusCodes.BadNoCommunication)
            refused = [(item, code, describe(error)) for item in due if item not in self._places]
        self._report(due, refused)

    async def _place(self, items: Sequence[Item]) -> list[Refused]:
        facts = await self._look_up(items)
        await self._prepare(items, facts)
        refused: list[Refused] = []
        wanted: dict[float, list[Wanted]] = {}
        for item in items:
            fact = facts[item.node]
            if isinstance(fact, NodeProblem):
                refused.append((item, fact.status_code, fact.text))
                continue
            if item.wants_filter and not await self._nodes.is_number(fact):
                without_deadband(item, "the node holds no number")
            interval = item.settings.publishing_interval or self._publishing_interval
            wanted.setdefault(interval, []).append((item, fact.node_id))
        for interval, group in wanted.items():
            places, turned_away = await self._subscriptions.fill(interval, group)
            self._places |= places
            refused += turned_away
            self._poll(interval, [item for item, _ in group if item in places])
        return refused

    def _poll(self, interval: float, items: Sequence[Item]) -> None:
        polled = [item for item in items if self._places[item].subscription is None]
        if polled:
            log.warning("server takes no more items: the others are polled", items=len(polled))
        for item in polled:
            node_id = self._places[item].node_id
            self._polling.add(item, node_id, item.settings.sampling_interval or interval)

    # Around it ------------------------------------------------------------------------------------

    async def _listen(self, listener: EventListener) -> None:
        """Create the item of a listener's events in the first subscription and tell it."""
        handle = self._items.new_handle()
        subscription, node_id = self._subscriptions.first, self._nodes.resolve(listener.node)
        if subscription is None or isinstance(node_id, NodeProblem):
            reason = "the server takes no subscriptions"
            self._deaf(listener, node_id.text if isinstance(node_id, NodeProblem) else reason)
            return
        try:
            event_filter = await listener.event_filter(self._nodes)
            request = event_request(handle, node_id, event_filter)
            self._publishing.listeners[handle] = listener
            (result,) = await self._session.create_items(subscription.id, [request])
            result.StatusCode.check()
            self._listeners[listener] = True
            self._heard[listener] = subscription.id, result.MonitoredItemId, handle
            listener.admitted(refused_clauses(result))
            await listener.begun(self._session, self._nodes, subscription.id)
            self._retries.worked(listener)
        except (TimeoutError, UaError) as error:
            self._publishing.listeners.pop(handle, None)
            self._deaf(listener, describe(error))

    def _deaf(self, listener: EventListener, reason: str) -> None:
        self._listeners[listener] = False
        self._retries.failed(listener)
        listener.ended(reason)

    async def _look_up(self, items: Iterable[Item]) -> dict[str, NodeFacts | NodeProblem]:
        nodes = {item.node: item.settings.fallback_path for item in items}
        fallbacks = {node: path for node, path in nodes.items() if path is not None}
        return await self._nodes.look_up(nodes, fallbacks)

    async def _prepare(
        self, items: Iterable[Item], facts: Mapping[str, NodeFacts | NodeProblem]
    ) -> None:
        """Give the items' bindings what they need to know of their nodes in this session."""
        wanted = [(feed.binding, facts.get(item.node)) for item in items for feed in item.feeds]
        await prepare(
            self._nodes, [(each, fact) for each, fact in wanted if isinstance(fact, NodeFacts)]
        )

    def _report(self, items: Iterable[Item], refused: Iterable[Refused]) -> None:
        """Tell each binding whether its item works, and when to try again what does not."""
        problems = {item: (code, text) for item, code, text in refused}
        changed = False
        for item in items:
            code, text = problems.get(item, (0, None))
            for feed in item.feeds:
                changed |= feed.source_problem(text)
            if text is None:
                self._retries.worked(item)
            else:
                self._retries.failed(item)
                self._hub.degrade([feed.point for feed in item.feeds], code)
        if changed:
            self._items.changed()

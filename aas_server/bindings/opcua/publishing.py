"""Taking in what the subscriptions of a session send: acknowledged, in order, none missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings import metrics
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.opcua.events import EventListener
from aas_server.bindings.opcua.intake import Intake
from aas_server.bindings.opcua.messages import (
    Event,
    PublishMessage,
    decode_publish_response,
    decode_republish_response,
)
from aas_server.bindings.opcua.problems import LinkLost, describe_status
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.subscription import Subscription
from aas_server.clock import Clock

log = structlog.get_logger(__name__)

PUBLISH_REQUESTS: Final = 3
"""Requests that wait at the server, so that it need not wait for us. It answers no more than that
many before we have taken in what it sent: they, and the size of a message, bound our memory.
"""

_STALL: Final = 0.1


class Publishing:
    """The subscriptions of one session and their messages."""

    def __init__(
        self,
        session: OpcUaSession,
        intake: Intake,
        clock: Clock,
        counters: ConnectionMetrics,
    ) -> None:
        self._session = session
        self._intake = intake
        self._clock = clock
        self._counters = counters
        self._subscriptions: dict[int, Subscription] = {}
        self._is_any = asyncio.Event()
        self._acknowledge: list[tuple[int, int]] = []
        self._fetchers = PUBLISH_REQUESTS
        self.listeners: dict[int, EventListener] = {}
        """Who hears of the events of an item, by its handle."""
        self.reread: Callable[[Subscription], Awaitable[None]] | None = None
        """Asks for the present values of a subscription's items, after messages were lost for
        good."""

    def add(self, subscription: Subscription) -> None:
        """Take in what ``subscription`` sends."""
        self._subscriptions[subscription.id] = subscription
        self._is_any.set()

    def remove(self, subscription: Subscription) -> None:
        """Take in nothing of ``subscription`` any more."""
        self._subscriptions.pop(subscription.id, None)
        if not self._subscriptions:
            self._is_any.clear()

    async def fetch(self) -> None:
        """Take in messages for ever; as many tasks as ``PUBLISH_REQUESTS`` do this side by side.

        Raises ``LinkLost`` when the server ends a subscription, and what the session raises when
        the connection breaks.
        """
        while True:
            await self._is_any.wait()
            acknowledged, self._acknowledge = self._acknowledge, []
            try:
                body = await self._session.publish(acknowledged)
            except UaStatusCodeError as error:
                self._acknowledge[:0] = acknowledged
                if error.code == StatusCodes.BadTooManyPublishRequests and self._fetchers > 1:
                    self._fetchers -= 1
                    return
                if error.code == StatusCodes.BadTimeout:
                    continue
                if error.code == StatusCodes.BadNoSubscription and not self._is_any.is_set():
                    continue
                raise
            await self._take(body)

    async def watch(self) -> None:
        """Return never; raises ``LinkLost`` when a subscription sent neither values nor signs of
        life for too long.
        """
        while True:
            await self._is_any.wait()
            due = self._due()
            await asyncio.sleep(max(0.0, due - self._clock.monotonic()))
            if self._clock.monotonic() - due > _STALL:
                # It was us who stood still: what arrived meanwhile has not been read yet.
                await asyncio.sleep(_STALL)
            for subscription in self._subscriptions.values():
                if self._clock.monotonic() >= subscription.heard + subscription.silence:
                    raise LinkLost(
                        f"no sign of life from the server for {subscription.silence:.1f} s"
                    )

    def _due(self) -> float:
        return min(each.heard + each.silence for each in self._subscriptions.values())

    async def _take(self, body: bytes) -> None:
        try:
            message = decode_publish_response(body)
        except ValueError as error:
            self._counters.dropped(metrics.UNDECODABLE)
            log.warning("message not understood", reason=str(error))
            return
        subscription = self._subscriptions.get(message.subscription_id)
        if subscription is None or self._intake.closed:
            return
        subscription.heard = self._clock.monotonic()
        self._counters.heard(subscription.heard)
        async with subscription.lock:
            if missing := subscription.missing_before(message):
                await self._recover(subscription, missing)
            subscription.took(message)
            self._accept(message)

    async def _recover(self, subscription: Subscription, missing: Sequence[int]) -> None:
        """Have the server send messages once more (OPC 10000-4 5.14.6), or else its values."""
        lost = 0
        for number in missing:
            message = await self._again(subscription, number)
            if message is None:
                lost += 1
            else:
                self._accept(message)
        self._counters.missed(recovered=len(missing) - lost, lost=lost)
        log.warning(
            "messages of the machine were missing", recovered=len(missing) - lost, lost=lost
        )
        if lost and self.reread is not None:
            await self.reread(subscription)

    async def _again(self, subscription: Subscription, number: int) -> PublishMessage | None:
        try:
            body = await self._session.republish(subscription.id, number)
            message = decode_republish_response(body, subscription.id)
        except (UaStatusCodeError, ValueError):
            return None
        return message if message.sequence_number == number else None

    def _accept(self, message: PublishMessage) -> None:
        if message.status_change is not None:
            raise LinkLost(
                f"the server ended the subscription: {describe_status(message.status_change)}"
            )
        if message.keep_alive:
            return
        self._acknowledge.append((message.subscription_id, message.sequence_number))
        if message.undecodable:
            self._counters.dropped(metrics.UNDECODABLE, message.undecodable)
        if message.notifications:
            self._intake.take_values(message.notifications)
        if message.events and not self._intake.closed:
            self._tell(message.events)

    def _tell(self, events: Sequence[Event]) -> None:
        for handle, fields in events:
            listener = self.listeners.get(handle)
            if listener is not None:
                try:
                    listener.event(fields)
                except Exception:
                    log.exception("event not taken in", notifier=listener.node)

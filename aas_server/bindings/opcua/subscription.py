"""One subscription on a server: how full it is, which message comes next, when it is silent."""

from __future__ import annotations

import asyncio
from typing import Final

from asyncua import ua

from aas_server.bindings.opcua.messages import PublishMessage
from aas_server.bindings.opcua.problems import LinkLost
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.clock import Clock

MAX_NOTIFICATIONS: Final = 1000
"""Values per message at most: what the event loop takes in without making others wait."""

_LIFETIME: Final = 30.0
"""Seconds at least that a server keeps a subscription whose client is gone."""

_LAST_NUMBER: Final = 2**32 - 1
"""The sequence number before 1 (OPC 10000-4 7.8)."""

MAX_GAP: Final = 100
"""Messages that may be missing; where more seem to be, the numbers make no sense."""


class Subscription:
    """One subscription of a session; made by ``create_subscription``, dies with the session.

    ``interval`` (seconds) is what was asked for, ``silence`` after how many seconds without a
    message it counts as lost. ``room`` is how many items it still takes.
    """

    def __init__(self, subscription_id: int, interval: float, silence: float, room: int) -> None:
        self.id = subscription_id
        self.interval = interval
        self.silence = silence
        self.room = room
        self.is_new = True
        """Whether no item was created in it yet."""
        self.heard = 0.0
        """When its last message came, in seconds of the monotonic clock."""
        self.lock = asyncio.Lock()
        """Held while a message is taken in: messages that follow wait for those asked for again."""
        self._expected: int | None = None

    def missing_before(self, message: PublishMessage) -> list[int]:
        """Return the numbers of the messages that should have come before ``message``.

        Raises ``LinkLost`` when its number cannot be one of this subscription's.
        """
        if self._expected is None:
            return []
        distance = (message.sequence_number - self._expected) % _LAST_NUMBER
        if distance <= MAX_GAP:
            return [(self._expected - 1 + step) % _LAST_NUMBER + 1 for step in range(distance)]
        if message.keep_alive:
            return []  # Some servers number these as they like; they carry nothing.
        raise LinkLost(
            f"the server sent message {message.sequence_number} of a subscription "
            f"in place of message {self._expected}"
        )

    def took(self, message: PublishMessage) -> None:
        """Take note that ``message`` came and nothing is missing before it."""
        if not message.keep_alive:
            self._expected = message.sequence_number % _LAST_NUMBER + 1
        elif self._expected is None and message.sequence_number == 1:
            self._expected = 1


async def create_subscription(
    session: OpcUaSession, clock: Clock, *, interval: float, sign_of_life: float, room: int
) -> Subscription:
    """Create a subscription that publishes every ``interval`` seconds and, without news, shows a
    sign of life every ``sign_of_life`` seconds.
    """
    keep_alive = max(1, round(sign_of_life / interval))
    result = await session.create_subscription(
        ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=interval * 1000,
            RequestedLifetimeCount=max(3 * keep_alive, int(_LIFETIME / interval)),
            RequestedMaxKeepAliveCount=keep_alive,
            MaxNotificationsPerPublish=MAX_NOTIFICATIONS,
            PublishingEnabled=True,
            Priority=0,
        )
    )
    revised = result.RevisedPublishingInterval / 1000 * result.RevisedMaxKeepAliveCount
    # Two signs of life may be missed; a second, or a third one if that is shorter, is for the way.
    silence = 2 * revised + min(1.0, revised)
    subscription = Subscription(result.SubscriptionId, interval, silence, room)
    subscription.heard = clock.monotonic()
    return subscription

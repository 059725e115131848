"""The intake: from a client's callback to the hub, in slices."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from aas_server.bindings import metrics
from aas_server.bindings.messages.inbox import Inbox, Message
from aas_server.bindings.messages.outlet import Outlet
from aas_server.bindings.messages.routes import Receiver
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.clock import Clock

log = structlog.get_logger(__name__)

SLICE: Final = 200
"""Messages that are decoded before the event loop does something else."""


class Intake:
    """Takes messages in at any time and gives their values to the hub while ``run`` runs."""

    def __init__(self, outlet: Outlet, clock: Clock, counters: ConnectionMetrics) -> None:
        self._outlet = outlet
        self._clock = clock
        self._counters = counters
        self._inbox: Inbox[Receiver] = Inbox()
        self._is_waiting = asyncio.Event()
        self._is_told = False

    def put(self, receiver: Receiver, message: Message) -> None:
        """Let ``message`` wait for its turn."""
        given_way = self._inbox.put(receiver, message)
        if given_way:
            self._counters.dropped(metrics.CONFLATED, given_way)
        self._is_waiting.set()

    def clear(self) -> None:
        """Forget what waits."""
        self._inbox.clear()
        self._is_waiting.clear()

    async def run(self) -> None:
        """Decode what waits, for ever."""
        while True:
            await self._is_waiting.wait()
            self._is_waiting.clear()
            while taken := self._inbox.take(SLICE):
                now = self._clock.monotonic()
                for receiver, message in taken:
                    self._give(receiver, message, now)
                self._counters.received(len(taken))
                self._outlet.flush()
                # Reading must not stand still meanwhile: it is what empties the broker's queue.
                await asyncio.sleep(0)

    def _give(self, receiver: Receiver, message: Message, now: float) -> None:
        try:
            receiver.take(message, now)
        except Exception as error:  # whatever is sent must not end the connection of all others
            self._counters.dropped(metrics.UNDECODABLE)
            if not self._is_told:
                self._is_told = True
                log.error("message not taken in", topic=message.topic, exc_info=error)

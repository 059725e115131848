"""The life of one connection: made, held, lost, made anew."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.binding import Binding
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.opcua.items import Item, make_items
from aas_server.bindings.opcua.nodes import Nodes
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.problems import ConnectionRefused, describe, is_permanent
from aas_server.bindings.opcua.session import OpcUaSession, open_session
from aas_server.bindings.opcua.subscription import PUBLISH_REQUESTS, Subscription
from aas_server.bindings.opcua.writer import Line
from aas_server.bindings.plant_file import ConnectionSettings
from aas_server.bindings.status import ConnectionReport, ConnectionState, FailingBinding
from aas_server.clock import Clock
from aas_server.live.hub import LiveHub
from aas_server.live.values import BAD_NO_COMMUNICATION

log = structlog.get_logger(__name__)

FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 4.0
"""Seconds between attempts at most: a machine that returns is live again within ten, however long
it was away.
"""
SLOW_DELAY: Final = 60.0
"""Seconds before another attempt where somebody must change something first: a machine may lock us
out.
"""

REFUSED_DELAY: Final = 10.0
"""Seconds before another attempt where it was us who refused: a certificate may be trusted now."""

STABLE: Final = 5.0
"""Seconds that a connection must have stood before its loss counts as the first failure again."""

RETRY_ITEMS: Final = 30.0
"""Seconds before items that the server refused are tried again: a program may have been loaded."""


class OpcUaSupervisor:
    """Keeps one connection and all that it feeds; ``run`` is its life, cancelling ends it cleanly.

    ::

        connecting --> connected --silence, loss--> disconnected --back-off--> (a new session)

    Each session is made from nothing. While there is none, every point of the connection is bad,
    or uncertain as long as it was only restored.
    """

    def __init__(
        self,
        name: str,
        settings: ConnectionSettings,
        bindings: Sequence[Binding],
        hub: LiveHub,
        clock: Clock,
        on_change: Callable[[], None],
        *,
        pki: Pki,
        counters: ConnectionMetrics,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._settings = settings
        self._bindings = bindings
        self._points = [binding.point for binding in bindings if binding.point is not None]
        self._hub = hub
        self._clock = clock
        self._on_change = on_change
        self._pki = pki
        self._counters = counters
        self._chance = chance
        self._line: Line | None = None
        self._state = ConnectionState.CONNECTING
        self._since = clock.now()
        self._last_error: str | None = None
        self._failures = 0
        self._stood = 0.0
        self._told: str | None = None

    def line(self) -> Line | None:
        """Return the connection while it stands."""
        return self._line

    async def run(self) -> None:
        """Hold the connection until cancelled; no failure of the machine ends this."""
        sessions = 0
        try:
            while True:
                error = await self._session(sessions)
                sessions += 1
                if self._stood >= STABLE:
                    self._failures = 0
                await asyncio.sleep(self._delay(error))
                self._failures += 1
        finally:
            self._enter(ConnectionState.STOPPED)

    def report(self) -> ConnectionReport:
        """Return how the connection and its bindings fare."""
        failing = tuple(
            FailingBinding(
                binding.node, binding.sink_name, binding.problem, binding.problem_since or 0
            )
            for binding in self._bindings
            if binding.problem is not None
        )
        connected = self._state is ConnectionState.CONNECTED
        return ConnectionReport(
            self.name,
            self._settings.url,
            self._state,
            self._since,
            self._last_error,
            len(self._bindings) - len(failing) if connected else 0,
            failing,
        )

    async def _session(self, earlier: int) -> Exception:
        """Make one session and hold it; return what ended it."""
        self._stood = 0.0
        try:
            session = await open_session(self._settings, self._pki)
        except Exception as error:  # whatever a machine does, another attempt follows
            self._lost(error)
            return error
        if earlier:
            self._counters.reconnected()
        began = self._clock.monotonic()
        try:
            return await self._hold(session)
        finally:
            self._stood = self._clock.monotonic() - began
            await session.close()

    async def _hold(self, session: OpcUaSession) -> Exception:
        nodes = Nodes(session)
        items = make_items(self._bindings)
        subscription = Subscription(
            session,
            nodes,
            items,
            hub=self._hub,
            clock=self._clock,
            counters=self._counters,
            on_change=self._on_change,
        )
        try:
            await subscription.open(self._settings)
            error = await _first_failure(
                *(subscription.fetch() for _ in range(PUBLISH_REQUESTS)),
                subscription.watch(),
                session.keep_channel(),
                self._feed(session, nodes, subscription, items),
            )
        except Exception as failure:
            error = failure
        finally:
            subscription.closed = True
            self._line = None
        # First the truth about the values, then the farewell, which may take a second.
        self._lost(error)
        return error

    async def _feed(
        self,
        session: OpcUaSession,
        nodes: Nodes,
        subscription: Subscription,
        items: Sequence[Item],
    ) -> None:
        await subscription.create(items)
        self._line = Line(session, nodes, subscription, self._settings.timeout)
        self._connected()
        await self._retry_refused(session, subscription)

    async def _retry_refused(self, session: OpcUaSession, subscription: Subscription) -> None:
        while True:
            await asyncio.sleep(RETRY_ITEMS)
            if not subscription.failing:
                continue
            try:
                await session.learn()
                await subscription.create(subscription.failing)
            except (TimeoutError, UaError) as error:
                log.info("items still refused", connection=self.name, reason=describe(error))

    def _connected(self) -> None:
        self._last_error = None
        self._told = None
        self._enter(ConnectionState.CONNECTED)
        log.info(
            "connected to machine",
            connection=self.name,
            url=self._settings.url,
            bindings=len(self._points),
        )

    def _lost(self, error: Exception) -> None:
        self._last_error = describe(error)
        self._enter(ConnectionState.DISCONNECTED)
        if self._told == self._last_error:
            return
        # One outage is one warning, unless it turns out that somebody must do something.
        tell = log.warning if self._told is None or is_permanent(error) else log.info
        self._told = self._last_error
        tell(
            "no connection to machine",
            connection=self.name,
            url=self._settings.url,
            reason=self._last_error,
        )

    def _enter(self, state: ConnectionState) -> None:
        if state is not ConnectionState.CONNECTED:
            self._hub.degrade(self._points, BAD_NO_COMMUNICATION)
        self._counters.up(up=state is ConnectionState.CONNECTED)
        if state is not self._state:
            self._state = state
            self._since = self._clock.now()
        self._on_change()

    def _delay(self, error: Exception) -> float:
        """Return how long to wait before the next attempt, spread so that machines are not met at
        once.
        """
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(self._failures, 10))
        if isinstance(error, ConnectionRefused):
            delay = REFUSED_DELAY
        elif is_permanent(error):
            delay = SLOW_DELAY
        return delay * (0.5 + 0.5 * self._chance())


async def _first_failure(*work: Coroutine[Any, Any, None]) -> Exception:
    """Run ``work`` side by side until something of it fails; return why, when all of it has ended.

    No TaskGroup: one that failed leaves its task marked as being cancelled, and with Python 3.11.2
    the next timeout in that task then ends it in silence.
    """
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        failed = [task.exception() for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return next(error for error in failed if isinstance(error, Exception))

"""The life of one connection: made, held, lost, made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aas_server.bindings.backoff import Backoff
from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.link import Link
from aas_server.bindings.opcua.active_alarms import ActiveAlarms
from aas_server.bindings.opcua.alarms import Alarms
from aas_server.bindings.opcua.deadline import is_cancelled
from aas_server.bindings.opcua.events import EventListener
from aas_server.bindings.opcua.history import HistoryFiller
from aas_server.bindings.opcua.intake import Intake
from aas_server.bindings.opcua.items import Items
from aas_server.bindings.opcua.nodes import Nodes
from aas_server.bindings.opcua.opening import open_session
from aas_server.bindings.opcua.placement import Placement
from aas_server.bindings.opcua.polling import Polling
from aas_server.bindings.opcua.problems import describe, failure_of, is_permanent
from aas_server.bindings.opcua.publishing import PUBLISH_REQUESTS, Publishing
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.subscriptions import Subscriptions
from aas_server.bindings.opcua.writer import Line, OpcUaWriter
from aas_server.bindings.opcua.written_nodes import WrittenNodes
from aas_server.bindings.plant.alarms import AlarmSettings
from aas_server.bindings.plant.opcua import OpcUaBindingSettings, OpcUaConnectionSettings
from aas_server.bindings.side_by_side import first_failure
from aas_server.bindings.status import ConnectionReport


class OpcUaSupervisor:
    """Keeps one connection and all that it feeds; ``run`` is its life, cancelling ends it cleanly.

    Each session is made from nothing; ``Link`` says how the connection stands.
    """

    def __init__(
        self, name: str, settings: OpcUaConnectionSettings, context: ConnectionContext
    ) -> None:
        self._settings = settings
        self._hub = context.hub
        self._clock = context.clock
        self._pki = context.pki
        self._link = Link(name, settings.url, context)
        self._backoff = Backoff(context.chance)
        self._line: Line | None = None
        self._stood = 0.0
        self._on_change = context.on_change
        self._items = Items(self._link.counters, context.on_change)
        self._listeners: list[EventListener] = []
        self._placement: Placement | None = None
        self._history = HistoryFiller(name, context.clock)
        self._written = WrittenNodes(name, context.on_change)
        self._alarms = Alarms(name, context.hub, context.clock)

    @property
    def name(self) -> str:
        """Return the name by which rows call the connection."""
        return self._link.name

    def line(self) -> Line | None:
        """Return the connection while it stands."""
        return self._line

    def writer(self, binding: Binding) -> OpcUaWriter | None:
        """Return what takes clients' values of ``binding`` to the machine."""
        settings = binding.settings
        if not isinstance(settings, OpcUaBindingSettings):
            return None
        return OpcUaWriter(binding, settings, self.line, self._link.counters)

    def change(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        """Feed other bindings from now on, in the present session if there is one."""
        new, gone = list(added), list(removed)
        self._items.remove(gone)
        self._items.add(new)
        self._history.change(new, gone)
        self._link.change(new, gone)
        self._written.change(new, gone)
        self._change_alarms(new, gone)
        self._wake()

    def listen(self, listener: EventListener) -> None:
        """Let ``listener`` hear of events, in this session and in all that follow."""
        self._listeners.append(listener)
        if self._placement is not None:
            self._placement.listen(listener)

    def active_alarms(self, settings: AlarmSettings) -> ActiveAlarms | None:
        """Return the list of alarms that ``settings`` want, None when there is none."""
        feed = self._alarms.of(settings)
        return None if feed is None else feed.active

    def ignore(self, listener: EventListener) -> None:
        """Let ``listener`` hear of events no more."""
        self._listeners.remove(listener)
        if self._placement is not None:
            self._placement.ignore(listener)

    async def run(self) -> None:
        """Hold the connection until cancelled; no failure of the machine ends this."""
        try:
            while True:
                try:
                    error = await self._session()
                except asyncio.CancelledError:
                    if is_cancelled():
                        raise
                    # It was not us: asyncua says so where an answer comes as the time is over.
                    error = TimeoutError()
                    self._lost(error)
                await asyncio.sleep(self._backoff.delay(failure_of(error), stood=self._stood))
        finally:
            self._link.stopped()

    def report(self) -> ConnectionReport:
        """Return how the connection and its bindings fare."""
        return self._link.report()

    async def _session(self) -> Exception:
        """Make one session and hold it; return what ended it."""
        self._stood = 0.0
        try:
            session = await open_session(self._settings, self._pki)
        except Exception as error:  # whatever a machine does, another attempt follows
            self._lost(error)
            return error
        began = self._clock.monotonic()
        try:
            return await self._hold(session)
        finally:
            self._stood = self._clock.monotonic() - began
            await session.close()

    async def _hold(self, session: OpcUaSession) -> Exception:
        nodes, counters = Nodes(session), self._link.counters
        intake = Intake(self._items, self._hub, self._clock, counters, on_look=self._wake)
        publishing = Publishing(session, intake, self._clock, counters)
        polling = Polling(session, intake, self._clock)
        placement = Placement(
            session,
            nodes,
            self._items,
            Subscriptions(session, self._settings, publishing, self._clock),
            self._settings.publishing_interval,
            intake=intake,
            publishing=publishing,
            polling=polling,
            hub=self._hub,
            clock=self._clock,
        )
        self._placement = placement
        try:
            await placement.open(self._listeners)
            error = await first_failure(
                *(publishing.fetch() for _ in range(PUBLISH_REQUESTS)),
                publishing.watch(),
                polling.run(),
                session.keep_channel(),
                session.keep_session(),
                self._history.run(session, nodes),
                self._written.run(nodes),
                self._alarms.run(session),
                nodes.types.learn(intake.take),
                self._feed(placement, Line(session, nodes, intake, self._settings.timeout)),
            )
        except Exception as failure:
            error = failure
        finally:
            intake.closed = True
            self._line = self._placement = None
            placement.end("the session ended")
        # First the truth about the values, then the farewell, which may take a second.
        self._lost(error)
        return error

    async def _feed(self, placement: Placement, line: Line) -> None:
        await placement.settle()
        self._line = line
        self._link.connected(line.session.notice)
        await placement.keep()

    def _change_alarms(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        for binding in removed:
            listener = self._alarms.remove(binding)
            if listener is not None:
                self.ignore(listener)
        for binding in added:
            listener = self._alarms.add(binding, self._link.counters, self._on_change)
            if listener is not None:
                self.listen(listener)

    def _wake(self) -> None:
        if self._placement is not None:
            self._placement.wake()

    def _lost(self, error: Exception) -> None:
        self._link.lost(describe(error), is_permanent=is_permanent(error))

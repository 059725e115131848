"""The life of one connection to a broker: made, held, lost, made anew."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from aas_server.bindings.backoff import Backoff, Failure
from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.link import Link
from aas_server.bindings.messages.intake import Intake
from aas_server.bindings.messages.message_feed import MessageFeed
from aas_server.bindings.messages.outlet import Outlet
from aas_server.bindings.messages.problems import describe, failure_of
from aas_server.bindings.plant.messages import BrokerSettings, MessageBindingSettings
from aas_server.bindings.side_by_side import first_failure
from aas_server.bindings.status import ConnectionReport
from aas_server.live.hub import ElementWriter

RETRY_REFUSED: Final = 30.0
"""Seconds before subscriptions that the broker refused are tried again."""

_LONGEST_LOOK: Final = 1.0
_SHORTEST_LOOK: Final = 0.1
"""Seconds between two looks at which bindings fell silent."""


class Session(Protocol):
    """One connection to a broker, made from nothing and never made again."""

    @property
    def last_heard(self) -> float:
        """Return when the broker last gave a sign of life, in seconds of the monotonic clock."""

    async def open(self) -> None:
        """Connect; raises what ``describe`` and ``failure_of`` know."""

    async def update(self) -> None:
        """Subscribe what is wanted and not yet subscribed, and the other way round.

        What the broker refused before is tried again. Raises when the connection fails.
        """

    async def watch(self) -> None:
        """Return never; raises when the connection has ended, or has been silent too long."""

    async def close(self) -> None:
        """End it, whatever state it is in."""


S = TypeVar("S", bound=Session)
B = TypeVar("B", bound=BrokerSettings)


class BrokerConnection(ABC, Generic[B, S]):
    """Keeps one connection and all that it feeds; ``run`` is its life, cancelling ends it cleanly.

    ::

        client --callback--> inbox --intake--> routes --> hub

    Each session is made from nothing; ``Link`` says how the connection stands.
    """

    def __init__(self, name: str, settings: B, context: ConnectionContext) -> None:
        self.settings = settings
        self.link = Link(name, settings.url, context)
        self.clock = context.clock
        self.on_change = context.on_change
        self.outlet = Outlet(context.hub, self.link.counters)
        self.intake = Intake(self.outlet, context.clock, self.link.counters)
        self.session: S | None = None
        self._backoff = Backoff(context.chance)
        self._is_changed = asyncio.Event()
        self._stood = 0.0
        self._shortest_interval: float | None = None

    @property
    def name(self) -> str:
        """Return the name by which rows call it."""
        return self.link.name

    @property
    def timeout(self) -> float:
        """Return the seconds that an answer may take."""
        return self.settings.timeout

    def report(self) -> ConnectionReport:
        """Return how the connection and its bindings fare."""
        if self.session is not None:
            self.link.counters.heard(self.session.last_heard)
        return self.link.report()

    def change(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        """Feed other bindings from now on, in the present session if there is one."""
        news, gone = list(added), list(removed)
        self.link.change(news, gone)
        for binding in gone:
            self.remove(binding)
        for binding in news:
            if binding.sink is not None and binding.point is not None:
                self.add(binding)
        self.outlet.flush()
        self._note_intervals()
        self._is_changed.set()

    @abstractmethod
    def writer(self, binding: Binding) -> ElementWriter | None:
        """Return what takes clients' values of ``binding`` to the broker."""

    @abstractmethod
    def add(self, binding: Binding) -> None:
        """Feed ``binding``, which has a sink and a point."""

    @abstractmethod
    def remove(self, binding: Binding) -> None:
        """Feed ``binding`` no more; fine when it never was fed."""

    @abstractmethod
    def feeds(self) -> Iterable[MessageFeed]:
        """Return every feed of messages once."""

    @abstractmethod
    def begin(self, now: float) -> None:
        """Begin a session: nothing was heard in it yet."""

    @abstractmethod
    def end(self) -> None:
        """End a session: nothing of it is known any more."""

    @abstractmethod
    def make_session(self) -> S:
        """Return a session that is not open yet."""

    def tick(self) -> None:
        """Do what is to be done about once a second while a session stands."""

    async def serve(self, session: S) -> None:
        """Do what else is to be done while ``session`` stands, and return never."""
        await asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Hold the connection until cancelled; no failure of the broker ends this."""
        try:
            while True:
                error = await self._session()
                delay = self._backoff.delay(failure_of(error), stood=self._stood)
                await asyncio.sleep(delay)
        finally:
            self.link.stopped()

    def feed(self, binding: Binding, settings: MessageBindingSettings) -> MessageFeed:
        """Return a new feed of ``binding``, which is planned."""
        if binding.sink is None or binding.point is None:
            raise AssertionError("only planned bindings are fed")
        return MessageFeed(
            binding,
            settings,
            binding.sink,
            binding.point,
            outlet=self.outlet,
            counters=self.link.counters,
            on_change=self.on_change,
            max_payload=self.settings.max_payload,
        )

    async def _session(self) -> Exception:
        """Make one session and hold it; return what ended it."""
        self._stood = 0.0
        session = self.make_session()
        try:
            try:
                await session.open()
            except Exception as error:  # whatever a broker does, another attempt follows
                self._lost(error)
                return error
            began = self.clock.monotonic()
            try:
                return await self._hold(session)
            finally:
                self._stood = self.clock.monotonic() - began
        finally:
            await session.close()

    async def _hold(self, session: S) -> Exception:
        self.begin(self.clock.monotonic())
        try:
            error = await first_failure(
                session.watch(),
                self._follow(session),
                self.intake.run(),
                self._watch_silence(),
                self.serve(session),
            )
        finally:
            self.session = None
            self.intake.clear()
            self.outlet.flush()
            self.end()
        # First the truth about the values, then the farewell, which may take a moment.
        self._lost(error)
        return error

    async def _follow(self, session: S) -> None:
        self._is_changed.clear()
        await session.update()
        self.session = session
        self.link.connected()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_REFUSED):
                    await self._is_changed.wait()
            self._is_changed.clear()
            await session.update()

    async def _watch_silence(self) -> None:
        while True:
            shortest = self._shortest_interval
            pause = _LONGEST_LOOK if shortest is None else shortest / 4
            await asyncio.sleep(min(_LONGEST_LOOK, max(_SHORTEST_LOOK, pause)))
            if shortest is not None:
                now = self.clock.monotonic()
                for feed in self.feeds():
                    feed.look_at_silence(now)
            self.tick()

    def _note_intervals(self) -> None:
        intervals = [feed.expected for feed in self.feeds() if feed.expected is not None]
        self._shortest_interval = min(intervals, default=None)

    def _lost(self, error: Exception) -> None:
        is_permanent = failure_of(error) is not Failure.LOST
        self.link.lost(describe(error), is_permanent=is_permanent)

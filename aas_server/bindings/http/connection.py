"""The connection to one HTTP server: all its addresses asked in their turn, as long as it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias

from aas_server.bindings.backoff import REFUSED_DELAY, Backoff, Failure
from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.feed import Feed
from aas_server.bindings.http.client import HttpClient, failed
from aas_server.bindings.http.poll import Poll, PollFeed
from aas_server.bindings.http.problems import (
    AnswerProblem,
    refused_answer,
    write_lost,
    write_refused,
)
from aas_server.bindings.link import Link
from aas_server.bindings.messages.writer import MessageWriter, encoder
from aas_server.bindings.plant.http import (
    HttpBindingSettings,
    HttpConnectionSettings,
    HttpWriteSettings,
)
from aas_server.bindings.status import ConnectionReport
from aas_server.errors import ConfigurationError, DeviceUnreachable
from aas_server.live.hub import ElementWriter
from aas_server.live.values import BAD_NO_COMMUNICATION, status_name

_Key: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
_LONGEST_PAUSE: Final = 3600.0


class HttpConnection:
    """Polls one server; ``run`` is its life, cancelling ends it cleanly.

    ::

        due polls --at most maxRequests at once--> answer --> values of all bindings of the address

    ``Link`` says how the server stands: it is lost when it cannot be connected to, or when nothing
    of it answers in time; an address that answers with a failure is bad alone.
    """

    def __init__(
        self, name: str, settings: HttpConnectionSettings, context: ConnectionContext
    ) -> None:
        self._settings = settings
        self._hub = context.hub
        self._clock = context.clock
        self._on_change = context.on_change
        self._link = Link(name, settings.url, context)
        self._backoff = Backoff(context.chance)
        self._chance = context.chance
        self._polls: dict[_Key, Poll] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._client: HttpClient | None = None
        self._answered = 0.0

    @property
    def name(self) -> str:
        """Return the name by which rows call it."""
        return self._link.name

    def report(self) -> ConnectionReport:
        """Return how the connection and its bindings fare."""
        return self._link.report()

    def change(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        """Feed other bindings from now on; what is new is asked for at once."""
        news, gone = list(added), list(removed)
        self._link.change(news, gone)
        for binding in gone:
            self._remove(binding)
        for binding in news:
            self._add(binding)
        self._wake.set()

    def writer(self, binding: Binding) -> ElementWriter | None:
        """Return what takes clients' values of ``binding`` to the server."""
        settings = binding.settings
        if not isinstance(settings, HttpBindingSettings) or settings.write is None:
            return None
        send = partial(self._send, settings, settings.write)
        return MessageWriter(binding, encoder(settings.write), send, self._link.counters)

    async def run(self) -> None:
        """Poll until cancelled; no failure of the server ends this."""
        try:
            while True:
                try:
                    self._client = await asyncio.to_thread(HttpClient, self._settings)
                    break
                except ConfigurationError as error:
                    self._link.lost(error.text, is_permanent=True)
                    await asyncio.sleep(REFUSED_DELAY)
            while True:
                pause = self._begin_due()
                self._wake.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
        finally:
            await self._close()

    async def _close(self) -> None:
        client, self._client = self._client, None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        self._link.stopped()
        await asyncio.gather(*tasks, return_exceptions=True)
        if client is not None:
            await client.close()

    def _add(self, binding: Binding) -> None:
        settings = binding.settings
        if (
            not isinstance(settings, HttpBindingSettings)
            or binding.sink is None
            or binding.point is None
        ):
            return
        key = _key(settings)
        poll = self._polls.get(key)
        if poll is None:
            counters = self._link.counters
            poll = Poll(settings.href, settings.headers, self._settings.interval, counters)
            self._polls[key] = poll
        feed = Feed(binding, binding.point, self._link.counters, self._on_change)
        poll.add(binding, PollFeed(feed, settings, binding.sink))
        poll.due = 0.0

    def _remove(self, binding: Binding) -> None:
        settings = binding.settings
        if isinstance(settings, HttpBindingSettings):
            key = _key(settings)
            poll = self._polls.get(key)
            if poll is not None and not poll.remove(binding):
                del self._polls[key]

    def _begin_due(self) -> float:
        """Ask what is due, as far as there is room; return the seconds until something else is."""
        now = self._clock.monotonic()
        idle = [each for each in self._polls.values() if not each.is_under_way]
        due = sorted((each for each in idle if each.due <= now), key=lambda each: each.due)
        for poll in due[: self._settings.max_requests - len(self._tasks)]:
            poll.is_under_way = True
            task = asyncio.create_task(self._ask(poll), name=f"polling {self.name}")
            self._tasks.add(task)
            task.add_done_callback(self._asked)
        later = min((each.due for each in idle if each.due > now), default=now + _LONGEST_PAUSE)
        return max(0.001, later - now)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()

    async def _ask(self, poll: Poll) -> None:
        client = self._client
        if client is None:
            return
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(2 * self._settings.timeout):
                answer = await client.request("GET", poll.href, headers=poll.headers)
            if not 200 <= answer.status < 300 and answer.status != 304:
                raise refused_answer(answer.status, answer.body)
        except Exception as error:  # whatever a server does, another request follows
            self._failed(poll, failed(error), began)
        else:
            self._is_there(began)
            poll.clear(self._on_change)
            batch = poll.take(answer, self._hub.now())
            self._link.counters.received(len(batch))
            self._hub.apply(batch)
            poll.due = began + poll.interval
        finally:
            poll.is_under_way = False

    def _failed(self, poll: Poll, problem: AnswerProblem, began: float) -> None:
        is_lost = problem.is_lost or (
            problem.status_code == BAD_NO_COMMUNICATION and self._answered <= began
        )
        now = self._clock.monotonic()
        if is_lost:
            self._link.lost(problem.text)
            pause = self._backoff.delay(Failure.LOST, stood=0.0)
        else:
            if problem.status_code != BAD_NO_COMMUNICATION:
                self._is_there(began)
            # Not all at once that fail at once.
            pause = poll.interval * (0.5 + 0.5 * self._chance())
        poll.due = max(began + poll.interval, now + pause)
        if is_lost:
            poll.forget()
        else:
            poll.fail(problem, self._on_change)
        self._hub.degrade(poll.points, problem.status_code)

    def _is_there(self, began: float) -> None:
        """Note that the server answered a request that ``began`` then."""
        self._answered = self._clock.monotonic()
        if self._link.is_connected:
            self._link.heard()
            return
        self._backoff = Backoff(self._chance)
        self._link.connected()
        # What was lost with it is asked for now, not when its pause is over.
        for poll in self._polls.values():
            poll.due = min(poll.due, began + poll.interval)
        self._wake.set()

    async def _send(
        self, settings: HttpBindingSettings, write: HttpWriteSettings, payload: bytes, path: str
    ) -> None:
        """Send ``payload`` and return once the server took it; raises ``DeviceError``."""
        client = self._client
        if client is None:
            raise DeviceUnreachable(
                "there is no connection to the server",
                status_code=BAD_NO_COMMUNICATION,
                status_name=status_name(BAD_NO_COMMUNICATION),
                path=path,
            )
        kind = "application/json" if write.format == "json" else "text/plain; charset=utf-8"
        href = write.href or settings.href
        try:
            async with asyncio.timeout(2 * self._settings.timeout):
                answer = await client.request(
                    write.method,
                    href,
                    headers={**settings.headers, "content-type": kind},
                    content=payload,
                )
        except AnswerProblem as problem:
            raise write_refused(502, problem.text.encode(), path=path) from None
        except Exception as error:
            raise write_lost(error, path=path) from error
        if not 200 <= answer.status < 300:
            raise write_refused(answer.status, answer.body, path=path)
        poll = self._polls.get(_key(settings))
        if poll is not None:
            poll.due = 0.0
            self._wake.set()


def _key(settings: HttpBindingSettings) -> _Key:
    return settings.href, tuple(sorted(settings.headers.items()))

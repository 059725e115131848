"""A poll: one address that is asked, and all bindings that its answers feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from email.utils import parsedate_to_datetime
from typing import Final

from aas_server.bindings import metrics
from aas_server.bindings.binding import Binding
from aas_server.bindings.feed import Feed
from aas_server.bindings.http.client import Answer
from aas_server.bindings.http.problems import BAD_DECODING_ERROR, AnswerProblem
from aas_server.bindings.messages.extraction import Extraction
from aas_server.bindings.messages.payload import Payload
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.plant.http import HttpBindingSettings
from aas_server.clock import to_microseconds
from aas_server.live.hub import LivePoint
from aas_server.live.sinks import Sink
from aas_server.live.values import (
    UNCERTAIN_LAST_USABLE_VALUE,
    LiveValue,
    Quality,
    quality_of,
)

_MICROSECONDS: Final = 1_000_000


class PollFeed:
    """One binding that answers feed."""

    __slots__ = ("extraction", "feed", "settings")

    def __init__(self, feed: Feed, settings: HttpBindingSettings, sink: Sink) -> None:
        self.feed = feed
        self.settings = settings
        self.extraction = Extraction(settings, sink)


class Poll:
    """One address with its headers, how often it is asked, and what it feeds.

    ``due`` is when it is asked next, in the clock's monotonic seconds.
    """

    def __init__(
        self,
        href: str,
        headers: dict[str, str],
        default_interval: float,
        counters: ConnectionMetrics,
    ) -> None:
        self.href = href
        self.due = 0.0
        self.is_under_way = False
        self._headers = headers
        self._default_interval = default_interval
        self._counters = counters
        self._feeds: dict[Binding, PollFeed] = {}
        self._tag: str | None = None
        self._body = b""

    def add(self, binding: Binding, feed: PollFeed) -> None:
        """Feed one more binding."""
        self._feeds[binding] = feed

    def remove(self, binding: Binding) -> bool:
        """Feed ``binding`` no more; returns whether any is left."""
        self._feeds.pop(binding, None)
        return bool(self._feeds)

    @property
    def interval(self) -> float:
        """Return the seconds between two requests, as the most eager binding wants it."""
        wanted = (each.settings.interval or self._default_interval for each in self._feeds.values())
        return min(wanted, default=self._default_interval)

    @property
    def points(self) -> Iterable[LivePoint]:
        """Return what it feeds."""
        return [each.feed.point for each in self._feeds.values()]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the next request; a known answer need not be sent again."""
        if self._tag is None:
            return self._headers
        return {**self._headers, "if-none-match": self._tag}

    def take(self, answer: Answer, received: int) -> list[tuple[LivePoint, LiveValue]]:
        """Return what a successful answer says, or one that says that nothing has changed."""
        if answer.status == 304:
            body = self._body
        else:
            body = self._body = answer.body
            self._tag = answer.headers.get("etag")
        payload = Payload(body)
        return [
            (each.feed.point, self._value(each, payload, answer, received))
            for each in self._feeds.values()
        ]

    def forget(self) -> None:
        """Forget what the server need not send again: it may not be the same any more."""
        self._tag = None
        self._body = b""

    def fail(self, problem: AnswerProblem, on_change: Callable[[], None]) -> None:
        """Say why there is no answer."""
        self.forget()
        for each in self._feeds.values():
            if each.feed.source_problem(problem.text):
                on_change()

    def clear(self, on_change: Callable[[], None]) -> None:
        """Say that there are answers again."""
        for each in self._feeds.values():
            if each.feed.source_problem(None):
                on_change()

    def _value(self, each: PollFeed, payload: Payload, answer: Answer, received: int) -> LiveValue:
        try:
            status = each.extraction.status(payload)
            time = each.extraction.time(payload)
            is_bad = quality_of(status) is Quality.BAD
            value = None if is_bad else each.extraction.value(payload)
            if each.settings.time_header is not None:
                time = _header_time(answer, each.settings.time_header)
        except ValueError as error:
            self._counters.dropped(metrics.UNDECODABLE)
            each.feed.value_problem(str(error))
            return LiveValue(None, Quality.BAD, BAD_DECODING_ERROR, None, received)
        expected = each.settings.expected_interval
        if (
            expected is not None
            and time is not None
            and received - time > expected * _MICROSECONDS
            and quality_of(status) is Quality.GOOD
        ):
            status = UNCERTAIN_LAST_USABLE_VALUE
        return each.feed.live(value, status, time, received)


def _header_time(answer: Answer, name: str) -> int | None:
    text = answer.headers.get(name.lower())
    if text is None:
        return None
    try:
        return to_microseconds(parsedate_to_datetime(text))
    except (ValueError, TypeError):
        raise ValueError(f"the answer's {name} is {text[:80]!r}, which is no date") from None

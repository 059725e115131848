"""One binding that messages feed: its value, its quality, its silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aas_server.bindings import metrics
from aas_server.bindings.binding import Binding
from aas_server.bindings.feed import Feed
from aas_server.bindings.messages.extraction import Extraction
from aas_server.bindings.messages.inbox import Message
from aas_server.bindings.messages.outlet import Outlet
from aas_server.bindings.messages.payload import Payload
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.plant.messages import MessageBindingSettings
from aas_server.live.hub import LivePoint
from aas_server.live.sinks import Sink
from aas_server.live.values import (
    BAD_NO_COMMUNICATION,
    UNCERTAIN_LAST_USABLE_VALUE,
    LiveValue,
    Quality,
    quality_of,
)

BAD_DECODING_ERROR: Final = 0x80070000
_GONE: Final = "the device is gone, its availability topic says"


class MessageFeed:
    """Turns messages into the live values of one binding.

    ``outlet`` and ``counters`` are the connection's; ``on_change`` is called when what hinders the
    binding has changed.
    """

    __slots__ = (
        "_away",
        "_counters",
        "_due",
        "_extraction",
        "_heard",
        "_max_payload",
        "_on_change",
        "_outlet",
        "_refusals",
        "_silence",
        "expected",
        "feed",
    )

    def __init__(
        self,
        binding: Binding,
        settings: MessageBindingSettings,
        sink: Sink,
        point: LivePoint,
        *,
        outlet: Outlet,
        counters: ConnectionMetrics,
        on_change: Callable[[], None],
        max_payload: int,
    ) -> None:
        self.feed = Feed(binding, point, counters, on_change)
        self._outlet = outlet
        self._counters = counters
        self._on_change = on_change
        self._max_payload = max_payload
        self._extraction = Extraction(settings, sink)
        self.expected = settings.expected_interval
        self._due: float | None = None
        self._heard = False
        self._refusals: dict[object, str] = {}
        self._away: str | None = None
        self._silence: str | None = None

    @property
    def point(self) -> LivePoint:
        """Return what it feeds."""
        return self.feed.point

    def take(self, message: Message, payload: Payload, now: float) -> None:
        """Show what ``message`` says; ``now`` are the clock's monotonic seconds.

        One that tells nothing of now is dropped: of a device that is gone, or one that the broker
        had kept when newer ones have come.
        """
        if self._away is not None:
            self._counters.dropped(metrics.OFFLINE)
            return
        if message.is_old:
            if self._heard:
                return
        else:
            self._heard = True
        if self.expected is not None:
            self._due = now + self.expected
            if self._silence is not None:
                self._silence = None
                self._tell()
        try:
            if message.size is not None:
                raise ValueError(
                    f"the payload has {message.size} bytes and may have {self._max_payload} "
                    "(maxPayload)"
                )
            status = self._extraction.status(payload)
            time = self._extraction.time(payload)
            value = (
                self._extraction.value(payload) if quality_of(status) is not Quality.BAD else None
            )
        except ValueError as error:
            self._refuse(str(error), message)
            return
        if message.is_old and quality_of(status) is Quality.GOOD:
            status = UNCERTAIN_LAST_USABLE_VALUE
        if time is None:
            time = message.time
        self._outlet.show(self.point, self.feed.live(value, status, time, message.received))

    def begin(self, now: float) -> None:
        """Begin a session: nothing was heard in it yet."""
        self._heard = False
        self._due = None if self.expected is None else now + self.expected

    def end(self) -> None:
        """End a session: what it said of silence and absence is not known any more."""
        self._due = None
        self._silence = self._away = None
        self._refusals.clear()
        self._tell()

    def look_at_silence(self, now: float) -> None:
        """Lower the value's quality when no message came for longer than was expected."""
        if self._due is None or now < self._due or self._silence is not None:
            return
        self._silence = f"no message for {self.expected:g} s, as expectedInterval says"
        self._tell()
        self._outlet.make_uncertain([self.point])

    def refuse(self, place: object, problem: str | None, status_code: int) -> None:
        """Say why the broker gives no messages of ``place``, None when it does."""
        if problem == self._refusals.get(place):
            return
        if problem is None:
            del self._refusals[place]
        else:
            self._refusals[place] = problem
        self._tell()
        if problem is not None:
            self._outlet.degrade([self.point], status_code)

    def leave(self) -> None:
        """Say that the device is gone: the value is bad until one of its own comes after its
        return.
        """
        self._away = _GONE
        self._outlet.degrade([self.point], BAD_NO_COMMUNICATION)
        self._tell()

    def come_back(self) -> None:
        """Say that the device is there again."""
        if self._away is not None:
            self._away = None
            self._heard = True  # what the broker kept is from before
            self._tell()

    def _refuse(self, problem: str, message: Message) -> None:
        self._counters.dropped(metrics.UNDECODABLE)
        if self.feed.value_problem(problem):
            self._on_change()
        bad = LiveValue(None, Quality.BAD, BAD_DECODING_ERROR, None, message.received)
        self._outlet.show(self.point, bad)

    def _tell(self) -> None:
        refused = next(iter(self._refusals.values()), None)
        if self.feed.source_problem(refused or self._away or self._silence):
            self._on_change()

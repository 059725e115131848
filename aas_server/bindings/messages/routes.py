"""Routes: one subscription each, and all that its messages feed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from aas_server.bindings.binding import Binding
from aas_server.bindings.messages.inbox import Message
from aas_server.bindings.messages.message_feed import MessageFeed
from aas_server.bindings.messages.payload import Payload, Undecodable


class Receiver(Protocol):
    """Makes values of messages."""

    def take(self, message: Message, now: float) -> None:
        """Show what ``message`` says; ``now`` are the clock's monotonic seconds."""


class Watch:
    """A binding's device that says on a topic of its own whether it is there."""

    __slots__ = ("feed", "offline", "online")

    def __init__(self, feed: MessageFeed, online: str, offline: str) -> None:
        self.feed = feed
        self.online = online
        self.offline = offline

    def look(self, payload: Payload) -> None:
        """Take in what the device, or its last will, says; other texts say nothing."""
        try:
            text = payload.text()
        except Undecodable:
            return
        if text == self.offline:
            self.feed.leave()
        elif text == self.online:
            self.feed.come_back()


class Route:
    """One subscription: the bindings that its messages feed, and those whose device it watches.

    ``last`` is its newest message, for bindings that are added later.
    """

    __slots__ = ("_feeds", "_watches", "last")

    def __init__(self) -> None:
        self._feeds: dict[Binding, MessageFeed] = {}
        self._watches: dict[Binding, Watch] = {}
        self.last: Message | None = None

    @property
    def feeds(self) -> Iterable[MessageFeed]:
        """Return what its messages feed or say the availability of."""
        yield from self._feeds.values()
        for watch in self._watches.values():
            yield watch.feed

    @property
    def bindings(self) -> set[Binding]:
        """Return all that it is needed for."""
        return self._feeds.keys() | self._watches.keys()

    @property
    def is_needed(self) -> bool:
        """Return whether there is anything that it is needed for."""
        return bool(self._feeds or self._watches)

    def add(self, binding: Binding, feed: MessageFeed, now: float) -> None:
        """Feed one more binding, with the newest message to begin with."""
        self._feeds[binding] = feed
        feed.begin(now)
        if self.last is not None:
            feed.take(self.last, Payload(self.last.payload), now)

    def watch(self, binding: Binding, watch: Watch) -> None:
        """Let it say of one more binding whether its device is there."""
        self._watches[binding] = watch
        if self.last is not None:
            watch.look(Payload(self.last.payload))

    def remove(self, binding: Binding) -> None:
        """Feed and watch ``binding`` no more."""
        self._feeds.pop(binding, None)
        self._watches.pop(binding, None)

    def take(self, message: Message, now: float) -> None:
        """Show what ``message`` says in every binding that it feeds."""
        self.last = message
        payload = Payload(message.payload)
        for feed in self._feeds.values():
            feed.take(message, payload, now)
        for watch in self._watches.values():
            watch.look(payload)

    def begin(self, now: float) -> None:
        """Begin a session."""
        for feed in self._feeds.values():
            feed.begin(now)

    def end(self) -> None:
        """End a session: nothing of it is known any more."""
        self.last = None
        for feed in self._feeds.values():
            feed.end()

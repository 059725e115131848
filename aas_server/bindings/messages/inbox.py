"""The inbox: messages that wait to be decoded, in bounded memory."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, NamedTuple, TypeVar

R = TypeVar("R")

MAX_WAITING: Final = 10_000
"""Messages that wait before older ones of the same route give way."""

MAX_WAITING_BYTES: Final = 16 * 1024 * 1024


class Message(NamedTuple):
    """What a broker delivered; times in microseconds since the epoch.

    ``is_old``: the broker itself says that it kept the message for us (retained, redelivered).
    ``time`` is when the sender made it, as the protocol tells, None when it does not. The payload
    of one that is larger than may be is left out and ``size`` tells how large it was. ``topic`` is
    where it was sent to.
    """

    payload: bytes
    received: int
    is_old: bool = False
    time: int | None = None
    size: int | None = None
    topic: str = ""


class Inbox(Generic[R]):
    """Takes messages in as fast as they come and gives them out in their order.

    When too many wait, or too many bytes, only the newest of each route stays: that one is never
    lost, and memory is bounded by the limits or by two messages a route, whichever is more.
    """

    def __init__(
        self, *, max_waiting: int = MAX_WAITING, max_bytes: int = MAX_WAITING_BYTES
    ) -> None:
        self._max_waiting = max_waiting
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[R, Message]] = deque()
        self._bytes = 0
        self._limit = max_waiting
        self._limit_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, route: R, message: Message) -> int:
        """Take ``message`` in; returns how many older ones gave way."""
        self._waiting.append((route, message))
        self._bytes += len(message.payload)
        if len(self._waiting) <= self._limit and self._bytes <= self._limit_bytes:
            return 0
        return self._conflate()

    def take(self, count: int) -> list[tuple[R, Message]]:
        """Return up to ``count`` of the oldest and forget them."""
        waiting = self._waiting
        taken = [waiting.popleft() for _ in range(min(count, len(waiting)))]
        self._bytes -= sum(len(message.payload) for _, message in taken)
        if not waiting:
            self._limit, self._limit_bytes = self._max_waiting, self._max_bytes
        return taken

    def clear(self) -> None:
        """Forget all: what waits belongs to a session that is over."""
        self._waiting.clear()
        self._bytes = 0
        self._limit, self._limit_bytes = self._max_waiting, self._max_bytes

    def _conflate(self) -> int:
        before = len(self._waiting)
        newest: dict[R, Message] = {}
        for route, message in reversed(self._waiting):
            newest.setdefault(route, message)
        self._waiting = deque(reversed(newest.items()))
        self._bytes = sum(len(message.payload) for message in newest.values())
        # What is left may be near the limit: then the next look is worth it after as many again.
        self._limit = max(self._max_waiting, 2 * len(self._waiting))
        self._limit_bytes = max(self._max_bytes, 2 * self._bytes)
        return before - len(self._waiting)

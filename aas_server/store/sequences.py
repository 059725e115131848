"""Sequences: the order of creation, without asking the database for a number."""

from __future__ import annotations

import secrets
from typing import Final

from aas_server.clock import Clock

_SERVERS: Final = 1024


class Sequences:
    """Numbers that grow with the time, a little different on every server of one database.

    Microseconds since the epoch, followed by ten bits that a server drew for itself: two documents
    get the same number only when two servers that drew the same bits create them in the same
    microsecond, and then the database refuses the second one, which is made again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._server = secrets.randbelow(_SERVERS)
        self._last = 0

    def follow(self, last: int) -> None:
        """Give only numbers above ``last``, whatever the clock says."""
        self._last = max(self._last, last)

    def next(self) -> int:
        """Return a number above every one that was given before."""
        self._last = max(self._last + 1, self._clock.now() * _SERVERS + self._server)
        return self._last

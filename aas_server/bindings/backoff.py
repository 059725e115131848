"""How long to wait before a machine is tried again."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

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


class Failure(enum.Enum):
    """What kind of failure ended a connection."""

    LOST = "lost"
    """It may work again at any moment."""
    REFUSED_BY_US = "refused by us"
    """We do not talk to this machine as things are."""
    PERMANENT = "permanent"
    """Trying again soon is useless or harmful: credentials, refused policies."""


class Backoff:
    """Delays that grow with failures in a row, spread so that machines are not met at once."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0

    def delay(self, failure: Failure, *, stood: float) -> float:
        """Return the seconds to wait after a connection that stood for ``stood`` seconds."""
        if stood >= STABLE:
            self._failures = 0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(self._failures, 10))
        self._failures += 1
        if failure is Failure.REFUSED_BY_US:
            delay = REFUSED_DELAY
        elif failure is Failure.PERMANENT:
            delay = SLOW_DELAY
        return delay * (0.5 + 0.5 * self._chance())

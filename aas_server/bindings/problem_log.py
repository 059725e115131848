"""What the log says of bindings: each problem once, and its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import structlog

from aas_server.bindings.binding import Binding
from aas_server.clock import Clock

log = structlog.get_logger(__name__)

QUIET: Final = 60.0
"""Seconds after a line about a binding's problem in which no further one follows."""


class ProblemLog:
    """Logs the problem of a binding when it appears and when it is over.

    A binding that comes and goes, or whose problem reads differently with each value, is told about
    once in ``QUIET`` seconds; the status submodel always has the newest.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[Binding, str] = {}
        self._quiet_until: dict[Binding, float] = {}

    def tell(self, bindings: Iterable[Binding]) -> None:
        """Log what changed since the last time."""
        now = self._clock.monotonic()
        for binding in bindings:
            told = self._told.get(binding)
            if binding.problem == told:
                continue
            where = {
                "connection": binding.connection,
                "node": binding.node,
                "sink": binding.sink_name,
            }
            if binding.problem is None:
                del self._told[binding]
                log.info("binding works again", **where)
            elif now >= self._quiet_until.get(binding, now):
                self._told[binding] = binding.problem
                self._quiet_until[binding] = now + QUIET
                log.warning("binding failed", **where, problem=binding.problem)

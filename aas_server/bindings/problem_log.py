"""What the log says of bindings: each problem once, and its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

import structlog

from aas_server.clock import Clock

log = structlog.get_logger(__name__)

QUIET: Final = 60.0
"""Seconds after a line about a binding's problem in which no further one follows."""


_SPARE: Final = 100
"""Bindings that are gone and still remembered, beside as many as there are."""


class Wished(Protocol):
    """What may have a problem: a binding, or one that was refused."""

    @property
    def connection(self) -> str:
        """Return the connection that it belongs to."""

    @property
    def source(self) -> str:
        """Return where its value comes from."""

    @property
    def sink_name(self) -> str:
        """Return where its value goes."""

    @property
    def problem(self) -> str | None:
        """Return what hinders it, None when nothing does."""


class ProblemLog:
    """Logs the problem of a binding when it appears and when it is over.

    A binding that comes and goes, or whose problem reads differently with each value, is told about
    once in ``QUIET`` seconds; the status submodel always has the newest.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[Wished, str] = {}
        self._quiet_until: dict[Wished, float] = {}

    def tell(self, bindings: Iterable[Wished]) -> None:
        """Log what changed since the last time."""
        now = self._clock.monotonic()
        bindings = list(bindings)
        if len(self._quiet_until) > 2 * len(bindings) + _SPARE:
            self._forget_all_but(set(bindings))
        for binding in bindings:
            told = self._told.get(binding)
            if binding.problem == told:
                continue
            where = {
                "connection": binding.connection,
                "source": binding.source,
                "sink": binding.sink_name,
            }
            if binding.problem is None:
                del self._told[binding]
                log.info("binding works again", **where)
            elif now >= self._quiet_until.get(binding, now):
                self._told[binding] = binding.problem
                self._quiet_until[binding] = now + QUIET
                log.warning("binding failed", **where, problem=binding.problem)

    def _forget_all_but(self, bindings: set[Wished]) -> None:
        """Forget bindings that are not there any more."""
        self._told = {each: told for each, told in self._told.items() if each in bindings}
        self._quiet_until = {each: t for each, t in self._quiet_until.items() if each in bindings}

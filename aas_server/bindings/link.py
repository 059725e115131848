"""The state of one connection as everybody sees it: values, report, metrics, log."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.status import Bindings, ConnectionReport, ConnectionState
from aas_server.live.values import BAD_NO_COMMUNICATION

log = structlog.get_logger(__name__)


class Link:
    """Says how a connection stands, whatever its protocol.

    ::

        connecting --> connected --silence, loss--> disconnected --> connected ...  --> stopped

    While it is not connected, every point of its bindings is bad, or uncertain as long as it was
    only restored.
    """

    def __init__(self, name: str, url: str, context: ConnectionContext) -> None:
        self.name = name
        self.counters: ConnectionMetrics = context.metrics.of(name)
        self._url = url
        self._hub = context.hub
        self._clock = context.clock
        self._on_change = context.on_change
        self._bindings: dict[Binding, None] = {}
        self._state = ConnectionState.CONNECTING
        self._since = context.clock.now()
        self._last_error: str | None = None
        self._told: str | None = None
        self._sessions = 0

    @property
    def bindings(self) -> Iterable[Binding]:
        """Return what the connection feeds now."""
        return self._bindings.keys()

    @property
    def is_connected(self) -> bool:
        """Return whether the machine answers."""
        return self._state is ConnectionState.CONNECTED

    def change(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        """Take bindings in and let others go; those that come have no value yet."""
        for binding in removed:
            self._bindings.pop(binding, None)
        new = list(added)
        self._bindings.update(dict.fromkeys(new))
        if not self.is_connected and self._state is not ConnectionState.CONNECTING:
            self._degrade(new)
        self._on_change()

    def heard(self) -> None:
        """Say that the machine gave a sign of life: a value, a keep-alive."""
        self.counters.heard(self._clock.monotonic())

    def connected(self, notice: str | None = None) -> None:
        """Say that the machine answers now; ``notice`` is shown in the place of an error."""
        if self._sessions:
            self.counters.reconnected()
        self._sessions += 1
        self.heard()
        self._last_error = notice
        self._told = None
        self._enter(ConnectionState.CONNECTED)
        log.info(
            "connected to machine",
            connection=self.name,
            url=self._url,
            bindings=len(self._bindings),
        )

    def lost(self, reason: str, *, is_permanent: bool = False) -> None:
        """Say that there is no connection, and why; ``is_permanent``: somebody must do
        something.
        """
        self._last_error = reason
        self._enter(ConnectionState.DISCONNECTED)
        if self._told == reason:
            return
        # One outage is one warning, unless it turns out that somebody must do something.
        tell = log.warning if self._told is None or is_permanent else log.info
        self._told = reason
        tell("no connection to machine", connection=self.name, url=self._url, reason=reason)

    def stopped(self) -> None:
        """Say that nobody tries any more."""
        self._enter(ConnectionState.STOPPED)

    def report(self) -> ConnectionReport:
        """Return how the connection and its bindings fare."""
        bindings = Bindings.of(self._bindings)
        heard = self.counters.last_heard
        return ConnectionReport(
            self.name,
            self._url,
            self._state,
            self._since,
            self._last_error,
            len(self._bindings) - len(bindings.failing) if self.is_connected else 0,
            *bindings,
            keep_alive_age=None if heard is None else max(0.0, self._clock.monotonic() - heard),
            sessions=self._sessions,
        )

    def _enter(self, state: ConnectionState) -> None:
        if state is not ConnectionState.CONNECTED:
            self._degrade(self._bindings)
        if state is not self._state:
            self._state = state
            self._since = self._clock.now()
        self._on_change()

    def _degrade(self, bindings: Iterable[Binding]) -> None:
        points = [binding.point for binding in bindings if binding.point is not None]
        self._hub.degrade(points, BAD_NO_COMMUNICATION)

"""What the bindings count, for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

CONVERSION: Final = "conversion"
OVERTAKEN: Final = "overtaken"
UNDECODABLE: Final = "undecodable"


class BindingMetrics:
    """The metrics of all connections, registered once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._received = Counter(
            "aas_binding_values_received",
            "Values received from machines.",
            ["connection"],
            registry=registry,
        )
        self._dropped = Counter(
            "aas_binding_values_dropped",
            "Received values that did not reach the model, by reason.",
            ["connection", "reason"],
            registry=registry,
        )
        self._up = Gauge(
            "aas_binding_connection_up",
            "1 while the connection to the machine stands.",
            ["connection"],
            registry=registry,
        )
        self._reconnects = Counter(
            "aas_binding_reconnects",
            "Times that a connection had to be made anew.",
            ["connection"],
            registry=registry,
        )
        self._writes = Counter(
            "aas_binding_writes",
            "Writes of clients to machines, by what became of them.",
            ["connection", "result"],
            registry=registry,
        )

    def of(self, connection: str) -> ConnectionMetrics:
        """Return the metrics of one connection."""
        return ConnectionMetrics(
            self._received.labels(connection),
            {
                reason: self._dropped.labels(connection, reason)
                for reason in (CONVERSION, OVERTAKEN, UNDECODABLE)
            },
            self._up.labels(connection),
            self._reconnects.labels(connection),
            self._writes,
            connection,
        )


class ConnectionMetrics:
    """What is counted for one connection."""

    __slots__ = ("_connection", "_dropped", "_received", "_reconnects", "_up", "_writes")

    def __init__(
        self,
        received: Counter,
        dropped: dict[str, Counter],
        up: Gauge,
        reconnects: Counter,
        writes: Counter,
        connection: str,
    ) -> None:
        self._received = received
        self._dropped = dropped
        self._up = up
        self._reconnects = reconnects
        self._writes = writes
        self._connection = connection

    def received(self, count: int) -> None:
        """Count values that a machine sent."""
        self._received.inc(count)

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count values that did not reach the model."""
        if count:
            self._dropped[reason].inc(count)

    def up(self, *, up: bool) -> None:
        """Tell whether the connection stands."""
        self._up.set(1 if up else 0)

    def reconnected(self) -> None:
        """Count a connection that was made anew."""
        self._reconnects.inc()

    def wrote(self, result: str) -> None:
        """Count a client's write by its result: ``ok`` or the code of its error."""
        self._writes.labels(self._connection, result).inc()

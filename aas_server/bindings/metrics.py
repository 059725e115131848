"""What the bindings count, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from aas_server.bindings.status import ConnectionReport, ConnectionState
from aas_server.live.values import Quality

CONVERSION: Final = "conversion"
OVERFLOW: Final = "overflow"
OVERTAKEN: Final = "overtaken"
UNDECODABLE: Final = "undecodable"
CONFLATED: Final = "conflated"
"""An older message of a topic that gave way to newer ones."""
OFFLINE: Final = "offline"
"""A message of a device that is said to be gone."""
HISTORICAL: Final = "historical"
"""A value that its sender marks as of the past."""

_REASONS: Final = (CONVERSION, OVERFLOW, OVERTAKEN, UNDECODABLE, CONFLATED, OFFLINE, HISTORICAL)

_UP: Final = "aas_binding_connection_up"
_SINCE: Final = "aas_binding_connection_since_timestamp_seconds"
_AGE: Final = "aas_binding_keep_alive_age_seconds"
_BINDINGS: Final = "aas_binding_bindings"
_VALUES: Final = "aas_binding_values"
_GAUGES: Final = {
    _UP: ("1 while the connection to the machine stands.",),
    _SINCE: ("When the connection came into its present state.",),
    _AGE: ("Seconds since the machine was last heard of.",),
    _BINDINGS: ("Bindings by whether they work now.", "state"),
    _VALUES: ("Values that bindings show by their quality.", "quality"),
}
"""Text of each gauge, and what it is told apart by beside the connection."""


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
        self._missed = Counter(
            "aas_binding_messages_missed",
            "Messages of machines that did not arrive, by what became of them.",
            ["connection", "result"],
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
            {reason: self._dropped.labels(connection, reason) for reason in _REASONS},
            self._reconnects.labels(connection),
            self._writes,
            self._missed,
            connection,
        )


class ConnectionCollector(Collector):
    """How the connections fare, asked for when somebody scrapes: what comes and goes costs nothing
    meanwhile, and a connection that is gone is no longer told.
    """

    def __init__(self, reports: Callable[[], Iterable[ConnectionReport]]) -> None:
        self._reports = reports

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics without values."""
        yield from (_gauge(name, {}) for name in _GAUGES)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics of every connection as they are now."""
        samples: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in _GAUGES}
        for report in self._reports():
            for name, values in _samples(report).items():
                samples[name].update(values)
        yield from (_gauge(name, values) for name, values in samples.items())


def _gauge(name: str, values: Mapping[tuple[str, ...], float]) -> GaugeMetricFamily:
    text, *labels = _GAUGES[name]
    gauge = GaugeMetricFamily(name, text, labels=["connection", *labels])
    for key, value in values.items():
        gauge.add_metric(key, value)
    return gauge


def _samples(report: ConnectionReport) -> dict[str, dict[tuple[str, ...], float]]:
    name = report.name
    age = report.keep_alive_age
    return {
        _UP: {(name,): float(report.state is ConnectionState.CONNECTED)},
        _SINCE: {(name,): report.since / 1_000_000},
        _AGE: {} if age is None else {(name,): age},
        _BINDINGS: {
            (name, "ok"): report.bindings_ok,
            (name, "failing"): len(report.bindings_failing),
        },
        _VALUES: {(name, quality.value): report.qualities.get(quality, 0) for quality in Quality},
    }


class ConnectionMetrics:
    """What is counted for one connection; ``last_heard`` is the monotonic time of the machine's
    last sign of life, None when there was none.
    """

    __slots__ = (
        "_connection",
        "_dropped",
        "_missed",
        "_received",
        "_reconnects",
        "_writes",
        "last_heard",
    )

    def __init__(
        self,
        received: Counter,
        dropped: dict[str, Counter],
        reconnects: Counter,
        writes: Counter,
        missed: Counter,
        connection: str,
    ) -> None:
        self._received = received
        self._dropped = dropped
        self._reconnects = reconnects
        self._writes = writes
        self._missed = missed
        self._connection = connection
        self.last_heard: float | None = None

    def received(self, count: int) -> None:
        """Count values that a machine sent."""
        self._received.inc(count)

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count values that did not reach the model."""
        if count:
            self._dropped[reason].inc(count)

    def heard(self, now: float) -> None:
        """Note a sign of life of the machine at the monotonic time ``now``."""
        self.last_heard = now

    def missed(self, *, recovered: int, lost: int) -> None:
        """Count messages that did not arrive: sent once more, or lost for good."""
        for result, count in (("recovered", recovered), ("lost", lost)):
            if count:
                self._missed.labels(self._connection, result).inc(count)

    def reconnected(self) -> None:
        """Count a connection that was made anew."""
        self._reconnects.inc()

    def wrote(self, result: str) -> None:
        """Count a client's write by its result: ``ok`` or the code of its error."""
        self._writes.labels(self._connection, result).inc()

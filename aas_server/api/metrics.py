"""Metrics of requests: plain integers on the hot path, Prometheus families when they are read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

BUCKETS: Final = (
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
)
"""Upper bounds of the latency histogram in seconds; what took longer counts as +Inf."""

_CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")


class Series:
    """The requests of one operation."""

    __slots__ = ("buckets", "classes", "seconds")

    def __init__(self) -> None:
        self.classes = [0] * len(_CLASSES)
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0

    def observe(self, status: int, seconds: float) -> None:
        """Count one request that was answered with ``status`` after ``seconds``."""
        self.classes[status // 100 - 1] += 1
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds


class RequestMetrics(Collector):
    """Every series of the server; a series is made when its operation is routed."""

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}

    def series(self, operation: str) -> Series:
        """Return the series of ``operation``, always the same one."""
        return self._series.setdefault(operation, Series())

    def describe(self) -> Iterator[Metric]:
        """Yield the families without samples."""
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        """Yield the families with what was counted so far; operations nobody used are left out."""
        requests, latency = self._families()
        for operation, series in self._series.items():
            total = 0
            buckets: list[tuple[str, float]] = []
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), series.buckets, strict=True):
                total += count
                buckets.append((bound, total))
            if total:
                latency.add_metric([operation], buckets, sum_value=series.seconds)
            for name, count in zip(_CLASSES, series.classes, strict=True):
                if count:
                    requests.add_metric([operation, name], count)
        yield requests
        yield latency

    @staticmethod
    def _families() -> tuple[CounterMetricFamily, HistogramMetricFamily]:
        return (
            CounterMetricFamily(
                "aas_http_requests",
                "Requests by operation and class of status",
                labels=["operation", "status"],
            ),
            HistogramMetricFamily(
                "aas_http_request_duration_seconds",
                "Seconds from the head of a request to its answer",
                labels=["operation"],
            ),
        )

"""One binding that a metric of Sparkplug B feeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aas_server.bindings import metrics
from aas_server.bindings.binding import Binding
from aas_server.bindings.feed import Feed
from aas_server.bindings.messages.message_feed import BAD_DECODING_ERROR
from aas_server.bindings.messages.status_words import BAD, UNCERTAIN
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.mqtt.sparkplug.payloads import Metric
from aas_server.bindings.plant.mqtt import SparkplugSettings
from aas_server.live.hub import LivePoint
from aas_server.live.values import GOOD, LiveValue, Quality, quality_of

BAD_NO_DATA: Final = 0x809B0000

# Qualities of Sparkplug B (6.4.14): whatever is none of these says nothing.
_QUALITIES: Final = {0: BAD, 192: GOOD, 500: UNCERTAIN}
_LAST_MILLISECOND: Final = 253_402_300_799_999


class MetricFeed:
    """Turns a metric into the live values of one binding; knows what its birth said of it."""

    __slots__ = ("_counters", "_feed", "alias", "datatype", "settings")

    def __init__(
        self,
        binding: Binding,
        settings: SparkplugSettings,
        point: LivePoint,
        *,
        counters: ConnectionMetrics,
        on_change: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.alias: int | None = None
        self.datatype: int | None = None
        self._counters = counters
        self._feed = Feed(binding, point, counters, on_change)

    @property
    def point(self) -> LivePoint:
        """Return what it feeds."""
        return self._feed.point

    @property
    def is_born(self) -> bool:
        """Return whether a birth certificate has told of the metric."""
        return self.datatype is not None

    def problem(self, problem: str | None) -> bool:
        """Say why no values come, None when they do; returns whether the binding changed."""
        return self._feed.source_problem(problem)

    def live(self, metric: Metric, sent: int | None, received: int) -> LiveValue | None:
        """Return what ``metric`` makes of the binding, None for one of the past.

        ``sent`` is the payload's time in milliseconds, ``received`` ours in microseconds.
        """
        if metric.is_historical:
            self._counters.dropped(metrics.HISTORICAL)
            return None
        status = GOOD if metric.quality is None else _QUALITIES.get(metric.quality, GOOD)
        time = _microseconds(metric.timestamp if metric.timestamp is not None else sent)
        if metric.is_null:
            return LiveValue(None, Quality.BAD, BAD_NO_DATA, time, received)
        if metric.problem is not None and quality_of(status) is not Quality.BAD:
            self._counters.dropped(metrics.UNDECODABLE)
            self._feed.value_problem(metric.problem)
            return LiveValue(None, Quality.BAD, BAD_DECODING_ERROR, time, received)
        return self._feed.live(metric.value, status, time, received)


def _microseconds(milliseconds: int | None) -> int | None:
    if milliseconds is None or not 0 < milliseconds <= _LAST_MILLISECOND:
        return None
    return milliseconds * 1000

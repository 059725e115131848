"""The outlet: values and changes of quality on their way to the hub, in the order they happened."""

from __future__ import annotations

from collections.abc import Iterable

from aas_server.bindings import metrics
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.values import UNCERTAIN_LAST_USABLE_VALUE, LiveValue, Quality


class Outlet:
    """Collects values, for the hub takes many at once for little more than one.

    What is not a value does not overtake those that were shown before it.
    """

    def __init__(self, hub: LiveHub, counters: ConnectionMetrics) -> None:
        self._hub = hub
        self._counters = counters
        self._batch: list[tuple[LivePoint, LiveValue]] = []

    def show(self, point: LivePoint, value: LiveValue) -> None:
        """Let ``point`` show ``value``, with the next ``flush`` at the latest."""
        self._batch.append((point, value))

    def degrade(self, points: Iterable[LivePoint], status_code: int) -> None:
        """Lower the quality of ``points`` now; values and times stay."""
        self.flush()
        self._hub.degrade(points, status_code)

    def make_uncertain(self, points: Iterable[LivePoint]) -> None:
        """Make those of ``points`` that are good uncertain; what is worse stays as it is."""
        self.flush()
        good = [point for point in points if point.current.quality is Quality.GOOD]
        self._hub.degrade(good, UNCERTAIN_LAST_USABLE_VALUE)

    def flush(self) -> None:
        """Give what was collected to the hub."""
        if self._batch:
            batch, self._batch = self._batch, []
            self._counters.dropped(metrics.OVERTAKEN, self._hub.apply(batch))

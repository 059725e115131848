"""From what a device sends to a live value of one binding, the same way for every protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aas_server.bindings import metrics
from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import ConversionError
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.live.hub import LivePoint
from aas_server.live.values import SEMANTICS_CHANGED, UNCERTAIN, LiveValue, Quality, quality_of

MAX_AHEAD: Final = 60_000_000
"""Microseconds by which a device's clock may be ahead of ours: more, and its times mean nothing."""

_SHOWN: Final = 80
"""Characters of a value that a message shows: it may be a book."""


class Feed:
    """One binding that a source feeds, and what hinders it: the source, or its last value.

    ``on_change`` is called when values begin or cease to be sound.
    """

    __slots__ = (
        "_counters",
        "_on_change",
        "_source_problem",
        "_value_problem",
        "binding",
        "point",
    )

    def __init__(
        self,
        binding: Binding,
        point: LivePoint,
        counters: ConnectionMetrics,
        on_change: Callable[[], None],
    ) -> None:
        self.binding = binding
        self.point = point
        self._counters = counters
        self._on_change = on_change
        self._source_problem: str | None = None
        self._value_problem: str | None = None

    def source_problem(self, problem: str | None) -> bool:
        """Say why the source does not work, None when it does; returns whether the binding
        changed.
        """
        if problem is not None and problem != self._source_problem:
            self.binding.errors += 1
        self._source_problem = problem
        return self.binding.set_problem(problem or self._value_problem)

    def value_problem(self, problem: str | None) -> bool:
        """Say what is wrong with the values, None once nothing was; returns as above.

        The first reason stands until then: the next value's would differ by the value alone.
        """
        if (problem is None) == (self._value_problem is None):
            return False
        self._value_problem = problem
        return self.binding.set_problem(self._source_problem or problem)

    def live(self, value: Any, status_code: int, time: int | None, received: int) -> LiveValue:
        """Return a device's plain ``value`` as it is shown.

        One that cannot be converted is bad, one that is no number (NaN), or of the future, is
        uncertain. ``time`` (when the device took it; the time of receipt where it does not say) and
        ``received`` are microseconds since the epoch.
        """
        quality = quality_of(status_code)
        if status_code & SEMANTICS_CHANGED:
            self.binding.semantics += 1
        if time is None:
            time = received
        if quality is Quality.BAD:
            self.binding.errors += 1
            return LiveValue(None, quality, status_code, time, received)
        conversion = self.binding.conversion
        if conversion is None:
            return self._unfit(ConversionError("the binding has no conversion"), time, received)
        try:
            # As converted_value, without the call: a hundred thousand a second come by here.
            converted = conversion.to_sink(value)
        except Exception as error:
            return self._unfit(_conversion_error(value, error), time, received)
        # Only what is no number differs from itself.
        if time > received + MAX_AHEAD or (type(converted) is float and converted != converted):
            return self._doubtful(converted, status_code, time, received)
        if self._value_problem is not None and self.value_problem(None):
            self._on_change()
        return LiveValue(converted, quality, status_code, time, received)

    def _doubtful(self, value: Any, status_code: int, time: int, received: int) -> LiveValue:
        """Return a value that can be shown, whatever the device says, as uncertain at best."""
        self.binding.errors += 1
        problem = f"the device gives {value}, which is no number"
        if time > received + MAX_AHEAD:
            ahead = (time - received) // 1_000_000
            problem = f"the device's clock is {ahead:,} s ahead of the server's: set one of them"
        if self.value_problem(problem):
            self._on_change()
        return LiveValue(value, Quality.UNCERTAIN, _uncertain(status_code), time, received)

    def _unfit(self, error: ConversionError, time: int, received: int) -> LiveValue:
        self._counters.dropped(metrics.CONVERSION)
        self.binding.errors += 1
        if self.value_problem(str(error)):
            self._on_change()
        return LiveValue(None, Quality.BAD, error.status_code, time, received)


def _uncertain(status_code: int) -> int:
    return status_code if quality_of(status_code) is Quality.UNCERTAIN else UNCERTAIN


def converted_value(binding: Binding, value: Any) -> Any:
    """Return what the sink takes; raises ``ConversionError`` whatever the device sent."""
    if binding.conversion is None:
        raise ConversionError("the binding has no conversion")
    try:
        return binding.conversion.to_sink(value)
    except Exception as error:
        raise _conversion_error(value, error) from error


def _conversion_error(value: Any, error: Exception) -> ConversionError:
    if isinstance(error, ConversionError):
        return error
    shown = repr(value)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}..."
    return ConversionError(f"{shown} cannot be converted: {error!r}")

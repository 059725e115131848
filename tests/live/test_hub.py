"""The hub: no value without quality, no bad value over a good one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from aas_server.errors import Conflict, Forbidden
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import Facet, Sink
from aas_server.live.values import (
    BAD_NO_COMMUNICATION,
    BAD_SENSOR_FAILURE,
    GOOD,
    LiveValue,
    Quality,
    quality_of,
    status_name,
)
from tests.support.clock import FakeClock

SINK = Sink(
    "urn:ex", ("Temp",), "Property", "xs:double", {("Temp",): Facet.VALUE, ("Q",): Facet.QUALITY}
)


def good(value: Any, source: int | None, received: int = 0) -> LiveValue:
    return LiveValue(value, Quality.GOOD, GOOD, source, received)


def bad(value: Any, code: int, source: int | None, received: int = 0) -> LiveValue:
    return LiveValue(value, Quality.BAD, code, source, received)


@pytest.mark.parametrize(
    ("code", "quality"),
    [
        (0x00000000, Quality.GOOD),
        (0x00960000, Quality.GOOD),
        (0x40920000, Quality.UNCERTAIN),
        (0x808C0000, Quality.BAD),
        (0xC0000000, Quality.BAD),
        (0x00000480, Quality.GOOD),
    ],
)
def test_the_severity_bits_of_a_status_code_are_its_quality(code: int, quality: Quality) -> None:
    assert quality_of(code) is quality


def test_a_status_is_named_without_its_info_bits_and_unknown_ones_by_number() -> None:
    assert status_name(0x808C0480) == "BadSensorFailure"
    assert status_name(0x80FF0000) == "0x80FF0000"


def test_a_point_is_uncertain_until_its_source_speaks(hub: LiveHub) -> None:
    point = hub.register(SINK)
    assert (point.current.value, point.current.quality) == (None, Quality.UNCERTAIN)


def test_a_bad_value_keeps_the_last_usable_value_and_its_time(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.apply([(point, good(20.5, 1000, 1100))])
    hub.apply([(point, bad(3.14, BAD_SENSOR_FAILURE, 2000, 2100))])
    assert point.current == bad(20.5, BAD_SENSOR_FAILURE, 1000, 2100)


def test_a_value_with_an_older_source_timestamp_is_dropped(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.apply([(point, good(2.0, 2000)), (point, good(1.0, 1000))])
    assert point.current.value == 2.0
    hub.apply([(point, good(3.0, 2000)), (point, good(4.0, None))])
    assert point.current.value == 4.0


def test_a_device_whose_clock_was_set_back_is_believed(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.apply([(point, good(1.0, 3_600_000_000))])
    hub.apply([(point, good(2.0, 10))])
    assert point.current.value == 2.0
    hub.apply([(point, good(3.0, 4_000_000))])
    hub.degrade([point], BAD_NO_COMMUNICATION)
    hub.apply([(point, good(4.0, 3_000_000))])
    assert point.current == good(4.0, 3_000_000)


def test_silence_degrades_quality_and_only_a_fresh_value_restores_it(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.apply([(point, good(20.5, 1000, 1100))])
    hub.degrade([point], BAD_NO_COMMUNICATION)
    assert point.current == bad(20.5, BAD_NO_COMMUNICATION, 1000, 1100)
    hub.apply([(point, good(20.5, 1000, 5000))])
    assert point.current == good(20.5, 1000, 5000)


def test_versions_move_with_every_change_and_only_then(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.degrade([point], BAD_NO_COMMUNICATION)
    version = point.version
    hub.degrade([point], BAD_NO_COMMUNICATION)
    assert point.version == version
    hub.apply([(point, good(1.0, 1))])
    assert point.version == version + 1 == point.group.version


def test_an_element_has_one_source(hub: LiveHub) -> None:
    first = hub.register(SINK)
    with pytest.raises(Conflict, match="Q"):
        hub.register(Sink("urn:ex", ("Other",), "Property", None, {("Q",): Facet.VALUE}))
    assert hub.find("urn:ex", ("Temp",)) == (first, Facet.VALUE)
    assert hub.find("urn:ex", ("Other",)) is None


def test_an_unregistered_point_leaves_nothing_behind(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.unregister([point])
    assert hub.find("urn:ex", ("Temp",)) is None
    assert hub.group("urn:ex") is None
    hub.register(SINK)


def test_listeners_hear_of_changed_points_once_a_batch(hub: LiveHub) -> None:
    heard: list[Sequence[LivePoint]] = []
    point = hub.register(SINK)
    hub.add_listener(heard.append)
    hub.apply([(point, good(1.0, 1)), (point, good(2.0, 2))])
    hub.degrade([point], BAD_NO_COMMUNICATION)
    hub.remove_listener(heard.append)
    hub.apply([(point, good(3.0, 3))])
    assert heard == [[point, point], [point]]


class RecordingWriter:
    def __init__(self) -> None:
        self.written: list[tuple[LivePoint, Any]] = []

    async def write(self, point: LivePoint, value: Any) -> None:
        self.written.append((point, value))


async def test_a_write_goes_to_the_writer_and_changes_nothing_itself(hub: LiveHub) -> None:
    writer = RecordingWriter()
    point = hub.register(SINK, writer)
    await hub.write(point, Facet.VALUE, 7.0)
    assert writer.written == [(point, 7.0)]
    assert point.current.value is None


async def test_a_read_only_point_and_a_companion_refuse_writes(hub: LiveHub) -> None:
    point = hub.register(SINK)
    with pytest.raises(Forbidden, match="not declared writable"):
        await hub.write(point, Facet.VALUE, 7.0)
    point.writer = RecordingWriter()
    with pytest.raises(Forbidden, match="Quality"):
        await hub.write(point, Facet.QUALITY, "good")


def test_the_hub_tells_the_time_of_its_clock(hub: LiveHub, clock: FakeClock) -> None:
    clock.advance(1)
    assert hub.now() == clock.now()

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
    NEVER_RECEIVED,
    UNCERTAIN_LAST_USABLE_VALUE,
    UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE,
    LiveValue,
    Quality,
    quality_of,
    status_name,
)
from tests.support.clock import START, FakeClock

BAD_NODE_ID_UNKNOWN = 0x80340000

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


def test_a_restored_value_is_uncertain_and_has_its_own_timestamps(hub: LiveHub) -> None:
    for path, last in (("A", good(20.5, 1000, 1100)), ("B", bad(7.5, BAD_SENSOR_FAILURE, 1, 2))):
        point = hub.register(Sink("urn:ex", (path,), "Property", "xs:double", {}))
        assert hub.restore(point, last)
        assert point.current == LiveValue(
            last.value,
            Quality.UNCERTAIN,
            UNCERTAIN_LAST_USABLE_VALUE,
            last.source_timestamp,
            last.received_timestamp,
        )
        assert status_name(point.current.status_code) == "UncertainLastUsableValue"


def test_what_is_restored_is_a_new_version_but_no_news(hub: LiveHub) -> None:
    heard: list[Sequence[LivePoint]] = []
    hub.add_listener(heard.append)
    point = hub.register(SINK)

    hub.restore(point, good(20.5, 1000))

    assert (point.version, point.group.version, heard) == (1, 1, [])


def test_nothing_is_restored_over_what_the_source_said(hub: LiveHub) -> None:
    point = hub.register(SINK)
    for live in (bad(None, BAD_SENSOR_FAILURE, 2000, 2100), good(30.0, 2000, 2100)):
        hub.apply([(point, live)])
        said = point.current
        assert not hub.restore(point, good(20.5, 1000))
        assert point.current is said
        assert not point.is_restored


def test_where_there_was_no_value_nothing_is_restored(hub: LiveHub) -> None:
    point = hub.register(SINK)

    assert not hub.restore(point, bad(None, BAD_SENSOR_FAILURE, 1000))

    assert point.current is NEVER_RECEIVED
    hub.degrade([point], BAD_NO_COMMUNICATION)
    assert point.current.status_code == BAD_NO_COMMUNICATION


@pytest.mark.parametrize("seconds_behind", [0, 3, 3600])
@pytest.mark.parametrize("was_silent", [False, True])
def test_the_first_value_after_a_restart_is_taken_whatever_its_source_timestamp(
    hub: LiveHub, seconds_behind: int, was_silent: bool
) -> None:
    kept = START
    point = hub.register(SINK)
    hub.restore(point, good(20.5, kept, kept))
    if was_silent:
        hub.degrade([point], BAD_NO_COMMUNICATION)
    first = good(20.5, kept - seconds_behind * 1_000_000, kept + 60_000_000)

    assert hub.apply([(point, first)]) == 0

    assert point.current == first
    assert hub.apply([(point, good(1.0, first.source_timestamp - 1))]) == 1, "from now on as ever"


def test_a_bad_first_value_keeps_what_was_restored(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.restore(point, good(20.5, 1000, 1100))

    hub.apply([(point, bad(None, BAD_SENSOR_FAILURE, 5000, 5100))])

    assert point.current == bad(20.5, BAD_SENSOR_FAILURE, 1000, 5100)


def test_a_restored_value_stays_uncertain_while_its_source_cannot_be_reached(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.restore(point, good(20.5, 1000, 1100))

    for _ in range(2):
        hub.degrade([point], BAD_NO_COMMUNICATION)

    assert point.current == LiveValue(
        20.5, Quality.UNCERTAIN, UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE, 1000, 1100
    )
    assert point.is_restored
    assert point.version == 2, "the second time was no change"


def test_a_restored_value_whose_node_is_refused_is_bad_like_others(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.restore(point, good(20.5, 1000, 1100))

    hub.degrade([point], BAD_NODE_ID_UNKNOWN)
    hub.degrade([point], BAD_NO_COMMUNICATION)

    assert point.current == bad(20.5, BAD_NO_COMMUNICATION, 1000, 1100)


def test_a_value_that_came_after_the_restart_is_bad_in_silence(hub: LiveHub) -> None:
    point = hub.register(SINK)
    hub.restore(point, good(20.5, 1000, 1100))
    hub.apply([(point, good(20.5, 1000, 9000))])

    hub.degrade([point], BAD_NO_COMMUNICATION)

    assert point.current == bad(20.5, BAD_NO_COMMUNICATION, 1000, 9000)


def test_who_wants_every_sample_hears_of_each_as_it_came(
    hub: LiveHub,
) -> None:
    point = hub.register(SINK)
    heard: list[LiveValue] = []
    point.on_sample = heard.append

    hub.apply(
        [
            (point, good(1.0, 2000)),
            (point, good(2.0, 3000)),
            (point, good(1.5, 2500)),
            (point, bad(None, BAD_SENSOR_FAILURE, 4000, 4100)),
        ]
    )

    assert [(each.value, each.status_code) for each in heard] == [
        (1.0, GOOD),
        (2.0, GOOD),
        (1.5, GOOD),
        (None, BAD_SENSOR_FAILURE),
    ]


def test_samples_are_kept_with_the_gaps_of_a_silent_source(hub: LiveHub) -> None:
    point = hub.register(SINK)
    samples = hub.keep_samples(point, 2)
    hub.apply([(point, good(value, time)) for value, time in ((1.0, 1), (2.0, 2), (3.0, 3))])
    hub.degrade([point], BAD_NO_COMMUNICATION)
    hub.apply([(point, good(4.0, 9))])

    assert [each.value for each in samples.window(None, None, 10).items] == [3.0, 4.0]
    (gap,) = samples.gaps
    assert (gap.start, gap.end) == (3, 9)
    assert "BadNoCommunication" in gap.reason


def test_a_batch_makes_a_new_version_of_every_submodel_that_it_changes(hub: LiveHub) -> None:
    points = [
        hub.register(Sink(submodel, ("P",), "Property", "xs:double", {("P",): Facet.VALUE}))
        for submodel in ("urn:a", "urn:b", "urn:c")
    ]
    before = [point.group.version for point in points]

    hub.apply([(points[0], good(1.0, 1)), (points[1], good(1.0, 1)), (points[0], good(2.0, 2))])

    after = [point.group.version for point in points]
    assert [new > old for old, new in zip(before, after, strict=True)] == [True, True, False]

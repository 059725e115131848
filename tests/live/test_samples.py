"""Samples stand in order, none twice, none lost in silence, and never more than may be kept."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aas_server.live.samples import MAX_BYTES, MAX_GAPS, Gap, Samples, size_of, time_of
from aas_server.live.values import GOOD, LiveValue, quality_of


def sample(time: int, value: Any = None, status: int = GOOD) -> LiveValue:
    return LiveValue(time if value is None else value, quality_of(status), status, time, time + 5)


def samples(*times: int, keep: int = 100) -> Samples:
    made = Samples(keep)
    for time in times:
        made.add(sample(time))
    return made


def times(of: Samples) -> list[int]:
    return [time_of(each) for each in of.window(None, None, 10_000).items]


@given(st.lists(st.integers(0, 50), max_size=60))
def test_samples_stand_in_order_and_none_twice_however_they_come(given_times: list[int]) -> None:
    assert times(samples(*given_times)) == sorted(set(given_times))


def test_two_values_of_one_moment_are_both_kept() -> None:
    kept = samples(1, 2)
    kept.add(sample(2, value=7.5))
    kept.add(sample(2, value=7.5))
    kept.add(sample(2, value=math.nan))
    kept.add(sample(2, value=math.nan))
    assert times(kept) == [1, 2, 2, 2]


def test_no_more_than_asked_for_are_kept_and_the_oldest_go() -> None:
    assert times(samples(*range(50), keep=10)) == list(range(40, 50))


def test_long_texts_leave_fewer_samples() -> None:
    kept = samples(keep=100)
    for time in range(1, 101):
        kept.add(sample(time, value="x" * (MAX_BYTES // 4)))
    assert len(kept) == 3
    assert sum(map(size_of, kept.window(None, None, 100).items)) <= MAX_BYTES
    kept.add(sample(200, value="x" * (2 * MAX_BYTES)))
    assert times(kept) == [200]
    kept.add(sample(201))
    assert times(kept) == [201]


def test_an_interruption_is_a_gap_up_to_the_first_sample_after_it() -> None:
    kept = samples(1, 2)
    kept.interrupt("away")
    assert kept.gaps == ()
    kept.add(sample(9))
    kept.add(sample(10))
    assert kept.gaps == (Gap(2, 9, "away"),)


def test_a_source_that_says_again_what_it_said_last_has_lost_nothing() -> None:
    kept = samples(1, 2)
    kept.interrupt("away")
    kept.add(sample(2))
    kept.add(sample(3))
    assert kept.gaps == ()
    assert times(kept) == [1, 2, 3]


def test_nothing_is_missing_before_the_first_sample() -> None:
    kept = samples()
    kept.interrupt("not there yet")
    kept.add(sample(5))
    assert kept.gaps == ()


def test_a_queue_that_ran_over_is_a_gap() -> None:
    kept = samples(1)
    kept.add(sample(5, status=0x480))
    (gap,) = kept.gaps
    assert (gap.start, gap.end) == (1, 5)
    assert "queueSize" in gap.reason


def test_somebody_hears_of_each_gap() -> None:
    heard: list[int] = []
    kept = samples()
    kept.on_gap = lambda: heard.append(1)
    kept.add(sample(1))
    kept.interrupt("away")
    kept.add(sample(5))
    kept.add(sample(6))
    assert heard == [1]


def test_what_the_source_remembers_closes_the_gap() -> None:
    kept = samples(1, 2)
    kept.interrupt("away")
    kept.add(sample(9))
    (gap,) = kept.gaps
    assert kept.fill(gap, [sample(each) for each in (2, 4, 6, 9, 11)]) is None
    assert times(kept) == [1, 2, 4, 6, 9]
    assert kept.gaps == ()


def test_a_gap_that_is_filled_in_part_begins_where_the_samples_end() -> None:
    kept = samples(1, 2)
    kept.interrupt("away")
    kept.add(sample(9))
    (gap,) = kept.gaps
    rest = kept.fill(gap, [sample(4)], left="too many")
    assert kept.gaps == (rest,) == (Gap(4, 9, "too many"),)


def test_a_gap_that_cannot_be_filled_says_why() -> None:
    kept = samples(1, 2)
    kept.interrupt("away")
    kept.add(sample(9))
    kept.replace(kept.gaps[0], Gap(2, 9, "no history"))
    assert kept.gaps == (Gap(2, 9, "no history"),)


def test_filling_keeps_no_more_than_asked_for() -> None:
    kept = samples(1, 2, keep=5)
    kept.interrupt("away")
    kept.add(sample(100))
    kept.fill(kept.gaps[0], [sample(each) for each in range(3, 100)])
    assert times(kept) == [96, 97, 98, 99, 100]


def test_gaps_go_with_the_samples_around_them_and_are_bounded() -> None:
    kept = samples(1, keep=1000)
    for time in range(2, 300):
        kept.interrupt("away")
        kept.add(sample(time))
    assert len(kept.gaps) == MAX_GAPS
    assert kept.gaps[-1] == Gap(298, 299, "away")
    for time in range(300, 1300):
        kept.add(sample(time))
    assert kept.gaps == ()


def test_a_window_has_the_newest_of_its_span_and_says_what_it_left_off() -> None:
    kept = samples(1, 2, 3)
    kept.interrupt("away")
    for time in (7, 8, 9):
        kept.add(sample(time))
    window = kept.window(2, 8, 3)
    assert [time_of(each) for each in window.items] == [3, 7, 8]
    assert window.left_off == 1
    assert window.gaps == [Gap(3, 7, "away")]
    assert kept.window(7, None, 10).gaps == []
    assert kept.window(None, 3, 10).gaps == []

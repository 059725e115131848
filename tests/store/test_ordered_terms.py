"""Terms in the order of values: what is equal, begins alike or lies between is one range."""

from __future__ import annotations

import math
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from aas_server.metamodel.lexical import number_of
from aas_server.store.ordered_terms import (
    ELEMENT,
    ID,
    beginning_with,
    equal_to,
    everything,
    looked_at,
    moments_between,
    numbers_between,
    term_of_value,
)
from aas_server.store.protocol import Kind, Range

LOOKED = looked_at(Kind.SUBMODEL, ELEMENT, "Temp")
LARGE = 10**390
NUMBERS = st.floats(allow_nan=False) | st.integers(-(10**20), 10**20) | st.integers(-LARGE, LARGE)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(max_size=40) | st.integers().map(str) | st.floats().map(repr)


def holds(found: Range, text: str) -> bool:
    return found.low <= term_of_value(LOOKED, text) < found.high


@given(NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS)
def test_numbers_between_two_bounds_are_in_their_range(value, low, high):
    text = repr(value).replace("inf", "INF")
    between = (low is None or low <= value) and (high is None or value <= high)
    if between:
        assert holds(numbers_between(LOOKED, low, high), text)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_numbers_outside_of_the_bounds_are_not(value, bound):
    text = repr(value).replace("inf", "INF")
    if value < bound:
        assert not holds(numbers_between(LOOKED, bound, None), text)
        assert holds(numbers_between(LOOKED, None, bound), text)


@given(TEXTS)
def test_a_text_is_among_those_that_may_be_equal_to_it_and_among_all(text):
    assert holds(equal_to(LOOKED, text), text)
    assert holds(everything(LOOKED), text)


@given(TEXTS, st.integers(0, 40))
def test_a_text_is_among_those_that_may_begin_as_it_does(text, length):
    assert holds(beginning_with(LOOKED, text[:length]), text)


def test_texts_that_begin_otherwise_are_not():
    assert not holds(beginning_with(LOOKED, "Mi"), "Press")
    assert not holds(beginning_with(LOOKED, "Mi"), "M")
    assert not holds(equal_to(LOOKED, "Mill"), "Mill2")


@given(TEXTS, TEXTS)
def test_equal_numbers_are_found_by_each_other_however_they_are_written(one, other):
    if number_of(one) is not None and number_of(one) == number_of(other):
        assert term_of_value(LOOKED, one) == term_of_value(LOOKED, other)


@given(MOMENTS, MOMENTS)
def test_moments_have_their_order(value, bound):
    text = value.isoformat().replace("+00:00", "Z")
    assert holds(moments_between(LOOKED, bound, None), text) is (value >= bound)
    assert holds(moments_between(LOOKED, None, bound), text) is (value <= bound)


def test_no_number_is_no_number():
    assert not holds(numbers_between(LOOKED, None, None), "NaN")
    assert holds(numbers_between(LOOKED, None, None), "INF")
    assert holds(numbers_between(LOOKED, math.inf, None), "INF")


def test_long_texts_that_begin_alike_are_told_apart():
    looked = looked_at(Kind.SHELL, ID)
    one, other = (f"https://example.com/{'x' * 100}/{number}" for number in (1, 2))
    found = equal_to(looked, one)
    assert found.low <= term_of_value(looked, one) < found.high
    assert not found.low <= term_of_value(looked, other) < found.high

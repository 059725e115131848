"""Units: exact lines between them, and a clear refusal of what is none."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.bindings.units import Line, unit_line
from aas_server.errors import ConfigurationError

CONVERTIBLE = [
    ("degF", "degC"),
    ("1/min", "1/s"),
    ("bar", "MPa"),
    ("hp", "kW"),
    ("in/s", "mm/s"),
    ("deg/s", "turn/s"),
    ("deg", "rad"),
    ("K", "degC"),
    ("%", "1"),
    ("psi", "bar"),
]


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("degF", "degC", 32, 0.0),
        ("degF", "degC", 212, 100.0),
        ("degF", "degC", -40.0, -40.0),
        ("°F", "°C", 50, 10.0),
        ("[degF]", "Cel", 32, 0.0),
        ("K", "degC", 298.15, 25.0),
        ("K", "Cel", 0, -273.15),
        ("Ohm", "kiloohm", 500, 0.5),
        ("[ppth]", "%", 5, 0.5),
        ("[ppm]", "%", 5000, 0.5),
        ("1/min", "1/s", 3000, 50.0),
        ("1/min", "1/s", 100, 1.6666666666666667),
        ("1/h", "1/s", 3600, 1.0),
        ("bar", "MPa", 3, 0.3),
        ("hp", "kW", 1, 0.7456998715822702),
        ("in/s", "mm/s", 0.1, 2.54),
        ("[in_i]/s", "mm/s", 1, 25.4),
        ("deg/s", "turn/s", 720, 2.0),
        ("rpm", "turn/s", 90, 1.5),
        ("rev/min", "turn/s", 90, 1.5),
        ("turn/s", "rad/s", 1, 6.283185307179586),
        ("m/s", "mm/s", 0.0012, 1.2),
        ("µm/s", "mm/s", 1500, 1.5),
        ("um/s", "mm/s", 1500, 1.5),
        ("W", "kW", 12345, 12.345),
        ("ms", "s", 12345, 12.345),
        ("min", "h", 90, 1.5),
        ("ms", "h", 3_600_000, 1.0),
        ("1", "%", 0.875, 87.5),
        ("permille", "%", 875, 87.5),
        ("‰", "%", 5, 0.5),
        ("m3/h", "L/min", 6, 100.0),
        ("kJ/(kg*K)", "J/(g*K)", 4.2, 4.2),
        ("N.m", "J", 2, 2.0),
        ("m.s-2", "mm/s**2", 1, 1000.0),
    ],
)
def test_values_are_converted_with_one_rounding(source, target, value, expected):
    assert unit_line(source, target).function()(value) == expected


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("delta_degF", "delta_degC", 18, 10.0),
        ("degF/min", "K/s", 108, 1.0),
        ("K", "delta_degC", 5, 5),
    ],
)
def test_differences_of_temperature_have_no_offset(source, target, value, expected):
    line = unit_line(source, target)
    assert line.offset == 0
    assert line.function()(value) == expected


@pytest.mark.parametrize(
    ("source", "target"), [("kg", "m"), ("degC", "bar"), ("1", "s"), ("m**0.5", "m")]
)
def test_units_of_different_dimensions_are_both_named(source, target):
    with pytest.raises(ConfigurationError) as raised:
        unit_line(source, target)
    assert raised.value.text == (
        f"the unit {source!r} cannot be converted to {target!r}: they measure different things"
    )


@pytest.mark.parametrize("source", ["rpm", "deg/s", "turn/min", "rad/s"])
def test_a_rotation_does_not_become_a_bare_frequency_by_a_factor_of_two_pi(source):
    with pytest.raises(ConfigurationError, match="write 'turn/s' or 'rad/s' instead of '1/s'"):
        unit_line(source, "1/s")


@pytest.mark.parametrize(
    "text",
    ["furlongz", "m/", "(", "'", "2*m", "9**9**9", "m**99999", "m" * 65, "m/0", " ", "__x__(1)"],
)
def test_what_is_no_unit_is_named(text):
    with pytest.raises(ConfigurationError) as raised:
        unit_line(text, "m")
    assert raised.value.text == f"{text!r} is no known unit"


@pytest.mark.parametrize(("source", "target"), [("dBm", "W"), ("dB", "1")])
def test_logarithmic_units_are_refused(source, target):
    with pytest.raises(ConfigurationError, match="no conversion by factor and offset"):
        unit_line(source, target)


@pytest.mark.parametrize(("source", "target"), CONVERTIBLE)
def test_a_unit_is_itself(source, target):
    assert unit_line(source, source).is_identity
    assert unit_line(source, target).then(unit_line(target, source)).is_identity


def test_decimal_numbers_are_what_is_written():
    assert Line.of(0.1, 0.3) == Line(Fraction(1, 10), Fraction(3, 10))
    assert Line.of(1e-7, -1.0) == Line(Fraction(1, 10_000_000), Fraction(-1))


def test_tenths_of_kelvin_become_degrees_without_noise():
    line = Line.of(0.1, 0.0).then(unit_line("K", "degC"))
    assert line.function()(2981) == 24.95


def test_the_exact_function_keeps_integers_and_loses_no_digit():
    exact = Line.of(10.0, 5.0).exact_function()
    assert exact(2**62 // 10) == 2**62 // 10 * 10 + 5
    assert type(exact(1)) is int
    tenth = Line.of(0.1, 0.0).exact_function()
    assert (tenth(20), tenth(25)) == (2, 2.5)


@given(
    st.sampled_from(CONVERTIBLE),
    st.floats(min_value=1e-3, max_value=1e3),
    st.floats(min_value=-1e3, max_value=1e3),
    st.floats(min_value=-1e6, max_value=1e6),
)
def test_the_inverse_leads_back(units, factor, offset, value):
    line = Line.of(factor, offset).then(unit_line(*units))
    there, back = line.function(), line.inverse().function()
    scale = max(abs(value), abs(float(line.offset / line.factor)), 1.0)
    assert math.isclose(back(there(value)), value, rel_tol=1e-9, abs_tol=1e-9 * scale)


@given(st.sampled_from(CONVERTIBLE), st.integers(-(10**6), 10**6))
def test_integers_are_converted_as_exactly_as_a_float_can_be(units, value):
    line = unit_line(*units)
    exact = value * line.factor + line.offset
    assert math.isclose(line.function()(value), float(exact), rel_tol=4e-16, abs_tol=1e-15)

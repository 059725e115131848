"""xs: value types between their lexical text and JSON."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.metamodel.value_types import INTEGER_BOUNDS, VALUE_TYPES, to_json, to_lexical


@given(st.floats(allow_nan=False))
def test_a_double_survives_its_lexical_form(value: float) -> None:
    lexical = to_lexical("xs:double", value)
    expected = value if math.isfinite(value) else ("INF" if value > 0 else "-INF")
    assert to_json("xs:double", lexical) == expected


@given(st.sampled_from(sorted(INTEGER_BOUNDS)), st.integers(-(2**70), 2**70))
def test_an_integer_passes_exactly_when_it_is_in_the_range_of_its_type(
    value_type: str, value: int
) -> None:
    low, high = INTEGER_BOUNDS[value_type]
    if (low is None or value >= low) and (high is None or value <= high):
        assert to_json(value_type, to_lexical(value_type, value)) == value
    else:
        with pytest.raises(ValueError, match="out of the range"):
            to_lexical(value_type, value)


@pytest.mark.parametrize(
    ("value_type", "lexical", "expected"),
    [
        ("xs:boolean", "1", True),
        ("xs:boolean", " true ", True),
        ("xs:int", "+007", 7),
        ("xs:decimal", "1.50", 1.5),
        ("xs:decimal", "100", 100),
        ("xs:double", "1e3", 1000.0),
        ("xs:double", "NaN", "NaN"),
        ("xs:float", "-INF", "-INF"),
        ("xs:double", "1e999", "INF"),
        ("xs:dateTime", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.5Z"),
        ("xs:duration", "PT0.5S", "PT0.5S"),
        ("xs:gMonthDay", "--02-29", "--02-29"),
        ("xs:base64Binary", "AAEC", "AAEC"),
        ("xs:hexBinary", "0aFF", "0aFF"),
        ("xs:string", " kept as it is ", " kept as it is "),
        ("xs:anyURI", "urn:x", "urn:x"),
    ],
)
def test_lexical_text_becomes_the_scalar_of_its_type(
    value_type: str, lexical: str, expected: object
) -> None:
    result = to_json(value_type, lexical)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("value_type", "lexical"),
    [
        ("xs:boolean", "True"),
        ("xs:int", "1.0"),
        ("xs:int", "1_000"),
        ("xs:int", "٣"),
        ("xs:decimal", "1e3"),
        ("xs:decimal", "INF"),
        ("xs:double", "infinity"),
        ("xs:double", "nan"),
        ("xs:double", "0x1p3"),
        ("xs:double", ""),
        ("xs:dateTime", "2026-01-01"),
        ("xs:dateTime", "2026-13-01T00:00:00Z"),
        ("xs:duration", "P"),
        ("xs:duration", "PT"),
        ("xs:hexBinary", "abc"),
        ("xs:base64Binary", "A"),
        ("xs:integer", "9" * 5000),
    ],
)
def test_text_that_is_not_of_the_type_is_refused(value_type: str, lexical: str) -> None:
    with pytest.raises(ValueError, match="is no xs:"):
        to_json(value_type, lexical)
    with pytest.raises(ValueError, match="is no xs:"):
        to_lexical(value_type, lexical)


@pytest.mark.parametrize(
    ("value_type", "value"),
    [
        ("xs:boolean", 1),
        ("xs:int", True),
        ("xs:int", 1.5),
        ("xs:int", math.inf),
        ("xs:decimal", math.nan),
        ("xs:string", 1),
        ("xs:dateTime", 0),
        ("xs:double", None),
        ("xs:double", [1.0]),
        ("xs:float", 1e39),
        ("xs:double", 10**400),
    ],
)
def test_a_json_value_of_another_kind_is_refused(value_type: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"is no xs:|out of the range|no INF"):
        to_lexical(value_type, value)


def test_lexical_text_is_kept_as_the_client_wrote_it() -> None:
    assert to_lexical("xs:double", "1.50") == "1.50"
    assert to_lexical("xs:int", 3.0) == "3"
    assert to_lexical("xs:decimal", 1e21) == "1000000000000000000000"


@pytest.mark.parametrize("value_type", ["xs:integer", "xs:decimal"])
def test_an_integer_beyond_every_double_keeps_its_digits(value_type: str) -> None:
    assert to_json(value_type, to_lexical(value_type, 10**400 + 1)) == 10**400 + 1


def test_every_value_type_of_the_metamodel_is_known() -> None:
    assert len(VALUE_TYPES) == 30

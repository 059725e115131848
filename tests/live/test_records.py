"""Records: what was kept of a value is the value, whatever JSON cannot say."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.live.records import decode_record, encode_record
from aas_server.live.sinks import Facet, Sink
from aas_server.live.values import BAD_SENSOR_FAILURE, GOOD, LiveValue, Quality


def sink(value_type: str | None, model_type: str = "Property") -> Sink:
    return Sink("urn:ex", ("Temp",), model_type, value_type, {("Temp",): Facet.VALUE})


TEXTS = sink(None, "MultiLanguageProperty")


def good(value: Any) -> LiveValue:
    return LiveValue(value, Quality.GOOD, GOOD, 1_767_225_600_123_456, 1_767_225_600_200_000)


def round_trip(where: Sink, live: LiveValue) -> LiveValue:
    return decode_record(where, encode_record(where, live))


@given(st.floats(allow_nan=False))
def test_a_double_is_kept_to_its_last_bit(value: float) -> None:
    kept = round_trip(sink("xs:double"), good(value)).value

    assert (type(kept), kept, math.copysign(1, kept)) == (float, value, math.copysign(1, value))


def test_no_number_is_kept_as_such() -> None:
    assert math.isnan(round_trip(sink("xs:double"), good(math.nan)).value)


@given(st.integers(-(10**400), 10**400))
def test_an_integer_of_any_size_is_kept(value: int) -> None:
    assert round_trip(sink("xs:integer"), good(value)) == good(value)


@pytest.mark.parametrize(
    ("value_type", "value"),
    [
        ("xs:unsignedLong", 2**64 - 1),
        ("xs:float", 0.1),
        ("xs:float", -math.inf),
        ("xs:decimal", 12.5),
        ("xs:decimal", -(10**30)),
        ("xs:boolean", True),
        ("xs:boolean", False),
        ("xs:string", ""),
        ("xs:string", "NaN"),
        ("xs:string", " 2026-01-01T00:00:00Z\n"),
        ("xs:string", 'quote " and \\ and \U0001f600'),
        ("xs:dateTime", "2026-01-01T00:00:00.123456+01:00"),
        ("xs:duration", "PT0.5S"),
        ("xs:base64Binary", "AP8="),
        ("xs:hexBinary", "00FF"),
        ("xs:anyURI", "urn:a b"),
    ],
)
def test_a_value_of_every_type_is_kept(value_type: str, value: Any) -> None:
    kept = round_trip(sink(value_type), good(value))

    assert (type(kept.value), kept) == (type(value), good(value))


def test_texts_are_kept_with_their_languages() -> None:
    texts = [{"language": "de", "text": "Fräse"}, {"language": "und", "text": ""}]

    assert round_trip(TEXTS, good(texts)) == good(texts)


def test_quality_and_unknown_times_are_kept() -> None:
    bad = LiveValue(20.5, Quality.BAD, BAD_SENSOR_FAILURE, None, 1_767_225_600_000_000)

    assert round_trip(sink("xs:double"), bad) == bad


@pytest.mark.parametrize(
    ("was", "value", "now", "reason"),
    [
        (sink("xs:double"), 20.5, sink("xs:int"), "was xs:double"),
        (sink("xs:string"), "a", TEXTS, "was xs:string"),
        (TEXTS, [{"language": "de", "text": "a"}], sink("xs:string"), "was a MultiLanguage"),
    ],
)
def test_what_was_kept_for_another_type_is_refused(
    was: Sink, value: Any, now: Sink, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_record(now, encode_record(was, good(value)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": "warm"}, "'warm' is no xs:double"),
        ({"value": None}, "value"),
        ({"value": 20.5}, "value"),
        ({"value": [{"language": "de", "text": "a"}]}, "no value of a Property"),
        ({"statusCode": 2**32}, "statusCode"),
        ({"statusCode": -1}, "statusCode"),
        ({"sourceTimestamp": "yesterday"}, "sourceTimestamp"),
    ],
)
def test_a_damaged_record_is_refused(change: dict[str, Any], reason: str) -> None:
    where = sink("xs:double")
    record = msgspec.json.decode(encode_record(where, good(20.5)))

    with pytest.raises(ValueError, match=reason):
        decode_record(where, msgspec.json.encode(record | change))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (b"{}", "missing required field"),
        (b"[1]", "Expected `object`"),
        (b"\xff", "malformed"),
        (b'{"modelType":"Property"', "truncated"),
    ],
)
def test_what_is_no_record_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_record(sink("xs:double"), body)


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        (sink("xs:int"), 2**31, "out of the range of xs:int"),
        (sink("xs:double"), b"\x00", "bytes is no xs:double"),
        (sink("xs:string"), "\ud800", "surrogates"),
        (TEXTS, "no list", "Expected `array`"),
        (TEXTS, [{"language": "de"}], "text"),
    ],
)
def test_a_value_that_does_not_fit_its_element_is_not_kept(
    where: Sink, value: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        encode_record(where, good(value))

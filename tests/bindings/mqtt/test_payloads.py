"""Payloads of Sparkplug B: what is written is read again, and rubbish is refused or skipped."""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.bindings.mqtt.sparkplug import payloads
from aas_server.bindings.mqtt.sparkplug.payloads import (
    TYPE_NAMES,
    Metric,
    PayloadError,
    SparkplugPayload,
    decode_payload,
    encode_payload,
)
from aas_server.clock import EPOCH
from tests.support.patience import patient

NUMBERS = {name: number for number, name in TYPE_NAMES.items()}
moments = st.integers(0, 253_402_300_799_999).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def integers(bits: int, signed: bool) -> st.SearchStrategy[int]:
    low = -(1 << (bits - 1)) if signed else 0
    return st.integers(low, low + (1 << bits) - 1)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{f"Int{bits}": integers(bits, True) for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": integers(bits, False) for bits in (8, 16, 32, 64)},
    "Float": st.floats(width=32, allow_nan=False),
    "Double": st.floats(allow_nan=False),
    "Boolean": st.booleans(),
    "String": st.text(st.characters(codec="utf-8")),
    "Text": texts,
    "UUID": texts,
    "DateTime": moments,
    "Bytes": st.binary(),
    "File": st.binary(),
}
VALUES |= {
    f"{name}Array": st.lists(texts if name == "String" else values, max_size=20)
    for name, values in VALUES.items()
    if f"{name}Array" in NUMBERS
}
unsigned = st.none() | st.integers(0, 2**64 - 1)


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    kind = draw(st.sampled_from(sorted(VALUES)))
    is_null = draw(st.booleans())
    return Metric(
        draw(st.none() | texts),
        draw(unsigned),
        draw(unsigned),
        NUMBERS[kind],
        None if is_null else draw(VALUES[kind]),
        is_null,
        draw(st.booleans()),
        quality=draw(st.none() | st.sampled_from((0, 192, 500))),
    )


@patient
@given(st.lists(metrics(), max_size=5), unsigned, unsigned)
def test_what_is_written_is_read_again(all_metrics: Any, timestamp: Any, seq: Any) -> None:
    payload = SparkplugPayload(all_metrics, timestamp, seq)

    assert decode_payload(encode_payload(payload)) == payload


@patient
@given(st.binary())
def test_any_bytes_are_a_payload_or_refused(body: bytes) -> None:
    with suppress(PayloadError):  # and nothing else
        decode_payload(body)


VALUE_FIELDS = [
    b"\x50\x05",  # int_value
    b"\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # long_value
    b"\x65\x00\x00\xc0\x7f",  # float_value: not a number
    b"\x69" + bytes(8),  # double_value
    b"\x70\x01",  # boolean_value
    b"\x7a\x01\xff",  # string_value: no UTF-8
    b"\x82\x01\x03\x01\x02\x03",  # bytes_value
    b"",
]


@pytest.mark.parametrize("field", VALUE_FIELDS)
@pytest.mark.parametrize("datatype", range(40))
def test_a_value_that_is_not_of_its_type_is_a_problem_of_its_metric_alone(
    field: bytes, datatype: int
) -> None:
    bodies = (field, b"\x0a\x01y\x20\x0b\x70\x01")
    body = b"".join(b"\x12" + bytes([len(one)]) + one for one in bodies)

    strange, good = decode_payload(body, lambda *_: datatype).metrics

    assert (strange.problem is None) != (strange.value is None)
    assert good.value is True


def test_the_bytes_are_those_of_the_specification() -> None:
    """Written by hand from the field numbers of the wire, without the code under test."""
    metric = (
        b"\x0a\x01a" + b"\x10\x07" + b"\x18\xe8\x07" + b"\x20\x03" + b"\x50\xfe\xff\xff\xff\x0f"
    )
    double = b"\x0a\x01d" + b"\x20\x0a" + b"\x69" + struct.pack("<d", 2.5)
    flags = b"\x0a\x01n" + b"\x20\x0c" + b"\x28\x01" + b"\x38\x01"
    quality = b"\x0a\x07Quality" + b"\x12\x05" + b"\x08\x03" + b"\x18\xf4\x03"
    unsure = b"\x10\x08" + b"\x20\x0b" + b"\x4a" + bytes([len(quality)]) + quality + b"\x70\x01"
    parts = (metric, double, flags, unsure)
    body = b"\x08\xd0\x0f" + b"".join(b"\x12" + bytes([len(one)]) + one for one in parts)
    body += b"\x18\xff\x01" + b"\x22\x04uuid" + b"\x2a\x02\x00\x01"

    assert decode_payload(body) == SparkplugPayload(
        [
            Metric("a", 7, 1000, payloads.INT32, -2),
            Metric("d", None, None, payloads.DOUBLE, 2.5),
            Metric("n", None, None, payloads.STRING, None, True, True),
            Metric(None, 8, None, payloads.BOOLEAN, True, quality=500),
        ],
        2000,
        255,
    )


@pytest.mark.parametrize("bits", [0xFB, 0xFFFFFFFB])
def test_a_negative_number_may_fill_its_type_or_its_field(bits: int) -> None:
    varint = b""
    while bits >= 0x80:
        varint, bits = varint + bytes([bits & 0x7F | 0x80]), bits >> 7
    metric = b"\x20\x01\x50" + varint + bytes([bits])
    (decoded,) = decode_payload(b"\x12" + bytes([len(metric)]) + metric).metrics
    assert decoded.value == -5


@pytest.mark.parametrize("field", [17, 18, 19])
def test_data_sets_templates_and_extensions_are_skipped(field: int) -> None:
    inner = b"\x08\x01"
    tag = (
        (field << 3 | 2).to_bytes(1, "little")
        if field < 16
        else bytes([field << 3 & 0x7F | 0x82, field >> 4])
    )
    metric = b"\x0a\x01x\x20\x10" + tag + bytes([len(inner)]) + inner
    other = b"\x0a\x01y\x20\x0b\x70\x01"
    body = b"".join(b"\x12" + bytes([len(one)]) + one for one in (metric, other))

    skipped, read = decode_payload(body).metrics

    assert "DataSet" in (skipped.problem or "")
    assert read.value is True


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Int8", 128),
        ("UInt8", -1),
        ("Int32", 1.5),
        ("Int32", True),
        ("Int32", "1"),
        ("Float", 1e300),
        ("Double", "warm"),
        ("Boolean", 1),
        ("String", 1),
        ("DateTime", 1),
        ("Bytes", "x"),
        ("DataSet", 1),
        ("StringArray", ["a\0b"]),
        ("Int8Array", [128]),
        ("Int8Array", 1),
    ],
)
def test_a_value_that_its_type_does_not_have_is_not_written(kind: str, value: Any) -> None:
    with pytest.raises(PayloadError, match=kind):
        encode_payload(SparkplugPayload([Metric("x", datatype=NUMBERS[kind], value=value)]))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("StringArray", b"abc"),
        ("StringArray", b"\xff\0"),
        ("BooleanArray", b"\1"),
        ("BooleanArray", b"\xff\xff\xff\xff\1"),
        ("Int32Array", b"\1\2\3"),
        ("DateTimeArray", b"\xff" * 8),
    ],
)
def test_an_array_that_is_broken_is_told(kind: str, body: bytes) -> None:
    metric = b"\x20" + bytes([NUMBERS[kind]]) + b"\x82\x01" + bytes([len(body)]) + body
    (decoded,) = decode_payload(b"\x12" + bytes([len(metric)]) + metric).metrics
    assert kind in (decoded.problem or "")

"""Values on their way to a machine are exactly of its type, or refused with a reason."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from aas_server.bindings.opcua.scalars import microseconds, shortest
from aas_server.bindings.opcua.variants import sample, to_variant, value_only
from aas_server.errors import DeviceRefusedValue
from aas_server.live.values import BAD_OUT_OF_RANGE, BAD_TYPE_MISMATCH

V = ua.VariantType


@pytest.mark.parametrize(
    ("value", "variant_type", "expected"),
    [
        (3, V.Byte, 3),
        (3.0, V.UInt16, 3),
        (0.3 / 0.1, V.Int16, 3),
        (1e6 + 0.1, V.Int32, 1_000_000),
        (2, V.Double, 2.0),
        (1.5, V.Float, 1.5),
        (True, V.Boolean, True),
        ("a", V.String, "a"),
        ("2026-01-02T03:04:05Z", V.DateTime, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("AAE=", V.ByteString, b"\x00\x01"),
        (str(UUID(int=1)), V.Guid, UUID(int=1)),
        ("x", V.LocalizedText, ua.LocalizedText("x")),
        ({"language": "de", "text": "x"}, V.LocalizedText, ua.LocalizedText("x", "de")),
        ([1, 2.0], V.Int32, [1, 2]),
    ],
)
def test_a_value_is_encoded_as_the_nodes_own_type(
    value: Any, variant_type: ua.VariantType, expected: Any
) -> None:
    variant = to_variant(value, variant_type, path="p")

    assert variant.VariantType is variant_type
    assert variant.Value == expected
    assert type(variant.Value) is type(expected)


@pytest.mark.parametrize(
    ("value", "variant_type", "status"),
    [
        (256, V.Byte, BAD_OUT_OF_RANGE),
        (-1, V.UInt64, BAD_OUT_OF_RANGE),
        (2.5, V.Int16, BAD_OUT_OF_RANGE),
        (float("nan"), V.Int32, BAD_OUT_OF_RANGE),
        (1e39, V.Float, BAD_OUT_OF_RANGE),
        (True, V.Int32, BAD_TYPE_MISMATCH),
        (1, V.Boolean, BAD_TYPE_MISMATCH),
        ("1", V.Double, BAD_TYPE_MISMATCH),
        (1, V.String, BAD_TYPE_MISMATCH),
        ("yesterday", V.DateTime, BAD_TYPE_MISMATCH),
        ("???", V.ByteString, BAD_TYPE_MISMATCH),
        ("x", V.Guid, BAD_TYPE_MISMATCH),
        ("x", V.ExtensionObject, BAD_TYPE_MISMATCH),
        ([1, 300], V.Byte, BAD_OUT_OF_RANGE),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_status_that_a_device_would_give(
    value: Any, variant_type: ua.VariantType, status: int
) -> None:
    with pytest.raises(DeviceRefusedValue) as refusal:
        to_variant(value, variant_type, path="Signals.X")

    assert refusal.value.status_code == status
    assert refusal.value.path == "Signals.X"
    assert refusal.value.status_name in ("BadOutOfRange", "BadTypeMismatch")


@given(st.floats(width=32, allow_nan=False))
def test_a_32_bit_float_reads_as_its_shortest_text_and_stays_the_same_float(value: float) -> None:
    short = shortest(value)

    assert struct.pack("<f", short) == struct.pack("<f", value)


def test_a_tenth_in_a_32_bit_float_reads_as_a_tenth() -> None:
    assert shortest(struct.unpack("<f", struct.pack("<f", 0.1))[0]) == 0.1


@pytest.mark.parametrize("year", [1601, 9999])
def test_both_ends_of_the_range_of_times_mean_no_time(year: int) -> None:
    moment = datetime(year, 1, 1, tzinfo=UTC)
    value = ua.DataValue(ua.Variant(1, V.Byte), SourceTimestamp=moment, ServerTimestamp=moment)

    assert sample(value).source_timestamp is None


@pytest.mark.parametrize("ticks", [0, -1, 2**63 - 1, 2_650_467_743_990_000_000])
def test_ticks_without_a_time_are_none(ticks: int) -> None:
    assert microseconds(ticks) is None


def test_ticks_count_hundreds_of_nanoseconds_since_1601() -> None:
    assert microseconds(116_444_736_000_000_000 + 12_345_678) == 1_234_567


def test_the_servers_time_stands_in_for_a_missing_source_time() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    value = ua.DataValue(ua.Variant(1, V.Byte), ServerTimestamp=moment)

    assert sample(value).source_timestamp == 1_767_225_600_000_000


def test_a_written_value_carries_neither_status_nor_timestamps() -> None:
    encoding_mask = struct_to_binary(value_only(ua.Variant(1, V.Byte)))[0]

    assert encoding_mask == 0x01

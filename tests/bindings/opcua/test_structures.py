"""Structures by their definitions: whatever they are made of comes back from its bytes."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import extensionobject_to_binary, struct_to_binary, variant_to_binary
from hypothesis import given
from hypothesis import strategies as st

from aas_server.bindings.named_values import NamedNumber, NamedObject
from aas_server.bindings.opcua.binary import COMPACT, nested, variant
from aas_server.bindings.opcua.definitions import (
    EU_INFORMATION,
    RANGE,
    Definition,
    Field,
    Kind,
    standard_definition,
    standard_encodings,
)
from aas_server.bindings.opcua.node_ids import node_id_text
from aas_server.bindings.opcua.scalar_encoding import OutOfRange, Refused, scalar_encoder
from aas_server.bindings.opcua.structures import (
    bit_names,
    bits_of,
    decoded,
    encoded,
    flattened,
    named,
    number_of,
)
from aas_server.bindings.structure import Structure
from aas_server.live.shapes import ABSENT

V = ua.VariantType
NAMESPACES = ["http://opcfoundation.org/UA/", "urn:machine", "urn:types"]
OFFSET = ua.NodeId(3010, 2)
TOOL = ua.NodeId(3020, 2)
READING = ua.NodeId(3030, 2)
TEXTS = {0: "Idle", 1: "Cutting"}
DEFINITIONS = {
    OFFSET: Definition(
        "Offset", OFFSET, ua.NodeId(1, 2), Kind.PLAIN, (Field("X", V.Double), Field("Y", V.Double))
    ),
    TOOL: Definition(
        "Tool",
        TOOL,
        ua.NodeId(2, 2),
        Kind.OPTIONAL,
        (
            Field("Number", V.UInt16),
            Field("Life", V.Float, is_optional=True),
            Field("State", V.Int32, texts=TEXTS),
            Field("Places", V.ExtensionObject, 1, is_optional=True, structure=OFFSET),
            Field("Map", V.Int16, 2, is_optional=True),
            Field("Open", V.Variant, is_optional=True),
            Field("Owner", V.NodeId, is_optional=True),
        ),
    ),
    READING: Definition(
        "Reading",
        READING,
        ua.NodeId(3, 2),
        Kind.UNION,
        (
            Field("Number", V.Double),
            Field("Text", V.String),
            Field("Place", V.ExtensionObject, structure=OFFSET),
        ),
    ),
}


def lookup(data_type: ua.NodeId) -> Definition:
    return DEFINITIONS[data_type]


def plain(value: Any) -> Any:
    return node_id_text(value, NAMESPACES) if isinstance(value, ua.NodeId) else value


def encode(data_type: ua.NodeId, value: Any) -> bytes:
    return encoded(DEFINITIONS[data_type], value, lookup, NAMESPACES)


def decode(data_type: ua.NodeId, body: bytes) -> Any:
    return decoded(DEFINITIONS[data_type], body, lookup, plain)


doubles = st.floats(allow_nan=False)
texts = st.text(st.characters(codec="utf-8"), max_size=10)
moments = st.datetimes(
    datetime(1700, 1, 1),  # noqa: DTZ001 -- the time zone is drawn
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SCALARS: dict[ua.VariantType, st.SearchStrategy[Any]] = {
    V.Boolean: st.booleans(),
    V.SByte: st.integers(-128, 127),
    V.Byte: st.integers(0, 255),
    V.Int16: st.integers(-(2**15), 2**15 - 1),
    V.UInt16: st.integers(0, 2**16 - 1),
    V.Int32: st.integers(-(2**31), 2**31 - 1),
    V.UInt32: st.integers(0, 2**32 - 1),
    V.Int64: st.integers(-(2**63), 2**63 - 1),
    V.UInt64: st.integers(0, 2**64 - 1),
    V.Float: st.sampled_from([0.0, 0.1, -1.5, 3e38, math.inf, -math.inf]),
    V.Double: doubles,
    V.String: texts,
    V.DateTime: moments,
    V.Guid: st.uuids().map(str),
    V.ByteString: st.binary(max_size=10),
    V.XmlElement: texts,
    V.NodeId: st.sampled_from(
        ["i=85", "nsu=urn:machine;s=a;b=c", "nsu=urn:types;i=70000", "nsu=urn:types;b=AAE="]
    ),
    V.ExpandedNodeId: st.sampled_from(["i=85", "nsu=urn:machine;s=x"]),
    V.StatusCode: st.sampled_from([0, 0x80340000, 0x408F0480]),
    V.QualifiedName: st.sampled_from(["0:Name", "2:Fräse"]),
    V.LocalizedText: st.fixed_dictionaries(
        {"language": st.sampled_from(["", "de"]), "text": texts}
    ),
}


def resolved(value: Any) -> Any:
    return [resolved(each) for each in value] if isinstance(value, list) else plain(value)


@pytest.mark.parametrize("kind", SCALARS, ids=lambda kind: str(kind.name))
@given(data=st.data())
def test_every_builtin_type_comes_back_as_one_value_as_array_and_as_matrix(
    kind: ua.VariantType, data: st.DataObject
) -> None:
    strategy, to_ua = SCALARS[kind], scalar_encoder(kind, NAMESPACES)
    one = data.draw(strategy)
    assert resolved(variant(variant_to_binary(ua.Variant(to_ua(one), kind)), 0)[0]) == one

    rows, columns = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    row = st.lists(strategy, min_size=columns, max_size=columns)
    matrix = data.draw(st.lists(row, min_size=rows, max_size=rows))
    lengths, items = flattened(matrix, 2)
    sent = ua.Variant([to_ua(each) for each in items], kind, lengths, is_array=True)
    body = variant_to_binary(sent)
    value, end = variant(body, 0)
    assert (resolved(value), end) == (matrix, len(body))

    sent = ua.Variant([to_ua(each) for each in items], kind, is_array=True)
    assert resolved(variant(variant_to_binary(sent), 0)[0]) == items


offsets = st.fixed_dictionaries({"X": doubles, "Y": doubles})
tools = st.fixed_dictionaries(
    {"Number": SCALARS[V.UInt16], "State": st.integers(0, 5)},
    optional={
        "Life": SCALARS[V.Float],
        "Places": st.lists(offsets, max_size=3),
        "Map": st.sampled_from([[[1, 2], [3, 4], [5, 6]], [[7]], [[], []]]),
        "Owner": SCALARS[V.NodeId],
    },
)


@given(tools)
def test_a_structure_with_optional_fields_comes_back(tool: dict[str, Any]) -> None:
    missing = dict.fromkeys(("Life", "Places", "Map", "Open", "Owner"), ABSENT)

    assert decode(TOOL, encode(TOOL, tool)) == missing | tool


@given(
    st.one_of(
        st.fixed_dictionaries({"Number": doubles}),
        st.fixed_dictionaries({"Text": texts}),
        st.fixed_dictionaries({"Place": offsets}),
        st.just({}),
    )
)
def test_a_union_has_the_one_field_that_it_was_given(reading: dict[str, Any]) -> None:
    missing = dict.fromkeys(("Number", "Text", "Place"), ABSENT)

    assert decode(READING, encode(READING, reading)) == missing | reading


def test_a_number_of_an_enumeration_has_its_name() -> None:
    tool = decode(TOOL, encode(TOOL, {"Number": 1, "State": "Cutting"}))

    assert (tool["State"], str(tool["State"])) == (1, "Cutting")
    assert str(named(7, TEXTS)) == "7"
    assert [str(each) for each in named([0, 1], TEXTS)] == ["Idle", "Cutting"]
    assert number_of("-3", TEXTS) == -3


def test_a_field_of_an_open_type_is_what_it_is() -> None:
    body = struct.pack("<IHi", 0b1000, 3, 0) + variant_to_binary(ua.Variant([1, 2], V.Int16))

    assert decode(TOOL, body)["Open"] == [1, 2]


@pytest.mark.parametrize(
    ("data_type", "value", "error", "told"),
    [
        (OFFSET, {"X": 1.0}, Refused, "needs Y"),
        (OFFSET, {"X": 1.0, "Y": "far"}, Refused, "Y: 'far' is no Double"),
        (OFFSET, {"X": 1.0, "Y": None}, Refused, "Y: a value is needed"),
        (OFFSET, {"X": 1.0, "Y": 2.0, "Z": 3.0}, Refused, "no field 'Z'"),
        (OFFSET, [1.0, 2.0], Refused, "an object of the fields"),
        (TOOL, {"Number": 70000, "State": 0}, OutOfRange, "Number: 70000 does not fit"),
        (TOOL, {"Number": 1, "State": "Broken"}, Refused, "State: 'Broken' is none of"),
        (TOOL, {"Number": 1, "State": 0, "Open": 1}, Refused, "Open: .*open"),
        (TOOL, {"Number": 1, "State": 0, "Map": [1]}, Refused, "Map: an array of 2 dimensions"),
        (TOOL, {"Number": 1, "State": 0, "Map": [[1], []]}, Refused, "Map: the rows"),
        (TOOL, {"Number": 1, "State": 0, "Places": [{}]}, Refused, "Places: .*needs X"),
        (READING, {"Number": 1.0, "Text": "x"}, Refused, "one of its fields"),
    ],
)
def test_a_structure_that_does_not_fit_is_refused_where_it_does_not(
    data_type: ua.NodeId, value: Any, error: type[Refused], told: str
) -> None:
    with pytest.raises(error, match=told):
        encode(data_type, value)


@pytest.mark.parametrize(
    ("data_type", "body"),
    [
        (OFFSET, b""),
        (OFFSET, bytes(15)),
        (TOOL, bytes(9)),
        (TOOL, struct.pack("<IHi", 1, 1, 0)),
        (TOOL, struct.pack("<IHii", 0b10, 1, 0, 2**31 - 1)),
        (TOOL, struct.pack("<IHiiii", 0b100, 1, 0, 2, 2**30, 2**30)),
        (READING, b""),
        (READING, struct.pack("<I", 9)),
        (READING, struct.pack("<Ii", 2, 2**31 - 1)),
    ],
)
def test_bytes_that_are_no_such_structure_are_refused_before_they_cost_anything(
    data_type: ua.NodeId, body: bytes
) -> None:
    with pytest.raises((ValueError, struct.error)):
        decode(data_type, body)


@given(st.binary(max_size=60), st.sampled_from(list(DEFINITIONS)))
def test_random_bytes_end_in_a_value_or_an_exception(body: bytes, data_type: ua.NodeId) -> None:
    try:
        value = decode(data_type, body)
    except Exception:
        return
    assert set(value) == {each.name for each in DEFINITIONS[data_type].fields}


STANDARD = [
    ua.Range(1.5, 2.5),
    ua.EUInformation("urn:units", 5, ua.LocalizedText("x"), ua.LocalizedText("y", "de")),
    ua.Argument("a", ua.NodeId(11), 1, [3], ua.LocalizedText("text")),
    ua.TimeZoneDataType(60, True),
    ua.XVType(1.0, 2.0),
    ua.EnumValueType(3, ua.LocalizedText("three"), ua.LocalizedText("")),
    ua.AxisInformation(
        ua.EUInformation(), ua.Range(0, 1), ua.LocalizedText("t"), ua.AxisScaleEnumeration.Ln, [1.0]
    ),
    ua.BuildInfo("uri", "maker", "name", "1", "2", datetime(2026, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize("value", STANDARD, ids=lambda value: type(value).__name__)
def test_structures_of_the_standard_are_known_without_being_asked_for(value: Any) -> None:
    found = variant(b"\x16" + extensionobject_to_binary(value), 0)[0]
    assert isinstance(found, Structure)
    definition = standard_encodings()[found.type_name]

    fields = decoded(definition, found.body or b"", standard_lookup, plain)

    assert list(fields) == [each.name for each in definition.fields]
    assert definition.name == type(value).__name__
    body = encoded(definition, fields, standard_lookup, NAMESPACES)
    assert decoded(definition, body, standard_lookup, plain) == fields


def standard_lookup(data_type: ua.NodeId) -> Definition:
    found = standard_definition(data_type)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("uri", "number", "unit"),
    [
        ("http://www.opcfoundation.org/UA/units/un/cefact", 4408652, "CEL"),
        ("http://www.opcfoundation.org/UA/units/un/cefact", 20529, "P1"),
        ("http://www.opcfoundation.org/UA/units/un/cefact", -1, "°C"),
        ("urn:own:units", 4408652, "°C"),
    ],
)
def test_a_unit_is_its_unece_code_or_its_name(uri: str, number: int, unit: str) -> None:
    value = ua.EUInformation(uri, number, ua.LocalizedText("°C"), ua.LocalizedText("degree"))

    shown = decoded(
        standard_lookup(EU_INFORMATION), struct_to_binary(value), standard_lookup, plain
    )

    assert isinstance(shown, NamedObject)
    assert shown.text == unit


def test_bounds_are_a_range_on_their_way_back() -> None:
    body = encoded(standard_lookup(RANGE), {"min": 1.0, "max": 2.0}, standard_lookup, NAMESPACES)

    assert body == struct_to_binary(ua.Range(1.0, 2.0))


def test_the_names_of_set_bits_are_a_number_again() -> None:
    bits = {0: "Coolant", 2: "Lamp"}

    assert bit_names(0b1101, bits) == ["Coolant", "Lamp", "bit 3"]
    assert bits_of(["Lamp", "bit 3", "Coolant"], bits) == 0b1101
    assert bit_names(0, bits) == []
    for wrong in ("Radio", "bit 64", 3):
        with pytest.raises(Refused, match="none of the machine's Coolant, Lamp"):
            bits_of([wrong], bits)


@pytest.mark.parametrize(
    ("flat", "dimensions", "shown"),
    [
        ([1, 2, 3, 4, 5, 6], [2, 3], [[1, 2, 3], [4, 5, 6]]),
        (list(range(8)), [2, 2, 2], [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]),
        ([], [2, 0], [[], []]),
        ([], [0, 2], []),
        ([1, 2, 3], [2, 2], [1, 2, 3]),
        ([1, 2], [-1, -2], [1, 2]),
        ([1, 2], None, [1, 2]),
        ([], [COMPACT + 1, 0], []),
    ],
)
def test_a_matrix_is_nested_where_its_dimensions_fit(
    flat: list[int], dimensions: list[int] | None, shown: list[Any]
) -> None:
    assert nested(flat, dimensions) == shown


def test_an_array_of_a_million_numbers_stays_packed() -> None:
    sent = variant_to_binary(ua.Variant([0.5] * 200_000, V.Double, is_array=True))

    value, end = variant(sent, 0)

    assert (type(value).__name__, len(value), value[7], end) == ("array", 200_000, 0.5, len(sent))


def test_a_structure_without_a_body_or_in_xml_is_only_named() -> None:
    assert variant(b"\x16\x01\x02\xe9\x03\x00", 0)[0] == Structure("ns=2;i=1001")
    assert variant(b"\x16\x01\x02\xe9\x03\x02\x01\x00\x00\x00<", 0)[0] == Structure("ns=2;i=1001")
    assert variant(b"\x16\x00\x00\x00", 0)[0] is None


def test_a_status_code_has_its_name() -> None:
    value = variant(variant_to_binary(ua.Variant(ua.StatusCode(0x80340000), V.StatusCode)), 0)[0]

    assert isinstance(value, NamedNumber)
    assert (int(value), value.name) == (0x80340000, "BadNodeIdUnknown")


def test_times_are_kept_to_the_microsecond() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    body = variant_to_binary(ua.Variant(moment, V.DateTime))

    value = variant(body, 0)[0]
    assert abs(value - moment) < timedelta(microseconds=2)
    assert len(Buffer(body)) == 9

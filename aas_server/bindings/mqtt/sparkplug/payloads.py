"""Payloads of Sparkplug B (version 3.0, 6.4): the messages, and the values in them.

Only what a value and its quality need is declared; everything else (other properties, data sets,
templates, metadata) is skipped by the decoder as fields that it does not know.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from aas_server.clock import EPOCH

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE: Final = "aas_server.sparkplug"

# Number and type of each field (6.4.1, 6.4.4): facts of the wire.
_PAYLOAD_FIELDS: Final = {
    "timestamp": (1, _Field.TYPE_UINT64),
    "seq": (3, _Field.TYPE_UINT64),
}
_METRIC_FIELDS: Final = {
    "name": (1, _Field.TYPE_STRING),
    "alias": (2, _Field.TYPE_UINT64),
    "timestamp": (3, _Field.TYPE_UINT64),
    "datatype": (4, _Field.TYPE_UINT32),
    "is_historical": (5, _Field.TYPE_BOOL),
    "is_transient": (6, _Field.TYPE_BOOL),
    "is_null": (7, _Field.TYPE_BOOL),
}
_VALUE_FIELDS: Final = {
    "int_value": (10, _Field.TYPE_UINT32),
    "long_value": (11, _Field.TYPE_UINT64),
    "float_value": (12, _Field.TYPE_FLOAT),
    "double_value": (13, _Field.TYPE_DOUBLE),
    "boolean_value": (14, _Field.TYPE_BOOL),
    "string_value": (15, _Field.TYPE_STRING),
    "bytes_value": (16, _Field.TYPE_BYTES),
}

# Data types by their numbers (6.4.16).
INT8: Final = 1
INT16: Final = 2
INT32: Final = 3
INT64: Final = 4
UINT8: Final = 5
UINT16: Final = 6
UINT32: Final = 7
UINT64: Final = 8
FLOAT: Final = 9
DOUBLE: Final = 10
BOOLEAN: Final = 11
STRING: Final = 12
DATE_TIME: Final = 13
TEXT: Final = 14
UUID: Final = 15
BYTES: Final = 17
FILE: Final = 18
_FIRST_ARRAY: Final = 22
BOOLEAN_ARRAY: Final = 32
STRING_ARRAY: Final = 33
DATE_TIME_ARRAY: Final = 34

_SIGNED_BITS: Final = {INT8: 8, INT16: 16, INT32: 32, INT64: 64}
_UNSIGNED_BITS: Final = {UINT8: 8, UINT16: 16, UINT32: 32, UINT64: 64}
_INTEGER_BITS: Final = _SIGNED_BITS | _UNSIGNED_BITS
_TEXTS: Final = frozenset({STRING, TEXT, UUID})
_BINARIES: Final = frozenset({BYTES, FILE})
_ARRAY_FORMATS: Final = "bhiqBHIQfd"
"""Formats of ``struct`` for the arrays of numbers, from Int8Array (22) on."""

_SCALARS: Final = (
    "Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float Double Boolean String DateTime Text "
    "UUID DataSet Bytes File Template PropertySet PropertySetList"
)
_ARRAYS: Final = (
    "Int8Array Int16Array Int32Array Int64Array UInt8Array UInt16Array UInt32Array UInt64Array "
    "FloatArray DoubleArray BooleanArray StringArray DateTimeArray"
)
TYPE_NAMES: Final = dict(enumerate(f"{_SCALARS} {_ARRAYS}".split(), start=1))
"""Names of the data types by their numbers."""

_QUALITY: Final = "Quality"
_MAX_MILLISECONDS: Final = 253_402_300_799_999


class PayloadError(ValueError):
    """A payload, or the value of a metric, that Sparkplug B does not have; the text says why."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a payload; times in milliseconds since the epoch.

    ``value`` is bool, int, float, str, bytes, an aware datetime, or a list of one of these; None
    when the metric says that it is null. ``problem`` says why it has none that can be shown,
    ``quality`` is its property of that name (6.4.14).
    """

    name: str | None = None
    alias: int | None = None
    timestamp: int | None = None
    datatype: int | None = None
    value: Any = None
    is_null: bool = False
    is_historical: bool = False
    problem: str | None = None
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class SparkplugPayload:
    """What one message of Sparkplug B says; ``seq`` counts a node's messages from 0 to 255."""

    metrics: Sequence[Metric]
    timestamp: int | None = None
    seq: int | None = None


DataTypes = Callable[[str | None, int | None], int | None]
"""The data type that a birth certificate gave to a metric, by its name or alias."""


def decode_payload(body: bytes, datatypes: DataTypes | None = None) -> SparkplugPayload:
    """Return what ``body`` says; ``datatypes`` tells the types of metrics that do not.

    A metric whose value cannot be shown has a ``problem``, the others are whole. Raises
    ``PayloadError`` when ``body`` is no payload at all.
    """
    try:
        message = _Payload.FromString(body)
        return SparkplugPayload(
            [_metric(each, datatypes) for each in message.metrics],
            _optional(message, "timestamp"),
            _optional(message, "seq"),
        )
    except (DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"the payload is no Sparkplug B: {error}") from None


def encode_payload(payload: SparkplugPayload) -> bytes:
    """Return the bytes of ``payload``; raises ``PayloadError`` for a value not of its type."""
    message = _Payload()
    for field in _PAYLOAD_FIELDS:
        _set(message, field, getattr(payload, field))
    for metric in payload.metrics:
        part = message.metrics.add()
        for field in ("name", "alias", "timestamp", "datatype"):
            _set(part, field, getattr(metric, field))
        if metric.is_historical:
            part.is_historical = True
        if metric.quality is not None:
            part.properties.keys.append(_QUALITY)
            part.properties.values.add(int_value=metric.quality)
        if metric.is_null:
            part.is_null = True
        else:
            field, value = _to_wire(metric.datatype, metric.value)
            setattr(part, field, value)
    body: bytes = message.SerializeToString()
    return body


def _metric(message: Any, datatypes: DataTypes | None) -> Metric:
    name, alias = _optional(message, "name"), _optional(message, "alias")
    if isinstance(name, bytes):  # what the decoder gives for a text that is no UTF-8
        name = None
    datatype = _optional(message, "datatype")
    if not datatype and datatypes is not None:
        datatype = datatypes(name, alias)
    value, problem = None, None
    if not message.is_null:
        try:
            value = _value(message, datatype)
        except PayloadError as error:
            problem = str(error)
    return Metric(
        name,
        alias,
        _optional(message, "timestamp"),
        datatype,
        value,
        message.is_null,
        message.is_historical,
        problem,
        _quality(message),
    )


def _quality(message: Any) -> int | None:
    properties = message.properties
    for name, value in zip(properties.keys, properties.values, strict=False):
        if name == _QUALITY and value.HasField("int_value"):
            quality: int = value.int_value
            return quality
    return None


def _value(message: Any, datatype: int | None) -> Any:
    field = message.WhichOneof("value")
    if field is None:
        kind = TYPE_NAMES.get(datatype or 0, "")
        raise PayloadError(
            f"the metric has no value that an element can show{f': it is a {kind}' if kind else ''}"
        )
    value = getattr(message, field)
    try:
        return _from_wire(datatype, field, value)
    except (struct.error, UnicodeDecodeError, ValueError, TypeError, OverflowError) as error:
        kind = TYPE_NAMES.get(datatype or 0, f"type {datatype}")
        raise PayloadError(f"the metric's {field} is no {kind}: {error}") from None


def _from_wire(datatype: int | None, field: str, value: Any) -> Any:
    if field == "int_value" or field == "long_value":
        return _integer(datatype, value)
    if field == "bytes_value" and datatype is not None and datatype >= _FIRST_ARRAY:
        return _array(datatype, value)
    if datatype == DATE_TIME:
        raise ValueError("a DateTime is a number of milliseconds")
    if field == "string_value" and isinstance(value, bytes):
        raise ValueError("it is no UTF-8")
    return value


def _integer(datatype: int | None, value: int) -> Any:
    if datatype == DATE_TIME:
        return _moment(value)
    if datatype == BOOLEAN:
        return value != 0
    bits = _SIGNED_BITS.get(datatype or 0)
    if bits is None:
        return value
    # Senders put negative numbers into as many bits as the type has, or as the field has.
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _array(datatype: int, body: bytes) -> list[Any]:
    if datatype == STRING_ARRAY:
        if body and not body.endswith(b"\0"):
            raise ValueError("its last text does not end")
        return [text.decode() for text in body.split(b"\0")[:-1]]
    if datatype == BOOLEAN_ARRAY:
        (count,) = struct.unpack_from("<I", body)
        if count > 8 * (len(body) - 4):
            raise ValueError(f"{count} booleans do not fit {len(body)} bytes")
        return [bool(body[4 + n // 8] & (0x80 >> n % 8)) for n in range(count)]
    if datatype == DATE_TIME_ARRAY:
        return [_moment(value) for (value,) in struct.iter_unpack("<Q", body)]
    number = datatype - _FIRST_ARRAY
    if number >= len(_ARRAY_FORMATS):
        raise ValueError("the type is not known")
    return [value for (value,) in struct.iter_unpack(f"<{_ARRAY_FORMATS[number]}", body)]


def _moment(milliseconds: int) -> datetime:
    if milliseconds > _MAX_MILLISECONDS:
        raise ValueError(f"{milliseconds} ms is beyond the year 9999")
    return EPOCH + timedelta(milliseconds=milliseconds)


def _to_wire(datatype: int | None, value: Any) -> tuple[str, Any]:
    """Return the field for a value of ``datatype`` and what goes into it."""
    kind = TYPE_NAMES.get(datatype or 0, f"type {datatype}")
    try:
        if datatype in _INTEGER_BITS:
            return _integer_to_wire(_INTEGER_BITS[datatype], datatype in _SIGNED_BITS, value)
        if datatype == DATE_TIME:
            return "long_value", _milliseconds(value)
        if datatype in (FLOAT, DOUBLE):
            number = float(value)
            # A number that single precision cannot hold would be sent as infinite.
            struct.pack("<f" if datatype == FLOAT else "<d", number)
            return ("float_value" if datatype == FLOAT else "double_value"), number
        if datatype == BOOLEAN and isinstance(value, bool):
            return "boolean_value", value
        if datatype in _TEXTS and isinstance(value, str):
            return "string_value", value
        if datatype in _BINARIES and isinstance(value, bytes):
            return "bytes_value", value
        if datatype is not None and datatype >= _FIRST_ARRAY and isinstance(value, list):
            return "bytes_value", _packed(datatype, value)
    except (struct.error, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise PayloadError(f"{_shown(value)} is no {kind}: {error}") from None
    raise PayloadError(f"{_shown(value)} is no {kind}")


def _integer_to_wire(bits: int, signed: bool, value: Any) -> tuple[str, int]:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a whole number")
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= value <= high:
        raise ValueError(f"it goes from {low} to {high}")
    if bits == 64:
        return "long_value", value & 0xFFFF_FFFF_FFFF_FFFF
    return "int_value", value & 0xFFFF_FFFF


def _packed(datatype: int, values: list[Any]) -> bytes:
    if datatype == STRING_ARRAY:
        if any("\0" in text for text in values):
            raise ValueError("a text with a null character")
        return b"".join(text.encode() + b"\0" for text in values)
    if datatype == BOOLEAN_ARRAY:
        packed = bytearray((len(values) + 7) // 8)
        for n, value in enumerate(values):
            packed[n // 8] |= (0x80 >> n % 8) if value else 0
        return struct.pack("<I", len(values)) + packed
    if datatype == DATE_TIME_ARRAY:
        return struct.pack(f"<{len(values)}Q", *map(_milliseconds, values))
    number = datatype - _FIRST_ARRAY
    if number >= len(_ARRAY_FORMATS):
        raise ValueError("the type is not known")
    return struct.pack(f"<{len(values)}{_ARRAY_FORMATS[number]}", *values)


def _milliseconds(value: datetime) -> int:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _shown(value: Any) -> str:
    return repr(value)[:80]


def _optional(message: Any, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None


def _set(message: Any, field: str, value: Any) -> None:
    if value is not None:
        setattr(message, field, value)


def _payload_class() -> Any:
    """Return the class of payloads, made from the numbers above instead of by a compiler."""
    file = descriptor_pb2.FileDescriptorProto(
        name="aas_server/sparkplug.proto", package=_PACKAGE, syntax="proto2"
    )
    metric = file.message_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    _add_fields(metric, _METRIC_FIELDS)
    _add_fields(metric, _VALUE_FIELDS, oneof_index=0)
    _add_message(metric, "properties", 9, "PropertySet")
    value = file.message_type.add(name="PropertyValue")
    _add_fields(value, {"int_value": (3, _Field.TYPE_UINT32)})
    properties = file.message_type.add(name="PropertySet")
    _add_fields(properties, {"keys": (1, _Field.TYPE_STRING)}, label=_Field.LABEL_REPEATED)
    _add_message(properties, "values", 2, "PropertyValue", label=_Field.LABEL_REPEATED)
    payload = file.message_type.add(name="Payload")
    _add_fields(payload, _PAYLOAD_FIELDS)
    _add_message(payload, "metrics", 2, "Metric", label=_Field.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


def _add_fields(
    message: Any, fields: dict[str, Any], *, label: Any = _Field.LABEL_OPTIONAL, **place: int
) -> None:
    for name, (number, kind) in fields.items():
        message.field.add(name=name, number=number, label=label, type=kind, **place)


def _add_message(
    message: Any, name: str, number: int, kind: str, *, label: Any = _Field.LABEL_OPTIONAL
) -> None:
    message.field.add(
        name=name,
        number=number,
        label=label,
        type=_Field.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.{kind}",
    )


_Payload: Final = _payload_class()

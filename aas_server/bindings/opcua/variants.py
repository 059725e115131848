"""OPC UA's values in Python, and Python's values as exactly the variant that a node takes."""

from __future__ import annotations

import base64
import binascii
import math
import struct
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asyncua import ua

from aas_server.bindings.opcua.problems import status_name
from aas_server.clock import to_microseconds
from aas_server.errors import DeviceRefusedValue
from aas_server.live.values import BAD_OUT_OF_RANGE, BAD_TYPE_MISMATCH

_Type = ua.VariantType

INTEGER_RANGES: Final[dict[ua.VariantType, tuple[int, int]]] = {
    _Type.SByte: (-(2**7), 2**7 - 1),
    _Type.Byte: (0, 2**8 - 1),
    _Type.Int16: (-(2**15), 2**15 - 1),
    _Type.UInt16: (0, 2**16 - 1),
    _Type.Int32: (-(2**31), 2**31 - 1),
    _Type.UInt32: (0, 2**32 - 1),
    _Type.Int64: (-(2**63), 2**63 - 1),
    _Type.UInt64: (0, 2**64 - 1),
}
"""What each integer type can hold (OPC 10000-6 5.2.2)."""

_WHOLE: Final = 1e-6
"""How far, relative to its size, a computed value may be from a whole number and still mean it."""

_MAX_FLOAT32: Final = 3.4028235677973366e38
_FLOAT32: Final = struct.Struct("<f")

_EPOCH_IN_TICKS: Final = 116_444_736_000_000_000
_FIRST_MOMENT: Final = to_microseconds(datetime(1602, 1, 1))  # noqa: DTZ001 -- taken as UTC
_LAST_MOMENT: Final = to_microseconds(datetime(9999, 1, 1))  # noqa: DTZ001 -- taken as UTC
"""Servers spell "no time" with both ends of the range, 1601 and 9999 (OPC 10000-6 5.2.2.5)."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A value that is a structure: taken in, but of no use to a scalar sink."""

    type_name: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a node: a plain Python value, the full 32 bit status code, its time in
    microseconds.
    """

    value: Any
    status_code: int
    source_timestamp: int | None


def numeric(identifier: int) -> ua.NodeId:
    """Return a node id of the standard's own namespace."""
    return ua.NodeId(ua.Int32(identifier))


def microseconds(ticks: int) -> int | None:
    """Return an OPC UA time (100 ns since 1601) as microseconds since 1970, None for "no time"."""
    time = (ticks - _EPOCH_IN_TICKS) // 10
    return time if _FIRST_MOMENT <= time < _LAST_MOMENT else None


def shortest(value: float) -> float:
    """Return the double with the fewest digits that is the same 32 bit float, as people read it."""
    if not math.isfinite(value):
        return value
    packed = _FLOAT32.pack(value)
    for digits in (6, 7, 8):
        candidate = float(f"{value:.{digits}g}")
        if abs(candidate) < _MAX_FLOAT32 and _FLOAT32.pack(candidate) == packed:
            return candidate
    return value


def sample(value: ua.DataValue) -> Sample:
    """Return a decoded DataValue as plain Python."""
    status_code = 0 if value.StatusCode is None else value.StatusCode.value
    variant = value.Value
    source_timestamp = _time(value.SourceTimestamp)
    return Sample(
        None if variant is None else plain(variant.VariantType, variant.Value),
        status_code,
        _time(value.ServerTimestamp) if source_timestamp is None else source_timestamp,
    )


def plain(variant_type: ua.VariantType, value: Any) -> Any:
    """Return a decoded variant's value as plain Python: scalars, lists of them, ``Structure``.

    Guid, NodeId and QualifiedName become text, LocalizedText an object of language and text.
    """
    if value is None:
        return None
    if variant_type is _Type.ExtensionObject:
        return Structure(_structure_name(value))
    if isinstance(value, list):
        return [plain(variant_type, item) for item in value]
    convert = _TO_PLAIN.get(variant_type)
    return value if convert is None else convert(value)


def to_variant(value: Any, variant_type: ua.VariantType, *, path: str) -> ua.Variant:
    """Return ``value`` as exactly a ``variant_type``, a list as an array of them.

    Raises ``DeviceRefusedValue`` that names what does not fit.
    """
    encode = _FROM_PLAIN.get(variant_type)
    if variant_type in INTEGER_RANGES:
        low, high = INTEGER_RANGES[variant_type]
        encode = _integer_between(low, high)
    if encode is None:
        raise _mismatch(f"a {variant_type.name} cannot be written", path)
    try:
        if isinstance(value, list):
            return ua.Variant([encode(item) for item in value], variant_type, is_array=True)
        return ua.Variant(encode(value), variant_type)
    except _OutOfRange as error:
        raise DeviceRefusedValue(
            f"{value!r} does not fit the machine's {variant_type.name}: {error}",
            status_code=BAD_OUT_OF_RANGE,
            status_name=status_name(BAD_OUT_OF_RANGE),
            path=path,
        ) from error
    except (TypeError, ValueError) as error:
        raise _mismatch(f"{value!r} is no {variant_type.name}: {error}", path) from error


def value_only(value: ua.Variant) -> ua.DataValue:
    """Return ``value`` without status and timestamps: many devices refuse writes with them."""
    return ua.DataValue(value, StatusCode=None)


class _OutOfRange(Exception):
    """The value is of the right kind but cannot be held."""


def _mismatch(text: str, path: str) -> DeviceRefusedValue:
    return DeviceRefusedValue(
        text,
        status_code=BAD_TYPE_MISMATCH,
        status_name=status_name(BAD_TYPE_MISMATCH),
        path=path,
    )


def _time(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    time = to_microseconds(moment)
    return time if _FIRST_MOMENT <= time < _LAST_MOMENT else None


def clean_text(text: str) -> str:
    """Return ``text`` without the lone surrogates that stand for bytes that were no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text


def _structure_name(value: Any) -> str:
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, ua.ExtensionObject):
        type_id: ua.NodeId = first.TypeId
        return str(type_id.to_string())
    return type(first).__name__


def _localized(value: ua.LocalizedText) -> dict[str, str]:
    return {"language": clean_text(value.Locale or ""), "text": clean_text(value.Text or "")}


def _of_variant(value: Any) -> Any:
    return plain(value.VariantType, value.Value) if isinstance(value, ua.Variant) else value


def _of_data_value(value: ua.DataValue) -> Any:
    return None if value.Value is None else _of_variant(value.Value)


def _date_time(value: datetime) -> datetime | None:
    return None if _time(value) is None else value


def _node_id(value: ua.NodeId) -> str:
    return clean_text(value.to_string())


def _diagnostics(value: object) -> Structure:
    return Structure(type(value).__name__)


_TO_PLAIN: Final[Mapping[ua.VariantType, Callable[[Any], Any]]] = {
    _Type.Float: shortest,
    _Type.String: clean_text,
    _Type.DateTime: _date_time,
    _Type.Guid: str,
    _Type.XmlElement: lambda value: clean_text(getattr(value, "Value", value) or ""),
    _Type.NodeId: _node_id,
    _Type.ExpandedNodeId: _node_id,
    _Type.QualifiedName: lambda value: clean_text(value.to_string()),
    _Type.LocalizedText: _localized,
    _Type.StatusCode: lambda value: value.value,
    _Type.Variant: _of_variant,
    _Type.DataValue: _of_data_value,
    _Type.DiagnosticInfo: _diagnostics,
}


def _integer_between(low: int, high: int) -> Callable[[Any], int]:
    def encode(value: Any) -> int:
        number = _whole(value)
        if not low <= number <= high:
            raise _OutOfRange(f"it takes {low} to {high}")
        return number

    return encode


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a whole number is needed")
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise _OutOfRange("a whole number is needed")
    nearest = round(value)
    if abs(value - nearest) > _WHOLE * max(1.0, abs(value)):
        raise _OutOfRange("a whole number is needed")
    return nearest


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is needed")
    return value


def _double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number is needed")
    return float(value)


def _float32(value: Any) -> float:
    number = _double(value)
    if math.isfinite(number) and abs(number) >= _MAX_FLOAT32:
        raise _OutOfRange("a 32 bit float cannot hold it")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error as error:
        raise ValueError("base64 is needed") from error


def _localized_text(value: Any) -> ua.LocalizedText:
    if isinstance(value, str):
        return ua.LocalizedText(value)
    if isinstance(value, Mapping) and value.keys() == {"language", "text"}:
        return ua.LocalizedText(_text(value["text"]), _text(value["language"]))
    raise TypeError("a text or an object of language and text is needed")


_FROM_PLAIN: Final[Mapping[ua.VariantType, Callable[[Any], Any]]] = {
    _Type.Boolean: _boolean,
    _Type.Float: _float32,
    _Type.Double: _double,
    _Type.String: _text,
    _Type.DateTime: _moment,
    _Type.Guid: lambda value: uuid.UUID(_text(value)),
    _Type.ByteString: _bytes,
    _Type.LocalizedText: _localized_text,
}

"""Values out of OPC UA's binary encoding, as plain Python (OPC 10000-6 5.2).

Scalars and lists of them; matrices are lists of lists. What a session must be asked about stays as
it came: structures are ``Structure`` with their bytes, so that one that nobody understands does not
cost the values behind it, and node ids are asyncua's, whose namespace index means something on one
server only.
"""

from __future__ import annotations

import sys
import uuid
from array import array
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from struct import Struct, unpack_from
from typing import Any, Final, TypeAlias

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

from aas_server.bindings.named_values import NamedNumber
from aas_server.bindings.opcua.problems import status_name
from aas_server.bindings.opcua.scalars import microseconds, shortest
from aas_server.bindings.structure import Structure
from aas_server.clock import EPOCH

Decode: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
"""Takes a message and the position of a value in it; returns the value and the position behind it.

What the bytes do not hold raises ``Exception``.
"""

FORMATS: Final = {1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 11: "d"}
"""Builtin types that ``struct`` unpacks."""

COMPACT: Final = 131_072
"""Numbers from which on an array stays packed: nobody shows so many, but one of them."""

_SCALARS: Final = {number: Struct("<" + code) for number, code in FORMATS.items()}
_U16: Final = Struct("<H")
_U32: Final = Struct("<I")
_I32: Final = Struct("<i")
_I64: Final = Struct("<q")
_F32: Final = Struct("<f")

_IS_ARRAY: Final = 0x80
_HAS_DIMENSIONS: Final = 0x40
_TYPE: Final = 0x3F
_HAS_URI: Final = 0x80
_HAS_SERVER_INDEX: Final = 0x40
_NUMERIC_IDS: Final = {0: 2, 1: 4, 2: 7}
"""Bytes of a numeric node id by its form."""


def variant(data: bytes, position: int) -> tuple[Any, int]:
    """Return the value of a Variant, None for an empty one, and the position behind it."""
    encoding = data[position]
    if encoding == 0:
        return None, position + 1
    number = encoding & _TYPE
    if not encoding & _IS_ARRAY:
        return DECODERS[number](data, position + 1)
    items, position = array_of(number, data, position + 1)
    if not encoding & _HAS_DIMENSIONS:
        return items, position
    dimensions, position = array_of(ua.VariantType.Int32.value, data, position)
    return nested(items, dimensions), position


def array_of(number: int, data: bytes, position: int) -> tuple[Any, int]:
    """Return an array of the builtin type ``number``, None for a null one."""
    length = _I32.unpack_from(data, position)[0]
    position += 4
    if length < 0:
        return None, position
    code = FORMATS.get(number)
    if code is not None:
        end = position + length * _SCALARS[number].size
        if length > COMPACT and code != "?":
            return _compact(code, data, position, end), end
        return list(unpack_from(f"<{length}{code}", data, position)), end
    decode, items = DECODERS[number], []
    for _ in range(length):
        item, position = decode(data, position)
        items.append(item)
    return items, position


def nested(items: Any, dimensions: Any) -> Any:
    """Return a flat array as lists of lists of these lengths; as it is where they do not fit it.

    Lists of no length end a matrix: 2 times 0 are two empty lists.
    """
    if items is None or not dimensions or len(dimensions) < 2:
        return items
    total = 1
    for length in dimensions:
        total *= max(length, 0)
    if total != len(items) or max(dimensions) > COMPACT:
        return items
    if total == 0:
        return _empty(dimensions)
    for length in reversed(dimensions[1:]):
        starts = range(0, len(items) + 1, length)
        items = [items[start:end] for start, end in pairwise(starts)]
    return items


def _empty(dimensions: list[int]) -> list[Any]:
    if len(dimensions) == 1 or dimensions[0] <= 0:
        return []
    return [_empty(dimensions[1:]) for _ in range(dimensions[0])]


def _compact(code: str, data: bytes, position: int, end: int) -> array[Any]:
    if end > len(data):
        raise ValueError("longer than its message")
    numbers: array[Any] = array(code, data[position:end])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _scalar_of(scalar: Struct) -> Decode:
    unpack, size = scalar.unpack_from, scalar.size

    def decode(data: bytes, position: int) -> tuple[Any, int]:
        return unpack(data, position)[0], position + size

    return decode


def _float(data: bytes, position: int) -> tuple[float, int]:
    return shortest(_F32.unpack_from(data, position)[0]), position + 4


def byte_string(data: bytes, position: int) -> tuple[bytes | None, int]:
    """Return a ByteString, None for a null one, and the position behind it."""
    length = _I32.unpack_from(data, position)[0]
    position += 4
    if length < 0:
        return None, position
    end = position + length
    if end > len(data):
        raise ValueError("longer than its message")
    return data[position:end], end


def _string(data: bytes, position: int) -> tuple[str | None, int]:
    raw, position = byte_string(data, position)
    return None if raw is None else raw.decode("utf-8", "replace"), position


def _date_time(data: bytes, position: int) -> tuple[Any, int]:
    time = microseconds(_I64.unpack_from(data, position)[0])
    return None if time is None else EPOCH + timedelta(microseconds=time), position + 8


def _guid(data: bytes, position: int) -> tuple[str, int]:
    end = position + 16
    return str(uuid.UUID(bytes_le=data[position:end])), end


def _status_code(data: bytes, position: int) -> tuple[NamedNumber, int]:
    code = _U32.unpack_from(data, position)[0]
    return NamedNumber(code, status_name(code)), position + 4


def _localized_text(data: bytes, position: int) -> tuple[dict[str, str], int]:
    mask = data[position]
    position += 1
    language = text = None
    if mask & 1:
        language, position = _string(data, position)
    if mask & 2:
        text, position = _string(data, position)
    return {"language": language or "", "text": text or ""}, position


def _qualified_name(data: bytes, position: int) -> tuple[str, int]:
    index = _U16.unpack_from(data, position)[0]
    name, position = _string(data, position + 2)
    return f"{index}:{name or ''}", position


def _node_id(data: bytes, position: int) -> tuple[ua.NodeId, int]:
    end = _end_of_node_id(data, position)
    return nodeid_from_binary(Buffer(data[position:end])), end


def _end_of_node_id(data: bytes, position: int) -> int:
    """Return where a NodeId or ExpandedNodeId ends (OPC 10000-6 5.2.2.9, 5.2.2.10)."""
    form = data[position] & _TYPE
    if form in _NUMERIC_IDS:
        end = position + _NUMERIC_IDS[form]
    elif form in (3, 5):
        _, end = byte_string(data, position + 3)
    elif form == 4:
        end = position + 19
    else:
        raise ValueError(f"{form} is no form of node ids")
    if data[position] & _HAS_URI:
        _, end = byte_string(data, end)
    if data[position] & _HAS_SERVER_INDEX:
        end += 4
    return end


@lru_cache(maxsize=1024)
def _type_name(node_id: bytes) -> str:
    return str(nodeid_from_binary(Buffer(node_id)).to_string())


def extension_object(data: bytes, position: int) -> tuple[Structure | None, int]:
    """Return a structure with its bytes, None for none, and the position behind it."""
    end = _end_of_node_id(data, position)
    name = _type_name(data[position:end])
    encoding = data[end]
    if encoding == 0:
        return None if name == "i=0" else Structure(name), end + 1
    body, position = byte_string(data, end + 1)
    # The other form is XML, in which nobody sends structures over a binary channel.
    return Structure(name, body or b"" if encoding == 1 else None), position


def _data_value(data: bytes, position: int) -> tuple[Any, int]:
    mask = data[position]
    position += 1
    value = None
    if mask & 1:
        value, position = variant(data, position)
    sizes = (4, 8, 8, 2, 2)
    return value, position + sum(size for bit, size in enumerate(sizes, 1) if mask & 1 << bit)


def _diagnostics(data: bytes, position: int) -> tuple[Structure, int]:
    buffer = Buffer(data, position)
    struct_from_binary(ua.DiagnosticInfo, buffer)
    return Structure("DiagnosticInfo"), len(data) - len(buffer)


_Type = ua.VariantType
DECODERS: Final[dict[int, Decode]] = {
    **{number: _scalar_of(scalar) for number, scalar in _SCALARS.items()},
    _Type.Float.value: _float,
    _Type.String.value: _string,
    _Type.DateTime.value: _date_time,
    _Type.Guid.value: _guid,
    _Type.ByteString.value: byte_string,
    _Type.XmlElement.value: _string,
    _Type.NodeId.value: _node_id,
    _Type.ExpandedNodeId.value: _node_id,
    _Type.StatusCode.value: _status_code,
    _Type.QualifiedName.value: _qualified_name,
    _Type.LocalizedText.value: _localized_text,
    _Type.ExtensionObject.value: extension_object,
    _Type.DataValue.value: _data_value,
    _Type.Variant.value: variant,
    _Type.DiagnosticInfo.value: _diagnostics,
}
"""What decodes one value of each builtin type, by the type's number (OPC 10000-6 5.1.2)."""

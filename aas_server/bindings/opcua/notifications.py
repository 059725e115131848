"""Decoding what a subscription sends, straight from the bytes of a PublishResponse (OPC 10000-6
5.2).

asyncua decodes a DataValue through four dataclasses and a datetime, some 8 µs; most values are
scalars that ``struct`` unpacks in one. What is rare (nested variants, matrices, node ids) is still
left to asyncua, and structures are skipped by their length, so that one value that nobody
understands does not cost the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from struct import Struct, unpack_from
from typing import Any, Final

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import (
    nodeid_from_binary,
    struct_from_binary,
    variant_from_binary,
)
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings.opcua.variants import Structure, microseconds, plain, shortest
from aas_server.clock import EPOCH

Notification = tuple[int, Any, int, int | None]
"""Client handle, plain value, status code, source timestamp (microseconds; the server's when it
has none).
"""

_U32: Final = Struct("<I")
_I32: Final = Struct("<i")
_I64: Final = Struct("<q")
_ITEM: Final = Struct("<IB")
_SUBSCRIPTION: Final = Struct("<Ii")
_MESSAGE: Final = Struct("<?Iqi")

_DATA_CHANGE: Final = ObjectIds.DataChangeNotification_Encoding_DefaultBinary
_STATUS_CHANGE: Final = ObjectIds.StatusChangeNotification_Encoding_DefaultBinary

_HAS_VALUE, _HAS_STATUS, _HAS_SOURCE, _HAS_SERVER, _HAS_SOURCE_PICO, _HAS_SERVER_PICO = (
    1 << bit for bit in range(6)
)
_IS_ARRAY: Final = 0x80
_HAS_DIMENSIONS: Final = 0x40

_FLOAT, _STRING, _DATE_TIME, _BYTE_STRING = 10, 12, 13, 15
_STATUS_CODE, _LOCALIZED_TEXT, _EXTENSION_OBJECT = 19, 21, 22

_FORMATS: Final = {1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 11: "d"}
_SCALARS: Final = {number: Struct("<" + code) for number, code in _FORMATS.items()}
_F32: Final = Struct("<f")


@dataclass(slots=True)
class PublishMessage:
    """One PublishResponse: who sent it, which of its messages it is, what it says.

    A ``keep_alive`` carries nothing. ``status_change`` is set when the server ends the
    subscription. ``undecodable`` counts notifications that were lost because their bytes make no
    sense.
    """

    subscription_id: int
    sequence_number: int
    keep_alive: bool
    notifications: list[Notification] = field(default_factory=list)
    status_change: int | None = None
    undecodable: int = 0


def decode_publish_response(data: bytes) -> PublishMessage:
    """Return what the body of a PublishResponse says; ``data`` begins with its type id.

    Raises ``UaStatusCodeError`` for a bad service result and ``ValueError`` when the frame itself
    makes no sense.
    """
    buffer = Buffer(data)
    try:
        nodeid_from_binary(buffer)
        header = struct_from_binary(ua.ResponseHeader, buffer)
        header.ServiceResult.check()
        return _decode_result(data, len(data) - len(buffer))
    except UaStatusCodeError:
        raise
    except Exception as error:
        raise ValueError(f"a publish response that cannot be read: {error}") from error


def _decode_result(data: bytes, position: int) -> PublishMessage:
    subscription_id, available = _SUBSCRIPTION.unpack_from(data, position)
    position += _SUBSCRIPTION.size + 4 * max(available, 0)
    _, sequence_number, _, count = _MESSAGE.unpack_from(data, position)
    position += _MESSAGE.size
    message = PublishMessage(subscription_id, sequence_number, count <= 0)
    for _ in range(count):
        buffer = Buffer(data, position)
        type_id = nodeid_from_binary(buffer).Identifier
        position = len(data) - len(buffer) + 5
        length = _I32.unpack_from(data, position - 4)[0]
        if data[position - 5] != 1 or length < 0:
            raise ValueError("a notification without a body")
        if type_id == _DATA_CHANGE:
            _decode_data_change(data, position, message)
        elif type_id == _STATUS_CHANGE:
            message.status_change = _U32.unpack_from(data, position)[0]
        position += length
    return message


def _decode_data_change(data: bytes, position: int, message: PublishMessage) -> None:
    """Append the values of one DataChangeNotification; count those that come after one without
    sense.
    """
    count = _I32.unpack_from(data, position)[0]
    position += 4
    append = message.notifications.append
    done = 0
    try:
        for done in range(count):  # noqa: B007 -- tells how many were decoded
            handle, mask = _ITEM.unpack_from(data, position)
            position += 5
            value: Any = None
            if mask & _HAS_VALUE:
                scalar = _SCALARS.get(data[position])
                if scalar is not None:
                    value = scalar.unpack_from(data, position + 1)[0]
                    position += 1 + scalar.size
                else:
                    value, position = _variant(data, position)
            status = 0
            if mask & _HAS_STATUS:
                status = _U32.unpack_from(data, position)[0]
                position += 4
            time = None
            if mask & _HAS_SOURCE:
                time = microseconds(_I64.unpack_from(data, position)[0])
                position += 8
            if mask & _HAS_SOURCE_PICO:
                position += 2
            if mask & _HAS_SERVER:
                if time is None:
                    time = microseconds(_I64.unpack_from(data, position)[0])
                position += 8
            if mask & _HAS_SERVER_PICO:
                position += 2
            append((handle, value, status, time))
    except Exception:  # any bytes may come; what is lost is counted
        message.undecodable += count - done


def _variant(data: bytes, position: int) -> tuple[Any, int]:
    encoding = data[position]
    if encoding == 0:
        return None, position + 1
    decode = _DECODERS.get(encoding & 0x3F)
    if decode is None or encoding & _HAS_DIMENSIONS:
        return _rare_variant(data, position)
    if not encoding & _IS_ARRAY:
        return decode(data, position + 1)
    length = _I32.unpack_from(data, position + 1)[0]
    position += 5
    if length < 0:
        return None, position
    if (code := _FORMATS.get(encoding & 0x3F)) is not None:
        values = list(unpack_from(f"<{length}{code}", data, position))
        return values, position + length * _SCALARS[encoding & 0x3F].size
    items: list[Any] = []
    for _ in range(length):
        item, position = decode(data, position)
        items.append(item)
    if encoding & 0x3F == _EXTENSION_OBJECT and items:
        return items[0], position
    return items, position


def _rare_variant(data: bytes, position: int) -> tuple[Any, int]:
    buffer = Buffer(data, position)
    variant = variant_from_binary(buffer)
    return plain(variant.VariantType, variant.Value), len(data) - len(buffer)


def _scalar_of(scalar: Struct) -> Callable[[bytes, int], tuple[Any, int]]:
    unpack, size = scalar.unpack_from, scalar.size

    def decode(data: bytes, position: int) -> tuple[Any, int]:
        return unpack(data, position)[0], position + size

    return decode


def _float(data: bytes, position: int) -> tuple[float, int]:
    return shortest(_F32.unpack_from(data, position)[0]), position + 4


def _bytes(data: bytes, position: int) -> tuple[bytes | None, int]:
    length = _I32.unpack_from(data, position)[0]
    position += 4
    if length < 0:
        return None, position
    end = position + length
    if end > len(data):
        raise ValueError("longer than its message")
    return data[position:end], end


def _string(data: bytes, position: int) -> tuple[str | None, int]:
    raw, position = _bytes(data, position)
    return None if raw is None else raw.decode("utf-8", "replace"), position


def _date_time(data: bytes, position: int) -> tuple[Any, int]:
    time = microseconds(_I64.unpack_from(data, position)[0])
    return None if time is None else EPOCH + timedelta(microseconds=time), position + 8


def _localized_text(data: bytes, position: int) -> tuple[dict[str, str], int]:
    mask = data[position]
    position += 1
    language = text = None
    if mask & 1:
        language, position = _string(data, position)
    if mask & 2:
        text, position = _string(data, position)
    return {"language": language or "", "text": text or ""}, position


def _extension_object(data: bytes, position: int) -> tuple[Structure | None, int]:
    buffer = Buffer(data, position)
    type_id = nodeid_from_binary(buffer)
    position = len(data) - len(buffer)
    if data[position] == 0:
        null = type_id.is_null()
        return None if null else Structure(type_id.to_string()), position + 1
    _, position = _bytes(data, position + 1)
    return Structure(type_id.to_string()), position


_DECODERS: Final[dict[int, Callable[[bytes, int], tuple[Any, int]]]] = {
    **{number: _scalar_of(scalar) for number, scalar in _SCALARS.items()},
    _FLOAT: _float,
    _STRING: _string,
    _DATE_TIME: _date_time,
    _BYTE_STRING: _bytes,
    _STATUS_CODE: _scalar_of(_U32),
    _LOCALIZED_TEXT: _localized_text,
    _EXTENSION_OBJECT: _extension_object,
}

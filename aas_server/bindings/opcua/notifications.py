"""Decoding the values that a subscription sends, straight from the bytes of a
DataChangeNotification (OPC 10000-6 5.2).

asyncua decodes a DataValue through four dataclasses and a datetime, some 8 µs; most values are
scalars that ``struct`` unpacks in one, whole rows of them at once; the others are decoded by
``binary``.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

from aas_server.bindings.opcua.binary import FORMATS, variant
from aas_server.bindings.opcua.scalars import microseconds, shortest

Notification = tuple[int, Any, int, int | None]
"""Client handle, plain value, status code, source timestamp (microseconds; the server's when it
has none).
"""

_U32: Final = Struct("<I")
_I32: Final = Struct("<i")
_I64: Final = Struct("<q")
_ITEM: Final = Struct("<IB")

_HAS_VALUE, _HAS_STATUS, _HAS_SOURCE, _HAS_SERVER, _HAS_SOURCE_PICO, _HAS_SERVER_PICO = (
    1 << bit for bit in range(6)
)
_FLOAT: Final = 10
_TYPED: Final = Struct("<IBB")
_LAYOUT_CODES: Final = {**FORMATS, _FLOAT: "f"}
_RUN: Final = 4
"""Alike values in a row from which on it pays to unpack them together."""


def decode_data_change(data: bytes, position: int) -> tuple[list[Notification], int]:
    """Return the values of the DataChangeNotification at ``position``, and how many were lost.

    Lost are one whose bytes make no sense and all that come after it.
    """
    count = _I32.unpack_from(data, position)[0]
    values: list[Notification] = []
    try:
        _decode_items(data, position + 4, count, values)
    except Exception:  # any bytes may come; what is lost is counted
        return values, count - len(values)
    return values, 0


def _decode_items(data: bytes, position: int, count: int, values: list[Notification]) -> None:
    while len(values) < count:
        _, mask, encoding = _TYPED.unpack_from(data, position)
        layout = _LAYOUTS.get((mask, encoding))
        if layout is not None:
            following = position + layout.size
            left = count - len(values)
            if left >= _RUN and _TYPED.unpack_from(data, following)[1:] == (mask, encoding):
                before = position
                position = _decode_run(data, position, left, layout, values)
                if position != before:
                    continue
            handle, _, _, value, status, ticks = layout.unpack_from(data, position)
            time = microseconds(ticks)
            if time is not None:
                value = shortest(value) if encoding == _FLOAT else value
                values.append((handle, value, status or 0, time))
                position = following
                continue
        item, position = _decode_item(data, position)
        values.append(item)


def _decode_run(
    data: bytes, position: int, count: int, layout: Struct, values: list[Notification]
) -> int:
    """Append values of one layout until one has another, ``count`` at most; return where that is.

    Whole devices send numbers of one type with the times of one moment: then a value costs a fifth.
    One with "no time" ends it, too, since another of its times may stand for it.
    """
    size = layout.size
    count = min(count, (len(data) - position) // size)
    _, mask, encoding = _TYPED.unpack_from(data, position)
    before, last_ticks, time = len(values), None, None
    append, is_float = values.append, encoding == _FLOAT
    block = memoryview(data)[position : position + count * size]
    for handle, its_mask, its_encoding, value, status, ticks in layout.iter_unpack(block):
        if its_mask != mask or its_encoding != encoding:
            break
        if ticks != last_ticks:
            last_ticks, time = ticks, microseconds(ticks)
        if time is None:
            break
        append((handle, shortest(value) if is_float else value, status or 0, time))
    return position + (len(values) - before) * size


def _decode_item(data: bytes, position: int) -> tuple[Notification, int]:
    handle, mask = _ITEM.unpack_from(data, position)
    position += _ITEM.size
    value: Any = None
    if mask & _HAS_VALUE:
        value, position = variant(data, position)
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
    return (handle, value, status, time), position


def _layout_of(mask: int, code: str) -> Struct:
    """Return how an item with a scalar and a time lies in the bytes: client handle, mask, encoding,
    value, status code (nothing when there is none), time.
    """
    source, server = mask & _HAS_SOURCE, mask & _HAS_SERVER
    rest = "I" if mask & _HAS_STATUS else "0s"
    rest += "q" if source else ""
    rest += "2x" if mask & _HAS_SOURCE_PICO else ""
    rest += ("8x" if source else "q") if server else ""
    rest += "2x" if mask & _HAS_SERVER_PICO else ""
    return Struct(f"<IBB{code}{rest}")


_LAYOUTS: Final[dict[tuple[int, int], Struct]] = {
    (mask, number): _layout_of(mask, code)
    for mask in range(1 << 6)
    if mask & _HAS_VALUE and mask & (_HAS_SOURCE | _HAS_SERVER)
    for number, code in _LAYOUT_CODES.items()
}

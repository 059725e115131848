"""Records: a live value as bytes that outlive the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from aas_server.live.shapes import ABSENT, Shape
from aas_server.live.sinks import Sink
from aas_server.live.values import LiveValue, quality_of
from aas_server.metamodel.value_types import FLOAT_TYPES, to_json, to_lexical


class _LangString(msgspec.Struct):
    language: str
    text: str


class _Record(msgspec.Struct, rename="camel", omit_defaults=True):
    """A value as it was when it was kept, and what it fitted then.

    That of a Property is its lexical text: it says INF and integers of any size, which JSON does
    not. That of a composite is made of such texts; a member that was absent is ``false``.
    """

    model_type: str
    value: str | list[Any] | dict[str, Any]
    status_code: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
    value_type: str | None = None
    source_timestamp: int | None = None
    received_timestamp: int | None = None
    shape: str | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Record).decode


def encode_record(sink: Sink, live: LiveValue) -> bytes:
    """Return ``live`` with what ``sink`` is as JSON.

    Raises ``ValueError`` for a value that does not fit the sink.
    """
    return _encode(
        _Record(
            sink.model_type,
            _to_plain(_shape(sink), live.value),
            live.status_code,
            sink.value_type,
            live.source_timestamp,
            live.received_timestamp,
            None if sink.shape is None else str(sink.shape),
        )
    )


def decode_record(sink: Sink, body: bytes) -> LiveValue:
    """Return the value that ``encode_record`` was given.

    Raises ``ValueError`` that says why it is not for ``sink``: of another type, or damaged.
    """
    record = _decode(body)
    if (record.model_type, record.value_type) != (sink.model_type, sink.value_type):
        was = record.value_type or f"a {record.model_type}"
        raise ValueError(f"the element was {was} when its value was kept")
    if record.shape != (None if sink.shape is None else str(sink.shape)):
        raise ValueError(
            f"the element was {record.shape or record.model_type!r:.200} when its value was kept"
        )
    return LiveValue(
        _from_plain(_shape(sink), record.value),
        quality_of(record.status_code),
        record.status_code,
        record.source_timestamp,
        record.received_timestamp,
    )


def _shape(sink: Sink) -> Shape:
    return sink.shape or Shape(sink.model_type, sink.value_type)


def _to_plain(shape: Shape, value: Any) -> Any:
    if shape.model_type == "MultiLanguageProperty":
        return msgspec.convert(value, list[_LangString])
    if shape.model_type == "Property":
        return to_lexical(shape.value_type or "xs:string", value)
    if shape.model_type == "Blob":
        return msgspec.convert(value, str)
    return _each(shape, value, _to_plain_or_none)


def _to_plain_or_none(shape: Shape, value: Any) -> Any:
    if value is ABSENT:
        return False
    return None if value is None else _to_plain(shape, value)


def _from_plain(shape: Shape, value: Any) -> Any:
    if shape.model_type == "MultiLanguageProperty":
        texts = msgspec.convert(value, list[_LangString])
        return [{"language": each.language, "text": each.text} for each in texts]
    if shape.model_type not in ("Property", "Blob"):
        return _each(shape, value, _from_plain_or_none)
    if not isinstance(value, str):
        raise _no_value(shape)
    if shape.model_type == "Blob":
        return value
    value_type = shape.value_type or "xs:string"
    scalar = to_json(value_type, value)
    if value_type in FLOAT_TYPES:
        return float(value.replace("INF", "inf"))
    return scalar


def _from_plain_or_none(shape: Shape, value: Any) -> Any:
    if value is False:
        return ABSENT
    return None if value is None else _from_plain(shape, value)


def _each(shape: Shape, value: Any, convert: Callable[[Shape, Any], Any]) -> Any:
    """Return what ``convert`` makes of every part of a composite value; raises ``ValueError``."""
    if shape.item is not None and isinstance(value, list):
        return [convert(shape.item, each) for each in value]
    if shape.item is None and isinstance(value, dict):
        members = dict(shape.members)
        if shape.model_type == "Range":
            members = dict.fromkeys(("min", "max"), Shape("Property", shape.value_type))
        if value.keys() <= members.keys():
            return {name: convert(members[name], each) for name, each in value.items()}
    raise _no_value(shape)


def _no_value(shape: Shape) -> ValueError:
    return ValueError(f"what was kept is no value of a {shape.model_type}")

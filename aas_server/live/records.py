"""Records: a live value as bytes that outlive the server."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from aas_server.live.sinks import Sink
from aas_server.live.values import LiveValue, quality_of
from aas_server.metamodel.value_types import FLOAT_TYPES, to_json, to_lexical


class _LangString(msgspec.Struct):
    language: str
    text: str


class _Record(msgspec.Struct, rename="camel", omit_defaults=True):
    """A value as it was when it was kept, and what it fitted then.

    That of a Property is its lexical text: it says INF and integers of any size, which JSON does
    not.
    """

    model_type: str
    value: str | list[_LangString]
    status_code: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
    value_type: str | None = None
    source_timestamp: int | None = None
    received_timestamp: int | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Record).decode


def encode_record(sink: Sink, live: LiveValue) -> bytes:
    """Return ``live`` with what ``sink`` is as JSON.

    Raises ``ValueError`` for a value that does not fit the sink.
    """
    return _encode(
        _Record(
            sink.model_type,
            _to_plain(sink, live.value),
            live.status_code,
            sink.value_type,
            live.source_timestamp,
            live.received_timestamp,
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
    return LiveValue(
        _from_plain(sink, record.value),
        quality_of(record.status_code),
        record.status_code,
        record.source_timestamp,
        record.received_timestamp,
    )


def _to_plain(sink: Sink, value: Any) -> str | list[_LangString]:
    if sink.model_type == "MultiLanguageProperty":
        return msgspec.convert(value, list[_LangString])
    return to_lexical(_value_type(sink), value)


def _from_plain(sink: Sink, value: str | list[_LangString]) -> Any:
    if isinstance(value, list) != (sink.model_type == "MultiLanguageProperty"):
        raise ValueError(f"what was kept is no value of a {sink.model_type}")
    if isinstance(value, list):
        return [{"language": each.language, "text": each.text} for each in value]
    value_type = _value_type(sink)
    scalar = to_json(value_type, value)
    if value_type in FLOAT_TYPES:
        return float(value.replace("INF", "inf"))
    return scalar


def _value_type(sink: Sink) -> str:
    return sink.value_type or "xs:string"

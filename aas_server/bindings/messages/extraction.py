"""What of a message is a binding's value, compiled once per binding."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from aas_server.bindings.messages.member_path import parse_member_path
from aas_server.bindings.messages.moments import to_moment
from aas_server.bindings.messages.payload import Payload, Undecodable
from aas_server.bindings.messages.status_words import to_status
from aas_server.bindings.plant.messages import MessageBindingSettings, PayloadFormat
from aas_server.bindings.sink_types import NUMERIC_TYPES
from aas_server.live.sinks import Sink
from aas_server.live.values import GOOD

Extract: TypeAlias = Callable[[Payload], Any]
"""Takes something out of a payload; raises ``ValueError`` that says why it cannot."""

_BINARY: Final = frozenset({"xs:base64Binary", "xs:hexBinary"})


class Extraction:
    """Takes the value, its status code and its time out of a payload.

    Each raises ``ValueError`` that says what is wrong with the payload.
    """

    __slots__ = ("_quality", "_timestamp", "value")

    def __init__(self, settings: MessageBindingSettings, sink: Sink) -> None:
        self.value: Extract = _value(settings, sink)
        self._timestamp = _member(settings.timestamp) if settings.timestamp else None
        self._quality = _member(settings.quality) if settings.quality else None

    def status(self, payload: Payload) -> int:
        """Return the status code; good where the binding names no member for it."""
        return GOOD if self._quality is None else to_status(self._quality(payload))

    def time(self, payload: Payload) -> int | None:
        """Return microseconds since the epoch, None where the binding names no member for it."""
        return None if self._timestamp is None else to_moment(self._timestamp(payload))


def payload_format(settings: MessageBindingSettings, sink: Sink) -> PayloadFormat:
    """Return the format of a binding's payloads, which it need not say."""
    if settings.format is not None:
        return settings.format
    if sink.value_type in _BINARY or sink.model_type == "Blob":
        return "json" if settings.reads_json else "raw"
    return "json" if settings.reads_json or sink.shape is not None else "text"


def _value(settings: MessageBindingSettings, sink: Sink) -> Extract:
    chosen = payload_format(settings, sink)
    if chosen == "raw":
        return lambda payload: payload.body
    if chosen == "text":
        return _number_text if sink.value_type in NUMERIC_TYPES else Payload.text
    return _member(settings.member)


def _member(path: str | None) -> Extract:
    if path is None:
        return Payload.json
    member = parse_member_path(path)
    return lambda payload: member.find(payload.json())


def _number_text(payload: Payload) -> str:
    """Return the text of a number; JSON has no infinite ones, and texts shall have none either."""
    text = payload.text()
    try:
        finite = math.isfinite(float(text))
    except ValueError:
        return text  # the conversion says what is wrong with it
    if not finite:
        raise Undecodable(f"the payload is {text[:80]!r}, which is no finite number")
    return text

"""A client's value on its way to a broker."""

from __future__ import annotations

import base64
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from aas_server.bindings.binding import Binding
from aas_server.bindings.messages.member_path import parse_member_path
from aas_server.bindings.messages.problems import unreachable
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.plant.messages import PLACEHOLDER, PublishSettings
from aas_server.bindings.sink_types import text_of
from aas_server.clock import to_iso, to_microseconds
from aas_server.errors import AasError, BadRequest
from aas_server.live.hub import LivePoint

_OK: Final = "ok"

Encode = Callable[[Any, str], bytes]
"""Returns the payload that says a value, a Python value as devices take it; takes the path of the
element, for errors. Raises ``BadRequest`` or ``DeviceError``.
"""

Publish = Callable[[bytes, str], Awaitable[None]]
"""Publishes a payload and returns when the broker has it; takes the path of the element, for
errors.
"""


class MessageWriter:
    """Publishes one binding's values; nothing in the model changes until the device's own value
    comes back.
    """

    def __init__(
        self,
        binding: Binding,
        encode: Encode,
        publish: Publish,
        counters: ConnectionMetrics,
    ) -> None:
        self._binding = binding
        self._encode = encode
        self._publish = publish
        self._counters = counters

    async def write(self, point: LivePoint, value: Any) -> None:
        """Publish ``value`` and return once the broker acknowledged it.

        Raises ``BadRequest`` for a value that cannot be converted, and a ``DeviceError`` with the
        broker's reason when it did not take it or did not answer.
        """
        try:
            await self._write(point, value)
        except AasError as error:
            self._counters.wrote(error.code)
            raise
        self._counters.wrote(_OK)

    async def _write(self, point: LivePoint, value: Any) -> None:
        path = point.sink.name
        conversion = self._binding.conversion
        if conversion is None:
            raise unreachable("the binding does not work", path=path)
        payload = self._encode(conversion.to_device(value), path)
        await self._publish(payload, path)


def encoder(settings: PublishSettings) -> Encode:
    """Return what makes payloads as ``settings`` say."""

    def encode(value: Any, path: str) -> bytes:
        try:
            return encoded(settings, value)
        except ValueError as error:
            raise BadRequest(str(error), path=path) from None

    return encode


def encoded(settings: PublishSettings, value: Any) -> bytes:
    """Return the payload that says ``value``, a Python value as devices take it.

    Raises ``ValueError`` for a number that JSON does not have, and for what is no single text.
    """
    if settings.format == "json":
        text = msgspec.json.encode(_plain(value)).decode()
    else:
        text = text_of(value if isinstance(value, float) else _plain(value))
    if settings.template is not None:
        text = settings.template.replace(PLACEHOLDER, text)
    elif settings.member is not None:
        text = parse_member_path(settings.member).place(text)
    return text.encode()


def _plain(value: Any) -> Any:
    """Return ``value`` as JSON has it: times as texts, bytes as base64."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"JSON has no {value}, and this is published as JSON")
    if isinstance(value, datetime):
        return to_iso(to_microseconds(value))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value

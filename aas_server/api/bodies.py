"""Request bodies: read up to a limit, decoded, and free of what no document may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from aas_server.api.errors import PayloadTooLarge, UnsupportedMediaType
from aas_server.api.responses import Header
from aas_server.errors import BadRequest

MAX_DEPTH: Final = 64
"""Levels of objects and arrays in a body at most."""

_JSON: Final = "application/json"
_FOREIGN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have, so that no text of a document may (AASd-130)."""


async def read_json(headers: Iterable[Header], receive: Receive, *, limit: int) -> Any:
    """Return the JSON value in the body.

    Raises ``UnsupportedMediaType`` for another type, ``PayloadTooLarge`` for more than ``limit``
    bytes, ``BadRequest`` for what is no JSON, is nested too deep or holds foreign characters.
    """
    media_type = _header(headers, b"content-type")
    if media_type is not None and media_type.split(";")[0].strip().lower() != _JSON:
        raise UnsupportedMediaType(f"the body must be {_JSON}, not {media_type!r}")
    length = _header(headers, b"content-length")
    if length is not None and length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)
    return _decode(await _read(receive, limit))


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _decode(body: bytes) -> Any:
    try:
        value = msgspec.json.decode(body)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"the body is no JSON: {error}", path="body") from error
    except RecursionError as error:
        raise _too_deep() from error
    _check(value, 0)
    return value


def _check(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if _FOREIGN.search(value):
            raise BadRequest("holds a character that XML 1.0 does not have (AASd-130)", path="body")
    elif isinstance(value, list | dict):
        if depth == MAX_DEPTH:
            raise _too_deep()
        for part in value:
            _check(part, depth + 1)
        if isinstance(value, dict):
            for part in value.values():
                _check(part, depth + 1)


def _header(headers: Iterable[Header], wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in headers if name == wanted), None)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"the body is larger than {limit} bytes", path="body")


def _too_deep() -> BadRequest:
    return BadRequest(f"is nested deeper than {MAX_DEPTH} levels", path="body")

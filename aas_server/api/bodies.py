"""Request bodies: read up to a limit, decoded, and free of what no document may hold."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from aas_server.api.call import Call
from aas_server.api.errors import PayloadTooLarge, UnsupportedMediaType
from aas_server.errors import BadRequest

MAX_DEPTH: Final = 64
"""Levels of objects and arrays in a body at most."""

_JSON: Final = "application/json"
_FOREIGN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have, so that no text of a document may (AASd-130)."""
_SUSPECT: Final = re.compile(rb"\\[ubf]|\xef\xbf[\xbe\xbf]")
"""How such characters can stand in JSON that decodes."""
_MEMBER: Final = re.compile(rb'"[ \t\r\n]*:')
_IN_THREAD: Final = 262_144


async def read_json(call: Call, *, max_bytes: int | None = None, max_depth: int = MAX_DEPTH) -> Any:
    """Return the JSON value in the body of ``call``, of ``max_bytes`` where that is less than the
    settings allow, and with at most ``max_depth`` levels.

    Raises ``UnsupportedMediaType`` for another type, ``PayloadTooLarge`` for more bytes than the
    settings allow, ``BadRequest`` for what is no JSON, is nested too deep, names a member of an
    object twice or holds foreign characters.
    """
    limit = min(call.settings.max_body, max_bytes or call.settings.max_body)
    media_type = call.header(b"content-type")
    if media_type is not None and media_type.split(";")[0].strip().lower() != _JSON:
        raise UnsupportedMediaType(f"the body must be {_JSON}, not {media_type!r}")
    length = call.header(b"content-length")
    if length is not None and length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)
    body = await _read(call.receive, limit)
    if len(body) > _IN_THREAD:
        return await asyncio.to_thread(decode_json, body, max_depth=max_depth)
    return decode_json(body, max_depth=max_depth)


def decode_json(body: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """Return the JSON value in ``body``; raises ``BadRequest`` as ``read_json`` does."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body is no JSON: {error}", path="body") from error
    except RecursionError as error:
        raise _too_deep(max_depth) from error
    if _SUSPECT.search(body):
        _require_xml_characters(value)
    members = _measure(value, max_depth)
    # Fewer members than names: one was given twice, or a text looks like a name.
    if members != len(_MEMBER.findall(body)):
        _require_single_members(body)
    return value


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


def _measure(value: Any, max_depth: int) -> int:
    """Return how many members the objects in ``value`` have; raises when it is nested too deep."""
    members = depth = 0
    level = [value]
    while level:
        below: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                members += len(part)
                below += part.values()
            elif isinstance(part, list):
                below += part
        if below and depth == max_depth:
            raise _too_deep(max_depth)
        depth += 1
        level = below
    return members


def _require_xml_characters(value: Any) -> None:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str) and _FOREIGN.search(part):
            raise BadRequest("holds a character that XML 1.0 does not have (AASd-130)", path="body")


def _require_single_members(body: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise BadRequest(f"an object has the member {name[:100]!r} twice", path="body")
            found[name] = value
        return found

    json.loads(body, object_pairs_hook=unique)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"the body is larger than {limit} bytes", path="body")


def _too_deep(max_depth: int) -> BadRequest:
    return BadRequest(f"is nested deeper than {max_depth} levels", path="body")

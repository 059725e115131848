"""Responses: status, headers and bytes, and how they become ASGI messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
from starlette.types import Send

Header: TypeAlias = tuple[bytes, bytes]

encode_json: Final = msgspec.json.Encoder().encode

_JSON: Final[Header] = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; ``headers`` are complete but for those that the HTTP server adds to every one."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


def json_response(body: bytes, *, status: int = 200, headers: Iterable[Header] = ()) -> Response:
    """Return a response with the JSON text ``body``."""
    return Response(status, (_JSON, (b"content-length", str(len(body)).encode()), *headers), body)


def view_response(view: Any) -> Response:
    """Return a response with ``view`` as JSON."""
    return json_response(encode_json(view))


def no_content(headers: Iterable[Header] = ()) -> Response:
    """Return 204 without a body."""
    return Response(204, tuple(headers), b"")


def raw_headers(headers: Iterable[Header]) -> bytes:
    """Return ``headers`` as they stand in an HTTP/1.1 head, each with its line end."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


async def send_response(response: Response, send: Send, *, with_body: bool = True) -> None:
    """Send ``response``; without its body for HEAD, whose headers are the same."""
    await send(
        {"type": "http.response.start", "status": response.status, "headers": response.headers}
    )
    await send({"type": "http.response.body", "body": response.body if with_body else b""})

"""Responses: status, headers and bytes, and how they become ASGI messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
from starlette.types import Message, Send

Header: TypeAlias = tuple[bytes, bytes]

encode_json: Final = msgspec.json.Encoder().encode

_JSON: Final[Header] = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; ``headers`` are complete but for those that the HTTP server adds to every one."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamResponse:
    """An answer whose body is made while it is sent; ``headers`` name its length where known.

    ``cleanup`` is called at the end, also when nothing of the body was sent.
    """

    status: int
    headers: tuple[Header, ...]
    chunks: AsyncGenerator[bytes, None]
    cleanup: Callable[[], None] | None = None

    async def aclose(self) -> None:
        """Let go of what the body is made of."""
        await self.chunks.aclose()
        if self.cleanup is not None:
            self.cleanup()


def json_response(body: bytes, *, status: int = 200, headers: Iterable[Header] = ()) -> Response:
    """Return a response with the JSON text ``body``."""
    return Response(status, (_JSON, (b"content-length", str(len(body)).encode()), *headers), body)


def view_response(view: Any) -> Response:
    """Return a response with ``view`` as JSON."""
    return json_response(encode_json(view))


def created(tree: Any, location: bytes, *, headers: Iterable[Header] = ()) -> Response:
    """Return 201 with what was created as JSON and where it is."""
    return json_response(encode_json(tree), status=201, headers=((b"location", location), *headers))


def no_content(headers: Iterable[Header] = ()) -> Response:
    """Return 204 without a body."""
    return Response(204, tuple(headers), b"")


HEAD: Final = "aas.head"
"""Member of an ASGI start message: the headers as ``raw_head`` returns them."""


def raw_head(headers: Collection[Header]) -> bytes:
    """Return ``headers`` as they stand in an HTTP/1.1 head, with the empty line that ends it.

    Raises ``ValueError`` for a header that would begin another one.
    """
    head = raw_headers(headers) + b"\r\n"
    lines = len(headers) + 1
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head:
        raise ValueError("a header holds the end of a line")
    return head


def raw_headers(headers: Iterable[Header]) -> bytes:
    """Return ``headers`` as they stand in an HTTP/1.1 head, each with its line end."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


async def send_response(
    response: Response | StreamResponse, send: Send, *, with_body: bool = True
) -> None:
    """Send ``response``; without its body for HEAD, whose headers are the same."""
    start: Message = {
        "type": "http.response.start",
        "status": response.status,
        "headers": response.headers,
    }
    if isinstance(response, StreamResponse):
        await send(start)
        async with aclosing(response):
            if with_body:
                async for chunk in response.chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        start[HEAD] = raw_head(response.headers)
        await send(start)
        await send({"type": "http.response.body", "body": response.body if with_body else b""})

"""The last touches of an answer that every operation shares: content coding and validators.

RFC 9110: content codings are negotiated (12.5.3), each coded form has an entity tag of its own
(8.8.3), and a read whose If-None-Match names the present one is answered with 304 (13.1.2).
If-Modified-Since is not looked at: values change more often than its seconds can tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from aas_server.api.compression import Coding, CompressedBodies, choose_coding
from aas_server.api.conditions import fulfils, matches_any
from aas_server.api.responses import Header, Response, StreamResponse
from aas_server.errors import AasError, PreconditionFailed

COMPRESSED_FROM: Final = 1024
"""Bytes of a body from which on it is compressed when the client takes that."""

_VARY: Final = b"vary"
_ACCEPT_ENCODING: Final = b"accept-encoding"

_KEPT_BY_304: Final = frozenset({b"etag", b"vary", b"last-modified", b"aas-quality", b"location"})
_WITH_CONTENT: Final = frozenset({200, 206})
_COMPRESSIBLE: Final = (
    b"application/json",
    b"application/ld+json",
    b"application/n-quads",
    b"application/n-triples",
    b"application/xml",
    b"application/yaml",
    b"text/",
)


@dataclass(frozen=True, slots=True)
class ReadHeaders:
    """What a request says about the form of its answer."""

    accept_encoding: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    is_read: bool = False


class Finisher:
    """Finishes answers; keeps compressed bodies of what has an entity tag."""

    def __init__(self) -> None:
        self._compressed = CompressedBodies()

    async def finish(
        self, response: Response | StreamResponse, request: ReadHeaders, *, target: bytes
    ) -> Response | StreamResponse:
        """Return ``response`` in the form that ``request`` asks for.

        ``target`` is the path and query: together with the entity tag it names the bytes. Raises
        ``BadRequest`` for a malformed header, ``PreconditionFailed`` for a read whose If-Match
        names another state.
        """
        coding: Coding | None = None
        if isinstance(response, Response) and is_compressible(response):
            coding = choose_coding(request.accept_encoding)
            response = replace(response, headers=varied(response.headers))
        tag = _tag(response.headers)
        if coding is not None and tag is not None:
            tag = tag[:-1] + b"-%b" % coding.value.encode() + b'"'
            response = replace(response, headers=_with(response.headers, b"etag", tag))
        if tag is not None and request.is_read and await _is_known(response, request, tag):
            kept = [header for header in response.headers if header[0] in _KEPT_BY_304]
            return Response(304, tuple(kept), b"")
        if coding is None or not isinstance(response, Response):
            return response
        key = None if tag is None else (target, tag)
        body = await self._compressed.get(response.body, coding, key)
        headers = _with(response.headers, b"content-length", str(len(body)).encode())
        encoding = (b"content-encoding", coding.value.encode())
        return Response(response.status, (*headers, encoding), body)


def varied(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """Return ``headers`` of an answer whose content coding depends on the request."""
    vary = next((value for name, value in headers if name == _VARY), None)
    if vary is None:
        return (*headers, (_VARY, _ACCEPT_ENCODING))
    return _with(headers, _VARY, b"%b, %b" % (vary, _ACCEPT_ENCODING))


def is_compressible(response: Response) -> bool:
    """Return whether ``response`` is worth compressing for a client that takes it."""
    if len(response.body) < COMPRESSED_FROM:
        return False
    content_type = b""
    for name, value in response.headers:
        if name in (b"content-encoding", b"content-range"):
            return False
        if name == b"content-type":
            content_type = value
    return content_type.startswith(_COMPRESSIBLE)


async def _is_known(response: Response | StreamResponse, request: ReadHeaders, tag: bytes) -> bool:
    """Return whether the client has what ``response`` would say; then its body is let go of."""
    if response.status not in _WITH_CONTENT:
        return False
    try:
        if request.if_match is not None and not fulfils(request.if_match, tag):
            raise PreconditionFailed("this is another state than If-Match names")
        known = (
            request.if_none_match is not None
            and response.status == 200
            and matches_any(request.if_none_match, tag)
        )
    except AasError:
        await drop(response)
        raise
    if known:
        await drop(response)
    return known


async def drop(response: Response | StreamResponse) -> None:
    """Let go of the body of ``response``, which is not going to be sent."""
    if isinstance(response, StreamResponse):
        await response.aclose()


def _tag(headers: Iterable[Header]) -> bytes | None:
    return next((value for name, value in headers if name == b"etag"), None)


def _with(headers: Iterable[Header], name: bytes, value: bytes) -> tuple[Header, ...]:
    return tuple((each, value if each == name else present) for each, present in headers)

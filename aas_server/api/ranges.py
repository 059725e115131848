"""Contents of files as answers: whole, a range of bytes, or nothing new (RFC 9110, 14)."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final
from urllib.parse import quote

from aas_server.api.call import Call
from aas_server.api.conditions import matches_any
from aas_server.api.documents import etag
from aas_server.api.errors import RangeNotSatisfiable
from aas_server.api.responses import Header, StreamResponse
from aas_server.store.protocol import FileEntry

_RANGE: Final = re.compile(
    r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.ASCII | re.IGNORECASE
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9!#$&+.^_`|~ ()-]{1,255}", re.ASCII)
_TYPE: Final = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:;[\x20-\x7e]*)?", re.ASCII
)
_BINARY: Final = "application/octet-stream"


async def file_response(
    call: Call, entry: FileEntry, *, headers: Iterable[Header] = ()
) -> StreamResponse:
    """Return the content of ``entry``, or the range of it that the request asks for.

    One range is given as 206; several are answered with the whole file. Nothing in it can run in
    the origin of this server. The first piece is read here, so that what fails before anything is
    sent is an error like any other. Raises ``RangeNotSatisfiable``, ``NotFound``,
    ``StoreUnavailable``, ``BadRequest`` for a malformed If-None-Match.
    """
    size = entry.content.size
    _, tag = shown_tag = tag_header(entry)
    if_none_match = call.listed(b"if-none-match")
    is_known = if_none_match is not None and matches_any(if_none_match, tag)
    is_sent = call.scope["method"] == "GET" and not is_known
    # Only GET has ranges, and If-None-Match comes before them (RFC 9110, 13.2.2 and 14.2).
    wanted = _wanted_range(call, size, tag) if is_sent else None
    start, length = (0, size) if wanted is None else wanted
    shown: list[Header] = [
        (b"content-type", _content_type(entry.content_type)),
        (b"content-length", str(length).encode()),
        (b"content-disposition", content_disposition(entry.file_name)),
        shown_tag,
        (b"accept-ranges", b"bytes"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"sandbox"),
        *headers,
    ]
    if wanted is not None:
        shown.append((b"content-range", b"bytes %d-%d/%d" % (start, start + length - 1, size)))
    chunks = call.repository.read_file(entry.content.digest, start=start, length=length)
    if is_sent:
        chunks = _begun(await anext(chunks, b""), chunks)
    return StreamResponse(200 if wanted is None else 206, tuple(shown), chunks)


def file_tag(entry: FileEntry) -> str:
    """Return the entity tag of a file, without quotes: it names its bytes."""
    return entry.content.digest[:32]


def tag_header(entry: FileEntry) -> Header:
    """Return the ETag header of a file."""
    return etag(file_tag(entry))


def content_disposition(file_name: str) -> bytes:
    """Return the header that names a download (RFC 6266), in ASCII and where it differs in full."""
    plain = "".join(each if _PLAIN.fullmatch(each) else "_" for each in file_name) or "file"
    value = f'attachment; filename="{plain}"'
    if plain != file_name:
        value += f"; filename*=UTF-8''{quote(file_name, safe='')}"
    return value.encode("ascii")


async def _begun(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece


def _wanted_range(call: Call, size: int, tag: bytes) -> tuple[int, int] | None:
    """Return start and length of the range that is asked for, None for the whole file."""
    header, condition = call.header(b"range"), call.header(b"if-range")
    if header is None or (condition is not None and condition.encode("latin-1") != tag):
        return None
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(size - int(suffix), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise RangeNotSatisfiable(size)
    return start, end - start


def _content_type(text: str) -> bytes:
    return (text if _TYPE.fullmatch(text) else _BINARY).encode("ascii")

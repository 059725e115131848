"""Contents of files as answers: whole, a range of bytes, or nothing new (RFC 9110, 14)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from aas_server.api.call import Call
from aas_server.api.errors import RangeNotSatisfiable
from aas_server.api.responses import Header, Response, StreamResponse
from aas_server.store.protocol import FileEntry

_RANGE: Final = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.ASCII)
_PLAIN: Final = re.compile(r"[A-Za-z0-9!#$&+.^_`|~ ()-]{1,255}", re.ASCII)
_TYPE: Final = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:;[\x20-\x7e]*)?", re.ASCII
)
_BINARY: Final = "application/octet-stream"


def file_response(
    call: Call, entry: FileEntry, *, headers: Iterable[Header] = ()
) -> Response | StreamResponse:
    """Return the content of ``entry``, or the range of it that the request asks for.

    One range is given as 206; several are answered with the whole file. Nothing in it can run in
    the origin of this server. Raises ``RangeNotSatisfiable``.
    """
    size = entry.content.size
    tag = f'"{entry.content.digest[:32]}"'.encode("ascii")
    wanted = _wanted_range(call, size, tag)
    start, length = (0, size) if wanted is None else wanted
    shown: list[Header] = [
        (b"content-type", _content_type(entry.content_type)),
        (b"content-length", str(length).encode()),
        (b"content-disposition", content_disposition(entry.file_name)),
        (b"etag", tag),
        (b"accept-ranges", b"bytes"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"sandbox"),
        *headers,
    ]
    if wanted is not None:
        shown.append((b"content-range", b"bytes %d-%d/%d" % (start, start + length - 1, size)))
    chunks = call.repository.read_file(entry.content.digest, start=start, length=length)
    return StreamResponse(200 if wanted is None else 206, tuple(shown), chunks)


def content_disposition(file_name: str) -> bytes:
    """Return the header that names a download (RFC 6266), in ASCII and where it differs in full."""
    plain = "".join(each if _PLAIN.fullmatch(each) else "_" for each in file_name) or "file"
    value = f'attachment; filename="{plain}"'
    if plain != file_name:
        value += f"; filename*=UTF-8''{quote(file_name, safe='')}"
    return value.encode("ascii")


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

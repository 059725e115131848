"""Forms with a file (multipart/form-data, RFC 7578): the file goes on while it arrives."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from aas_server.api.call import Call
from aas_server.api.errors import PayloadTooLarge, UnsupportedMediaType
from aas_server.errors import BadRequest
from aas_server.store.protocol import StoredFile

MAX_PARTS: Final = 200
MAX_FIELD: Final = 65_536
"""Bytes of a field that is no file at most."""
MAX_HEADERS: Final = 16
"""Headers of a part at most."""
MAX_HEADER: Final = 8_192
"""Bytes of a header of a part at most."""
MAX_NAME: Final = 255

_FILE: Final = "file"
_FILE_NAME: Final = "fileName"
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f]")

TakeIn: TypeAlias = Callable[[AsyncIterator[bytes]], Awaitable[StoredFile]]
"""Takes the content of a file in, piece by piece."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form held: its file, and its other fields by name, each with all its values.

    ``file_name`` has no folder; it is what the field or parameter fileName says, else what the part
    says, else ``file``. ``content_type`` is the part's, None when it does not say.
    """

    content: StoredFile
    file_name: str
    content_type: str | None
    fields: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Part:
    name: str
    file_name: str | None
    content_type: str | None


async def read_upload(call: Call, take_in: TakeIn) -> Upload:
    """Return the form in the body of ``call``; ``take_in`` is given its file while it arrives.

    Raises ``UnsupportedMediaType`` for another type, ``PayloadTooLarge`` for more bytes than the
    settings allow, ``BadRequest`` for a malformed form and for one without a file or with several.
    """
    events = _Events(call)
    content: StoredFile | None = None
    part_name: str | None = None
    content_type: str | None = None
    fields: dict[str, list[str]] = {}
    while (part := await events.next_part()) is not None:
        if part.name == _FILE:
            if content is not None:
                raise BadRequest("the form has two files", path=_FILE)
            part_name, content_type = part.file_name, part.content_type
            content = await take_in(events.data())
        else:
            fields.setdefault(part.name, []).append(await events.text(part.name))
    if content is None:
        raise BadRequest("the form has no part with this name", path=_FILE)
    named = [*fields.get(_FILE_NAME, ()), call.query.one(_FILE_NAME), part_name]
    name = next((cleaned for each in named if each and (cleaned := _file_name(each))), "file")
    return Upload(content, name, content_type, fields)


class _Events:
    """Pulls the body of a call through the parser, no faster than its parts are taken."""

    def __init__(self, call: Call) -> None:
        self._receive = call.receive
        self._limit = call.settings.max_upload
        self._size = self._parts = 0
        self._waiting: list[_Part | bytes | None] = []
        self._headers: dict[str, bytes] = {}
        self._header_name = self._header_value = b""
        self._more_body = True
        self._ended = False
        self._parser = MultipartParser(
            _boundary(call),
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_name,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._add_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER,
        )

    async def next_part(self) -> _Part | None:
        """Return the next part, None behind the last one."""
        while True:
            while self._waiting:
                event = self._waiting.pop(0)
                if isinstance(event, _Part):
                    return event
            if not await self._read_on():
                return None

    async def data(self) -> AsyncIterator[bytes]:
        """Yield the data of the part that was given last."""
        while True:
            while self._waiting:
                event = self._waiting.pop(0)
                if not isinstance(event, bytes):
                    return
                yield event
            if not await self._read_on():
                return

    async def text(self, name: str) -> str:
        """Return the text of the part that was given last."""
        found = bytearray()
        async for piece in self.data():
            found += piece
            if len(found) > MAX_FIELD:
                raise BadRequest(f"is longer than {MAX_FIELD} bytes", path=name)
        try:
            return found.decode()
        except UnicodeDecodeError as error:
            raise BadRequest("is no UTF-8 text", path=name) from error

    async def _read_on(self) -> bool:
        """Parse the next piece of the body; return False behind its end."""
        if not self._more_body:
            if not self._ended:
                raise BadRequest("the form ends before its last boundary", path="body")
            return False
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body: bytes = message.get("body", b"")
        self._more_body = message.get("more_body", False)
        self._size += len(body)
        if self._size > self._limit:
            raise PayloadTooLarge(f"the body is larger than {self._limit} bytes", path="body")
        try:
            self._parser.write(body)
        except FormParserError as error:
            raise BadRequest(f"is no multipart/form-data: {error}", path="body") from error
        return True

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise BadRequest(f"the form has more than {MAX_PARTS} parts", path="body")
        self._headers = {}
        self._header_name = self._header_value = b""

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header_name.decode("latin-1").lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        name = options.get(b"name")
        if name is None:
            raise BadRequest("a part of the form has no name", path="body")
        file_name, content_type = options.get(b"filename"), self._headers.get("content-type")
        self._waiting.append(
            _Part(
                name.decode("utf-8", "replace"),
                None if file_name is None else file_name.decode("utf-8", "replace"),
                None if content_type is None else content_type.decode("latin-1").strip(),
            )
        )

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._waiting.append(data[start:end])

    def _end_part(self) -> None:
        self._waiting.append(None)

    def _end(self) -> None:
        self._ended = True


def _boundary(call: Call) -> bytes:
    content_type = call.header(b"content-type") or ""
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        raise UnsupportedMediaType(f"the body must be multipart/form-data, not {content_type!r}")
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise BadRequest("names no boundary of 1 to 70 characters", path="Content-Type")
    return boundary


def _file_name(text: str) -> str:
    """Return the last part of a path, whatever system it is from, without control characters."""
    name = _UNSAFE.sub("", text).replace("\\", "/").rsplit("/", 1)[-1].strip(" .")
    return name[:MAX_NAME]

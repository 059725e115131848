"""The fast lane: hot reads answered inside uvicorn's parser callback.

It leans on the inside of one version of uvicorn: ``fastlane_check`` drives it once before it is
trusted, and where that fails the ASGI way serves the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from aas_server.api.hot_reads import SPECIAL_HEADERS, HotAnswer, HotRead, present
from aas_server.api.negotiation import TAKES_JSON
from aas_server.api.protocol import ResultProtocol
from aas_server.api.responses import Header, raw_headers

_OK: Final = STATUS_LINE[200]
_JOINED: Final = 8192
"""Bodies below stand in one buffer with their head: one is written faster than two."""
_ACCEPT: Final = b"accept"
_ACCEPT_ENCODING: Final = b"accept-encoding"
_CONNECTION: Final = b"connection"
_HOST: Final = b"host"

Find: TypeAlias = Callable[[bytes], HotRead | None]
"""Leads from the raw target of a request to what is hot there."""


class FastLaneProtocol(ResultProtocol):
    """Writes the answer of a hot read as soon as its head is parsed; all else goes to ASGI.

    A request qualifies when nothing is under way on its connection, its reader keeps up, and it is
    a plain GET of a known path. Bytes, metrics and the bookkeeping of the connection are those of
    the ASGI way.
    """

    def __init__(self, *args: Any, find: Find, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._find = find
        self._monotonic = self._clock.monotonic
        self._plain = self._coded = self._answered = self._hosted = False
        self._defaults: list[Header] | None = None
        self._start = b""

    def on_message_begin(self) -> None:
        """Note that a request begins; what only the ASGI way needs is made when it is taken."""
        self.url = b""
        self.headers = []
        self._in_head = self._in_message = self._plain = True
        self._coded = self._answered = self._hosted = False
        self._head_size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in one header."""
        name = name.lower()
        if name in SPECIAL_HEADERS:
            self._plain = False
        elif name == _CONNECTION:
            if value.lower() != b"keep-alive":
                self._plain = False
        elif name == _ACCEPT:
            if value not in TAKES_JSON:
                self._plain = False
        elif name == _ACCEPT_ENCODING:
            self._coded = True
        elif name == _HOST:
            if self._hosted:
                self._plain = False
            self._hosted = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Answer a hot read at once, or start the ASGI way."""
        if (
            self._plain
            and self._hosted
            and (entry := self._find(self.url)) is not None
            and self._is_free()
        ):
            started = self._monotonic()
            answer = present(entry)
            if answer is not None and not (self._coded and answer.compressible):
                self._in_head = False
                self._write(answer)
                entry.series.observe(200, self._monotonic() - started)
                self._answered = True
                self.on_response_complete()
                return
        self._begin_full_way()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is there in full."""
        if self._answered:
            self._in_message = False
        else:
            super().on_message_complete()

    def _is_free(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return (
            (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and self.parser.get_method() == b"GET"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        )

    def _begin_full_way(self) -> None:
        url, headers, head_size = self.url, self.headers, self._head_size
        super().on_message_begin()
        self.url, self._head_size = url, head_size
        for name, value in headers:
            super().on_header(name, value)

    def _write(self, answer: HotAnswer) -> None:
        defaults = self.server_state.default_headers
        if defaults is not self._defaults:
            self._defaults = defaults
            self._start = _OK + raw_headers(defaults)
        if len(answer.body) < _JOINED:
            self.transport.write(answer.whole(self._start))
        else:
            self.transport.writelines((self._start + answer.head, answer.body))

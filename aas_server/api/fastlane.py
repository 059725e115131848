"""The fast lane: hot reads answered inside uvicorn's parser callback.

It leans on the inside of one version of uvicorn: ``fastlane_check`` drives it once before it is
trusted, and where that fails the ASGI way serves the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from aas_server.api.hot_reads import Answer, HotRead
from aas_server.api.protocol import ResultProtocol
from aas_server.api.responses import Header, raw_headers
from aas_server.clock import Clock

_SPECIAL: Final = frozenset(
    {
        b"authorization",
        b"connection",
        b"content-length",
        b"expect",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"proxy-authorization",
        b"range",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers that may change the answer or the connection: such requests take the ASGI way."""

_OK: Final = STATUS_LINE[200]
_JOINED: Final = 8192
"""Bodies below are copied behind their head: one buffer is written faster than two."""

Find: TypeAlias = Callable[[bytes], HotRead | None]
"""Leads from the raw target of a request to what is hot there."""


class FastLaneProtocol(ResultProtocol):
    """Writes the answer of a hot read as soon as its head is parsed; all else goes to ASGI.

    A request qualifies when nothing is under way on its connection, its reader keeps up, and it is
    a plain GET of a known path. Bytes, metrics and the bookkeeping of the connection are those of
    the ASGI way.
    """

    def __init__(self, *args: Any, find: Find, clock: Clock, **kwargs: Any) -> None:
        super().__init__(*args, clock=clock, **kwargs)
        self._find = find
        self._monotonic = clock.monotonic
        self._ordinary = True
        self._answered = False
        self._defaults: list[Header] | None = None
        self._start = b""

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self._ordinary = True
        self._answered = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in one header."""
        name = name.lower()
        if name in _SPECIAL:
            if name != b"connection" or value.lower() != b"keep-alive":
                self._ordinary = False
            super().on_header(name, value)
        else:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Answer a hot read at once, or start the ASGI way."""
        cycle: RequestResponseCycle | None = self.cycle
        if (
            self._ordinary
            and (entry := self._find(self.url)) is not None
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and self.parser.get_method() == b"GET"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        ):
            started = self._monotonic()
            answer = _present(entry)
            if answer is not None:
                self._write(answer)
                entry.series.observe(200, self._monotonic() - started)
                self._answered = True
                self.on_response_complete()
                return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is there in full."""
        if not self._answered:
            super().on_message_complete()

    def _write(self, answer: Answer) -> None:
        defaults = self.server_state.default_headers
        if defaults is not self._defaults:
            self._defaults = defaults
            self._start = _OK + raw_headers(defaults)
        head, body = answer
        if len(body) < _JOINED:
            self.transport.write(b"".join((self._start, head, body)))
        else:
            self.transport.writelines((self._start + head, body))


def _present(entry: HotRead) -> Answer | None:
    try:
        return entry.answer()
    except Exception:
        # The ASGI way meets the same failure, and tells and logs it.
        return None

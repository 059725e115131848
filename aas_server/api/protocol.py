"""uvicorn's HTTP protocol, with Results for what is no HTTP and an end to its patience."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from aas_server.api.cycle import OneWriteCycle
from aas_server.api.errors import result_response
from aas_server.api.responses import raw_headers
from aas_server.clock import Clock

MAX_HEAD: Final = 65_536
"""Bytes of a request line with its headers at most, beyond those that came with its first byte."""
MAX_TARGET: Final = 65_520
"""Bytes of a request target at most: the parser of URLs tells no more apart."""

_NO_HTTP: Final = (
    400,
    "BadRequest",
    "this is no HTTP/1.1 request: see the request line and the headers",
)
_NO_HOST: Final = (400, "BadRequest", "a request must have one Host header (RFC 9112, 3.2)")
_TARGET_TOO_LONG: Final = (
    414,
    "UriTooLong",
    f"the path and the query are longer than {MAX_TARGET} bytes",
)
_HEAD_TOO_LONG: Final = (
    431,
    "HeadersTooLarge",
    f"the request line and the headers are longer than {MAX_HEAD} bytes",
)
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_LEAST_PROGRESS: Final = 1024
"""Bytes that must move between two looks at a connection that sends or reads something."""


class ResultProtocol(HttpToolsProtocol):
    """Answers malformed requests with a Result, and gives up clients that stand still.

    ``patience`` is how many seconds a client may take for a head, or to move a kilobyte of a body
    or of an answer. There is one timer a connection for that, and one for idle connections, which
    is not touched by each request.
    """

    def __init__(self, *args: Any, clock: Clock, patience: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clock = clock
        self._patience = patience
        self._watch: asyncio.TimerHandle | None = None
        self._in_head = self._in_message = self._asked = False
        self._head_was_open = self._message_was_open = False
        self._received = self._head_size = 0
        self._unsent: int | None = None
        self._complaint: tuple[int, str, str] = _NO_HTTP
        self._idle_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the connection."""
        super().connection_made(transport)
        self._watch = self.loop.call_later(self._patience, self._look)
        self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        for timer in (self._watch, self.timeout_keep_alive_task):
            if timer is not None:
                timer.cancel()
        self._watch = self.timeout_keep_alive_task = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what arrived; too long a head is refused."""
        size = len(data)
        self._received += size
        self._head_size += size  # which begins again at 0 with a message that begins in these data
        super().data_received(data)
        if self._in_head and self._head_size > MAX_HEAD and not self.transport.is_closing():
            self._refuse(_HEAD_TOO_LONG)

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._head_size = 0

    def on_headers_complete(self) -> None:
        """Start to answer; what must not be answered ends the parser's work."""
        version = self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if version not in _VERSIONS:
            raise HttpParserError
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            self._complaint = _NO_HOST
            raise HttpParserError
        if len(self.url) > MAX_TARGET:
            self._complaint = _TARGET_TOO_LONG
            raise HttpParserError
        super().on_headers_complete()
        self._in_head = False
        self._asked = True
        # The cycle is uvicorn's and has not run yet; which class it is of cannot be said before.
        self.cycle.__class__ = OneWriteCycle
        cycle = cast("OneWriteCycle", self.cycle)
        cycle.patience = self._patience
        cycle.linger = self._linger

    def on_message_complete(self) -> None:
        """Note that the request is there in full."""
        self._in_message = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or rest."""
        self.server_state.total_requests += 1
        self._asked = True
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self._rest()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has rested long enough."""
        self.timeout_keep_alive_task = None
        cycle: RequestResponseCycle | None = self.cycle
        is_busy = self._in_message or not (cycle is None or cycle.response_complete)
        if is_busy or self.transport.is_closing():
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._arm(left)
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request and close the connection."""
        self._refuse(self._complaint)

    def _unset_keepalive_if_required(self) -> None:
        """Leave the timer alone: it looks for itself whether the connection still rests."""

    def _rest(self) -> None:
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._arm(self.timeout_keep_alive)

    def _arm(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _refuse(self, complaint: tuple[int, str, str]) -> None:
        """Answer with ``complaint`` and close the connection.

        While another request is under way the client would take that for its answer: then the
        connection is closed behind the answers that are due.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            is_its_own_body = self._in_message and not self._in_head
            if not is_its_own_body or self.pipeline or cycle.response_started:
                self.flow.pause_reading()
                cycle.keep_alive = False
                cycle.disconnected = is_its_own_body
                return
            cycle.disconnected = True
            cycle.message_event.set()
        status, code, text = complaint
        response = result_response(
            status, code, text, self._clock, headers=((b"connection", b"close"),)
        )
        head = raw_headers((*self.server_state.default_headers, *response.headers))
        self.transport.write(b"".join((STATUS_LINE[status], head, b"\r\n", response.body)))
        self._linger()

    def _linger(self) -> None:
        """Close a connection on which more is coming: at once, that would destroy the answer.

        It ends when the client does, or when the watch finds that it stands still for this one.
        """
        if self.transport.is_closing():
            return
        self.transport.set_protocol(_Discarding(self))
        try:
            self.transport.write_eof()
            self.transport.resume_reading()
        except OSError:
            self.transport.abort()  # the client is gone before us

    def _look(self) -> None:
        """Give the client up when nothing moved since the last look."""
        if self._stands_still():
            self.transport.abort()
            return
        self._head_was_open = self._in_head or not self._asked
        self._message_was_open = self._in_message
        self._received = 0
        self._watch = self.loop.call_later(self._patience, self._look)

    def _stands_still(self) -> bool:
        unsent, self._unsent = self._unsent, None
        if self.flow.write_paused or self.transport.is_closing():
            self._unsent = self.transport.get_write_buffer_size()
            return unsent is not None and unsent - self._unsent < _LEAST_PROGRESS
        if self.flow.read_paused:
            return False
        if self._in_head or not self._asked:
            return self._head_was_open
        if self._in_message:
            return self._message_was_open and self._received < _LEAST_PROGRESS
        return False


class _Discarding(asyncio.Protocol):
    """Throws away what still comes, until the client closes or ``protocol`` loses patience."""

    def __init__(self, protocol: ResultProtocol) -> None:
        self._protocol = protocol

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection is gone."""
        self._protocol.connection_lost(exc)

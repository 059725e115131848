"""uvicorn's request cycle: answers in one write, and an end to waiting for a body."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from aas_server.api.errors import RequestTimeout
from aas_server.api.responses import HEAD, raw_headers

_JOINED: Final = 65_536
"""Bodies up to here are copied behind their head: a second write costs more."""


class OneWriteCycle(RequestResponseCycle):
    """Holds the start of a response back until its body is there.

    An answer that is given whole goes out with one write in place of two; whatever is not, goes
    uvicorn's way. An application that fails between both has sent nothing yet. ``patience`` is how
    many seconds the next part of a body may take; ``linger`` ends a connection whose client has its
    answer before it has sent everything.
    """

    patience = 30.0
    linger: Callable[[], None] = staticmethod(lambda: None)
    _start: Any = None

    async def receive(self) -> Any:
        """Return the next part of the body (ASGI); raises ``RequestTimeout``."""
        if self.message_event.is_set():
            return await super().receive()
        try:
            async with asyncio.timeout(self.patience):
                return await super().receive()
        except TimeoutError:
            raise RequestTimeout(f"the body stopped arriving for {self.patience:g} s") from None

    async def send(self, message: Any) -> None:
        """Send a message (ASGI); to a client that is gone it goes nowhere.

        Raises ``ClientDisconnect`` when more is to come for one that is gone.
        """
        await self._drain()
        if self.disconnected and message.get("more_body", False):
            raise ClientDisconnect
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is None:
            await super().send(message)
            return
        head = self._head(start, message)
        if head is None:
            await super().send(start)
            await self._drain()
            is_early = self.more_body and not self.keep_alive
            # Else uvicorn closes, and what is still coming then makes the answer get lost.
            self.keep_alive = self.keep_alive or is_early
            await super().send(message)
            if is_early:
                self.keep_alive = False
                self.linger()
            return
        if not self.disconnected:
            self._write(head + message["body"])

    async def _drain(self) -> None:
        """Wait until the client reads, or is gone: uvicorn tells only the newest request that."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.transport.is_closing():
            self.disconnected = True

    def _head(self, start: Any, message: Any) -> bytes | None:
        """Return the head of an answer that can go out at once, None for any other."""
        known: bytes | None = start.get(HEAD)
        if (
            known is None
            or message.get("more_body", False)
            or len(message["body"]) > _JOINED
            or not self.keep_alive
            or self.scope["method"] == "HEAD"
            or any(name == b"connection" for name, _ in start["headers"])
        ):
            return None
        return b"".join((STATUS_LINE[start["status"]], raw_headers(self.default_headers), known))

    def _write(self, answer: bytes) -> None:
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(answer)
        self.message_event.set()
        self.on_response()

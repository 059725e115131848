"""Whether the fast lane works with the uvicorn that is installed: it is driven once, without a
socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from aas_server.api.fastlane import FastLaneProtocol
from aas_server.api.hot_reads import HotAnswer
from aas_server.api.metrics import Series
from aas_server.api.responses import json_response
from aas_server.clock import Clock

_PATH: Final = b"/probe"
_REQUEST: Final = b"GET " + _PATH + b" HTTP/1.1\r\nhost: probe\r\n\r\n"
_BODY: Final = b"{}"
_EXPECTED: Final = (
    b"HTTP/1.1 200 OK\r\ndate: now\r\n"
    b"content-type: application/json\r\ncontent-length: 2\r\n\r\n" + _BODY
)


def fast_lane_problem(clock: Clock) -> str | None:
    """Return why the fast lane cannot be trusted with the installed uvicorn, or None."""
    try:
        return _drive(clock)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _drive(clock: Clock) -> str | None:
    transport, loop, state, probe = _Transport(), _Loop(), ServerState(), _Probe()
    state.default_headers = [(b"date", b"now")]
    config = uvicorn.Config(_never_called, log_config=None, lifespan="off", ws="none")
    protocol = FastLaneProtocol(
        config, state, {}, loop, find={_PATH: probe}.get, clock=clock, patience=1
    )
    protocol.connection_made(transport)
    protocol.data_received(_REQUEST + _REQUEST)
    if transport.written != _EXPECTED + _EXPECTED:
        return f"two probes were answered with {transport.written!r}"
    if (state.total_requests, loop.armed, loop.cancelled) != (2, 2, 0):
        return "requests or keep-alive timeouts are counted in another way"
    protocol.flow.pause_writing()
    protocol.cycle = _UnderWay()  # type: ignore[assignment]
    protocol.shutdown()
    if transport.closed or protocol.cycle.keep_alive or not protocol.flow.write_paused:
        return "what is under way on a connection is known in another way"
    return None


class _Probe:
    def __init__(self) -> None:
        self.series = Series()

    def answer(self) -> HotAnswer:
        return HotAnswer(json_response(_BODY))


class _UnderWay:
    response_complete = False
    keep_alive = True


class _Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.written += b"".join(list_of_data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


class _Loop:
    """Counts the timeouts that are set and cancelled; as a handle it is what it gives out."""

    def __init__(self) -> None:
        self.armed = self.cancelled = 0

    def call_later(self, _delay: float, _callback: Callable[..., Any]) -> _Loop:
        self.armed += 1
        return self

    def time(self) -> float:
        return 0.0

    def cancel(self) -> None:
        self.cancelled += 1


async def _never_called(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("the fast lane did not answer")

"""uvicorn's HTTP protocol, with a Result in place of its plain text for what is no HTTP."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from aas_server.api.errors import result_response
from aas_server.api.responses import raw_headers
from aas_server.clock import Clock


class ResultProtocol(HttpToolsProtocol):
    """Answers malformed requests with a Result, as everything else here does."""

    def __init__(self, *args: Any, clock: Clock, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clock = clock

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request and close the connection."""
        response = result_response(
            400,
            "BadRequest",
            "this is no HTTP/1.1 request: see the request line and the headers",
            self._clock,
            headers=((b"connection", b"close"),),
        )
        head = raw_headers((*self.server_state.default_headers, *response.headers))
        self.transport.write(b"".join((STATUS_LINE[400], head, b"\r\n", response.body)))
        self.transport.close()

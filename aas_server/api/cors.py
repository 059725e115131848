"""Cross-origin requests: which pages of other origins may call the API, by setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response as PageResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aas_server.api.errors import result_response
from aas_server.api.responses import HEAD
from aas_server.clock import Clock

EXPOSED: Final = (
    "Location",
    "ETag",
    "Last-Modified",
    "Content-Disposition",
    "WWW-Authenticate",
    "Retry-After",
    "AAS-Quality",
    "X-Correlation-Id",
    "X-FileName",
)
"""Headers of answers that scripts of other origins may read."""

_MAX_AGE: Final = 600


def with_cors(app: ASGIApp, origins: Sequence[str], clock: Clock) -> ASGIApp:
    """Return ``app`` for requests with an Origin; preflights are answered here, without a token.

    It is the outermost layer, so that failures carry the headers too.
    """

    async def without_head(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_headers_alone(message: Message) -> None:
            # Headers are added to it on its way: the bytes made of it before are not true then.
            message.pop(HEAD, None)
            await send(message)

        await app(scope, receive, send_headers_alone)

    return _CrossOrigin(
        without_head,
        clock,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=list(EXPOSED),
        max_age=_MAX_AGE,
    )


class _CrossOrigin(CORSMiddleware):
    """Starlette's, with a Result for the preflight of what is not allowed."""

    def __init__(self, app: ASGIApp, clock: Clock, **options: Any) -> None:
        super().__init__(app, **options)
        self._clock = clock

    def preflight_response(self, request_headers: Headers) -> PageResponse:
        """Return the answer to a preflight."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        refusal = result_response(
            response.status_code, "BadRequest", bytes(response.body).decode(), self._clock
        )
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in ("content-type", "content-length")
        }
        return PageResponse(refusal.body, refusal.status, headers, media_type="application/json")

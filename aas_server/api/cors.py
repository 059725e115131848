"""Cross-origin requests: which pages of other origins may call the API, by setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aas_server.api.responses import HEAD

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


def with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Return ``app`` for requests with an Origin; preflights are answered here, without a token.

    It is the outermost layer, so that failures carry the headers too.
    """

    async def without_head(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_headers_alone(message: Message) -> None:
            # Headers are added to it on its way: the bytes made of it before are not true then.
            message.pop(HEAD, None)
            await send(message)

        await app(scope, receive, send_headers_alone)

    return CORSMiddleware(
        without_head,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=list(EXPOSED),
        max_age=_MAX_AGE,
    )

"""The yardstick: a bare ASGI app on the same uvicorn that answers each path with fixed bytes.

Usage: python -m benchmarks.bare_asgi PORT FILE..., the first file answers /0, the second /1, and so
on.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn


def main() -> None:
    port = int(sys.argv[1])
    bodies = {f"/{n}": Path(name).read_bytes() for n, name in enumerate(sys.argv[2:])}
    answers = {
        path: (
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(body)).encode()),
                ],
            },
            {"type": "http.response.body", "body": body},
        )
        for path, body in bodies.items()
    }

    async def app(
        scope: dict[str, Any],
        _receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        start, body = answers[scope["path"]]
        await send(start)
        await send(body)

    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", lifespan="off", access_log=False,
        log_level="error",
    )  # fmt: skip


main()

"""The HTTP server: uvicorn, set up for this application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, cast

import structlog
import uvicorn

from aas_server.api.app import AasApplication
from aas_server.api.fastlane import FastLaneProtocol
from aas_server.api.fastlane_check import fast_lane_problem
from aas_server.api.protocol import ResultProtocol

log = structlog.get_logger(__name__)

KEEP_ALIVE: Final = 75.0
"""Seconds that an idle connection stays open: longer than usual clients keep theirs."""


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: the composition root has its own."""

    async def on_tick(self, counter: int) -> bool:
        """Keep the Date header true to a tenth of a second, not to more than a whole one.

        Else a fresh value's Last-Modified would lie behind the Date of its answer.
        """
        return await super().on_tick(0)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def make_server(
    app: AasApplication,
    *,
    host: str,
    port: int,
    shutdown_timeout: float = 3.0,
    keep_alive: float = KEEP_ALIVE,
) -> uvicorn.Server:
    """Return a server for ``app`` that is not started yet.

    ``shutdown_timeout`` is how many seconds requests under way may take once it shall exit,
    ``keep_alive`` how many an idle connection stays open.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=_protocol(app),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # uvicorn says int for both and hands them to asyncio, which takes parts of a second.
        timeout_keep_alive=cast("int", keep_alive),
        timeout_graceful_shutdown=cast("int", shutdown_timeout),
    )
    return _Server(config)


def _protocol(app: AasApplication) -> Any:
    common: dict[str, Any] = {"clock": app.clock, "patience": app.settings.idle_timeout}
    if app.settings.fast_lane:
        problem = fast_lane_problem(app.clock)
        if problem is None:
            return partial(FastLaneProtocol, find=app.hot_reads.find, **common)
        log.warning("fast lane off", reason=problem, uvicorn=uvicorn.__version__)
    return partial(ResultProtocol, **common)

"""Housekeeping: letting go of what nobody needs any more, now and then."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from aas_server.errors import StoreUnavailable
from aas_server.store.protocol import Store

log = structlog.get_logger(__name__)

INTERVAL: Final = 600.0
"""Seconds between two rounds."""


class Housekeeping:
    """Owns the task that tidies the store up while a server runs."""

    def __init__(self, store: Store, *, interval: float = INTERVAL) -> None:
        self._store = store
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first round comes at once, so that a server that often restarts has some."""
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def stop(self) -> None:
        """End; a round that is under way is broken off between two of its transactions."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._store.tidy()
            except StoreUnavailable as error:
                log.warning("store not tidied up", reason=error.text)
            await asyncio.sleep(self._interval)

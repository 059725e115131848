"""Health: whether the store can be asked; without it only what is in memory is shown."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aas_server.errors import StoreUnavailable
from aas_server.repository.repository import Repository

PATIENCE: Final = 2.0
"""Seconds that the store gets to answer."""


class Health:
    """Asks the store, once for all who want to know at the same time."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._asking: asyncio.Task[str | None] | None = None

    async def report(self) -> dict[str, Any]:
        """Return ``status`` (``UP`` or ``DOWN``), and with ``DOWN`` what is wrong."""
        problem = await self._problem()
        if problem is None:
            return {"status": "UP"}
        store = {"status": "DOWN", "details": {"error": problem}}
        return {"status": "DOWN", "components": {"store": store}}

    async def _problem(self) -> str | None:
        asking = self._asking
        if asking is None or asking.done():
            asking = asyncio.create_task(self._ask(), name="asking the store for its health")
            self._asking = asking
        # Not cancelled when it takes too long: the next one who wants to know waits for it, too.
        done, _ = await asyncio.wait((asking,), timeout=PATIENCE)
        return asking.result() if done else "the store does not answer"

    async def _ask(self) -> str | None:
        try:
            await self._repository.require_store()
        except StoreUnavailable as error:
            return error.text
        return None

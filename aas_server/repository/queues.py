"""Queues: those who want to change the same documents, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from aas_server.repository.heads import Key


class Queues:
    """A queue for each document that somebody waits for."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, keys: Iterable[Key]) -> AsyncIterator[None]:
        """Hold the first place in the queues of all ``keys``."""
        async with AsyncExitStack() as stack:
            # Always in the same order, so that no two wait for each other.
            for key in sorted(keys, key=lambda each: (each[0].value, each[1])):
                lock = self._locks.get(key)
                if lock is None:
                    lock = self._locks[key] = asyncio.Lock()
                await stack.enter_async_context(lock)
            yield

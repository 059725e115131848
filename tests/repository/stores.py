"""Stores that answer when a test lets them, or after any number of turns of the event loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from aas_server.clock import Clock
from aas_server.store.protocol import (
    EVERYTHING,
    Change,
    Fetched,
    Kind,
    Listed,
    Selection,
    Settled,
    Write,
    ignore,
)
from tests.support.memory_store import MemoryStore


class CountingStore(MemoryStore):
    """Counts how often it was asked for a list."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.lists = 0

    async def list_ids(
        self, kind: Kind, wanted: Selection = EVERYTHING, *, after: int = -1, limit: int = 1000
    ) -> Listed:
        self.lists += 1
        return await super().list_ids(kind, wanted, after=after, limit=limit)


class Gate:
    """Where one call of a store waits."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._open = asyncio.Event()

    async def reached(self) -> None:
        """Return once the call is here."""
        async with asyncio.timeout(10):
            await self._reached.wait()

    def open(self) -> None:
        """Let the call go on."""
        self._open.set()

    async def pass_through(self) -> None:
        self._reached.set()
        await self._open.wait()


class GatedStore(MemoryStore):
    """What reads find is found before their gate and told behind it; a commit waits first."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.commits = 0
        """How often something was to be committed."""
        self._gates: dict[str, list[Gate]] = {}
        self._late: asyncio.Event | None = None

    def settle_late(self) -> asyncio.Event:
        """Return what the next commit waits for when it is in the database, until its server hears
        of it.
        """
        self._late = asyncio.Event()
        return self._late

    def hold(self, method: str) -> Gate:
        """Let the next call of ``method`` wait; each ``hold`` is for one more call."""
        gate = Gate()
        self._gates.setdefault(method, []).append(gate)
        return gate

    async def fetch(self, kind: Kind, ids: Iterable[str]) -> Fetched:
        found = await super().fetch(kind, ids)
        await self._wait("fetch")
        return found

    async def list_ids(
        self, kind: Kind, wanted: Selection = EVERYTHING, *, after: int = -1, limit: int = 1000
    ) -> Listed:
        found = await super().list_ids(kind, wanted, after=after, limit=limit)
        await self._wait("list_ids")
        return found

    async def position(self) -> int:
        found = await super().position()
        await self._wait("position")
        return found

    async def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        found = [change async for change in super().changes(after=after, limit=limit)]
        await self._wait("changes")
        for change in found:
            yield change

    async def commit(
        self, writes: Sequence[Write], *, actor: str, settled: Settled = ignore
    ) -> None:
        self.commits += 1
        await self._wait("commit")
        late, self._late = self._late, None
        if late is None:
            await super().commit(writes, actor=actor, settled=settled)
            return
        ends: list[int | None] = []
        try:
            await super().commit(writes, actor=actor, settled=ends.append)
        finally:
            await late.wait()
            settled(ends[0])

    async def _wait(self, method: str) -> None:
        gates = self._gates.get(method)
        if gates:
            await gates.pop(0).pass_through()


class DawdlingStore:
    """What one of several servers sees of the ``shared`` store.

    Every call takes some turns of the event loop, before and after what it does, so that calls
    overtake each other; only the commits of one server stay in order. What is committed is there
    before its server knows.
    """

    is_shared = True

    def __init__(self, shared: MemoryStore, dawdling: random.Random) -> None:
        self._shared = shared
        self._random = dawdling
        self._committing = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared, name)

    async def fetch(self, kind: Kind, ids: Iterable[str]) -> Fetched:
        wanted = list(ids)
        await self._dawdle()
        found = await self._shared.fetch(kind, wanted)
        await self._dawdle()
        return found

    async def list_ids(
        self, kind: Kind, wanted: Selection = EVERYTHING, *, after: int = -1, limit: int = 1000
    ) -> Listed:
        await self._dawdle()
        found = await self._shared.list_ids(kind, wanted, after=after, limit=limit)
        await self._dawdle()
        return found

    async def position(self) -> int:
        await self._dawdle()
        found = await self._shared.position()
        await self._dawdle()
        return found

    async def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        await self._dawdle()
        found = [change async for change in self._shared.changes(after=after, limit=limit)]
        for change in found:
            await self._dawdle()
            yield change

    async def commit(
        self, writes: Sequence[Write], *, actor: str, settled: Settled = ignore
    ) -> None:
        async with self._committing:
            ends: list[int | None] = []
            await self._dawdle()
            try:
                await self._shared.commit(writes, actor=actor, settled=ends.append)
            finally:
                await self._dawdle()
                settled(ends[0])

    async def _dawdle(self) -> None:
        for _ in range(self._random.choice((0, 0, 0, 1, 2, 5, 25))):
            await asyncio.sleep(0)

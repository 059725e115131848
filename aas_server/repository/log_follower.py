"""Following the change log: what other servers committed, learned before anybody sees it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import structlog

from aas_server.errors import StoreUnavailable
from aas_server.repository.heads import Key
from aas_server.store.protocol import Store

log = structlog.get_logger(__name__)

Forget: TypeAlias = Callable[[Sequence[tuple[Key, int]] | None], None]
"""Hears which documents others changed, each with the position of the change; None for "many"."""

POLL: Final = 1.0
"""Seconds between two looks at the log when no wake-up comes: it may have been lost."""
_MANY: Final = 10_000
"""Changes from which on everything is forgotten at once."""
_PAGE: Final = 1_000


class LogFollower:
    """Knows up to which position of the change log this server shows everything.

    Own commits are told to ``committed``; of all others ``forget`` hears, of everything that was
    committed up to one moment in one call, so that no commit is seen half.
    """

    def __init__(self, store: Store, forget: Forget) -> None:
        self.position = 0
        self._store = store
        self._forget = forget
        self._own: deque[tuple[int, int]] = deque()
        self._following = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin where the log ends now: nothing older is in memory."""
        self.position = await self._store.position()
        if self._store.is_shared:
            self._store.watch(self._wake.set)
            self._task = asyncio.create_task(self._run(), name="following the change log")

    async def close(self) -> None:
        """End following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def committed(self, first: int, last: int) -> None:
        """Note that the entries ``first`` to ``last`` are this server's own, and shown."""
        if first <= self.position + 1:
            self.position = max(self.position, last)
        elif self._own and self._own[-1][1] == first - 1:
            self._own[-1] = (self._own[-1][0], last)
        else:
            self._own.append((first, last))

    async def reach(self, position: int) -> None:
        """Return once everything up to ``position`` is shown or forgotten."""
        if self.position < position:
            await self.follow()

    async def follow(self) -> None:
        """Learn what was committed since; raises ``StoreUnavailable``."""
        async with self._following:
            end = await self._store.position()
            if end <= self.position:
                return
            found: list[tuple[Key, int]] | None = []
            after = self.position
            while found is not None and after < end:
                limit = min(_PAGE, end - after)
                async for change in self._store.changes(after=after, limit=limit):
                    after = change.sequence
                    # Own commits that are shown meanwhile may have moved the position.
                    if after > self.position and not self._is_own(after):
                        found.append(((change.kind, change.id), after))
                if len(found) > _MANY:
                    found = None
            self._end_at(end)
            if found is None or found:
                self._forget(found)

    async def _run(self) -> None:
        is_reachable = True
        while True:
            try:
                async with asyncio.timeout(POLL):
                    await self._wake.wait()
            except TimeoutError:
                """Look all the same."""
            self._wake.clear()
            try:
                await self.follow()
            except StoreUnavailable as error:
                if is_reachable:
                    log.warning("change log cannot be followed", reason=error.text)
                is_reachable = False
            else:
                is_reachable = True

    def _is_own(self, position: int) -> bool:
        return any(first <= position <= last for first, last in self._own)

    def _end_at(self, end: int) -> None:
        self.position = max(self.position, end)
        while self._own and self._own[0][0] <= self.position + 1:
            self.position = max(self.position, self._own.popleft()[1])

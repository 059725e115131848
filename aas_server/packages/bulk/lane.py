"""The way of documents through the workers: in batches out, their verdicts back in order."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from aas_server.packages.bulk.reading import Reading
from aas_server.packages.bulk.verdicts import Unchecked, Verdict
from aas_server.packages.bulk.workers import Workers

_BATCH_BYTES: Final = 1024**2
_BATCH: Final = 256
"""Documents of one batch at most, of however many files."""


@dataclass(frozen=True, slots=True)
class _Sent:
    owners: list[Reading]
    batch: list[Unchecked]
    verdicts: asyncio.Task[list[Verdict]]


class Lane:
    """Takes documents as fast as ``workers`` check them, and holds no more than some batches."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._owners: list[Reading] = []
        self._batch: list[Unchecked] = []
        self._size = 0
        self._sent: deque[_Sent] = deque()

    async def put(self, owner: Reading, document: Unchecked) -> None:
        """Let ``document`` be checked; ``owner`` takes the verdict, some time before ``flush``
        returns. Raises ``Interrupted``.
        """
        self._owners.append(owner)
        self._batch.append(document)
        self._size += len(document.body)
        if self._size >= _BATCH_BYTES or len(self._batch) >= _BATCH:
            await self._send()

    async def flush(self) -> None:
        """Return once every owner took every verdict."""
        if self._batch:
            await self._send()
        while self._sent:
            await self._collect()

    async def abandon(self) -> None:
        """Forget what was not collected."""
        sent = [each.verdicts for each in self._sent]
        self._sent.clear()
        for task in sent:
            task.cancel()
        await asyncio.gather(*sent, return_exceptions=True)

    async def _send(self) -> None:
        while len(self._sent) >= self._workers.width:
            await self._collect()
        task = asyncio.create_task(self._workers.verdicts(self._batch))
        self._sent.append(_Sent(self._owners, self._batch, task))
        self._owners, self._batch, self._size = [], [], 0

    async def _collect(self) -> None:
        sent = self._sent.popleft()
        verdicts = await sent.verdicts
        for owner, document, verdict in zip(sent.owners, sent.batch, verdicts, strict=True):
            owner.take(document.kind, verdict)
        for owner, documents in groupby(sent.owners):
            owner.advance(sum(1 for _ in documents))

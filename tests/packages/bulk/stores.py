"""Imports of any size into stores, as the command carries them out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aas_server.clock import Clock
from aas_server.packages.bulk.bulk_import import BulkImport
from aas_server.packages.bulk.reading import Reading
from aas_server.packages.bulk.verdicts import Manner
from aas_server.packages.bulk.workers import Workers
from aas_server.packages.plan import OnConflict
from aas_server.store.protocol import Kind, Store, StoredDocument
from tests.support.memory_store import MemoryStore

VERIFIED = Manner()


async def documents_of(store: MemoryStore) -> dict[tuple[Kind, str], StoredDocument]:
    """Return the documents of ``store`` in their order."""
    return {(each.kind, each.id): each async for each in store.documents()}


async def trees_of(store: MemoryStore) -> dict[tuple[Kind, str], Any]:
    return {key: json.loads(each.body) for key, each in (await documents_of(store)).items()}


@asynccontextmanager
async def started(
    store: Store,
    clock: Clock,
    manner: Manner = VERIFIED,
    *,
    on_conflict: OnConflict = OnConflict.FAIL,
    dry_run: bool = False,
    processes: int = 0,
) -> AsyncIterator[BulkImport]:
    """Yield an import that checks documents in ``processes``, which are there from the start."""
    expected = 1 if processes else 0
    worth_it = 1 if processes else 1 << 40
    async with (
        Workers(manner, expected=expected, worth_it=worth_it, most=processes) as workers,
        BulkImport(
            store, clock, workers, actor="test", on_conflict=on_conflict, dry_run=dry_run
        ) as deed,
    ):
        yield deed


async def imported(
    store: Store,
    clock: Clock,
    files: Iterable[Path],
    manner: Manner = VERIFIED,
    **how: Any,
) -> list[Reading]:
    """Import ``files`` as the command does, nothing of them when one is refused."""
    async with started(store, clock, manner, **how) as deed:
        readings = [await deed.read(file, begun=ignored, advance=ignored) for file in files]
        await deed.settle()
        if how.get("dry_run") or not any(reading.failure for reading in readings):
            await deed.finish()
    return readings


def ignored(_count: int) -> None:
    """Nobody watches."""


def written(file: Path, content: bytes | dict[str, Any]) -> Path:
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file

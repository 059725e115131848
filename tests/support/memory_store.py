"""The Store protocol over dictionaries, for tests of what stands above the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from aas_server.clock import Clock
from aas_server.errors import Conflict, NotFound
from aas_server.store.protocol import Change, Kind, Operation, StoredDocument


class MemoryStore:
    """Keeps documents and changes; a transaction that fails leaves both as they were."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._documents: dict[tuple[Kind, str], StoredDocument] = {}
        self._changes: list[Change] = []

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def documents(self) -> AsyncIterator[StoredDocument]:
        for document in sorted(self._documents.values(), key=lambda stored: stored.sequence):
            yield document

    async def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        for change in self._changes[after : after + limit]:
            yield change

    @asynccontextmanager
    async def transaction(self, *, actor: str) -> AsyncIterator[MemoryTransaction]:
        transaction = MemoryTransaction(
            dict(self._documents), list(self._changes), actor, self._clock
        )
        yield transaction
        self._documents, self._changes = transaction.documents, transaction.changes


class MemoryTransaction:
    """Works on copies that become the store's when the transaction ends well."""

    def __init__(
        self,
        documents: dict[tuple[Kind, str], StoredDocument],
        changes: list[Change],
        actor: str,
        clock: Clock,
    ) -> None:
        self.documents = documents
        self.changes = changes
        self._actor = actor
        self._clock = clock

    async def create(self, kind: Kind, identifier: str, body: bytes) -> StoredDocument:
        if (kind, identifier) in self.documents:
            raise Conflict(f"{kind.value} {identifier!r} exists")
        sequence = 1 + max((stored.sequence for stored in self.documents.values()), default=0)
        now = self._clock.now()
        stored = StoredDocument(kind, identifier, sequence, 1, body, now, now)
        return self._keep(stored, Operation.CREATE, None)

    async def replace(
        self, kind: Kind, identifier: str, body: bytes, *, revision: int, path: str | None = None
    ) -> StoredDocument:
        stored = self.documents.get((kind, identifier))
        if stored is None:
            raise NotFound(f"there is no {kind.value} {identifier!r}")
        if stored.revision != revision:
            raise Conflict(f"{kind.value} {identifier!r} changed meanwhile")
        changed = replace(stored, body=body, revision=revision + 1, updated=self._clock.now())
        return self._keep(changed, Operation.REPLACE, path)

    def _keep(
        self, stored: StoredDocument, operation: Operation, path: str | None
    ) -> StoredDocument:
        self.documents[stored.kind, stored.id] = stored
        self.changes.append(
            Change(
                len(self.changes) + 1,
                stored.kind,
                stored.id,
                path,
                operation,
                self._actor,
                stored.updated,
                stored.revision,
            )
        )
        return stored

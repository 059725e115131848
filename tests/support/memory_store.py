"""The Store protocol over dictionaries, for tests of what stands above the store."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from aas_server.clock import Clock
from aas_server.errors import Conflict, NotFound, StoreUnavailable
from aas_server.store.protocol import (
    Change,
    FileEntry,
    FileWrite,
    Kind,
    Settled,
    StoredDocument,
    StoredFile,
    Write,
    ignore,
)

Key = tuple[Kind, str]


class MemoryStore:
    """Keeps everything; a commit that fails leaves all as it was.

    ``failure`` makes every commit fail, as a full disk does.
    """

    def __init__(self, clock: Clock) -> None:
        self.failure: str | None = None
        self._clock = clock
        self._documents: dict[Key, StoredDocument] = {}
        self._versions: list[tuple[StoredDocument, int]] = []
        self._changes: list[Change] = []
        self._names: dict[tuple[Kind, str, str], FileEntry] = {}
        self._files: dict[str, bytes] = {}
        self._sequence = 0

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

    def new_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    async def commit(
        self,
        writes: Sequence[Write],
        files: Sequence[FileWrite] = (),
        *,
        actor: str,
        settled: Settled = ignore,
    ) -> None:
        try:
            self._commit(writes, files, actor)
        except (Conflict, StoreUnavailable):
            settled(False)
            raise
        settled(True)

    def _commit(self, writes: Sequence[Write], files: Sequence[FileWrite], actor: str) -> None:
        if self.failure is not None:
            raise StoreUnavailable(self.failure)
        documents = dict(self._documents)
        for write in writes:
            key = (write.document.kind, write.document.id)
            if documents.get(key) != write.before:
                raise Conflict(f"{key} was changed meanwhile")
            documents.pop(key, None)
            if write.after is not None:
                documents[key] = write.after
        self._documents = documents
        for write in writes:
            self._log(write, actor)
        for name in files:
            self._name(name)

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        for document, until in reversed(self._versions):
            is_it = (document.kind, document.id) == (kind, identifier)
            if is_it and document.updated <= time < until:
                return document.body
        return None

    async def file_entries(self) -> AsyncIterator[FileEntry]:
        for entry in list(self._names.values()):
            yield entry

    async def write_file(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        content = b"".join([chunk async for chunk in chunks])
        digest = hashlib.sha256(content).hexdigest()
        self._files[digest] = content
        return StoredFile(digest, len(content))

    async def read_file(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        if digest not in self._files:
            raise NotFound(f"there is no file with the digest {digest}")
        content = self._files[digest][start:]
        yield content if length is None else content[:length]

    def _log(self, write: Write, actor: str) -> None:
        document, now = write.document, self._clock.now()
        if write.before is not None:
            self._versions.append((write.before, now if write.after is None else document.updated))
        self._changes.append(
            Change(
                len(self._changes) + 1,
                document.kind,
                document.id,
                write.path,
                write.operation,
                actor,
                now,
                document.revision,
            )
        )

    def _name(self, write: FileWrite) -> None:
        if write.entry is not None:
            self._names[write.kind, write.owner, write.entry.path] = write.entry
            return
        for kind, owner, path in list(self._names):
            if (kind, owner) == (write.kind, write.owner) and write.path in (None, path):
                del self._names[kind, owner, path]

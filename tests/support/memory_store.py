"""The Store protocol over dictionaries, for tests of what stands above the store."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence

from aas_server.clock import Clock
from aas_server.errors import Conflict, NotFound, StoreUnavailable
from aas_server.store.protocol import (
    EVERYTHING,
    LOOKED,
    NO_SIGNATURES,
    Change,
    Fetched,
    Found,
    Kind,
    Listed,
    Range,
    Selection,
    Settled,
    Signatures,
    StoredDocument,
    StoredFile,
    StoredJob,
    StoredValue,
    Terms,
    Write,
    ignore,
)
from aas_server.store.sequences import Sequences

Key = tuple[Kind, str]


class MemoryStore:
    """Keeps everything; a commit that fails leaves all as it was.

    ``failure`` makes every commit fail, as a full disk does.
    """

    def __init__(self, clock: Clock, *, is_shared: bool = False) -> None:
        self.is_shared = is_shared
        self.failure: str | None = None
        self.fetches: list[tuple[Kind, list[str]]] = []
        """What was fetched, fetch by fetch."""
        self._clock = clock
        self._documents: dict[Key, StoredDocument] = {}
        self._terms: dict[int, Terms] = {}
        self._signatures: Signatures = NO_SIGNATURES
        self._versions: list[tuple[StoredDocument, int]] = []
        self._changes: list[Change] = []
        self._files: dict[str, bytes] = {}
        self._values: dict[tuple[str, str], StoredValue] = {}
        self._jobs: dict[str, StoredJob] = {}
        self._sequences = Sequences(clock)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def watch(self, wake: Callable[[], None]) -> None:
        pass

    async def fetch(self, kind: Kind, ids: Iterable[str]) -> Fetched:
        wanted = list(ids)
        self.fetches.append((kind, wanted))
        found = (self._documents.get((kind, each)) for each in dict.fromkeys(wanted))
        return Fetched(len(self._changes), [each for each in found if each is not None])

    async def find_terms(self, ranges: Sequence[Range], *, limit: int) -> Found:
        stored = [each for wanted in ranges for each in self._as_stored(wanted)]
        found = [
            sequence
            for sequence, terms in self._terms.items()
            if any(low <= term < high for term in terms for low, high in stored)
        ]
        return Found(len(self._changes), found[:limit], more=len(found) > limit)

    async def list_at(self, kind: Kind, sequences: Sequence[int]) -> Listed:
        wanted = set(sequences)
        found = [
            (document.sequence, document.id)
            for document in self._in_order()
            if document.kind is kind and document.sequence in wanted
        ]
        return Listed(len(self._changes), found, more=False)

    async def list_ids(
        self, kind: Kind, wanted: Selection = EVERYTHING, *, after: int = -1, limit: int = 1000
    ) -> Listed:
        found = [
            (document.sequence, document.id)
            for document in self._in_order()
            if document.kind is kind
            and document.sequence > after
            and wanted.terms <= self._terms[document.sequence]
            and document.created >= (wanted.created_from or 0)
            and document.updated >= (wanted.updated_from or 0)
        ]
        return Listed(len(self._changes), found[:limit], more=len(found) > limit)

    async def count(self, kind: Kind) -> int:
        return sum(1 for each, _ in self._documents if each is kind)

    async def documents(self, kind: Kind | None = None) -> AsyncIterator[StoredDocument]:
        for document in self._in_order():
            if kind in (None, document.kind):
                yield document

    async def fetch_after(self, kind: Kind, after: int, *, limit: int) -> Fetched:
        found = [each for each in self._in_order() if each.kind is kind and each.sequence > after]
        return Fetched(len(self._changes), found[:limit])

    async def position(self) -> int:
        return len(self._changes)

    async def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        for change in self._changes[after : after + limit]:
            yield change

    def new_sequence(self) -> int:
        return self._sequences.next()

    async def commit(
        self, writes: Sequence[Write], *, actor: str, settled: Settled = ignore
    ) -> None:
        try:
            self._commit(writes, actor)
        except (Conflict, StoreUnavailable):
            settled(None)
            raise
        settled(len(self._changes))

    async def commit_many(self, writes: Iterable[Write], *, actor: str) -> int:
        waiting = list(writes)
        self._commit(waiting, actor)
        return len(waiting)

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        for document, until in reversed(self._versions):
            is_it = (document.kind, document.id) == (kind, identifier)
            if is_it and document.updated <= time < until:
                return document.body
        return None

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

    async def save_values(self, values: Sequence[StoredValue]) -> None:
        if self.failure is not None:
            raise StoreUnavailable(self.failure)
        self._values |= {(each.submodel_id, each.path): each for each in values}

    async def last_values(self, submodel_ids: Iterable[str]) -> Sequence[StoredValue]:
        wanted = set(submodel_ids)
        return [each for each in self._values.values() if each.submodel_id in wanted]

    async def save_job(self, job: StoredJob) -> None:
        await self.save_jobs([job])

    async def save_jobs(self, jobs: Sequence[StoredJob]) -> None:
        if self.failure is not None:
            raise StoreUnavailable(self.failure)
        self._jobs |= {job.handle: job for job in jobs}

    async def find_job(self, handle: str) -> StoredJob | None:
        job = self._jobs.get(handle)
        return None if job is None or job.expires < self._clock.now() else job

    async def tidy(self) -> None:
        now = self._clock.now()
        self._jobs = {each: job for each, job in self._jobs.items() if job.expires >= now}

    def _as_stored(self, wanted: Range) -> Iterator[tuple[bytes, bytes]]:
        low, high, of_elements = wanted
        if not of_elements:
            yield low, high
            return
        for way in self._signatures:
            if way.startswith(low[:LOOKED]):
                yield way[LOOKED:] + low[LOOKED:], way[LOOKED:] + high[LOOKED:]

    def _in_order(self) -> list[StoredDocument]:
        return sorted(self._documents.values(), key=lambda stored: stored.sequence)

    def _commit(self, writes: Sequence[Write], actor: str) -> None:
        if self.failure is not None:
            raise StoreUnavailable(self.failure)
        documents, terms = dict(self._documents), dict(self._terms)
        for write in writes:
            before, after = write.before, write.after
            key = (write.document.kind, write.document.id)
            if documents.get(key) != before:
                raise Conflict(f"{key} was changed meanwhile")
            documents.pop(key, None)
            known = frozenset() if before is None else terms.pop(before.sequence) - write.loses
            if after is not None:
                documents[key] = after
                is_same = before is not None and before.sequence == after.sequence
                terms[after.sequence] = (known if is_same else frozenset()) | write.gains
        self._documents, self._terms = documents, terms
        self._signatures = self._signatures.union(*(write.signatures for write in writes))
        for write in writes:
            self._log(write, actor)

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
                None if write.before is None else write.before.revision,
            )
        )

"""What all stores over SQL have in common: everything but how a transaction is begun and ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from typing import Final, TypeVar

from sqlalchemy import ColumnElement, Connection, delete, select

from aas_server.clock import Clock
from aas_server.errors import StoreUnavailable
from aas_server.store import reading
from aas_server.store.files import FileContents
from aas_server.store.group_commit import GroupCommit
from aas_server.store.keeping import find_job, last_values, save_jobs, save_values
from aas_server.store.protocol import (
    EVERYTHING,
    Change,
    Fetched,
    Found,
    Kind,
    Listed,
    Range,
    Selection,
    Settled,
    StoredDocument,
    StoredFile,
    StoredJob,
    StoredValue,
    Write,
    ignore,
)
from aas_server.store.schema import jobs, log, versions
from aas_server.store.sequences import Sequences
from aas_server.store.statements import Statements
from aas_server.store.writing import Unit, Writer

T = TypeVar("T")

_PAGE: Final = 200
"""Documents, or entries of the log, that one look into the database takes out."""
_OLD_AT_ONCE: Final = 1000


class SqlStore(ABC):
    """A store over the tables of ``schema``.

    ``history_versions`` former versions of a document are kept, none older than ``history_days``
    (0: however old). A subclass opens the database, calls ``begin`` and carries out functions over
    a connection, each in one transaction.
    """

    def __init__(
        self, clock: Clock, statements: Statements, *, history_versions: int, history_days: float
    ) -> None:
        self._clock = clock
        self._history = round(history_days * 86_400_000_000)
        self._statements = statements
        self._units = Writer(statements, keep=history_versions)
        self._contents = FileContents(self, clock)
        self._sequences = Sequences(clock)
        self._commits: GroupCommit | None = None

    @property
    @abstractmethod
    def is_shared(self) -> bool:
        """Return whether other servers may use the store at the same time."""

    @abstractmethod
    async def open(self) -> None:
        """Open the store; see ``store.protocol.Store``."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun and let go of the medium."""

    @abstractmethod
    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` finds in one transaction, which sees one moment.

        Raises ``StoreUnavailable``.
        """

    @abstractmethod
    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` does in a transaction, once that is durable.

        Raises ``StoreUnavailable``, and what ``work`` raises; then nothing is stored.
        """

    @abstractmethod
    async def vacuum(self) -> None:
        """Give the room of what was deleted back to the system; may take as long as copying
        everything.

        Raises ``StoreUnavailable``; then everything is as it was.
        """

    async def begin(self) -> None:
        """Begin to take commits; the database is open and up to date."""
        self._sequences.follow(await self.read(_last_sequence))
        self._commits = GroupCommit(self._apply)

    async def end(self) -> None:
        """Finish what was begun and take no more commits."""
        if self._commits is not None:
            await self._commits.close()
            self._commits = None

    @abstractmethod
    def watch(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` in the event loop whenever another server changed something."""

    async def fetch(self, kind: Kind, ids: Iterable[str]) -> Fetched:
        """Return those of the documents with ``ids`` that there are."""
        wanted = list(ids)
        return await self.read(lambda connection: reading.fetch(connection, kind, wanted))

    async def fetch_after(self, kind: Kind, after: int, *, limit: int) -> Fetched:
        """Return up to ``limit`` documents of ``kind`` in order whose sequence is above
        ``after``.
        """
        return await self.read(
            lambda connection: reading.fetch_after(connection, kind, after, limit=limit)
        )

    async def list_ids(
        self, kind: Kind, wanted: Selection = EVERYTHING, *, after: int = -1, limit: int = 1000
    ) -> Listed:
        """Return up to ``limit`` documents in order whose sequence is above ``after``."""
        return await self.read(
            lambda connection: reading.list_documents(
                connection, kind, wanted, after=after, limit=limit
            )
        )

    async def find_terms(self, ranges: Sequence[Range], *, limit: int) -> Found:
        """Return up to ``limit`` documents that have a term in one of ``ranges``."""
        return await self.read(
            lambda connection: reading.find_terms(connection, ranges, limit=limit)
        )

    async def list_at(self, kind: Kind, sequences: Sequence[int]) -> Listed:
        """Return those of the documents with ``sequences`` that there are, in order."""
        return await self.read(lambda connection: reading.list_at(connection, kind, sequences))

    async def count(self, kind: Kind) -> int:
        """Return how many documents of a kind there are."""
        return await self.read(lambda connection: reading.count(connection, kind))

    async def documents(self, kind: Kind | None = None) -> AsyncIterator[StoredDocument]:
        """Yield every document, or every one of ``kind``, in order of creation."""
        after = -1
        while page := await self.read(_documents_after(kind, after)):
            for document in page:
                yield document
            after = page[-1].sequence

    def new_sequence(self) -> int:
        """Return the ``sequence`` of a document that is about to be created."""
        return self._sequences.next()

    async def commit(
        self, writes: Sequence[Write], *, actor: str, settled: Settled = ignore
    ) -> None:
        """Make all of ``writes`` durable, or none; see ``store.protocol.Store``."""
        if self._commits is None:
            settled(None)
            raise StoreUnavailable("the store is not open")
        await self._commits.commit(Unit(writes, actor), settled)

    async def commit_many(self, writes: Iterable[Write], *, actor: str) -> int:
        """Make all of ``writes`` durable in one transaction, or none; return how many."""
        now = self._clock.now()
        return await self.write(
            lambda connection: self._units.write_many(connection, writes, actor, now=now)
        )

    async def position(self) -> int:
        """Return the number of the last entry of the change log, 0 for none."""
        return await self.read(reading.position)

    async def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        """Yield up to ``limit`` entries of the change log behind ``after``, oldest first."""
        found = await self.read(
            lambda connection: reading.changes_after(connection, after, limit=limit)
        )
        for change in found:
            yield change

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        """Return the former body that was shown at ``time``, or None."""
        return await self.read(
            lambda connection: reading.version_at(connection, kind, identifier, time)
        )

    async def write_file(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Take in a file piece by piece."""
        return await self._contents.write(chunks)

    def read_file(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file from ``start`` on; raises ``NotFound``."""
        return self._contents.read(digest, start=start, length=length)

    async def save_values(self, values: Sequence[StoredValue]) -> None:
        """Keep the last values of live elements."""
        if values:
            await self.write(lambda connection: save_values(connection, self._statements, values))

    async def last_values(self, submodel_ids: Iterable[str]) -> Sequence[StoredValue]:
        """Return what is kept of the live elements of some submodels."""
        wanted = list(submodel_ids)
        return await self.read(lambda connection: last_values(connection, wanted))

    async def save_job(self, job: StoredJob) -> None:
        """Keep a job."""
        await self.save_jobs([job])

    async def save_jobs(self, jobs: Sequence[StoredJob]) -> None:
        """Keep jobs, all of them or none."""
        if jobs:
            await self.write(lambda connection: save_jobs(connection, self._statements, jobs))

    async def find_job(self, handle: str) -> StoredJob | None:
        """Return the job with this handle, or None when there is none or it has expired."""
        now = self._clock.now()
        return await self.read(lambda connection: find_job(connection, handle, now))

    async def tidy(self) -> None:
        """Let go of what nobody needs any more."""
        now = self._clock.now()
        await self._contents.sweep()
        await self.write(lambda connection: connection.execute(delete(jobs).where(_expired(now))))
        if self._history:
            cutoff = now - self._history
            while await self.write(lambda connection: _forget_versions(connection, cutoff)):
                """Other writers come between."""

    async def _apply(self, units: Sequence[Unit]) -> list[int]:
        now = self._clock.now()
        return await self.write(
            lambda connection: self._units.write_units(connection, units, now=now)
        )


def _last_sequence(connection: Connection) -> int:
    return int(connection.scalar(select(log.c.sequence)) or 0)


def _documents_after(kind: Kind | None, after: int) -> Callable[[Connection], list[StoredDocument]]:
    return lambda connection: reading.documents_after(connection, kind, after, limit=_PAGE)


def _expired(now: int) -> ColumnElement[bool]:
    return jobs.c.expires < now


def _forget_versions(connection: Connection, cutoff: int) -> bool:
    """Delete some of the versions that nobody saw since ``cutoff``; return whether there may be
    more.

    Versions are numbered in the order in which they became former ones, so old ones come first.
    """
    first = connection.execute(
        select(versions.c.number, versions.c.valid_until)
        .order_by(versions.c.number)
        .limit(_OLD_AT_ONCE)
    ).all()
    old = [row.number for row in first if row.valid_until < cutoff]
    if old:
        connection.execute(delete(versions).where(versions.c.number.in_(old)))
    return len(old) == _OLD_AT_ONCE

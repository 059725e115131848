"""The default store: one SQLite file in WAL mode, through SQLAlchemy Core."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

import structlog
import zstandard
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from aas_server.clock import Clock
from aas_server.errors import ConfigurationError, StoreUnavailable
from aas_server.store.files import FileContents
from aas_server.store.group_commit import GroupCommit
from aas_server.store.migrate import migrate
from aas_server.store.protocol import (
    Change,
    FileEntry,
    FileWrite,
    Kind,
    Operation,
    Settled,
    StoredDocument,
    StoredFile,
    Write,
    ignore,
)
from aas_server.store.schema import changes, documents, file_names, versions
from aas_server.store.sqlite_writer import SqliteWriter, set_up_connections
from aas_server.store.writing import Unit, write_units

log = structlog.get_logger(__name__)

T = TypeVar("T")


class SqliteStore:
    """Documents in ``folder/aas.sqlite``; a lock file keeps a second server out of the folder."""

    def __init__(self, folder: Path, clock: Clock, *, history_versions: int = 100) -> None:
        self._folder = folder
        self._clock = clock
        self._history_versions = history_versions
        self._engine: AsyncEngine | None = None
        self._commits: GroupCommit | None = None
        self._contents = FileContents(self, clock)
        self._writer: SqliteWriter | None = None
        self._sequence = 0
        self._lock: TextIO | None = None

    async def open(self) -> None:
        """Open or make the database and bring it up to date.

        Raises ``ConfigurationError`` when the folder cannot be used: not writable, in use by
        another server, damaged, or written by a newer server.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._take_lock()
        except OSError as error:
            raise ConfigurationError(
                f"cannot use the data folder: {error.strerror}", path=str(self._folder)
            ) from error
        file = self._folder / "aas.sqlite"
        self._engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
        set_up_connections(self._engine.sync_engine)
        self._writer = SqliteWriter(file)
        try:
            await self._writer.run(migrate)
            await self._contents.sweep(grace=0)
            self._sequence = await self._last_sequence()
        except DatabaseError as error:
            await self.close()
            raise ConfigurationError(
                f"cannot open the store ({error.orig}): restore a backup or name another folder",
                path=str(self._folder),
            ) from error
        except (ConfigurationError, StoreUnavailable):
            await self.close()
            raise
        self._commits = GroupCommit(self._apply, self._clean_up)

    async def close(self) -> None:
        """Finish what was begun, close every connection and give the folder free."""
        if self._commits is not None:
            await self._commits.close()
            self._commits = None
        if self._writer is not None:
            await self._writer.close()
            self._writer = None
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def documents(self) -> AsyncIterator[StoredDocument]:
        """Yield every document in order of creation."""
        query = select(documents).order_by(documents.c.sequence)
        async with self.reading() as connection:
            async for row in await connection.stream(query):
                yield StoredDocument(
                    Kind(row.kind),
                    row.id,
                    row.sequence,
                    row.revision,
                    row.body,
                    row.created,
                    row.updated,
                )

    async def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        """Yield up to ``limit`` entries of the change log behind ``after``, oldest first."""
        query = (
            select(changes)
            .where(changes.c.sequence > after)
            .order_by(changes.c.sequence)
            .limit(limit)
        )
        async with self.reading() as connection:
            async for row in await connection.stream(query):
                yield Change(
                    row.sequence,
                    Kind(row.kind),
                    row.id,
                    row.path,
                    Operation(row.operation),
                    row.actor,
                    row.time,
                    row.revision,
                )

    def new_sequence(self) -> int:
        """Return the ``sequence`` of a document that is about to be created."""
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
        """Make all of ``writes`` and ``files`` durable, or none; see ``store.protocol.Store``."""
        if self._commits is None:
            settled(False)
            raise StoreUnavailable("the store is not open")
        await self._commits.commit(Unit(writes, files, actor), settled)

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        """Return the former body that was shown at ``time``, or None."""
        query = (
            select(versions.c.body)
            .where(versions.c.kind == kind.value, versions.c.id == identifier)
            .where(versions.c.valid_from <= time, versions.c.valid_until > time)
            .order_by(versions.c.number.desc())
            .limit(1)
        )
        async with self.reading() as connection:
            body = await connection.scalar(query)
        return None if body is None else zstandard.ZstdDecompressor().decompress(body)

    async def file_entries(self) -> AsyncIterator[FileEntry]:
        """Yield the names of all files."""
        async with self.reading() as connection:
            async for row in await connection.stream(select(file_names)):
                yield FileEntry(
                    Kind(row.kind),
                    row.owner,
                    row.path,
                    StoredFile(row.digest, row.size),
                    row.content_type,
                    row.file_name,
                )

    async def write_file(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Take in a file piece by piece."""
        return await self._contents.write(chunks)

    def read_file(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file from ``start`` on; raises ``NotFound``."""
        return self._contents.read(digest, start=start, length=length)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection to read with."""
        if self._engine is None:
            raise StoreUnavailable("the store is not open")
        with _medium_errors():
            async with self._engine.connect() as connection:
                yield connection

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Return what ``change`` does in a transaction, once that is durable."""
        if self._writer is None:
            raise StoreUnavailable("the store is not open")
        with _medium_errors():
            return await self._writer.run(change)

    async def _apply(self, units: Sequence[Unit]) -> None:
        now = self._clock.now()
        await self.write(
            lambda connection: write_units(connection, units, now=now, keep=self._history_versions)
        )

    async def _clean_up(self, units: Sequence[Unit]) -> None:
        if not any(unit.files for unit in units):
            return
        try:
            await self._contents.sweep()
        except StoreUnavailable as error:
            # What was asked for is done; what nobody names any more goes the next time.
            log.warning("files not swept", reason=str(error))

    async def _last_sequence(self) -> int:
        """Return the largest sequence ever given: SQLite remembers it, also of what was deleted."""
        async with self.reading() as connection:
            last = await connection.scalar(
                text("SELECT seq FROM sqlite_sequence WHERE name = 'documents'")
            )
        return int(last or 0)

    def _take_lock(self) -> None:
        lock = (self._folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise ConfigurationError(
                "another server uses this data folder: stop it or name another one",
                path=str(self._folder),
            ) from error
        self._lock = lock


@contextmanager
def _medium_errors() -> Iterator[None]:
    """Turn what the database says of its medium into ``StoreUnavailable``."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise StoreUnavailable(f"the store cannot be used now: {reason}") from error

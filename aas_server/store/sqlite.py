"""The default store: one SQLite file in WAL mode, through SQLAlchemy Core."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from sqlalchemy import event, insert, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from aas_server.clock import Clock
from aas_server.errors import AasError, ConfigurationError, Conflict, NotFound, StoreUnavailable
from aas_server.store.migrate import migrate
from aas_server.store.protocol import Change, Kind, Operation, StoredDocument
from aas_server.store.schema import changes, documents

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
)
_WRITE: Final = {"begin": "BEGIN IMMEDIATE"}


class SqliteStore:
    """Documents in ``folder/aas.sqlite``; a lock file keeps a second server out of the folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._engine: AsyncEngine | None = None
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
        self._engine = _make_engine(self._folder / "aas.sqlite")
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(**_WRITE)
                await connection.run_sync(migrate)
                await connection.commit()
        except DatabaseError as error:
            await self.close()
            raise ConfigurationError(
                f"cannot open the store ({error.orig}): restore a backup or name another folder",
                path=str(self._folder),
            ) from error
        except ConfigurationError:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection and give the folder free."""
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def documents(self) -> AsyncIterator[StoredDocument]:
        """Yield every document in order of creation."""
        query = select(documents).order_by(documents.c.sequence)
        with _medium_errors():
            async with self._connection() as connection:
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
        with _medium_errors():
            async with self._connection() as connection:
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

    @asynccontextmanager
    async def transaction(self, *, actor: str) -> AsyncIterator[SqliteTransaction]:
        """Begin a transaction; it is durable when the block has ended without an exception."""
        with _medium_errors():
            async with self._connection() as connection:
                await connection.execution_options(**_WRITE)
                async with connection.begin():
                    yield SqliteTransaction(connection, actor, self._clock.now())

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        if self._engine is None:
            raise StoreUnavailable("the store is not open")
        async with self._engine.connect() as connection:
            yield connection

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


class SqliteTransaction:
    """The changes of one transaction; see ``store.protocol.Transaction``."""

    def __init__(self, connection: AsyncConnection, actor: str, now: int) -> None:
        self._connection = connection
        self._actor = actor
        self._now = now

    async def create(self, kind: Kind, identifier: str, body: bytes) -> StoredDocument:
        """Store a new document; raises ``Conflict`` when the id exists."""
        row = {
            "kind": kind.value,
            "id": identifier,
            "revision": 1,
            "body": body,
            "created": self._now,
            "updated": self._now,
        }
        try:
            result = await self._connection.execute(insert(documents).values(row))
        except IntegrityError as error:
            raise Conflict(f"there is a {kind.value} with the id {identifier!r} already") from error
        await self._log(kind, identifier, None, Operation.CREATE, 1)
        sequence = int(result.lastrowid)
        return StoredDocument(kind, identifier, sequence, 1, body, self._now, self._now)

    async def replace(
        self, kind: Kind, identifier: str, body: bytes, *, revision: int, path: str | None = None
    ) -> StoredDocument:
        """Replace a document that is still at ``revision``; raises ``NotFound`` or ``Conflict``."""
        row = (
            await self._connection.execute(
                update(documents)
                .where(documents.c.kind == kind.value, documents.c.id == identifier)
                .where(documents.c.revision == revision)
                .values(body=body, revision=revision + 1, updated=self._now)
                .returning(documents.c.sequence, documents.c.created)
            )
        ).one_or_none()
        if row is None:
            raise await self._refusal(kind, identifier, revision)
        await self._log(kind, identifier, path, Operation.REPLACE, revision + 1)
        sequence, created = row
        return StoredDocument(kind, identifier, sequence, revision + 1, body, created, self._now)

    async def _refusal(self, kind: Kind, identifier: str, revision: int) -> AasError:
        found = await self._connection.scalar(
            select(documents.c.revision).where(
                documents.c.kind == kind.value, documents.c.id == identifier
            )
        )
        if found is None:
            return NotFound(f"there is no {kind.value} with the id {identifier!r}")
        return Conflict(
            f"{kind.value} {identifier!r} was changed meanwhile (revision {found}, not {revision})"
        )

    async def _log(
        self, kind: Kind, identifier: str, path: str | None, operation: Operation, revision: int
    ) -> None:
        await self._connection.execute(
            insert(changes).values(
                kind=kind.value,
                id=identifier,
                path=path,
                operation=operation.value,
                actor=self._actor,
                time=self._now,
                revision=revision,
            )
        )


@contextmanager
def _medium_errors() -> Iterator[None]:
    """Turn what the database says of its medium into ``StoreUnavailable``."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise StoreUnavailable(f"the store cannot be used now: {reason}") from error


def _make_engine(file: Path) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}")

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        # The driver must not open transactions by itself: ``begin`` below says how they start.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine

"""The default store: one SQLite file in WAL mode, through SQLAlchemy Core."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TextIO, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from aas_server.clock import Clock, to_datetime
from aas_server.errors import ConfigurationError, StoreUnavailable
from aas_server.store.care.copying import copy_to_file
from aas_server.store.migrate import migrate, outdated_revision
from aas_server.store.protocol import Write
from aas_server.store.sql_store import SqlStore
from aas_server.store.sqlite_statements import SqliteStatements
from aas_server.store.sqlite_threads import SqliteThreads, reading_threads, writing_thread

log = structlog.get_logger(__name__)

T = TypeVar("T")

FILE_NAME: Final = "aas.sqlite"
BACKUPS: Final = "backups"
"""Folder within the data folder for what is copied before a migration."""


class SqliteStore(SqlStore):
    """Documents in ``folder/aas.sqlite``; a lock file keeps a second server out of the folder."""

    def __init__(
        self, folder: Path, clock: Clock, *, history_versions: int = 100, history_days: float = 0
    ) -> None:
        super().__init__(
            clock,
            SqliteStatements(),
            history_versions=history_versions,
            history_days=history_days,
        )
        self._folder = folder
        self._writing: SqliteThreads | None = None
        self._reading: SqliteThreads | None = None
        self._lock: TextIO | None = None

    @property
    def is_shared(self) -> bool:
        """Return False: the lock keeps others out."""
        return False

    def watch(self, wake: Callable[[], None]) -> None:
        """Never call ``wake``: nobody else changes anything."""

    async def open(self) -> None:
        """Open or make the database and bring it up to date, a copy of an older one made first.

        Raises ``ConfigurationError`` when the folder cannot be used: not writable, in use by
        another server, damaged, or written by a newer server.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = locked(self._folder, fcntl.LOCK_EX)
        except OSError as error:
            raise ConfigurationError(
                f"cannot use the data folder: {error.strerror}", path=str(self._folder)
            ) from error
        if self._lock is None:
            raise ConfigurationError(
                "another server uses this data folder: stop it or name another one",
                path=str(self._folder),
            )
        file = str(self._folder / FILE_NAME)
        self._writing = writing_thread(file)
        self._reading = reading_threads(file)
        try:
            await self._bring_up_to_date(self._writing)
            await self._contents.sweep(grace=0)
            await self.begin()
        except DatabaseError as error:
            await self.close()
            raise ConfigurationError(
                f"cannot open the store ({error.orig}): aas-server store verify tells what is "
                "damaged, aas-server store restore --force puts a backup in its place",
                path=str(self._folder),
            ) from error
        except OSError as error:
            await self.close()
            raise ConfigurationError(
                f"cannot use the data folder: {error.strerror}", path=str(self._folder)
            ) from error
        except BaseException:
            # Whatever it was: the folder is free for the next start.
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what was begun, close every connection and give the folder free."""
        await self.end()
        for threads in (self._writing, self._reading):
            if threads is not None:
                await threads.close()
        self._writing = self._reading = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` finds in one transaction; raises ``StoreUnavailable``."""
        if self._reading is None:
            raise StoreUnavailable("the store is not open")
        with medium_errors():
            return await self._reading.run(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` does in a transaction, once that is durable."""
        if self._writing is None:
            raise StoreUnavailable("the store is not open")
        with medium_errors():
            return await self._writing.run(work)

    async def commit_many(self, writes: Iterable[Write], *, actor: str) -> int:
        """Make all of ``writes`` durable in one transaction, or none; return how many.

        What they need for a while is on the disk (``SQLITE_TMPDIR``), not in memory.
        """
        if self._writing is None:
            raise StoreUnavailable("the store is not open")
        with medium_errors():
            await self._writing.run_bare(partial(_put_temporary, "FILE"))
            try:
                return await super().commit_many(writes, actor=actor)
            finally:
                await self._writing.run_bare(partial(_put_temporary, "MEMORY"))

    async def vacuum(self) -> None:
        """Write the file anew without gaps, and empty the log beside it.

        Raises ``StoreUnavailable``, also when there is no room for a second copy.
        """
        if self._writing is None:
            raise StoreUnavailable("the store is not open")
        try:
            await self._writing.run_bare(_vacuum)
        except sqlite3.Error as error:
            raise StoreUnavailable(
                f"the store cannot be written anew ({error}): its folder and the one for "
                "temporary files (SQLITE_TMPDIR) need as much room as it takes"
            ) from error

    async def _bring_up_to_date(self, writing: SqliteThreads) -> None:
        outdated = await writing.run(outdated_revision)
        if outdated is None:
            await writing.run(migrate)
            return
        copy = self._folder / BACKUPS / f"schema-{outdated}-{stamp(self._clock)}.sqlite"
        copy.parent.mkdir(exist_ok=True)
        await writing.run(lambda connection: copy_to_file(connection, copy))
        try:
            await writing.run(migrate)
        except Exception:
            # The older store is as it was, and a server that is started again and again must not
            # fill the disk.
            copy.unlink()
            raise
        log.info("older store copied before it was brought up to date", copy=str(copy))


def stamp(clock: Clock) -> str:
    """Return the present time as it stands in names of copies."""
    return to_datetime(clock.now()).astimezone(UTC).strftime("%Y%m%dT%H%M%S")


def _vacuum(connection: Connection) -> None:
    database: Any = connection.connection.driver_connection
    # The second copy may be larger than the memory.
    _put_temporary("FILE", connection)
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _put_temporary("MEMORY", connection)


def _put_temporary(where: Literal["FILE", "MEMORY"], connection: Connection) -> None:
    """Say where temporary tables and what is being sorted stand from now on."""
    # Not through SQLAlchemy, which begins a transaction before every statement.
    database: Any = connection.connection.driver_connection
    database.execute(f"PRAGMA temp_store={where}")


def locked(folder: Path, how: int) -> TextIO | None:
    """Return the lock of a data folder, or None when somebody else has it.

    ``how`` is ``LOCK_EX`` for whoever changes something, ``LOCK_SH`` for whoever keeps those out.
    Raises ``OSError`` for a folder that cannot be used.
    """
    lock = (folder / "lock").open("w" if how == fcntl.LOCK_EX else "r")
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


@contextmanager
def medium_errors() -> Iterator[None]:
    """Turn what the database says of its medium into ``StoreUnavailable``."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise StoreUnavailable(f"the store cannot be used now: {reason}") from error

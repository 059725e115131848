"""A store that is only looked at: nothing in its folder changes, a server may be at work in it."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO

import aiosqlite
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from aas_server.clock import Clock
from aas_server.errors import ConfigurationError
from aas_server.store.migrate import newest_revision
from aas_server.store.sqlite import SqliteStore


class SqliteSnapshot(SqliteStore):
    """The documents and files in ``folder`` as they are stored; whatever would change them raises
    ``StoreUnavailable``.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder, clock)
        self._shared: TextIO | None = None

    async def open(self) -> None:
        """Open the database for reading.

        Raises ``ConfigurationError`` when there is none, when it is damaged, and when its schema
        is not that of this server.
        """
        file = self._folder / "aas.sqlite"
        if not file.is_file():
            raise ConfigurationError("holds no store", path=str(self._folder))
        try:
            self._engine = self._reader(file)
            async with self._engine.connect() as connection:
                await connection.run_sync(_require_present_schema)
            self._sequence = await self._last_sequence()
        except (DatabaseError, OSError) as error:
            await self.close()
            reason = getattr(error, "orig", None) or error
            raise ConfigurationError(
                f"cannot read the store ({reason})", path=str(self._folder)
            ) from error
        except ConfigurationError:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection and let servers begin again."""
        await super().close()
        if self._shared is not None:
            self._shared.close()
            self._shared = None

    def _reader(self, file: Path) -> AsyncEngine:
        # Of a database that nobody has open SQLite is told that it does not change: else it would
        # make the files beside it that writers and readers share.
        is_at_rest = self._keep_servers_out() and not _holds_more(file)
        uri = f"{file.absolute().as_uri()}?mode=ro" + ("&immutable=1" if is_at_rest else "")
        return create_async_engine(
            "sqlite+aiosqlite://",
            async_creator=lambda: aiosqlite.connect(uri, uri=True),
            poolclass=AsyncAdaptedQueuePool,
        )

    def _keep_servers_out(self) -> bool:
        """Return whether no server is at work in the folder; then none begins before ``close``."""
        file = self._folder / "lock"
        if not file.exists():
            return True
        lock = file.open()
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._shared = lock
        return True


def _holds_more(file: Path) -> bool:
    """Return whether there are commits beside the database: a server was killed."""
    log = file.with_name(f"{file.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _require_present_schema(connection: Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found != newest_revision():
        raise ConfigurationError(
            f"the store has the schema {found}, this server {newest_revision()}: "
            "start the server once to bring it up to date, or use a newer one"
        )

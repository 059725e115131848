"""A store that is only looked at: nothing in its folder changes, a server may be at work in it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import TextIO, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from aas_server.clock import Clock
from aas_server.errors import ConfigurationError, StoreUnavailable
from aas_server.store.migrate import known_revision, require_present_schema
from aas_server.store.sqlite import FILE_NAME, SqliteStore, locked
from aas_server.store.sqlite_threads import reading_threads

T = TypeVar("T")


class SqliteSnapshot(SqliteStore):
    """The documents and files in ``folder`` as they are stored; whatever would change them raises
    ``StoreUnavailable``.

    ``name`` is that of the file in the folder, of a backup another one. With ``any_schema`` the
    store may be one that has yet to be brought up to date.
    """

    def __init__(
        self, folder: Path, clock: Clock, *, name: str = FILE_NAME, any_schema: bool = False
    ) -> None:
        super().__init__(folder, clock)
        self._file = folder / name
        self._any_schema = any_schema
        self._shared: TextIO | None = None

    async def open(self) -> None:
        """Open the database for reading.

        Raises ``ConfigurationError`` when there is none, when it is damaged, and when its schema
        is not one to be read.
        """
        file = self._file
        if not file.is_file():
            place = self._folder if file.name == FILE_NAME else file
            raise ConfigurationError("holds no store", path=str(place))
        try:
            # Of a database that nobody has open SQLite is told that it does not change: else it
            # would make the files beside it that writers and readers share.
            is_at_rest = self._keep_servers_out() and not _holds_more(file)
            uri = f"{file.absolute().as_uri()}?mode=ro" + ("&immutable=1" if is_at_rest else "")
            self._reading = reading_threads(uri)
            await self._reading.run(known_revision if self._any_schema else require_present_schema)
        except (DatabaseError, OSError) as error:
            await self.close()
            reason = getattr(error, "orig", None) or error
            raise ConfigurationError(
                f"cannot read the store ({reason}): put a backup in its place with "
                "aas-server store restore --force",
                path=str(file),
            ) from error
        except ConfigurationError as error:
            await self.close()
            raise ConfigurationError(error.text, path=str(file)) from error

    async def close(self) -> None:
        """Close every connection and let servers begin again."""
        await super().close()
        if self._shared is not None:
            self._shared.close()
            self._shared = None

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Raise ``StoreUnavailable``."""
        raise StoreUnavailable("the store is only looked at")

    def _keep_servers_out(self) -> bool:
        """Return whether no server is at work in the folder; then none begins before ``close``."""
        if self._file.name != FILE_NAME or not (self._folder / "lock").exists():
            return True
        self._shared = locked(self._folder, fcntl.LOCK_SH)
        return self._shared is not None


def _holds_more(file: Path) -> bool:
    """Return whether there are commits beside the database: a server was killed."""
    log = file.with_name(f"{file.name}-wal")
    return log.exists() and log.stat().st_size > 0

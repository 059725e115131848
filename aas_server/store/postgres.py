"""The store of several servers: PostgreSQL, through SQLAlchemy Core and asyncpg."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from weakref import WeakSet

import asyncpg
import structlog
from sqlalchemy import Connection, ExceptionContext, delete, event, select
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from aas_server.clock import Clock, to_datetime
from aas_server.errors import BadRequest, ConfigurationError, StoreUnavailable
from aas_server.settings import DATABASE_PASSWORD_VARIABLE
from aas_server.store.care.copying import copy_to_file
from aas_server.store.migrate import (
    known_revision,
    migrate,
    outdated_revision,
    require_present_schema,
)
from aas_server.store.postgres_statements import PostgresStatements
from aas_server.store.postgres_wakes import ASYNCPG_ERRORS, CHANNEL, Wakes
from aas_server.store.protocol import Fetched, Kind, StoredJob, Write
from aas_server.store.schema import commits
from aas_server.store.sql_store import SqlStore
from aas_server.store.sqlite import BACKUPS
from aas_server.store.writing import Unit, next_piece

log = structlog.get_logger(__name__)

T = TypeVar("T")

Password = Callable[[], str | None]
"""Returns the password, asked for at each new connection."""

SERVER: Final = "aas-server"
"""What servers call themselves in the list of connections."""

_CONNECT_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 1.0
_COMMAND_SECONDS: Final = 10.0
"""After this a statement of a server is given up: the database is frozen, or out of reach."""
_SILENT: Final = "5s"
"""After this the database turns out a server that stopped in the middle of a transaction: it may
hold what all others wait for.
"""
_PATIENT_SECONDS: Final = 86_400.0
_POOL: Final = 5
_MIGRATING: Final = 0x6161735F737276
"""Number of the lock that one server has while it brings the database up to date."""
_QUESTIONS: Final = (0.0, 0.1, 0.5, 1.0, 2.0)
"""Pauses in seconds before each question about the outcome of a commit."""
_ASKING_SECONDS: Final = 10.0
"""After this no further question is asked."""
_REMEMBERED: Final = 3_600_000_000
"""Microseconds for which the outcome of a commit can be asked for."""
_KEEP_AND_TELL: Final = (
    "WITH kept AS (INSERT INTO commits (token, last, time) VALUES ($1, $2, $3)) "
    "SELECT pg_notify($4, $5)"
)
_UNTRANSLATABLE: Final = "22021"
_NO_CHARACTER: Final = "\0"
_AWAY: Final = "the store cannot be used now: "
_REFUSED: Final = {
    "28P01": f"the password is wrong: mend the variable {DATABASE_PASSWORD_VARIABLE}, or the file "
    "that the setting database_password_file names",
    "28000": "the server does not let this user in",
    "3D000": "there is no such database: create it",
    "42501": "the user lacks a right in this database",
}


class PostgresStore(SqlStore):
    """Documents in the PostgreSQL database at ``address`` (``postgresql://user@host:port/name``).

    Other servers may use it at the same time. ``password`` is asked at each new connection. What is
    copied before a migration goes to the folder ``backups``. With ``is_patient`` statements may
    take hours: for one who goes through everything, and is no server.
    """

    def __init__(
        self,
        address: str,
        clock: Clock,
        *,
        backups: Path = Path(BACKUPS),
        password: Password = lambda: None,
        history_versions: int = 100,
        history_days: float = 0,
        is_patient: bool = False,
    ) -> None:
        super().__init__(
            clock,
            PostgresStatements(),
            history_versions=history_versions,
            history_days=history_days,
        )
        self._address = address
        self._backups = backups
        self._password = password
        self._is_patient = is_patient
        self._engine: AsyncEngine | None = None
        self._reading: AsyncEngine | None = None
        self._wakes: Wakes | None = None
        self._connections: WeakSet[asyncpg.Connection[Any]] = WeakSet()
        self._server = clock.new_id()

    @property
    def is_shared(self) -> bool:
        """Return True: the database keeps servers apart, nothing else does."""
        return True

    async def open(self) -> None:
        """Connect and bring the database up to date.

        Raises ``ConfigurationError`` when it cannot be reached or used, is damaged, or was written
        by a newer server.
        """
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=_POOL,
            pool_timeout=_COMMAND_SECONDS,
        )
        event.listen(self._engine.sync_engine, "checkout", _require_open)
        event.listen(self._engine.sync_engine, "handle_error", _give_up)
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        try:
            await self._prepare()
        except StoreUnavailable as error:
            await self.close()
            raise ConfigurationError(
                f"cannot use the database: {error.text.removeprefix(_AWAY)}", path=self._address
            ) from error
        except (ConfigurationError, BadRequest):
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what was begun and close every connection."""
        await self.end()
        if self._wakes is not None:
            await self._wakes.close()
            self._wakes = None
        if self._engine is not None:
            # The pool would close one after the other, and wait for each as for a statement.
            farewells = (each.close(timeout=_CLOSE_SECONDS) for each in self._connections)
            await asyncio.gather(*farewells, return_exceptions=True)
            await self._engine.dispose()
        self._engine = self._reading = None

    def watch(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` in the event loop whenever another server committed something."""
        self._wakes = Wakes(self._connect, wake, own=self._server)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` finds in one transaction; raises ``StoreUnavailable``."""
        if self._reading is None:
            raise StoreUnavailable("the store is not open")
        with _database_errors():
            async with self._reading.connect() as connection:
                return await connection.run_sync(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` does in a transaction, once that is durable.

        Raises ``StoreUnavailable`` also when nobody knows whether it is.
        """
        if self._engine is None:
            raise StoreUnavailable("the store is not open")
        with _database_errors():
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def fetch(self, kind: Kind, ids: Iterable[str]) -> Fetched:
        """Return those of the documents with ``ids`` that there are."""
        # The database refuses texts with this character, so that none has it.
        return await super().fetch(kind, [each for each in ids if _NO_CHARACTER not in each])

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        """Return the former body that was shown at ``time``, or None."""
        if _NO_CHARACTER in identifier:
            return None
        return await super().version_at(kind, identifier, time)

    async def find_job(self, handle: str) -> StoredJob | None:
        """Return the job with this handle, or None when there is none or it has expired."""
        return None if _NO_CHARACTER in handle else await super().find_job(handle)

    async def commit_many(self, writes: Iterable[Write], *, actor: str) -> int:
        """Make all of ``writes`` durable in one transaction, or none; return how many."""
        if self._engine is None:
            raise StoreUnavailable("the store is not open")
        now = self._clock.now()
        waiting = iter(writes)
        index = self._units.gathered_index()
        count = 0
        with _database_errors():
            async with self._engine.begin() as connection:
                while piece := await asyncio.to_thread(next_piece, waiting):
                    await connection.run_sync(
                        self._units.write_piece, piece, actor, now=now, index=index
                    )
                    count += len(piece)
                await connection.run_sync(index.finish)
                await connection.run_sync(self._notify)
        return count

    async def tidy(self) -> None:
        """Let go of what nobody needs any more."""
        await super().tidy()
        old = delete(commits).where(commits.c.time < self._clock.now() - _REMEMBERED)
        await self.write(lambda connection: connection.execute(old))

    async def vacuum(self) -> None:
        """Let the database reuse the room of what was deleted, and learn what there is.

        Raises ``StoreUnavailable``.
        """
        with _database_errors():
            connection = await self._connect()
            try:
                await connection.execute("VACUUM (ANALYZE)", timeout=_PATIENT_SECONDS)
            finally:
                await connection.close()

    async def _apply(self, units: Sequence[Unit]) -> list[int]:
        """Carry out ``units``; when the connection is lost at the commit, find out how it ended."""
        now = self._clock.now()
        token = self._clock.new_id()
        lasts: list[int] = []

        def work(connection: Connection) -> None:
            lasts[:] = self._units.write_units(connection, units, now=now)
            connection.exec_driver_sql(
                _KEEP_AND_TELL, (token, lasts[-1], now, CHANNEL, self._server)
            )

        try:
            await self.write(work)
        except StoreUnavailable:
            # Without numbers it was never about to commit.
            if not lasts or not await self._is_committed(token, now):
                raise
        return lasts

    def _notify(self, connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_notify($1, $2)", (CHANNEL, self._server))

    async def _is_committed(self, token: str, now: int) -> bool:
        """Return whether the transaction with ``token`` is durable; if it is not, it never will be.

        Raises ``StoreUnavailable`` when the database cannot be asked.
        """

        def ask(connection: Connection) -> bool:
            # Waits for the other one to end, if it is still under way.
            self._statements.insert_missing(connection, commits, [(token, 0, now)])
            last = connection.scalar(select(commits.c.last).where(commits.c.token == token))
            return bool(last)

        begun = self._clock.monotonic()
        for pause in _QUESTIONS:
            await asyncio.sleep(pause)
            try:
                return await self.write(ask)
            except StoreUnavailable as error:
                reason = error
            if self._clock.monotonic() > begun + _ASKING_SECONDS:
                break
        raise StoreUnavailable(
            f"the connection to the database broke while it stored this: whether it is stored will "
            f"be seen when the database is back ({reason.text})"
        )

    async def _prepare(self) -> None:
        """Bring the database up to date, a copy of an older one made first, and begin to take
        commits.
        """
        copy = self._backups / f"{{}}-{to_datetime(self._clock.now()):%Y%m%dT%H%M%S}.sqlite"

        def work(connection: Connection) -> None:
            # Servers that start together come one after the other.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock($1)", (_MIGRATING,))
            outdated = outdated_revision(connection)
            if outdated is not None:
                target = copy.with_name(copy.name.format(f"schema-{outdated}"))
                target.parent.mkdir(parents=True, exist_ok=True)
                copy_to_file(connection, target)
                log.info("older store copied before it is brought up to date", copy=str(target))
            migrate(connection)

        await self.write(work)
        await self.begin()

    async def _connect(self) -> asyncpg.Connection[Any]:
        try:
            password = self._password()
        except ConfigurationError as error:
            # Its file was there when the server started.
            raise StoreUnavailable(f"{_AWAY}{error}") from error
        settings = {"application_name": f"{SERVER}-care" if self._is_patient else SERVER}
        if not self._is_patient:
            settings["idle_in_transaction_session_timeout"] = _SILENT
        connection = await asyncpg.connect(
            self._address,
            password=password,
            timeout=_CONNECT_SECONDS,
            command_timeout=_PATIENT_SECONDS if self._is_patient else _COMMAND_SECONDS,
            server_settings=settings,
        )
        self._connections.add(connection)
        return connection


class PostgresSnapshot(PostgresStore):
    """The documents and files of a database as they are stored, servers at work or not; whatever
    would change them raises ``StoreUnavailable``.

    With ``any_schema`` the database may be one that has yet to be brought up to date.
    """

    def __init__(
        self,
        address: str,
        clock: Clock,
        *,
        password: Password = lambda: None,
        any_schema: bool = False,
    ) -> None:
        super().__init__(address, clock, password=password, is_patient=True)
        self._any_schema = any_schema

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Raise ``StoreUnavailable``."""
        raise StoreUnavailable("the store is only looked at")

    async def _prepare(self) -> None:
        await self.read(known_revision if self._any_schema else require_present_schema)


def _require_open(connection: Any, *_: object) -> None:
    """Let the pool replace a connection that the database closed while nobody used it."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the database closed the connection")


def _give_up(context: ExceptionContext) -> None:
    """Let go of a connection on which nothing comes any more: it would hold up the next one, too,
    and before that the end of its transaction.
    """
    if isinstance(context.original_exception, TimeoutError):
        context.is_disconnect = True


@contextmanager
def _database_errors() -> Iterator[None]:
    """Turn what the database says of itself into ``StoreUnavailable``, and what it says of a text
    that it cannot hold into ``BadRequest``.
    """
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError, *ASYNCPG_ERRORS) as error:
        state = _sql_state(error)
        if state == _UNTRANSLATABLE:
            raise BadRequest("holds the character U+0000, which cannot be stored") from error
        raise StoreUnavailable(f"{_AWAY}{_REFUSED.get(state) or _reason(error)}") from error


def _reason(error: BaseException) -> str:
    """Return in words why the database cannot be used."""
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there: is the database running, and is this its address?"
    if isinstance(error, socket.gaierror):
        return f"its host is not known ({error.strerror})"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return str(getattr(error, "orig", None) or error) or type(error).__name__


def _sql_state(error: BaseException) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlstate", None) or "")

"""The threads that work with SQLite: one that writes, some that read; and how their connections are
set up.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

T = TypeVar("T")

READERS: Final = 2

_WRITER: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
)
_READER: Final = ("PRAGMA busy_timeout=5000", "PRAGMA query_only=ON")


class SqliteThreads:
    """Carries out functions over connections of ``uri``, each with one change of threads.

    A thread keeps its connection until something is wrong with it: whatever that is, it is not
    wrong with the next one.
    """

    def __init__(
        self, uri: str, *, pragmas: tuple[str, ...], begin: str, count: int, writes: bool
    ) -> None:
        self._writes = writes
        self._engine = make_engine(uri, pragmas, begin)
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=f"store-{begin.lower()}")
        self._local = threading.local()
        self._connections: set[Connection] = set()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` does in a transaction, which is durable then.

        Raises what SQLAlchemy says of the medium, and what ``work`` raises; then nothing is stored.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, self._transact, work
        )

    async def run_bare(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` does without a transaction around it; raises as ``run`` does."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._do, work)

    async def close(self) -> None:
        """Finish what was begun and let go of the file."""
        await asyncio.get_running_loop().run_in_executor(None, self._executor.shutdown)
        # All threads have ended.
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._engine.dispose()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        def within(connection: Connection) -> T:
            with connection.begin() as transaction:
                result = work(connection)
                if not self._writes:
                    # A transaction that met damage cannot be committed.
                    transaction.rollback()
                return result

        return self._do(within)

    def _do(self, work: Callable[[Connection], T]) -> T:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._engine.connect()
            self._connections.add(connection)
        try:
            return work(connection)
        except SQLAlchemyError:
            self._local.connection = None
            self._connections.discard(connection)
            connection.close()
            raise


def writing_thread(uri: str) -> SqliteThreads:
    """Return the one thread that writes: durably, and its transactions begin as writing ones, so
    that none fails half-way for another one's lock.
    """
    return SqliteThreads(uri, pragmas=_WRITER, begin="BEGIN IMMEDIATE", count=1, writes=True)


def reading_threads(uri: str) -> SqliteThreads:
    """Return threads that read: each transaction sees the database as of one moment."""
    return SqliteThreads(uri, pragmas=_READER, begin="BEGIN", count=READERS, writes=False)


def make_engine(uri: str, pragmas: tuple[str, ...], begin_with: str) -> Engine:
    """Return what connects to ``uri``, a path or ``file:`` with options: each connection carries
    out ``pragmas`` first, and its transactions begin with ``begin_with``.
    """

    def connect() -> sqlite3.Connection:
        # Not through a URL: there is no character that a folder's name must not have.
        return sqlite3.connect(uri, check_same_thread=False, uri=uri.startswith("file:"))

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        # The driver must not open transactions by itself: ``begin`` below says how they start.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(begin_with)

    return engine

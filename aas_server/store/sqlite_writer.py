"""The one thread that writes to SQLite, and how its connections are set up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

T = TypeVar("T")

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
)
_WRITE: Final = {"begin": "BEGIN IMMEDIATE"}


class SqliteWriter:
    """Carries out transactions one after the other, each with one change of threads."""

    def __init__(self, file: Path) -> None:
        self._engine = create_engine(f"sqlite:///{file}", connect_args={"check_same_thread": False})
        set_up_connections(self._engine)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._connection: Connection | None = None

    async def run(self, change: Callable[[Connection], T]) -> T:
        """Return what ``change`` does in a transaction that is durable then.

        Raises what SQLAlchemy says of the medium, and what ``change`` raises; then nothing is
        stored.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._transact, change)

    async def close(self) -> None:
        """Finish what was begun and let go of the file."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._disconnect)
        self._executor.shutdown()
        self._engine.dispose()

    def _transact(self, change: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(**_WRITE)
        try:
            with self._connection.begin():
                return change(self._connection)
        except SQLAlchemyError:
            # Whatever is wrong with the connection is not wrong with the next one.
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def set_up_connections(engine: Engine) -> None:
    """Make every connection of ``engine`` durable, and let transactions begin as they are asked to:
    writing ones at once, so that none fails half-way for another one's lock.
    """

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        # The driver must not open transactions by itself: ``begin`` below says how they start.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

"""Which store it is: the one place that decides."""

from __future__ import annotations

from pathlib import Path

from aas_server.clock import Clock
from aas_server.store.postgres import Password, PostgresSnapshot, PostgresStore
from aas_server.store.snapshot import SqliteSnapshot
from aas_server.store.sql_store import SqlStore
from aas_server.store.sqlite import BACKUPS, SqliteStore


def make_store(
    folder: Path,
    database: str | None,
    *,
    clock: Clock,
    password: Password,
    history_versions: int = 100,
    history_days: float = 0,
    is_patient: bool = False,
) -> SqlStore:
    """Return the store, not yet open: PostgreSQL at the address ``database`` if there is one, else
    SQLite in ``folder``.

    With ``is_patient`` it is for one who goes through everything, and is no server.
    """
    if database is not None:
        return PostgresStore(
            database,
            clock,
            backups=folder / BACKUPS,
            password=password,
            history_versions=history_versions,
            history_days=history_days,
            is_patient=is_patient,
        )
    return SqliteStore(folder, clock, history_versions=history_versions, history_days=history_days)


def make_snapshot(
    folder: Path,
    database: str | None,
    *,
    clock: Clock,
    password: Password,
    any_schema: bool = False,
) -> SqlStore:
    """Return the same store, not yet open, for one who only looks at it, servers at work or not.

    With ``any_schema`` the store may be one that has yet to be brought up to date.
    """
    if database is not None:
        return PostgresSnapshot(database, clock, password=password, any_schema=any_schema)
    return SqliteSnapshot(folder, clock, any_schema=any_schema)

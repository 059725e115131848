"""Putting a backup in the place of a store: verified first, all of it or nothing."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, func, select, text

from aas_server.clock import Clock
from aas_server.errors import ConfigurationError, StoreDamaged
from aas_server.store.care.copying import copy_store, copy_to_file, new_database, replace_rows
from aas_server.store.care.rows import Advance, ignore
from aas_server.store.care.verifying import verify_store
from aas_server.store.care.whole_file import PREFIX, sync, whole_file
from aas_server.store.migrate import migrate
from aas_server.store.postgres import SERVER
from aas_server.store.schema import documents, files, log
from aas_server.store.snapshot import SqliteSnapshot
from aas_server.store.sql_store import SqlStore
from aas_server.store.sqlite import BACKUPS, FILE_NAME, locked, stamp
from aas_server.store.sqlite_threads import make_engine


def backup_file(file: Path, clock: Clock, *, any_schema: bool = True) -> SqliteSnapshot:
    """Return the store in a backup, not yet open, to be looked at."""
    return SqliteSnapshot(file.parent, clock, name=file.name, any_schema=any_schema)


async def restore_to_folder(
    backup: SqlStore, folder: Path, clock: Clock, advance: Advance = ignore, *, replace: bool
) -> Path | None:
    """Make the store in ``folder`` what the open ``backup`` holds, and return where the former one
    is, if there was one.

    Raises ``ConfigurationError`` when a server uses the folder, or it holds a store that is not to
    be replaced; ``StoreDamaged`` when something is wrong with the backup. Then nothing has changed.
    """
    target = folder / FILE_NAME
    with _nobody_else_in(folder):
        if target.exists() and not replace:
            raise ConfigurationError(
                "holds a store already: name another data folder, or say --force to replace it; "
                "the present one is kept",
                path=str(folder),
            )

        def restore(connection: Connection) -> Path | None:
            with whole_file(target, replace=True) as part:
                _prepare(connection, part, advance)
                return _set_aside(target, _kept_at(folder, clock)) if target.exists() else None

        return await backup.read(restore)


async def restore_to_store(
    backup: SqlStore,
    store: SqlStore,
    folder: Path,
    clock: Clock,
    advance: Advance = ignore,
    *,
    replace: bool,
) -> Path | None:
    """Do the same with an open store that is not in a folder; ``folder`` takes a copy of what it
    held before.
    """
    await store.read(_require_no_servers)
    is_empty = await store.read(_is_empty)
    if not is_empty and not replace:
        raise ConfigurationError(
            "the database holds documents already: name another one, or say --force to replace "
            "them; a copy of them is kept"
        )
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    kept = None if is_empty else _kept_at(folder, clock)
    if kept is not None:
        place = kept
        await store.read(lambda connection: copy_to_file(connection, place, advance))
    with TemporaryDirectory(dir=folder, prefix=PREFIX) as scratch:
        part = Path(scratch) / FILE_NAME
        await backup.read(lambda connection: _prepare(connection, part, advance))

        def replace_all(target: Connection) -> None:
            _keep_servers_out(target)
            with _prepared(part) as source:
                replace_rows(source, target, advance)

        await store.write(replace_all)
    return kept


def _prepare(source: Connection, part: Path, advance: Advance) -> None:
    """Write what ``source`` holds to ``part`` in the present schema; raises ``StoreDamaged``."""
    with new_database(part) as connection:
        copy_store(source, connection, advance)
        migrate(connection)
        for finding in verify_store(connection, advance):
            if finding.is_error:
                raise StoreDamaged(
                    f"the backup is damaged, so nothing was restored: {finding.path}: "
                    f"{finding.text}; aas-server store verify BACKUP tells all that is, an older "
                    "backup may be sound"
                )


@contextmanager
def _prepared(part: Path) -> Iterator[Connection]:
    engine = make_engine(str(part), (), "BEGIN")
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _is_empty(connection: Connection) -> bool:
    """Return whether a server may have begun with the store, and nobody has used it."""
    last = connection.scalar(select(log.c.last))
    tables = (documents, files)
    counts = [connection.scalar(select(func.count()).select_from(table)) for table in tables]
    return not last and not any(counts)


def _require_no_servers(connection: Connection) -> None:
    """Raise ``ConfigurationError`` when a server is at work on the database: it would go on with
    what it has in memory.
    """
    if connection.dialect.name != "postgresql":
        return
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = :name"
    )
    if connection.scalar(text(query), {"name": SERVER}):
        raise ConfigurationError("servers are at work on the database: stop them first")


def _keep_servers_out(connection: Connection) -> None:
    """Let servers that start meanwhile wait until the transaction has ended."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE log IN ACCESS EXCLUSIVE MODE"))
    _require_no_servers(connection)


@contextmanager
def _nobody_else_in(folder: Path) -> Iterator[None]:
    """Keep servers out of ``folder``, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = locked(folder, fcntl.LOCK_EX)
    if lock is None:
        raise ConfigurationError("a server uses this data folder: stop it first", path=str(folder))
    with lock:
        yield


def _kept_at(folder: Path, clock: Clock) -> Path:
    """Return where a store is kept that another one takes the place of."""
    backups = folder / BACKUPS
    backups.mkdir(exist_ok=True)
    name = f"replaced-{stamp(clock)}"
    names = chain([f"{name}.sqlite"], (f"{name}-{number}.sqlite" for number in count(2)))
    return next(backups / each for each in names if not (backups / each).exists())


def _set_aside(file: Path, kept: Path) -> Path:
    """Keep the database in ``file`` under a second name, and what belongs to it under that name
    alone: it is not opened, for it may be damaged, and is at its place until another one takes it.
    """
    os.link(file, kept)
    for suffix in ("-wal", "-shm", "-journal"):
        beside = file.with_name(file.name + suffix)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + suffix))
    sync(kept.parent)
    return kept

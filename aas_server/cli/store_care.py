"""``aas-server store backup``, ``restore``, ``verify`` and ``compact``: what they do and tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import orjson
from rich.console import Console
from rich.filesize import decimal
from sqlalchemy import Connection

from aas_server.cli.store_bar import with_bar
from aas_server.clock import SystemClock
from aas_server.errors import ConfigurationError, Finding
from aas_server.settings import Settings, database_password
from aas_server.store.care.compacting import compact
from aas_server.store.care.copying import copy_to_file
from aas_server.store.care.hints import counted
from aas_server.store.care.restoring import backup_file, restore_to_folder, restore_to_store
from aas_server.store.care.rows import Advance
from aas_server.store.care.verifying import count_rows, verify_store
from aas_server.store.opening import make_snapshot, make_store
from aas_server.store.sql_store import SqlStore
from aas_server.store.sqlite import FILE_NAME

S = TypeVar("S", bound=SqlStore)


@asynccontextmanager
async def opened(store: S) -> AsyncIterator[S]:
    """Yield ``store`` open."""
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def snapshot_of(settings: Settings, *, any_schema: bool = False) -> SqlStore:
    """Return the store of ``settings`` for one who only looks at it."""
    return make_snapshot(
        settings.data,
        settings.database,
        clock=SystemClock(),
        password=lambda: database_password(settings),
        any_schema=any_schema,
    )


def size_of(file: Path) -> str:
    """Return how large a file is, in words."""
    return decimal(file.stat().st_size)


async def back_up(
    target: Path, settings: Settings, *, replace: bool, out: Console, err: Console
) -> None:
    """Copy the store to one file; a server may be at work.

    Raises ``ConfigurationError``, ``StoreDamaged``; then ``target`` is as it was.
    """
    _require_no_database(target, settings)
    async with opened(snapshot_of(settings, any_schema=True)) as store:

        async def copy(advance: Advance) -> None:
            await store.read(
                lambda connection: copy_to_file(connection, target, advance, replace=replace)
            )

        await with_bar("backup", copy, out=out, err=err)
    out.print(f"{target}: {size_of(target)}", markup=False)


async def restore(
    file: Path, settings: Settings, *, replace: bool, out: Console, err: Console
) -> None:
    """Put the backup in ``file`` in the place of the store.

    Raises ``ConfigurationError``, ``StoreDamaged``; then nothing has changed.
    """
    clock = SystemClock()
    if _is_store(file, settings):
        raise ConfigurationError("is the store itself, not a backup", path=str(file))
    async with opened(backup_file(file, clock)) as backup:

        async def put(advance: Advance) -> Path | None:
            if settings.database is None:
                return await restore_to_folder(
                    backup, settings.data, clock, advance, replace=replace
                )
            async with opened(_store_of(settings)) as store:
                return await restore_to_store(
                    backup, store, settings.data, clock, advance, replace=replace
                )

        kept = await with_bar("restore", put, out=out, err=err)
    place = settings.database or settings.data / FILE_NAME
    out.print(f"{place} is what {file} holds", markup=False)
    if kept is not None:
        out.print(f"what it was before is kept: {kept}", markup=False)


async def verify(
    file: Path | None, settings: Settings, *, as_json: bool, out: Console, err: Console
) -> bool:
    """Print what is wrong with the store, or with the backup ``file``; return whether nothing is.

    Raises ``ConfigurationError`` for one that cannot be opened.
    """
    clock = SystemClock()
    store = snapshot_of(settings) if file is None else backup_file(file, clock, any_schema=False)

    def look(connection: Connection, advance: Advance) -> tuple[int, int, str]:
        errors = notes = 0
        for finding in verify_store(connection, advance):
            errors, notes = errors + finding.is_error, notes + (not finding.is_error)
            _tell(finding, out, as_json=as_json)
        return errors, notes, "" if errors else count_rows(connection)

    async with opened(store):
        errors, notes, counts = await with_bar(
            "verify",
            lambda advance: store.read(lambda connection: look(connection, advance)),
            out=out,
            err=err,
        )
    if not as_json:
        verdict = counted(errors, "error") if errors else f"no damage in {counts}"
        remark = f"; {counted(notes, 'note')}" if notes else ""
        out.print(f"{verdict}{remark}", markup=False)
    return not errors


async def compact_store(settings: Settings, *, out: Console, err: Console) -> None:
    """Let go of what nobody needs and tell what that gave; raises ``ConfigurationError``."""
    if settings.database is None and not (settings.data / FILE_NAME).is_file():
        raise ConfigurationError("holds no store", path=str(settings.data))
    async with opened(_store_of(settings)) as store:
        done = await with_bar(
            "compact",
            lambda advance: compact(store, keep=settings.history_versions, advance=advance),
            out=out,
            err=err,
        )
    out.print(
        f"terms of {counted(done.terms, 'document')} made anew, "
        f"{counted(done.versions, 'former version')} forgotten"
    )
    out.print(f"{decimal(done.before)} before, {decimal(done.after)} now")


def _store_of(settings: Settings) -> SqlStore:
    return make_store(
        settings.data,
        settings.database,
        clock=SystemClock(),
        password=lambda: database_password(settings),
        history_versions=settings.history_versions,
        history_days=settings.history_days,
        is_patient=True,
    )


def _require_no_database(target: Path, settings: Settings) -> None:
    """Raise ``ConfigurationError`` where a database is in use: its log would be taken for that of
    the copy.
    """
    if _is_store(target, settings):
        raise ConfigurationError("is the store itself: name another file", path=str(target))
    for suffix in ("-wal", "-journal"):
        if target.with_name(target.name + suffix).exists():
            raise ConfigurationError(
                f"is in use as a database, {target.name}{suffix} says: name another file",
                path=str(target),
            )


def _is_store(file: Path, settings: Settings) -> bool:
    return file.resolve() == (settings.data / FILE_NAME).resolve()


def _tell(finding: Finding, out: Console, *, as_json: bool) -> None:
    level = "error" if finding.is_error else "note"
    if as_json:
        view = {
            "code": finding.code,
            "level": level,
            "path": finding.path,
            "text": finding.text,
            "hint": finding.hint,
        }
        out.file.write(orjson.dumps(view).decode() + "\n")
        return
    style = "red" if finding.is_error else "yellow"
    out.print(f"{level:5} ", style=style, end="", markup=False)
    place = f"{finding.path}: " if finding.path else ""
    out.print(f"{place}{finding.text}; {finding.hint} ({finding.code})", markup=False)

"""Copying a store, whatever its schema, from one database into another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, MetaData, Row, Table, delete, func, insert, select

from aas_server.errors import StoreDamaged
from aas_server.store.care.rows import (
    Advance,
    Gauge,
    at_once,
    ignore,
    is_sound,
    rows,
    weigh,
    weight_of,
)
from aas_server.store.care.whole_file import whole_file
from aas_server.store.migrate import known_revision, migrate
from aas_server.store.sqlite_threads import make_engine

_PART: Final = 4_194_304
"""Weight of the rows that are written with one statement, about."""
_MOST_ROWS: Final = 1000
_OF_ALEMBIC: Final = "alembic_version"
_NEW: Final = ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA locking_mode=EXCLUSIVE")
"""For a file that nobody knows of before it is whole and on the disk."""


def copy_store(source: Connection, target: Connection, advance: Advance = ignore) -> None:
    """Copy all that ``source`` sees in its transaction to ``target``, an empty database.

    The copy has the schema of the source, also when that is older than this server's. Checksums of
    documents are looked at on the way. Raises ``ConfigurationError`` when the source holds no store
    or a newer server's, ``StoreDamaged``.
    """
    migrate(target, known_revision(source))
    replace_rows(source, target, advance)


def replace_rows(source: Connection, target: Connection, advance: Advance = ignore) -> None:
    """Put all rows of ``source`` in the place of those of ``target``, which has the same schema.

    Raises ``StoreDamaged``.
    """
    tables = _tables(target)
    for table in tables:
        target.execute(delete(table))
    gauge = Gauge(weigh(source, tables), advance)
    for table in tables:
        for part in _parts(_sound(table, _in_order(source, table)), gauge):
            target.execute(insert(table), [dict(row._mapping) for row in part])
        _number_on(target, table)
    gauge.finish()


def copy_to_file(
    source: Connection, target: Path, advance: Advance = ignore, *, replace: bool = False
) -> None:
    """Copy all that ``source`` sees to one SQLite file, which is there in full or not at all.

    Raises as ``copy_store`` and ``whole_file`` do.
    """
    with whole_file(target, replace=replace) as part, new_database(part) as connection:
        copy_store(source, connection, advance)


@contextmanager
def new_database(file: Path) -> Iterator[Connection]:
    """Yield a connection in a transaction to a new SQLite file, for one who throws the file away
    when anything goes wrong.
    """
    engine = make_engine(str(file), _NEW, "BEGIN")
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _tables(connection: Connection) -> Sequence[Table]:
    """Return the tables that the migrations made."""
    found = MetaData()
    found.reflect(connection)
    return [table for name, table in sorted(found.tables.items()) if name != _OF_ALEMBIC]


def _in_order(source: Connection, table: Table) -> Iterator[Row[Any]]:
    query = select(table).order_by(*table.primary_key.columns)
    return rows(source, query, at_once=at_once(table))


def _sound(table: Table, found: Iterable[Row[Any]]) -> Iterator[Row[Any]]:
    has_checksum = table.name == "documents" and "checksum" in table.c
    for row in found:
        if has_checksum and not is_sound(row):
            raise StoreDamaged(
                f"the stored {row.kind} {row.id!r} is damaged, so nothing was copied: "
                "aas-server store verify tells what else is"
            )
        yield row


def _parts(found: Iterable[Row[Any]], gauge: Gauge) -> Iterator[list[Row[Any]]]:
    part: list[Row[Any]] = []
    weight = 0
    for row in found:
        body = row._mapping.get("body")
        part.append(row)
        weight += weight_of(body)
        gauge.add(body)
        if weight >= _PART or len(part) >= _MOST_ROWS:
            yield part
            part, weight = [], 0
    if part:
        yield part


def _number_on(target: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows behind the copied ones; SQLite does by itself."""
    if target.dialect.name != "postgresql":
        return
    for column in table.primary_key:
        series = target.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        if series is not None:
            last = target.scalar(select(func.max(column)))
            target.execute(select(func.setval(series, last or 1, last is not None)))

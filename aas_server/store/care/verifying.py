"""Looking for damage: everything is read again and compared with what was written beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select
from sqlalchemy import text as sql

from aas_server.errors import Finding, StoreDamaged
from aas_server.store.care.document_checks import check_documents, check_versions
from aas_server.store.care.file_checks import check_file_names, check_files
from aas_server.store.care.hints import RESTORE, counted
from aas_server.store.care.log_checks import check_log
from aas_server.store.care.rows import Advance, Gauge, ignore, rows, weigh
from aas_server.store.schema import chunks, documents, files, versions

MEDIUM: Final = "medium"
"""The code of what the database itself says."""

_Check = Callable[[Connection, Gauge], Iterator[Finding]]
_CHECKS: Final[tuple[tuple[str, _Check], ...]] = (
    ("the documents", check_documents),
    ("the former versions", check_versions),
    ("the contents of files", check_files),
    ("the names of files", check_file_names),
    ("the change log", check_log),
)
_COUNTED: Final[Mapping[Table, str]] = {
    documents: "document",
    versions: "former version",
    files: "file",
}


def verify_store(connection: Connection, advance: Advance = ignore) -> Iterator[Finding]:
    """Yield what is wrong with the store that ``connection`` sees in its transaction, and (no
    errors) what is only left over; its schema is this server's.

    However large the store is, little of it is in memory. Nothing is changed.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        yield from _of_sqlite(connection)
    try:
        gauge = Gauge(weigh(connection, (documents, versions, chunks)), advance)
    except StoreDamaged as error:
        yield _unreadable("the store", error)
        gauge = Gauge(0, advance)
    for what, check in _CHECKS:
        try:
            yield from check(connection, gauge)
        except TypeError as error:
            # SQLite lets a column hold what is not of its type.
            text = f"a row is not of the types of its table: {error}"
            yield Finding(MEDIUM, what, text, hint=RESTORE)
        except StoreDamaged as error:
            yield _unreadable(what, error)
            if not is_sqlite:
                # A transaction in which something failed goes no further.
                return
    gauge.finish()


def count_rows(connection: Connection) -> str:
    """Return in words how much there is that was looked at."""
    return ", ".join(
        counted(connection.scalar(select(func.count()).select_from(table)) or 0, noun)
        for table, noun in _COUNTED.items()
    )


def _of_sqlite(connection: Connection) -> Iterator[Finding]:
    try:
        found: list[Any] = list(rows(connection, sql("PRAGMA integrity_check")))
    except StoreDamaged as error:
        yield _unreadable("the file", error)
        return
    for (line,) in found:
        if line != "ok":
            yield Finding(MEDIUM, "", f"SQLite: {line}", hint=RESTORE)


def _unreadable(what: str, error: StoreDamaged) -> Finding:
    return Finding(MEDIUM, what, error.text, hint=RESTORE)

"""What SQLite carries out faster in a way of its own: many rows in one INSERT, so that it is asked
once for all of them and the thread that asks gives the interpreter away once instead of for each
row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from sqlalchemy import Connection, Table

from aas_server.store.schema import inserted_columns, insertion
from aas_server.store.statements import Row

_MOST_ROWS: Final = 256
"""Rows of one statement; with their columns they stay below SQLite's 32,766 parameters."""


class SqliteStatements:
    """The ``Statements`` of SQLite."""

    def insert(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert ``rows``; raises ``IntegrityError``."""
        _insert(connection, "INSERT INTO", table, rows)

    def insert_missing(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert those of ``rows`` whose primary key is not there yet."""
        _insert(connection, "INSERT OR IGNORE INTO", table, rows)

    def insert_missing_from(self, connection: Connection, table: Table, source: Table) -> None:
        """Insert those rows of ``source`` whose primary key is not there yet, in its order."""
        connection.exec_driver_sql(f"INSERT OR IGNORE {insertion(table, source)}")

    def put(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert ``rows``, each in the place of the one with its primary key."""
        _insert(connection, "INSERT OR REPLACE INTO", table, rows)

    def update_documents(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Update documents; return how many were found."""
        return _carry_out(connection, _UPDATE_DOCUMENT, rows)

    def delete_documents(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Delete documents; return how many were found."""
        return _carry_out(connection, _DELETE_DOCUMENT, rows)

    def delete_terms(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Delete terms of documents."""
        for start in range(0, len(rows), _MOST_ROWS):
            part = rows[start : start + _MOST_ROWS]
            connection.exec_driver_sql(_delete_text(len(part)), tuple(chain.from_iterable(part)))


def _insert(connection: Connection, into: str, table: Table, rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), _MOST_ROWS):
        part = rows[start : start + _MOST_ROWS]
        text = _insert_text(into, table, len(part))
        connection.exec_driver_sql(text, tuple(chain.from_iterable(part)))


@lru_cache(maxsize=2048)
def _insert_text(into: str, table: Table, count: int) -> str:
    # Names of the schema, nothing of a client.
    columns = inserted_columns(table)
    row = f"({', '.join('?' * len(columns))})"
    return f"{into} {table.name} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"


@lru_cache(maxsize=2048)
def _delete_text(count: int) -> str:
    # A bare VALUES behind IN would make SQLite look through all terms.
    values = ", ".join(["(?, ?)"] * count)
    lost = f"WITH lost (term, document) AS (VALUES {values})"
    return f"{lost} DELETE FROM terms WHERE (term, document) IN (SELECT * FROM lost)"  # noqa: S608


def _carry_out(connection: Connection, text: str, rows: Sequence[Row]) -> int:
    return connection.exec_driver_sql(text, list(rows)).rowcount if rows else 0


# As text: SQLAlchemy would look at every parameter of every row first.
_DELETE_DOCUMENT: Final = (
    "DELETE FROM documents WHERE sequence = ? AND revision = ? AND updated = ? AND checksum = ?"
)
_UPDATE_DOCUMENT: Final = (
    "UPDATE documents SET revision = ?, updated = ?, checksum = ?, body = ? "
    "WHERE sequence = ? AND revision = ? AND updated = ? AND checksum = ?"
)

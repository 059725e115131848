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

from aas_server.store.schema import inserted_columns
from aas_server.store.writing import Row

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
        _carry_out(connection, _DELETE_TERM, rows)


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


def _carry_out(connection: Connection, text: str, rows: Sequence[Row]) -> int:
    return connection.exec_driver_sql(text, list(rows)).rowcount if rows else 0


# As text: SQLAlchemy would look at every parameter of every row first.
_DELETE_DOCUMENT: Final = (
    "DELETE FROM documents WHERE sequence = ? AND revision = ? AND updated = ? AND checksum = ?"
)
_DELETE_TERM: Final = "DELETE FROM terms WHERE term = ? AND document = ?"
_UPDATE_DOCUMENT: Final = (
    "UPDATE documents SET revision = ?, updated = ?, checksum = ?, body = ? "
    "WHERE sequence = ? AND revision = ? AND updated = ? AND checksum = ?"
)

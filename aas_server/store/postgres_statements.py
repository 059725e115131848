"""What PostgreSQL carries out faster in a way of its own: arrays of values for many rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from aas_server.store.schema import inserted_columns, insertion
from aas_server.store.statements import Row

_MOST_ROWS: Final = 1_000
_NAMES: Final[dict[type[TypeEngine[Any]], str]] = {
    BigInteger: "bigint",
    LargeBinary: "bytea",
    Text: "text",
}


class PostgresStatements:
    """The ``Statements`` of PostgreSQL."""

    def insert(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert ``rows``; raises ``IntegrityError``."""
        _insert(connection, table, rows, "")

    def insert_missing(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert those of ``rows`` whose primary key is not there yet."""
        _insert(connection, table, rows, " ON CONFLICT DO NOTHING")

    def insert_missing_from(self, connection: Connection, table: Table, source: Table) -> None:
        """Insert those rows of ``source`` whose primary key is not there yet, in its order."""
        connection.exec_driver_sql(f"INSERT {insertion(table, source)} ON CONFLICT DO NOTHING")

    def put(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert ``rows`` of all columns, each in the place of the one with its primary key."""
        _insert(connection, table, rows, _or_update(table))

    def update_documents(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Update documents; return how many were found."""
        return _carry_out(connection, _UPDATE_DOCUMENTS, rows)

    def delete_documents(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Delete documents; return how many were found."""
        return _carry_out(connection, _DELETE_DOCUMENTS, rows)

    def delete_terms(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Delete terms of documents."""
        _carry_out(connection, _DELETE_TERMS, rows)


def _insert(connection: Connection, table: Table, rows: Sequence[Row], ending: str) -> None:
    for start in range(0, len(rows), _MOST_ROWS):
        arrays = _arrays(rows[start : start + _MOST_ROWS])
        connection.exec_driver_sql(_insert_text(table) + ending, arrays)


@lru_cache(maxsize=16)
def _insert_text(table: Table) -> str:
    # Names of the schema, nothing of a client.
    columns = inserted_columns(table)
    types = [_NAMES[type(table.c[name].type)] for name in columns]
    arrays = ", ".join(f"${number}::{each}[]" for number, each in enumerate(types, 1))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"  # noqa: S608


@lru_cache(maxsize=16)
def _or_update(table: Table) -> str:
    key = ", ".join(column.name for column in table.primary_key)
    new = ", ".join(
        f"{column.name} = excluded.{column.name}" for column in table.c if not column.primary_key
    )
    return f" ON CONFLICT ({key}) DO UPDATE SET {new}"


def _carry_out(connection: Connection, text: str, rows: Sequence[Row]) -> int:
    found = 0
    for start in range(0, len(rows), _MOST_ROWS):
        arrays = _arrays(rows[start : start + _MOST_ROWS])
        found += connection.exec_driver_sql(text, arrays).rowcount
    return found


def _arrays(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the values column by column."""
    return tuple(zip(*rows, strict=True))


_UPDATE_DOCUMENTS: Final = (
    "UPDATE documents SET revision = new.revision, updated = new.updated, "
    "checksum = new.checksum, body = new.body "
    "FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], "
    "$5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]) "
    "AS new (revision, updated, checksum, body, at_sequence, at_revision, at_updated, at_checksum) "
    "WHERE documents.sequence = new.at_sequence AND documents.revision = new.at_revision "
    "AND documents.updated = new.at_updated AND documents.checksum = new.at_checksum"
)
_DELETE_DOCUMENTS: Final = (
    "DELETE FROM documents "
    "USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) "
    "AS gone (at_sequence, at_revision, at_updated, at_checksum) "
    "WHERE documents.sequence = gone.at_sequence AND documents.revision = gone.at_revision "
    "AND documents.updated = gone.at_updated AND documents.checksum = gone.at_checksum"
)
_DELETE_TERMS: Final = (
    "DELETE FROM terms USING unnest($1::bytea[], $2::bigint[]) AS lost (term, document) "
    "WHERE terms.term = lost.term AND terms.document = lost.document"
)

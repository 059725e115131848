"""What each database carries out in a way of its own, because that is faster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection, Table

Row: TypeAlias = tuple[Any, ...]
"""The values of some columns, in their order: hundreds of thousands of dictionaries cost more."""


class Statements(Protocol):
    """The statements that one database carries out faster in a way of its own.

    The place of a document is its sequence, revision, time of update and checksum.
    """

    def insert(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert ``rows`` of the columns that are not numbered by the database; raises
        ``IntegrityError``.
        """

    def insert_missing(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert those of ``rows`` whose primary key is not there yet."""

    def insert_missing_from(self, connection: Connection, table: Table, source: Table) -> None:
        """Insert those rows of ``source`` whose primary key is not there yet, in its order.

        All columns of ``table`` are its primary key, and those of ``source`` are called alike.
        """

    def put(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        """Insert ``rows``, each in the place of the one with its primary key."""

    def update_documents(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Set revision, updated, checksum and body, the first four of each row, of the documents
        that are at the place in the rest of it; return how many there were.
        """

    def delete_documents(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Delete the documents at the places ``rows``; return how many there were."""

    def delete_terms(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Delete the terms ``rows``, each with its document, as far as they are there."""

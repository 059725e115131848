"""Writing what documents are found by: at once, or gathered first when there is very much of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import Final, NamedTuple, Protocol

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table

from aas_server.store.protocol import LOOKED
from aas_server.store.schema import signatures, terms
from aas_server.store.statements import Row, Statements

_gathered: Final = Table(
    "gathered_terms",
    MetaData(),
    Column("term", LargeBinary),
    Column("document", BigInteger),
    prefixes=["TEMPORARY"],
)


class IndexRows(NamedTuple):
    """Terms that are ``lost`` and ``gained``, each with the sequence of its document, and the
    ``ways`` to signatures that are used.
    """

    lost: Sequence[Row]
    gained: Sequence[Row]
    ways: Set[bytes]


class IndexWriter(Protocol):
    """Takes what one part of a transaction changes in the index."""

    def write(self, connection: Connection, rows: IndexRows) -> None:
        """Take out what is lost and put in what is gained, as far as it is not there."""


class DirectIndex:
    """Writes everything at once."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def write(self, connection: Connection, rows: IndexRows) -> None:
        """Write it."""
        self._statements.delete_terms(connection, rows.lost)
        self._statements.insert_missing(connection, signatures, _split(rows.ways))
        self._statements.insert_missing(connection, terms, rows.gained)


class GatheredIndex:
    """Gathers the terms of very many documents, each written once, in one transaction.

    Put into the index in the order of the documents they would be all over the place, each on
    another page. They wait in a temporary table; ``finish`` must be called before the transaction
    ends.
    """

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._known: set[bytes] = set()
        self._is_made = False

    def write(self, connection: Connection, rows: IndexRows) -> None:
        """Take out what is lost, gather what is gained."""
        self._statements.delete_terms(connection, rows.lost)
        new = rows.ways - self._known
        self._statements.insert_missing(connection, signatures, _split(new))
        self._known |= new
        if not self._is_made:
            _gathered.create(connection)
            self._is_made = True
        self._statements.insert(connection, _gathered, rows.gained)

    def finish(self, connection: Connection) -> None:
        """Put what was gathered in its places."""
        if self._is_made:
            self._statements.insert_missing_from(connection, terms, _gathered)
            _gathered.drop(connection)
            self._is_made = False


def _split(ways: Iterable[bytes]) -> list[Row]:
    return [(way[:LOOKED], way[LOOKED:]) for way in ways]

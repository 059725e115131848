"""Queries: terms in the order of values, by which documents are found by what they contain, and
signatures that lead to those of elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from aas_server.store.element_terms import change_of_elements
from aas_server.store.ordered_terms import document_terms
from aas_server.store.protocol import LOOKED, NO_SIGNATURES, NO_TERMS, Kind, Signatures, Terms

revision = "0004"
down_revision = "0003"

_AT_ONCE = 500


def upgrade() -> None:
    """Give every document its ordered terms; one that cannot be read gets none, as lists show it
    neither.
    """
    connection = op.get_bind()
    op.create_table(
        "signatures",
        sa.Column("looked", sa.LargeBinary, primary_key=True),
        sa.Column("signature", sa.LargeBinary, primary_key=True),
        sqlite_with_rowid=False,
    )
    terms = sa.table("terms", sa.column("term"), sa.column("document"))
    signatures = sa.table("signatures", sa.column("looked"), sa.column("signature"))
    known: set[bytes] = set()
    for rows in _documents(connection):
        found = [(row.sequence, *_found(row)) for row in rows]
        _insert(connection, terms, ((term, at) for at, of_it, _ in found for term in of_it))
        new = frozenset().union(*(ways for *_, ways in found)) - known
        _insert(connection, signatures, ((way[:LOOKED], way[LOOKED:]) for way in new))
        known |= new


def _insert(connection: sa.Connection, table: Any, rows: Iterable[tuple[Any, ...]]) -> None:
    names = [column.name for column in table.c]
    values = [dict(zip(names, row, strict=True)) for row in sorted(rows)]
    if values:
        connection.execute(sa.insert(table), values)


def _found(row: Any) -> tuple[Terms, Signatures]:
    """Return the ordered terms of a document, and the signatures of its elements."""
    try:
        tree = msgspec.json.decode(row.body)
        terms = frozenset(document_terms(Kind(row.kind), tree))
        if row.kind != Kind.SUBMODEL.value:
            return terms, NO_SIGNATURES
        inside = change_of_elements(None, tree.get("submodelElements"))
        return terms | inside.gains, inside.signatures
    except (msgspec.DecodeError, UnicodeDecodeError):
        return NO_TERMS, NO_SIGNATURES


def _documents(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    documents = sa.table("documents", *map(sa.column, ("sequence", "kind", "body")))
    query = sa.select(documents).order_by(documents.c.sequence).limit(_AT_ONCE)
    rows: Sequence[Any] = connection.execute(query).all()
    while rows:
        yield rows
        rows = connection.execute(query.where(documents.c.sequence > rows[-1].sequence)).all()

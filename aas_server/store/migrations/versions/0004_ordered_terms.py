"""Queries: terms in the order of values, by which documents are found by what they contain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from aas_server.store.ordered_terms import ordered_terms
from aas_server.store.protocol import Kind

revision = "0004"
down_revision = "0003"

_AT_ONCE = 500


def upgrade() -> None:
    """Give every document its ordered terms; one that cannot be read gets none, as lists show it
    neither.
    """
    connection = op.get_bind()
    terms = sa.table("terms", sa.column("term"), sa.column("document"))
    for rows in _documents(connection):
        found = sorted((term, row.sequence) for row in rows for term in _terms(row))
        if found:
            connection.execute(
                sa.insert(terms),
                [{"term": term, "document": sequence} for term, sequence in found],
            )


def _terms(row: Any) -> frozenset[bytes]:
    try:
        return frozenset(ordered_terms(Kind(row.kind), msgspec.json.decode(row.body)))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return frozenset()


def _documents(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    documents = sa.table("documents", *map(sa.column, ("sequence", "kind", "body")))
    query = sa.select(documents).order_by(documents.c.sequence).limit(_AT_ONCE)
    rows: Sequence[Any] = connection.execute(query).all()
    while rows:
        yield rows
        rows = connection.execute(query.where(documents.c.sequence > rows[-1].sequence)).all()

"""The index of lists beside the documents that it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from aas_server.store.care.rows import LARGE, rows, side_by_side
from aas_server.store.protocol import Terms
from aas_server.store.schema import documents, terms


def documents_with_terms(
    connection: Connection, *, after: int = -1
) -> Iterator[tuple[int, Row[Any] | None, Terms]]:
    """Yield each document whose sequence is above ``after``, in order, with the terms by which
    lists find it.

    None stands for a document that is not there. Raises ``StoreDamaged``.
    """
    found = select(documents).where(documents.c.sequence > after).order_by(documents.c.sequence)
    # The index is by term: the database sorts it, on the disk when it is large.
    having = (
        select(terms.c.document, terms.c.term)
        .where(terms.c.document > after)
        .order_by(terms.c.document)
    )
    for sequence, row, of_it in side_by_side(
        ((row.sequence, row) for row in rows(connection, found, at_once=LARGE)),
        ((row.document, row.term) for row in rows(connection, having)),
    ):
        yield sequence, row, frozenset(of_it)

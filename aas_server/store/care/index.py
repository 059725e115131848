"""The index of lists beside the documents that it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from aas_server.store.care.rows import LARGE, rows, side_by_side
from aas_server.store.protocol import LOOKED, Signatures, Terms
from aas_server.store.schema import documents, signatures, terms

_MOST_KNOWN: Final = 1_000_000


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


class KnownSignatures:
    """Remembers which signatures elements can be found by, as far as it was asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[bytes] = set()

    def missing(self, wanted: Signatures) -> Signatures:
        """Return those of ``wanted`` by which no element can be found."""
        unsure = wanted - self._known
        missing = frozenset(way for way in unsure if not self._is_there(way))
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known |= unsure - missing
        return missing

    def _is_there(self, way: bytes) -> bool:
        of_it = (signatures.c.looked == way[:LOOKED], signatures.c.signature == way[LOOKED:])
        return self._connection.scalar(select(signatures.c.looked).where(*of_it)) is not None

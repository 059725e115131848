"""Reading documents, lists and the change log over a connection; blocks while the database works.

What one function returns is of one moment, if the connection's transaction sees one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import zstandard
from sqlalchemy import Connection, Row, Select, bindparam, func, select

from aas_server.errors import StoreDamaged
from aas_server.store.protocol import (
    LOOKED,
    NO_FILES,
    Change,
    Fetched,
    FileEntry,
    Found,
    Kind,
    Listed,
    Operation,
    Range,
    Selection,
    StoredDocument,
    StoredFile,
    Terms,
    may_name_files,
)
from aas_server.store.schema import changes, documents, file_names, log, signatures, terms, versions

T = TypeVar("T")

_AT_ONCE: Final = 500
"""Ids in one statement."""
_FREQUENT: Final = 2_000
MOST_SIGNATURES: Final = 5_000
"""Signatures of one name or meaning that are looked up; with more, all documents are as good."""


def position(connection: Connection) -> int:
    """Return the number of the last entry of the change log."""
    return int(connection.scalar(select(log.c.last)) or 0)


def fetch(connection: Connection, kind: Kind, ids: Sequence[str]) -> Fetched:
    """Return those of the documents with ``ids`` that there are, with their files.

    Raises ``StoreDamaged`` for one that is not as it was written.
    """
    seen = position(connection)
    query = select(documents).where(documents.c.kind == kind.value)
    rows = [
        row
        for part in _parts(ids)
        for row in connection.execute(query.where(documents.c.id.in_(part)))
    ]
    return Fetched(seen, with_files(connection, rows))


def fetch_after(connection: Connection, kind: Kind, after: int, *, limit: int) -> Fetched:
    """Return up to ``limit`` documents of ``kind`` in order whose sequence is above ``after``.

    Raises ``StoreDamaged``.
    """
    seen = position(connection)
    return Fetched(seen, documents_after(connection, kind, after, limit=limit))


def with_files(connection: Connection, rows: Sequence[Row[Any]]) -> list[StoredDocument]:
    """Return the documents that ``rows`` of their table hold, with the files that they name.

    Raises ``StoreDamaged``.
    """
    owners: dict[Kind, list[str]] = {}
    for row in rows:
        # A flipped bit may also turn it into text.
        if not isinstance(row.body, bytes) or zlib.crc32(row.body) != row.checksum:
            raise StoreDamaged(
                f"the stored {row.kind} {row.id!r} is damaged: aas-server store verify tells what "
                "else is, aas-server store restore --force puts a backup in its place"
            )
        kind = Kind(row.kind)
        if may_name_files(kind, row.body):
            owners.setdefault(kind, []).append(row.id)
    files: dict[tuple[str, str], dict[str, FileEntry]] = {}
    for kind, ids in owners.items():
        for part in _parts(ids):
            query = select(file_names).where(
                file_names.c.kind == kind.value, file_names.c.owner.in_(part)
            )
            for row in connection.execute(query):
                files.setdefault((row.kind, row.owner), {})[row.path] = _entry(row)
    return [_document(row, files.get((row.kind, row.id))) for row in rows]


def list_documents(
    connection: Connection, kind: Kind, wanted: Selection, *, after: int, limit: int
) -> Listed:
    """Return up to ``limit`` documents of ``kind`` in order whose sequence is above ``after``."""
    seen = position(connection)
    found = _by_rarity(connection, wanted.terms)
    query = _listing(kind, wanted, found, after).limit(limit + 1)
    rows = [(row.sequence, row.id) for row in connection.execute(query)]
    return Listed(seen, rows[:limit], more=len(rows) > limit)


def find_terms(connection: Connection, ranges: Iterable[Range], *, limit: int) -> Found:
    """Return up to ``limit`` documents that have a term in one of ``ranges``; none, and that there
    are more, when too many signatures have one of the names or meanings.
    """
    seen = position(connection)
    found: dict[int, None] = {}
    for each in ranges:
        stored = _as_stored(connection, each)
        if len(stored) > MOST_SIGNATURES:
            return Found(seen, [], more=True)
        for low, high in stored:
            within = {"low": low, "high": high, "most": limit + 1}
            found.update(dict.fromkeys(connection.scalars(_IN_RANGE, within)))
            if len(found) > limit:
                return Found(seen, list(found)[:limit], more=True)
    return Found(seen, list(found), more=False)


def _as_stored(connection: Connection, wanted: Range) -> list[tuple[bytes, bytes]]:
    """Return what a range is in the table of terms: one for each signature that leads there, but no
    more than one too many.
    """
    low, high, of_elements = wanted
    if not of_elements:
        return [(low, high)]
    found = connection.scalars(_SIGNATURES, {"of_looked": low[:LOOKED]})
    return [(each + low[LOOKED:], each + high[LOOKED:]) for each in found]


def list_at(connection: Connection, kind: Kind, sequences: Sequence[int]) -> Listed:
    """Return those of the documents of ``kind`` with ``sequences`` that there are, in order."""
    seen = position(connection)
    # Asked for the kind, too, SQLite would go through all documents of that kind.
    query = select(documents.c.sequence, documents.c.id, documents.c.kind)
    rows = [
        (row.sequence, row.id)
        for part in _parts(sequences)
        for row in connection.execute(query.where(documents.c.sequence.in_(part)))
        if row.kind == kind.value
    ]
    return Listed(seen, sorted(rows), more=False)


def count(connection: Connection, kind: Kind) -> int:
    """Return how many documents of ``kind`` there are."""
    query = select(func.count()).select_from(documents).where(documents.c.kind == kind.value)
    return int(connection.scalar(query) or 0)


def documents_after(
    connection: Connection, kind: Kind | None, after: int, *, limit: int
) -> list[StoredDocument]:
    """Return up to ``limit`` documents in order of creation whose sequence is above ``after``.

    Raises ``StoreDamaged``.
    """
    query = select(documents).where(documents.c.sequence > after)
    if kind is not None:
        query = query.where(documents.c.kind == kind.value)
    query = query.order_by(documents.c.sequence).limit(limit)
    return with_files(connection, connection.execute(query).all())


def changes_after(connection: Connection, after: int, *, limit: int) -> list[Change]:
    """Return up to ``limit`` entries of the change log behind ``after``, oldest first."""
    query = (
        select(changes).where(changes.c.sequence > after).order_by(changes.c.sequence).limit(limit)
    )
    return [
        Change(
            row.sequence,
            Kind(row.kind),
            row.id,
            row.path,
            Operation(row.operation),
            row.actor,
            row.time,
            row.previous_revision,
        )
        for row in connection.execute(query)
    ]


def version_at(connection: Connection, kind: Kind, identifier: str, time: int) -> bytes | None:
    """Return the former body that was shown at ``time``, or None.

    Raises ``StoreDamaged`` when it is not as it was written.
    """
    query = (
        select(versions.c.body)
        .where(versions.c.kind == kind.value, versions.c.id == identifier)
        .where(versions.c.valid_from <= time, versions.c.valid_until > time)
        .order_by(versions.c.number.desc())
        .limit(1)
    )
    body = connection.scalar(query)
    if body is None:
        return None
    try:
        return zstandard.ZstdDecompressor().decompress(body)
    except (zstandard.ZstdError, TypeError) as error:
        raise StoreDamaged(
            f"a former version of {kind.value} {identifier!r} is damaged: aas-server store verify "
            "tells what else is, aas-server store restore --force puts a backup in its place"
        ) from error


def _by_rarity(connection: Connection, wanted: Terms) -> list[bytes]:
    """Return the terms, that of the fewest documents first; beyond some thousand all are equal."""
    if len(wanted) < 2:
        return list(wanted)

    def frequency(term: bytes) -> int:
        some = select(terms.c.document).where(terms.c.term == term).limit(_FREQUENT).subquery()
        return int(connection.scalar(select(func.count()).select_from(some)) or 0)

    return sorted(wanted, key=lambda term: (frequency(term), term))


def _listing(kind: Kind, wanted: Selection, found: Sequence[bytes], after: int) -> Select[Any]:
    """Return the query that walks through the documents of the first term in order, and asks of
    each whether it has the others.
    """
    order: Any = documents.c.sequence
    query = select(documents.c.sequence, documents.c.id).where(documents.c.kind == kind.value)
    for number, term in enumerate(found):
        having = terms.alias(f"having_{number}")
        query = query.join(having, having.c.document == documents.c.sequence)
        query = query.where(having.c.term == term)
        if not number:
            order = having.c.document
    if wanted.created_from is not None:
        query = query.where(documents.c.created >= wanted.created_from)
    # What was created then was updated then, or later: an index knows that.
    moments = [each for each in (wanted.created_from, wanted.updated_from) if each is not None]
    if moments:
        query = query.where(documents.c.updated >= max(moments))
    return query.where(order > after).order_by(order)


def _document(row: Row[Any], files: dict[str, FileEntry] | None) -> StoredDocument:
    return StoredDocument(
        Kind(row.kind),
        row.id,
        row.sequence,
        row.revision,
        row.body,
        row.created,
        row.updated,
        NO_FILES if files is None else files,
    )


def _entry(row: Row[Any]) -> FileEntry:
    return FileEntry(
        Kind(row.kind),
        row.owner,
        row.path,
        StoredFile(row.digest, row.size),
        row.content_type,
        row.file_name,
    )


_IN_RANGE: Final = (
    select(terms.c.document)
    .where(terms.c.term >= bindparam("low"), terms.c.term < bindparam("high"))
    .distinct()
    .limit(bindparam("most"))
)

_SIGNATURES: Final = (
    select(signatures.c.signature)
    .where(signatures.c.looked == bindparam("of_looked"))
    .limit(MOST_SIGNATURES + 1)
)


def _parts(ids: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(ids)
    while part := list(islice(waiting, _AT_ONCE)):
        yield part

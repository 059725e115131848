"""Letting go of what nobody needs, and mending what follows from the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import msgspec
from sqlalchemy import (
    Connection,
    CursorResult,
    LargeBinary,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from aas_server.errors import StoreDamaged
from aas_server.store.care.index import KnownSignatures, documents_with_terms
from aas_server.store.care.rows import Advance, Gauge, ignore, is_sound, weigh
from aas_server.store.ordered_terms import BEYOND
from aas_server.store.protocol import (
    LOOKED,
    NO_SIGNATURES,
    NO_TERMS,
    Kind,
    Signatures,
    Terms,
)
from aas_server.store.schema import (
    chunks,
    documents,
    file_names,
    files,
    log,
    signatures,
    terms,
    versions,
)
from aas_server.store.sql_store import SqlStore
from aas_server.store.terms import change_between

_AT_ONCE: Final = 500
_MOST: Final = 20_000
"""Documents with wrong terms that are kept in mind at once."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was done: documents whose terms were made anew, former versions that were forgotten,
    and the bytes that the store took before and takes now.
    """

    terms: int
    versions: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class _Mended:
    """A document that lists find by the wrong terms; its revision is None when it is not there."""

    sequence: int
    revision: int | None
    gains: Terms
    loses: Terms
    signatures: Signatures = NO_SIGNATURES


async def compact(store: SqlStore, *, keep: int, advance: Advance = ignore) -> Compacted:
    """Make wrong terms anew, let go of what ``keep`` former versions of a document and the store's
    own rules do not hold, of what belongs to nothing, and of the room that all that took.

    Raises ``StoreDamaged``, ``StoreUnavailable``; then what was done so far stays done.
    """
    before = await store.read(size_of)
    had = await store.read(_count_versions)
    mended = await _mend_terms(store, advance)
    await store.write(lambda connection: _forget_versions(connection, keep))
    await store.write(_forget_strays)
    await store.tidy()
    has = await store.read(_count_versions)
    await store.vacuum()
    return Compacted(mended, max(0, had - has), before, await store.read(size_of))


def size_of(connection: Connection) -> int:
    """Return the bytes that the database takes."""
    if connection.dialect.name == "sqlite":
        pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return int(connection.scalar(text(pages)) or 0)
    return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


async def _mend_terms(store: SqlStore, advance: Advance) -> int:
    count, after = 0, -1
    gauge = Gauge(await store.read(lambda connection: weigh(connection, (documents,))), advance)
    while wrong := await store.read(_wrong_terms_after(after, gauge)):
        for first in range(0, len(wrong), _AT_ONCE):
            count += await store.write(_mending(wrong[first : first + _AT_ONCE]))
        after = wrong[-1].sequence
    gauge.finish()
    return count


def _wrong_terms_after(after: int, gauge: Gauge) -> Callable[[Connection], list[_Mended]]:
    return lambda connection: list(islice(_find_wrong_terms(connection, after, gauge), _MOST))


def _mending(wrong: Sequence[_Mended]) -> Callable[[Connection], int]:
    return lambda connection: _mend(connection, wrong)


def _find_wrong_terms(connection: Connection, after: int, gauge: Gauge) -> Iterator[_Mended]:
    known = KnownSignatures(connection)
    for sequence, row, having in documents_with_terms(connection, after=after):
        if row is None:
            yield _Mended(sequence, None, NO_TERMS, having)
            continue
        gauge.add(row.body)
        if not is_sound(row):
            raise StoreDamaged(
                f"the stored {row.kind} {row.id!r} is damaged: aas-server store verify tells what "
                "else is"
            )
        index = change_between(Kind(row.kind), None, msgspec.json.decode(row.body))
        wanted, missing = index.gains, known.missing(index.signatures)
        if having != wanted or missing:
            yield _Mended(sequence, row.revision, wanted - having, having - wanted, missing)


def _mend(connection: Connection, wrong: Sequence[_Mended]) -> int:
    """Set the terms of those documents that nobody changed meanwhile; return how many they are."""
    # As every writer does first: nobody changes a document until this is done.
    connection.execute(update(log).values(last=log.c.last))
    query = select(documents.c.sequence, documents.c.revision)
    present = {
        row.sequence: row.revision
        for row in connection.execute(
            query.where(documents.c.sequence.in_([each.sequence for each in wrong]))
        )
    }
    same = [each for each in wrong if present.get(each.sequence) == each.revision]
    lost = [{"lost": term, "of": each.sequence} for each in same for term in each.loses]
    if lost:
        connection.execute(_DELETE_TERM, lost)
    gained = [{"term": term, "document": each.sequence} for each in same for term in each.gains]
    if gained:
        connection.execute(insert(terms), gained)
    for way in frozenset().union(*(each.signatures for each in same)):
        _add_signature(connection, way)
    return len(same)


def _add_signature(connection: Connection, way: bytes) -> None:
    row = {"looked": way[:LOOKED], "signature": way[LOOKED:]}
    is_it = (signatures.c[name] == value for name, value in row.items())
    if connection.scalar(select(signatures.c.looked).where(*is_it)) is None:
        connection.execute(insert(signatures), row)


def _count_versions(connection: Connection) -> int:
    return int(connection.scalar(select(func.count()).select_from(versions)) or 0)


def _forget_versions(connection: Connection, keep: int) -> CursorResult[tuple[()]]:
    age = func.row_number().over(
        partition_by=(versions.c.kind, versions.c.id), order_by=versions.c.number.desc()
    )
    ranked = select(versions.c.number, age.label("age")).subquery()
    old = select(ranked.c.number).where(ranked.c.age > keep)
    return connection.execute(delete(versions).where(versions.c.number.in_(old)))


def _forget_strays(connection: Connection) -> None:
    """Delete names of files of documents that are not there, pieces of such files, and signatures
    that no element has.
    """
    connection.execute(update(log).values(last=log.c.last))
    owner = exists().where(
        documents.c.kind == file_names.c.kind, documents.c.id == file_names.c.owner
    )
    connection.execute(delete(file_names).where(~owner))
    connection.execute(delete(chunks).where(~exists().where(files.c.number == chunks.c.file)))
    connection.execute(delete(signatures).where(~exists().where(*_BEGINS)))


_DELETE_TERM: Final = delete(terms).where(
    terms.c.term == bindparam("lost"), terms.c.document == bindparam("of")
)
_BEGINS: Final = (
    terms.c.term >= signatures.c.signature,
    # SQLite joins bytes to a text, which is no less than any bytes.
    terms.c.term < cast(signatures.c.signature.op("||")(literal(BEYOND, LargeBinary)), LargeBinary),
)
"""A term begins with a signature."""

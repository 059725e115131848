"""Writing a group of units in one transaction: rows first, then one statement a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeAlias

import zstandard
from sqlalchemy import BigInteger, Connection, bindparam, case, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import Delete

from aas_server.errors import Conflict
from aas_server.store.index_writing import DirectIndex, GatheredIndex, IndexRows, IndexWriter
from aas_server.store.protocol import NO_FILES, Kind, StoredDocument, Write
from aas_server.store.schema import changes, documents, file_names, log, versions
from aas_server.store.statements import Row, Statements

PRUNE_EVERY: Final = 8
"""Revisions of a document between two looks at how many former ones are kept."""
_AT_ONCE: Final = 500
"""Writes that are in rows at the same time when there are many."""

_Key: TypeAlias = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """What one caller commits: all of it or nothing."""

    writes: Sequence[Write]
    actor: str


@dataclass(slots=True)
class _Rows:
    """The rows of one transaction, by what is done with them."""

    deleted: list[Row] = field(default_factory=list)
    updated: list[Row] = field(default_factory=list)
    inserted: list[Row] = field(default_factory=list)
    former: list[StoredDocument] = field(default_factory=list)
    until: list[int] = field(default_factory=list)
    pruned: list[dict[str, Any]] = field(default_factory=list)
    gained: list[Row] = field(default_factory=list)
    signatures: set[bytes] = field(default_factory=set)
    lost: list[Row] = field(default_factory=list)
    unnamed: list[dict[str, Any]] = field(default_factory=list)
    named: list[Row] = field(default_factory=list)


class Writer:
    """Carries out units over a connection whose transaction is under way; blocks while the database
    works.

    ``keep`` former versions of each document stay.
    """

    def __init__(self, statements: Statements, *, keep: int) -> None:
        self._statements = statements
        self._index = DirectIndex(statements)
        self._keep = keep
        self._compress = zstandard.ZstdCompressor(level=1, write_checksum=True).compress

    def write_units(self, connection: Connection, units: Sequence[Unit], *, now: int) -> list[int]:
        """Carry out ``units`` and return the number of each one's last entry in the change log.

        Of a document that changes several times only the last state is written, and each change is
        logged. Raises ``Conflict`` when a document is not where its first write expects it; then
        the transaction must be rolled back.
        """
        lasts: list[int] = []
        writes = [write for unit in units for write in unit.writes]
        number = take_numbers(connection, writes) - len(writes)
        net = _net(units)
        _require_absent(connection, [key for key, write in net.items() if write is None])
        present = [write for write in net.values() if write is not None]
        self._write(connection, present, now, self._index)
        entries: list[Row] = []
        for unit in units:
            entries += _log(unit.writes, unit.actor, now, number)
            number += len(unit.writes)
            lasts.append(number)
        self._statements.insert(connection, changes, entries)
        return lasts

    def write_many(
        self, connection: Connection, writes: Iterable[Write], actor: str, *, now: int
    ) -> int:
        """Carry out ``writes``, each of another document, piece by piece; return how many.

        Raises as ``write_units`` does.
        """
        waiting = iter(writes)
        index = self.gathered_index()
        count = 0
        while piece := next_piece(waiting):
            self.write_piece(connection, piece, actor, now=now, index=index)
            count += len(piece)
        index.finish(connection)
        return count

    def gathered_index(self) -> GatheredIndex:
        """Return what takes the terms of many writes; it is finished when all were written."""
        return GatheredIndex(self._statements)

    def write_piece(
        self,
        connection: Connection,
        writes: Sequence[Write],
        actor: str,
        *,
        now: int,
        index: IndexWriter,
    ) -> None:
        """Carry out some of many ``writes``, each of another document."""
        last = take_numbers(connection, writes)
        self._write(connection, writes, now, index)
        entries = list(_log(writes, actor, now, last - len(writes)))
        self._statements.insert(connection, changes, entries)

    def _write(
        self, connection: Connection, writes: Iterable[Write], now: int, index: IndexWriter
    ) -> None:
        statements = self._statements
        rows = self._rows(writes, now)
        if statements.delete_documents(connection, rows.deleted) != len(rows.deleted):
            raise Conflict("a document was changed meanwhile")
        if statements.update_documents(connection, rows.updated) != len(rows.updated):
            raise Conflict("a document was changed meanwhile")
        try:
            statements.insert(connection, documents, rows.inserted)
        except IntegrityError as error:
            raise Conflict("a document with one of the ids exists already") from error
        index.write(connection, IndexRows(rows.lost, rows.gained, rows.signatures))
        if rows.unnamed:
            connection.execute(_DELETE_NAME, rows.unnamed)
        statements.insert(connection, file_names, rows.named)
        if self._keep:
            statements.insert(connection, versions, self._versions(rows))
            if rows.pruned:
                connection.execute(_prune(self._keep), rows.pruned)

    def _rows(self, writes: Iterable[Write], now: int) -> _Rows:
        rows = _Rows()
        for write in writes:
            before, after = write.before, write.after
            is_same = before is not None and after is not None and after.sequence == before.sequence
            if before is not None:
                place = _place(before)
                rows.former.append(before)
                # Also when the clock was set back meanwhile.
                until = now if after is None else after.updated
                rows.until.append(max(before.updated, until))
                if after is not None and is_same:
                    rows.updated.append((*_state(after), *place))
                else:
                    rows.deleted.append(place)
                if before.revision % PRUNE_EVERY == 0:
                    rows.pruned.append({"of_kind": before.kind.value, "of_id": before.id})
                rows.lost += [(term, before.sequence) for term in write.loses]
            if after is not None:
                if not is_same:
                    revision, updated, checksum, body = _state(after)
                    rows.inserted.append(
                        (
                            after.sequence,
                            after.kind.value,
                            after.id,
                            revision,
                            after.created,
                            updated,
                            checksum,
                            body,
                        )
                    )
                rows.gained += [(term, after.sequence) for term in write.gains]
                rows.signatures |= write.signatures
            _change_names(rows, before, after)
        return rows

    def _versions(self, rows: _Rows) -> list[Row]:
        compress = self._compress
        return [
            (document.kind.value, document.id, compress(document.body), document.updated, until)
            for document, until in zip(rows.former, rows.until, strict=True)
        ]


def next_piece(waiting: Iterator[Write]) -> list[Write]:
    """Return as many of many writes as are carried out at once, none at their end."""
    return list(islice(waiting, _AT_ONCE))


def take_numbers(connection: Connection, writes: Sequence[Write]) -> int:
    """Return the last number of ``writes`` in the change log; nobody else gets any until the
    transaction has ended. The sequences of what they create are kept, so that none comes again.
    """
    created = max((write.document.sequence for write in writes if write.before is None), default=0)
    parameters = {"count": len(writes), "created": created}
    return int(connection.execute(_TAKE_NUMBERS, parameters).scalar_one())


def _net(units: Iterable[Unit]) -> dict[_Key, Write | None]:
    """Return one write a document: from what the first one found to what the last one leaves; None
    for what was created and is gone again.
    """
    found: dict[_Key, Write] = {}
    for unit in units:
        for write in unit.writes:
            key = (write.document.kind, write.document.id)
            earlier = found.get(key)
            if earlier is None:
                found[key] = write
                continue
            if earlier.after != write.before:
                raise Conflict(f"{key[0].value} {key[1]!r} was changed meanwhile")
            found[key] = _one_after_the_other(earlier, write)
    return {key: write if write.before or write.after else None for key, write in found.items()}


def _require_absent(connection: Connection, keys: Iterable[_Key]) -> None:
    """Raise ``Conflict`` when there is one of the documents, which no statement finds out."""
    for kind, identifier in keys:
        is_it = (documents.c.kind == kind.value, documents.c.id == identifier)
        if connection.scalar(select(documents.c.sequence).where(*is_it)) is not None:
            raise Conflict(f"{kind.value} {identifier!r} exists already")


def _one_after_the_other(first: Write, second: Write) -> Write:
    """Return both writes of one document as one."""
    before, middle, after = first.before, first.after, second.after
    signatures = first.signatures | second.signatures
    if middle is None:
        # Deleted, then created again: another document that has none of the terms yet.
        return Write(before, after, None, second.gains, first.loses, second.signatures)
    if before is None or before.sequence != middle.sequence:
        # What came between was never stored.
        gains = (first.gains - second.loses) | second.gains
        return Write(
            before, after, None, gains if after else frozenset(), first.loses, signatures
        )  # fmt: skip
    # A write may gain what the document has already, of another element: that is lost, too.
    gains = (first.gains - second.loses) | second.gains
    loses = (first.loses | second.loses) - second.gains
    return Write(before, after, None, gains, loses, signatures)


def _place(document: StoredDocument) -> Row:
    """Return what the database must have for ``document`` to be what is there.

    The revision alone does not tell: what was built on a state that lost against another server's
    has a revision that is there, too.
    """
    return document.sequence, document.revision, document.updated, document.checksum


def _state(document: StoredDocument) -> tuple[int, int, int, bytes]:
    return document.revision, document.updated, document.checksum, document.body


def _change_names(rows: _Rows, before: StoredDocument | None, after: StoredDocument | None) -> None:
    former = NO_FILES if before is None else before.files
    present = NO_FILES if after is None else after.files
    if former is present:
        return
    for path, entry in former.items():
        if present.get(path) != entry:
            rows.unnamed.append(
                {"of_kind": entry.kind.value, "of_owner": entry.owner, "of_path": path}
            )
    for path, entry in present.items():
        if former.get(path) != entry:
            content = entry.content
            rows.named.append(
                (
                    entry.kind.value,
                    entry.owner,
                    path,
                    content.digest,
                    content.size,
                    entry.content_type,
                    entry.file_name,
                )
            )


def _log(writes: Iterable[Write], actor: str, now: int, number: int) -> Iterator[Row]:
    """Yield the entries of ``writes`` in the change log, those that follow ``number``."""
    for sequence, write in enumerate(writes, number + 1):
        before, document = write.before, write.document
        yield (
            sequence,
            document.kind.value,
            document.id,
            write.path,
            write.operation.value,
            actor,
            now,
            None if before is None else before.revision,
        )


_CREATED: Final = bindparam("created", type_=BigInteger)
_TAKE_NUMBERS: Final = (
    update(log)
    .values(
        last=log.c.last + bindparam("count"),
        sequence=case((log.c.sequence < _CREATED, _CREATED), else_=log.c.sequence),
    )
    .returning(log.c.last)
)
_DELETE_NAME: Final = delete(file_names).where(
    file_names.c.kind == bindparam("of_kind"),
    file_names.c.owner == bindparam("of_owner"),
    file_names.c.path == bindparam("of_path"),
)


def _prune(keep: int) -> Delete:
    of_document = (
        versions.c.kind == bindparam("of_kind"),
        versions.c.id == bindparam("of_id"),
    )
    newest_gone = (
        select(versions.c.number)
        .where(*of_document)
        .order_by(versions.c.number.desc())
        .limit(1)
        .offset(keep)
        .scalar_subquery()
    )
    return delete(versions).where(*of_document, versions.c.number <= newest_gone)

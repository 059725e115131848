"""Writing a group of units in one transaction: rows first, then one statement a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import zstandard
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import Delete, Update

from aas_server.errors import Conflict
from aas_server.store.many_rows import insert_rows
from aas_server.store.protocol import FileWrite, Kind, StoredDocument, Write
from aas_server.store.schema import changes, documents, file_names, versions

PRUNE_EVERY: Final = 8
"""Revisions of a document between two looks at how many former ones are kept."""

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """What one caller commits: all of it or nothing."""

    writes: Sequence[Write]
    files: Sequence[FileWrite]
    actor: str


@dataclass(slots=True)
class _Rows:
    """The rows of one transaction, by what is done with them."""

    deleted: list[_Row] = field(default_factory=list)
    updated: list[_Row] = field(default_factory=list)
    inserted: list[_Row] = field(default_factory=list)
    former: list[StoredDocument] = field(default_factory=list)
    until: list[int] = field(default_factory=list)
    pruned: list[_Row] = field(default_factory=list)


def write_units(connection: Connection, units: Sequence[Unit], *, now: int, keep: int) -> None:
    """Carry out ``units`` in the transaction of ``connection``; blocks while the medium works.

    ``keep`` former versions of each document stay. Of a document that changes several times only
    the last state is written, and each change is logged. Raises ``Conflict`` when a document is not
    where its first write expects it; then the transaction must be rolled back.
    """
    rows = _rows(_net(units), now=now, keep=keep)
    try:
        _exactly(connection, _DELETE_DOCUMENT, rows.deleted)
        _exactly(connection, _UPDATE_DOCUMENT, rows.updated)
        insert_rows(connection, documents, rows.inserted)
    except IntegrityError as error:
        raise Conflict("a document with one of the ids exists already") from error
    if keep:
        insert_rows(connection, versions, _versions(rows))
        if rows.pruned:
            connection.execute(_prune(keep), rows.pruned)
    insert_rows(connection, changes, [row for unit in units for row in _log(unit, now)])
    _write_names(connection, [change for unit in units for change in unit.files])


def _net(units: Iterable[Unit]) -> list[Write]:
    """Return one write a document: from what the first one found to what the last one leaves."""
    found: dict[tuple[Kind, str], Write] = {}
    for unit in units:
        for write in unit.writes:
            key = (write.document.kind, write.document.id)
            earlier = found.get(key)
            if earlier is None:
                found[key] = write
                continue
            if _revision(earlier.after) != _revision(write.before):
                raise Conflict(f"{key[0].value} {key[1]!r} was changed meanwhile")
            found[key] = Write(earlier.before, write.after)
    return list(found.values())


def _revision(document: StoredDocument | None) -> tuple[int, int] | None:
    return None if document is None else (document.sequence, document.revision)


def _rows(writes: Iterable[Write], *, now: int, keep: int) -> _Rows:
    rows = _Rows()
    for write in writes:
        before, after = write.before, write.after
        if before is not None:
            key = {"at_sequence": before.sequence, "at_revision": before.revision}
            rows.former.append(before)
            rows.until.append(now if after is None else after.updated)
            if after is not None and after.sequence == before.sequence:
                new = {"body": after.body, "revision": after.revision, "updated": after.updated}
                rows.updated.append(key | new)
            else:
                rows.deleted.append(key)
            if keep and before.revision % PRUNE_EVERY == 0:
                rows.pruned.append({"of_kind": before.kind.value, "of_id": before.id})
        if after is not None and (before is None or after.sequence != before.sequence):
            rows.inserted.append(
                {
                    "sequence": after.sequence,
                    "kind": after.kind.value,
                    "id": after.id,
                    "revision": after.revision,
                    "body": after.body,
                    "created": after.created,
                    "updated": after.updated,
                }
            )
    return rows


def _versions(rows: _Rows) -> list[_Row]:
    compressor = zstandard.ZstdCompressor(level=1)
    return [
        {
            "kind": document.kind.value,
            "id": document.id,
            "body": compressor.compress(document.body),
            "valid_from": document.updated,
            "valid_until": until,
        }
        for document, until in zip(rows.former, rows.until, strict=True)
    ]


def _log(unit: Unit, now: int) -> Iterable[_Row]:
    for write in unit.writes:
        document = write.document
        yield {
            "kind": document.kind.value,
            "id": document.id,
            "path": write.path,
            "operation": write.operation.value,
            "actor": unit.actor,
            "time": now,
            "revision": document.revision,
        }


def _write_names(connection: Connection, writes: Iterable[FileWrite]) -> None:
    """Set and take away names in their order; there are few of them in a transaction."""
    for write in writes:
        gone = delete(file_names).where(
            file_names.c.kind == write.kind.value, file_names.c.owner == write.owner
        )
        if write.path is not None:
            gone = gone.where(file_names.c.path == write.path)
        connection.execute(gone)
        entry = write.entry
        if entry is not None:
            connection.execute(
                insert(file_names).values(
                    kind=entry.kind.value,
                    owner=entry.owner,
                    path=entry.path,
                    digest=entry.content.digest,
                    size=entry.content.size,
                    content_type=entry.content_type,
                    file_name=entry.file_name,
                )
            )


def _exactly(connection: Connection, statement: Update | Delete, rows: list[_Row]) -> None:
    if rows and (connection.execute(statement, rows)).rowcount != len(rows):
        raise Conflict("a document was changed meanwhile")


_AT: Final = (
    documents.c.sequence == bindparam("at_sequence"),
    documents.c.revision == bindparam("at_revision"),
)
_DELETE_DOCUMENT: Final = delete(documents).where(*_AT)
_UPDATE_DOCUMENT: Final = (
    update(documents)
    .where(*_AT)
    .values(body=bindparam("body"), revision=bindparam("revision"), updated=bindparam("updated"))
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

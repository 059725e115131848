"""Whether the change log is without gaps and leads to the documents as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select
from sqlalchemy import text as sql

from aas_server.errors import Finding
from aas_server.store.care.hints import RESTORE
from aas_server.store.care.rows import Gauge, rows
from aas_server.store.schema import changes, documents, log

LOG: Final = "log"


def check_log(connection: Connection, _gauge: Gauge) -> Iterator[Finding]:
    """Yield what is wrong with the change log, and what it says otherwise than the documents."""
    yield from _numbers(connection)
    for row in rows(connection, _OUT_OF_STEP):
        place = f"entry {row.sequence}"
        what = f"{row.operation} of {row.kind} {row.id!r}"
        yield _finding(place, f"{what} does not follow from the entry before it")
    for row in rows(connection, _OTHERWISE):
        yield _finding(f"{row.kind} {row.id!r}", _difference(row))
    for row in rows(connection, _UNHEARD_OF):
        yield _finding(f"{row.kind} {row.id!r}", "no entry of the log tells of it")


def _numbers(connection: Connection) -> Iterator[Finding]:
    heads = list(rows(connection, select(log)))
    if len(heads) != 1:
        yield _finding("", f"{len(heads)} rows instead of one tell its last number")
    number = changes.c.sequence
    query = select(
        func.count().label("number"),
        func.min(number).label("first"),
        func.max(number).label("last"),
    )
    (span,) = rows(connection, query)
    last = span.last or 0
    (created,) = rows(connection, select(func.max(documents.c.sequence).label("last")))
    for head in heads:
        if head.last != last:
            yield _finding("", f"its last number is {last}, and {head.last} is told")
        if head.sequence < (created.last or 0):
            told = f"{head.sequence} is told as the highest sequence"
            yield _finding("", f"a document has the sequence {created.last}, and {told}")
    if span.number and (span.first, last) != (1, span.number):
        for row in rows(connection, _GAPS):
            yield _finding("", f"no entries {row.before + 1} to {row.sequence - 1}")


def _difference(row: Row[Any]) -> str:
    if row.operation == "delete":
        return f"entry {row.sequence} deletes it, and it is there"
    if row.revision is None:
        return f"entry {row.sequence} leaves it, and it is not there"
    leaves = (row.previous_revision or 0) + 1
    return f"entry {row.sequence} leaves revision {leaves}, and it is at {row.revision}"


def _finding(place: str, problem: str) -> Finding:
    return Finding(LOG, place or "change log", problem, hint=RESTORE)


_GAPS: Final = sql(
    "SELECT before, sequence FROM (SELECT sequence, "
    "coalesce(lag(sequence) OVER (ORDER BY sequence), 0) AS before FROM changes) AS steps "
    "WHERE sequence <> before + 1 ORDER BY sequence"
)
# What is created was not there before; what is changed or deleted was, at the revision before.
_OUT_OF_STEP: Final = sql(
    "SELECT sequence, kind, id, operation FROM ("
    "SELECT sequence, kind, id, operation, previous_revision, "
    "lag(operation) OVER following AS operation_before, "
    "lag(previous_revision) OVER following AS revision_before "
    "FROM changes WINDOW following AS (PARTITION BY kind, id ORDER BY sequence)) AS steps "
    "WHERE NOT CASE WHEN operation = 'create' "
    "THEN previous_revision IS NULL AND coalesce(operation_before, 'delete') = 'delete' "
    "ELSE coalesce(operation_before, '') IN ('create', 'replace') "
    "AND coalesce(previous_revision, -1) = coalesce(revision_before, 0) + 1 END "
    "ORDER BY sequence"
)
_OTHERWISE: Final = sql(
    "SELECT changes.sequence, changes.kind, changes.id, changes.operation, "
    "changes.previous_revision, documents.revision "
    "FROM (SELECT max(sequence) AS sequence FROM changes GROUP BY kind, id) AS newest "
    "JOIN changes ON changes.sequence = newest.sequence "
    "LEFT JOIN documents ON documents.kind = changes.kind AND documents.id = changes.id "
    "WHERE CASE WHEN changes.operation = 'delete' THEN documents.revision IS NOT NULL "
    "ELSE coalesce(documents.revision, -1) <> coalesce(changes.previous_revision, 0) + 1 END"
)
_UNHEARD_OF: Final = (
    select(documents.c.kind, documents.c.id)
    .outerjoin(
        heard := select(changes.c.kind, changes.c.id).distinct().subquery(),
        (heard.c.kind == documents.c.kind) & (heard.c.id == documents.c.id),
    )
    .where(heard.c.id.is_(None))
)

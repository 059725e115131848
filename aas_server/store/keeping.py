"""Keeping last live values and jobs, over a connection; blocks while the database works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select

from aas_server.store.protocol import StoredJob, StoredValue
from aas_server.store.schema import jobs
from aas_server.store.schema import last_values as values_table
from aas_server.store.statements import Statements

_AT_ONCE: Final = 500


def save_values(
    connection: Connection, statements: Statements, values: Sequence[StoredValue]
) -> None:
    """Set ``values``, each of another element, in the place of what is there."""
    statements.put(
        connection,
        values_table,
        [(each.submodel_id, each.path, each.body) for each in values],
    )


def last_values(connection: Connection, submodel_ids: Sequence[str]) -> list[StoredValue]:
    """Return what is kept of the elements of the submodels."""
    found: list[StoredValue] = []
    for start in range(0, len(submodel_ids), _AT_ONCE):
        part = submodel_ids[start : start + _AT_ONCE]
        rows = connection.execute(select(values_table).where(values_table.c.submodel.in_(part)))
        found += [StoredValue(row.submodel, row.path, row.body) for row in rows]
    return found


def save_jobs(connection: Connection, statements: Statements, some: Sequence[StoredJob]) -> None:
    """Set jobs, each with another handle, in the place of what is there."""
    rows = [(job.handle, job.owner, job.body, job.touched, job.expires) for job in some]
    statements.put(connection, jobs, rows)


def find_job(connection: Connection, handle: str, now: int) -> StoredJob | None:
    """Return the job that has not expired at ``now``, or None."""
    row = connection.execute(
        select(jobs).where(jobs.c.handle == handle, jobs.c.expires >= now)
    ).one_or_none()
    return (
        None
        if row is None
        else StoredJob(row.handle, row.owner, row.body, row.touched, row.expires)
    )

"""Many rows in one INSERT: SQLite is asked once for all of them, and the thread that asks gives the
interpreter away once instead of for each row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Table

_MOST_ROWS: Final = 256
"""Rows of one statement; with their columns they stay below SQLite's 32,766 parameters."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows``, which all have the same columns; raises what SQLAlchemy raises."""
    for start in range(0, len(rows), _MOST_ROWS):
        part = rows[start : start + _MOST_ROWS]
        columns = tuple(part[0])
        parameters = chain.from_iterable([row[name] for name in columns] for row in part)
        text = _insert_text(table.name, columns, len(part))
        connection.exec_driver_sql(text, tuple(parameters))


@lru_cache(maxsize=2048)
def _insert_text(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    into = f"INSERT INTO {table} ({', '.join(columns)})"  # names of the schema, nothing of a client
    return f"{into} VALUES {', '.join([row] * count)}"

"""Reading tables of any size row by row, told how far it is."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Executable, FromClause, Row, func, select
from sqlalchemy.exc import DBAPIError, InterfaceError

from aas_server.errors import StoreDamaged

L = TypeVar("L")
R = TypeVar("R")

Advance = Callable[[int, int], None]
"""Told how much is done of how much. May raise: then whatever goes on ends, and leaves nothing
behind.
"""

SMALL: Final = 1000
"""Rows that are taken out at once where none holds a body."""
LARGE: Final = 20
"""The same where each holds one."""
PIECES: Final = 4
"""The same where each holds a piece of a file."""

_DAMAGED_STATES: Final = ("22", "58", "XX")
"""How SQLSTATEs begin that tell of data, the disk, and the inside of PostgreSQL."""
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM)

_STEP: Final = 262_144
"""Weight after which it is told again how far it is."""
_OVERHEAD: Final = 100
"""What a row weighs beside the bytes of its body."""


def ignore(_done: int, _total: int) -> None:
    """Be told how far it is and do nothing about it."""


class Gauge:
    """Adds up what is done, of ``total``."""

    def __init__(self, total: int, advance: Advance) -> None:
        self._total = total
        self._done = 0
        self._told = 0
        self._advance = advance
        advance(0, total)

    def add(self, body: bytes | None = None) -> None:
        """Count a row with its ``body``, if it has one."""
        self._done += weight_of(body)
        if self._done - self._told >= _STEP:
            self._told = self._done
            self._advance(self._done, self._total)

    def finish(self) -> None:
        """Tell that all is done."""
        self._advance(self._total, self._total)


def weight_of(body: bytes | None) -> int:
    """Return what a row with this body weighs: about the bytes that it takes."""
    return _OVERHEAD + (0 if body is None else len(body))


def weigh(connection: Connection, tables: Iterable[FromClause]) -> int:
    """Return what all rows of ``tables`` weigh together; raises ``StoreDamaged``."""
    total = 0
    for table in tables:
        weight: Any = func.count() * _OVERHEAD
        if "body" in table.c:
            weight += func.coalesce(func.sum(func.length(table.c.body)), 0)
        total += sum(int(row[0]) for row in rows(connection, select(weight).select_from(table)))
    return total


def at_once(table: FromClause) -> int:
    """Return how many rows of ``table`` may be in memory."""
    if "body" not in table.c:
        return SMALL
    return PIECES if {"file", "position"} <= set(table.c.keys()) else LARGE


def rows(connection: Connection, query: Executable, *, at_once: int = SMALL) -> Iterator[Row[Any]]:
    """Yield what ``query`` finds, ``at_once`` rows of which are in memory.

    Raises ``StoreDamaged`` when the database cannot read them.
    """
    try:
        yield from connection.execute(query, execution_options={"yield_per": at_once})
    except DBAPIError as error:
        if not _tells_damage(error):
            raise
        raise StoreDamaged(f"the database cannot read it: {error.orig}") from error


def _tells_damage(error: DBAPIError) -> bool:
    """Return whether the database says that it cannot read what it holds, not that it cannot be
    asked now.
    """
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_DAMAGED_STATES)
    return (
        not error.connection_invalidated
        and not isinstance(error, InterfaceError)
        and (getattr(error.orig, "sqlite_errorcode", 0) & 0xFF not in _BUSY)
    )


def is_sound(document: Row[Any]) -> bool:
    """Return whether the ``body`` of a document is what its ``checksum`` was made of."""
    # SQLite lets a column hold what is not of its type.
    body = document.body
    return isinstance(body, bytes) and zlib.crc32(body) == document.checksum


def side_by_side(
    left: Iterable[tuple[int, L]], right: Iterable[tuple[int, R]]
) -> Iterator[tuple[int, L | None, Iterator[R]]]:
    """Yield what both have for each key, in order: one of ``left`` or None, all of ``right``.

    Both are in the order of their keys; those of ``left`` are different.
    """
    groups = groupby(right, key=itemgetter(0))
    group = next(groups, None)
    for key, item in left:
        while group is not None and group[0] < key:
            yield group[0], None, (value for _, value in group[1])
            group = next(groups, None)
        if group is not None and group[0] == key:
            yield key, item, (value for _, value in group[1])
            group = next(groups, None)
        else:
            yield key, item, iter(())
    while group is not None:
        yield group[0], None, (value for _, value in group[1])
        group = next(groups, None)

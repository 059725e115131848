"""Whether contents of files are as they were written, and their names lead to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, func, or_, select

from aas_server.errors import Finding
from aas_server.store.care.hints import COMPACT, UPLOAD, counted
from aas_server.store.care.rows import PIECES, Gauge, rows, side_by_side
from aas_server.store.files import PIECE
from aas_server.store.schema import chunks, documents, file_names, files

UNNAMED: Final = "unnamed"
"""The code of contents that nothing names: left over, not wrong."""


def check_files(connection: Connection, gauge: Gauge) -> Iterator[Finding]:
    """Yield what is wrong with contents of files."""
    contents = select(files).order_by(files.c.number)
    pieces = select(chunks).order_by(chunks.c.file, chunks.c.position)
    for number, row, of_it in side_by_side(
        ((row.number, row) for row in rows(connection, contents)),
        ((row.file, row) for row in rows(connection, pieces, at_once=PIECES)),
    ):
        if row is None:
            count = sum(1 for _ in _counted(of_it, gauge))
            text = f"{counted(count, 'piece')} of a file that is not there"
            yield Finding("file", f"file {number}", text, hint=COMPACT)
        elif row.digest is not None:
            problem = _of_content(row, _counted(of_it, gauge))
            if problem:
                yield Finding("file", f"content {row.digest}", problem, hint=UPLOAD)


def check_file_names(connection: Connection, _gauge: Gauge) -> Iterator[Finding]:
    """Yield names of files that lead nowhere, and that there are contents without any."""
    same = and_(documents.c.kind == file_names.c.kind, documents.c.id == file_names.c.owner)
    lost = (
        select(file_names, documents.c.sequence, files.c.number, files.c.size.label("real_size"))
        .outerjoin(documents, same)
        .outerjoin(files, files.c.digest == file_names.c.digest)
        .where(
            or_(
                documents.c.sequence.is_(None),
                files.c.number.is_(None),
                files.c.size != file_names.c.size,
            )
        )
    )
    for row in rows(connection, lost):
        yield _of_name(row)
    named = select(file_names.c.digest).where(file_names.c.digest == files.c.digest).exists()
    unnamed = select(func.count().label("number"), func.sum(files.c.size).label("bytes"))
    for row in rows(connection, unnamed.where(files.c.digest.is_not(None), ~named)):
        if row.number:
            text = f"{counted(row.number, 'content')} of files, {row.bytes} bytes, without a name"
            hint = "the server lets go of them in time, aas-server store compact does now"
            yield Finding(UNNAMED, "files", text, is_error=False, hint=hint)


def _of_content(row: Row[Any], pieces: Iterator[Row[Any]]) -> str:
    """Return what is wrong with the content of a file, "" for nothing."""
    digest = hashlib.sha256()
    size = 0
    for position, piece in enumerate(pieces):
        # Readers go by the place of a byte to its piece.
        if piece.position != position or size != position * PIECE:
            return f"it lacks something before its piece {piece.position}"
        digest.update(piece.body)
        size += len(piece.body)
    if size != row.size:
        return f"it has {size} bytes instead of {row.size}"
    return "" if digest.hexdigest() == row.digest else "its bytes have another SHA-256"


def _counted(pieces: Iterator[Row[Any]], gauge: Gauge) -> Iterator[Row[Any]]:
    for piece in pieces:
        gauge.add(piece.body)
        yield piece


def _of_name(row: Row[Any]) -> Finding:
    place = f"file {row.path!r} of {row.kind} {row.owner!r}"
    if row.sequence is None:
        return Finding("file-name", place, "there is no such document", hint=COMPACT)
    if row.number is None:
        return Finding("file-name", place, f"there is no content {row.digest}", hint=UPLOAD)
    text = f"it has {row.size} bytes, its content {row.real_size}"
    return Finding("file-name", place, text, hint=UPLOAD)

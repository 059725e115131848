"""Whether documents and their former versions are as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import zstandard
from sqlalchemy import Connection, Row, select

from aas_server.errors import Finding
from aas_server.store.care.hints import COMPACT, RESTORE, counted
from aas_server.store.care.index import KnownSignatures, documents_with_terms
from aas_server.store.care.rows import LARGE, Gauge, is_sound, rows
from aas_server.store.protocol import IDENTIFIABLES, Kind, Terms
from aas_server.store.schema import versions
from aas_server.store.terms import change_between

_KINDS: Final = {kind.value: kind for kind in Kind}
_LARGEST: Final = 4_294_967_296
"""Bytes of a document at most: a damaged length must not take all memory."""


def check_documents(connection: Connection, gauge: Gauge) -> Iterator[Finding]:
    """Yield what is wrong with documents, and with what lists find them by."""
    known = KnownSignatures(connection)
    for sequence, row, having in documents_with_terms(connection):
        if row is None:
            text = f"{counted(len(having), 'term')} lead lists there, and there is no document"
            yield Finding("terms", f"sequence {sequence}", text, hint=COMPACT)
            continue
        gauge.add(row.body)
        yield from _of_document(row, having, known)


def check_versions(connection: Connection, gauge: Gauge) -> Iterator[Finding]:
    """Yield what is wrong with former versions."""
    decompressor = zstandard.ZstdDecompressor()
    query = select(versions).order_by(versions.c.number)
    for row in rows(connection, query, at_once=LARGE):
        gauge.add(row.body)
        problem = _of_version(row, decompressor)
        if problem:
            place = f"version {row.number} of {row.kind} {row.id!r}"
            yield Finding("version", place, problem, hint=f"history lacks it, or {RESTORE}")


def _of_document(row: Row[Any], having: Terms, known: KnownSignatures) -> Iterator[Finding]:
    place = f"{row.kind} {row.id!r}"
    kind = _KINDS.get(row.kind)
    if not is_sound(row):
        yield Finding("checksum", place, "its bytes are not those that were written", hint=RESTORE)
        return
    if kind is None:
        yield Finding("document", place, "this server knows no such kind", hint=RESTORE)
        return
    try:
        tree = msgspec.json.decode(row.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        yield Finding("json", place, f"it is no JSON object: {error}", hint=RESTORE)
        return
    for problem in _contradictions(row, kind, tree):
        yield Finding("document", place, problem, hint=RESTORE)
    index = change_between(kind, None, tree)
    wanted = index.gains
    if having != wanted:
        wrong = {"too many": len(having - wanted), "too few": len(wanted - having)}
        told = [f"{counted(count, 'term')} {how}" for how, count in wrong.items() if count]
        yield Finding("terms", place, f"{' and '.join(told)} lead lists to it", hint=COMPACT)
    missing = len(known.missing(index.signatures))
    if missing:
        text = f"{counted(missing, 'signature')} of its elements cannot be found"
        yield Finding("terms", place, text, hint=COMPACT)


def _contradictions(row: Row[Any], kind: Kind, tree: dict[str, Any]) -> Iterator[str]:
    if tree.get("id") != row.id:
        yield f"it says that its id is {tree.get('id')!r}"
    if kind in IDENTIFIABLES and tree.get("modelType") != kind.value:
        yield f"it says that its modelType is {tree.get('modelType')!r}"
    if row.revision < 1:
        yield f"its revision is {row.revision}; the first one is 1"


def _of_version(row: Row[Any], decompressor: zstandard.ZstdDecompressor) -> str:
    """Return what is wrong with a former version, "" for nothing."""
    if row.valid_from > row.valid_until:
        return f"it was shown from {row.valid_from} until {row.valid_until}, before that"
    try:
        if not 0 <= zstandard.frame_content_size(row.body) <= _LARGEST:
            return "its length is not told, or cannot be true"
        tree = msgspec.json.decode(decompressor.decompress(row.body), type=dict[str, Any])
    except (zstandard.ZstdError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f"it cannot be read: {error}"
    return "" if tree.get("id") == row.id else f"it says that its id is {tree.get('id')!r}"

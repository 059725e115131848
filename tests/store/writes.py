"""Writes as the repository makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

import orjson

from aas_server.metamodel.tree import Node
from aas_server.store.protocol import (
    EVERYTHING,
    FileEntry,
    Kind,
    Selection,
    Store,
    StoredDocument,
    StoredFile,
    Terms,
    Write,
)
from aas_server.store.sql_store import SqlStore
from aas_server.store.terms import change_between, term_of, terms_of

FILE_BODY = b'{"modelType":"File","value":"/a"}'
"""A body that may name files."""


def new_document(
    store: Store,
    identifier: str = "urn:ex",
    body: bytes = b"1",
    *,
    kind: Kind = Kind.SUBMODEL,
    at: int = 0,
    files: Iterable[FileEntry] = (),
) -> StoredDocument:
    named = {entry.path: entry for entry in files}
    return StoredDocument(kind, identifier, store.new_sequence(), 1, body, at, at, named)


def changed(
    document: StoredDocument,
    body: bytes,
    *,
    at: int = 0,
    files: Iterable[FileEntry] | None = None,
) -> StoredDocument:
    named = document.files if files is None else {entry.path: entry for entry in files}
    return replace(document, body=body, revision=document.revision + 1, updated=at, files=named)


def named(owner: str, path: str, content: StoredFile, *, kind: Kind = Kind.SUBMODEL) -> FileEntry:
    return FileEntry(kind, owner, path, content, "text/plain", "a.txt")


def tree_of(document: StoredDocument) -> Node:
    tree: Node = orjson.loads(document.body)
    return tree


def creation(document: StoredDocument) -> Write:
    """The creation of a document whose body is one, with its terms."""
    return Write(None, document, None, *change_between(document.kind, None, tree_of(document)))


def replacement(before: StoredDocument, after: StoredDocument) -> Write:
    change = change_between(before.kind, tree_of(before), tree_of(after))
    return Write(before, after, None, *change)


def deletion(document: StoredDocument) -> Write:
    return Write(document, None, loses=terms_of(document.kind, tree_of(document)))


def short(id_short: str, kind: Kind = Kind.SUBMODEL) -> Terms:
    return frozenset({term_of(kind, "idShort", id_short)})


async def all_documents(store: Store, kind: Kind | None = None) -> list[StoredDocument]:
    return [document async for document in store.documents(kind)]


async def listed(
    store: Store, wanted: Selection = EVERYTHING, *, kind: Kind = Kind.SUBMODEL
) -> list[str]:
    found = await store.list_ids(kind, wanted)
    assert not found.more
    return [identifier for _, identifier in found.entries]


async def pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(store: Store, digest: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([part async for part in store.read_file(digest, start=start, length=length)])


async def give_up_soon(store: SqlStore) -> None:
    """Let SQLite wait for others' locks for a moment only."""
    await store.write(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout=500"))

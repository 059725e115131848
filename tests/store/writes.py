"""Writes as the repository makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from aas_server.store.protocol import FileEntry, FileWrite, Kind, Store, StoredDocument, StoredFile


def new_document(
    store: Store,
    identifier: str = "urn:ex",
    body: bytes = b"1",
    *,
    kind: Kind = Kind.SUBMODEL,
    at: int = 0,
) -> StoredDocument:
    return StoredDocument(kind, identifier, store.new_sequence(), 1, body, at, at)


def changed(document: StoredDocument, body: bytes, *, at: int = 0) -> StoredDocument:
    return replace(document, body=body, revision=document.revision + 1, updated=at)


async def all_documents(store: Store) -> list[StoredDocument]:
    return [document async for document in store.documents()]


async def pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(store: Store, digest: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([part async for part in store.read_file(digest, start=start, length=length)])


def named(owner: str, path: str, content: StoredFile) -> FileWrite:
    entry = FileEntry(Kind.SUBMODEL, owner, path, content, "text/plain", "a.txt")
    return FileWrite(Kind.SUBMODEL, owner, path, entry)

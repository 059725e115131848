"""Documents and files put into a repository, and packages written from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from aas_server.metamodel.tree import Node
from aas_server.packages.importer import import_contents
from aas_server.packages.plan import ImportReport, OnConflict
from aas_server.packages.reader import read_package
from aas_server.packages.selection import files_of, select
from aas_server.packages.writer import write_package
from aas_server.repository.repository import Repository
from aas_server.store.protocol import FileEntry, Kind, StoredFile


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def take_in(repository: Repository, content: bytes) -> StoredFile:
    return await repository.write_file(pieces(content))


async def store(repository: Repository, *documents: Node, files: Iterable[FileEntry] = ()) -> None:
    unit = repository.unit(actor="test")
    for document in documents:
        await unit.create(Kind(document["modelType"]), document)
    for entry in files:
        unit.put_file(entry)
    await unit.commit()


async def content_of(repository: Repository, kind: Kind, owner: str, path: str) -> bytes:
    entry = await repository.file_entry(kind, owner, path)
    assert entry is not None
    return b"".join([piece async for piece in repository.read_file(entry.content.digest)])


async def written(repository: Repository, file: Path, *, as_xml: bool = False) -> bytes:
    everything = await select(repository)
    await write_package(
        file,
        everything,
        files_of(everything),
        repository.read_file,
        as_xml=as_xml,
    )
    return file.read_bytes()


async def taken_in(
    repository: Repository,
    file: Path,
    body: bytes,
    *,
    on_conflict: OnConflict = OnConflict.FAIL,
    strict: bool = False,
) -> ImportReport:
    file.write_bytes(body)
    with read_package(file) as contents:
        return await import_contents(
            repository, contents, actor="test", on_conflict=on_conflict, strict=strict
        )

"""Contents of packaged files, taken in for the documents that name them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aas_server.packages.contents import PackagedFile
from aas_server.packages.parts import part_name
from aas_server.store.protocol import FileEntry, Kind, StoredFile

_PIECE: Final = 1_048_576

Take = Callable[[AsyncIterator[bytes]], Awaitable[StoredFile]]
"""Takes a file in, or only measures it."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """The content of a file of a package."""

    content: StoredFile
    source: PackagedFile


async def taken_in(
    paths: Iterable[str],
    files: Mapping[str, PackagedFile],
    take: Take,
    advance: Callable[[], None],
) -> dict[str, TakenIn]:
    """Return those of ``files`` that ``paths`` name by their parts' names, each taken in once.

    ``advance`` is called for each of them.
    """
    found: dict[str, TakenIn] = {}
    for path in paths:
        part = part_name(path)
        if part in files and part not in found:
            found[part] = TakenIn(await take(_pieces(files[part])), files[part])
            advance()
    return found


def entries(
    kind: Kind,
    owner: str,
    named: Iterable[tuple[str, str | None]],
    files: Mapping[str, TakenIn],
) -> Iterator[FileEntry]:
    """Yield the files that the document ``owner`` has, one for each path that it ``named``."""
    for path, content_type in dict(named).items():
        file = files.get(part_name(path))
        if file is not None:
            name = file.source.path.rsplit("/", 1)[-1]
            type_ = content_type or file.source.content_type
            yield FileEntry(kind, owner, path, file.content, type_, name)


async def measured(pieces: AsyncIterator[bytes]) -> StoredFile:
    """Return digest and size of a file, which is stored nowhere."""
    digest = hashlib.sha256()
    size = 0
    async for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return StoredFile(digest.hexdigest(), size)


async def _pieces(file: PackagedFile) -> AsyncIterator[bytes]:
    with file.open() as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece

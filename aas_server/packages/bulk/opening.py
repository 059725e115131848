"""Files that are opened to be imported: what they hold, one document after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from aas_server.errors import BadRequest, Finding
from aas_server.metamodel.rewriting import encoded
from aas_server.packages.bulk.splitting import Documents, split
from aas_server.packages.bulk.verdicts import Unchecked
from aas_server.packages.container import MAX_READ
from aas_server.packages.contents import Contents, PackagedFile
from aas_server.packages.environments import read_environment
from aas_server.packages.reader import read_package
from aas_server.store.protocol import Kind

FILE: Final = "file"
"""What an environment that is in no package is called in findings."""
_ZIP: Final = b"PK\x03\x04"
_AT_ONCE: Final = 262_144
"""Bytes of a file that is read at once; reading a larger one takes a thread."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document that has no JSON text: an integer in it is too long, or it is nested too deep."""

    kind: Kind
    source: str
    tree: Any


Document: TypeAlias = Unchecked | Decoded


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file holds: how many documents, these once, its files by their parts, what is odd."""

    counts: Mapping[Kind, int]
    documents: Iterator[Document]
    files: Mapping[str, PackagedFile]
    findings: list[Finding]


async def opened_file(stack: ExitStack, file: Path) -> Opened:
    """Return what is in ``file``, which ``stack`` closes; raises ``BadRequest``, ``OSError``."""
    if _is_small(file):
        return _opened(stack, file)
    return await asyncio.to_thread(_opened, stack, file)


def malformed(file: Path, reason: str) -> BadRequest:
    """Return the error of a ``file`` with a document that is no JSON, for ``reason``.

    Of a file that can be read whole it is the one that reading tells: it knows the place.
    """
    if file.stat().st_size <= MAX_READ:
        try:
            read_environment(file.read_bytes(), FILE)
        except BadRequest as error:
            return error
    return BadRequest(f"is neither JSON nor XML: {reason}", path=FILE)


def _is_small(file: Path) -> bool:
    return file.stat().st_size <= _AT_ONCE


def _opened(stack: ExitStack, file: Path) -> Opened:
    with file.open("rb") as opened:
        is_package = opened.read(len(_ZIP)) == _ZIP
    documents = None if is_package else split(file, FILE)
    if documents is None:
        contents = stack.enter_context(read_package(file))
        counts = {kind: len(trees) for kind, trees in contents.documents.items()}
        return Opened(counts, _of_contents(contents), contents.files, contents.findings)
    counts = {kind: len(raws) for kind, raws in documents.items()}
    return Opened(counts, _of_split(documents), {}, [])


def _of_split(documents: Documents) -> Iterator[Document]:
    for kind, raws in documents.items():
        for raw in raws:
            yield Unchecked(kind, FILE, bytes(raw))


def _of_contents(contents: Contents) -> Iterator[Document]:
    """Yield the documents of ``contents``, which does not hold them any longer then."""
    is_packaged = bool(contents.files)
    for kind, trees in contents.documents.items():
        sources = contents.sources[kind]
        trees.reverse()
        for source in sources:
            tree = trees.pop()
            body = encoded(tree)
            if body is None:
                yield Decoded(kind, source, tree)
            else:
                yield Unchecked(kind, source, body, is_packaged)

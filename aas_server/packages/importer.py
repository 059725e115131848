"""Taking the contents of a package into the repository: all of it or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from aas_server.errors import Conflict, Finding, InvalidDocument
from aas_server.metamodel.tree import Node, walk
from aas_server.packages.contents import Contents, PackagedFile
from aas_server.repository.repository import Repository
from aas_server.store.protocol import FileEntry, Kind

_PIECE: Final = 1_048_576
_SHOWN: Final = 20


@dataclass(slots=True)
class ImportReport:
    """What an import created, how many ids it found taken and passed over, and what was odd."""

    created: dict[Kind, int] = field(default_factory=dict)
    skipped: int = 0
    files: int = 0
    findings: list[Finding] = field(default_factory=list)


async def import_contents(
    repository: Repository, contents: Contents, *, actor: str, ignore_duplicates: bool = False
) -> ImportReport:
    """Create every document of ``contents`` with the files that it names.

    Raises ``InvalidDocument`` for documents that verification refuses, ``Conflict`` that names the
    ids that exist, unless those are to be passed over; then nothing was changed.
    """
    checked = await _checked(repository, contents)
    report = ImportReport(findings=list(contents.findings))
    entries = [
        entry
        for kind, tree in checked
        async for entry in _entries(repository, kind, tree, contents.files)
    ]
    unit = repository.unit(actor=actor)
    taken = [tree["id"] for kind, tree in checked if unit.find(kind, tree["id"]) is not None]
    if taken and not ignore_duplicates:
        more = f" and {len(taken) - _SHOWN} more" if len(taken) > _SHOWN else ""
        raise Conflict(f"these ids exist already: {', '.join(taken[:_SHOWN])}{more}")
    for kind, tree in checked:
        if unit.find(kind, tree["id"]) is not None:
            report.skipped += 1
            continue
        unit.create(kind, tree)
        report.created[kind] = report.created.get(kind, 0) + 1
        for entry in entries:
            if (entry.kind, entry.owner) == (kind, tree["id"]):
                unit.put_file(entry)
                report.files += 1
    await unit.commit()
    return report


async def _checked(repository: Repository, contents: Contents) -> list[tuple[Kind, Node]]:
    found: list[tuple[Kind, Node]] = []
    errors: list[Finding] = []
    for kind, tree in contents.identified():
        try:
            found.append((kind, (await repository.verifier.check(tree, kind.value)).tree))
        except InvalidDocument as error:
            # What stands in an environment need not be an object.
            name = tree.get("id") if type(tree) is dict else None
            errors += [
                Finding(each.code, f"{kind.value} {name!r} {each.path}".rstrip(), each.text)
                for each in error.findings
            ]
    if errors:
        raise InvalidDocument(errors[:100])
    return found


async def _entries(
    repository: Repository, kind: Kind, tree: Node, files: dict[str, PackagedFile]
) -> AsyncIterator[FileEntry]:
    """Yield the files that a document names and that are there, their contents taken in."""
    for path, content_type in dict(_named(kind, tree)).items():
        file = files.get(_part_name(path))
        if file is not None:
            content = await repository.write_file(_pieces(file))
            yield FileEntry(
                kind,
                tree["id"],
                path,
                content,
                content_type or file.content_type,
                file.path.rsplit("/", 1)[-1],
            )


def _named(kind: Kind, tree: Node) -> list[tuple[str, str | None]]:
    if kind is Kind.SHELL:
        thumbnail = (tree.get("assetInformation") or {}).get("defaultThumbnail") or {}
        named = [thumbnail]
        return [(each["path"], each.get("contentType")) for each in named if each.get("path")]
    return [
        (element["value"], element.get("contentType"))
        for _, element in walk(tree)
        if element.get("modelType") == "File" and element.get("value")
    ]


def _part_name(path: str) -> str:
    return "/" + unquote(path).removeprefix("file://").lstrip("/")


async def _pieces(file: PackagedFile) -> AsyncIterator[bytes]:
    with file.open() as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece

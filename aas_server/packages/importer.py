"""Taking the contents of a package into the repository: all of it or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from aas_server.errors import Conflict, Finding, InvalidDocument
from aas_server.metamodel.tree import Node, walk
from aas_server.packages.contents import PACKAGE, Contents, PackagedFile
from aas_server.packages.parts import part_name
from aas_server.repository.repository import Repository
from aas_server.store.protocol import FileEntry, Kind, StoredFile

_PIECE: Final = 1_048_576
_SHOWN: Final = 20
_MAX_ERRORS: Final = 100
"""Findings of a refusal at most: millions of broken documents must not cost more than one."""


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
    report = ImportReport(findings=list(contents.findings))
    checked = _without_repeated(await _checked(repository, contents), report)
    files = await _taken_in(repository, checked, contents.files)
    unit = repository.unit(actor=actor)
    present = [tree["id"] for kind, tree in checked if unit.find(kind, tree["id"]) is not None]
    if present and not ignore_duplicates:
        more = f" and {len(present) - _SHOWN} more" if len(present) > _SHOWN else ""
        raise Conflict(f"these ids exist already: {', '.join(present[:_SHOWN])}{more}")
    for kind, tree in checked:
        if unit.find(kind, tree["id"]) is not None:
            report.skipped += 1
            continue
        unit.create(kind, tree)
        report.created[kind] = report.created.get(kind, 0) + 1
        for entry in _entries(kind, tree, files):
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
            if len(errors) >= _MAX_ERRORS:
                break
    if errors:
        raise InvalidDocument(errors[:_MAX_ERRORS])
    return found


def _without_repeated(
    documents: Iterable[tuple[Kind, Node]], report: ImportReport
) -> list[tuple[Kind, Node]]:
    """Return the first document with each id; others are told by findings."""
    found: dict[tuple[Kind, str], Node] = {}
    for kind, tree in documents:
        first = found.setdefault((kind, tree["id"]), tree)
        if first is not tree:
            text = "is there twice, the same each time"
            if first != tree:
                text = "is there twice, and differs: only the first one was taken"
            path = f"{kind.value} {tree['id']!r}"
            report.findings.append(Finding(PACKAGE, path, text, is_error=first != tree))
    return [(kind, tree) for (kind, _), tree in found.items()]


@dataclass(frozen=True, slots=True)
class _TakenIn:
    content: StoredFile
    source: PackagedFile


async def _taken_in(
    repository: Repository,
    documents: Iterable[tuple[Kind, Node]],
    files: Mapping[str, PackagedFile],
) -> dict[str, _TakenIn]:
    """Return the files that documents name, their contents taken in, by the names of the parts."""
    found: dict[str, _TakenIn] = {}
    for kind, tree in documents:
        for path, _ in _named(kind, tree):
            part = part_name(path)
            if part in files and part not in found:
                content = await repository.write_file(_pieces(files[part]))
                found[part] = _TakenIn(content, files[part])
    return found


def _entries(kind: Kind, tree: Node, files: Mapping[str, _TakenIn]) -> Iterator[FileEntry]:
    for path, content_type in dict(_named(kind, tree)).items():
        file = files.get(part_name(path))
        if file is not None:
            yield FileEntry(
                kind,
                tree["id"],
                path,
                file.content,
                content_type or file.source.content_type,
                file.source.path.rsplit("/", 1)[-1],
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


async def _pieces(file: PackagedFile) -> AsyncIterator[bytes]:
    with file.open() as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece

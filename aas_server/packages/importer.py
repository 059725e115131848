"""Taking files into the repository: everything that one import is given, or nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aas_server.errors import Conflict, Finding, InvalidDocument
from aas_server.metamodel.screening import METAMODEL
from aas_server.metamodel.tree import Node, walk
from aas_server.packages.contents import PACKAGE, Contents, PackagedFile
from aas_server.packages.parts import part_name
from aas_server.packages.plan import Fate, ImportReport, OnConflict, Present, Step, decide
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.repository.verifier import Verification, Verifier
from aas_server.store.protocol import FileEntry, Kind, StoredFile

_PIECE: Final = 1_048_576
_SHOWN: Final = 20
_CHARACTERS: Final = "AASd-130"
_MAX_ERRORS: Final = 100
"""Findings of a refusal at most: millions of broken documents must not cost more than one."""
_MAX_FINDINGS: Final = 1000
"""Findings of documents that are told of a file at most."""

Advance = Callable[[], None]


def _nowhere() -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class _Document:
    kind: Kind
    tree: Node
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class _Read:
    """What one file holds, checked, and what is said of it so far."""

    documents: list[_Document]
    report: ImportReport


class Import:
    """One import of one or several files in the name of ``actor``.

    Each file is read with ``read``; then ``finish`` decides about every document and carries that
    out, all of it or nothing. With ``dry_run`` nothing changes. Suppliers' documents that break
    constraints are taken and that is told, unless ``strict``, whatever holds for other writes.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        actor: str,
        on_conflict: OnConflict = OnConflict.FAIL,
        dry_run: bool = False,
        strict: bool = False,
    ) -> None:
        self._repository = repository
        self._actor = actor
        self._on_conflict = on_conflict
        self._dry_run = dry_run
        self._strict = strict
        mode = Verification.STRICT if strict else Verification.REPORT
        self._verifier = Verifier(mode, is_quiet=True)
        self._read: list[_Read] = []

    async def read(self, contents: Contents, *, advance: Advance = _nowhere) -> ImportReport:
        """Check what a file holds and take in the contents of its files, while it is open.

        The report has no steps before ``finish``. ``advance`` is called for each document and file.
        Raises ``InvalidDocument`` for documents without the shape of the metamodel, with ``strict``
        for any finding that is an error; the file is then not part of this import.
        """
        report = ImportReport(
            read={kind: len(trees) for kind, trees in contents.documents.items()},
            files_read=len(contents.files),
            findings=list(contents.findings),
        )
        checked = await self._checked(contents, report, advance)
        documents = _without_repeated(checked, report)
        if self._strict:
            errors = [finding for finding in report.findings if finding.is_error]
            if errors:
                raise InvalidDocument(errors[:_MAX_ERRORS])
        taken = await self._taken_in(documents, contents.files, advance)
        self._read.append(
            _Read([_Document(*each, dict(_entries(*each, taken))) for each in documents], report)
        )
        return report

    async def finish(self) -> None:
        """Decide about every document that was read and carry it out; the reports tell it then.

        Raises ``Conflict`` that names the ids that exist and may not, but not with ``dry_run``:
        then the reports tell them; ``Conflict`` also where a live element would change its type.
        """
        # Nothing is awaited until the commit, so that no other write comes between.
        unit = self._repository.unit(actor=self._actor)
        for each in self._read:
            each.report.steps = [self._step(unit, document) for document in each.documents]
        if self._dry_run:
            return
        conflicts = [identifier for each in self._read for identifier in each.report.conflicts]
        if conflicts:
            more = f" and {len(conflicts) - _SHOWN} more" if len(conflicts) > _SHOWN else ""
            raise Conflict(f"these ids exist already: {', '.join(conflicts[:_SHOWN])}{more}")
        await unit.commit()

    @property
    def _may_replace(self) -> bool:
        return self._on_conflict in (OnConflict.REPLACE, OnConflict.NEWER)

    def _step(self, unit: Unit, document: _Document) -> Step:
        kind, tree = document.kind, document.tree
        identifier = tree["id"]
        there = unit.find(kind, identifier)
        if there is None:
            unit.create(kind, tree)
            step = Step(kind, identifier, Fate.CREATE, files=len(document.files))
        elif self._may_replace and self._repository.is_generated(identifier):
            step = Step(kind, identifier, Fate.LEAVE, "is generated by the server")
        else:
            if self._may_replace:
                tree = self._repository.as_stored((kind, identifier), tree)
            files = self._files_of(unit, document)
            present = Present(there, files, (kind, identifier) in unit.states)
            step = decide(self._on_conflict, kind, tree, document.files, present)
            if step.fate is Fate.REPLACE:
                unit.replace(kind, identifier, tree)
        if step.fate in (Fate.CREATE, Fate.REPLACE):
            for entry in document.files.values():
                unit.put_file(entry)
        return step

    def _files_of(self, unit: Unit, document: _Document) -> dict[str, FileEntry]:
        found = {
            path: unit.file(document.kind, document.tree["id"], path) for path in document.files
        }
        return {path: entry for path, entry in found.items() if entry is not None}

    async def _checked(
        self, contents: Contents, report: ImportReport, advance: Advance
    ) -> list[tuple[Kind, Node]]:
        found: list[tuple[Kind, Node]] = []
        errors: list[Finding] = []
        odd: list[Finding] = []
        for kind, tree, source in contents.with_sources():
            try:
                checked = await self._verifier.check(tree, kind.value)
            except InvalidDocument as error:
                errors += _placed(error.findings, kind, tree, source)
            else:
                fatal = [each for each in checked.findings if _is_fatal(each)]
                errors += _placed(fatal, kind, tree, source)
                found.append((kind, checked.tree))
                odd += _placed(checked.findings, kind, tree, source)
            if len(errors) >= _MAX_ERRORS:
                break
            advance()
        if errors:
            raise InvalidDocument(errors[:_MAX_ERRORS])
        report.findings += odd[:_MAX_FINDINGS]
        if len(odd) > _MAX_FINDINGS:
            text = f"there are {len(odd) - _MAX_FINDINGS} more findings"
            is_error = any(each.is_error for each in odd[_MAX_FINDINGS:])
            report.findings.append(Finding(PACKAGE, "", text, is_error))
        return found

    async def _taken_in(
        self,
        documents: Iterable[tuple[Kind, Node]],
        files: Mapping[str, PackagedFile],
        advance: Advance,
    ) -> dict[str, _TakenIn]:
        """Return the files that documents name, their contents taken in, by their parts' names."""
        take = measured if self._dry_run else self._repository.write_file
        found: dict[str, _TakenIn] = {}
        for kind, tree in documents if files else ():
            for path, _ in _named(kind, tree):
                part = part_name(path)
                if part in files and part not in found:
                    content = await take(_pieces(files[part]))
                    found[part] = _TakenIn(content, files[part])
                    advance()
        return found


async def import_contents(
    repository: Repository,
    contents: Contents,
    *,
    actor: str,
    on_conflict: OnConflict = OnConflict.FAIL,
    dry_run: bool = False,
    strict: bool = False,
) -> ImportReport:
    """Import one file; see ``Import`` for what is raised: then nothing was changed."""
    one = Import(repository, actor=actor, on_conflict=on_conflict, dry_run=dry_run, strict=strict)
    report = await one.read(contents)
    await one.finish()
    return report


async def measured(pieces: AsyncIterator[bytes]) -> StoredFile:
    """Return digest and size of a file, which is stored nowhere."""
    digest = hashlib.sha256()
    size = 0
    async for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return StoredFile(digest.hexdigest(), size)


def _is_fatal(finding: Finding) -> bool:
    """Return whether a document cannot be had: nothing could address it, or write it as XML."""
    name = finding.path.rpartition(".")[2]
    # Published packages have items of lists with an empty idShort: those are addressed by index.
    is_name = name == "id" or (name == "idShort" and "maximum length" in finding.text)
    return finding.code == _CHARACTERS or (finding.code == METAMODEL and is_name)


def _placed(findings: Iterable[Finding], kind: Kind, tree: Node, source: str) -> Iterator[Finding]:
    """Yield ``findings`` of a document with the place that they have in a package."""
    # What stands in an environment need not be an object.
    name = tree.get("id") if type(tree) is dict else None
    part = source if source.startswith("/") else ""
    for each in findings:
        path = f"{kind.value} {name!r} {each.path}".rstrip()
        yield Finding(each.code, path, each.text, each.is_error, part, each.hint)


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


def _entries(
    kind: Kind, tree: Node, files: Mapping[str, _TakenIn]
) -> Iterator[tuple[str, FileEntry]]:
    for path, content_type in dict(_named(kind, tree) if files else ()).items():
        file = files.get(part_name(path))
        if file is not None:
            name = file.source.path.rsplit("/", 1)[-1]
            type_ = content_type or file.source.content_type
            yield path, FileEntry(kind, tree["id"], path, file.content, type_, name)


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

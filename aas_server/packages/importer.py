"""Taking files into the repository: everything that one import is given, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from aas_server.errors import Conflict, InvalidDocument
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import Contents, PackagedFile
from aas_server.packages.file_taking import TakenIn, entries, measured, taken_in
from aas_server.packages.judging import (
    Judgement,
    is_fatal,
    named_files,
    placed,
    repeated,
    require_no_errors,
)
from aas_server.packages.plan import Fate, ImportReport, OnConflict, Present, Step, decide
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.repository.verifier import Verification, Verifier
from aas_server.store.protocol import FileEntry, Kind

_SHOWN: Final = 20

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
            require_no_errors(report)
        taken = await self._taken_in(documents, contents.files, advance)
        self._read.append(_Read([_document(*each, taken) for each in documents], report))
        return report

    async def finish(self) -> None:
        """Decide about every document that was read and carry it out; the reports tell it then.

        Raises ``Conflict`` that names the ids that exist and may not, but not with ``dry_run``:
        then the reports tell them; ``Conflict`` also where a live element would change its type.
        """
        if self._dry_run:
            await self._decide(self._repository.unit(actor=self._actor))
        else:
            await self._repository.change(self._carry_out, actor=self._actor)

    async def _decide(self, unit: Unit) -> None:
        for each in self._read:
            each.report.steps = [await self._step(unit, document) for document in each.documents]

    async def _carry_out(self, unit: Unit) -> None:
        await self._decide(unit)
        conflicts = [identifier for each in self._read for identifier in each.report.conflicts]
        if conflicts:
            more = f" and {len(conflicts) - _SHOWN} more" if len(conflicts) > _SHOWN else ""
            raise Conflict(f"these ids exist already: {', '.join(conflicts[:_SHOWN])}{more}")

    @property
    def _may_replace(self) -> bool:
        return self._on_conflict in (OnConflict.REPLACE, OnConflict.NEWER)

    async def _step(self, unit: Unit, document: _Document) -> Step:
        kind, tree = document.kind, document.tree
        identifier = tree["id"]
        there = await unit.find(kind, identifier)
        if there is None:
            await unit.create(kind, tree)
            step = Step(kind, identifier, Fate.CREATE, files=len(document.files))
        elif self._may_replace and self._repository.is_generated(identifier):
            step = Step(kind, identifier, Fate.LEAVE, "is generated by the server")
        else:
            if self._may_replace:
                tree = self._repository.as_stored((kind, identifier), tree, there)
            files = await self._files_of(unit, document)
            present = Present(there, files, (kind, identifier) in unit.states)
            step = decide(self._on_conflict, kind, tree, document.files, present)
            if step.fate is Fate.REPLACE:
                await unit.replace(kind, identifier, tree)
        if step.fate in (Fate.CREATE, Fate.REPLACE):
            for entry in document.files.values():
                unit.put_file(entry)
        return step

    async def _files_of(self, unit: Unit, document: _Document) -> dict[str, FileEntry]:
        found = {
            path: await unit.file(document.kind, document.tree["id"], path)
            for path in document.files
        }
        return {path: entry for path, entry in found.items() if entry is not None}

    async def _checked(
        self, contents: Contents, report: ImportReport, advance: Advance
    ) -> list[tuple[Kind, Node]]:
        found: list[tuple[Kind, Node]] = []
        judgement = Judgement()
        for kind, tree, source in contents.with_sources():
            try:
                checked = await self._verifier.check(tree, kind.value)
            except InvalidDocument as error:
                judgement.refuse(placed(error.findings, kind, tree, source))
            else:
                fatal = [each for each in checked.findings if is_fatal(each)]
                judgement.refuse(placed(fatal, kind, tree, source))
                found.append((kind, checked.tree))
                judgement.tell(placed(checked.findings, kind, tree, source))
            if judgement.is_enough:
                break
            advance()
        judgement.into(report)
        return found

    async def _taken_in(
        self,
        documents: Iterable[tuple[Kind, Node]],
        files: Mapping[str, PackagedFile],
        advance: Advance,
    ) -> dict[str, TakenIn]:
        """Return the files that documents name, their contents taken in, by their parts' names."""
        take = measured if self._dry_run else self._repository.write_file
        named = documents if files else ()
        paths = (path for kind, tree in named for path, _ in named_files(kind, tree))
        return await taken_in(paths, files, take, advance)


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


def _without_repeated(
    documents: Iterable[tuple[Kind, Node]], report: ImportReport
) -> list[tuple[Kind, Node]]:
    """Return the first document with each id; others are told by findings."""
    found: dict[tuple[Kind, str], Node] = {}
    for kind, tree in documents:
        first = found.setdefault((kind, tree["id"]), tree)
        if first is not tree:
            report.findings.append(repeated(kind, tree["id"], differs=first != tree))
    return [(kind, tree) for (kind, _), tree in found.items()]


def _document(kind: Kind, tree: Node, files: Mapping[str, TakenIn]) -> _Document:
    named = named_files(kind, tree) if files else ()
    found = {each.path: each for each in entries(kind, tree["id"], named, files)}
    return _Document(kind, tree, found)

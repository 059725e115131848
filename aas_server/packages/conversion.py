"""Converting between the forms that environments are exchanged in, by the extensions of files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aas_server.clock import Clock
from aas_server.errors import BadRequest, Finding
from aas_server.live.hub import LiveHub
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import Contents
from aas_server.packages.environments import contents_of
from aas_server.packages.importer import import_contents
from aas_server.packages.rdf.reading import read_rdf
from aas_server.packages.rdf.writing import RdfFormat, write_rdf
from aas_server.packages.reader import entered_package
from aas_server.packages.selection import Metamodel, Selection, files_of, select
from aas_server.packages.tables import FindConcept, write_csv, write_xlsx
from aas_server.packages.writer import environment_xml, write_json, write_package
from aas_server.repository.repository import Repository
from aas_server.store.sqlite import SqliteStore

_RDF: Final = {
    ".ttl": RdfFormat.TURTLE,
    ".jsonld": RdfFormat.JSON_LD,
    ".nq": RdfFormat.N_QUADS,
    ".nt": RdfFormat.N_TRIPLES,
}
_ENVIRONMENTS: Final = (".json", ".xml", ".aasx")
_TABLES: Final[dict[str, Callable[..., bytes]]] = {".csv": write_csv, ".xlsx": write_xlsx}

READABLE: Final = (*_ENVIRONMENTS, *_RDF)
"""The extensions of files that are read."""
WRITABLE: Final = (*READABLE, *_TABLES)
"""The extensions of files that are written; tables hold one submodel and are not read back."""


async def convert(
    source: Path, target: Path, *, clock: Clock, metamodel: Metamodel = Metamodel.V3_1
) -> list[Finding]:
    """Write what ``source`` holds to ``target`` and return what was odd about it, and what an older
    metamodel says otherwise or cannot say.

    Files of a package come along only into another package. ``target`` is there afterwards in full
    or as it was. Raises ``BadRequest`` for an extension that is not known, for what cannot be read,
    and for a table of anything but one submodel; ``InvalidDocument``, ``Conflict``.
    """
    _require(source, READABLE)
    _require(target, WRITABLE)
    if metamodel is not Metamodel.V3_1 and target.suffix not in _ENVIRONMENTS:
        raise BadRequest(f"only {', '.join(_ENVIRONMENTS)} are written in 3.0", path=str(target))
    async with AsyncExitStack() as stack:
        repository = await stack.enter_async_context(_scratch(clock))
        contents = await _contents(stack.enter_context(ExitStack()), source)
        report = await import_contents(repository, contents, actor="convert")
        folder = stack.enter_context(TemporaryDirectory(dir=target.parent, prefix=".convert-"))
        written = Path(folder) / target.name
        everything = await select(repository, metamodel=metamodel)
        await _write(repository, everything, written)
        written.replace(target)
    report.findings += everything.differences()
    if target.suffix != ".aasx" and report.files:
        lost = Finding("files", "", f"{report.files} files are left out: only .aasx holds files")
        report.findings.append(lost)
    return report.findings


@asynccontextmanager
async def _scratch(clock: Clock) -> AsyncIterator[Repository]:
    """Yield an empty repository."""
    with TemporaryDirectory(prefix="aas-server-convert-") as folder:
        store = SqliteStore(Path(folder), clock, history_versions=0)
        await store.open()
        try:
            yield Repository(store, LiveHub(clock), clock)
        finally:
            await store.close()


async def _contents(stack: ExitStack, source: Path) -> Contents:
    form = _RDF.get(source.suffix)
    if form is None:
        return await entered_package(stack, source)
    body = await asyncio.to_thread(source.read_bytes)
    return contents_of(await asyncio.to_thread(read_rdf, body, form), source.name)


async def _write(repository: Repository, everything: Selection, target: Path) -> None:
    if target.suffix == ".aasx":
        files = files_of(everything)
        await write_package(target, everything, files, repository.read_file, as_xml=True)
        return
    body = await asyncio.to_thread(_body, everything, target.suffix)
    await asyncio.to_thread(target.write_bytes, body)


def _body(everything: Selection, suffix: str) -> bytes:
    # Nobody else uses this repository, so that its documents may be looked at in a thread.
    if suffix == ".json":
        return write_json(everything)
    if suffix == ".xml":
        return environment_xml(everything.environment(), everything)
    if suffix in _RDF:
        return write_rdf(everything.environment(), _RDF[suffix])
    return _TABLES[suffix](_only_submodel(everything), concept=_concepts_of(everything))


def _only_submodel(selection: Selection) -> Node:
    if len(selection.submodels) != 1:
        raise BadRequest(f"a table holds one submodel, and here are {len(selection.submodels)}")
    return selection.submodels[0].tree()


def _concepts_of(selection: Selection) -> FindConcept:
    concepts = {concept.id: concept for concept in selection.concept_descriptions}

    def find(identifier: str) -> Node | None:
        concept = concepts.get(identifier)
        return None if concept is None else concept.tree()

    return find


def _require(file: Path, suffixes: tuple[str, ...]) -> None:
    if file.suffix not in suffixes:
        raise BadRequest(f"its extension is none of {', '.join(suffixes)}", path=str(file))

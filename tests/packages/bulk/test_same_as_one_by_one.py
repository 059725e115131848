"""Imports of any size decide, tell and store what an import through the repository does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import BadRequest, Conflict, Finding, InvalidDocument
from aas_server.live.hub import LiveHub
from aas_server.packages.bulk.reading import Reading
from aas_server.packages.bulk.verdicts import Manner
from aas_server.packages.contents import Contents
from aas_server.packages.importer import Import
from aas_server.packages.plan import ImportReport, OnConflict
from aas_server.packages.reader import entered_package
from aas_server.repository.document import decode
from aas_server.repository.repository import Repository
from aas_server.store.protocol import FileEntry, Kind, Selection
from aas_server.store.terms import term_of, terms_of
from tests.packages.bulk.stores import imported, written
from tests.packages.packages import (
    aasx,
    environment,
    file_element,
    shell,
    submodel,
    xml,
    xml_property,
)
from tests.packages.test_published import published
from tests.packages.v2_samples import JSON as V2
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

PROPERTY = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:double", "value": "1.0"}
BROKEN = submodel("urn:broken", PROPERTY | {"value": "heavy"}, PROPERTY | {"idShort": "a-"})
SHAPELESS = submodel("urn:shapeless", PROPERTY | {"modelType": "Nothing"}, {"idShort": 5})
OLDER_HABITS = submodel("urn:old", PROPERTY | {"category": None, "qualifiers": []})
PUMP = submodel("urn:pump", PROPERTY, file_element("Manual", "/aasx/files/a.txt", "text/plain"))
FILES = {"aasx/files/a.txt": "content"}


MISSING = file_element("Other", "/aasx/files/missing.txt")
NESTED: dict[str, Any] = {"type": "ExternalReference", "keys": [PROPERTY]}
for _ in range(200):
    NESTED = {"type": "ExternalReference", "keys": [PROPERTY], "referredSemanticId": NESTED}


@dataclass(frozen=True, slots=True)
class Ended:
    """How the import of several files ended: what is told of each, what is stored, and which
    documents lists find by each term.
    """

    told: list[tuple[ImportReport, str, list[Finding]]]
    documents: list[tuple[Kind, str, bytes, Mapping[str, FileEntry]]]
    lists: dict[tuple[Kind, bytes], list[str]]


async def ended(told: list[tuple[ImportReport, str, list[Finding]]], store: MemoryStore) -> Ended:
    documents = [each async for each in store.documents()]
    lists: dict[tuple[Kind, bytes], list[str]] = {}
    for each in documents:
        for term in terms_of(each.kind, decode(each.body)) | {term_of(each.kind, "idShort", "Aa")}:
            found = await store.list_ids(each.kind, Selection(frozenset({term})), limit=10_000)
            lists[each.kind, term] = [identifier for _, identifier in found.entries]
    return Ended(told, [(each.kind, each.id, each.body, each.files) for each in documents], lists)


async def one_by_one(files: Sequence[Path], first: Sequence[Path], **how: Any) -> Ended:
    """Import ``files`` through a repository, into which ``first`` were imported before."""
    clock = FakeClock()
    store = MemoryStore(clock)
    repository = Repository(store, LiveHub(clock), clock)
    if first:
        await _imported(Import(repository, actor="test"), first)
    told = await _imported(Import(repository, actor="test", **how), files, is_dry=how["dry_run"])
    return await ended(told, store)


async def _imported(
    deed: Import, files: Sequence[Path], *, is_dry: bool = False
) -> list[tuple[ImportReport, str, list[Finding]]]:
    told: list[tuple[ImportReport, str, list[Finding]]] = []
    for file in files:
        contents = Contents()
        with ExitStack() as stack:
            try:
                contents = await entered_package(stack, file)
                told.append((await deed.read(contents), "", []))
            except BadRequest as error:
                findings = list(error.findings) if isinstance(error, InvalidDocument) else []
                reason = f"{type(error).__name__} {'' if findings else error}"
                told.append((ImportReport(), reason, findings))
    if is_dry or not any(reason for _, reason, _ in told):
        with suppress(Conflict):  # the reports tell it
            await deed.finish()
    return told


async def at_once(
    files: Sequence[Path], first: Sequence[Path], *, strict: bool, processes: int = 0, **how: Any
) -> Ended:
    """Import ``files`` as the command does, into a store into which ``first`` were before."""
    clock = FakeClock()
    store = MemoryStore(clock)
    if first:
        await imported(store, clock, first)
    manner = Manner(strict=strict)
    readings = await imported(store, clock, files, manner, processes=processes, **how)
    return await ended([_told(reading) for reading in readings], store)


def _told(reading: Reading) -> tuple[ImportReport, str, list[Finding]]:
    error = reading.failure
    if error is None:
        return reading.report, "", []
    findings = list(error.findings) if isinstance(error, InvalidDocument) else []
    return ImportReport(), f"{type(error).__name__} {'' if findings else error}", findings


ENVIRONMENTS: dict[str, bytes | dict[str, Any]] = {
    "documents": environment(shell("urn:shell"), PUMP, submodel("urn:b")),
    "the same again": environment(shell("urn:shell"), PUMP, submodel("urn:b")),
    "another pump": environment(PUMP | {"idShort": "Aa"}, submodel("urn:c")),
    "a newer pump": environment(PUMP | {"administration": {"version": "3"}}),
    "broken constraints": environment(BROKEN, submodel("urn:d"), OLDER_HABITS),
    "no shape": environment(submodel("urn:e"), SHAPELESS),
    "no objects": {"submodels": [submodel("urn:f"), 5, None, [], "urn:g"]},
    "no id": {"submodels": [{"modelType": "Submodel"}, {"modelType": "Submodel", "id": ""}]},
    "long id": environment(submodel("x" * 2049)),
    "strange characters": environment(submodel("urn:\x01")),
    "of another kind": {"submodels": [shell("urn:i")], "conceptDescriptions": None},
    "twice, the same": {"submodels": [PUMP, dict(reversed(PUMP.items()))]},
    "twice, different": {"submodels": [PUMP, submodel("urn:j"), submodel("urn:pump")]},
    "an id of two kinds": environment(shell("urn:k"), submodel("urn:k")),
    "much that is odd": environment(
        *(submodel(f"urn:l:{n}", PROPERTY | {"value": "heavy"}) for n in range(1200))
    ),
    "much that is wrong": environment(*(SHAPELESS | {"id": f"urn:m:{n}"} for n in range(300))),
    "nothing": {},
    "empty lists": {"submodels": [], "assetAdministrationShells": None},
    "no list": {"submodels": {}},
    "unknown members": {"submodels": [], "views": []},
    "an array": b"[]",
    "a text": b'"submodels"',
    "no bytes": b"",
    "members twice": b'{"submodels": [5], "submodels": [{"modelType": "Submodel", "id": "urn:n"}]}',
    "cut off": json.dumps(environment(PUMP)).encode()[:-9],
    "a comma too much": b'{"submodels": [{"modelType": "Submodel", "id": "urn:o",}]}',
    "an escape that is none": b'{"submodels": [{"modelType": "Submodel", "id": "urn:\\x"}]}',
    "bytes that are no text": b'{"submodels": [{"modelType": "Submodel", "id": "\xff"}]}',
    "half a pair": b'{"submodels": [{"modelType": "Submodel", "id": "\\ud83d"}]}',
    "a huge number": b'{"submodels": [{"modelType": "Submodel", "id": "urn:p", "a": 1e999}]}',
    "a long number": b'{"submodels": [{"modelType": "Submodel", "id": "urn:q", "a": %d}]}' % 2**70,
    "deep": b'{"submodels": [%b]}' % (b"[" * 5000 + b"]" * 5000),
    "dense": b'{"submodels": [%b]}' % b",".join([b"{}"] * 600_000),
    "with a mark": b"\xef\xbb\xbf" + json.dumps(environment(submodel("urn:r"))).encode(),
    "with blanks": json.dumps(environment(submodel("urn:s", PROPERTY)), indent=4).encode(),
    "escapes": rb'{"submodels": [{"modelType": "Submodel", "id": "urn:\u00e4\/\ud83d\ude00"}]}',
    "of 2.0": V2,
    "2.0 as a value": environment(
        submodel("urn:t", PROPERTY | {"valueType": "xs:string", "value": "identification"})
    ),
    "XML": xml(xml_property("5")).encode(),
    "no XML": b"<environment",
    "a package": aasx(environment(shell("urn:u"), PUMP), FILES),
    "another content": aasx(environment(PUMP), {"aasx/files/a.txt": "another content"}),
    "a package without its file": aasx(environment(PUMP, submodel("urn:v", MISSING))),
    "a package with XML": aasx(xml(xml_property("5"))),
    "a package of nonsense": aasx("nonsense"),
    "a damaged package": aasx(environment(PUMP), FILES)[:-30],
    "nested references": environment(
        submodel("urn:w", PROPERTY | {"semanticId": NESTED["referredSemanticId"]})
    ),
}
GOOD = (
    "documents",
    "the same again",
    "another pump",
    "a newer pump",
    "broken constraints",
    "twice, different",
    "an id of two kinds",
    "of 2.0",
    "XML",
    "a package",
    "another content",
    "a package without its file",
)
MODES = [(OnConflict.FAIL, True), *((mode, False) for mode in OnConflict)]


@pytest.mark.parametrize(("on_conflict", "strict"), MODES)
@pytest.mark.parametrize("name", ENVIRONMENTS)
async def test_one_file_is_told_and_stored_the_same(
    tmp_path: Path, name: str, on_conflict: OnConflict, strict: bool
) -> None:
    first = [written(tmp_path / "first.json", ENVIRONMENTS["documents"])]
    file = [written(tmp_path / "file", ENVIRONMENTS[name])]
    how: dict[str, Any] = {"on_conflict": on_conflict, "strict": strict, "dry_run": False}
    assert await at_once(file, first, **how) == await one_by_one(file, first, **how)
    how["dry_run"] = True
    assert await at_once(file, first, **how) == await one_by_one(file, first, **how)


@pytest.mark.parametrize("on_conflict", OnConflict)
async def test_several_files_are_told_and_stored_the_same(
    tmp_path: Path, on_conflict: OnConflict
) -> None:
    good = [
        written(tmp_path / str(number), ENVIRONMENTS[name])
        for number, name in enumerate(ENVIRONMENTS)
        if name in GOOD
    ]
    how: dict[str, Any] = {"on_conflict": on_conflict, "strict": False}
    for dry_run in (True, False):
        for first, files in (([], good), (good[:3], good), ([], good[::-1])):
            ours = await at_once(files, first, dry_run=dry_run, **how)
            assert ours == await one_by_one(files, first, dry_run=dry_run, **how)


async def test_what_was_published_is_told_and_stored_the_same(shared_dir: Path) -> None:
    files = [*published(shared_dir, ".aasx")[::3], *published(shared_dir, ".json")[::3]]
    how: dict[str, Any] = {"on_conflict": OnConflict.SKIP, "strict": True, "dry_run": True}
    assert await at_once(files, [], processes=2, **how) == await one_by_one(files, [], **how)
    how = {"on_conflict": OnConflict.REPLACE, "strict": False, "dry_run": False}
    assert await at_once(files, [], processes=2, **how) == await one_by_one(files, [], **how)

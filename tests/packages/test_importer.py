"""Packages that are taken in: all of each or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from aas_server.errors import Conflict, InvalidDocument, StoreUnavailable
from aas_server.live.hub import LiveHub
from aas_server.metamodel.tree import Node
from aas_server.packages.plan import Fate, OnConflict
from aas_server.repository.guard import Judgement
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.packages.packages import aasx, environment, file_element, shell, submodel
from tests.packages.stored import content_of, taken_in
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

A = submodel("urn:sm:a", file_element("Manual", "/aasx/files/a.txt", "text/markdown"))
B = submodel("urn:sm:b", file_element("Manual", "aasx/files/my%20file.txt"))
SHELL = shell("urn:shell", defaultThumbnail={"path": "/aasx/files/a.txt"})
FILES = {"aasx/files/a.txt": "content of a", "aasx/files/my%20file.txt": "content of b"}
PACKAGE = aasx(environment(SHELL, A, B), FILES)


async def test_documents_come_with_the_files_that_they_name(
    repository: Repository, tmp_path: Path
) -> None:
    report = await taken_in(repository, tmp_path / "a", PACKAGE)
    assert report.created == {Kind.SHELL: 1, Kind.SUBMODEL: 2}
    assert (report.files, report.skipped, report.findings) == (3, 0, [])
    assert [each.tree() async for each in repository.submodels] == [A, B]
    for kind, owner, path, expected in (
        (Kind.SHELL, "urn:shell", "/aasx/files/a.txt", b"content of a"),
        (Kind.SUBMODEL, "urn:sm:a", "/aasx/files/a.txt", b"content of a"),
        (Kind.SUBMODEL, "urn:sm:b", "aasx/files/my%20file.txt", b"content of b"),
    ):
        assert await content_of(repository, kind, owner, path) == expected
    entry = await repository.file_entry(Kind.SUBMODEL, "urn:sm:a", "/aasx/files/a.txt")
    assert entry is not None
    assert (entry.content_type, entry.file_name) == ("text/markdown", "a.txt")


async def test_ids_that_exist_are_named_and_nothing_is_changed(
    repository: Repository, tmp_path: Path
) -> None:
    await taken_in(repository, tmp_path / "a", aasx(environment(A), FILES))
    with pytest.raises(Conflict, match="urn:sm:a"):
        await taken_in(repository, tmp_path / "b", PACKAGE)
    assert await repository.shells.count() == 0
    assert [each.id async for each in repository.submodels] == ["urn:sm:a"]


async def test_ids_that_exist_are_passed_over_when_that_is_wanted(
    repository: Repository, tmp_path: Path
) -> None:
    await taken_in(repository, tmp_path / "a", aasx(environment(A), FILES))
    changed = A | {"idShort": "Changed"}
    other = aasx(environment(SHELL, changed, B), dict.fromkeys(FILES, "another content"))
    report = await taken_in(repository, tmp_path / "b", other, on_conflict=OnConflict.SKIP)
    assert (report.skipped, report.created) == (1, {Kind.SHELL: 1, Kind.SUBMODEL: 1})
    assert (await repository.submodels.get("urn:sm:a")).tree() == A
    kept = await content_of(repository, Kind.SUBMODEL, "urn:sm:a", "/aasx/files/a.txt")
    assert kept == b"content of a"


@pytest.mark.parametrize(("second", "is_error"), [(A, False), (A | {"idShort": "Different"}, True)])
async def test_a_document_that_is_there_twice_is_taken_once_and_told(
    repository: Repository, tmp_path: Path, second: dict[str, object], is_error: bool
) -> None:
    report = await taken_in(repository, tmp_path / "a", aasx({"submodels": [A, second]}, FILES))
    assert (await repository.submodels.get("urn:sm:a")).tree() == A
    assert (report.created, report.skipped, report.files) == ({Kind.SUBMODEL: 1}, 0, 1)
    (finding,) = report.findings
    assert "urn:sm:a" in finding.path
    assert "twice" in finding.text
    assert finding.is_error is is_error


async def test_what_breaks_a_constraint_is_taken_and_told(
    repository: Repository, tmp_path: Path
) -> None:
    odd = submodel("urn:sm:odd") | {"idShort": "1 wrong"}
    report = await taken_in(repository, tmp_path / "a", aasx(environment(odd)))
    (finding,) = report.findings
    assert (finding.code, finding.path, finding.part, finding.is_error) == (
        "AASd-002",
        "Submodel 'urn:sm:odd' idShort",
        "/aasx/data.json",
        True,
    )
    assert (await repository.submodels.get("urn:sm:odd")).tree() == odd


async def test_every_fault_of_every_document_is_told(
    repository: Repository, tmp_path: Path
) -> None:
    broken = [submodel(f"urn:sm:{number}") | {"idShort": "1 wrong"} for number in range(3)]
    with pytest.raises(InvalidDocument) as refusal:
        await taken_in(
            repository, tmp_path / "a", aasx(environment(A, *broken), FILES), strict=True
        )
    assert len(refusal.value.findings) >= 3
    assert [f"urn:sm:{n}" in str(refusal.value.findings) for n in range(3)] == [True] * 3
    assert await repository.submodels.count() == 0


async def test_a_store_that_fails_leaves_nothing(
    clock: FakeClock, hub: LiveHub, tmp_path: Path
) -> None:
    store = MemoryStore(clock)
    repository = Repository(store, hub, clock)
    store.failure = "the disk is full"
    with pytest.raises(StoreUnavailable):
        await taken_in(repository, tmp_path / "a", PACKAGE)
    assert await repository.shells.count() == await repository.submodels.count() == 0
    assert await repository.file_entries(Kind.SUBMODEL, "urn:sm:a") == []


@pytest.mark.parametrize("mode", [OnConflict.SKIP, OnConflict.REPLACE, OnConflict.NEWER])
async def test_what_the_server_generates_stays(
    repository: Repository, tmp_path: Path, mode: OnConflict
) -> None:
    repository.put_generated(A | {"idShort": "Status"})
    report = await taken_in(repository, tmp_path / "a", PACKAGE, on_conflict=mode)
    assert (report.skipped, report.created) == (1, {Kind.SHELL: 1, Kind.SUBMODEL: 1})
    assert (await repository.submodels.get("urn:sm:a")).tree()["idShort"] == "Status"


async def test_a_replaced_document_keeps_only_the_files_that_it_names(
    repository: Repository, tmp_path: Path
) -> None:
    await taken_in(repository, tmp_path / "a", PACKAGE)
    other = submodel("urn:sm:a", file_element("Other", "/aasx/files/b.txt"))
    body = aasx(environment(other), {"aasx/files/b.txt": "content"})
    report = await taken_in(repository, tmp_path / "b", body, on_conflict=OnConflict.REPLACE)
    assert (report.replaced, report.files) == ({Kind.SUBMODEL: 1}, 1)
    kept = [entry.path for entry in await repository.file_entries(Kind.SUBMODEL, "urn:sm:a")]
    assert kept == ["/aasx/files/b.txt"]


@dataclass
class Rival:
    """A guard that takes everything, and writes a submodel itself before the first judgement."""

    repository: Repository
    tree: Node
    has_written: bool = False

    async def judgement(self) -> Judgement:
        if not self.has_written:
            self.has_written = True
            await self.repository.create(Kind.SUBMODEL, self.tree, actor="rival")
        return lambda _: []


async def test_an_import_that_is_overtaken_decides_anew_and_its_report_tells_only_that(
    repository: Repository, tmp_path: Path
) -> None:
    theirs = submodel("urn:sm:a", file_element("Other", "/other.txt"))
    repository.guard_writes(Rival(repository, theirs))
    report = await taken_in(repository, tmp_path / "a", PACKAGE, on_conflict=OnConflict.SKIP)
    assert [(step.id, step.fate) for step in report.steps] == [
        ("urn:shell", Fate.CREATE),
        ("urn:sm:a", Fate.LEAVE),
        ("urn:sm:b", Fate.CREATE),
    ]
    assert (await repository.submodels.get("urn:sm:a")).tree() == theirs
    assert await repository.file_entries(Kind.SUBMODEL, "urn:sm:a") == []


async def test_an_import_that_is_overtaken_by_one_of_its_ids_is_refused_as_a_whole(
    repository: Repository, tmp_path: Path
) -> None:
    repository.guard_writes(Rival(repository, submodel("urn:sm:b")))
    with pytest.raises(Conflict, match=r"these ids exist already: urn:sm:b$"):
        await taken_in(repository, tmp_path / "a", PACKAGE)
    assert await repository.shells.count() == 0
    assert [each.id async for each in repository.submodels] == ["urn:sm:b"]

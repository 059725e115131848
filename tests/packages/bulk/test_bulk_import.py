"""Imports of any size: looked up and written for many at a time, all of it or nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from zstandard import compress

from aas_server.errors import BadRequest, Interrupted, InvalidDocument, StoreUnavailable
from aas_server.packages.bulk import opening, planning
from aas_server.packages.bulk.held import Held
from aas_server.packages.bulk.verdicts import Manner
from aas_server.packages.contents import Contents
from aas_server.packages.plan import Fate, OnConflict
from aas_server.store.protocol import Kind, Operation, Selection, Write
from aas_server.store.terms import joined, separated, term_of, terms_of
from tests.packages.bulk.stores import (
    documents_of,
    ignored,
    imported,
    started,
    trees_of,
    written,
)
from tests.packages.packages import aasx, environment, file_element, shell, submodel
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

PROPERTY = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:double", "value": "1.0"}
HEAVY = PROPERTY | {"value": "heavy"}
MANUAL = file_element("Manual", "/aasx/files/a.txt", "text/plain")


@pytest.fixture
def store(clock: FakeClock) -> MemoryStore:
    return MemoryStore(clock)


def many(tmp_path: Path, count: int, *elements: Any, name: str = "many.json") -> Path:
    trees = [submodel(f"urn:{n}", *elements) for n in range(count)]
    return written(tmp_path / name, environment(shell("urn:shell"), *trees))


async def test_documents_are_created_in_their_order(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    (reading,) = await imported(store, clock, [many(tmp_path, 1000, PROPERTY)], processes=2)
    assert reading.report.created == {Kind.SHELL: 1, Kind.SUBMODEL: 1000}
    made = list((await documents_of(store)).values())
    assert [each.id for each in made] == ["urn:shell", *(f"urn:{n}" for n in range(1000))]
    assert {(each.revision, each.created, each.updated) for each in made} == {
        (1, clock.now(), clock.now())
    }
    assert json.loads(made[-1].body) == submodel("urn:999", PROPERTY)
    log = [each async for each in store.changes(limit=2000)]
    assert (len(log), {(each.operation, each.actor) for each in log}) == (
        1001,
        {(Operation.CREATE, "test")},
    )


async def test_ids_are_looked_up_many_at_a_time(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    files = [many(tmp_path, 700), many(tmp_path, 700, name="again.json")]
    await imported(store, clock, files, on_conflict=OnConflict.SKIP)
    assert len(store.fetches) < 6
    assert sum(len(ids) for _, ids in store.fetches) == 1402


async def test_what_is_replaced_knows_what_was_there(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    await imported(store, clock, [many(tmp_path, 3)])
    before = await documents_of(store)
    clock.advance(10)
    file = many(tmp_path, 4, PROPERTY)
    (reading,) = await imported(store, clock, [file], on_conflict=OnConflict.REPLACE)
    assert [step.fate for step in reading.report.steps] == [
        Fate.LEAVE,
        *[Fate.REPLACE] * 3,
        Fate.CREATE,
    ]
    for key, each in (await documents_of(store)).items():
        if key in before and key[0] is Kind.SUBMODEL:
            assert (each.sequence, each.created) == (before[key].sequence, before[key].created)
            assert (each.revision, each.updated) == (2, clock.now())
            former = await store.version_at(*key, before[key].updated)
            assert former == before[key].body


async def test_a_document_of_two_files_is_written_once(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    first, second = many(tmp_path, 2), many(tmp_path, 2, PROPERTY, name="second.json")
    readings = await imported(store, clock, [first, second], on_conflict=OnConflict.REPLACE)
    assert [step.fate for step in readings[1].report.steps] == [Fate.LEAVE, *[Fate.REPLACE] * 2]
    assert len([each async for each in store.changes()]) == 3
    assert (await trees_of(store))[Kind.SUBMODEL, "urn:1"] == submodel("urn:1", PROPERTY)


async def test_lists_find_documents_by_what_they_are_now(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    async def found(name: str) -> list[str]:
        terms = frozenset({term_of(Kind.SUBMODEL, "idShort", name)})
        listed = await store.list_ids(Kind.SUBMODEL, Selection(terms))
        return [identifier for _, identifier in listed.entries]

    for name in ("Before", "After"):
        tree = submodel("urn:a") | {"idShort": name, "kind": "Template"}
        file = written(tmp_path / f"{name}.json", environment(tree))
        await imported(store, clock, [file], on_conflict=OnConflict.REPLACE)
        assert await found(name) == ["urn:a"]
    assert await found("Before") == []


async def test_names_of_files_go_with_what_mentioned_them(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    package = written(
        tmp_path / "a.aasx", aasx(environment(submodel("urn:a", MANUAL)), {"aasx/files/a.txt": "a"})
    )
    await imported(store, clock, [package])
    (kept,) = (await documents_of(store)).values()
    assert list(kept.files) == ["/aasx/files/a.txt"]
    without = written(tmp_path / "b.json", environment(submodel("urn:a", PROPERTY)))
    await imported(store, clock, [without, package, without], on_conflict=OnConflict.REPLACE)
    (kept,) = (await documents_of(store)).values()
    assert (kept.revision, kept.files) == (2, {})


async def test_nothing_is_stored_when_one_file_is_refused(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    broken = written(tmp_path / "broken.json", environment(submodel("urn:a", HEAVY)))
    nonsense = written(tmp_path / "nonsense", b"nonsense")
    missing = tmp_path / "missing.json"
    files = [many(tmp_path, 10), broken, nonsense, missing]
    readings = await imported(store, clock, files, Manner(strict=True))
    failures = [reading.failure for reading in readings]
    assert failures[0] is None
    assert [type(each) for each in failures[1:]] == [
        InvalidDocument,
        BadRequest,
        FileNotFoundError,
    ]
    assert await documents_of(store) == {}


async def test_ids_that_exist_keep_everything_out(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    await imported(store, clock, [many(tmp_path, 1)])
    (reading,) = await imported(store, clock, [many(tmp_path, 5)])
    assert reading.report.conflicts == ["urn:shell", "urn:0"]
    assert len(await documents_of(store)) == 2


@pytest.mark.parametrize("processes", [0, 2])
async def test_trust_takes_what_breaks_a_constraint_and_refuses_what_has_no_shape(
    store: MemoryStore, clock: FakeClock, tmp_path: Path, processes: int
) -> None:
    manner = Manner(trusted=True)
    file = written(tmp_path / "a.json", environment(submodel("urn:a", HEAVY)))
    (reading,) = await imported(store, clock, [file], manner, processes=processes)
    assert (reading.failure, reading.report.findings) == (None, [])
    assert (await trees_of(store)) == {(Kind.SUBMODEL, "urn:a"): submodel("urn:a", HEAVY)}
    for tree in (5, {"modelType": "Submodel"}, submodel("x" * 2049), {"id": "urn:b"}):
        file = written(tmp_path / "b.json", {"submodels": [submodel("urn:c"), tree]})
        (reading,) = await imported(store, clock, [file], manner, processes=processes)
        assert isinstance(reading.failure, InvalidDocument)
    twice = written(tmp_path / "c.json", environment(submodel("urn:d"), submodel("urn:d", HEAVY)))
    (reading,) = await imported(store, clock, [twice], manner, processes=processes)
    assert ["differs" in each.text for each in reading.report.findings] == [True]
    assert (await trees_of(store))[Kind.SUBMODEL, "urn:d"] == submodel("urn:d")
    assert len(await documents_of(store)) == 2


async def test_a_dry_run_writes_nothing(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    (reading,) = await imported(store, clock, [many(tmp_path, 5)], dry_run=True)
    assert len(reading.report.steps) == 6
    assert await documents_of(store) == {}


async def test_a_store_that_fails_is_told_and_holds_nothing(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    store.failure = "the disk is full"
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await imported(store, clock, [many(tmp_path, 10)])
    assert await documents_of(store) == {}


async def test_an_import_that_is_broken_off_while_it_is_stored_stores_nothing(
    clock: FakeClock, tmp_path: Path
) -> None:
    store = _Slow(clock)
    task = asyncio.create_task(imported(store, clock, [many(tmp_path, 10)]))
    await store.begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    store.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(store.error, Interrupted)
    assert await documents_of(store) == {}


class _Slow(MemoryStore):
    """Waits behind its first write until it is told to go on."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.error: Exception | None = None

    async def commit_many(self, writes: Iterable[Write], *, actor: str) -> int:
        waiting = iter(writes)
        next(waiting)
        self.begun.set()
        await self.go_on.wait()
        try:
            return await super().commit_many(waiting, actor=actor)
        except Interrupted as error:
            self.error = error
            raise


async def test_differences_are_told_as_long_as_they_are_not_too_many(
    store: MemoryStore, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await imported(store, clock, [many(tmp_path, 10)])
    monkeypatch.setattr(planning, "_MAX_TOLD", 1000)
    file = many(tmp_path, 10, PROPERTY)
    (reading,) = await imported(store, clock, [file], on_conflict=OnConflict.REPLACE)
    told = [(len(step.changes), step.more_changes) for step in reading.report.steps[1:]]
    assert told[0] == (1, 0)
    assert told[-1] == (0, 1)


async def test_progress_is_told_of_every_document_and_file(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    package = written(
        tmp_path / "a.aasx", aasx(environment(submodel("urn:a", MANUAL)), {"aasx/files/a.txt": "a"})
    )
    expected: list[int] = []
    done: list[int] = []
    async with started(store, clock) as deed:
        for file in (many(tmp_path, 700), package):
            await deed.read(file, begun=expected.append, advance=done.append)
        await deed.settle()
    assert (sum(expected), sum(done)) == (703, 703)
    assert len(done) < 20


async def test_a_file_that_is_refused_is_not_read_to_the_end(
    store: MemoryStore, clock: FakeClock, tmp_path: Path
) -> None:
    file = written(tmp_path / "a.json", {"submodels": [5] * 50_000})
    done: list[int] = []
    async with started(store, clock) as deed:
        reading = await deed.read(file, begun=ignored, advance=done.append)
        await deed.settle()
    assert isinstance(reading.failure, InvalidDocument)
    assert len(reading.failure.findings) == 100
    assert sum(done) < 2000


async def test_a_document_that_has_no_json_is_judged_here(
    store: MemoryStore, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep: Any = []
    for _ in range(3000):
        deep = [deep]

    @contextmanager
    def read(_file: Path) -> Iterator[Contents]:
        contents = Contents()
        trees = [submodel("urn:a"), submodel("urn:deep") | {"qualifiers": deep}, submodel("urn:b")]
        contents.documents[Kind.SUBMODEL] += trees
        contents.sources[Kind.SUBMODEL] += ["/aasx/data.xml"] * 3
        yield contents

    monkeypatch.setattr(opening, "read_package", read)
    file = written(tmp_path / "a.xml", b"<environment/>")
    for manner in (Manner(), Manner(trusted=True)):
        (reading,) = await imported(store, clock, [file], manner)
        assert isinstance(reading.failure, InvalidDocument)
        finding = reading.failure.findings[0]
        assert finding.text == "is nested too deep"
        assert (finding.path, finding.part) == ("Submodel 'urn:deep'", "/aasx/data.xml")
    assert await documents_of(store) == {}


def test_what_is_held_goes_into_a_file_when_it_is_much() -> None:
    held = Held(in_memory=1000)
    bodies = [json.dumps({"id": f"urn:{n}", "x": "y" * n}).encode() for n in range(200)]
    places = [held.put_body(body) for body in bodies]
    assert [held.body(place) for place in reversed(places)] == bodies[::-1]
    assert held.is_same(places[1], compress(b'{"x":"y", "id":"urn:1"}'))
    assert not held.is_same(places[1], compress(b'{"x":"z", "id":"urn:1"}'))
    held.close()


def test_terms_are_joined_and_separated() -> None:
    tree = submodel("urn:a") | {"idShort": "Aa", "kind": "Template"}
    terms = terms_of(Kind.SUBMODEL, tree)
    assert len({len(term) for term in terms}) > 1
    assert separated(joined(terms)) == terms
    assert separated(b"") == frozenset()

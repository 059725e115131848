"""Letting go of what nobody needs, and mending what follows from the documents."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from aas_server.errors import StoreDamaged
from aas_server.store.care.compacting import Compacted, compact
from aas_server.store.ordered_terms import ID, looked_at
from aas_server.store.protocol import Kind
from aas_server.store.sqlite import SqliteStore
from tests.store.care import body, document, execute, fill, found, tables
from tests.store.damage import DAMAGES
from tests.store.writes import changed, creation, deletion, pieces, replacement
from tests.support.clock import FakeClock

T = TypeVar("T")

DAY = 86_400_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def file(folder: Path) -> Path:
    return folder / "aas.sqlite"


async def compacted(
    folder: Path, clock: FakeClock, *, keep: int = 100, days: float = 0
) -> Compacted:
    store = SqliteStore(folder, clock, history_versions=keep, history_days=days)
    await store.open()
    try:
        return await compact(store, keep=keep)
    finally:
        await store.close()


async def test_a_store_without_waste_stays_as_it_is(
    sqlite_store: SqliteStore, folder: Path, file: Path, clock: FakeClock
) -> None:
    await fill(sqlite_store)
    await sqlite_store.close()
    before = tables(file)
    done = await compacted(folder, clock)
    assert (done.terms, done.versions) == (0, 0)
    assert tables(file) == before


@pytest.mark.parametrize(
    "name",
    [
        "a term that is missing",
        "a term too much",
        "a signature that is missing",
        "terms of no document",
        "terms behind all documents",
        "a name without document",
    ],
)
async def test_what_follows_from_the_documents_is_mended(
    sqlite_store: SqliteStore, folder: Path, file: Path, clock: FakeClock, name: str
) -> None:
    await fill(sqlite_store)
    await sqlite_store.close()
    before = tables(file)
    execute(file, DAMAGES[name].statement)
    done = await compacted(folder, clock)
    assert done.terms == (0 if name == "a name without document" else 1)
    assert found(file) == [] or {each.code for each in found(file)} == {"unnamed"}
    assert tables(file)["terms"] == before["terms"]
    assert tables(file)["signatures"] == before["signatures"] != []


async def test_signatures_that_no_element_has_go(
    sqlite_store: SqliteStore, folder: Path, file: Path, clock: FakeClock
) -> None:
    await fill(sqlite_store)
    element = {"modelType": "Property", "idShort": "Old", "valueType": "xs:int", "value": "7"}
    made = document(sqlite_store, "urn:old", submodelElements=[element])
    kept = tables(file)["signatures"]
    await sqlite_store.commit([creation(made)], actor="test")
    assert tables(file)["signatures"] != kept
    await sqlite_store.commit([deletion(made)], actor="test")
    await sqlite_store.close()
    assert found(file) == []
    await compacted(folder, clock)
    assert tables(file)["signatures"] == kept


async def test_pieces_of_no_file_go(
    sqlite_store: SqliteStore, folder: Path, file: Path, clock: FakeClock
) -> None:
    await sqlite_store.close()
    execute(file, "INSERT INTO chunks (file, position, body) VALUES (5, 0, x'00')")
    assert [each.code for each in found(file)] == ["file"]
    await compacted(folder, clock)
    assert found(file) == []


async def test_terms_of_a_document_that_changes_meanwhile_are_left_to_whoever_changes_it(
    sqlite_store: SqliteStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document(sqlite_store, "urn:ex", idShort="First")
    await sqlite_store.commit([creation(made)], actor="test")
    # Of its idShort, that is, and not of its id, which stays the same.
    of_id = looked_at(Kind.SUBMODEL, ID)
    execute(file, f"DELETE FROM terms WHERE substr(term, 1, 8) <> x'{of_id.start.hex()}'")
    after = changed(made, body("urn:ex", idShort="Second"))
    write = sqlite_store.write
    is_changed = False

    async def change_first(work: Callable[[Connection], T]) -> T:
        nonlocal is_changed
        if not is_changed:
            is_changed = True
            await sqlite_store.commit([replacement(made, after)], actor="test")
        return await write(work)

    monkeypatch.setattr(sqlite_store, "write", change_first)
    assert (await compact(sqlite_store, keep=100)).terms == 0
    assert found(file) == []


async def test_no_more_former_versions_stay_than_are_to_be_kept(
    sqlite_store: SqliteStore, folder: Path, file: Path, clock: FakeClock
) -> None:
    for identifier in ("urn:a", "urn:b"):
        made = document(sqlite_store, identifier)
        await sqlite_store.commit([creation(made)], actor="test")
        for number in range(2, 7):
            after = changed(made, made.body, at=number)
            await sqlite_store.commit([replacement(made, after)], actor="test")
            made = after
    await sqlite_store.close()
    done = await compacted(folder, clock, keep=2)
    assert done.versions == 6
    kept = [(row[2], row[4]) for row in tables(file)["versions"]]
    assert sorted(kept) == [("urn:a", 4), ("urn:a", 5), ("urn:b", 4), ("urn:b", 5)]
    assert (await compacted(folder, clock, keep=0)).versions == 4


async def test_former_versions_go_that_are_too_old(
    sqlite_store: SqliteStore, folder: Path, file: Path, clock: FakeClock
) -> None:
    now = clock.now()
    made = document(sqlite_store, "urn:ex", at=now - 9 * DAY)
    steps = [made]
    for days in (5, 1):
        steps.append(changed(steps[-1], made.body, at=now - days * DAY))
    await sqlite_store.commit([creation(made)], actor="test")
    for before, after in pairwise(steps):
        await sqlite_store.commit([replacement(before, after)], actor="test")
    await sqlite_store.close()
    assert (await compacted(folder, clock, days=3)).versions == 1
    assert [row[4] for row in tables(file)["versions"]] == [now - 5 * DAY]


async def test_what_is_let_go_of_gives_its_room_back(
    sqlite_store: SqliteStore, folder: Path, file: Path, clock: FakeClock
) -> None:
    await sqlite_store.write_file(pieces(bytes(3_000_000)))
    large = document(sqlite_store, "urn:large", description="x" * 2_000_000)
    await sqlite_store.commit([creation(large)], actor="test")
    await sqlite_store.commit([deletion(large)], actor="test")
    await sqlite_store.close()
    clock.advance(1)
    size = file.stat().st_size
    done = await compacted(folder, clock, keep=0)
    assert done.before == size > 5_000_000
    assert done.after == file.stat().st_size < 200_000
    assert found(file) == []


async def test_a_damaged_document_is_told(
    sqlite_store: SqliteStore, folder: Path, file: Path, clock: FakeClock
) -> None:
    await fill(sqlite_store)
    await sqlite_store.close()
    execute(file, DAMAGES["bytes of a document"].statement)
    with pytest.raises(StoreDamaged, match="'urn:made' is damaged: aas-server store verify"):
        await compacted(folder, clock)

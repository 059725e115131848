"""Copies of a store: whole, of one moment, while others write; or nothing at all."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from aas_server.errors import ConfigurationError, StoreDamaged
from aas_server.store.care.copying import copy_to_file, new_database
from aas_server.store.care.rows import Advance, ignore
from aas_server.store.migrate import migrate, newest_revision, present_revision
from aas_server.store.snapshot import SqliteSnapshot
from aas_server.store.sqlite import SqliteStore
from tests.store.care import connected, document, execute, fill, found, looked_at, tables
from tests.store.writes import changed, creation, pieces, replacement
from tests.support.clock import FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies" / "backup.sqlite"


async def backed_up(
    folder: Path, target: Path, advance: Advance = ignore, *, replace: bool = False
) -> None:
    store = SqliteSnapshot(folder, FakeClock(), any_schema=True)
    await store.open()
    try:
        await store.read(
            lambda connection: copy_to_file(connection, target, advance, replace=replace)
        )
    finally:
        await store.close()


async def test_a_copy_equals_the_store_table_by_table(
    sqlite_store: SqliteStore, folder: Path, target: Path
) -> None:
    await fill(sqlite_store)
    await backed_up(folder, target)
    assert tables(target) == tables(folder / "aas.sqlite")
    assert found(target) == []
    assert list(target.parent.iterdir()) == [target]


async def test_a_copy_is_a_store_that_a_server_can_begin_with(
    sqlite_store: SqliteStore, folder: Path, tmp_path: Path, clock: FakeClock
) -> None:
    await fill(sqlite_store)
    (tmp_path / "other").mkdir()
    await backed_up(folder, tmp_path / "other" / "aas.sqlite")
    other = SqliteStore(tmp_path / "other", clock)
    await other.open()
    new = document(other, "urn:new")
    await other.commit([creation(new)], actor="test")
    assert await other.position() == await sqlite_store.position() + 1
    await other.close()
    assert found(tmp_path / "other" / "aas.sqlite") == []


async def test_a_server_goes_on_writing_while_a_copy_is_made(
    sqlite_store: SqliteStore, folder: Path, target: Path
) -> None:
    await fill(sqlite_store)
    before = tables(folder / "aas.sqlite")
    has_begun, may_go_on = threading.Event(), threading.Event()

    def wait(_done: int, _total: int) -> None:
        has_begun.set()
        assert may_go_on.wait(20)

    copying = asyncio.create_task(backed_up(folder, target, wait))
    assert await asyncio.to_thread(has_begun.wait, 20)
    await sqlite_store.commit([creation(document(sqlite_store, "urn:meanwhile"))], actor="test")
    may_go_on.set()
    await copying
    assert tables(target) == before


async def test_a_copy_among_many_writers_is_of_one_moment(
    sqlite_store: SqliteStore, folder: Path, target: Path
) -> None:
    async def write(name: str) -> None:
        made = document(sqlite_store, f"urn:{name}")
        await sqlite_store.commit([creation(made)], actor=name)
        for number in count():
            new = document(sqlite_store, f"urn:{name}:{number}")
            await sqlite_store.commit([creation(new)], actor=name)
            after = changed(made, made.body, at=number + 1)
            await sqlite_store.commit([replacement(made, after)], actor=name)
            made = after

    async def more_is_written() -> None:
        position = await sqlite_store.position()
        while await sqlite_store.position() == position:
            await asyncio.sleep(0)

    writers = [asyncio.create_task(write(str(number))) for number in range(8)]
    try:
        for number in range(5):
            await more_is_written()
            await backed_up(folder, target, replace=number > 0)
            await more_is_written()
            assert await asyncio.to_thread(found, target) == []
            copied = tables(target)["changes"]
            all_of_it = tables(folder / "aas.sqlite")["changes"]
            assert 0 < len(copied) < len(all_of_it)
            assert set(copied) < set(all_of_it)
    finally:
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)


async def test_an_older_store_is_copied_as_it_is(tmp_path: Path, target: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    with new_database(folder / "aas.sqlite") as connection:
        migrate(connection, "0002")
        connection.exec_driver_sql(
            "INSERT INTO documents VALUES (3, 'Submodel', 'urn:a', 2, x'7b7d', 1, 2)"
        )
        connection.exec_driver_sql(
            "INSERT INTO versions VALUES (9, 'Submodel', 'urn:a', x'00', 1, 2)"
        )
    await backed_up(folder, target)
    assert await looked_at(target, FakeClock(), present_revision) == "0002" != newest_revision()
    with closing(sqlite3.connect(target)) as database:
        assert database.execute("SELECT * FROM documents").fetchall() == [
            (3, "Submodel", "urn:a", 2, b"{}", 1, 2)
        ]
        assert database.execute("SELECT number FROM versions").fetchall() == [(9,)]


async def test_what_exists_is_replaced_only_when_told_to(
    sqlite_store: SqliteStore, folder: Path, target: Path
) -> None:
    target.write_bytes(b"precious")
    with pytest.raises(ConfigurationError, match="exists already: name another file, or say"):
        await backed_up(folder, target)
    assert target.read_bytes() == b"precious"
    await backed_up(folder, target, replace=True)
    assert found(target) == []


async def test_what_comes_to_be_there_meanwhile_is_not_replaced(
    sqlite_store: SqliteStore, folder: Path, target: Path
) -> None:
    with pytest.raises(ConfigurationError, match="exists already"):
        await backed_up(folder, target, lambda *_: target.write_bytes(b"precious") and None)
    assert target.read_bytes() == b"precious"
    assert list(target.parent.iterdir()) == [target]


async def test_a_folder_that_is_not_there_is_told(
    sqlite_store: SqliteStore, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="its folder does not exist"):
        await backed_up(folder, tmp_path / "no" / "backup.sqlite")
    with pytest.raises(ConfigurationError, match="is a folder"):
        await backed_up(folder, tmp_path, replace=True)


async def test_a_damaged_document_is_not_copied_in_silence(
    sqlite_store: SqliteStore, folder: Path, target: Path
) -> None:
    await fill(sqlite_store)
    await sqlite_store.close()
    execute(folder / "aas.sqlite", "UPDATE documents SET checksum = 1 WHERE id = 'urn:made'")
    target.write_bytes(b"the last good one")
    with pytest.raises(StoreDamaged, match="'urn:made' is damaged, so nothing was copied"):
        await backed_up(folder, target, replace=True)
    assert target.read_bytes() == b"the last good one"
    assert list(target.parent.iterdir()) == [target]


async def test_nothing_stays_of_a_copy_that_is_given_up(
    sqlite_store: SqliteStore, folder: Path, target: Path
) -> None:
    await sqlite_store.write_file(pieces(bytes(3_000_000)))
    seen: list[list[str]] = []

    def give_up(done: int, _total: int) -> None:
        if done:
            seen.append([path.name for path in target.parent.iterdir()])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await backed_up(folder, target, give_up)
    assert seen
    assert seen[0] != []
    assert list(target.parent.iterdir()) == []


async def test_a_store_of_a_newer_server_is_not_copied(
    sqlite_store: SqliteStore, folder: Path, target: Path
) -> None:
    await sqlite_store.close()
    execute(folder / "aas.sqlite", "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="newer server"):
        await backed_up(folder, target)
    assert not target.exists()


def test_rows_of_another_database_are_no_store(tmp_path: Path, target: Path) -> None:
    file = tmp_path / "strange.sqlite"
    execute(file, "CREATE TABLE documents (id)")
    with connected(file) as connection, pytest.raises(ConfigurationError, match="holds no store"):
        copy_to_file(connection, target)
    assert not target.exists()

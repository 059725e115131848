"""A store that is only looked at."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from aas_server.errors import ConfigurationError, StoreUnavailable
from aas_server.store.protocol import Write
from aas_server.store.snapshot import SqliteSnapshot
from aas_server.store.sqlite import SqliteStore
from tests.store.writes import FILE_BODY, all_documents, named, new_document, pieces, read
from tests.support.clock import FakeClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.iterdir()}


async def test_what_is_stored_is_read_and_nothing_is_touched(
    sqlite_store: SqliteStore, folder: Path, clock: FakeClock
) -> None:
    content = await sqlite_store.write_file(pieces(b"text"))
    document = new_document(sqlite_store, body=FILE_BODY, files=[named("urn:ex", "/a", content)])
    await sqlite_store.commit([Write(None, document)], actor="test")
    await sqlite_store.close()
    before = state(folder)
    snapshot = SqliteSnapshot(folder, clock)
    await snapshot.open()
    assert await all_documents(snapshot) == [document]
    assert await read(snapshot, content.digest) == b"text"
    with pytest.raises(StoreUnavailable):
        await snapshot.commit([Write(document, None)], actor="test")
    with pytest.raises(StoreUnavailable):
        await snapshot.write_file(pieces(b"more"))
    await snapshot.close()
    assert state(folder) == before


async def test_no_server_begins_while_nobody_may_write(
    sqlite_store: SqliteStore, folder: Path, clock: FakeClock
) -> None:
    await sqlite_store.close()
    snapshot = SqliteSnapshot(folder, clock)
    await snapshot.open()
    server = SqliteStore(folder, clock)
    with pytest.raises(ConfigurationError, match="another server"):
        await server.open()
    await snapshot.close()
    await server.open()
    await server.close()


async def test_what_a_server_committed_is_seen_while_it_runs(
    sqlite_store: SqliteStore, folder: Path, clock: FakeClock
) -> None:
    document = new_document(sqlite_store)
    await sqlite_store.commit([Write(None, document)], actor="test")
    snapshot = SqliteSnapshot(folder, clock)
    await snapshot.open()
    assert await all_documents(snapshot) == [document]
    await snapshot.close()
    await sqlite_store.commit([Write(document, None)], actor="test")


async def test_what_a_killed_server_left_in_the_log_is_seen(
    sqlite_store: SqliteStore, folder: Path, tmp_path: Path, clock: FakeClock
) -> None:
    document = new_document(sqlite_store)
    await sqlite_store.commit([Write(None, document)], actor="test")
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in ("aas.sqlite", "aas.sqlite-wal", "lock"):
        (killed / name).write_bytes((folder / name).read_bytes())
    assert (killed / "aas.sqlite-wal").stat().st_size > 0
    snapshot = SqliteSnapshot(killed, clock)
    await snapshot.open()
    assert await all_documents(snapshot) == [document]
    await snapshot.close()


async def test_a_folder_without_a_store_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(ConfigurationError, match="holds no store"):
        await SqliteSnapshot(tmp_path, clock).open()
    assert list(tmp_path.iterdir()) == []


async def test_what_is_no_database_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "aas.sqlite").write_bytes(b"nonsense" * 1000)
    with pytest.raises(ConfigurationError, match="cannot read the store"):
        await SqliteSnapshot(tmp_path, clock).open()


async def test_another_schema_is_refused(
    sqlite_store: SqliteStore, folder: Path, clock: FakeClock
) -> None:
    await sqlite_store.close()
    with sqlite3.connect(folder / "aas.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(ConfigurationError, match=r"newer server \(schema 9999\)"):
        await SqliteSnapshot(folder, clock).open()


@pytest.mark.parametrize("name", ["a?b=c&uri=true", "100 %41", "Grün #1", "file:x"])
async def test_a_data_folder_may_have_any_name(tmp_path: Path, clock: FakeClock, name: str) -> None:
    store = SqliteStore(tmp_path / name, clock)
    await store.open()
    document = new_document(store)
    await store.commit([Write(None, document)], actor="test")
    await store.close()
    assert (tmp_path / name / "aas.sqlite").is_file()
    snapshot = SqliteSnapshot(tmp_path / name, clock)
    await snapshot.open()
    assert await all_documents(snapshot) == [document]
    await snapshot.close()

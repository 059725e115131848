"""Putting a backup in the place of a store: verified, all of it, and what was there is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from aas_server.errors import ConfigurationError, StoreDamaged
from aas_server.store.care.copying import copy_to_file, new_database
from aas_server.store.care.restoring import backup_file, restore_to_folder, restore_to_store
from aas_server.store.care.rows import Advance, ignore
from aas_server.store.migrate import migrate
from aas_server.store.sqlite import SqliteStore
from tests.store.care import body, document, execute, fill, found, tables
from tests.store.damage import DAMAGES
from tests.store.writes import all_documents, creation
from tests.support.clock import FakeClock

KEPT = Path("backups") / "replaced-20260101T000000.sqlite"


@pytest.fixture
async def backup(tmp_path: Path, clock: FakeClock) -> Path:
    """A backup with something of everything."""
    store = SqliteStore(tmp_path / "source", clock)
    await store.open()
    await fill(store)
    file = tmp_path / "backup.sqlite"
    await store.read(lambda connection: copy_to_file(connection, file))
    await store.close()
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def restored(
    backup: Path, folder: Path, advance: Advance = ignore, *, replace: bool = False
) -> Path | None:
    clock = FakeClock()
    source = backup_file(backup, clock)
    await source.open()
    try:
        return await restore_to_folder(source, folder, clock, advance, replace=replace)
    finally:
        await source.close()


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


async def test_an_empty_folder_becomes_what_the_backup_holds(backup: Path, folder: Path) -> None:
    assert await restored(backup, folder) is None
    assert tables(folder / "aas.sqlite") == tables(backup)
    assert sorted(path.name for path in folder.iterdir()) == ["aas.sqlite", "lock"]


async def test_what_was_there_is_replaced_only_when_told_to_and_kept(
    backup: Path, sqlite_store: SqliteStore, folder: Path
) -> None:
    await sqlite_store.commit([creation(document(sqlite_store, "urn:former"))], actor="test")
    await sqlite_store.close()
    former = tables(folder / "aas.sqlite")
    before = files(folder)
    with pytest.raises(ConfigurationError, match="holds a store already"):
        await restored(backup, folder)
    assert files(folder) == before
    kept = await restored(backup, folder, replace=True)
    assert kept == folder / KEPT
    assert tables(kept) == former
    assert tables(folder / "aas.sqlite") == tables(backup)


async def test_what_a_killed_server_left_beside_its_store_is_kept_and_not_mixed_in(
    backup: Path, sqlite_store: SqliteStore, folder: Path, tmp_path: Path
) -> None:
    await sqlite_store.commit([creation(document(sqlite_store, "urn:former"))], actor="test")
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in ("aas.sqlite", "aas.sqlite-wal", "lock"):
        (killed / name).write_bytes((folder / name).read_bytes())
    kept = await restored(backup, killed, replace=True)
    assert kept is not None
    assert [row[2] for row in tables(kept)["documents"]] == ["urn:former"]
    assert tables(killed / "aas.sqlite") == tables(backup)


async def test_a_store_that_is_beyond_opening_is_kept_with_its_log(
    backup: Path, folder: Path
) -> None:
    folder.mkdir()
    (folder / "aas.sqlite").write_bytes(b"nonsense" * 1000)
    (folder / "aas.sqlite-wal").write_bytes(b"more of it")
    kept = await restored(backup, folder, replace=True)
    assert kept is not None
    assert kept.read_bytes() == b"nonsense" * 1000
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == b"more of it"
    assert tables(folder / "aas.sqlite") == tables(backup)


async def test_a_backup_may_lie_in_the_folder_that_it_is_restored_to(
    backup: Path, folder: Path
) -> None:
    folder.mkdir()
    there = backup.rename(folder / "backup.sqlite")
    await restored(there, folder)
    kept = await restored(there, folder, replace=True)
    assert kept is not None
    await restored(kept, folder, replace=True)
    assert tables(folder / "aas.sqlite") == tables(there)


@pytest.mark.parametrize(
    "name",
    [
        "bytes of a document",
        "another id",
        "a term that is missing",
        "a version that is no zstd",
        "other bytes in a piece",
        "a gap in the log",
    ],
)
async def test_a_damaged_backup_is_not_restored(
    backup: Path, sqlite_store: SqliteStore, folder: Path, name: str
) -> None:
    await sqlite_store.close()
    before = files(folder)
    execute(backup, DAMAGES[name].statement)
    with pytest.raises(StoreDamaged, match="is damaged, so nothing was"):
        await restored(backup, folder, replace=True)
    assert files(folder) == before
    assert list(folder.glob(".part-*")) == []


async def test_nobody_restores_under_a_running_server(
    backup: Path, sqlite_store: SqliteStore, folder: Path
) -> None:
    with pytest.raises(ConfigurationError, match="a server uses this data folder: stop it first"):
        await restored(backup, folder, replace=True)


async def test_a_restore_that_is_given_up_changes_nothing(
    backup: Path, sqlite_store: SqliteStore, folder: Path
) -> None:
    await sqlite_store.close()
    before = files(folder)

    def give_up(done: int, _total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await restored(backup, folder, give_up, replace=True)
    assert files(folder) == before
    assert list(folder.glob(".part-*")) == []


async def test_an_older_backup_is_brought_up_to_date(tmp_path: Path, folder: Path) -> None:
    old = tmp_path / "old.sqlite"
    text = body("urn:a", idShort="Old").hex()
    with new_database(old) as connection:
        migrate(connection, "0002")
        connection.exec_driver_sql(
            f"INSERT INTO documents VALUES (3, 'Submodel', 'urn:a', 1, x'{text}', 1, 2)"
        )
        connection.exec_driver_sql(
            "INSERT INTO changes VALUES (1, 'Submodel', 'urn:a', NULL, 'create', 'test', 1, 1)"
        )
    await restored(old, folder)
    assert found(folder / "aas.sqlite") == []
    assert [row[2] for row in tables(folder / "aas.sqlite")["documents"]] == ["urn:a"]
    store = SqliteStore(folder, FakeClock())
    await store.open()
    (document,) = await all_documents(store)
    assert document.body == bytes.fromhex(text)
    await store.close()


async def restored_to(
    store: SqliteStore, backup: Path, folder: Path, *, replace: bool = False
) -> Path | None:
    clock = FakeClock()
    source = backup_file(backup, clock)
    await source.open()
    try:
        return await restore_to_store(source, store, folder, clock, replace=replace)
    finally:
        await source.close()


async def test_an_empty_database_becomes_what_the_backup_holds(
    backup: Path, sqlite_store: SqliteStore, folder: Path, tmp_path: Path
) -> None:
    assert await restored_to(sqlite_store, backup, tmp_path / "kept") is None
    assert tables(folder / "aas.sqlite") == tables(backup)
    assert list((tmp_path / "kept").iterdir()) == []


async def test_a_database_in_use_is_replaced_only_when_told_to_and_copied_first(
    backup: Path, sqlite_store: SqliteStore, folder: Path, tmp_path: Path
) -> None:
    await sqlite_store.commit([creation(document(sqlite_store, "urn:former"))], actor="test")
    former = tables(folder / "aas.sqlite")
    with pytest.raises(ConfigurationError, match="holds documents already"):
        await restored_to(sqlite_store, backup, tmp_path / "kept")
    assert tables(folder / "aas.sqlite") == former
    kept = await restored_to(sqlite_store, backup, tmp_path / "kept", replace=True)
    assert kept == tmp_path / "kept" / KEPT
    assert tables(kept) == former
    assert tables(folder / "aas.sqlite") == tables(backup)


async def test_a_damaged_backup_leaves_a_database_as_it_is(
    backup: Path, sqlite_store: SqliteStore, folder: Path, tmp_path: Path
) -> None:
    await sqlite_store.commit([creation(document(sqlite_store, "urn:former"))], actor="test")
    former = tables(folder / "aas.sqlite")
    execute(backup, "DELETE FROM terms")
    with pytest.raises(StoreDamaged, match="so nothing was restored"):
        await restored_to(sqlite_store, backup, tmp_path / "kept", replace=True)
    assert tables(folder / "aas.sqlite") == former

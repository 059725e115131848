"""SQLite on a medium that fails: damage, no room, no right to write."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import ConfigurationError, NotFound, StoreDamaged, StoreUnavailable
from aas_server.store.protocol import Kind, StoredDocument, StoredJob, StoredValue, Write
from aas_server.store.sqlite import SqliteStore
from tests.store.writes import all_documents, changed, new_document, pieces, read
from tests.support.clock import FakeClock

Rows = list[tuple[Any, ...]]


def sql(folder: Path, query: str, *parameters: Any) -> Rows:
    database = sqlite3.connect(folder / "aas.sqlite")
    try:
        with database:
            return database.execute(query, parameters).fetchall()
    finally:
        database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.mark.parametrize(
    "damage",
    [
        "body = CAST(replace(body, 'true', 'trve') AS BLOB)",
        "body = CAST('' AS BLOB)",
        "body = body || x'00'",
        "checksum = checksum + 1",
    ],
)
async def test_a_document_that_is_not_as_it_was_written_is_never_shown(
    sqlite_store: SqliteStore, folder: Path, damage: str
) -> None:
    damaged = new_document(sqlite_store, "urn:damaged", b'{"is":"true"}')
    whole = new_document(sqlite_store, "urn:whole", b'{"is":"true"}')
    await sqlite_store.commit([Write(None, damaged), Write(None, whole)], actor="test")
    sql(folder, f"UPDATE documents SET {damage} WHERE id = 'urn:damaged'")
    with pytest.raises(StoreDamaged, match=r"'urn:damaged'.*store restore --force"):
        await sqlite_store.fetch(Kind.SUBMODEL, ["urn:damaged"])
    with pytest.raises(StoreDamaged):
        await all_documents(sqlite_store)
    assert (await sqlite_store.fetch(Kind.SUBMODEL, ["urn:whole"])).documents == [whole]


async def test_a_bit_that_flips_in_the_file_is_found(
    sqlite_store: SqliteStore, folder: Path, clock: FakeClock
) -> None:
    text = b'{"text":"only here"}'
    await sqlite_store.commit([Write(None, new_document(sqlite_store, body=text))], actor="test")
    await sqlite_store.close()
    file = folder / "aas.sqlite"
    content = bytearray(file.read_bytes())
    content[content.index(b"only here")] ^= 1
    file.write_bytes(content)
    again = SqliteStore(folder, clock)
    await again.open()
    with pytest.raises(StoreDamaged):
        await again.fetch(Kind.SUBMODEL, ["urn:ex"])
    await again.close()


@pytest.mark.parametrize("damage", ["x'00'", "CAST('' AS BLOB)", "substr(body, 1, 12)"])
async def test_a_former_version_that_is_damaged_is_never_shown(
    sqlite_store: SqliteStore, folder: Path, damage: str
) -> None:
    first = new_document(sqlite_store, body=b'{"first":"version"}', at=1)
    await sqlite_store.commit([Write(None, first)], actor="test")
    await sqlite_store.commit([Write(first, changed(first, b"{}", at=2))], actor="test")
    sql(folder, f"UPDATE versions SET body = {damage}")
    with pytest.raises(StoreDamaged, match=r"'urn:ex'.*store restore --force"):
        await sqlite_store.version_at(Kind.SUBMODEL, "urn:ex", 1)


async def test_a_bit_that_flips_in_a_former_version_is_found(
    sqlite_store: SqliteStore, folder: Path
) -> None:
    first = new_document(sqlite_store, body=b'{"first":"version"}', at=1)
    await sqlite_store.commit([Write(None, first)], actor="test")
    await sqlite_store.commit([Write(first, changed(first, b"{}", at=2))], actor="test")
    ((body,),) = sql(folder, "SELECT body FROM versions")
    sql(folder, "UPDATE versions SET body = ?", body.replace(b"first", b"fjrst"))
    with pytest.raises(StoreDamaged):
        await sqlite_store.version_at(Kind.SUBMODEL, "urn:ex", 1)


async def test_a_file_of_which_a_piece_is_missing_is_not_given_out_as_whole(
    sqlite_store: SqliteStore, folder: Path
) -> None:
    content = await sqlite_store.write_file(pieces(b"x" * 3_000_000))
    sql(folder, "DELETE FROM chunks WHERE position = 1")
    with pytest.raises(NotFound, match="not complete"):
        await read(sqlite_store, content.digest)


async def assert_unavailable(store: SqliteStore, clock: FakeClock) -> None:
    """Nothing is taken, and everything says so."""
    large = new_document(store, "urn:large", os.urandom(4_000_000))
    heard: list[int | None] = []
    with pytest.raises(StoreUnavailable, match="full"):
        await store.commit([Write(None, large)], actor="test", settled=heard.append)
    assert heard == [None]
    with pytest.raises(StoreUnavailable, match="full"):
        await store.commit_many([Write(None, large)], actor="test")
    with pytest.raises(StoreUnavailable, match="full"):
        await store.write_file(pieces(os.urandom(4_000_000)))
    with pytest.raises(StoreUnavailable, match="full"):
        await store.save_values([StoredValue("urn:ex", "A", os.urandom(4_000_000))])
    expires = clock.now() + 1_000_000
    with pytest.raises(StoreUnavailable, match="full"):
        await store.save_job(StoredJob("h", "", os.urandom(4_000_000), clock.now(), expires))


async def test_without_room_nothing_is_taken_and_with_room_all_goes_on(
    sqlite_store: SqliteStore, clock: FakeClock
) -> None:
    document = new_document(sqlite_store)
    await sqlite_store.commit([Write(None, document)], actor="test")

    # A connection that failed is not used again: the next one has the limit, too.
    transact = sqlite_store._writing._transact  # type: ignore[union-attr]
    is_full = True

    def limited(work: Any) -> Any:
        def within(connection: Any) -> Any:
            pages = 300 if is_full else 1_000_000
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            return work(connection)

        return transact(within)

    sqlite_store._writing._transact = limited  # type: ignore[union-attr,method-assign]
    await assert_unavailable(sqlite_store, clock)
    assert await all_documents(sqlite_store) == [document]
    assert await sqlite_store.position() == 1
    # What fits is taken still.
    small = new_document(sqlite_store, "urn:small")
    await sqlite_store.commit([Write(None, small)], actor="test")
    is_full = False
    large = new_document(sqlite_store, "urn:large", os.urandom(4_000_000))
    await sqlite_store.commit([Write(None, large)], actor="test")
    assert await all_documents(sqlite_store) == [document, small, large]
    log = [change async for change in sqlite_store.changes()]
    assert [(change.sequence, change.id) for change in log] == [
        (1, "urn:ex"),
        (2, "urn:small"),
        (3, "urn:large"),
    ]


@pytest.fixture
def small_medium(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "medium"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    )
    if not made or made.returncode:
        pytest.skip("no file system can be mounted here: the limit of pages is tested")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def filled(store: SqliteStore) -> list[StoredDocument]:
    """Create documents until there is no more room; return those that were acknowledged."""
    acknowledged: list[StoredDocument] = []
    for number in range(1_000):
        document = new_document(store, f"urn:{number}", os.urandom(20_000))
        try:
            await store.commit([Write(None, document)], actor="test")
        except StoreUnavailable:
            return acknowledged
        acknowledged.append(document)
    pytest.fail("the medium is not small")


async def test_a_full_disk_takes_nothing_loses_nothing_and_goes_on_when_there_is_room(
    small_medium: Path, clock: FakeClock
) -> None:
    ballast = small_medium / "ballast"
    ballast.write_bytes(b"x" * 600_000)
    store = SqliteStore(small_medium / "data", clock)
    await store.open()
    acknowledged = await filled(store)
    assert acknowledged
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await store.commit([Write(None, new_document(store, body=b"x" * 99_999))], actor="t")
    assert await all_documents(store) == acknowledged
    ballast.unlink()
    later = new_document(store, "urn:later", os.urandom(20_000))
    await store.commit([Write(None, later)], actor="test")
    await store.close()
    again = SqliteStore(small_medium / "data", clock)
    await again.open()
    assert await all_documents(again) == [*acknowledged, later]
    assert await again.position() == len(acknowledged) + 1
    await again.close()


async def test_a_store_that_was_full_when_it_was_killed_opens_with_all_that_was_acknowledged(
    small_medium: Path, tmp_path: Path, clock: FakeClock
) -> None:
    store = SqliteStore(small_medium / "data", clock)
    await store.open()
    acknowledged = await filled(store)
    killed = shutil.copytree(small_medium / "data", tmp_path / "killed")
    await store.close()
    again = SqliteStore(killed, clock)
    await again.open()
    assert await all_documents(again) == acknowledged
    await again.close()


async def test_a_folder_that_cannot_be_written_stops_the_start(
    tmp_path: Path, clock: FakeClock
) -> None:
    (tmp_path / "file").write_text("no folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigurationError, match="cannot use the data folder"):
            await SqliteStore(folder, clock).open()


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nobody may write, not even root."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    is_mounted = False
    if os.geteuid() == 0:
        command = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
        is_mounted = subprocess.run(command, capture_output=True).returncode == 0
        if not is_mounted:
            pytest.skip("root writes everywhere, and nothing can be mounted here")
    else:
        folder.chmod(0o500)
    yield folder
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    else:
        folder.chmod(0o700)


async def test_a_read_only_folder_stops_the_start_and_is_named(
    read_only: Path, clock: FakeClock
) -> None:
    for folder in (read_only, read_only / "data"):
        with pytest.raises(ConfigurationError, match=r"read-only.*cannot use the data folder"):
            await SqliteStore(folder, clock).open()


async def test_a_damaged_database_stops_the_start_and_leaves_the_folder_free(
    sqlite_store: SqliteStore, folder: Path, clock: FakeClock
) -> None:
    made = [new_document(sqlite_store, f"urn:{n}", os.urandom(5_000)) for n in range(50)]
    await sqlite_store.commit_many((Write(None, each) for each in made), actor="test")
    await sqlite_store.close()
    file = folder / "aas.sqlite"
    whole = file.read_bytes()
    file.write_bytes(whole[:4_096] + b"\x55" * 40_960 + whole[45_056:])
    for _ in range(2):
        with pytest.raises((ConfigurationError, StoreUnavailable)):
            await SqliteStore(folder, clock).open()
    file.write_bytes(whole)
    again = SqliteStore(folder, clock)
    await again.open()
    assert await all_documents(again) == made
    await again.close()

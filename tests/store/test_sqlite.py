"""The SQLite store: restarts, faults of the medium, and what grows."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import ConfigurationError, Conflict, NotFound, StoreUnavailable
from aas_server.store.files import GRACE, FileContents
from aas_server.store.protocol import FileWrite, Kind, StoredDocument, Write
from aas_server.store.sqlite import SqliteStore
from tests.store.writes import all_documents, changed, named, new_document, pieces, read
from tests.support.clock import FakeClock


async def test_everything_is_there_after_a_restart(
    sqlite_store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    document = new_document(sqlite_store, body=b'{"id":"urn:ex"}')
    content = await sqlite_store.write_file(pieces(b"text"))
    await sqlite_store.commit(
        [Write(None, document)], [named("urn:ex", "/a", content)], actor="test"
    )
    await sqlite_store.close()
    reopened = SqliteStore(tmp_path / "data", clock)
    await reopened.open()
    assert await all_documents(reopened) == [document]
    assert [entry.path async for entry in reopened.file_entries()] == ["/a"]
    assert await read(reopened, content.digest) == b"text"
    await reopened.close()


async def test_a_sequence_is_never_given_twice_not_even_after_a_deletion_and_a_restart(
    sqlite_store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    document = new_document(sqlite_store)
    await sqlite_store.commit([Write(None, document)], actor="test")
    await sqlite_store.commit([Write(document, None)], actor="test")
    await sqlite_store.close()
    reopened = SqliteStore(tmp_path / "data", clock)
    await reopened.open()
    assert reopened.new_sequence() > document.sequence
    await reopened.close()


async def test_writers_at_the_same_time_are_all_stored_and_logged(
    sqlite_store: SqliteStore,
) -> None:
    document = new_document(sqlite_store)
    await sqlite_store.commit([Write(None, document)], actor="test")

    def chain(length: int) -> list[tuple[StoredDocument, StoredDocument]]:
        states = [document]
        for number in range(length):
            states.append(changed(states[-1], b"%d" % number))
        return list(itertools.pairwise(states))

    steps = chain(100)
    others = [new_document(sqlite_store, f"urn:{number}") for number in range(100)]
    await asyncio.gather(
        *(sqlite_store.commit([Write(*step)], actor="a") for step in steps),
        *(sqlite_store.commit([Write(None, other)], actor="b") for other in others),
    )
    stored = {each.id: each for each in await all_documents(sqlite_store)}
    assert stored["urn:ex"] == steps[-1][1]
    assert len(stored) == 101
    log = [change async for change in sqlite_store.changes()]
    assert [change.sequence for change in log] == list(range(1, 202))


async def test_of_units_that_are_written_together_only_the_one_that_conflicts_fails(
    sqlite_store: SqliteStore,
) -> None:
    ids = ["urn:1", "urn:2", "urn:1", "urn:3"]
    results = await asyncio.gather(
        *(
            sqlite_store.commit([Write(None, new_document(sqlite_store, each))], actor="test")
            for each in ids
        ),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), type(None), Conflict, type(None)]
    assert [each.id for each in await all_documents(sqlite_store)] == ["urn:1", "urn:2", "urn:3"]


async def test_only_so_many_former_versions_are_kept(sqlite_store: SqliteStore) -> None:
    state = new_document(sqlite_store, at=0)
    await sqlite_store.commit([Write(None, state)], actor="test")
    for number in range(1, 41):
        following = changed(state, b"%d" % number, at=number)
        await sqlite_store.commit([Write(state, following)], actor="test")
        state = following
    kept = [await sqlite_store.version_at(Kind.SUBMODEL, "urn:ex", time) for time in range(40)]
    assert kept[-10:] == [b"%d" % number for number in range(30, 40)]
    assert kept[:20] == [None] * 20


async def test_an_upload_that_breaks_off_leaves_nothing(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await sqlite_store.write_file(broken())
    assert _rows(tmp_path, "chunks") == 0
    assert _rows(tmp_path, "files") == 0


async def test_content_that_nothing_names_goes_when_it_is_old_and_not_being_read(
    sqlite_store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    content = await sqlite_store.write_file(pieces(b"x" * 3_000_000))
    gone = FileWrite(Kind.SUBMODEL, "urn:ex", "/a")
    await sqlite_store.commit([], [named("urn:ex", "/a", content)], actor="test")
    reader = sqlite_store.read_file(content.digest)
    first = await anext(reader)
    clock.advance(2 * GRACE / 1_000_000)
    for _ in range(3):
        await sqlite_store.commit([], [gone], actor="test")
        await _until_swept(sqlite_store)
        clock.advance(2 * GRACE / 1_000_000)
    rest = b"".join([part async for part in reader])
    assert len(first + rest) == 3_000_000
    await sqlite_store.commit([], [gone], actor="test")
    await _until_swept(sqlite_store)
    # Whoever looked the name up just before it was taken away still reads what it named.
    assert len(await read(sqlite_store, content.digest)) == 3_000_000
    clock.advance(GRACE / 1_000_000)
    await sqlite_store.commit([], [gone], actor="test")
    await _until_swept(sqlite_store)
    assert _rows(tmp_path, "chunks") == 0
    with pytest.raises(NotFound):
        await read(sqlite_store, content.digest)


async def test_an_upload_that_is_given_up_at_its_end_leaves_its_content_to_others(
    sqlite_store: SqliteStore, clock: FakeClock
) -> None:
    has_digest = asyncio.Event()

    class Stuck:
        def reading(self) -> Any:
            return sqlite_store.reading()

        async def write(self, change: Any) -> Any:
            result = await sqlite_store.write(change)
            if change.__name__ == "name":
                has_digest.set()
                await asyncio.Event().wait()
            return result

    given_up = asyncio.create_task(FileContents(Stuck(), clock).write(pieces(b"the same")))
    await has_digest.wait()
    content = await sqlite_store.write_file(pieces(b"the same"))
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert await read(sqlite_store, content.digest) == b"the same"


async def test_a_fresh_upload_survives_the_sweep_until_it_is_named(
    sqlite_store: SqliteStore,
) -> None:
    content = await sqlite_store.write_file(pieces(b"fresh"))
    await sqlite_store.commit([], [FileWrite(Kind.SUBMODEL, "urn:ex", "/other")], actor="test")
    await _until_swept(sqlite_store)
    assert await read(sqlite_store, content.digest) == b"fresh"


async def test_a_sweep_leaves_uploads_alone_that_began_after_it(
    sqlite_store: SqliteStore, clock: FakeClock
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Late:
        def reading(self) -> Any:
            return sqlite_store.reading()

        async def write(self, change: Any) -> Any:
            if change.__name__ == "change":
                begun.set()
                await go_on.wait()
            return await sqlite_store.write(change)

    contents = FileContents(Late(), clock)
    sweep = asyncio.create_task(contents.sweep())
    await begun.wait()

    async def slow() -> AsyncIterator[bytes]:
        yield b"taken in "
        go_on.set()
        await sweep
        yield b"while others are swept"

    content = await contents.write(slow())

    assert await read(sqlite_store, content.digest) == b"taken in while others are swept"


async def test_the_number_of_a_file_never_comes_again(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            await sqlite_store.write_file(broken())
    await sqlite_store.write_file(pieces(b"whole"))

    assert _numbers(tmp_path) == [3]


async def test_a_second_server_is_kept_out_of_the_data_folder(
    sqlite_store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    second = SqliteStore(tmp_path / "data", clock)
    with pytest.raises(ConfigurationError, match="another server uses this data folder"):
        await second.open()
    await second.close()


async def test_a_file_that_is_no_database_stops_the_start_and_stays_as_it_is(
    tmp_path: Path, clock: FakeClock
) -> None:
    file = tmp_path / "aas.sqlite"
    file.write_bytes(b"this is no database, but it may be all that is left of one" * 100)
    before = file.read_bytes()
    store = SqliteStore(tmp_path, clock)
    with pytest.raises(ConfigurationError, match="restore a backup"):
        await store.open()
    assert file.read_bytes() == before


async def test_a_store_of_a_newer_server_stops_the_start(tmp_path: Path, clock: FakeClock) -> None:
    store = SqliteStore(tmp_path, clock)
    await store.open()
    await store.close()
    with sqlite3.connect(tmp_path / "aas.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(ConfigurationError, match="newer server"):
        await store.open()


async def test_a_locked_database_is_unavailable_and_nothing_is_stored(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    blocker = sqlite3.connect(tmp_path / "data" / "aas.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreUnavailable, match="locked"):
            await sqlite_store.commit([Write(None, new_document(sqlite_store))], actor="test")
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert await all_documents(sqlite_store) == []
    await sqlite_store.commit([Write(None, new_document(sqlite_store))], actor="test")


async def test_a_closed_store_says_that_it_is_unavailable(tmp_path: Path, clock: FakeClock) -> None:
    store = SqliteStore(tmp_path, clock)
    with pytest.raises(StoreUnavailable):
        await store.commit([Write(None, new_document(store))], actor="test")
    with pytest.raises(StoreUnavailable):
        await all_documents(store)


async def test_closing_finishes_what_waits(tmp_path: Path, clock: FakeClock) -> None:
    store = SqliteStore(tmp_path, clock)
    await store.open()
    commit = asyncio.create_task(
        store.commit([Write(None, new_document(store))], actor="test"), name="a late client"
    )
    await asyncio.sleep(0)
    await store.close()
    await commit
    await store.open()
    assert len(await all_documents(store)) == 1
    await store.close()


def _rows(folder: Path, table: str) -> int:
    database = sqlite3.connect(folder / "data" / "aas.sqlite")
    try:
        count: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        database.close()
    return count


def _numbers(folder: Path) -> list[int]:
    database = sqlite3.connect(folder / "data" / "aas.sqlite")
    try:
        return [number for (number,) in database.execute("SELECT number FROM files")]
    finally:
        database.close()


async def _until_swept(store: SqliteStore) -> None:
    """The sweep follows a commit in the writer: the next commit is behind it."""
    marker = f"urn:marker:{store.new_sequence()}"
    await store.commit([Write(None, new_document(store, marker))], actor="test")

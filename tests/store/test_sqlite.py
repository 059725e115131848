"""The SQLite store: restarts, and who else is at work in its folder."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from aas_server.errors import ConfigurationError, StoreUnavailable
from aas_server.store.protocol import Selection, Write
from aas_server.store.sqlite import SqliteStore
from tests.store.writes import (
    all_documents,
    creation,
    give_up_soon,
    listed,
    named,
    new_document,
    pieces,
    read,
    short,
)
from tests.support.clock import FakeClock


async def test_everything_is_there_after_a_restart(
    sqlite_store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    content = await sqlite_store.write_file(pieces(b"text"))
    body = b'{"id":"urn:ex","idShort":"Data","x":"File"}'
    document = new_document(sqlite_store, body=body, files=[named("urn:ex", "/a", content)])
    await sqlite_store.commit([creation(document)], actor="test")
    await sqlite_store.close()
    reopened = SqliteStore(tmp_path / "data", clock)
    await reopened.open()
    try:
        assert await all_documents(reopened) == [document]
        assert await listed(reopened, Selection(short("Data"))) == ["urn:ex"]
        assert await reopened.position() == 1
        assert await read(reopened, content.digest) == b"text"
    finally:
        await reopened.close()


async def test_a_sequence_is_never_given_twice_not_even_after_a_deletion_and_a_restart(
    sqlite_store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    document = new_document(sqlite_store)
    await sqlite_store.commit([Write(None, document)], actor="test")
    await sqlite_store.commit([Write(document, None)], actor="test")
    await sqlite_store.close()
    # The clock of a machine without a battery begins anew, too.
    clock.advance(-365 * 86_400)
    reopened = SqliteStore(tmp_path / "data", clock)
    await reopened.open()
    try:
        assert reopened.new_sequence() > document.sequence
    finally:
        await reopened.close()


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
    with pytest.raises(ConfigurationError, match="store restore --force"):
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
    await give_up_soon(sqlite_store)
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

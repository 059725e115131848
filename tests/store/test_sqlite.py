"""The SQLite store: what is acknowledged is there, what fails leaves nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aas_server.errors import ConfigurationError, Conflict, NotFound, StoreUnavailable
from aas_server.store.protocol import Kind, Operation
from aas_server.store.sqlite import SqliteStore
from tests.support.clock import FakeClock


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "data", clock)
    await store.open()
    yield store
    await store.close()


async def test_a_document_comes_back_byte_for_byte_after_a_restart(
    store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    body = '{"id":"urn:ex","idShort":"Grün","odd":  1}'.encode()
    async with store.transaction(actor="test") as transaction:
        created = await transaction.create(Kind.SHELL, "urn:ex", body)
    await store.close()
    reopened = SqliteStore(tmp_path / "data", clock)
    await reopened.open()
    assert [document async for document in reopened.documents()] == [created]
    assert created.body == body
    assert created.revision == 1
    await reopened.close()


async def test_a_transaction_that_raises_stores_nothing(store: SqliteStore) -> None:
    async def fail_after_a_create() -> None:
        async with store.transaction(actor="test") as transaction:
            await transaction.create(Kind.SHELL, "urn:ex", b"{}")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_after_a_create()
    assert [document async for document in store.documents()] == []
    assert [change async for change in store.changes()] == []


async def test_the_same_id_of_one_kind_is_a_conflict_and_of_another_kind_is_not(
    store: SqliteStore,
) -> None:
    async with store.transaction(actor="test") as transaction:
        await transaction.create(Kind.SHELL, "urn:ex", b"{}")
        await transaction.create(Kind.SUBMODEL, "urn:ex", b"{}")
    with pytest.raises(Conflict):
        async with store.transaction(actor="test") as transaction:
            await transaction.create(Kind.SHELL, "urn:ex", b"{}")


async def test_a_replace_at_an_old_revision_is_a_conflict_and_changes_nothing(
    store: SqliteStore, clock: FakeClock
) -> None:
    async with store.transaction(actor="test") as transaction:
        first = await transaction.create(Kind.SUBMODEL, "urn:ex", b"1")
    clock.advance(5)
    async with store.transaction(actor="test") as transaction:
        second = await transaction.replace(Kind.SUBMODEL, "urn:ex", b"2", revision=1)
    assert (second.sequence, second.revision, second.created) == (first.sequence, 2, first.created)
    assert second.updated == first.updated + 5_000_000
    with pytest.raises(Conflict, match="revision 2, not 1"):
        async with store.transaction(actor="test") as transaction:
            await transaction.replace(Kind.SUBMODEL, "urn:ex", b"3", revision=1)
    with pytest.raises(NotFound):
        async with store.transaction(actor="test") as transaction:
            await transaction.replace(Kind.SUBMODEL, "urn:other", b"3", revision=1)
    assert [document.body async for document in store.documents()] == [b"2"]


async def test_the_change_log_tells_each_change_in_order_without_gaps(store: SqliteStore) -> None:
    async with store.transaction(actor="loader") as transaction:
        await transaction.create(Kind.SUBMODEL, "urn:ex", b"1")
    with pytest.raises(Conflict):
        async with store.transaction(actor="loser") as transaction:
            await transaction.create(Kind.SUBMODEL, "urn:ex", b"1")
    async with store.transaction(actor="client") as transaction:
        await transaction.replace(Kind.SUBMODEL, "urn:ex", b"2", revision=1, path="State.Mode")
    log = [change async for change in store.changes()]
    assert [(c.sequence, c.operation, c.actor, c.path, c.revision) for c in log] == [
        (1, Operation.CREATE, "loader", None, 1),
        (2, Operation.REPLACE, "client", "State.Mode", 2),
    ]
    assert [change.sequence async for change in store.changes(after=1)] == [2]


async def test_a_second_server_is_kept_out_of_the_data_folder(
    store: SqliteStore, tmp_path: Path, clock: FakeClock
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
    store: SqliteStore, tmp_path: Path
) -> None:
    blocker = sqlite3.connect(tmp_path / "data" / "aas.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreUnavailable, match="locked"):
            async with store.transaction(actor="test") as transaction:
                await transaction.create(Kind.SHELL, "urn:ex", b"{}")
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert [document async for document in store.documents()] == []


async def test_a_closed_store_says_that_it_is_unavailable(tmp_path: Path, clock: FakeClock) -> None:
    store = SqliteStore(tmp_path, clock)
    with pytest.raises(StoreUnavailable):
        async with store.transaction(actor="test"):
            pass

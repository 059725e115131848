"""The same care over PostgreSQL: copies both ways, and each kind of damage is found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, MetaData, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from aas_server.store.care.compacting import compact
from aas_server.store.care.copying import copy_store, copy_to_file
from aas_server.store.care.verifying import verify_store
from aas_server.store.postgres import PostgresStore
from aas_server.store.schema import files, signatures
from aas_server.store.sqlite import SqliteStore
from tests.store.care import connected, fill, found, tables
from tests.store.damage import DAMAGES
from tests.support.clock import FakeClock

T = TypeVar("T")

Run = Callable[[Callable[[Connection], Any]], Any]


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    url = postgres_url.replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def file(sqlite_store: SqliteStore, tmp_path: Path) -> Path:
    """A store with something of everything that nobody has open."""
    await fill(sqlite_store)
    await sqlite_store.close()
    return tmp_path / "data" / "aas.sqlite"


async def changed(engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
    async with engine.begin() as connection:
        return await connection.run_sync(work)


async def moved(file: Path, engine: AsyncEngine) -> None:
    """Copy the store in ``file`` into the database."""
    with connected(file) as source:
        await changed(engine, lambda target: copy_store(source, target))


async def test_a_store_moves_to_postgresql_and_back_unchanged(
    file: Path, engine: AsyncEngine, tmp_path: Path
) -> None:
    await moved(file, engine)
    back = tmp_path / "back.sqlite"
    await changed(engine, lambda source: copy_to_file(source, back))
    assert tables(back) == tables(file)
    assert found(back) == []


async def test_what_is_new_is_numbered_behind_what_was_copied(
    file: Path, engine: AsyncEngine
) -> None:
    await moved(file, engine)
    last = max(row[0] for row in tables(file)["files"])
    new = insert(files).values(size=0, touched=0).returning(files.c.number)
    assert await changed(engine, lambda connection: connection.scalar(new)) == last + 1


async def test_nothing_is_found_in_a_store_that_is_sound(file: Path, engine: AsyncEngine) -> None:
    await moved(file, engine)
    assert await changed(engine, lambda connection: list(verify_store(connection))) == []


async def test_damage_is_found_as_in_sqlite(file: Path, engine: AsyncEngine) -> None:
    await moved(file, engine)
    async with engine.connect() as connection:
        for damage in DAMAGES.values():
            await connection.execute(text(damage.statement))
            findings = await connection.run_sync(lambda each: list(verify_store(each)))
            await connection.rollback()
            texts = [each.text for each in findings if each.code == damage.code]
            assert any(damage.text in each for each in texts), findings


async def test_a_copy_that_fails_leaves_nothing(file: Path, engine: AsyncEngine) -> None:
    def give_up(done: int, _total: int) -> None:
        if done:
            raise InterruptedError

    with connected(file) as source, pytest.raises(InterruptedError):
        await changed(engine, lambda target: copy_store(source, target, give_up))
    found = MetaData()
    await changed(engine, found.reflect)
    assert list(found.tables) == []


async def test_what_nobody_needs_goes_as_in_sqlite(
    file: Path, engine: AsyncEngine, postgres_url: str, clock: FakeClock
) -> None:
    await moved(file, engine)
    stray = insert(signatures).values(looked=b"12345678", signature=b"\x00\xff345678")
    before = select(signatures).order_by(signatures.c.looked)
    kept = await changed(engine, lambda connection: connection.execute(before).all())
    assert kept
    await changed(engine, lambda connection: connection.execute(stray))
    store = PostgresStore(postgres_url, clock)
    await store.open()
    try:
        await compact(store, keep=100)
    finally:
        await store.close()
    assert await changed(engine, lambda connection: connection.execute(before).all()) == kept
    assert await changed(engine, lambda connection: list(verify_store(connection))) == []

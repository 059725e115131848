"""``aas-server store`` with PostgreSQL: the same commands, and moving between both stores."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aas_server.cli.main import app
from aas_server.clock import SystemClock
from aas_server.store.postgres import PostgresStore
from aas_server.store.sqlite import SqliteStore
from tests.store.care import document, fill, found, tables
from tests.store.writes import creation


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a SQLite store with something of everything."""

    async def make() -> None:
        store = SqliteStore(tmp_path / "data", SystemClock())
        await store.open()
        await fill(store)
        await store.close()

    asyncio.run(make())
    return tmp_path / "data"


def with_store(url: str, work: Callable[[PostgresStore], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        store = PostgresStore(url, SystemClock())
        await store.open()
        try:
            await work(store)
        finally:
            await store.close()

    asyncio.run(run())


def ran(*words: str | Path, code: int = 0) -> str:
    """Return what a command prints, or what it says is wrong."""
    result = CliRunner().invoke(app, ["store", *map(str, words)], env={"COLUMNS": "300"})
    assert result.exit_code == code, result.output
    return result.stderr if code == 2 else result.stdout


def test_a_store_moves_from_sqlite_to_postgresql_and_back(
    data: Path, postgres_url: str, tmp_path: Path
) -> None:
    one, two, other = tmp_path / "one.sqlite", tmp_path / "two.sqlite", tmp_path / "other"
    ran("backup", one, "--data", data)
    told = ran("restore", one, "--data", other, "--database", postgres_url)
    assert told == f"{postgres_url} is what {one} holds\n"
    sound = "no damage in 5 documents, 5 former versions, 1 file\n"
    assert ran("verify", "--data", other, "--database", postgres_url) == sound
    ran("backup", two, "--data", other, "--database", postgres_url)
    assert tables(two) == tables(data / "aas.sqlite")
    ran("restore", two, "--data", other)
    assert tables(other / "aas.sqlite") == tables(data / "aas.sqlite")


def test_a_database_in_use_is_copied_before_it_is_replaced(
    data: Path, postgres_url: str, tmp_path: Path
) -> None:
    async def use(store: PostgresStore) -> None:
        await store.commit([creation(document(store, "urn:former"))], actor="test")

    with_store(postgres_url, use)
    backup, other = tmp_path / "backup.sqlite", tmp_path / "other"
    ran("backup", backup, "--data", data)
    where = ("--data", other, "--database", postgres_url)
    assert "holds documents already" in ran("restore", backup, *where, code=2)
    told = ran("restore", backup, *where, "--force").splitlines()
    kept = Path(told[1].removeprefix("what it was before is kept: "))
    assert kept.parent == other / "backups"
    assert found(kept) == []
    assert [row[2] for row in tables(kept)["documents"]] == ["urn:former"]
    ran("backup", tmp_path / "after.sqlite", *where)
    assert tables(tmp_path / "after.sqlite") == tables(backup)


def test_nothing_is_restored_while_servers_are_at_work(
    data: Path, postgres_url: str, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.sqlite"
    ran("backup", backup, "--data", data)

    async def work(store: PostgresStore) -> None:
        await store.commit([creation(document(store, "urn:served"))], actor="server")
        words = ("restore", backup, "--data", tmp_path, "--database", postgres_url, "--force")
        told = await asyncio.to_thread(ran, *words, code=2)
        assert "servers are at work on the database: stop them first" in told
        assert await store.position() == 1

    with_store(postgres_url, work)


def test_a_backup_is_of_one_moment_while_servers_write(postgres_url: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup.sqlite"

    async def write(store: PostgresStore) -> None:
        copying = asyncio.create_task(
            asyncio.to_thread(ran, "backup", backup, "--database", postgres_url)
        )
        number = 0
        while not copying.done():
            number += 1
            await store.commit([creation(document(store, f"urn:{number}"))], actor="server")
        await copying
        assert await store.position() > 0

    with_store(postgres_url, write)
    assert found(backup) == []


def test_damage_is_told_and_what_can_be_is_mended(data: Path, postgres_url: str) -> None:
    async def break_it(store: PostgresStore) -> None:
        await fill(store)
        await store.write(lambda connection: connection.exec_driver_sql("DELETE FROM terms"))

    with_store(postgres_url, break_it)
    where = ("--data", data, "--database", postgres_url)
    assert ran("verify", *where, code=1).splitlines()[-1] == "5 errors"
    assert "terms of 5 documents made anew" in ran("compact", *where)
    assert "no damage" in ran("verify", *where)


def test_everything_is_exported(data: Path, postgres_url: str, tmp_path: Path) -> None:
    with_store(postgres_url, fill)
    where = ("--data", data, "--database", postgres_url)
    ran("export", tmp_path / "all.json", *where)
    environment = json.loads((tmp_path / "all.json").read_bytes())
    assert [each["id"] for each in environment["submodels"]] == ["urn:made", "urn:again"]
    ran("export", tmp_path / "all.aasx", *where)
    assert (tmp_path / "all.aasx").stat().st_size > 0


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    where = ("--data", tmp_path, "--database", "postgresql://aas@127.0.0.1:1/none")
    for words in (["verify"], ["backup", tmp_path / "a.sqlite"], ["compact"]):
        assert "cannot use the database" in ran(*words, *where, code=2)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_holds_no_store(postgres_url: str, tmp_path: Path) -> None:
    where = ("--data", tmp_path, "--database", postgres_url)
    assert "holds no store" in ran("verify", *where, code=2)

"""The server that the tests of PostgreSQL stand on: it starts, answers, dies and leaves nothing."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.support import postgres
from tests.support.postgres import (
    ADMINISTRATOR,
    PASSWORD,
    PASSWORD_USER,
    USER,
    PostgresMissing,
    PostgresPrograms,
    PostgresServer,
    find_programs,
    running_postgres,
)
from tests.support.processes import eventually

pytestmark = pytest.mark.system


@pytest.fixture
def own_server(postgres_programs: PostgresPrograms) -> Iterator[PostgresServer]:
    """A server that the test may kill."""
    with running_postgres(postgres_programs) as server:
        yield server


async def test_a_test_gets_an_empty_database_of_its_own_and_no_more_rights(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute("CREATE TABLE things (id int)")
        assert await connection.fetchval("SELECT current_user") == USER
        assert not await connection.fetchval(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        assert await connection.fetchval("SHOW server_version_num") >= "150000"
        assert await connection.fetchval("SHOW fsync") == "on"
    finally:
        await connection.close()
    other = postgres_server.create_database()
    try:
        assert postgres_server.execute("SELECT to_regclass('things')", database=other) == ""
    finally:
        postgres_server.drop_database(other)


async def test_a_database_can_be_a_copy_of_one_that_was_prepared(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE things AS SELECT 7 AS id")
    await connection.close()
    prepared = postgres_url.rpartition("/")[2]
    eventually(lambda: not postgres_server.backends(prepared), within=5, what="nobody is there")
    copy = postgres_server.create_database(template=prepared)
    try:
        assert postgres_server.execute("SELECT id FROM things", database=copy) == "7"
    finally:
        postgres_server.drop_database(copy)


async def test_one_role_must_tell_its_password_and_the_administrator_cannot_come_over_the_network(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    database = postgres_url.rpartition("/")[2]
    connection = await asyncpg.connect(
        postgres_server.url(database, user=PASSWORD_USER, password=PASSWORD)
    )
    try:
        assert await connection.fetchval("SELECT current_user") == USER
    finally:
        await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_server.url(database, user=PASSWORD_USER, password="wrong"))
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(postgres_server.url(database, user=ADMINISTRATOR))


async def test_turning_out_the_clients_of_one_database_spares_the_others(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    turned_out, other = await asyncpg.connect(postgres_url), None
    spared = postgres_server.create_database()
    try:
        other = await asyncpg.connect(postgres_server.url(spared))
        database = postgres_url.rpartition("/")[2]
        assert postgres_server.backends(database) == [turned_out.get_server_pid()]
        postgres_server.terminate_backends(database)
        assert postgres_server.backends() == [other.get_server_pid()]
        assert await other.fetchval("SELECT 1") == 1
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await turned_out.fetchval("SELECT 1")
    finally:
        turned_out.terminate()
        if other is not None:
            await other.close()
        postgres_server.drop_database(spared)


async def test_a_killed_server_takes_its_busy_clients_along_and_keeps_what_was_committed(
    own_server: PostgresServer,
) -> None:
    url = own_server.url(own_server.create_database())
    writer, busy = await asyncpg.connect(url), await asyncpg.connect(url)
    await writer.execute("CREATE TABLE things AS SELECT 1 AS id")
    await writer.execute("BEGIN; INSERT INTO things VALUES (2)")
    # Never looks up: by itself it would outlive the process that all others hang on.
    computing = asyncio.create_task(busy.execute("DO $$ BEGIN LOOP END LOOP; END $$"))
    await asyncio.sleep(0.1)
    ids = own_server.backends()
    assert set(ids) == {writer.get_server_pid(), busy.get_server_pid()}
    pid = own_server.pid
    own_server.kill()
    assert not any(_runs(process) for process in (pid, *ids))
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await computing
    own_server.start()
    again = await asyncpg.connect(url)
    try:
        assert [row["id"] for row in await again.fetch("SELECT id FROM things")] == [1]
    finally:
        await again.close()
        writer.terminate()
        busy.terminate()


async def test_a_stop_turns_clients_out_and_a_start_finds_the_same_address(
    own_server: PostgresServer,
) -> None:
    url = own_server.url("postgres")
    connection = await asyncpg.connect(url)
    family = [own_server.pid, *own_server.backends()]
    own_server.restart()
    assert not any(_runs(process) for process in family)
    connection.terminate()
    again = await asyncpg.connect(url)
    await again.close()


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.kill, lambda server: None])
def test_nothing_is_left_of_a_server_however_it_ended(
    postgres_programs: PostgresPrograms, tmp_path: Path, end: object
) -> None:
    with running_postgres(postgres_programs) as server:
        pid = server.pid
        family = [process.pid for process in psutil.Process(pid).children()]
        data = Path(server.execute("SHOW data_directory"))
        assert data.is_dir()
        end(server)
    assert not any(_runs(process) for process in (pid, *family))
    assert not data.parent.exists()
    segments = subprocess.run(["ipcs", "-m", "-p"], capture_output=True, text=True, check=True)
    assert f" {pid} " not in segments.stdout


def test_servers_stand_side_by_side_with_settings_of_their_own(
    postgres_programs: PostgresPrograms, postgres_server: PostgresServer
) -> None:
    settings = {"max_connections": 7}
    with running_postgres(postgres_programs, fsync=False, settings=settings) as other:
        assert other.port != postgres_server.port
        assert other.execute("SHOW fsync; SHOW max_connections") == "off\n7"
        name = other.create_database()
        assert name in other.execute("SELECT datname FROM pg_database").splitlines()
        assert postgres_server.execute("SHOW max_connections") == "50"
    assert postgres_server.execute("SELECT 1") == "1"


def test_a_server_that_does_not_start_says_why(postgres_programs: PostgresPrograms) -> None:
    with (
        pytest.raises(AssertionError, match='invalid value for parameter "shared_buffers"'),
        running_postgres(postgres_programs, settings={"shared_buffers": "plenty"}),
    ):
        pass


def test_a_statement_that_fails_says_why(postgres_server: PostgresServer) -> None:
    with pytest.raises(AssertionError, match='relation "nothing" does not exist'):
        postgres_server.execute("SELECT * FROM nothing")


def test_a_machine_without_postgresql_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "_DEBIAN_PROGRAMS", tmp_path / "nothing")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PostgresMissing, match="PostgreSQL 15 or newer is not installed"):
        find_programs()


def test_the_newest_of_debians_versions_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "_DEBIAN_PROGRAMS", tmp_path)
    for version in (9, 15, 17):
        _fake_programs(tmp_path / str(version) / "bin", version)
    assert find_programs().folder == tmp_path / "17" / "bin"


def test_programs_that_are_too_old_are_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "_DEBIAN_PROGRAMS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    _fake_programs(tmp_path / "14" / "bin", 14)
    with pytest.raises(PostgresMissing):
        find_programs()


def test_root_needs_an_account_to_run_it_as(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "_DEBIAN_PROGRAMS", tmp_path)
    monkeypatch.setattr(postgres.os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "ACCOUNT", "nobody-of-that-name")
    _fake_programs(tmp_path / "15" / "bin", 15)
    with pytest.raises(PostgresMissing, match="nobody-of-that-name"):
        find_programs()


def _fake_programs(folder: Path, version: int) -> None:
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres", "psql"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}.3'\n")
        program.chmod(0o755)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_killed_processes_of_a_database_are_replaced_and_it_recovers(
    own_server: PostgresServer,
) -> None:
    database = own_server.create_database()
    url = own_server.url(database)
    killed = await asyncpg.connect(url)
    await killed.execute("CREATE TABLE things AS SELECT 1 AS id")
    pid = own_server.pid

    own_server.kill_backends(database)

    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await killed.fetchval("SELECT 1")
    await asyncio.sleep(0.3)
    async with asyncio.timeout(20):
        while True:
            with suppress(OSError, asyncpg.PostgresError):
                again = await asyncpg.connect(url)
                break
            await asyncio.sleep(0.05)
    assert [row["id"] for row in await again.fetch("SELECT id FROM things")] == [1]
    assert own_server.pid == pid
    await again.close()


async def test_frozen_processes_of_a_database_say_nothing_until_they_are_thawed(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    connection = await asyncpg.connect(postgres_url)
    frozen = postgres_server.freeze_backends(postgres_url.rpartition("/")[2])
    asked = asyncio.create_task(connection.fetchval("SELECT 7"))
    try:
        assert frozen == [connection.get_server_pid()]
        await asyncio.sleep(0.2)
        assert not asked.done()
    finally:
        postgres_server.thaw(frozen)
    assert await asked == 7
    await connection.close()

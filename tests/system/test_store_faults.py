"""The store is away, full, frozen, locked: what is in memory is read, nothing is lost, and once the
store is back everything goes on by itself.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest

from aas_server.clock import SystemClock
from aas_server.store.postgres import PostgresStore
from aas_server.store.sql_store import SqlStore
from aas_server.store.sqlite import SqliteStore
from tests.clients.documents import prop, submodel
from tests.support.ports import free_port
from tests.support.postgres import (
    PASSWORD,
    PASSWORD_USER,
    PostgresPrograms,
    PostgresServer,
    running_postgres,
)
from tests.support.processes import eventually, run
from tests.system.aas_process import AasClient, AasServer, aas_server_command, encoded
from tests.system.served_stores import PostgresDatabase, SqliteFolder, assert_sound

MODEL: Final = "urn:faults:model"
RETURN_SECONDS: Final = 10.0
"""Seconds after which everything is as before when the store is back."""
ANSWER_SECONDS: Final = 40.0
"""Seconds in which each request ends, whatever the store does."""
LOCKED_SECONDS: Final = 6.0
"""Longer than a writer waits for another process that has the file locked."""
TEXT: Final = "x" * 50_000


class Counter:
    """Writes one number after the other into a submodel, and knows which ones were confirmed."""

    def __init__(self, client: AasClient) -> None:
        self.client = client
        self.count = 0
        self.confirmed = 0
        assert self.write().status_code == 201

    def write(self, text: str = "") -> httpx.Response:
        self.count += 1
        document = submodel(MODEL, prop("Count", str(self.count)), prop("Text", text))
        response = self.client.http.put(
            f"/submodels/{encoded(MODEL)}", json=document, timeout=ANSWER_SECONDS
        )
        if response.is_success:
            self.confirmed = self.count
        return response

    def read(self) -> int:
        return int(self.client.read(MODEL, "Count").value)

    def assert_nothing_is_lost(self, client: AasClient | None = None) -> None:
        """Assert that the last confirmed number is there, or one that was asked for since."""
        found = int((client or self.client).read(MODEL, "Count").value)
        assert self.confirmed <= found <= self.count


def assert_is_away(response: httpx.Response) -> None:
    """Assert that an answer says, as every failure does, that the store is away for now."""
    assert response.status_code == 503, response.text
    assert int(response.headers["retry-after"]) > 0
    (message,) = response.json()["messages"]
    assert message["code"] == "StoreUnavailable"
    assert message["text"]


def health(client: AasClient) -> tuple[int, dict[str, Any]]:
    response = client.http.get(f"{client.address}/health", timeout=ANSWER_SECONDS)
    return response.status_code, response.json()


def wait_until_normal(counter: Counter) -> None:
    """Wait until writes are confirmed again and the server says that it is well."""
    eventually(
        lambda: counter.write().is_success, within=RETURN_SECONDS, what="writes are confirmed"
    )
    eventually(
        lambda: health(counter.client)[0] == 200, within=RETURN_SECONDS, what="the server is well"
    )
    assert counter.read() == counter.confirmed
    unknown = counter.client.http.get(f"/submodels/{encoded('urn:faults:unknown')}")
    assert unknown.status_code == 404, unknown.text


@pytest.fixture(scope="module")
def postgres(postgres_programs: PostgresPrograms) -> Iterator[PostgresServer]:
    """A database server that comes and goes."""
    with running_postgres(postgres_programs) as server:
        yield server


@pytest.fixture(scope="module")
def database(postgres: PostgresServer, folder: Path) -> PostgresDatabase:
    return PostgresDatabase(postgres, postgres.create_database(), folder)


@pytest.fixture(scope="module")
def on_postgres(database: PostgresDatabase) -> Iterator[AasServer]:
    """A server on PostgreSQL."""
    with database.start("on-postgres") as server:
        yield server
    assert "Traceback" not in server.process.log(), server.process.log()


def test_while_the_database_is_away_what_is_in_memory_is_read(
    on_postgres: AasServer, postgres: PostgresServer
) -> None:
    client = on_postgres.client
    counter = counter_of(client)
    assert health(client) == (200, {"status": "UP"})

    postgres.stop()
    try:
        assert counter.read() == counter.confirmed
        assert client.get(f"/submodels/{encoded(MODEL)}")["id"] == MODEL
        assert_is_away(client.http.get(f"/submodels/{encoded('urn:faults:other')}"))
        assert_is_away(client.http.get("/submodels?idShort=Never"))
        assert_is_away(counter.write())
        assert_is_away(client.write(MODEL, "Count", "7"))
        assert_is_away(client.http.post("/submodels", json=submodel("urn:faults:new")))
        assert_is_away(client.http.delete(f"/submodels/{encoded(MODEL)}"))
        status, told = health(client)
        assert (status, told["status"]) == (503, "DOWN")
        assert told["components"]["store"]["status"] == "DOWN"
        assert counter.read() == counter.confirmed
    finally:
        postgres.start()

    wait_until_normal(counter)
    assert client.http.get(f"/submodels/{encoded('urn:faults:new')}").status_code == 404


def counter_of(client: AasClient) -> Counter:
    client.http.delete(f"/submodels/{encoded(MODEL)}")
    return Counter(client)


def test_many_outages_one_after_the_other_lose_nothing(
    on_postgres: AasServer, postgres: PostgresServer
) -> None:
    counter = counter_of(on_postgres.client)
    over = threading.Event()
    statuses: list[int] = []

    def write() -> None:
        while not over.is_set():
            statuses.append(counter.write().status_code)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(2):
            time.sleep(0.3)
            postgres.restart()
    finally:
        over.set()
        writing.join()

    assert set(statuses) <= {204, 503}
    wait_until_normal(counter)


def test_a_frozen_database_holds_nobody_up_for_long(
    on_postgres: AasServer, database: PostgresDatabase
) -> None:
    client = on_postgres.client
    counter = counter_of(client)
    frozen = database.server.freeze_backends(database.database)
    assert frozen
    try:
        begun = time.monotonic()
        assert counter.read() == counter.confirmed
        answers = asked_at_once(
            lambda: counter.write(),
            lambda: client.http.get("/submodels?idShort=Frozen", timeout=ANSWER_SECONDS),
            lambda: client.http.get(f"{client.address}/health", timeout=ANSWER_SECONDS),
        )
        print(f"a frozen database: all is answered within {time.monotonic() - begun:.1f} s")
        for answer in answers:
            assert answer.is_success or answer.status_code == 503, answer.text
        assert counter.read() <= counter.count
    finally:
        database.server.thaw(frozen)

    wait_until_normal(counter)


def test_a_server_ends_in_time_though_its_database_is_frozen(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    database = PostgresDatabase(postgres, postgres.create_database(), tmp_path)
    with database.start("server") as server:
        counter_of(server.client)
        frozen = postgres.freeze_backends(database.database)
        try:
            assert server.process.terminate() == 0
        finally:
            postgres.thaw(frozen)
        assert "Traceback" not in server.process.log(), server.process.log()


def asked_at_once(*questions: Callable[[], httpx.Response]) -> list[httpx.Response]:
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda each=each: answers.append(each())) for each in questions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(questions), "a request did not end in time"
    return answers


def refused_start(folder: Path, *arguments: str | Path, **variables: str) -> str:
    """Start a server that has to refuse, and return what it says."""
    ended = run(
        aas_server_command("serve", "--port", "0", "--data", folder / "data", *arguments),
        folder=folder,
        environment=variables,
        within=30,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2, said
    assert "Traceback" not in said
    assert PASSWORD not in said
    return said


def test_a_database_that_is_away_stops_the_start(tmp_path: Path, postgres: PostgresServer) -> None:
    url = f"postgresql://aas@127.0.0.1:{free_port()}/aas"

    said = refused_start(tmp_path, "--database", url)

    assert url in said
    assert "nothing listens there" in said


@pytest.mark.parametrize("password", ["wrong-" + PASSWORD, ""])
def test_a_wrong_password_stops_the_start_and_is_not_told(
    tmp_path: Path, postgres: PostgresServer, password: str
) -> None:
    url = postgres.url(postgres.create_database(), user=PASSWORD_USER)

    said = refused_start(tmp_path, "--database", url, AAS_DATABASE_PASSWORD=password)

    assert url in said
    assert "password" in said
    assert "AAS_DATABASE_PASSWORD" in said
    assert not password or password not in said


def test_a_database_that_does_not_exist_stops_the_start(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    said = refused_start(tmp_path, "--database", postgres.url("no_such_database"))

    assert "no_such_database" in said
    assert "create it" in said


def test_a_password_is_in_no_output_of_a_server_that_uses_it(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    database = postgres.create_database()
    url = postgres.url(database, user=PASSWORD_USER)
    secret = tmp_path / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o600)
    variables = {"AAS_DATABASE_PASSWORD_FILE": str(secret), "AAS_LOG_LEVEL": "DEBUG"}
    arguments = ("--data", tmp_path / "data", "--database", url)
    with AasServer(*arguments, folder=tmp_path / "server", environment=variables) as server:
        counter = counter_of(server.client)
        secret.unlink()
        postgres.terminate_backends(database)
        assert_is_away(counter.write())
        status, told = health(server.client)
        assert (status, PASSWORD in str(told)) == (503, False)
        assert counter.read() == counter.confirmed
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o600)
        wait_until_normal(counter)
        said = server.process.output() + server.process.log()
    assert PASSWORD not in said
    assert "Traceback" not in said


@contextmanager
def small_medium(folder: Path) -> Iterator[None]:
    """Let a small medium of its own be at ``folder``."""
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if mount is None or os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no file system of its own can be made here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_medium_loses_nothing_and_goes_on_with_room(tmp_path: Path) -> None:
    with small_medium(tmp_path / "store"):
        store = SqliteFolder(tmp_path / "store")
        ballast = tmp_path / "store" / "ballast"
        ballast.write_bytes(bytes(1_000_000))

        def give_room() -> None:
            ballast.unlink()

        fill_up_and_go_on(store, tmp_path, give_room)


def test_a_file_that_must_not_grow_loses_nothing_and_goes_on_when_it_may(tmp_path: Path) -> None:
    store = SqliteFolder(tmp_path)
    limited: list[psutil.Process] = []

    def limit(server: AasServer) -> None:
        process = psutil.Process(server.process.pid)
        _, hard = process.rlimit(psutil.RLIMIT_FSIZE)
        process.rlimit(psutil.RLIMIT_FSIZE, (2_000_000, hard))
        limited.append(process)

    def give_room() -> None:
        _, hard = limited[0].rlimit(psutil.RLIMIT_FSIZE)
        limited[0].rlimit(psutil.RLIMIT_FSIZE, (hard, hard))

    fill_up_and_go_on(store, tmp_path, give_room, limit)


def fill_up_and_go_on(
    store: SqliteFolder,
    folder: Path,
    give_room: Callable[[], None],
    limit: Callable[[AasServer], None] = lambda _: None,
) -> None:
    with AasServer("--data", store.data, folder=folder / "server") as server:
        counter = counter_of(server.client)
        limit(server)
        for _ in range(200):
            response = counter.write(os.urandom(20_000).hex())
            if response.status_code == 503:
                break
        assert_is_away(response)
        assert counter.confirmed == counter.count - 1
        assert counter.read() == counter.confirmed
        assert_is_away(counter.write(TEXT))
        unknown = server.client.http.get(f"/submodels/{encoded('urn:faults:unknown')}")
        assert unknown.status_code == 404, unknown.text
        give_room()
        wait_until_normal(counter)
        server.process.kill()
        assert "Traceback" not in server.process.log(), server.process.log()
    with AasServer("--data", store.data, folder=folder / "again") as server:
        counter.assert_nothing_is_lost(server.client)
    assert_sound(store)


def test_a_folder_that_becomes_read_only_is_written_to_when_it_is_writable_again(
    tmp_path: Path,
) -> None:
    store = SqliteFolder(tmp_path)
    with store.start("server") as server:
        counter = counter_of(server.client)
        with read_only(store.data):
            assert_is_away(counter.write(TEXT))
            assert counter.read() == counter.confirmed
            assert_is_away(counter.write(TEXT))
        wait_until_normal(counter)
        assert "Traceback" not in server.process.log(), server.process.log()
    assert_sound(store)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder and its files such that nobody, not even root, changes them."""
    chattr = shutil.which("chattr")
    # Not the file that SQLite has in memory: writing there would end the process.
    files = [str(folder), *(str(folder / name) for name in ("aas.sqlite", "aas.sqlite-wal"))]
    if chattr is None or subprocess.run([chattr, "+i", *files], capture_output=True).returncode:
        pytest.skip("files cannot be made immutable here")
    try:
        yield
    finally:
        subprocess.run([chattr, "-i", *files], check=True)


def test_another_process_that_has_the_file_locked_holds_up_writes_alone(tmp_path: Path) -> None:
    store = SqliteFolder(tmp_path)
    with store.start("server") as server:
        counter = counter_of(server.client)
        with closing(sqlite3.connect(store.data / "aas.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            answers = asked_at_once(
                lambda: counter.write(),
                lambda: server.client.http.get("/submodels?idShort=Never"),
                lambda: server.client.http.get(f"/submodels/{encoded('urn:faults:unknown')}"),
            )
            assert time.monotonic() - begun < ANSWER_SECONDS
            assert sorted(each.status_code for each in answers) == [200, 404, 503]
            assert_is_away(next(each for each in answers if each.status_code == 503))
            assert counter.read() == counter.confirmed
            assert health(server.client)[0] == 200
            other.execute("ROLLBACK")
        wait_until_normal(counter)
        assert "Traceback" not in server.process.log(), server.process.log()
    assert_sound(store)


def make_store_in(place: SqliteFolder | PostgresDatabase) -> None:
    """Make what a server makes at its first start."""
    clock = SystemClock()
    store: SqlStore = (
        SqliteStore(place.data, clock)
        if isinstance(place, SqliteFolder)
        else PostgresStore(place.url, clock)
    )

    async def make() -> None:
        await store.open()
        await store.close()

    asyncio.run(make())


def test_a_store_of_a_newer_server_stops_the_start(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    folder = SqliteFolder(tmp_path)
    database = PostgresDatabase(postgres, postgres.create_database(), tmp_path)
    newer = "UPDATE alembic_version SET version_num = '9999'"
    make_store_in(folder)
    make_store_in(database)
    with closing(sqlite3.connect(folder.data / "aas.sqlite")) as connection:
        connection.execute(newer)
        connection.commit()
    postgres.execute(newer, database=database.database)

    for said in (refused_start(tmp_path), refused_start(tmp_path, "--database", database.url)):
        assert "newer server" in said
        assert "9999" in said
        assert "aas-server store restore" in said


def test_a_damaged_store_stops_the_start_and_says_what_to_do(tmp_path: Path) -> None:
    store = SqliteFolder(tmp_path)
    make_store_in(store)
    file = store.data / "aas.sqlite"
    content = bytearray(file.read_bytes())
    content[100:4096] = bytes(3996)
    file.write_bytes(content)

    said = refused_start(tmp_path)

    assert "aas-server store verify" in said
    assert "aas-server store restore --force" in said
    assert store.verify().returncode != 0

"""``aas-server store``: what its commands do, print and exit with."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from aas_server.cli.main import app
from aas_server.cli.store_bar import Interrupted, with_bar
from aas_server.cli.store_exporting import export_store
from aas_server.clock import SystemClock
from aas_server.errors import BadRequest
from aas_server.settings import load_settings
from aas_server.store.care.copying import new_database
from aas_server.store.care.hints import RESTORE
from aas_server.store.care.rows import Advance
from aas_server.store.migrate import migrate
from aas_server.store.sqlite import SqliteStore
from tests.store.care import CONTENT, document, execute, fill, found, tables
from tests.store.writes import creation, pieces

CHANGED = "its bytes are not those that were written"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a store with something of everything."""
    with_store(tmp_path / "data", fill)
    return tmp_path / "data"


def with_store(folder: Path, work: Callable[[SqliteStore], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        store = SqliteStore(folder, SystemClock())
        await store.open()
        try:
            await work(store)
        finally:
            await store.close()

    asyncio.run(run())


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Have a server at work in ``folder`` that writes one document after the other."""
    has_begun, is_over = threading.Event(), threading.Event()

    async def write(store: SqliteStore) -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            new = document(store, f"urn:new:{number}", idShort=f"New{number}")
            await store.commit([creation(new)], actor="server")
            has_begun.set()

    server = threading.Thread(target=with_store, args=(folder, write))
    server.start()
    try:
        assert has_begun.wait(20)
        yield
    finally:
        is_over.set()
        server.join()


def ran(data: Path, command: str, *arguments: str | Path, code: int = 0) -> str:
    """Return what a command prints, or what it says is wrong."""
    words = ["store", command, *map(str, arguments), "--data", str(data)]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "300"})
    assert result.exit_code == code, result.output
    return result.stderr if code == 2 else result.stdout


def test_a_backup_is_restored_to_what_was_backed_up(data: Path, tmp_path: Path) -> None:
    backup, other = tmp_path / "backup.sqlite", tmp_path / "other"
    assert ran(data, "backup", backup).startswith(f"{backup}: ")
    told = ran(other, "restore", backup)
    assert told == f"{other / 'aas.sqlite'} is what {backup} holds\n"
    assert tables(other / "aas.sqlite") == tables(backup) == tables(data / "aas.sqlite")


def test_a_backup_while_a_server_writes_is_of_one_moment(data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.sqlite"
    with running(data):
        ran(data, "backup", backup)
        assert "no damage" in ran(data, "verify")
    assert "no damage" in ran(data, "verify", backup)
    copied, all_of_it = tables(backup)["changes"], tables(data / "aas.sqlite")["changes"]
    assert len(copied) < len(all_of_it)
    assert set(copied) < set(all_of_it)


def test_a_backup_replaces_a_file_only_when_told_to(data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.sqlite"
    backup.write_bytes(b"precious")
    assert "exists already" in ran(data, "backup", backup, code=2)
    assert backup.read_bytes() == b"precious"
    ran(data, "backup", backup, "--force")
    assert found(backup) == []


def test_a_backup_is_never_made_in_the_place_of_a_database_in_use(
    data: Path, tmp_path: Path
) -> None:
    before = tables(data / "aas.sqlite")
    told = ran(data, "backup", data / "aas.sqlite", "--force", code=2)
    assert "is the store itself" in told
    backup = tmp_path / "backup.sqlite"
    backup.with_name("backup.sqlite-wal").write_bytes(b"in use")
    assert "is in use as a database" in ran(data, "backup", backup, "--force", code=2)
    assert tables(data / "aas.sqlite") == before


def test_an_older_store_can_be_backed_up(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with new_database(tmp_path / "data" / "aas.sqlite") as connection:
        migrate(connection, "0002")
    ran(tmp_path / "data", "backup", tmp_path / "backup.sqlite")
    told = ran(tmp_path / "data", "verify", code=2)
    assert "has the schema 0002" in told
    ran(tmp_path / "other", "restore", tmp_path / "backup.sqlite")
    assert "no damage in 0 documents" in ran(tmp_path / "other", "verify")


def test_a_restore_keeps_what_was_there(data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.sqlite"
    ran(data, "backup", backup)
    execute(data / "aas.sqlite", "DELETE FROM jobs")
    former = tables(data / "aas.sqlite")
    assert "or say --force to replace it" in ran(data, "restore", backup, code=2)
    told = ran(data, "restore", backup, "--force").splitlines()
    kept = Path(told[1].removeprefix("what it was before is kept: "))
    assert kept.parent == data / "backups"
    assert tables(kept) == former
    assert tables(data / "aas.sqlite") == tables(backup)


def test_what_is_no_backup_is_not_restored(data: Path, tmp_path: Path) -> None:
    before = tables(data / "aas.sqlite")
    file = tmp_path / "text.sqlite"
    file.write_text("nonsense" * 1000)
    assert "file is not a database" in ran(data, "restore", file, "--force", code=2)
    assert "is the store itself" in ran(data, "restore", data / "aas.sqlite", "--force", code=2)
    execute(tmp_path / "other.sqlite", "CREATE TABLE a (b)")
    assert "holds no store" in ran(data, "restore", tmp_path / "other.sqlite", "--force", code=2)
    assert tables(data / "aas.sqlite") == before


def test_a_damaged_backup_is_not_restored_and_verify_tells_all(data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.sqlite"
    ran(data, "backup", backup)
    execute(backup, "DELETE FROM terms", "DELETE FROM changes WHERE sequence = 3")
    before = tables(data / "aas.sqlite")
    told = ran(data, "restore", backup, "--force", code=2)
    assert "the backup is damaged, so nothing was restored" in told
    assert tables(data / "aas.sqlite") == before
    assert "error change log: no entries 3 to 3" in ran(data, "verify", backup, code=1)


def test_nobody_restores_or_compacts_under_a_running_server(data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.sqlite"
    ran(data, "backup", backup)
    with running(data):
        assert "stop it first" in ran(data, "restore", backup, "--force", code=2)
        assert "another server uses this data folder" in ran(data, "compact", code=2)


def test_a_sound_store_is_said_to_be_so(data: Path) -> None:
    assert ran(data, "verify") == "no damage in 5 documents, 5 former versions, 1 file\n"
    assert ran(data, "verify", "--json") == ""


def test_what_is_wrong_is_told_one_a_line_with_what_to_do(data: Path) -> None:
    execute(data / "aas.sqlite", "UPDATE documents SET checksum = 1 WHERE id = 'urn:made'")
    lines = ran(data, "verify", code=1).splitlines()
    assert lines == [
        f"error Submodel 'urn:made': {CHANGED}; {RESTORE} (checksum)",
        "1 error",
    ]
    (line,) = ran(data, "verify", "--json", code=1).splitlines()
    assert json.loads(line) == {
        "code": "checksum",
        "level": "error",
        "path": "Submodel 'urn:made'",
        "text": CHANGED,
        "hint": RESTORE,
    }


def test_what_is_only_left_over_is_a_note(data: Path) -> None:
    async def leave(store: SqliteStore) -> None:
        await store.write_file(pieces(b"left over"))

    with_store(data, leave)
    lines = ran(data, "verify").splitlines()
    assert lines[0].startswith("note  files: 1 content of files, 9 bytes, without a name; ")
    assert lines[1].endswith("; 1 note")


@pytest.mark.parametrize("command", ["verify", "backup", "compact", "export"])
def test_a_folder_without_a_store_is_told_and_stays_as_it_is(tmp_path: Path, command: str) -> None:
    target = {"backup": ["a.sqlite"], "export": ["a.json"]}.get(command, [])
    told = ran(tmp_path, command, *(tmp_path / name for name in target), code=2)
    assert "holds no store" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["verify", "backup", "compact", "export"])
def test_a_store_that_cannot_be_opened_is_told_with_what_to_do(
    tmp_path: Path, command: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "aas.sqlite").write_bytes(b"nonsense" * 1000)
    target = {"backup": ["a.sqlite"], "export": ["a.json"]}.get(command, [])
    told = ran(data, command, *(tmp_path / name for name in target), code=2)
    assert "aas-server store restore --force" in told
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("command", ["verify", "backup", "compact"])
def test_a_store_of_a_newer_server_is_told_with_what_to_do(
    data: Path, tmp_path: Path, command: str
) -> None:
    execute(data / "aas.sqlite", "UPDATE alembic_version SET version_num = '9999'")
    target = [tmp_path / "a.sqlite"] if command == "backup" else []
    told = ran(data, command, *target, code=2)
    assert "newer server (schema 9999)" in told
    assert "aas-server store restore --force" in told


def test_compacting_mends_and_makes_smaller(data: Path) -> None:
    execute(data / "aas.sqlite", "DELETE FROM terms", "UPDATE jobs SET expires = 0")
    lines = ran(data, "compact").splitlines()
    assert lines[0] == "terms of 5 documents made anew, 0 former versions forgotten"
    assert lines[1].endswith(" now")
    assert found(data / "aas.sqlite") == []
    assert tables(data / "aas.sqlite")["jobs"] == []


def test_compacting_goes_by_the_settings(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAS_HISTORY_VERSIONS", "1")
    assert "2 former versions forgotten" in ran(data, "compact")


def test_everything_is_exported_as_one_environment(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "all.json"
    with running(data):
        ran(data, "export", target)
    environment = json.loads(target.read_bytes())
    assert list(environment) == [
        "assetAdministrationShells",
        "submodels",
        "conceptDescriptions",
    ]
    ids = [each["id"] for each in environment["submodels"]]
    assert ids[:2] == ["urn:made", "urn:again"]
    stored = {row[2]: row[7] for row in tables(data / "aas.sqlite")["documents"]}
    assert json.loads(stored["urn:made"]) == environment["submodels"][0]
    assert stored["urn:made"] in target.read_bytes()


def test_an_empty_store_is_an_empty_environment(tmp_path: Path) -> None:
    async def nothing(store: SqliteStore) -> None:
        """Leave it as it is."""

    with_store(tmp_path / "data", nothing)
    ran(tmp_path / "data", "export", tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_bytes()) == {}


def test_files_go_into_packages_only(data: Path, tmp_path: Path) -> None:
    ran(data, "export", tmp_path / "all.aasx")
    with zipfile.ZipFile(tmp_path / "all.aasx") as package:
        names = [name for name in package.namelist() if name.endswith("manual.bin")]
        assert [package.read(name) for name in names] == [CONTENT]
        environment = package.read("aasx/data.xml").decode()
    assert "urn:concept" in environment
    ran(data, "export", tmp_path / "all.xml")
    assert "<id>urn:made</id>" in (tmp_path / "all.xml").read_text()


def test_an_export_is_refused_by_its_extension_and_where_a_file_is(
    data: Path, tmp_path: Path
) -> None:
    assert "none of .json, .aasx, .xml" in ran(data, "export", tmp_path / "all.csv", code=2)
    target = tmp_path / "all.json"
    target.write_text("precious")
    assert "exists already" in ran(data, "export", target, code=2)
    assert target.read_text() == "precious"
    ran(data, "export", target, "--force")
    assert json.loads(target.read_bytes())


def test_nothing_damaged_is_exported(data: Path, tmp_path: Path) -> None:
    execute(data / "aas.sqlite", "UPDATE documents SET checksum = 1 WHERE id = 'urn:concept'")
    for name in ("all.json", "all.xml", "all.aasx"):
        assert "'urn:concept' is damaged" in ran(data, "export", tmp_path / name, code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


async def test_what_is_too_large_for_xml_is_refused_with_the_way_out(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data", SystemClock())
    await store.open()
    await fill(store)
    await store.close()
    settings = load_settings({"data": tmp_path / "data"})
    quiet = Console(quiet=True)
    for name in ("all.aasx", "all.xml"):
        with pytest.raises(BadRequest, match=r"made in memory \(99 bytes at most\): name a file"):
            await export_store(
                tmp_path / name, settings, replace=False, out=quiet, err=quiet, largest=99
            )
    await export_store(
        tmp_path / "all.json", settings, replace=False, out=quiet, err=quiet, largest=99
    )


async def test_work_that_nobody_waits_for_any_more_ends_when_it_tells_next() -> None:
    ended: list[BaseException] = []
    has_begun = threading.Event()

    def work(advance: Advance) -> None:
        try:
            for done in range(10_000):
                advance(done, 10_000)
                has_begun.set()
                time.sleep(0.01)
        except Interrupted as error:
            ended.append(error)
            raise

    quiet = Console(quiet=True)
    task = asyncio.create_task(
        with_bar("work", lambda advance: asyncio.to_thread(work, advance), out=quiet, err=quiet)
    )
    assert await asyncio.to_thread(has_begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        while not ended:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_nothing_stays_when_somebody_presses_ctrl_c(tmp_path: Path, command: str) -> None:
    async def much(store: SqliteStore) -> None:
        await store.write_file(pieces(os.urandom(1_048_576) * 150, 1_048_576))

    data, other = tmp_path / "data", tmp_path / "other"
    with_store(data, much)
    other.mkdir()
    words = {
        "backup": ["backup", other / "backup.sqlite", "--data", data],
        "restore": ["restore", data / "aas.sqlite", "--data", other],
    }[command]
    process = subprocess.Popen(
        [sys.executable, "-m", "aas_server.cli", "store", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(other.glob(".part-*/*")):
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode in (1, 130), told
    assert b"Traceback" not in told
    assert {path.name for path in other.iterdir()} <= {"lock"}

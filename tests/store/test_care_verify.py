"""Looking for damage: each kind is found, and nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aas_server.store.care.verifying import verify_store
from aas_server.store.sqlite import SqliteStore
from tests.store.care import connected, document, execute, fill, found, looked_at
from tests.store.damage import DAMAGES
from tests.store.writes import creation, deletion, pieces
from tests.support.clock import FakeClock


@pytest.fixture
async def file(sqlite_store: SqliteStore, tmp_path: Path) -> Path:
    """A store with something of everything that nobody has open."""
    await fill(sqlite_store)
    await sqlite_store.close()
    return tmp_path / "data" / "aas.sqlite"


def test_nothing_is_found_in_a_store_that_is_sound(file: Path) -> None:
    assert found(file) == []


async def test_nothing_is_found_in_an_empty_store(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    await sqlite_store.close()
    assert found(tmp_path / "data" / "aas.sqlite") == []


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_with_what_to_do(file: Path, name: str) -> None:
    damage = DAMAGES[name]
    execute(file, damage.statement)
    findings = found(file)
    assert any(each.code == damage.code and damage.text in each.text for each in findings), findings
    assert all(each.is_error and each.hint for each in findings)


async def test_contents_that_nothing_names_are_no_error(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    await fill(sqlite_store)
    await sqlite_store.write_file(pieces(b"left over"))
    (finding,) = found(tmp_path / "data" / "aas.sqlite")
    assert not finding.is_error
    assert finding.text == "1 content of files, 9 bytes, without a name"


async def test_an_upload_that_goes_on_is_nothing_to_tell(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    await sqlite_store.close()
    file = tmp_path / "data" / "aas.sqlite"
    execute(
        file,
        "INSERT INTO files (number, size, touched) VALUES (5, 0, 0)",
        "INSERT INTO chunks (file, position, body) VALUES (5, 0, x'00')",
    )
    assert found(file) == []


async def test_a_damaged_page_is_told_by_the_database_and_the_rest_is_looked_at(
    file: Path, clock: FakeClock
) -> None:
    execute(file, "UPDATE file_names SET owner = 'urn:other'")
    with closing(sqlite3.connect(file)) as database:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = 'versions'"
        ((page,),) = database.execute(query)
    content = bytearray(file.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    file.write_bytes(content)
    findings = await looked_at(file, clock, lambda connection: list(verify_store(connection)))
    assert {"medium", "file-name"} == {each.code for each in findings}
    assert any(each.path == "the former versions" for each in findings)


def test_a_column_of_another_type_is_told(file: Path) -> None:
    execute(file, "UPDATE versions SET body = 'text' WHERE number = 1")
    execute(file, "UPDATE documents SET body = 'text' WHERE id = 'urn:concept'")
    assert {each.code for each in found(file)} == {"medium", "checksum"}


def test_it_is_told_how_far_it_is_until_all_is_done(file: Path) -> None:
    told: list[tuple[int, int]] = []
    with connected(file) as connection:
        list(verify_store(connection, lambda *step: told.append(step)))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] > 1_000_000
    assert all(done <= total for done, total in told)
    assert told == sorted(told)


def test_who_tells_it_to_stop_is_heard(file: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with connected(file) as connection, pytest.raises(KeyboardInterrupt):
        list(verify_store(connection, stop))


async def test_a_clock_that_was_set_back_damages_nothing(
    sqlite_store: SqliteStore, tmp_path: Path, clock: FakeClock
) -> None:
    made = document(sqlite_store, "urn:ex", at=clock.now())
    await sqlite_store.commit([creation(made)], actor="test")
    clock.advance(-60)
    await sqlite_store.commit([deletion(made)], actor="test")
    assert found(tmp_path / "data" / "aas.sqlite") == []

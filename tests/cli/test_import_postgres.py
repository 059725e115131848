"""``aas-server import`` into PostgreSQL: as into SQLite, and servers may be at work on it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from aas_server.cli.main import app
from aas_server.clock import SystemClock
from aas_server.store.postgres import PostgresStore
from aas_server.store.protocol import StoredDocument
from tests.packages.packages import aasx, environment, file_element, submodel

PROPERTY = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:double", "value": "1.0"}
MANUAL = file_element("Manual", "/aasx/files/a.txt", "text/plain")
PUMP = submodel("urn:pump", PROPERTY, MANUAL)


def imported(url: str, tmp_path: Path, *words: str | Path, code: int = 0) -> str:
    command = ["import", *words, "--data", tmp_path / "data", "--database", url]
    result = CliRunner().invoke(app, [str(each) for each in command], env={"COLUMNS": "300"})
    assert result.exit_code == code, result.output
    return result.output


def written(file: Path, *trees: Any) -> Path:
    file.write_text(json.dumps(environment(*trees)))
    return file


def stored(url: str) -> dict[str, StoredDocument]:
    async def read() -> dict[str, StoredDocument]:
        store = PostgresStore(url, SystemClock())
        await store.open()
        try:
            return {each.id: each async for each in store.documents()}
        finally:
            await store.close()

    return asyncio.run(read())


def test_documents_and_files_are_taken_in_and_replaced(postgres_url: str, tmp_path: Path) -> None:
    package = tmp_path / "pump.aasx"
    package.write_bytes(aasx(environment(PUMP), {"aasx/files/a.txt": "content"}))
    others = [submodel(f"urn:{number}", PROPERTY) for number in range(1500)]
    imported(postgres_url, tmp_path, package, written(tmp_path / "others.json", *others))
    found = stored(postgres_url)
    assert len(found) == 1501
    assert list(found["urn:pump"].files) == ["/aasx/files/a.txt"]
    assert json.loads(found["urn:1499"].body) == others[1499]
    heavier = submodel("urn:pump", PROPERTY | {"value": "2.0"})
    file = written(tmp_path / "heavier.json", heavier)
    assert "the id exists" in imported(postgres_url, tmp_path, file, "--dry-run", code=1)
    imported(postgres_url, tmp_path, file, "--on-conflict", "replace")
    after = stored(postgres_url)["urn:pump"]
    assert (json.loads(after.body), after.revision, after.files) == (heavier, 2, {})
    assert not (tmp_path / "data" / "aas.sqlite").exists()


def test_what_the_database_cannot_hold_is_refused_before(postgres_url: str, tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", submodel("urn:a"), submodel("urn:\x00"))
    for flags in ([], ["--trusted"]):
        assert "(AASd-130)" in imported(postgres_url, tmp_path, file, *flags, code=1)
    assert stored(postgres_url) == {}

"""``aas-server import`` of many documents: trusted ones, and what is shown on the way."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from aas_server.cli.importing import ImportOptions, import_files
from aas_server.cli.main import app
from aas_server.clock import SystemClock
from aas_server.packages.plan import OnConflict
from aas_server.settings import Settings
from aas_server.store.sqlite import SqliteStore
from tests.packages.packages import environment, submodel

HEAVY = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:double", "value": "heavy"}


def written(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content))
    return file


def imported(tmp_path: Path, *arguments: str | Path, code: int = 0) -> str:
    command = ["import", *map(str, arguments), "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "300"})
    assert result.exit_code == code, result.output
    return result.output


def stored(tmp_path: Path) -> list[str]:
    async def read() -> list[str]:
        store = SqliteStore(tmp_path / "data", SystemClock())
        await store.open()
        try:
            return [each.id async for each in store.documents()]
        finally:
            await store.close()

    return asyncio.run(read())


def test_trusted_documents_may_break_constraints_but_not_their_shape(tmp_path: Path) -> None:
    heavy = written(tmp_path / "a.json", environment(submodel("urn:a", HEAVY)))
    assert "is no xs:double" not in imported(tmp_path, heavy, "--trusted")
    assert stored(tmp_path) == ["urn:a"]
    for tree in (5, {"id": "urn:b"}, submodel(""), submodel("x" * 2049)):
        shapeless = written(tmp_path / "b.json", {"submodels": [submodel("urn:c"), tree]})
        assert "(structure)" in imported(tmp_path, shapeless, "--trusted", code=1)
    assert "--on-conflict" in imported(tmp_path, heavy, "--trusted", code=1)
    assert stored(tmp_path) == ["urn:a"]


def test_trusted_and_strict_exclude_each_other(tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", environment(submodel("urn:a")))
    assert "leave one out" in imported(tmp_path, file, "--trusted", "--strict", code=2)


@pytest.mark.parametrize("count", [1, 3, 30])
def test_a_terminal_shows_how_far_it_is(tmp_path: Path, count: int) -> None:
    files = [
        written(
            tmp_path / f"file{number}.json",
            environment(*(submodel(f"urn:{number}:{n}") for n in range(40))),
        )
        for number in range(count)
    ]
    shown, silent = io.StringIO(), io.StringIO()
    options, settings = ImportOptions(OnConflict.FAIL), Settings(data=tmp_path / "data")
    asyncio.run(
        import_files(
            files,
            options,
            settings,
            Console(file=silent),
            Console(file=shown, force_terminal=True, width=200),
        )
    )
    if count > 10:
        assert f"{count} files" in shown.getvalue()
        assert f"{40 * count}/{40 * count}" in shown.getvalue()
        assert "file0.json" not in shown.getvalue()
    else:
        assert all(file.name in shown.getvalue() for file in files)
        assert shown.getvalue().count("40/40") >= count
    asyncio.run(
        import_files(
            files,
            ImportOptions(OnConflict.SKIP),
            settings,
            Console(file=silent),
            Console(file=silent),
        )
    )
    assert "/40" not in silent.getvalue()

"""``aas-server import``: what is taken into a store, and what is told about it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aas_server.cli.main import app
from aas_server.clock import SystemClock, to_datetime
from aas_server.packages.signatures.signing import sign_package
from aas_server.store.protocol import StoredDocument
from aas_server.store.sqlite import SqliteStore
from tests.packages.packages import aasx, environment, file_element, shell, submodel
from tests.support.certificates import make_identity

WEIGHT = {"modelType": "Property", "idShort": "Weight", "valueType": "xs:double", "value": "1.0"}
SUBMODEL = submodel("urn:a", WEIGHT, file_element("Manual", "/aasx/files/a.txt", "text/plain"))
HEAVIER = submodel("urn:a", WEIGHT | {"value": "2.0"}, SUBMODEL["submodelElements"][1])
PACKAGE = aasx(environment(shell("urn:shell"), SUBMODEL), {"aasx/files/a.txt": "content"})
BROKEN = submodel("urn:broken", WEIGHT | {"value": "heavy"})


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return written(tmp_path / "a.aasx", PACKAGE)


def written(file: Path, content: bytes | dict[str, Any]) -> Path:
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


def imported(tmp_path: Path, *arguments: str | Path, code: int = 0) -> str:
    command = ["import", *map(str, arguments), "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "300"})
    assert result.exit_code == code, result.output
    return result.stdout if code < 2 else result.stderr


def told(tmp_path: Path, *arguments: str | Path, code: int = 0) -> list[dict[str, Any]]:
    lines = imported(tmp_path, *arguments, "--json", code=code).splitlines()
    return [json.loads(line) for line in lines]


def stored(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Return the documents of the store by their ids."""

    async def read() -> Sequence[StoredDocument]:
        store = SqliteStore(tmp_path / "data", SystemClock())
        await store.open()
        try:
            return [each async for each in store.documents()]
        finally:
            await store.close()

    return {each.id: json.loads(each.body) for each in asyncio.run(read())}


def test_what_is_imported_is_stored_and_counted(tmp_path: Path, package: Path) -> None:
    (report,) = told(tmp_path, package)
    assert stored(tmp_path) == {"urn:shell": shell("urn:shell"), "urn:a": SUBMODEL}
    assert {name: report[name] for name in list(report)[:6]} == {
        "file": str(package),
        "shells": 1,
        "submodels": 1,
        "conceptDescriptions": 0,
        "files": 1,
        "findings": [],
    }
    assert report["status"] == "imported"
    assert report["created"] == {"shells": 1, "submodels": 1, "conceptDescriptions": 0}


def test_several_files_are_imported_together_or_not_at_all(tmp_path: Path, package: Path) -> None:
    other = written(tmp_path / "b.json", environment(submodel("urn:b")))
    nonsense = written(tmp_path / "c.json", b"nonsense")
    first, second, third = told(tmp_path, package, other, nonsense, code=1)
    assert [each["status"] for each in (first, second, third)] == [
        "held back",
        "held back",
        "refused",
    ]
    assert "neither JSON nor XML" in third["findings"][0]["text"]
    assert stored(tmp_path) == {}
    assert [each["status"] for each in told(tmp_path, package, other)] == ["imported"] * 2
    assert stored(tmp_path).keys() == {"urn:shell", "urn:a", "urn:b"}


def test_a_document_in_two_files_is_created_once(tmp_path: Path, package: Path) -> None:
    again = written(tmp_path / "again.aasx", PACKAGE)
    first, second = told(tmp_path, package, again)
    assert (sum(first["created"].values()), second["left"]) == (2, 2)


def test_a_dry_run_tells_all_and_leaves_no_trace(tmp_path: Path, package: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    text = imported(tmp_path, package, "--dry-run")
    assert "create   Submodel urn:a, 1 file" in text
    assert "would be created 2, would be replaced 0, left 0; 1 file would be stored" in text
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_shows_what_would_change_in_a_store(tmp_path: Path, package: Path) -> None:
    imported(tmp_path, package)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "data").iterdir()}
    heavier = written(
        tmp_path / "heavier.aasx", aasx(environment(HEAVIER), {"aasx/files/a.txt": "another"})
    )
    (report,) = told(tmp_path, heavier, "--dry-run", "--on-conflict", "replace")
    assert report["status"] == "planned"
    assert report["documents"] == [
        {
            "kind": "Submodel",
            "id": "urn:a",
            "action": "replace",
            "files": 1,
            "changes": [
                {
                    "path": "submodelElements[Weight].value",
                    "before": '"1.0"',
                    "after": '"2.0"',
                },
                {"path": "content of /aasx/files/a.txt", "before": "7", "after": "7"},
            ],
        }
    ]
    text = imported(tmp_path, heavier, "--dry-run", "--on-conflict", "replace")
    assert 'submodelElements[Weight].value: "1.0" -> "2.0"' in text
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "data").iterdir()} == before
    assert stored(tmp_path)["urn:a"] == SUBMODEL


@pytest.mark.parametrize(
    ("mode", "code", "kept"),
    [("fail", 1, SUBMODEL), ("skip", 0, SUBMODEL), ("replace", 0, HEAVIER), ("newer", 0, SUBMODEL)],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_an_id_that_exists_is_dealt_with_as_asked(
    tmp_path: Path, package: Path, mode: str, code: int, kept: dict[str, Any], dry_run: bool
) -> None:
    imported(tmp_path, package)
    heavier = written(tmp_path / "b.json", environment(HEAVIER, submodel("urn:new")))
    flags = ["--dry-run"] if dry_run else []
    (report,) = told(tmp_path, heavier, "--on-conflict", mode, *flags, code=code)
    assert report["status"] == ("refused" if code else "planned" if dry_run else "imported")
    found = stored(tmp_path)
    assert found["urn:a"] == (SUBMODEL if dry_run else kept)
    assert ("urn:new" in found) == (not dry_run and code == 0)
    if code:
        (finding,) = report["findings"]
        assert (finding["code"], finding["level"]) == ("conflict", "error")
        assert "--on-conflict" in finding["hint"]
        assert "say --on-conflict" in imported(tmp_path, heavier, *flags, code=1)


def test_newer_is_a_higher_version(tmp_path: Path) -> None:
    def versioned(version: str, text: str) -> Path:
        administration = {"version": version, "revision": "2"}
        tree = {**submodel("urn:a"), "administration": administration, "category": text}
        return written(tmp_path / f"{version}.json", environment(tree))

    imported(tmp_path, versioned("9", "old"))
    (report,) = told(tmp_path, versioned("10", "new"), "--on-conflict", "newer")
    assert report["documents"][0]["reason"] == "is newer: 10.2 against 9.2"
    (report,) = told(tmp_path, versioned("8", "older"), "--on-conflict", "newer")
    assert report["documents"][0]["action"] == "leave"
    assert stored(tmp_path)["urn:a"]["category"] == "new"


def test_what_breaks_a_constraint_is_told_and_refused_when_strict(tmp_path: Path) -> None:
    broken = written(tmp_path / "broken.aasx", aasx(environment(BROKEN)))
    (report,) = told(tmp_path, broken, "--strict", code=1)
    (finding,) = report["findings"]
    assert (report["submodels"], report["status"], finding["part"]) == (
        1,
        "refused",
        "/aasx/data.json",
    )
    assert "submodelElements[0].value" in finding["path"]
    assert stored(tmp_path) == {}
    (report,) = told(tmp_path, broken)
    assert (report["status"], report["findings"][0]["level"]) == ("imported", "error")
    assert stored(tmp_path) == {"urn:broken": BROKEN}


def test_strict_refuses_a_package_that_lacks_a_part(tmp_path: Path) -> None:
    twice = written(tmp_path / "twice.json", {"submodels": [SUBMODEL, HEAVIER]})
    assert "differs" in told(tmp_path, twice, "--strict", code=1)[0]["findings"][0]["text"]
    assert "created 1" in imported(tmp_path, twice)


def test_a_folder_that_a_server_uses_is_refused_but_may_be_looked_at(
    tmp_path: Path, package: Path
) -> None:
    imported(tmp_path, package)
    store = SqliteStore(tmp_path / "data", SystemClock())
    with asyncio.Runner() as runner:
        runner.run(store.open())
        try:
            assert "another server" in imported(tmp_path, package, code=2)
            (report,) = told(tmp_path, package, "--dry-run", "--on-conflict", "skip")
            assert report["left"] == 2
        finally:
            runner.run(store.close())


def test_a_file_that_is_not_there_is_a_wrong_command(tmp_path: Path) -> None:
    assert "missing.aasx" in imported(tmp_path, tmp_path / "missing.aasx", code=2)


def test_a_signature_is_demanded_when_the_settings_say_so(tmp_path: Path, package: Path) -> None:
    signer = make_identity(SystemClock())
    _, certificate = signer.files(tmp_path / "keys")
    config = tmp_path / "aas.toml"
    config.write_text(f'require_signature = true\ntrusted_signers = ["{certificate}"]\n')
    bare = written(tmp_path / "bare.json", environment(submodel("urn:b")))
    for file in (package, bare):
        (report,) = told(tmp_path, file, "--config", config, code=1)
        assert [each["code"] for each in report["findings"]] == ["unsigned"]
    now = to_datetime(SystemClock().now())
    sign_package(package, package, signer.key, signer.chain, now)
    (report,) = told(tmp_path, package, "--config", config)
    assert (report["status"], stored(tmp_path).keys()) == ("imported", {"urn:shell", "urn:a"})
    config.write_text("require_signature = true\n")
    assert "nobody is trusted" in imported(tmp_path, package, "--config", config, code=2)

"""``aas-server convert``: what one form says, the others say."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aas_server.cli.main import app
from tests.packages.packages import aasx, environment, submodel

TEMPERATURE = {
    "modelType": "Property",
    "idShort": "Temperature",
    "valueType": "xs:double",
    "value": "21.50",
}
MANUAL = {
    "modelType": "File",
    "idShort": "Manual",
    "contentType": "text/plain",
    "value": "/aasx/files/manual.txt",
}
CONTENT = {"aasx/files/manual.txt": "read me"}
SUBMODEL = submodel("urn:example:sm", TEMPERATURE, MANUAL)
BOTH_WAYS = (".json", ".xml", ".aasx", ".ttl", ".jsonld", ".nq", ".nt")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    file = tmp_path / "in.aasx"
    file.write_bytes(aasx(environment(SUBMODEL), CONTENT))
    return file


def convert(source: Path, target: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["convert", str(source), str(target)])
    return result.exit_code, result.stderr


@pytest.mark.parametrize("suffix", BOTH_WAYS)
def test_what_is_converted_and_back_is_what_it_was(
    tmp_path: Path, package: Path, suffix: str
) -> None:
    there, back = tmp_path / f"there{suffix}", tmp_path / "back.json"
    code, notes = convert(package, there)
    assert code == 0
    assert ("files are left out" in notes) == (suffix != ".aasx")
    assert convert(there, back)[0] == 0
    assert json.loads(back.read_bytes())["submodels"] == [SUBMODEL]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        {"in.aasx", there.name, back.name}
    )


def test_a_package_keeps_its_files(tmp_path: Path, package: Path) -> None:
    copy = tmp_path / "copy.aasx"
    assert convert(package, copy) == (0, "")
    with zipfile.ZipFile(copy) as archive:
        assert b"read me" in [archive.read(name) for name in archive.namelist()]


def test_a_submodel_becomes_a_table(tmp_path: Path, package: Path) -> None:
    for suffix in (".csv", ".xlsx"):
        assert convert(package, tmp_path / f"table{suffix}")[0] == 0
    with (tmp_path / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["path"], rows[0]["value"]) == ("Temperature", "21.50")
    assert zipfile.is_zipfile(tmp_path / "table.xlsx")


@pytest.mark.parametrize(
    ("name", "body", "target", "words"),
    [
        ("in.json", b"{}", "out.zip", "extension"),
        ("in.zip", b"{}", "out.json", "extension"),
        ("in.csv", b"a,b", "out.json", "extension"),
        ("in.json", b"{", "out.xml", "neither JSON nor XML"),
        ("in.json", b'{"a": 1}', "out.xml", "no AAS environment"),
        ("in.ttl", b"<", "out.json", ""),
        ("in.json", b"{}", "out.csv", "one submodel"),
        ("in.json", b"{}", "missing/out.json", "missing"),
    ],
)
def test_what_cannot_be_converted_says_why_and_writes_nothing(
    tmp_path: Path, name: str, body: bytes, target: str, words: str
) -> None:
    source = tmp_path / name
    source.write_bytes(body)
    code, notes = convert(source, tmp_path / target)
    assert code == 2
    assert words in " ".join(notes.split())
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_what_is_there_stays_when_the_conversion_fails(tmp_path: Path) -> None:
    source, target = tmp_path / "in.json", tmp_path / "out.xml"
    source.write_text("{")
    target.write_text("old")
    assert convert(source, target)[0] == 2
    assert target.read_text() == "old"


def test_metamodel_3_0_is_written_when_asked_for_and_losses_are_told(
    tmp_path: Path, package: Path
) -> None:
    there, back = tmp_path / "old.xml", tmp_path / "back.json"
    command = ["convert", str(package), str(there), "--metamodel", "3.0"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert b'xmlns="https://admin-shell.io/aas/3/0"' in there.read_bytes()
    assert convert(there, back)[0] == 0
    assert json.loads(back.read_bytes())["submodels"] == [SUBMODEL]

    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(environment(submodel("urn:a", TEMPERATURE | {"category": "x"}))))
    result = CliRunner().invoke(app, ["convert", str(odd), str(back), "--metamodel", "3.0"])
    assert (result.exit_code, "category" in result.stderr) == (0, True)
    assert "category" not in back.read_text()


@pytest.mark.parametrize("suffix", [".ttl", ".csv"])
def test_metamodel_3_0_has_no_rdf_and_no_tables(tmp_path: Path, package: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    command = ["convert", str(package), str(target), "--metamodel", "3.0"]
    assert CliRunner().invoke(app, command).exit_code == 2
    assert not target.exists()

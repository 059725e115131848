"""The opcua commands' options, and what they say when nothing can be done."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aas_server.cli.main import app
from aas_server.cli.opcua_connection import connection_from_options, connection_from_plant

PLANT = """\
version: 1
connections:
  mill: {url: "opc.tcp://127.0.0.1:9/mill"}
  press: {url: "opc.tcp://127.0.0.1:9/press"}
  broker: {url: "mqtt://127.0.0.1:9"}
"""


def ended(*arguments: str | Path) -> tuple[int, str]:
    """The exit code of a command and what it printed, in one line."""
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    file = tmp_path / "plant.yaml"
    file.write_text(PLANT)
    return file


@pytest.mark.parametrize("command", [("browse",), ("propose", "-o", "folder")])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "say which server"),
        (("http://127.0.0.1",), "opc.tcp://host:port"),
        (("opc.tcp://127.0.0.1:9", "--policy", "Best"), "security.policy"),
        (("opc.tcp://127.0.0.1:9", "--user", "me"), "user and password come together"),
        (("opc.tcp://127.0.0.1:9", "--mode", "Sign"), "policy None does not go with mode Sign"),
        (("opc.tcp://127.0.0.1:9", "--timeout", "0"), "timeout"),
        (("opc.tcp://127.0.0.1:9",), "nothing listens on this port"),
    ],
)
def test_options_that_cannot_be_used_are_told_by_name(
    command: tuple[str, ...], options: tuple[str, ...], words: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)

    code, told = ended("opcua", *command, *options)

    assert code == 2
    assert words in told
    assert not (tmp_path / "folder").exists()


def test_paths_of_a_connection_lead_to_the_same_files_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "plants" / "plant.yaml"
    file.parent.mkdir()
    file.write_text(
        "version: 1\n"
        "connections:\n"
        "  mill:\n"
        '    url: "opc.tcp://127.0.0.1:9/mill"\n'
        "    timeout: 2s\n"
        "    security: {policy: Basic256Sha256, serverCertificate: mill.der, user: me,"
        " password: {file: secret}}\n"
    )
    options = {"policy": "Basic256Sha256", "serverCertificate": "mill.der"}

    _, of_options = connection_from_options("opc.tcp://127.0.0.1:9", options, None)
    _, of_plant = connection_from_plant(file, "mill", url=None, has_options=False)

    assert of_options["security"]["serverCertificate"] == str(tmp_path / "mill.der")
    assert of_plant["timeout"] == "2s"
    assert of_plant["security"] == {
        "policy": "Basic256Sha256",
        "serverCertificate": str(tmp_path / "plants" / "mill.der"),
        "user": "me",
        "password": {"file": str(tmp_path / "plants" / "secret")},
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "say which of mill, press"),
        (("--connection", "mil"), "no OPC UA connection 'mil', did you mean 'mill'?"),
        (("--connection", "broker"), "no OPC UA connection 'broker'"),
        (("--connection", "mill", "--policy", "Basic256Sha256"), "leave out the URL and options"),
        (("--connection", "mill"), "opc.tcp://127.0.0.1:9/mill: "),
    ],
)
def test_a_connection_of_a_plant_file_can_be_used_by_its_name(
    plant: Path, options: tuple[str, ...], words: str
) -> None:
    code, told = ended("opcua", "browse", "--plant", plant, *options)

    assert code == 2
    assert words in told

"""The command line: options, words and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from aas_server import __version__
from aas_server.cli.main import app


@pytest.fixture
def command() -> CliRunner:
    return CliRunner()


def test_the_version_is_told(command: CliRunner) -> None:
    result = command.invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"aas-server {__version__}\n")


def commands(command: Any, *words: str) -> Iterator[tuple[str, ...]]:
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, *words, name)


@pytest.mark.parametrize("words", [*commands(typer.main.get_command(app))], ids=" ".join)
def test_every_command_tells_what_its_options_are(
    command: CliRunner, words: tuple[str, ...]
) -> None:
    asked: Any = typer.main.get_command(app)
    for word in words:
        asked = asked.commands[word]
    result = command.invoke(app, [*words, "--help"], env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.exception
    shown = " ".join(result.output.split())
    for parameter in asked.params:
        assert " ".join((getattr(parameter, "help", "") or "").split()) in shown


@pytest.mark.parametrize("name", ["serve", "demo"])
def test_serve_and_demo_take_the_same_options(command: CliRunner, name: str) -> None:
    help_text = command.invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output
    for option in ("--host", "--port", "--data", "--load", "--plant", "--config"):
        assert option in help_text


def test_a_key_that_is_unknown_ends_with_2_and_names_the_nearest(
    command: CliRunner, tmp_path: Path
) -> None:
    config = tmp_path / "aas.toml"
    config.write_text("prot = 1\n")
    result = command.invoke(app, ["serve", "--config", str(config)])
    assert result.exit_code == 2
    assert f"{config}:1: unknown key 'prot', did you mean 'port'?" in result.stderr


@pytest.mark.parametrize("arguments", [["serve"], ["import", __file__]])
def test_an_address_of_a_database_with_a_password_ends_with_2_and_is_not_shown(
    command: CliRunner, arguments: list[str]
) -> None:
    address = "postgresql://aas:tell-nobody@127.0.0.1/twins"
    result = command.invoke(app, [*arguments, "--database", address])
    assert result.exit_code == 2
    assert "--database: must not hold a password" in result.stderr
    assert "tell-nobody" not in result.output + result.stderr


def test_a_taken_port_ends_with_2_and_says_so(command: CliRunner, tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        result = command.invoke(app, ["serve", "--port", port, "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port} (Address already in use)" in result.stderr


@pytest.mark.parametrize("options", [["--load"], ["--plant"]])
def test_a_file_that_is_not_there_ends_with_2_and_is_named(
    command: CliRunner, tmp_path: Path, options: list[str]
) -> None:
    missing = tmp_path / "missing"
    arguments = ["serve", "--port", "0", "--data", str(tmp_path / "data"), *options, str(missing)]
    result = command.invoke(app, arguments)
    assert result.exit_code == 2
    assert str(missing) in result.stderr
    assert not (tmp_path / "data").exists()


def test_the_committed_schema_of_the_plant_file_is_the_present_one(
    command: CliRunner, project_dir: Path
) -> None:
    result = command.invoke(app, ["schema", "plant"])
    committed = (project_dir / "specs" / "plant-file.schema.json").read_text()
    assert json.loads(result.output) == json.loads(committed), "run: make specs"

"""The check command: which submodels it looks at, and what it needs."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from aas_server.cli.main import app
from tests.bindings.onboarding.trees import TreeBuilder, proposed


def ended(*arguments: str | Path) -> tuple[int, str]:
    """The exit code of a command and what it printed."""
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    return result.exit_code, result.output


def model(folder: Path) -> Path:
    """A folder with the documents of a machine that nobody reaches."""
    builder = TreeBuilder()
    builder.variable(builder.root, "Speed")
    for name, document in proposed(builder).documents.items():
        (folder / name).write_text(json.dumps(document))
    return folder


def test_nothing_to_check_is_an_error_that_says_what_to_name(tmp_path: Path) -> None:
    code, told = ended("check", "--data", tmp_path)

    assert code == 2
    assert "name a plant file, or with --load or --data a model" in told


def test_what_descriptions_in_loaded_files_want_is_checked(tmp_path: Path) -> None:
    code, told = ended("check", "--load", model(tmp_path), "--data", tmp_path / "data")

    assert code == 1
    assert "Signals.Speed" in told
    assert "0 ok, 1 failing" in told


def test_what_descriptions_in_the_store_want_is_checked(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    files = sorted(model(folder).iterdir())
    assert ended("import", *files, "--data", tmp_path / "data")[0] == 0

    code, told = ended("check", "--data", tmp_path / "data")

    assert code == 1
    assert "Signals.Speed" in told

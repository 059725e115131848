"""Configuration that must be mended before a start: told with its place, exit code 2."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.support.processes import run
from tests.system.aas_process import aas_server_command, serve_arguments

PLANT = """\
version: 1
connections:
  press:
    url: opc.tcp://127.0.0.1:4840
bindings:
  - connection: press
    node: "nsu=http://press.example/;s=Force"
    sink: {submodel: "urn:press:OperationalData", path: Signals.Force}
    samplngInterval: 250ms
"""


def serve(folder: Path, *options: str | Path, **variables: str) -> tuple[int, str]:
    """Run ``aas-server serve``, which must end by itself, and return exit code and error output."""
    arguments = serve_arguments(data=folder / "data")
    ended = run(
        aas_server_command("serve", "--port", "0", *arguments, *options),
        folder=folder,
        environment=variables,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("command", ["serve", "check"])
def test_an_unknown_key_in_the_plant_file_is_named_with_line_and_nearest_key(
    tmp_path: Path, command: str
) -> None:
    plant = tmp_path / "plant.yaml"
    plant.write_text(PLANT)
    data = ("--data", tmp_path / "data")
    if command == "check":
        ended = run(aas_server_command("check", plant, *data), folder=tmp_path)
    else:
        ended = run(aas_server_command("serve", "--plant", plant, *data), folder=tmp_path)

    assert ended.returncode == 2, ended.stderr
    assert "plant.yaml:9" in ended.stderr
    assert "samplngInterval" in ended.stderr
    assert "did you mean 'samplingInterval'" in ended.stderr


def test_an_unknown_setting_in_the_file_is_named_with_line_and_nearest_key(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text('log_level = "INFO"\nhots = "127.0.0.1"\n')

    exit_code, error = serve(tmp_path, "--config", config)

    assert exit_code == 2, error
    assert "server.toml:2" in error
    assert "did you mean 'host'" in error


def test_an_unknown_setting_in_the_environment_is_named_with_the_nearest(tmp_path: Path) -> None:
    exit_code, error = serve(tmp_path, AAS_LOG_LEVLE="INFO")

    assert exit_code == 2, error
    assert "AAS_LOG_LEVLE" in error
    assert "did you mean 'AAS_LOG_LEVEL'" in error


def test_a_setting_of_a_wrong_type_is_named_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text('port = "many"\n')
    # The command line's own port would stand before the file's.
    ended = run(
        aas_server_command("serve", "--config", config, "--data", tmp_path / "data"),
        folder=tmp_path,
    )

    assert ended.returncode == 2, ended.stderr
    assert "server.toml:1" in ended.stderr
    assert "port" in ended.stderr


@pytest.mark.parametrize("option", ["--plant", "--load", "--config"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, option: str) -> None:
    exit_code, error = serve(tmp_path, option, tmp_path / "missing.file")

    assert exit_code == 2, error
    assert "missing.file" in error


def test_a_file_that_is_no_environment_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"submodels": [{"modelType": "Submodel", "idShort": "NoId"}]}')

    exit_code, error = serve(tmp_path, "--load", broken)

    assert exit_code == 2, error
    assert "broken.json" in error
    assert "submodels[0]" in error


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = run(
            aas_server_command("serve", "--port", port, "--data", tmp_path / "data"),
            folder=tmp_path,
        )

    assert ended.returncode == 2, ended.stderr
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_machine_of_the_demo_whose_port_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        ended = run(
            aas_server_command("demo", "--port", "0", "--plant-port", str(port - 1)),
            folder=tmp_path,
        )

    assert ended.returncode == 2, ended.stderr
    assert str(port) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_version_is_told(tmp_path: Path) -> None:
    told = run(aas_server_command("--version"), folder=tmp_path)

    assert told.returncode == 0
    assert told.stdout.startswith("aas-server ")

"""Settings: three sources, one order, no key that is silently ignored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aas_server.errors import ConfigurationError
from aas_server.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AAS_")]:
        monkeypatch.delenv(name)


def test_the_server_listens_on_loopback_unless_told_otherwise() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)


def test_the_command_line_stands_over_the_environment_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "aas.toml"
    config.write_text('host = "::1"\nport = 1\nmax_page = 7\n')
    monkeypatch.setenv("AAS_PORT", "2")
    monkeypatch.setenv("AAS_HOST", "127.0.0.2")
    settings = load_settings({"host": "127.0.0.3", "port": None}, config=config)
    assert (settings.host, settings.port, settings.max_page) == ("127.0.0.3", 2, 7)


def test_the_file_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "aas.toml"
    config.write_text("port = 9\n")
    monkeypatch.setenv("AAS_CONFIG", str(config))
    assert load_settings({}).port == 9


def test_paths_to_load_are_separated_as_paths_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAS_LOAD", f"a.json{os.pathsep}b")
    assert load_settings({}).load == (Path("a.json"), Path("b"))


def test_an_unknown_key_names_its_line_and_the_nearest_valid_one(tmp_path: Path) -> None:
    config = tmp_path / "aas.toml"
    config.write_text('host = "::1"\n\nprot = 8081\n[stor]\nx = 1\n')
    with pytest.raises(ConfigurationError) as caught:
        load_settings({}, config=config)
    assert f"{config}:3: unknown key 'prot', did you mean 'port'?" in str(caught.value)
    assert f"{config}:4: unknown key 'stor'" in str(caught.value)


def test_an_unknown_variable_names_the_nearest_valid_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAS_LOG_LEVLE", "INFO")
    with pytest.raises(ConfigurationError, match="AAS_LOG_LEVLE, did you mean 'AAS_LOG_LEVEL'"):
        load_settings({})


def test_variables_that_kubernetes_injects_for_a_service_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AAS_SERVER_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("AAS_SERVER_PORT_8080_TCP_ADDR", "10.0.0.1")
    load_settings({})


@pytest.mark.parametrize(
    ("text", "where"),
    [('port = "many"\n', ":1: port"), ("port = 70000\n", ":1: port"), ("port = \n", "is not TOML")],
)
def test_a_wrong_value_names_its_place(tmp_path: Path, text: str, where: str) -> None:
    config = tmp_path / "aas.toml"
    config.write_text(text)
    with pytest.raises(ConfigurationError, match=where):
        load_settings({}, config=config)


def test_a_wrong_value_of_the_command_line_or_environment_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match="--port"):
        load_settings({"port": 70000})
    monkeypatch.setenv("AAS_FAST_LANE", "perhaps")
    with pytest.raises(ConfigurationError, match="AAS_FAST_LANE"):
        load_settings({})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read it"):
        load_settings({}, config=tmp_path / "nope.toml")


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())

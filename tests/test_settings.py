"""Settings: three sources, one order, no key that is silently ignored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aas_server.errors import ConfigurationError
from aas_server.settings import Settings, database_password, load_settings

SECRET = "under,lock'and=key"


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


def test_documents_stand_in_the_data_folder_unless_a_database_is_named() -> None:
    assert load_settings({}).database is None


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://aas@db.example:5432/twins",
        "postgresql://db.example/twins?sslmode=verify-full&sslrootcert=/etc/aas/root.crt",
        "postgresql://aas@[::1]:5432/twins",
        "postgresql://aas@one:5432,two:5432/twins?target_session_attrs=read-write",
        "postgresql://aas@/twins?host=/run/postgresql",
    ],
)
def test_a_database_is_named_as_postgresql_names_it(address: str) -> None:
    assert load_settings({"database": address}).database == address


@pytest.mark.parametrize(
    "address",
    [
        "twins",
        "postgres://aas@db.example/twins",
        "postgresql+asyncpg://aas@db.example/twins",
        "mysql://aas@db.example/twins",
        "postgresql:twins",
        "postgresql://db.example",
        "postgresql://db.example/",
        "postgresql://db.example/twins/more",
        "postgresql://db.example/twins#part",
        "postgresql://db.example/two words",
        f"postgresql://aas:{SECRET}@more@db.example/twins",
        f"postgresql://aas:12/{SECRET}@db.example/twins",
        f"postgres://aas:{SECRET}@db.example/twins",
    ],
)
def test_any_other_address_of_a_database_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"database": address})
    assert str(caught.value) == "--database: must be postgresql://user@host:port/name"
    assert SECRET not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__cause__}"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://aas:{SECRET}@db.example/twins",
        "postgresql://aas:@db.example/twins",
        f"postgresql://:{SECRET}@db.example/twins",
        f"postgresql://aas@db.example/twins?password={SECRET}",
        f"postgresql://aas@db.example/twins?sslmode=require&p%61ssword={SECRET}",
        "postgresql://aas@db.example/twins?PASSWORD",
        f"postgresql://aas@db.example/twins?sslpassword={SECRET}",
    ],
)
def test_a_password_in_the_address_is_refused_with_the_right_places_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("AAS_DATABASE", address)
    with pytest.raises(ConfigurationError) as caught:
        load_settings({})
    told = str(caught.value)
    assert told.startswith("environment: AAS_DATABASE: must not hold a password")
    assert "database_password_file" in told
    assert "AAS_DATABASE_PASSWORD" in told
    assert SECRET not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__cause__}"


def test_the_password_comes_from_a_variable_and_is_no_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = load_settings({})
    assert database_password(settings) is None
    monkeypatch.setenv("AAS_DATABASE_PASSWORD", SECRET)
    settings = load_settings({})
    assert database_password(settings) == SECRET
    assert SECRET not in f"{settings!r}{settings}{settings.model_dump()}"


def test_an_empty_variable_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAS_DATABASE_PASSWORD", "")
    assert database_password(load_settings({})) is None


def test_the_password_comes_from_a_file_as_it_is_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    monkeypatch.setenv("AAS_DATABASE_PASSWORD_FILE", str(file))
    settings = load_settings({})
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        database_password(settings)
    file.write_text(f"{SECRET}\n")
    assert database_password(settings) == SECRET
    file.write_text("a newer one")
    assert database_password(settings) == "a newer one"


def test_a_password_from_two_places_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("one")
    monkeypatch.setenv("AAS_DATABASE_PASSWORD", "another")
    with pytest.raises(ConfigurationError, match="both tell a password"):
        database_password(load_settings({"database_password_file": file}))


def test_a_password_does_not_stand_in_the_file_of_settings(tmp_path: Path) -> None:
    config = tmp_path / "aas.toml"
    config.write_text(f'database_password = "{SECRET}"\n')
    with pytest.raises(ConfigurationError, match="did you mean 'database_password_file'") as caught:
        load_settings({}, config=config)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "default", "least", "refused"),
    [
        ("cache_bytes", 268_435_456, 1_048_576, (1_048_575, 0, 1.5)),
        ("history_days", 0, 0, (-0.1, float("inf"), float("nan"))),
        ("checkpoint_interval", 5, 0.001, (0, -1, float("inf"), float("nan"))),
    ],
)
def test_what_the_store_keeps_has_a_default_and_limits(
    key: str, default: float, least: float, refused: tuple[float, ...]
) -> None:
    assert getattr(load_settings({}), key) == default
    assert getattr(load_settings({key: least}), key) == least
    for value in refused:
        with pytest.raises(ConfigurationError, match=f"--{key.replace('_', '-')}"):
            load_settings({key: value})

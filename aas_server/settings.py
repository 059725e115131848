"""Settings: one frozen object; the command line stands over the environment over a TOML file."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from aas_server.errors import ConfigurationError
from aas_server.secret_files import read_secret_file

ENVIRONMENT_PREFIX: Final = "AAS_"
CONFIG_VARIABLE: Final = "AAS_CONFIG"
"""Names the TOML file when the command line does not."""

DATABASE_PASSWORD_VARIABLE: Final = "AAS_DATABASE_PASSWORD"  # noqa: S105 # its name
"""Holds the database's password where no file does; no setting, so that no file, no command line
and no log ever holds it.
"""

_INJECTED_BY_KUBERNETES: Final = re.compile(
    r"_SERVICE_(HOST|PORT.*)$|_PORT_\d+_(TCP|UDP).*$|.+_PORT$"
)

_DATABASE: Final = re.compile(
    r"postgresql://"
    r"([^\s:@/?#]*(?P<password>:[^\s@/?#]*)?@)?"
    r"[^\s@/?#]*/[^\s@/?#]+"
    r"(\?(?P<query>[^\s#]*))?"
)


class Settings(BaseSettings):
    """What one server is told at its start.

    Every field is the key of the TOML file, and with ``AAS_`` before it in capitals the variable of
    the environment.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,  # a refused address of a database may hold a password
    )

    host: str = Field("127.0.0.1", description="Address to listen on; loopback by default.")
    port: int = Field(8080, ge=0, le=65535, description="TCP port; 0 takes a free one.")
    data: Path = Field(
        Path("data"), description="Folder of the store, the keys and the trust lists."
    )
    database: str | None = Field(
        None,
        description="Address of a PostgreSQL database (postgresql://user@host:port/name) that is "
        "the store instead of SQLite in the data folder.",
    )
    database_password_file: Path | None = Field(
        None, description="File that holds the password of the database's user."
    )
    load: Annotated[tuple[Path, ...], NoDecode] = Field(
        (),
        description="JSON environments, or folders of them, to load where their ids are missing.",
    )
    plant: Path | None = Field(None, description="Plant file: connections and bindings.")
    templates: Annotated[tuple[Path, ...], NoDecode] = Field(
        (), description="Files and folders with submodel templates, besides the server's own."
    )
    instance_ids: str = Field(
        "urn:uuid:{uuid}",
        min_length=1,
        description="How ids of new instances of templates are made: {uuid}, {idShort}, {version}.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="How the log is written: for people or one JSON object a line."
    )
    max_body_bytes: int = Field(
        16_777_216, ge=1024, le=1_073_741_824, description="Largest JSON body that is read."
    )
    max_upload_bytes: int = Field(
        2_147_483_648, ge=1024, description="Largest file that is taken in: attachments, packages."
    )
    max_load_bytes: int = Field(
        1_073_741_824, ge=1024, description="Largest file that is loaded at the start."
    )
    max_page: int = Field(1000, ge=1, le=100_000, description="Largest limit a client may ask for.")
    shell: str | None = Field(
        None, description="Identifier of the one shell that is also served at /aas."
    )
    submodel: str | None = Field(
        None, description="Identifier of the one submodel that is also served at /submodel."
    )
    external_url: str | None = Field(
        None,
        description="Address under which clients reach this server; stands in descriptors.",
        pattern=r"^https?://[^\s?#]+$",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses of proxies whose Forwarded and X-Forwarded headers are believed."
    )
    cors_origins: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        None,
        description="Origins whose pages may call the API; * is any, the default on loopback.",
    )
    verification: Literal["strict", "report"] = Field(
        "strict",
        description="Whether documents that break a constraint are refused or only reported.",
    )
    template_validation: Literal["off", "report", "lenient", "strict"] = Field(
        "off",
        description="Whether submodels that are written are judged by their templates.",
    )
    history_versions: int = Field(
        100, ge=0, le=1_000_000, description="Former versions kept of each document."
    )
    history_days: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="Days that former versions are kept; 0 keeps them however old they are.",
    )
    cache_bytes: int = Field(
        268_435_456,
        ge=1_048_576,
        description="Bytes of documents that are kept in memory at most.",
    )
    checkpoint_interval: float = Field(
        5.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds between two checkpoints of the last live values.",
    )
    connection_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts that submodels may make the server connect to: name, *.name, address or "
        "network, each with or without :port.",
    )
    aid_bindings: bool = Field(
        True,
        description="Whether interface descriptions and mappings (AID, AIMC) that are uploaded "
        "configure bindings.",
    )
    delegation_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="host or host:port to which operations may be delegated."
    )
    operation_timeout: float = Field(
        60.0, gt=0, le=86_400, description="Longest time in seconds that an operation may run."
    )
    query_timeout: float = Field(
        30.0, gt=0, le=3600, description="Longest time in seconds that a query may take."
    )
    operation_results: float = Field(
        3600.0, gt=0, description="Seconds that the result of an asynchronous call is kept."
    )
    signing_key: Path | None = Field(
        None, description="PEM file of the key that signs documents; without it one is made."
    )
    signing_certificate: Path | None = Field(
        None, description="PEM file of the certificate chain that belongs to the key."
    )
    trusted_signers: Annotated[tuple[Path, ...], NoDecode] = Field(
        (),
        description="Certificates, or folders of them, of whom packages are believed from.",
    )
    require_signature: bool = Field(
        False, description="Whether packages must be signed, in full, by a trusted signer."
    )
    max_requests: int = Field(
        1000, ge=1, description="Requests under way at most; more are answered with 503."
    )
    idle_timeout: float = Field(
        30.0,
        gt=0,
        description="Seconds that a client may stop in the middle of a request or an answer.",
    )
    sparql: bool = Field(
        False, description="Answer SPARQL queries at /sparql; all documents are in memory as RDF."
    )
    fast_lane: bool = Field(
        True,
        description="Answer hot reads in the HTTP parser; the answers are the same without it.",
    )

    @field_validator("database")
    @classmethod
    def _address_without_a_password(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = _DATABASE.fullmatch(value)
        if address is None:
            raise PydanticCustomError("database", "must be postgresql://user@host:port/name")
        keys = [key for key, _ in parse_qsl(address["query"] or "", keep_blank_values=True)]
        if address["password"] is not None or any("password" in key.lower() for key in keys):
            raise PydanticCustomError(
                "database",
                "must not hold a password: it belongs in the file that database_password_file "
                f"names, or in the variable {DATABASE_PASSWORD_VARIABLE}",
            )
        return value

    @field_validator("load", "templates", "trusted_signers", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        return tuple(filter(None, value.split(os.pathsep))) if isinstance(value, str) else value

    @field_validator(
        "trusted_proxies", "cors_origins", "connection_hosts", "delegation_hosts", mode="before"
    )
    @classmethod
    def _split_words(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, and nothing else by itself: the file is read by
        ``load_settings``.
        """
        return (init_settings, env_settings)


def load_settings(options: Mapping[str, Any], *, config: Path | None = None) -> Settings:
    """Return the settings of ``options`` (the command line), the environment and ``config``.

    An option of None or () is one that was not given. Raises ``ConfigurationError`` that names
    every unknown key with the nearest valid one and every value of a wrong type, and where each
    stands.
    """
    given = {key: value for key, value in options.items() if value not in (None, ())}
    problems = _unknown_variables()
    named = os.environ.get(CONFIG_VARIABLE)
    file = config or (Path(named) if named else None)
    from_file: dict[str, Any] = {}
    lines: Mapping[str, int] = {}
    if file is not None:
        from_file, lines = _read_toml(file)
        problems += [
            f"{file}:{lines.get(key, 1)}: unknown key {key!r}{_nearest(key)}"
            for key in from_file.keys() - Settings.model_fields.keys()
        ]
    if problems:
        raise ConfigurationError("\n".join(sorted(problems)))
    overridden = {key for key in from_file if ENVIRONMENT_PREFIX + key.upper() in os.environ}
    values = {key: value for key, value in from_file.items() if key not in overridden} | given
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigurationError(
            "\n".join(
                f"{_origin(str(detail['loc'][0]), given, from_file, file, lines)}: {detail['msg']}"
                for detail in error.errors(include_url=False, include_input=False)
            )
        ) from error


def database_password(settings: Settings) -> str | None:
    """Return the password of the database's user as it is now, None where none is told.

    Raises ``ConfigurationError`` when its file cannot be used, or when the environment tells one
    too.
    """
    told = os.environ.get(DATABASE_PASSWORD_VARIABLE) or None
    if settings.database_password_file is None:
        return told
    if told is not None:
        raise ConfigurationError(
            f"{DATABASE_PASSWORD_VARIABLE} and database_password_file both tell a password: "
            "one of them must go"
        )
    return read_secret_file(settings.database_password_file)


def _unknown_variables() -> list[str]:
    known = {ENVIRONMENT_PREFIX + key.upper() for key in Settings.model_fields}
    known |= {CONFIG_VARIABLE, DATABASE_PASSWORD_VARIABLE}
    return [
        f"environment: unknown variable {name}{_nearest(name, known)}"
        for name in os.environ
        if name.startswith(ENVIRONMENT_PREFIX)
        and name not in known
        and not _INJECTED_BY_KUBERNETES.search(name.removeprefix(ENVIRONMENT_PREFIX))
    ]


def _read_toml(file: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the top-level keys of ``file`` with their values and their line numbers."""
    try:
        text = file.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"cannot read it: {error.strerror}", path=str(file)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"is not TOML: {error}", path=str(file)) from error
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*\[*\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*[\].=]", line)
        if match:
            lines.setdefault(match[1], number)
    return values, lines


def _nearest(key: str, known: set[str] | None = None) -> str:
    close = get_close_matches(key, known or set(Settings.model_fields), n=1, cutoff=0.5)
    return f", did you mean {close[0]!r}?" if close else ""


def _origin(
    key: str,
    given: Mapping[str, Any],
    from_file: Mapping[str, Any],
    file: Path | None,
    lines: Mapping[str, int],
) -> str:
    if key in given:
        return f"--{key.replace('_', '-')}"
    if key in from_file and file is not None:
        return f"{file}:{lines.get(key, 1)}: {key}"
    return f"environment: {ENVIRONMENT_PREFIX}{key.upper()}"

"""Bringing a database up to date, forwards and in place."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from aas_server.errors import ConfigurationError

_SCRIPTS: Final = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """Apply the migrations that the database lacks.

    Raises ``ConfigurationError`` for a database of a newer server, which stays as it is.
    """
    config = _config()
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        if current is not None:
            ScriptDirectory.from_config(config).get_revision(current)
    except CommandError as error:
        raise ConfigurationError(
            f"the store was written by a newer server (schema {current}): start that version, "
            "or name another data folder"
        ) from error
    command.upgrade(config, "head")


def newest_revision() -> str | None:
    """Return the schema that the migrations lead to."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config

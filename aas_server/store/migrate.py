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


def outdated_revision(connection: Connection) -> str | None:
    """Return the schema of a database that has to be brought up to date, None for one that is
    empty or present.

    Raises ``ConfigurationError`` for a database of a newer server.
    """
    found = present_revision(connection)
    if found is None or found == newest_revision():
        return None
    _require_known(found)
    return found


def known_revision(connection: Connection) -> str:
    """Return the schema of a database, this server's or an older one.

    Raises ``ConfigurationError`` for a database that holds no store, or a newer server's.
    """
    found = present_revision(connection)
    if found is None:
        raise ConfigurationError("holds no store")
    _require_known(found)
    return found


def require_present_schema(connection: Connection) -> None:
    """Raise ``ConfigurationError`` unless the database has the schema of this server."""
    found = known_revision(connection)
    if found != newest_revision():
        raise ConfigurationError(
            f"the store has the schema {found}, this server {newest_revision()}: "
            "start the server once to bring it up to date, or use a newer one"
        )


def migrate(connection: Connection, to: str = "head") -> None:
    """Apply the migrations that the database lacks, up to the schema ``to``."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def present_revision(connection: Connection) -> str | None:
    """Return the schema of a database, None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Return the schema that the migrations lead to."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _require_known(revision: str) -> None:
    try:
        ScriptDirectory.from_config(_config()).get_revision(revision)
    except CommandError as error:
        raise ConfigurationError(
            f"the store was written by a newer server (schema {revision}): start that version, "
            "name another store, or put a backup of this version in its place with "
            "aas-server store restore --force"
        ) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config

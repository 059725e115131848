"""The two kinds of store under servers that run as processes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final, NamedTuple, Protocol

from tests.support.postgres import PostgresServer
from tests.support.processes import run
from tests.system.aas_process import AasServer, aas_server_command

LOG_QUERY: Final = (
    "SELECT sequence, kind, id, operation, coalesce(previous_revision, 0) FROM changes "
    "ORDER BY sequence"
)


class Entry(NamedTuple):
    """One entry of the change log as the database has it; of a creation the revision is 0."""

    sequence: int
    kind: str
    id: str
    operation: str
    previous_revision: int


class ServedStore(Protocol):
    """A store that a server is started on."""

    @property
    def name(self) -> str:
        """Return what it is called."""

    @property
    def folder(self) -> Path:
        """Return where everything of it is."""

    def arguments(self, name: str) -> list[str | Path]:
        """Return the options of ``serve`` for a server that is called ``name``."""

    def start(self, name: str, **variables: str) -> AasServer:
        """Start a server; what it prints goes to the folder ``name``."""

    def verify(self) -> CompletedProcess[str]:
        """Run ``aas-server store verify``."""

    def entries(self) -> list[Entry]:
        """Return the change log."""


@dataclass(frozen=True)
class SqliteFolder:
    """SQLite in ``folder/data``."""

    folder: Path
    name: str = "sqlite"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def arguments(self, name: str) -> list[str | Path]:
        return ["--data", self.data]

    def start(self, name: str, **variables: str) -> AasServer:
        folder = self.folder / name
        return AasServer(*self.arguments(name), folder=folder, environment=variables)

    def verify(self) -> CompletedProcess[str]:
        return run(aas_server_command("store", "verify", "--data", self.data), folder=self.folder)

    def entries(self) -> list[Entry]:
        with closing(sqlite3.connect(self.data / "aas.sqlite")) as database:
            return [Entry(*row) for row in database.execute(LOG_QUERY)]


@dataclass(frozen=True)
class PostgresDatabase:
    """A database of ``server``; each server on it has a data folder of its own in ``folder``."""

    server: PostgresServer
    database: str
    folder: Path
    name: str = "postgres"

    @property
    def url(self) -> str:
        return self.server.url(self.database)

    def arguments(self, name: str) -> list[str | Path]:
        return ["--data", self.folder / f"{name}-data", "--database", self.url]

    def start(self, name: str, **variables: str) -> AasServer:
        folder = self.folder / name
        return AasServer(*self.arguments(name), folder=folder, environment=variables)

    def verify(self) -> CompletedProcess[str]:
        arguments = ("--data", self.folder / "verify-data", "--database", self.url)
        return run(aas_server_command("store", "verify", *arguments), folder=self.folder)

    def entries(self) -> list[Entry]:
        columns = "json_build_array(sequence, kind, id, operation, coalesce(previous_revision, 0))"
        lines = self.server.execute(
            f"SELECT {columns} FROM changes ORDER BY sequence", database=self.database
        )
        return [Entry(*json.loads(line)) for line in lines.splitlines()]


def assert_log_is_whole(entries: list[Entry]) -> None:
    """Assert that the change log has no gap and that each document's entries follow one another."""
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    revisions: dict[tuple[str, str], int] = {}
    for entry in entries:
        key = (entry.kind, entry.id)
        assert entry.previous_revision == revisions.get(key, 0), (entry, revisions.get(key))
        if entry.operation == "delete":
            del revisions[key]
        else:
            revisions[key] = entry.previous_revision + 1


def assert_sound(store: ServedStore) -> None:
    """Assert that ``aas-server store verify`` finds nothing, and that the log is whole."""
    verified = store.verify()
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert_log_is_whole(store.entries())

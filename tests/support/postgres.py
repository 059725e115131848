"""A PostgreSQL server of the tests' own: its folder, its port, stopped by its process id.

The cluster that a distribution makes of itself is neither used nor touched. PostgreSQL refuses to
run as root; there its programs run as the account that the Debian package makes for it.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psutil

from tests.support.ports import free_port
from tests.support.processes import eventually

OLDEST_VERSION: Final = 15
ACCOUNT: Final = "postgres"
"""Whom the programs run as when the tests run as root."""

USER: Final = "aas"
"""Logs in from loopback without a password, may make databases and nothing else."""
PASSWORD_USER: Final = "aas_with_password"
"""Must tell ``PASSWORD``; acts as ``USER`` from then on."""
PASSWORD: Final = "ünder/5:%41@lock"
ADMINISTRATOR: Final = "postgres"
"""Logs in through the socket in the server's folder only, which is closed to others."""

_DEBIAN_PROGRAMS: Final = Path("/usr/lib/postgresql")
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_RUN_SECONDS: Final = 60.0
_LOG_TAIL: Final = 4000
_CLIENT: Final = re.compile(r"postgres: \S+ (\S+) (?:127\.0\.0\.1\(\d+\)|\[local\])")
"""The title of a process that serves a client; its group is the database."""

_ACCESS: Final = f"""\
local all {ADMINISTRATOR} trust
host all {USER} 127.0.0.1/32 trust
host all {PASSWORD_USER} 127.0.0.1/32 scram-sha-256
"""
_ROLES: Final = f"""\
CREATE ROLE {USER} LOGIN CREATEDB;
CREATE ROLE {PASSWORD_USER} LOGIN PASSWORD '{PASSWORD}' IN ROLE {USER};
ALTER ROLE {PASSWORD_USER} SET role = '{USER}';
"""


class PostgresMissing(Exception):
    """PostgreSQL, or the account for it, is not on this machine; the text says what."""


@dataclass(frozen=True)
class PostgresPrograms:
    """The programs of one version, and whom they run as: arguments for ``subprocess``."""

    folder: Path
    account: Mapping[str, Any] = field(default_factory=dict)


def find_programs() -> PostgresPrograms:
    """Return the newest programs of Debian's packages, else those on the path.

    Raises ``PostgresMissing``.
    """
    for folder in _program_folders():
        if _version(folder) >= OLDEST_VERSION:
            return PostgresPrograms(folder, _account())
    raise PostgresMissing(f"PostgreSQL {OLDEST_VERSION} or newer is not installed")


@contextmanager
def running_postgres(programs: PostgresPrograms, **options: Any) -> Iterator[PostgresServer]:
    """Yield a started server in a folder of its own; at the end both are gone.

    ``options`` are those of ``PostgresServer``.
    """
    # Not pytest's folders: the account may not pass them, and the path of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="aas-postgres-"))
    server = PostgresServer(programs, folder, **options)
    try:
        try:
            server.start()
            yield server
        finally:
            server.clean_up()
    finally:
        shutil.rmtree(folder)


class PostgresServer:
    """One server in ``folder``, made at its first start; the port stays the same.

    Without ``fsync`` a commit does not wait for the disk. ``settings`` are further settings of
    PostgreSQL. Everything that waits raises ``AssertionError`` with the end of the server's log
    when it takes too long.
    """

    def __init__(
        self,
        programs: PostgresPrograms,
        folder: Path,
        *,
        fsync: bool = True,
        settings: Mapping[str, str | int] | None = None,
    ) -> None:
        self.port = free_port()
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": folder,
            "fsync": "on" if fsync else "off",
            "shared_buffers": "16MB",
            "max_connections": 50,
            **(settings or {}),
        }
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._was_killed = False

    @property
    def pid(self) -> int:
        """The process that all others of the server descend from."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it takes connections; one that was killed recovers first."""
        assert not self.is_running, "PostgreSQL runs already"
        is_new = not self._data.exists()
        if is_new:
            self._make_cluster()
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program("postgres"), "-D", self._data, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._surroundings(),
            )
        self._await(self._is_ready, _START_SECONDS, "PostgreSQL takes connections")
        self._was_killed = False
        if is_new:
            self.execute(_ROLES)

    def stop(self) -> None:
        """Stop it as an administrator does: clients are turned out, what they committed stays."""
        process = self._running()
        family = self._descendants()
        process.send_signal(signal.SIGINT)
        try:
            exit_code = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"PostgreSQL did not stop within {_STOP_SECONDS:g} s:\n{self.log_tail()}"
            ) from None
        assert exit_code == 0, f"PostgreSQL ended with {exit_code}:\n{self.log_tail()}"
        self._await_end_of(family)

    def kill(self) -> None:
        """End all of its processes at once, as a power failure does; they are gone afterwards."""
        process = self._running()
        process.send_signal(signal.SIGSTOP)  # so that it starts no further process
        family = self._descendants()
        self._was_killed = True
        process.kill()
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait(_STOP_SECONDS)
        self._await_end_of(family)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def clean_up(self) -> None:
        """Stop it if it runs; of a killed one, free the shared memory that outlived it."""
        if self._was_killed and not self.is_running:
            self.start()
        if self.is_running:
            self.stop()

    def backends(self, database: str | None = None) -> list[int]:
        """Return the ids of the processes that serve clients, of one database or of all."""
        found = []
        for process in self._descendants():
            with suppress(psutil.NoSuchProcess):
                title = _CLIENT.match(" ".join(process.cmdline()))
                if title is not None and database in (None, title[1]):
                    found.append(process.pid)
        return found

    def terminate_backends(self, database: str | None = None) -> None:
        """Turn out the clients of a database, or all; their processes are gone afterwards."""
        ids = self.backends(database)
        for pid in ids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self._await(
            lambda: not set(ids).intersection(self.backends()), _STOP_SECONDS, "backends are gone"
        )

    def kill_backends(self, database: str) -> None:
        """Kill the processes that serve the clients of a database, as a defect of the database
        would: it turns out all others, too, and recovers.
        """
        for pid in self.backends(database):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def freeze_backends(self, database: str) -> list[int]:
        """Stop the processes that serve the clients of a database in their tracks and return their
        ids, for ``thaw``.
        """
        ids = self.backends(database)
        for pid in ids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        return ids

    def thaw(self, ids: Iterable[int]) -> None:
        """Let frozen processes go on; fine when some have ended."""
        for pid in ids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def url(self, database: str, *, user: str = USER, password: str | None = None) -> str:
        """Return the address of a database."""
        secret = "" if password is None else f":{quote(password, safe='')}"
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def create_database(self, *, template: str = "template1") -> str:
        """Make a database that is a copy of ``template`` and belongs to ``USER``; return its
        name.

        Nobody may be connected to the template.
        """
        name = f"test_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {USER}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Carry out statements as the administrator; return rows as lines, values between ``|``."""
        command = ("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self._folder)
        address = ("-p", str(self.port), "-U", ADMINISTRATOR, "-d", database)
        return self._run(*command, *address, "-c", sql).strip()

    def log_tail(self) -> str:
        """The end of what the server said, for the message of a failure."""
        if not self._log.exists():
            return ""
        return self._log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]

    def _make_cluster(self) -> None:
        if self._programs.account:
            shutil.chown(self._folder, self._programs.account["user"])
        # No --sync: nothing here outlives the tests. The locale is the one that is everywhere.
        options = ("--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C")
        self._run("initdb", "-D", self._data, "-U", ADMINISTRATOR, "--auth=trust", *options)
        # Overwritten, so that its owner and mode stay.
        (self._data / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")

    def _is_ready(self) -> bool:
        exit_code = self._process.poll() if self._process is not None else None
        assert exit_code is None, f"PostgreSQL ended with {exit_code}:\n{self.log_tail()}"
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        is_ours = lines[:1] == [str(self.pid)]  # a killed server leaves its file
        return is_ours and len(lines) > 7 and lines[7].strip() == "ready"

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        assert process is not None, "PostgreSQL was not started"
        assert process.poll() is None, (
            f"PostgreSQL ended with {process.returncode}:\n{self.log_tail()}"
        )
        return process

    def _descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)

    def _await_end_of(self, processes: list[psutil.Process]) -> None:
        self._await(
            lambda: not any(_is_alive(process) for process in processes),
            _STOP_SECONDS,
            "every process of PostgreSQL is gone",
        )

    def _await(self, probe: Any, within: float, what: str) -> None:
        try:
            eventually(probe, within=within, what=what, every=0.01)
        except AssertionError as error:
            error.add_note(f"The end of its log:\n{self.log_tail()}")
            raise

    def _run(self, program: str, *arguments: str | Path) -> str:
        done = subprocess.run(
            [self._program(program), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_RUN_SECONDS,
            check=False,
            **self._surroundings(),
        )
        assert done.returncode == 0, (
            f"{program} ended with {done.returncode}: {done.stderr}\n{self.log_tail()}"
        )
        return done.stdout

    def _program(self, name: str) -> Path:
        return self._programs.folder / name

    def _surroundings(self) -> dict[str, Any]:
        # Variables of the user's, PGHOST or LC_ALL, would change what the programs do.
        environment = {"PATH": os.defpath, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8", "TZ": "UTC"}
        return {"cwd": self._folder, "env": environment, **self._programs.account}


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _program_folders() -> Iterator[Path]:
    if _DEBIAN_PROGRAMS.is_dir():
        yield from sorted((path / "bin" for path in _DEBIAN_PROGRAMS.iterdir()), key=_version)[::-1]
    if config := shutil.which("pg_config"):
        yield Path(_output(config, "--bindir"))
    if server := shutil.which("postgres"):
        yield Path(server).resolve().parent


def _version(folder: Path) -> int:
    """Return the major version of a whole set of programs, else 0."""
    if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres", "psql")):
        return 0
    version = re.search(r"\b\d+", _output(folder / "postgres", "--version"))
    return 0 if version is None else int(version[0])


def _output(program: str | Path, option: str) -> str:
    done = subprocess.run(
        [program, option], capture_output=True, text=True, timeout=_RUN_SECONDS, check=True
    )
    return done.stdout.strip()


def _account() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise PostgresMissing(f"root cannot run PostgreSQL without a user {ACCOUNT}") from None
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

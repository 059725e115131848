"""A RabbitMQ of the tests' own: its node, folders and ports, stopped by its process ids.

The node that a distribution makes of itself is neither used nor touched: the server's script is
run without the wrapper that would become another user, and with a port mapper (epmd) of its own,
so that no process of Erlang is left behind.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

from aas_server.clock import SystemClock
from tests.support.certificates import make_identity
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess, eventually

USER: Final = "aas"
PASSWORD: Final = "se/cret @1"
"""May do everything in the one virtual host, and logs in over loopback only."""

_SCRIPTS: Final = Path("/usr/lib/rabbitmq/lib")
_START_SECONDS: Final = 90.0
_GREETING: Final = b"AMQP\x00\x00\x09\x01"


class RabbitMissing(Exception):
    """RabbitMQ is not on this machine."""


class RabbitMq:
    """One server in ``folder``; its ports stay the same however often it is killed and started.

    What ``authority`` names, a file in PEM, vouches for it where it speaks TLS.
    """

    def __init__(self, folder: Path) -> None:
        scripts = sorted(_SCRIPTS.glob("rabbitmq_server-*/sbin/rabbitmq-server"))
        epmd = shutil.which("epmd")
        if not scripts or epmd is None:
            raise RabbitMissing("RabbitMQ is not installed")
        self.port = free_port()
        self.tls_port = free_port()
        self.authority = folder / "authority" / "certificate.pem"
        self._script = scripts[-1]
        self._epmd = epmd
        self._mapper_port = free_port()
        self._folder = folder
        self._starts = 0
        self._mapper: ManagedProcess | None = None
        self._process: ManagedProcess | None = None
        self._environment = self._prepare()

    @property
    def url(self) -> str:
        return f"amqp://127.0.0.1:{self.port}/"

    def start(self) -> RabbitMq:
        """Start it and wait until it speaks AMQP."""
        if self._mapper is None:
            self._mapper = ManagedProcess(
                [self._epmd, "-address", "127.0.0.1", "-port", str(self._mapper_port)],
                folder=self._folder / "epmd",
            )
            eventually(
                lambda: _connects(self._mapper_port), within=10, what="epmd listens", every=0.01
            )
        self._starts += 1
        self._process = ManagedProcess(
            [self._script],
            folder=self._folder / f"run{self._starts}",
            environment=self._environment,
        )
        eventually(self._speaks, within=_START_SECONDS, what="RabbitMQ takes connections")
        return self

    def kill(self) -> None:
        """End all of its processes at once; they are gone afterwards."""
        process = self._running()
        process.thaw()
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=10)

    def freeze(self) -> None:
        self._running().freeze()

    def thaw(self) -> None:
        self._running().thaw()

    def clean_up(self) -> None:
        if self._process is not None and self._process.exit_code is None:
            self.kill()
        if self._mapper is not None:
            self._mapper.kill()

    def _running(self) -> ManagedProcess:
        assert self._process is not None, "RabbitMQ was not started"
        return self._process

    def _prepare(self) -> dict[str, str]:
        authority = make_identity(SystemClock(), "Authority", is_authority=True)
        authority.files(self.authority.parent)
        server = make_identity(SystemClock(), "Broker", issuer=authority, address="127.0.0.1")
        key, certificate = server.files(self._folder / "tls")
        configuration = self._folder / "rabbitmq.conf"
        configuration.write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"default_user = {USER}\n"
            f"default_pass = {PASSWORD}\n"
            "loopback_users.aas = true\n"
            f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}\n"
            f"ssl_options.cacertfile = {self.authority}\n"
            f"ssl_options.certfile = {certificate}\n"
            f"ssl_options.keyfile = {key}\n"
            "ssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n"
            "log.console = true\nlog.console.level = warning\nlog.file = false\n",
            encoding="utf-8",
        )
        plugins = self._folder / "plugins"
        plugins.write_text("[].", encoding="utf-8")
        return {
            "HOME": str(self._folder),  # where the cookie of Erlang is made
            "PATH": os.environ["PATH"],
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"aas{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            # Small: the tests are about us, and machines that run them have few cores.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none",
            # Lets the script become the server instead of watching over it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _speaks(self) -> bool:
        process = self._running()
        assert process.exit_code is None, f"RabbitMQ ended:\n{process.tail()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.settimeout(2)
                connection.sendall(_GREETING)
                return bool(connection.recv(1))
        except OSError:
            return False


@contextmanager
def running_rabbitmq() -> Iterator[RabbitMq]:
    """Yield a started server in a folder of its own; at the end both are gone."""
    folder = Path(tempfile.mkdtemp(prefix="aas-rabbitmq-"))
    try:
        server = RabbitMq(folder)
        try:
            yield server.start()
        finally:
            server.clean_up()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _connects(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False

"""A mosquitto of the tests' own: its folder, its port, stopped by its process id."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.ports import free_port
from tests.support.processes import ManagedProcess, eventually

PROGRAM: Final = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
PASSWORD_PROGRAM: Final = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
_START_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Tls:
    """Files in PEM: the broker's certificate and key, and who issues certificates of clients."""

    certificate: Path
    key: Path
    client_authority: Path | None = None


class Mosquitto:
    """One broker in ``folder``; the port stays the same however often it is killed and started.

    ``users`` are names and passwords, anybody may connect when there are none. ``rules`` are lines
    of an access control list. Nobody may subscribe what ``unsubscribable`` matches: that rules
    cannot say. ``options`` are further lines of its configuration.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        rules: str | None = None,
        tls: Tls | None = None,
        unsubscribable: str | None = None,
        options: str = "",
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._starts = 0
        self._process: ManagedProcess | None = None
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if users else 'true'}",
            "persistence false",
            # As root it would become another user, who cannot read this folder.
            *(["user root"] if os.geteuid() == 0 else []),
            options,
        ]
        if unsubscribable is not None:
            lines += self._plugin_lines(unsubscribable)
        elif users:
            lines.append(f"password_file {self._write_passwords(users)}")
        if rules is not None:
            lines.append(f"acl_file {self._write('acl.txt', rules)}")
        if tls is not None:
            lines += [f"certfile {tls.certificate}", f"keyfile {tls.key}"]
            if tls.client_authority is not None:
                lines += [f"cafile {tls.client_authority}", "require_certificate true"]
        self._configuration = self._write("mosquitto.conf", "\n".join(lines) + "\n")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.exit_code is None

    def start(self) -> Mosquitto:
        """Start it and wait until it takes connections."""
        assert not self.is_running
        self._starts += 1
        self._process = ManagedProcess(
            [PROGRAM, "-c", self._configuration], folder=self._folder / f"run{self._starts}"
        )
        eventually(self._listens, within=_START_SECONDS, what="mosquitto listens", every=0.01)
        return self

    def kill(self) -> None:
        """End it at once; what it kept for clients is gone."""
        self._running().kill()

    def freeze(self) -> None:
        self._running().freeze()

    def thaw(self) -> None:
        self._running().thaw()

    def clean_up(self) -> None:
        if self._process is not None and self._process.exit_code is None:
            self._process.thaw()
            self._process.kill()

    def log(self) -> str:
        return self._running().tail()

    def _running(self) -> ManagedProcess:
        assert self._process is not None, "mosquitto was not started"
        return self._process

    def _listens(self) -> bool:
        process = self._running()
        assert process.exit_code is None, f"mosquitto ended:\n{process.tail()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    def _plugin_lines(self, unsubscribable: str) -> list[str]:
        """Configure the plugin that decides about subscriptions; everybody is the guest."""
        rule = {"acltype": "subscribePattern", "topic": unsubscribable, "allow": False}
        everything = ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe")
        content = {
            "defaultACLAccess": dict.fromkeys(everything, True),
            "roles": [{"rolename": "guest", "acls": [rule]}],
            "groups": [{"groupname": "guests", "roles": [{"rolename": "guest"}]}],
            "anonymousGroup": "guests",
        }
        path = self._write("dynamic-security.json", json.dumps(content))
        (plugin,) = Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")
        return [f"plugin {plugin}", f"plugin_opt_config_file {path}"]

    def _write_passwords(self, users: Mapping[str, str]) -> Path:
        path = self._write("passwords", "".join(f"{name}:{word}\n" for name, word in users.items()))
        subprocess.run([PASSWORD_PROGRAM, "-U", path], check=True, capture_output=True, timeout=30)
        return path


@contextmanager
def running_mosquitto(**options: object) -> Iterator[Mosquitto]:
    """Yield a started broker in a folder of its own; at the end both are gone."""
    folder = Path(tempfile.mkdtemp(prefix="aas-mosquitto-"))
    try:
        broker = Mosquitto(folder, **options)  # type: ignore[arg-type]
        try:
            yield broker.start()
        finally:
            broker.clean_up()
    finally:
        shutil.rmtree(folder)

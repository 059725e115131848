"""The fifth vendor's machine (tests/system/opcua): started, disturbed, and asked directly."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.ports import free_port
from tests.support.processes import ManagedProcess

T = TypeVar("T")

NAMESPACE: Final = "http://nordvik.example/UA/CompressorStation/"
LOAD_NAMESPACE: Final = "http://nordvik.example/UA/Load/"
USER: Final = "operator"
PASSWORD_VARIABLE: Final = "STRANGER_PASSWORD"
"""Where both the machine and the server find the password."""

START_SECONDS: Final = 60.0
_SCRIPT: Final = Path(__file__).parent / "opcua" / "machine.mjs"
_CLIENT_URI: Final = "urn:aas-server:tests:operator"


class StrangersMachine:
    """One ``machine.mjs`` process; a context manager that ends it.

    ``folder`` holds its certificates, so that it shows the same one after a restart.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._password = secrets.token_urlsafe(12)
        self._port = str(free_port())
        self.environment = {PASSWORD_VARIABLE: self._password}
        self.url = ""
        self.certificate = Path()
        self.start()

    def start(self, *options: str) -> None:
        """Start it, after the first time on the same port; returns when clients may come."""
        node, modules = shutil.which("node"), _SCRIPT.parent / "node_modules"
        if node is None or not modules.is_dir():
            pytest.fail("the system tests need Node.js and its packages: run them by `make test`")
        pki = self._folder / "pki"
        self.process = ManagedProcess(
            [
                *(node, _SCRIPT, "--port", self._port, "--pki-dir", pki),
                *("--user", USER, "--password-env", PASSWORD_VARIABLE),
                *self._options,
                *options,
            ],
            folder=self._folder,
            environment=self.environment,
        )
        try:
            ready = self.process.wait_for_line(ready_of, within=START_SECONDS)
        except BaseException:
            self.process.close()
            raise
        self.url, self.certificate = ready["url"], Path(ready["certificate"])
        self._port = self.url.rpartition(":")[2].partition("/")[0]

    def read(self, node: str) -> Any:
        """Return the value of ``node`` (``i=5010``) as the machine itself has it."""

        async def read(client: Client) -> Any:
            return await client.get_node(await _node_id(client, node)).read_value()

        return self._ask(read)

    def sessions_made(self) -> int:
        """Return how many sessions clients have made since it was last started."""
        return self.process.output().count('"session"')

    def call(self, method: str) -> None:
        """Call a method of the compressor that takes no arguments."""

        async def call(client: Client) -> None:
            compressor = client.get_node(await _node_id(client, "s=Station.Compressor"))
            await compressor.call_method(await _node_id(client, f"s=Station.Compressor.{method}"))

        self._ask(call)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.close()

    def _ask(self, question: Callable[[Client], Awaitable[T]]) -> T:
        return asyncio.run(self._asked(question))

    async def _asked(self, question: Callable[[Client], Awaitable[T]]) -> T:
        certificate, key = await make_certificate(self._folder)
        client = Client(self.url)
        client.application_uri = _CLIENT_URI
        client.set_user(USER)
        client.set_password(self._password)
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=str(certificate),
            private_key=str(key),
            server_certificate=str(self.certificate),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
        async with client:
            return await question(client)


async def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of the tests' own, once, and return it (DER) and its key (PEM)."""
    certificate, key = folder / "operator.der", folder / "operator.pem"
    await setup_self_signed_certificate(
        *(key, certificate, _CLIENT_URI, "localhost"),
        *([ExtendedKeyUsageOID.CLIENT_AUTH], {"organizationName": "Tests"}),
    )
    return certificate, key


async def _node_id(client: Client, node: str) -> ua.NodeId:
    return ua.NodeId.from_string(f"ns={await client.get_namespace_index(NAMESPACE)};{node}")


def ready_of(line: str) -> dict[str, str] | None:
    """Return what the machine says in the line by which it is ready, None for any other line."""
    if not line.startswith("{") or '"ready"' not in line:
        return None
    ready: dict[str, str] = json.loads(line)
    return ready

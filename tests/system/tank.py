"""A tank with alarms and a memory (opcua/alarms_machine.mjs): started and disturbed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest
from asyncua import ua
from asyncua.client.client import Client

from tests.support.cable import Cable
from tests.support.processes import ManagedProcess

NAMESPACE: Final = "http://nordvik.example/UA/Tank/"
START_SECONDS: Final = 60.0
_SCRIPT: Final = Path(__file__).parent / "opcua" / "alarms_machine.mjs"


class Tank:
    """One ``alarms_machine.mjs`` process; a context manager that ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = "0"
        self.url = ""
        self.start()

    def start(self, *options: str) -> None:
        """Start it, after the first time on the same port; returns when clients may come."""
        node, modules = shutil.which("node"), _SCRIPT.parent / "node_modules"
        if node is None or not modules.is_dir():
            pytest.fail("the system tests need Node.js and its packages: run them by `make test`")
        pki = self._folder / "pki"
        self.process = ManagedProcess(
            [node, _SCRIPT, "--port", self._port, "--pki-dir", pki, *options], folder=self._folder
        )
        try:
            self.url = self.process.wait_for_line(_url, within=START_SECONDS)
        except BaseException:
            self.process.close()
            raise
        self._port = self.url.rpartition(":")[2].partition("/")[0]

    @property
    def port(self) -> int:
        return int(self._port)

    def through(self, cable: Cable) -> str:
        """The address for clients that come by ``cable``."""
        return self.url.replace(f":{self._port}/", f":{cable.port}/")

    async def set(self, **values: float) -> None:
        """Write ``Level`` or ``Pressure`` as an operator would."""
        async with Client(self.url) as client:
            index = await client.get_namespace_index(NAMESPACE)
            for name, value in values.items():
                node = client.get_node(ua.NodeId(f"Tank.{name}", index))
                await node.write_value(ua.DataValue(ua.Variant(value, ua.VariantType.Double)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.close()


def node(name: str) -> str:
    """The node ``name`` of the tank."""
    return f"nsu={NAMESPACE};s=Tank.{name}"


def _url(line: str) -> str | None:
    if not line.startswith("{"):
        return None
    ready: dict[str, Any] = json.loads(line)
    return str(ready["url"])

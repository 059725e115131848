"""The machine of types (tests/system/opcua/types_machine.mjs): started, changed, and asked."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest
from asyncua import ua
from asyncua.client.client import Client

from tests.support.processes import ManagedProcess

NAMESPACE: Final = "http://nordvik.example/UA/Types/"
START_SECONDS: Final = 60.0
_SCRIPT: Final = Path(__file__).parent / "opcua" / "types_machine.mjs"


class TypesMachine:
    """One ``types_machine.mjs`` process; a context manager that ends it."""

    def __init__(self, folder: Path) -> None:
        node, modules = shutil.which("node"), _SCRIPT.parent / "node_modules"
        if node is None or not modules.is_dir():
            pytest.fail("the system tests need Node.js and its packages: run them by `make test`")
        self._process = ManagedProcess(
            [node, _SCRIPT, "--pki-dir", folder / "pki"], folder=folder / "machine"
        )
        try:
            ready = self._process.wait_for_line(_ready, within=START_SECONDS)
        except BaseException:
            self._process.close()
            raise
        self.url: str = ready["url"]

    def set(self, name: str, value: Any) -> None:
        """Change a value as the machine itself would."""
        asyncio.run(self._command({"set": name, "value": value}))

    def show(self, name: str) -> Any:
        """Return the value of a variable as the machine's own stack has it, in its JSON."""
        return json.loads(asyncio.run(self._command({"show": name})))["value"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.close()

    async def _command(self, command: dict[str, Any]) -> str:
        async with Client(self.url) as client:
            index = await client.get_namespace_index(NAMESPACE)
            node = client.get_node(ua.NodeId("Command", index))
            value = ua.Variant(json.dumps(command), ua.VariantType.String)
            await node.write_attribute(ua.AttributeIds.Value, ua.DataValue(value))
            answer: str = await node.read_value()
            return answer


def _ready(line: str) -> dict[str, str] | None:
    if not line.startswith("{"):
        return None
    ready: dict[str, str] = json.loads(line)
    return ready

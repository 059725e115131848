"""The machine of companion specifications (tests/system/opcua): started, and told to change."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest

NAMESPACE: Final = "http://falkenberg.example/UA/"
_SCRIPT: Final = Path(__file__).parent / "opcua" / "companion_machine.mjs"


class CompanionMachine:
    """One ``companion_machine.mjs`` process; a context manager that ends it.

    It takes 50 operations a call, as small controllers do.
    """

    def __init__(self, folder: Path) -> None:
        node = shutil.which("node")
        if node is None or not (_SCRIPT.parent / "node_modules").is_dir():
            pytest.fail("the system tests need Node.js and its packages: run them by `make test`")
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / "stderr.log").open("wb")
        self._process = subprocess.Popen(
            [node, str(_SCRIPT), "--pki-dir", str(folder / "pki"), "--max-per-call", "50"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.url: str = self._answer()["url"]

    def wish(self, **wish: Any) -> None:
        """Have it change as its script says."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        assert answer["done"], answer

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                stream.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise AssertionError("the machine ended")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

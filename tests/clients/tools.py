"""The environment of other people's programs, apart from ours, and how they are run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import pytest

PROJECT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = Path(__file__).parent / "programs"
TYPESCRIPT: Final = Path(__file__).parent / "typescript"
_PYTHON: Final = PROJECT / ".venv-tools" / "bin" / "python"

# One of the clients asks a package index for its newest version when it is imported: whatever is
# not on this machine goes to a proxy that nobody listens at.
_OFFLINE: Final = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "127.0.0.1",
}


def tools_python() -> Path:
    """Return the interpreter that has the packages of ``requirements.txt``.

    Skips the test where it is not installed; fails it in CI.
    """
    if not _PYTHON.exists():
        _absent("other people's clients are not installed: `make test` makes .venv-tools")
    return _PYTHON


def typescript_folder() -> Path:
    """Return the folder of the TypeScript client, its packages installed."""
    if not (TYPESCRIPT / "node_modules").is_dir():
        _absent("the TypeScript client is not installed: `make test` runs npm ci for it")
    return TYPESCRIPT


def run_outside(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    within: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run a client to its end in ``folder``, cut off from every other machine."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ | _OFFLINE | {"PYTHONDONTWRITEBYTECODE": "1"} | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

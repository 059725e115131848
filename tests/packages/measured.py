"""Imports in a process of their own, and what it needed for them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ManagedProcess, eventually

MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Measured:
    """How the import of one file ended; ``peak`` is the most memory up to then, in bytes."""

    refused: str | None
    reason: str
    files: int
    documents: int
    seconds: float
    peak: int


def measured_imports(
    files: Iterable[Path], folder: Path, project: Path, *, within: float
) -> list[Measured]:
    """Import ``files``, one after the other, in a process with a store in ``folder``."""
    with _importing(files, folder, project) as process:
        code = eventually(lambda: _ended(process), within=within, what="all files are read")
        assert code == "0", process.tail()
        return [Measured(**json.loads(line)) for line in process.output().splitlines()]


def _ended(process: ManagedProcess) -> str | None:
    return None if process.exit_code is None else str(process.exit_code)


@contextmanager
def _importing(files: Iterable[Path], folder: Path, project: Path) -> Iterator[ManagedProcess]:
    program = [sys.executable, "-m", "tests.packages.import_process"]
    process = ManagedProcess(
        [*program, folder / "data", *files],
        folder=folder / "process",
        environment={"PYTHONPATH": str(project)},
    )
    try:
        yield process
    finally:
        process.close()

"""A program that imports packages into a store of its own: what it needs is measured from outside.

Started with a folder for the store and files; prints a JSON object for each file.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from aas_server.clock import SystemClock
from aas_server.errors import AasError
from aas_server.live.hub import LiveHub
from aas_server.packages.importer import import_contents
from aas_server.packages.reader import entered_package
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from aas_server.store.sqlite import SqliteStore

_PEAK = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)


def peak_bytes() -> int:
    """Return the most memory that this process ever held (Linux: its high-water mark)."""
    found = _PEAK.search(Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


async def measure(folder: Path, files: Sequence[Path]) -> None:
    clock = SystemClock()
    store = SqliteStore(folder, clock)
    await store.open()
    try:
        repository = Repository(store, LiveHub(clock), clock)
        for file in files:
            began = time.monotonic()
            outcome = await taken_in(repository, file)
            seconds = time.monotonic() - began
            documents = sum([await repository.collection(kind).count() for kind in Kind])
            told = {**outcome, "seconds": seconds, "documents": documents, "peak": peak_bytes()}
            print(json.dumps(told), flush=True)
    finally:
        await store.close()


async def taken_in(repository: Repository, file: Path) -> dict[str, Any]:
    try:
        with ExitStack() as stack:
            contents = await entered_package(stack, file)
            report = await import_contents(repository, contents, actor="test")
    except AasError as error:
        return {"refused": type(error).__name__, "reason": str(error)[:200], "files": 0}
    return {"refused": None, "reason": "", "files": report.files}


if __name__ == "__main__":
    asyncio.run(measure(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]]))

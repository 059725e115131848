"""Import of an environment with 100,000 submodels by the command, verified and trusted.

``BENCH_SUBMODELS`` scales it down, and the seconds that it may take with it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psutil

from benchmarks.measure import ROOT, Row

SUBMODELS = int(os.environ.get("BENCH_SUBMODELS", "100000"))
FULL = 100_000
SECONDS, TRUSTED_SECONDS = 180.0, 30.0
MEMORY = 1.3e9
"""Bytes that all processes together may hold besides the file, which is mapped."""
ON_DISK = 1.5
_SAMPLES = 0.1


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "environment.json"
        written = await asyncio.to_thread(_write, file)
        rows: list[Row] = []
        for words, flags, most in (
            ("verified", (), SECONDS),
            ("trusted", ("--trusted",), TRUSTED_SECONDS),
        ):
            data = folder / words
            seconds, peak = await _import(file, data, flags)
            target = most * SUBMODELS / FULL
            title = f"import of {SUBMODELS:,} submodels of 12 kB, {words}"
            rows.append(Row(title, f"{seconds:.1f} s", f"< {target:g} s", seconds < target))
            allowed = MEMORY + file.stat().st_size
            rows.append(
                Row(
                    "  memory of its processes at most, the file in it",
                    f"{peak / 1e6:,.0f} MB",
                    f"< {allowed / 1e6:,.0f} MB",
                    peak < allowed,
                )
            )
        ratio = sum(each.stat().st_size for each in data.iterdir()) / written
        rows.append(
            Row(
                "  size on disk against the documents",
                f"{ratio:.2f}",
                f"<= {ON_DISK:g}",
                ratio <= ON_DISK,
            )
        )
        return rows


async def _import(file: Path, data: Path, flags: Sequence[str]) -> tuple[float, int]:
    """Return the seconds that the command takes, and the most memory that it held."""
    command = (sys.executable, "-m", "aas_server.cli", "import", file, "--data", data, *flags)
    started = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )
    ended = asyncio.create_task(child.wait())
    peak = 0
    while not ended.done():
        peak = max(peak, _memory(child.pid))
        await asyncio.wait([ended], timeout=_SAMPLES)
    if child.returncode:
        raise RuntimeError(f"{command!r} ended with {child.returncode}")
    return time.perf_counter() - started, peak


def _memory(pid: int) -> int:
    """Return the bytes that a process and all that it started hold now."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for each in (parent, *parent.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.NoSuchProcess:
        return total
    return total


def _write(file: Path) -> int:
    """Write the environment and return how many bytes its documents have."""
    text, slots = _text()
    random = Random(1)
    total = 0
    with file.open("w") as opened:
        opened.write('{"submodels":[')
        for number in range(SUBMODELS):
            document = text % (number, *(random.randrange(10**6) for _ in range(slots)))
            opened.write(f",{document}" if number else document)
            total += len(document)
        opened.write("]}")
    return total


def _text() -> tuple[str, int]:
    """Return a submodel of 12 kB as JSON with a place for its number and so many for values."""
    elements = [
        *(_property(f"Measured{n:02}", "xs:double", "%d.5") for n in range(29)),
        *(_property(f"Name{n:02}", "xs:string", "SN-%d") for n in range(8)),
        *(_texts(f"Designation{n:02}") for n in range(4)),
        *(_range(f"Limits{n:02}") for n in range(4)),
        *(_collection(f"Maker{n:02}") for n in range(2)),
    ]
    tree = {
        "modelType": "Submodel",
        "id": "https://plant.example/submodels/%d",
        "idShort": "TechnicalData",
        "kind": "Instance",
        "administration": {"version": "1", "revision": "2"},
        "semanticId": _reference("https://admin-shell.io/ZVEI/TechnicalData/Submodel/1/2"),
        "submodelElements": elements,
    }
    text = msgspec.json.encode(tree).decode()
    return text, text.count("%d") - 1


def _property(id_short: str, value_type: str, value: str) -> dict[str, Any]:
    return {
        "modelType": "Property",
        "idShort": id_short,
        "semanticId": _reference(f"0173-1#02-{id_short}#002"),
        "valueType": value_type,
        "value": value,
    }


def _texts(id_short: str) -> dict[str, Any]:
    return {
        "modelType": "MultiLanguageProperty",
        "idShort": id_short,
        "semanticId": _reference(f"0173-1#02-{id_short}#002"),
        "value": [
            {"language": "de", "text": "Pumpe Nummer %d"},
            {"language": "en", "text": "pump number %d"},
        ],
    }


def _range(id_short: str) -> dict[str, Any]:
    return {
        "modelType": "Range",
        "idShort": id_short,
        "semanticId": _reference(f"0173-1#02-{id_short}#002"),
        "valueType": "xs:int",
        "min": "-%d",
        "max": "%d",
    }


def _collection(id_short: str) -> dict[str, Any]:
    return {
        "modelType": "SubmodelElementCollection",
        "idShort": id_short,
        "semanticId": _reference(f"0173-1#01-{id_short}#001"),
        "value": [_property(f"Address{n}", "xs:string", "Street %d") for n in range(5)],
    }


def _reference(value: str) -> dict[str, Any]:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}

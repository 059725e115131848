"""Memory of a server that holds a million properties and is asked for nothing."""

from __future__ import annotations

import asyncio
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.store.protocol import Kind
from aas_server.store.sqlite import SqliteStore
from benchmarks.measure import Row, aas_server, free_port, process

PROPERTIES = 1_000_000
PER_SUBMODEL = 50
LIMIT_BYTES = 600
_AT_ONCE = 500


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        empty = await _memory(Path(folder) / "empty")
        await fill(Path(folder) / "full", PROPERTIES // PER_SUBMODEL)
        full = await _memory(Path(folder) / "full")
    each = (full - empty) / PROPERTIES
    name = f"memory at rest a property, {PROPERTIES:,} properties in submodels of {PER_SUBMODEL}"
    return [Row(name, f"{each:.0f} B", f"<= {LIMIT_BYTES} B", each <= LIMIT_BYTES)]


async def fill(folder: Path, shells: int, *, submodels: bool = True) -> None:
    """Store ``shells`` shells, and a submodel for each."""
    clock = SystemClock()
    store = SqliteStore(folder, clock)
    await store.open()
    repository = Repository(store, LiveHub(clock), clock)
    for start in range(0, shells, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, shells))
        await repository.change(partial(_fill, numbers, submodels), actor="benchmark")
    await store.close()


async def _fill(numbers: range, submodels: bool, unit: Unit) -> None:
    for number in numbers:
        await unit.create(Kind.SHELL, shell(number))
        if submodels:
            await unit.create(Kind.SUBMODEL, submodel(number))


def shell(number: int) -> dict[str, Any]:
    return {
        "modelType": "AssetAdministrationShell",
        "id": f"https://plant.example/shells/{number}",
        "idShort": f"Machine{number}",
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": f"https://plant.example/assets/{number}",
        },
        "submodels": [
            {
                "type": "ModelReference",
                "keys": [
                    {"type": "Submodel", "value": f"https://plant.example/submodels/{number}"}
                ],
            }
        ],
    }


def submodel(number: int) -> dict[str, Any]:
    return {
        "modelType": "Submodel",
        "id": f"https://plant.example/submodels/{number}",
        "idShort": "OperationalData",
        "submodelElements": [_property(each) for each in range(PER_SUBMODEL)],
    }


def _property(number: int) -> dict[str, Any]:
    return {
        "modelType": "Property",
        "idShort": f"Signal{number:03}",
        "semanticId": {
            "type": "ExternalReference",
            "keys": [{"type": "GlobalReference", "value": f"0173-1#02-AAB{number:03}#002"}],
        },
        "valueType": "xs:double",
        "value": f"{number * 1.5}",
    }


async def _memory(folder: Path) -> int:
    port = free_port()
    command = aas_server(port, folder)
    async with process(*command, core=None, ready=f"http://127.0.0.1:{port}/health") as server:
        await asyncio.sleep(2)
        memory: int = psutil.Process(server.pid).memory_info().rss
        return memory

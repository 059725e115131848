"""Import and export of a package with 1,000 submodels, against the basyx-python-sdk."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import msgspec
from basyx.aas import model
from basyx.aas.adapter.aasx import AASXReader, AASXWriter, DictSupplementaryFileContainer

from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.packages.importer import import_contents
from aas_server.packages.reader import entered_package
from aas_server.packages.selection import select
from aas_server.packages.writer import write_package
from aas_server.repository.repository import Repository
from aas_server.store.sqlite import SqliteStore
from benchmarks.http_reads import submodel
from benchmarks.measure import Row

SUBMODELS = 1_000
PROPERTIES = 49
"""Of one submodel, which makes it 12 kB."""
ROUNDS = 3
TARGET = 5.0


async def run() -> list[Row]:
    imports, exports = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        package = await _package(folder)
        for number in range(ROUNDS):
            async with _repository(folder / f"store{number}") as repository:
                ours = await _import(repository, package)
                theirs, objects = _read_by_basyx(package)
                imports.append((ours, theirs))
                ours = await _export(repository, folder / "ours.aasx")
                exports.append((ours, _write_by_basyx(objects, folder / "theirs.aasx")))
    return [
        _row(f"import of a package with {SUBMODELS:,} submodels of 12 kB", imports),
        _row("export of it", exports),
    ]


def _row(name: str, seconds: list[tuple[float, float]]) -> Row:
    ratio = statistics.median(theirs / ours for ours, theirs in seconds)
    ours, theirs = (statistics.median(column) for column in zip(*seconds, strict=True))
    measured = f"{ratio:.1f}  ({ours:.2f} s, basyx-python-sdk {theirs:.2f} s)"
    return Row(name, measured, f">= {TARGET:g}", ratio >= TARGET)


async def _package(folder: Path) -> Path:
    """Return a package as we write it: XML, which is what most tools exchange."""
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": "urn:bench:shell",
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:bench:asset"},
    }
    submodels = [{**submodel(PROPERTIES), "id": f"urn:bench:{n}"} for n in range(SUBMODELS)]
    environment = folder / "environment.json"
    environment.write_bytes(
        msgspec.json.encode({"assetAdministrationShells": [shell], "submodels": submodels})
    )
    package = folder / "package.aasx"
    async with _repository(folder / "first") as repository:
        await _import(repository, environment)
        await _export(repository, package)
    return package


@asynccontextmanager
async def _repository(folder: Path) -> AsyncIterator[Repository]:
    clock = SystemClock()
    store = SqliteStore(folder, clock)
    await store.open()
    try:
        yield Repository(store, LiveHub(clock), clock)
    finally:
        await store.close()


async def _import(repository: Repository, package: Path) -> float:
    """Return the seconds until everything is read, verified and durable."""
    started = time.perf_counter()
    with ExitStack() as stack:
        contents = await entered_package(stack, package)
        await import_contents(repository, contents, actor="benchmark")
    return time.perf_counter() - started


async def _export(repository: Repository, package: Path) -> float:
    started = time.perf_counter()
    await write_package(package, await select(repository), [], repository.read_file, as_xml=True)
    return time.perf_counter() - started


def _read_by_basyx(package: Path) -> tuple[float, model.DictIdentifiableStore]:
    objects: model.DictIdentifiableStore = model.DictIdentifiableStore()
    started = time.perf_counter()
    with AASXReader(str(package)) as reader:
        reader.read_into(objects, DictSupplementaryFileContainer())
    return time.perf_counter() - started, objects


def _write_by_basyx(objects: model.DictIdentifiableStore, package: Path) -> float:
    started = time.perf_counter()
    with AASXWriter(str(package)) as writer:
        writer.write_all_aas_objects(
            "/aasx/data.xml", objects, DictSupplementaryFileContainer(), write_json=False
        )
    return time.perf_counter() - started

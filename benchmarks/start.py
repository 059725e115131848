"""How soon a server answers that has 100,000 shells and 300,000 submodels of 10 kB, and what it
needs for that.

START_SHELLS is another number of shells; three times as many are the submodels.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil

from aas_server.clock import SystemClock
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.store.protocol import Kind, StoredDocument, Write
from aas_server.store.sqlite import FILE_NAME, SqliteStore
from aas_server.store.terms import terms_of
from benchmarks.measure import SERVER_CORE, Row, aas_server, free_port, process, requests_per_second
from benchmarks.model_memory import shell, submodel

SHELLS = int(os.environ.get("START_SHELLS", "100000"))
SUBMODELS_OF_EACH = 3
BYTES_OF_SUBMODEL = 10_000
FIRST_ANSWER_SECONDS = 5.0
LEAST_RATE = 3_000
ROUNDS = 3


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = await fill(folder, SHELLS)
        size = (folder / FILE_NAME).stat().st_size
        empty = await _first_answer(folder / "empty", "/submodels")
        last = encode_identifier(submodel_id(SHELLS * SUBMODELS_OF_EACH - 1))
        first_answer = await _first_answer(folder, f"/submodels/{last}")
        return [
            Row("documents made", f"{_documents() / seconds:,.0f}/s, {size / 1e9:.2f} GB"),
            Row(
                f"first answer with {_documents():,} documents",
                f"{first_answer:.2f} s",
                f"< {FIRST_ANSWER_SECONDS:g} s",
                first_answer < FIRST_ANSWER_SECONDS,
            ),
            Row("the same with none", f"{empty:.2f} s"),
            *await _measured(folder),
        ]


async def fill(folder: Path, shells: int, *, bytes_of_submodel: int = BYTES_OF_SUBMODEL) -> float:
    """Store ``shells`` shells with three submodels each; return how many seconds that took."""
    store = SqliteStore(folder, SystemClock())
    await store.open()
    begun = time.monotonic()
    await store.commit_many(_writes(store, shells, bytes_of_submodel), actor="benchmark")
    seconds = time.monotonic() - begun
    await store.close()
    return seconds


def submodel_id(number: int) -> str:
    identifier: str = submodel(number)["id"]
    return identifier


def _writes(store: SqliteStore, shells: int, size: int) -> Iterator[Write]:
    # All submodels are alike but for their ids, so that making them is not what takes the time.
    body = msgspec.json.encode(_filled(submodel(0), size))
    own_id = msgspec.json.encode(submodel_id(0))
    terms = terms_of(Kind.SUBMODEL, submodel(0))
    for number in range(shells):
        tree = shell(number)
        encoded = msgspec.json.encode(tree)
        document = _document(store, Kind.SHELL, tree["id"], encoded)
        yield Write(None, document, gains=terms_of(Kind.SHELL, tree))
        for part in range(SUBMODELS_OF_EACH):
            identifier = submodel_id(number * SUBMODELS_OF_EACH + part)
            written = body.replace(own_id, msgspec.json.encode(identifier), 1)
            yield Write(None, _document(store, Kind.SUBMODEL, identifier, written), gains=terms)


def _document(store: SqliteStore, kind: Kind, identifier: str, body: bytes) -> StoredDocument:
    now = SystemClock().now()
    return StoredDocument(kind, identifier, store.new_sequence(), 1, body, now, now)


def _filled(tree: dict[str, Any], size: int) -> dict[str, Any]:
    """Return a submodel of ``size`` bytes: the last of its properties is as long as it takes."""
    missing = max(size - len(msgspec.json.encode(tree)), 0)
    elements = tree["submodelElements"]
    elements[-1] = {**elements[-1], "valueType": "xs:string", "value": "x" * missing}
    return tree


def _documents() -> int:
    return SHELLS * (1 + SUBMODELS_OF_EACH)


async def _first_answer(folder: Path, path: str) -> float:
    """Return the seconds from the start of a server to its first answer to a GET."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/v3{path}"
    begun = time.monotonic()
    async with process(*aas_server(port, folder), core=None, ready=url):
        return time.monotonic() - begun


async def _measured(folder: Path) -> list[Row]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with process(
        *aas_server(port, folder), core=SERVER_CORE, ready=f"{base}/health"
    ) as server:
        await asyncio.sleep(1)
        at_start = _memory(server)
        async with httpx.AsyncClient(base_url=f"{base}/api/v3") as client:
            begun = time.monotonic()
            page = await client.get("/submodels", params={"limit": "100", "idShort": "None"})
            assert page.json()["result"] == []
            unknown = time.monotonic() - begun
        rates = [
            await requests_per_second(f"{base}/api/v3/shells?limit=100") for _ in range(ROUNDS)
        ]
        rate = max(rates)
        after_lists = _memory(server)
    return [
        Row("memory after the start", f"{at_start / 1e6:.0f} MB"),
        Row("a filter that nothing meets", f"{unknown * 1e3:.1f} ms"),
        Row(
            "GET /shells?limit=100, one core",
            f"{rate:,.0f}/s",
            f">= {LEAST_RATE:,}/s",
            rate >= LEAST_RATE,
        ),
        Row("memory after that", f"{after_lists / 1e6:.0f} MB"),
    ]


def _memory(server: psutil.Process) -> int:
    memory: int = server.memory_info().rss
    return memory

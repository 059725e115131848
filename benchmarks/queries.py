"""Queries over shells with three submodels each: found by the index, by concept and value, and by
looking at everything; and what keeping the index costs.

``QUERY_SHELLS`` scales it: 100,000 are 300,000 submodels with 10 million elements.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx
import msgspec
import psutil

from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import Node
from aas_server.repository.repository import Repository
from aas_server.store import terms
from aas_server.store.element_terms import NO_CHANGE
from aas_server.store.protocol import Kind, StoredDocument, Write
from aas_server.store.sqlite import SqliteStore
from benchmarks.measure import ROOT, SERVER_CORE, Row, aas_server, free_port, process

SHELLS = int(os.environ.get("QUERY_SHELLS", "2000"))
SUBMODELS = ("Nameplate", "TechnicalData", "OperationalData")
PROPERTIES, TEXTS, NESTED = 25, 2, 5
ELEMENTS = PROPERTIES + TEXTS + 1 + NESTED
HITS = 1_000
EQUAL_P99, RANGE, SCAN, SHARE = 0.010, 0.050, 200_000, 0.40
QUERIES, ROUNDS = 300, 5
TIMEOUT = 3_600
"""Seconds that a scan of all elements may take; servers give them 30 unless told otherwise."""
WRITES, WRITERS = 2_000, 32
FILLED = 3_000
"""Submodels of the stores with and without ordered terms."""
_CONCEPT = "0173-1#02-BAA120#008"
"""What exactly one element of every submodel OperationalData means."""


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [await _import(folder)]
        rows += await _ask(folder)
        rows += await _writes(folder)
        return [*rows, *await _sizes(folder)]


async def _import(folder: Path) -> Row:
    file = folder / "environment.json"
    await asyncio.to_thread(_write, file)
    command = (
        sys.executable, "-m", "aas_server.cli",
        "import", file, "--data", folder / "data", "--trusted",
    )  # fmt: skip
    started = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )
    if await child.wait():
        raise RuntimeError(f"{command!r} ended with {child.returncode}")
    seconds = time.perf_counter() - started
    file.unlink()
    count = SHELLS * len(SUBMODELS)
    size = sum(each.stat().st_size for each in (folder / "data").iterdir())
    return Row(
        f"import of {SHELLS:,} shells, {count:,} submodels, {count * ELEMENTS:,} elements, trusted",
        f"{seconds:.1f} s, {size / 1e6:,.0f} MB",
    )


class Asked(NamedTuple):
    """Seconds that a query took, on the clock and of the server's processor; and the results."""

    seconds: float
    processor: float
    results: list[Any]


@asynccontextmanager
async def _server(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, psutil.Process]]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = folder / "settings.toml"
    settings.write_text(f"query_timeout = {TIMEOUT}\n")
    command = aas_server(port, folder / "data", "--config", str(settings))
    async with (
        process(*command, core=SERVER_CORE, ready=f"{base}/health") as server,
        httpx.AsyncClient(base_url=f"{base}/api/v3/query", timeout=TIMEOUT) as client,
    ):
        yield client, server


async def _ask(folder: Path) -> list[Row]:
    random = Random(1)
    async with _server(folder) as (client, server):

        async def ask(kind: str, condition: Any, limit: int = HITS) -> Asked:
            body = {"$select": "id", "$condition": condition}
            before, started = _processor(server), time.perf_counter()
            response = await client.post(f"/{kind}", json=body, params={"limit": limit})
            seconds = time.perf_counter() - started
            if response.status_code != httpx.codes.OK:
                raise RuntimeError(response.text)
            return Asked(seconds, _processor(server) - before, response.json()["result"])

        equal: list[Asked] = []
        for _ in range(QUERIES):
            number = random.randrange(SHELLS)
            equal.append(await ask("shells", _equal(random, number)))
            if equal[-1].results != [_shell(number)["id"]]:
                raise RuntimeError(f"found {equal[-1].results}")
        hits = [await ask("submodels", _values_below(HITS)) for _ in range(ROUNDS)]
        if any(len(each.results) != min(HITS, SHELLS) for each in hits):
            raise RuntimeError(f"found {len(hits[0].results)}")
        scans = [await ask("submodels", _anywhere()) for _ in range(2)]
    return [_equal_row(equal), _range_row(hits), _scan_row(scans)]


def _equal_row(asked: list[Asked]) -> Row:
    p99 = statistics.quantiles((each.seconds for each in asked), n=100)[98]
    median = statistics.median(each.seconds for each in asked)
    processor = sum(each.processor for each in asked) / len(asked)
    return Row(
        "indexed equality: ids, idShorts, asset ids; p99",
        f"{p99 * 1e3:.1f} ms  (median {median * 1e3:.1f}, processor {processor * 1e3:.1f})",
        f"< {EQUAL_P99 * 1e3:g} ms",
        p99 < EQUAL_P99,
    )


def _range_row(asked: list[Asked]) -> Row:
    best = min(asked)
    first = asked[0]
    return Row(
        f"$match of a concept and a range of values, {len(best.results):,} hits",
        f"{best.seconds * 1e3:.0f} ms  (processor {min(each.processor for each in asked) * 1e3:.0f}"
        f", the first time {first.seconds * 1e3:.0f})",
        f"< {RANGE * 1e3:g} ms",
        best.seconds < RANGE,
    )


def _scan_row(asked: list[Asked]) -> Row:
    elements = SHELLS * len(SUBMODELS) * ELEMENTS
    rate = elements / min(asked).seconds
    processor = elements / min(each.processor for each in asked)
    return Row(
        "full scan, one condition on every element",
        f"{rate:,.0f} elements/s  ({processor:,.0f} in a second of the processor)",
        f">= {SCAN:,}/s",
        rate >= SCAN,
    )


def _processor(server: psutil.Process) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)


def _equal(random: Random, number: int) -> Any:
    shell = _shell(number)
    asset = "$aas#assetInformation"
    fields = {
        "$aas#id": shell["id"],
        "$aas#idShort": shell["idShort"],
        f"{asset}.globalAssetId": shell["assetInformation"]["globalAssetId"],
        f"{asset}.specificAssetIds[].value": f"SN-{number:08}",
    }
    field = random.choice(list(fields))
    return {"$eq": [{"$field": field}, {"$strVal": fields[field]}]}


def _values_below(limit: int) -> Any:
    concept = {"$eq": [{"$field": "$sme#semanticId"}, {"$strVal": _CONCEPT}]}
    return {"$match": [concept, {"$lt": [{"$field": "$sme#value"}, {"$numVal": limit}]}]}


def _anywhere() -> Any:
    return {"$contains": [{"$field": "$sme#value"}, {"$strVal": "nowhere to be found"}]}


async def _writes(folder: Path) -> list[Row]:
    """Compare writes that keep the ordered terms with writes that do not, in turn."""
    rows = []
    for name, write in (("PATCH $value", _patch), ("PUT", _put)):
        took: dict[bool, list[float]] = {True: [], False: []}
        for number in range(ROUNDS):
            for kept in (True, False):
                took[kept].append(await _written(folder / f"{name}{number}{kept}", write, kept))
        full, bare = min(took[True]), min(took[False])
        share = 1 - bare / full
        rows.append(
            Row(
                f"the index of a durable {name}, {ELEMENTS} elements, of its processor time",
                f"{share:.0%}  ({full * 1e6:.0f} us with, {bare * 1e6:.0f} us without)",
                f"<= {SHARE:.0%}",
                share <= SHARE,
            )
        )
    return rows


async def _written(
    folder: Path, write: Callable[[Repository, int, int], Awaitable[None]], kept: bool
) -> float:
    """Return the processor seconds of one of many writes."""
    clock = SystemClock()
    store = SqliteStore(folder, clock)
    with _terms(kept):
        await store.open()
        repository = Repository(store, LiveHub(clock), clock)
        await repository.open()
        try:
            documents = [(Kind.SUBMODEL, _submodel("OperationalData", n)) for n in range(WRITERS)]
            await repository.add_missing(documents, actor="bench")

            async def writer(number: int) -> None:
                for value in range(WRITES // WRITERS):
                    await write(repository, number, value)

            await asyncio.gather(*map(writer, range(WRITERS)))
            started = time.process_time()
            await asyncio.gather(*map(writer, range(WRITERS)))
            return (time.process_time() - started) / WRITES
        finally:
            await repository.close()
            await store.close()


async def _patch(repository: Repository, number: int, value: int) -> None:
    identifier = _submodel("OperationalData", number)["id"]
    path = parse_id_short_path("Measured07")
    await repository.write_value(identifier, path, value + 0.5, actor="bench")


async def _put(repository: Repository, number: int, value: int) -> None:
    tree = _submodel("OperationalData", number, value)
    await repository.put(Kind.SUBMODEL, tree["id"], tree, actor="bench")


async def _sizes(folder: Path) -> list[Row]:
    sizes, seconds = {}, {}
    for kept in (True, False):
        data = folder / f"filled{kept}"
        store = SqliteStore(data, SystemClock())
        with _terms(kept):
            await store.open()
            started = time.process_time()
            await store.commit_many(_filling(store), actor="bench")
            seconds[kept] = (time.process_time() - started) / FILLED
            await store.close()
        sizes[kept] = sum(each.stat().st_size for each in data.iterdir())
    return [
        Row(
            f"on disk: {FILLED:,} submodels, with and without ordered terms",
            f"{sizes[True] / 1e6:.1f} and {sizes[False] / 1e6:.1f} MB"
            f"  ({sizes[True] / sizes[False]:.2f})",
        ),
        Row(
            "  processor time of taking each in",
            f"{seconds[True] * 1e6:.0f} and {seconds[False] * 1e6:.0f} us",
        ),
    ]


def _filling(store: SqliteStore) -> Iterator[Write]:
    for number in range(FILLED):
        tree = _submodel(SUBMODELS[number % len(SUBMODELS)], number)
        body = msgspec.json.encode(tree)
        sequence = store.new_sequence()
        document = StoredDocument(Kind.SUBMODEL, tree["id"], sequence, 1, body, 0, 0)
        yield Write(None, document, None, *terms.change_between(Kind.SUBMODEL, None, tree))


@contextmanager
def _terms(kept: bool) -> Iterator[None]:
    """Make ordered terms, or none."""
    if kept:
        yield
        return
    none: frozenset[bytes] = frozenset()
    with (
        patch.object(terms, "document_terms", lambda kind, tree: none),
        patch.object(terms, "change_of_elements", lambda before, after: NO_CHANGE),
    ):
        yield


def _write(file: Path) -> None:
    encode = msgspec.json.encode
    with file.open("wb") as opened:
        opened.write(b'{"assetAdministrationShells":[')
        opened.write(b",".join(encode(_shell(number)) for number in range(SHELLS)))
        opened.write(b'],"submodels":[')
        for number in range(SHELLS):
            for name in SUBMODELS:
                comma = b"," if number or name != SUBMODELS[0] else b""
                opened.write(comma + encode(_submodel(name, number)))
        opened.write(b"]}")


def _shell(number: int) -> Node:
    return {
        "modelType": "AssetAdministrationShell",
        "id": f"urn:plant:shell:{number}",
        "idShort": f"Machine{number}",
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": f"urn:plant:asset:{number}",
            "specificAssetIds": [{"name": "serialNumber", "value": f"SN-{number:08}"}],
        },
        "submodels": [
            {
                "type": "ModelReference",
                "keys": [{"type": "Submodel", "value": f"urn:plant:{name}:{number}"}],
            }
            for name in SUBMODELS
        ],
    }


def _submodel(name: str, number: int, change: int = 0) -> Node:
    """Return a submodel with ``ELEMENTS`` elements; in that of OperationalData the first one means
    what is asked for, and its value is the number.
    """
    random = Random(f"{name}{number}{change}")
    elements = [
        _property(f"Measured{n:02}", f"{random.randrange(10**6)}.5", f"0173-1#02-{name}{n:02}#001")
        for n in range(PROPERTIES)
    ]
    if name == "OperationalData":
        elements[0] = _property("Level", f"{number}.0", _CONCEPT)
    elements += [
        {
            "modelType": "MultiLanguageProperty",
            "idShort": f"Name{n}",
            "value": [{"language": "en", "text": f"machine {number}, {random.randrange(1000)}"}],
        }
        for n in range(TEXTS)
    ]
    nested = [_property(f"Part{n}", f"{random.randrange(100)}", f"{n}") for n in range(NESTED)]
    elements.append({"modelType": "SubmodelElementCollection", "idShort": "Parts", "value": nested})
    return {
        "modelType": "Submodel",
        "id": f"urn:plant:{name}:{number}",
        "idShort": name,
        "semanticId": _reference(f"urn:plant:template:{name}"),
        "submodelElements": elements,
    }


def _property(id_short: str, value: str, concept: str) -> Node:
    return {
        "modelType": "Property",
        "idShort": id_short,
        "semanticId": _reference(concept),
        "valueType": "xs:double",
        "value": value,
    }


def _reference(value: str) -> Node:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}

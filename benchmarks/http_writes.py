"""PATCH of one value, durable, from 32 clients at once: on SQLite and on PostgreSQL, and with many
documents in the store.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from aas_server.clock import SystemClock
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.store.protocol import Kind, StoredDocument, Write
from aas_server.store.sqlite import SqliteStore
from aas_server.store.terms import terms_of
from benchmarks.http_reads import submodel
from benchmarks.measure import (
    SERVER_CORE,
    Row,
    aas_server,
    free_port,
    process,
    requests_per_second,
)
from tests.support.postgres import find_programs, running_postgres

CLIENTS = 32
TARGET = 5_000
POSTGRES_TARGET = 2_500
ROUNDS = 5
SIZES = {"2 kB submodels": 8, "20 kB submodels": 82}
FEW, MANY = 1_000, int(os.environ.get("BENCH_DOCUMENTS", "300000"))
_SCRIPT = """
local requests, count = {}, 0
init = function()
  for value = 1, 64 do
    for _, path in ipairs(paths) do
      local headers = {["content-type"] = "application/json"}
      requests[#requests + 1] = wrk.format("PATCH", path, headers, value .. ".5")
    end
  end
end
request = function()
  count = count + 1
  return requests[count % #requests + 1]
end
"""


async def run() -> list[Row]:
    rows = [await _on_sqlite(name, properties) for name, properties in SIZES.items()]
    return [*rows, await _on_postgres(), await _by_number()]


async def _on_sqlite(name: str, properties: int) -> Row:
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        environment, script = _files(folder, properties)
        port, bare_port = free_port(), free_port()
        base, bare_base = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{bare_port}/0"
        server = aas_server(port, folder / "data", "--load", str(environment))
        bare = (sys.executable, "-m", "benchmarks.bare_asgi", str(bare_port), str(script))
        rates, bares = [], []
        async with (
            process(*server, core=SERVER_CORE, ready=f"{base}/health"),
            process(*bare, core=SERVER_CORE, ready=bare_base),
        ):
            for _ in range(ROUNDS):
                rates.append(await requests_per_second(base, connections=CLIENTS, script=script))
                bares.append(await requests_per_second(bare_base, connections=CLIENTS))
    rate = statistics.median(rates)
    return Row(
        f"PATCH $value, durable, {CLIENTS} clients, {name}",
        f"{rate:,.0f}/s  (GET of a bare ASGI app {statistics.median(bares):,.0f}/s)",
        f">= {TARGET:,}/s",
        rate >= TARGET,
    )


async def _on_postgres() -> Row:
    with (
        tempfile.TemporaryDirectory() as folder_name,
        running_postgres(find_programs()) as database,
    ):
        folder = Path(folder_name)
        environment, script = _files(folder, SIZES["2 kB submodels"])
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        options = (
            "--load",
            str(environment),
            "--database",
            database.url(database.create_database()),
        )
        rates = []
        async with process(
            *aas_server(port, folder / "data", *options), core=SERVER_CORE, ready=f"{base}/health"
        ):
            rates = [
                await requests_per_second(base, connections=CLIENTS, script=script)
                for _ in range(ROUNDS)
            ]
    rate = statistics.median(rates)
    return Row(
        f"the same on PostgreSQL, 2 kB submodels, all on {os.cpu_count()} cores",
        f"{rate:,.0f}/s",
        f">= {POSTGRES_TARGET:,}/s",
        rate >= POSTGRES_TARGET,
    )


async def _by_number() -> Row:
    """Compare a store of few documents with one of many, in turn."""
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        _, script = _files(folder, SIZES["2 kB submodels"])
        for count in (FEW, MANY):
            await _fill(folder / str(count), count)
        ports = {count: free_port() for count in (FEW, MANY)}
        bases = {count: f"http://127.0.0.1:{port}" for count, port in ports.items()}
        servers = {count: aas_server(ports[count], folder / str(count)) for count in ports}
        rates: dict[int, list[float]] = {FEW: [], MANY: []}
        async with (
            process(*servers[FEW], core=SERVER_CORE, ready=f"{bases[FEW]}/health"),
            process(*servers[MANY], core=SERVER_CORE, ready=f"{bases[MANY]}/health"),
        ):
            for _ in range(ROUNDS):
                for count, base in bases.items():
                    rate = await requests_per_second(base, connections=CLIENTS, script=script)
                    rates[count].append(rate)
    few, many = (statistics.median(rates[count]) for count in (FEW, MANY))
    return Row(
        f"PATCH $value with {MANY:,} documents stored against {FEW:,}",
        f"{many / few:.2f}  ({many:,.0f}/s to {few:,.0f}/s)",
        ">= 0.8",
        many / few >= 0.8,
    )


async def _fill(folder: Path, count: int) -> None:
    """Make a store of ``count`` submodels, those that the clients write among them."""
    store = SqliteStore(folder, SystemClock())
    await store.open()
    try:
        await store.commit_many(_writes(store, count), actor="bench")
    finally:
        await store.close()


def _writes(store: SqliteStore, count: int) -> Iterator[Write]:
    tree = submodel(SIZES["2 kB submodels"])
    terms = terms_of(Kind.SUBMODEL, tree)
    for number in range(count):
        body = msgspec.json.encode({**tree, "id": _id(number)})
        document = StoredDocument(
            Kind.SUBMODEL, _id(number), store.new_sequence(), 1, body, created=0, updated=0
        )
        yield Write(None, document, gains=terms)


def _files(folder: Path, properties: int) -> tuple[Path, Path]:
    """Return an environment with a submodel for each client, and the script that writes them."""
    submodels = [{**submodel(properties), "id": _id(number)} for number in range(CLIENTS)]
    environment = folder / "environment.json"
    environment.write_bytes(msgspec.json.encode({"submodels": submodels}))
    paths = [
        f"/api/v3/submodels/{encode_identifier(each['id'])}/submodel-elements/Temperature005/$value"
        for each in submodels
    ]
    script = folder / "patch.lua"
    script.write_text(f"paths = {{{', '.join(map(repr, paths))}}}\n{_SCRIPT}")
    return environment, script


def _id(number: int) -> str:
    return f"urn:bench:{number}"

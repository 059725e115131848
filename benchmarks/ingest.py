"""5,000 OPC UA items that change at 1 Hz: processor time a value, and how soon HTTP shows a
write.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
import msgspec
import psutil
import yaml

from aas_server.metamodel.identifiers import encode_identifier
from benchmarks.measure import LOAD_CORE, SERVER_CORE, Row, aas_server, free_port, process
from benchmarks.opcua_names import NAMESPACE

ITEMS = 5_000
PER_SUBMODEL = 100
WATCHED = 20
PUBLISHING = "100ms"
CPU_SECONDS = 15
LATENCY_SECONDS = 20


async def run() -> list[Row]:
    source_port, port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment, plant = _write_files(folder, source_port)
        source = (sys.executable, "-m", "benchmarks.opcua_source", str(source_port), str(ITEMS))
        server = aas_server(
            port, folder / "data", "--load", str(environment), "--plant", str(plant)
        )
        base = f"http://127.0.0.1:{port}"
        async with (
            process(*source, core=LOAD_CORE, ready=f"127.0.0.1:{source_port}"),
            process(*server, core=SERVER_CORE, ready=f"{base}/health") as aas,
            httpx.AsyncClient(base_url=base) as client,
        ):
            await _until_live(client)
            per_value, rate = await _processor_time(client, aas)
            latencies = sorted(await _latencies(client))
            p99 = latencies[int(len(latencies) * 0.99)]
            return [
                Row(
                    f"{ITEMS} items at 1 Hz: server processor time a value",
                    f"{per_value:.1f} µs  ({rate:,.0f} values/s)",
                    "<= 30 µs",
                    per_value <= 30 and rate >= 0.95 * ITEMS,
                ),
                Row(
                    f"device write to HTTP at {PUBLISHING} publishing, p99",
                    f"{p99:.0f} ms  (median {statistics.median(latencies):.0f} ms, "
                    f"{len(latencies)} writes)",
                    "< 200 ms",
                    p99 < 200,
                ),
            ]


def _write_files(folder: Path, source_port: int) -> tuple[Path, Path]:
    submodels = [
        {
            "modelType": "Submodel",
            "id": f"urn:bench:{first // PER_SUBMODEL}",
            "submodelElements": [
                {"modelType": "Property", "idShort": f"Item{n}", "valueType": "xs:double"}
                for n in range(first, first + PER_SUBMODEL)
            ],
        }
        for first in range(0, ITEMS, PER_SUBMODEL)
    ]
    plant = {
        "version": 1,
        "connections": {
            "source": {
                "url": f"opc.tcp://127.0.0.1:{source_port}",
                "publishingInterval": PUBLISHING,
            }
        },
        "bindings": [
            {
                "connection": "source",
                "node": f"nsu={NAMESPACE};s=Item{n}",
                "sink": {"submodel": f"urn:bench:{n // PER_SUBMODEL}", "path": f"Item{n}"},
            }
            for n in range(ITEMS)
        ],
    }
    environment, plant_file = folder / "environment.json", folder / "plant.yaml"
    environment.write_bytes(msgspec.json.encode({"submodels": submodels}))
    plant_file.write_text(yaml.safe_dump(plant))
    return environment, plant_file


def _url(item: int) -> str:
    submodel = encode_identifier(f"urn:bench:{item // PER_SUBMODEL}")
    return f"/api/v3/submodels/{submodel}/submodel-elements/Item{item}/$value"


async def _until_live(client: httpx.AsyncClient) -> None:
    for _ in range(300):
        answers = [await client.get(_url(item)) for item in (0, ITEMS - 1)]
        if all(answer.headers["aas-quality"].startswith("good") for answer in answers):
            await asyncio.sleep(3)
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the items did not become live")


async def _received(client: httpx.AsyncClient) -> float:
    text = (await client.get("/metrics")).text
    counts = re.findall(
        r"^aas_binding_values_received_total\{[^}]*\} ([0-9.e+]+)$", text, re.MULTILINE
    )
    return sum(map(float, counts))


async def _processor_time(client: httpx.AsyncClient, server: psutil.Process) -> tuple[float, float]:
    """Return microseconds of processor time a value and values a second, nobody reading."""
    before, received, began = server.cpu_times(), await _received(client), time.monotonic()
    await asyncio.sleep(CPU_SECONDS)
    after, seconds = server.cpu_times(), time.monotonic() - began
    values = await _received(client) - received
    used = after.user + after.system - before.user - before.system
    return used / values * 1e6, values / seconds


async def _latencies(client: httpx.AsyncClient) -> list[float]:
    """Return milliseconds from each seen write of the watched items to the read that showed it.

    The time between two reads of one item is part of it.
    """
    items = range(0, ITEMS, ITEMS // WATCHED)
    shown = {item: (await client.get(_url(item))).json() for item in items}
    latencies: list[float] = []
    deadline = time.monotonic() + LATENCY_SECONDS
    while time.monotonic() < deadline:
        for item in items:
            written = (await client.get(_url(item))).json()
            if written != shown[item]:
                latencies.append((time.time() - written) * 1000)
                shown[item] = written
    return latencies

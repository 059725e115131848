"""OPC UA items by the thousand: what their values cost, how soon HTTP shows them, what it costs
those who read, and what a burst does.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import psutil
import yaml

from aas_server.live.hub import LiveHub
from aas_server.live.values import Quality
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.runtime import running
from aas_server.settings import Settings
from benchmarks.measure import (
    LOAD_CORE,
    SERVER_CORE,
    Row,
    aas_server,
    free_port,
    process,
    requests_per_second,
)
from benchmarks.opcua_names import BURST_CHANGES, FINAL, NAMESPACE

ITEMS = 10_000
PER_SUBMODEL = 100
WATCHED = 20
START_ITEMS = 1_000
LATENCY_ITEMS = 1_000
CPU_SECONDS = 15
LATENCY_SECONDS = 20
HTTP_ROUNDS = 3


async def run() -> list[Row]:
    return [*(await _begin()), *(await _slow()), *(await _fast()), *(await _latency())]


async def _begin() -> list[Row]:
    """1,000 bindings, from nothing to their values: documents loaded, planned, subscribed."""
    port = free_port()
    source = (sys.executable, "-m", "benchmarks.opcua_source", str(port), str(START_ITEMS))
    with tempfile.TemporaryDirectory() as name:
        environment, plant = _write_files(Path(name), port, START_ITEMS, "100ms")
        settings = Settings(data=Path(name) / "data", load=(environment,), plant=plant)
        async with process(*source, core=LOAD_CORE, ready=f"127.0.0.1:{port}"):
            began = time.perf_counter()
            async with running(settings) as runtime:
                while not _all_good(runtime.hub):
                    await asyncio.sleep(0.01)
                seconds = time.perf_counter() - began
    return [
        Row(
            f"{START_ITEMS:,} bindings loaded, planned, subscribed and good",
            f"{seconds:.2f} s",
            "< 3 s",
            seconds < 3,
        )
    ]


def _all_good(hub: LiveHub) -> bool:
    groups = [hub.group(f"urn:bench:{n}") for n in range(START_ITEMS // PER_SUBMODEL)]
    return all(
        group is not None
        and all(point.current.quality is Quality.GOOD for point, _ in group.facets.values())
        for group in groups
    )


async def _slow() -> list[Row]:
    """10,000 items at 1 Hz: the cost, and what it takes from those who read."""
    async with _plant("opcua_stream", ITEMS, "1", publishing="200ms") as plant:
        cores, rate = await plant.ingest()
        alone, beside = [], []
        async with _plant("opcua_stream", 10, "0.1", publishing="1s") as quiet:
            for _ in range(HTTP_ROUNDS):
                alone.append(await requests_per_second(quiet.url(0)))
                beside.append(await requests_per_second(plant.url(0)))
        loss = 1 - statistics.median(b / a for a, b in zip(alone, beside, strict=True))
        return [
            Row(
                f"{ITEMS:,} items at 1 Hz: cores for ingest, nobody reading",
                f"{cores:.3f}  ({rate:,.0f} values/s, {cores / rate * 1e6:.1f} µs each)",
                "< 0.1",
                cores < 0.1 and rate >= 0.98 * ITEMS,
            ),
            Row(
                "HTTP reads of one value lost to it",
                f"{loss:.1%}  ({statistics.median(alone):,.0f}/s alone, "
                f"{statistics.median(beside):,.0f}/s beside)",
                "< 15 %",
                loss < 0.15,
            ),
        ]


async def _fast() -> list[Row]:
    """10,000 items at 10 Hz, then a burst."""
    async with _plant("opcua_stream", ITEMS, "10", publishing="100ms") as plant:
        cores, rate = await plant.ingest()
        reads = await requests_per_second(plant.url(0))
        await plant.count(FINAL)  # what reading needs is there before
        before = plant.server.memory_info().rss
        plant.source.send_signal(signal.SIGUSR1)
        began, newest = time.monotonic(), 0
        while newest < ITEMS and time.monotonic() < began + 20:
            newest = await plant.count(FINAL)
        seconds = time.monotonic() - began
        grown = (plant.server.memory_info().rss - before) / 1e6
    changes = BURST_CHANGES * ITEMS
    return [
        Row(
            f"{ITEMS:,} items at 10 Hz: cores for ingest, nobody reading",
            f"{cores:.2f}  ({rate:,.0f} values/s, {cores / rate * 1e6:.2f} µs each)",
            "< 1",
            cores < 1 and rate >= 0.98 * 10 * ITEMS,
        ),
        Row("the same while one value is read as often as can be", f"{reads:,.0f} reads/s"),
        Row(
            f"a burst of {changes:,} changes: items that show the newest",
            f"{newest:,} of {ITEMS:,} within {seconds:.1f} s, memory {grown:+.0f} MB",
            "all, < 20 MB",
            newest == ITEMS and grown < 20,
        ),
    ]


async def _latency() -> list[Row]:
    """How long a write on a real server takes until HTTP shows it."""
    async with _plant("opcua_source", LATENCY_ITEMS, publishing="20ms") as plant:
        latencies = sorted(await plant.latencies())
    p99 = latencies[int(len(latencies) * 0.99)]
    return [
        Row(
            "device write to HTTP at 20 ms publishing, p99",
            f"{p99:.0f} ms  (median {statistics.median(latencies):.0f} ms, "
            f"{len(latencies)} writes)",
            "< 60 ms",
            p99 < 60,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Plant:
    """A source and the server that shows its items."""

    source: psutil.Process
    server: psutil.Process
    client: httpx.AsyncClient
    base: str
    items: int

    def url(self, item: int) -> str:
        """Where one value is read."""
        return f"{self._submodel(item)}/submodel-elements/Item{item}/$value"

    async def until_live(self) -> None:
        for _ in range(600):
            answers = [await self.client.get(self.url(item)) for item in (0, self.items - 1)]
            if all(answer.headers["aas-quality"].startswith("good") for answer in answers):
                await asyncio.sleep(2)
                return
            await asyncio.sleep(0.1)
        raise TimeoutError("the items did not become live")

    async def ingest(self) -> tuple[float, float]:
        """Return the share of a core that the server takes and values a second."""
        before, received, began = self.server.cpu_times(), await self._received(), time.monotonic()
        await asyncio.sleep(CPU_SECONDS)
        after, seconds = self.server.cpu_times(), time.monotonic() - began
        values = await self._received() - received
        used = after.user + after.system - before.user - before.system
        return used / seconds, values / seconds

    async def count(self, value: float) -> int:
        """Return how many items show ``value``."""
        shown = 0
        for first in range(0, self.items, PER_SUBMODEL):
            content = (await self.client.get(f"{self._submodel(first)}/$value")).json()
            shown += sum(each == value for each in content.values())
        return shown

    async def latencies(self) -> list[float]:
        """Return milliseconds from each seen write of the watched items to the read that showed it.

        The time between two reads of one item is part of it: they follow one another on a socket.
        """
        host, port = self.base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        requests = {
            item: f"GET {httpx.URL(self.url(item)).path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            for item in range(0, self.items, self.items // WATCHED)
        }
        shown: dict[int, float] = {}
        latencies: list[float] = []
        deadline = time.monotonic() + LATENCY_SECONDS
        while time.monotonic() < deadline:
            for item, request in requests.items():
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: ([0-9]+)", head)
                assert length is not None, head
                written = float(await reader.readexactly(int(length[1])))
                if written != shown.get(item) and item in shown:
                    latencies.append((time.time() - written) * 1000)
                shown[item] = written
        writer.close()
        return latencies

    def _submodel(self, item: int) -> str:
        submodel = encode_identifier(f"urn:bench:{item // PER_SUBMODEL}")
        return f"{self.base}/api/v3/submodels/{submodel}"

    async def _received(self) -> float:
        text = (await self.client.get(f"{self.base}/metrics")).text
        counts = re.findall(
            r"^aas_binding_values_received_total\{[^}]*\} ([0-9.e+]+)$", text, re.MULTILINE
        )
        return sum(map(float, counts))


@contextlib.asynccontextmanager
async def _plant(source: str, items: int, *options: str, publishing: str) -> AsyncIterator[Plant]:
    source_port, port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment, plant_file = _write_files(folder, source_port, items, publishing)
        command = (sys.executable, "-m", f"benchmarks.{source}", str(source_port), str(items))
        server = aas_server(
            port, folder / "data", "--load", str(environment), "--plant", str(plant_file)
        )
        base = f"http://127.0.0.1:{port}"
        async with (
            process(*command, *options, core=LOAD_CORE, ready=f"127.0.0.1:{source_port}") as origin,
            process(*server, core=SERVER_CORE, ready=f"{base}/health") as aas,
            httpx.AsyncClient() as client,
        ):
            plant = Plant(origin, aas, client, base, items)
            await plant.until_live()
            yield plant


def _write_files(folder: Path, source_port: int, items: int, publishing: str) -> tuple[Path, Path]:
    submodels = [
        {
            "modelType": "Submodel",
            "id": f"urn:bench:{first // PER_SUBMODEL}",
            "submodelElements": [
                {"modelType": "Property", "idShort": f"Item{n}", "valueType": "xs:double"}
                for n in range(first, min(items, first + PER_SUBMODEL))
            ],
        }
        for first in range(0, items, PER_SUBMODEL)
    ]
    plant = {
        "version": 1,
        "connections": {
            "source": {
                "url": f"opc.tcp://127.0.0.1:{source_port}",
                "publishingInterval": publishing,
            }
        },
        "bindings": [
            {
                "connection": "source",
                "node": f"nsu={NAMESPACE};s=Item{n}",
                "sink": {"submodel": f"urn:bench:{n // PER_SUBMODEL}", "path": f"Item{n}"},
            }
            for n in range(items)
        ],
    }
    environment, plant_file = folder / "environment.json", folder / "plant.yaml"
    environment.write_bytes(msgspec.json.encode({"submodels": submodels}))
    plant_file.write_text(yaml.safe_dump(plant))
    return environment, plant_file

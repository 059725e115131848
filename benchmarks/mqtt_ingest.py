"""5,000 MQTT messages a second: processor time a message, and how soon HTTP shows one."""

from __future__ import annotations

import asyncio
import re
import shutil
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

TOPICS = 500
RATE = 5_000
SUBMODEL = "urn:bench:mqtt"
WATCHED = 10
SECONDS = 8


async def run() -> list[Row]:
    broker = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if broker is None:
        raise RuntimeError("mosquitto is missing: it is one of the Debian packages of the tests")
    broker_port, port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment, plant = _write_files(folder, broker_port)
        configuration = folder / "mosquitto.conf"
        configuration.write_text(f"listener {broker_port} 127.0.0.1\nallow_anonymous true\n")
        options = ("--load", str(environment), "--plant", str(plant))
        base, at = f"http://127.0.0.1:{port}", f"127.0.0.1:{broker_port}"
        source = (sys.executable, "-m", "benchmarks.mqtt_source", str(broker_port))
        async with (
            process(broker, "-c", str(configuration), core=LOAD_CORE, ready=at),
            process(
                *aas_server(port, folder / "data", *options),
                core=SERVER_CORE,
                ready=f"{base}/health",
            ) as aas,
            process(*source, str(TOPICS), str(RATE), core=LOAD_CORE, ready=at),
            httpx.AsyncClient(base_url=base) as client,
        ):
            await _until_live(client)
            per_message, rate = await _processor_time(client, aas)
            latencies = sorted(await _latencies(client))
            p99 = latencies[int(len(latencies) * 0.99)]
            return [
                Row(
                    f"{RATE:,} MQTT messages/s into {TOPICS} slots: processor time a message",
                    f"{per_message:.0f} µs  ({rate:,.0f} messages/s)",
                    f"{RATE:,} messages/s",
                    rate >= 0.98 * RATE,
                ),
                Row(
                    "MQTT publish to HTTP, p99",
                    f"{p99:.0f} ms  (median {statistics.median(latencies):.0f} ms, "
                    f"{len(latencies)} reads)",
                ),
            ]


def _write_files(folder: Path, broker_port: int) -> tuple[Path, Path]:
    elements = [
        {"modelType": "Property", "idShort": f"Item{n}", "valueType": "xs:double"}
        for n in range(TOPICS)
    ]
    plant = {
        "version": 1,
        "connections": {"broker": {"url": f"mqtt://127.0.0.1:{broker_port}"}},
        "bindings": [
            {
                "connection": "broker",
                "topic": f"bench/{n}",
                "member": "data.value",
                "timestamp": "ts",
                "qos": 0,
                "sink": {"submodel": SUBMODEL, "path": f"Item{n}"},
            }
            for n in range(TOPICS)
        ],
    }
    submodel = {"modelType": "Submodel", "id": SUBMODEL, "submodelElements": elements}
    environment, plant_file = folder / "environment.json", folder / "plant.yaml"
    environment.write_bytes(msgspec.json.encode({"submodels": [submodel]}))
    plant_file.write_text(yaml.safe_dump(plant))
    return environment, plant_file


def _url(item: int) -> str:
    return f"/api/v3/submodels/{encode_identifier(SUBMODEL)}/submodel-elements/Item{item}/$value"


async def _until_live(client: httpx.AsyncClient) -> None:
    for _ in range(100):
        answer = await client.get(_url(TOPICS - 1))
        if answer.headers["aas-quality"].startswith("good"):
            await asyncio.sleep(1)
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the items did not become live")


async def _received(client: httpx.AsyncClient) -> float:
    text = (await client.get("/metrics")).text
    found = re.search(
        r"^aas_binding_values_received_total\{[^}]*\} ([0-9.e+]+)$", text, re.MULTILINE
    )
    return 0.0 if found is None else float(found[1])


async def _processor_time(client: httpx.AsyncClient, server: psutil.Process) -> tuple[float, float]:
    """Return microseconds of processor time a message and messages a second, nobody reading."""
    before, received, began = server.cpu_times(), await _received(client), time.monotonic()
    await asyncio.sleep(SECONDS)
    after, seconds = server.cpu_times(), time.monotonic() - began
    messages = await _received(client) - received
    used = after.user + after.system - before.user - before.system
    return used / messages * 1e6, messages / seconds


async def _latencies(client: httpx.AsyncClient) -> list[float]:
    """Return milliseconds from the publishing of each newly seen value to the read that showed
    it.

    The time between two reads of one item is part of it: up to a tenth of a second here.
    """
    items = range(0, TOPICS, TOPICS // WATCHED)
    shown = dict.fromkeys(items, 0.0)
    latencies: list[float] = []
    deadline = time.monotonic() + SECONDS / 2
    while time.monotonic() < deadline:
        for item in items:
            sent = (await client.get(_url(item))).json()
            if sent != shown[item]:
                latencies.append((time.time() - sent) * 1000)
                shown[item] = sent
    return latencies

"""GET of one value and of a 20 kB submodel against a bare ASGI app that returns the same bytes."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import msgspec

from aas_server.metamodel.identifiers import encode_identifier
from benchmarks.measure import (
    SERVER_CORE,
    Row,
    aas_server,
    free_port,
    process,
    requests_per_second,
)

ROUNDS = 3
SUBMODEL_ID = "urn:bench:submodel"
SLOW = " without the fast lane"
LIVE = "20 kB submodel with 50 live elements"
TARGETS = {
    "$value": 2.0,
    "20 kB submodel": 1.4,
    LIVE: 0.8,
    "$value" + SLOW: 0.85,
    "20 kB submodel" + SLOW: 0.8,
}


def submodel(properties: int = 82) -> dict[str, object]:
    """A submodel of about 20 kB."""
    return {
        "modelType": "Submodel",
        "id": SUBMODEL_ID,
        "idShort": "Bench",
        "kind": "Instance",
        "submodelElements": [
            {
                "modelType": "Property",
                "idShort": f"Temperature{n:03d}",
                "category": "VARIABLE",
                "semanticId": {
                    "type": "ExternalReference",
                    "keys": [{"type": "GlobalReference", "value": f"urn:bench:concept:{n:03d}"}],
                },
                "valueType": "xs:double",
                "value": f"{20 + n / 100:.2f}",
            }
            for n in range(properties)
        ],
    }


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = folder / "environment.json"
        environment.write_bytes(msgspec.json.encode({"submodels": [submodel()]}))
        rows = []
        for label, options in (("", ()), (SLOW, ("--config", _slow(folder)))):
            port = free_port()
            server = aas_server(port, folder / f"data{port}", "--load", str(environment), *options)
            base = _base(port)
            urls = {
                "$value": f"{base}/submodel-elements/Temperature042/$value",
                "20 kB submodel": base,
            }
            rows += await _compare(folder, port, server, urls, label)
        port = free_port()
        live = (sys.executable, "-m", "benchmarks.live_server", str(port), str(environment))
        rows += await _compare(folder, port, live, {LIVE: _base(port)}, "")
        return rows


def _base(port: int) -> str:
    return f"http://127.0.0.1:{port}/api/v3/submodels/{encode_identifier(SUBMODEL_ID)}"


def _slow(folder: Path) -> str:
    config = folder / "slow.toml"
    config.write_text("fast_lane = false\n")
    return str(config)


async def _compare(
    folder: Path, port: int, server: Sequence[str], urls: Mapping[str, str], label: str
) -> list[Row]:
    bare_port = free_port()
    async with process(*server, core=SERVER_CORE, ready=f"http://127.0.0.1:{port}/health"):
        files = [str(folder / f"body{number}") for number in range(len(urls))]
        async with httpx.AsyncClient() as client:
            for file, url in zip(files, urls.values(), strict=True):
                Path(file).write_bytes((await client.get(url)).raise_for_status().content)
        bare = (sys.executable, "-m", "benchmarks.bare_asgi", str(bare_port), *files)
        async with process(*bare, core=SERVER_CORE, ready=f"http://127.0.0.1:{bare_port}/0"):
            rows = []
            for number, (name, url) in enumerate(urls.items()):
                ours, bares = [], []
                for _ in range(ROUNDS):
                    ours.append(await requests_per_second(url))
                    bares.append(
                        await requests_per_second(f"http://127.0.0.1:{bare_port}/{number}")
                    )
                ratio = statistics.median(a / b for a, b in zip(ours, bares, strict=True))
                measured = (
                    f"{ratio:.2f}  ({statistics.median(ours):,.0f}/s, "
                    f"bare ASGI {statistics.median(bares):,.0f}/s)"
                )
                rows.append(_row(f"GET {name}{label}", ratio, measured, TARGETS.get(name + label)))
            return rows


def _row(name: str, ratio: float, measured: str, target: float | None) -> Row:
    if target is None:
        return Row(name, measured)
    return Row(name, measured, f">= {target}", ratio >= target)

"""GET /shells?limit=100 with a thousand shells and with 300,000 of them."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.measure import SERVER_CORE, Row, aas_server, free_port, process, requests_per_second
from benchmarks.model_memory import fill

FEW, MANY = 1_000, 300_000
TARGET = 3_000
LEAST_RATIO = 0.9
ROUNDS = 3


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        rates = {count: await _rate(Path(name) / str(count), count) for count in (FEW, MANY)}
    ratio = rates[MANY] / rates[FEW]
    return [
        Row(
            "GET /shells?limit=100, one core",
            f"{rates[FEW]:,.0f}/s",
            f">= {TARGET:,}/s",
            rates[FEW] >= TARGET,
        ),
        Row(
            f"the same with {MANY:,} shells against {FEW:,}",
            f"{ratio:.2f}  ({rates[MANY]:,.0f}/s)",
            f">= {LEAST_RATIO}",
            ratio >= LEAST_RATIO,
        ),
    ]


async def _rate(folder: Path, shells: int) -> float:
    await fill(folder, shells, submodels=False)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with process(*aas_server(port, folder), core=SERVER_CORE, ready=f"{base}/health"):
        url = f"{base}/api/v3/shells?limit=100"
        return statistics.median([await requests_per_second(url) for _ in range(ROUNDS)])

"""GET /shells?limit=100 with a thousand shells and with 300,000 of them."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.measure import SERVER_CORE, Row, aas_server, free_port, process, requests_per_second
from benchmarks.model_memory import fill

FEW, MANY = 1_000, 300_000
TARGET = 3_000
LEAST_RATIO = 0.9
ROUNDS = 5


async def run() -> list[Row]:
    rates: dict[int, list[float]] = {FEW: [], MANY: []}
    with tempfile.TemporaryDirectory() as name:
        async with AsyncExitStack() as servers:
            urls = {
                count: await servers.enter_async_context(_served(Path(name) / str(count), count))
                for count in rates
            }
            for _ in range(ROUNDS):  # in turns, so that what else this machine does meets both
                for count, url in urls.items():
                    rates[count].append(await requests_per_second(url))
    few, many = statistics.median(rates[FEW]), statistics.median(rates[MANY])
    ratio = statistics.median(b / a for a, b in zip(rates[FEW], rates[MANY], strict=True))
    return [
        Row(
            "GET /shells?limit=100, one core",
            f"{few:,.0f}/s",
            f">= {TARGET:,}/s",
            few >= TARGET,
        ),
        Row(
            f"the same with {MANY:,} shells against {FEW:,}",
            f"{ratio:.2f}  ({many:,.0f}/s)",
            f">= {LEAST_RATIO}",
            ratio >= LEAST_RATIO,
        ),
    ]


@asynccontextmanager
async def _served(folder: Path, shells: int) -> AsyncIterator[str]:
    await fill(folder, shells, submodels=False)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with process(*aas_server(port, folder), core=SERVER_CORE, ready=f"{base}/health"):
        yield f"{base}/api/v3/shells?limit=100"

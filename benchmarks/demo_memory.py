"""Memory of the demo's server after half a minute of live values."""

from __future__ import annotations

import asyncio
import sys

import httpx
import psutil

from benchmarks.measure import Row, free_port, process

SECONDS = 30
LIMIT_MB = 200


async def run() -> list[Row]:
    port = free_port()
    command = (
        sys.executable, "-m", "aas_server.cli", "demo",
        "--port", str(port), "--plant-port", str(free_port()),
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    async with process(*command, core=None, ready=f"{base}/health") as server:
        await asyncio.sleep(SECONDS)
        async with httpx.AsyncClient(base_url=base) as client:
            shells = (await client.get("/api/v3/shells")).json()["result"]
        memory = psutil.Process(server.pid).memory_info().rss / 1e6
        name = f"demo server memory, {len(shells)} machines live for {SECONDS} s"
        return [Row(name, f"{memory:.0f} MB", f"< {LIMIT_MB} MB", memory < LIMIT_MB)]

"""What every benchmark needs: processes on one core, free ports, a row of the table."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
SERVER_CORE, LOAD_CORE = 0, (os.cpu_count() or 1) - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``met`` is None where there is no target."""

    name: str
    measured: str
    target: str = ""
    met: bool | None = None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def process(*command: str, core: int | None, ready: str) -> AsyncIterator[psutil.Process]:
    """Run ``command`` on one core until the block ends; ``ready`` is a URL or a host:port to wait
    for.
    """
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    if core is not None:
        os.sched_setaffinity(child.pid, {core})
    try:
        await _until_ready(child, ready)
        yield psutil.Process(child.pid)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(child.wait, 10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


async def _until_ready(child: subprocess.Popen[bytes], ready: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise RuntimeError(f"{child.args!r} ended with {child.returncode}")
        with contextlib.suppress(OSError, httpx.HTTPError):
            if ready.startswith("http"):
                async with httpx.AsyncClient() as client:
                    if (await client.get(ready)).status_code == 200:
                        return
            else:
                host, _, port = ready.rpartition(":")
                with socket.create_connection((host, int(port)), timeout=1):
                    return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{ready} did not answer within {seconds} s")


def aas_server(port: int, data: Path, *options: str) -> Sequence[str]:
    """The command line of a server as its user starts it."""
    return (
        sys.executable, "-m", "aas_server.cli", "serve",
        "--port", str(port), "--data", str(data), *options,
    )  # fmt: skip


async def requests_per_second(
    url: str, seconds: float = 3, connections: int = 32, script: Path | None = None
) -> float:
    """Load ``url`` with wrk from the other core; raises when any answer is not 2xx.

    ``script`` is a Lua file that makes the requests.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is missing: run make bench, which installs it")
    load = await asyncio.create_subprocess_exec(
        "taskset", "-c", str(LOAD_CORE), wrk, "-t1", f"-c{connections}", f"-d{seconds:g}s",
        *(() if script is None else ("-s", str(script))), url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output = (await load.communicate())[0].decode()
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", output)
    if rate is None or "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{url}: {output}")
    return float(rate[1])

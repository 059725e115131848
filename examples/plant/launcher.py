"""Starts the machines as processes, waits until they serve, and stops them again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

from examples.plant.machines import DEFAULT_BASE_PORT, PORT_OFFSETS, Pace

_PROJECT: Final = Path(__file__).resolve().parents[2]
_START_TIMEOUT: Final = 60.0  # seconds; an idle computer needs three
_STOP_TIMEOUT: Final = 10.0  # seconds before a machine is killed


class PlantError(Exception):
    """A machine does not start or has stopped by itself; the text says which and why."""


class Plant:
    """Machines running as child processes: ``async with Plant() as plant: plant.urls``.

    Each machine listens on ``base_port`` plus its offset, or on the port that ``ports``
    names for it; ``base_port=None`` takes free ports. The machines stop when the block ends, and
    at the latest when this process does, however it ends.
    """

    def __init__(
        self,
        *,
        base_port: int | None = DEFAULT_BASE_PORT,
        machines: Iterable[str] = tuple(PORT_OFFSETS),
        ports: Mapping[str, int] | None = None,
        seed: int = 1,
        pace: Pace | None = None,
        on_ready: Callable[[str, str], None] | None = None,
    ) -> None:
        self._base_port = base_port
        self._machines = tuple(dict.fromkeys(machines))
        self._given_ports = dict(ports or {})
        self._seed = seed
        self._pace = pace or Pace()
        self._on_ready = on_ready
        self._processes: dict[str, Process] = {}
        self._urls: dict[str, str] = {}

    @property
    def urls(self) -> Mapping[str, str]:
        """The addresses of the machines that are ready, by key."""
        return dict(self._urls)

    @property
    def process_ids(self) -> Mapping[str, int]:
        """The process ids of the machines, by key."""
        return {key: process.pid for key, process in self._processes.items()}

    async def __aenter__(self) -> Plant:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start all machines and return when all serve.

        Raises PlantError, with nothing left running, when one does not.
        """
        ports = self._choose_ports()
        try:
            for key, port in ports.items():
                self._processes[key] = await self._spawn(key, port)
            async with asyncio.timeout(_START_TIMEOUT):
                for key in ports:
                    await self._wait_ready(key)
        except TimeoutError as error:
            missing = ", ".join(key for key in ports if key not in self._urls)
            await self.stop()
            raise PlantError(f"{missing}: not ready after {_START_TIMEOUT:.0f} s") from error
        except BaseException:
            await self.stop()
            raise

    async def watch(self) -> None:
        """Wait until a machine stops by itself and raise PlantError."""
        waits = {
            asyncio.create_task(process.wait()): key for key, process in self._processes.items()
        }
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        ended = done.pop()
        raise PlantError(f"{waits[ended]}: stopped with exit code {ended.result()}")

    async def stop(self) -> None:
        """Stop all machines: SIGTERM first, SIGKILL for those that do not listen."""
        processes = list(self._processes.values())
        for process in processes:
            _signal(process, signal.SIGTERM)
        await asyncio.gather(*(_reap(process) for process in processes))
        self._processes.clear()
        self._urls.clear()

    def _choose_ports(self) -> dict[str, int]:
        ports = {}
        for key in self._machines:
            if key not in PORT_OFFSETS:
                raise PlantError(f"there is no machine {key!r}, only {', '.join(PORT_OFFSETS)}")
            if key in self._given_ports:
                ports[key] = self._given_ports[key]
            elif self._base_port is not None:
                ports[key] = self._base_port + PORT_OFFSETS[key]
            else:
                ports[key] = _free_port()
        for key, port in ports.items():
            _check_free(key, port)
        return ports

    async def _spawn(self, key: str, port: int) -> Process:
        path = os.pathsep.join(filter(None, (str(_PROJECT), os.environ.get("PYTHONPATH"))))
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "examples.plant.server", key),
            *("--port", str(port)),
            *("--seed", str(self._seed)),
            *("--time-scale", str(self._pace.time_scale)),
            *("--interval", str(self._pace.interval)),
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C in a terminal goes to the whole group; this process decides when they stop.
            start_new_session=True,
        )

    async def _wait_ready(self, key: str) -> None:
        process = self._processes[key]
        assert process.stdout is not None  # noqa: S101 - for mypy: it is a pipe
        line = (await process.stdout.readline()).decode().strip()
        word, _, rest = line.partition(" ")
        if word != "ready":
            raise PlantError(f"{key}: {rest or 'stopped before it was ready'}")
        self._urls[key] = rest
        if self._on_ready is not None:
            self._on_ready(key, rest)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _check_free(key: str, port: int) -> None:
    # The machine finds out too, but three seconds later.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise PlantError(f"{key}: port {port} is taken ({error})") from error


def _signal(process: Process, number: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


async def _reap(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT):
            await process.wait()
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.wait()

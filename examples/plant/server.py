"""The process of one machine; ``launcher.Plant`` starts it.

It says one line on standard output, ``ready <address>`` or ``failed <reason>``, and serves until
it is told to stop by SIGTERM, SIGINT or the end of its standard input: a machine does not outlive
the process that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import signal
import sys

from examples.plant.machines import Pace
from examples.plant.opcua.machine_server import MachineServer
from examples.plant.vendors.catalogue import VENDORS


def main() -> int:
    """Run one machine as the command line says and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.plant.server")
    parser.add_argument("machine", choices=VENDORS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--time-scale", type=float, required=True)
    parser.add_argument("--interval", type=float, required=True)
    options = parser.parse_args()
    # A client that goes away without a goodbye is no news here.
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)
    server = MachineServer(
        VENDORS[options.machine],
        port=options.port,
        seed=options.seed,
        pace=Pace(options.time_scale, options.interval),
    )
    try:
        asyncio.run(_serve(server))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = f"port {options.port} is taken" if taken else str(error)
        print(f"failed {reason}", flush=True)
        return 1
    return 0


async def _serve(server: MachineServer) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    parent, _ = await loop.connect_read_pipe(lambda: _ParentWatch(stop), sys.stdin)
    try:
        async with server.running():
            print(f"ready {server.url}", flush=True)
            await stop.wait()
    finally:
        parent.close()


class _ParentWatch(asyncio.Protocol):
    """Stops the process when the other end of its standard input is closed."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop.set()


if __name__ == "__main__":
    sys.exit(main())

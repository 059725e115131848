"""``python -m examples.plant``: run the simulated plant until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from examples.plant.launcher import Plant, PlantError
from examples.plant.machines import DEFAULT_BASE_PORT, PORT_OFFSETS, Pace

_LAST_PORT = 65_535
_FASTEST = 1000.0


def main() -> int:
    """Run the plant as the command line says and return the exit code."""
    options = _parse(sys.argv[1:])
    machines = options.machine or tuple(PORT_OFFSETS)
    plant = Plant(
        base_port=options.base_port,
        machines=machines,
        ports={} if options.port is None else {machines[0]: options.port},
        seed=options.seed,
        pace=Pace(options.time_scale, options.interval),
        on_ready=lambda key, url: print(f"{key:<8} {url}", flush=True),
    )
    try:
        asyncio.run(_run(plant))
    except PlantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.plant", description="Four simulated machines with OPC UA servers."
    )
    parser.add_argument(
        "--base-port",
        type=_port,
        default=DEFAULT_BASE_PORT,
        help="the machines listen on this port + 1 to + 4 (default: %(default)s)",
    )
    parser.add_argument(
        "--machine", action="append", choices=PORT_OFFSETS, help="only this one; may be repeated"
    )
    parser.add_argument("--port", type=_port, help="the port of a single machine")
    parser.add_argument("--seed", type=int, default=1, help="of the random events (default: 1)")
    parser.add_argument(
        "--time-scale",
        type=_positive,
        default=1.0,
        help=f"seconds of simulation in one second, up to {_FASTEST:.0f} (default: 1)",
    )
    parser.add_argument(
        "--interval", type=_positive, default=0.2, help="seconds between samples (default: 0.2)"
    )
    options = parser.parse_args(arguments)
    if options.port is not None and len(set(options.machine or PORT_OFFSETS)) != 1:
        parser.error("--port needs exactly one --machine")
    return options


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= _FASTEST:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {_FASTEST:.0f}")
    return number


async def _run(plant: Plant) -> None:
    work = asyncio.create_task(_serve(plant))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def _serve(plant: Plant) -> None:
    async with plant:
        await plant.watch()


if __name__ == "__main__":
    sys.exit(main())

"""A server of which 50 elements of the benchmark's submodel get a new value ten times a second.

Usage: python -m benchmarks.live_server PORT ENVIRONMENT
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import uvloop

from aas_server.api.server import make_server
from aas_server.live.hub import LivePoint
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import GOOD, LiveValue, Quality
from aas_server.runtime import Runtime, running
from aas_server.settings import Settings

LIVE_ELEMENTS = 50
PERIOD = 0.1


async def main(port: int, environment: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(port=port, data=Path(folder), load=(environment,))
        async with running(settings) as runtime:
            feeding = asyncio.create_task(_feed(runtime), name="feed")
            server = make_server(runtime.app, host="127.0.0.1", port=port)
            await server.serve()
            feeding.cancel()


async def _feed(runtime: Runtime) -> None:
    (submodel,) = [each async for each in runtime.repository.submodels]
    tree = submodel.tree()
    names = [element["idShort"] for element in tree["submodelElements"][:LIVE_ELEMENTS]]
    points: list[LivePoint] = [runtime.hub.register(resolve_sink(tree, (name,))) for name in names]
    moment = 0
    while True:
        moment += 1
        now = runtime.app.clock.now()
        runtime.hub.apply(
            [
                (point, LiveValue(20 + moment / 100 + index, Quality.GOOD, GOOD, now, now))
                for index, point in enumerate(points)
            ]
        )
        await asyncio.sleep(PERIOD)


uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2])))

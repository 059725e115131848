"""PATCH of one value, durable on SQLite, from 32 clients at once."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import msgspec

from aas_server.metamodel.identifiers import encode_identifier
from benchmarks.http_reads import submodel
from benchmarks.measure import (
    SERVER_CORE,
    Row,
    aas_server,
    free_port,
    process,
    requests_per_second,
)

CLIENTS = 32
TARGET = 5_000
ROUNDS = 5
SIZES = {"2 kB submodels": 8, "20 kB submodels": 82}
_SCRIPT = """
local requests, count = {}, 0
init = function()
  for value = 1, 64 do
    for _, path in ipairs(paths) do
      local headers = {["content-type"] = "application/json"}
      requests[#requests + 1] = wrk.format("PATCH", path, headers, value .. ".5")
    end
  end
end
request = function()
  count = count + 1
  return requests[count % #requests + 1]
end
"""


async def run() -> list[Row]:
    return [await _measure(name, properties) for name, properties in SIZES.items()]


async def _measure(name: str, properties: int) -> Row:
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        submodels = [{**submodel(properties), "id": f"urn:bench:{n}"} for n in range(CLIENTS)]
        environment = folder / "environment.json"
        environment.write_bytes(msgspec.json.encode({"submodels": submodels}))
        paths = [
            f"/api/v3/submodels/{encode_identifier(each['id'])}"
            "/submodel-elements/Temperature005/$value"
            for each in submodels
        ]
        script = folder / "patch.lua"
        script.write_text(f"paths = {{{', '.join(map(repr, paths))}}}\n{_SCRIPT}")
        port, bare_port = free_port(), free_port()
        base, bare_base = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{bare_port}/0"
        server = aas_server(port, folder / "data", "--load", str(environment))
        bare = (sys.executable, "-m", "benchmarks.bare_asgi", str(bare_port), str(script))
        rates, bares = [], []
        async with (
            process(*server, core=SERVER_CORE, ready=f"{base}/health"),
            process(*bare, core=SERVER_CORE, ready=bare_base),
        ):
            for _ in range(ROUNDS):
                rates.append(await requests_per_second(base, connections=CLIENTS, script=script))
                bares.append(await requests_per_second(bare_base, connections=CLIENTS))
    rate = statistics.median(rates)
    return Row(
        f"PATCH $value, durable, {CLIENTS} clients, {name}",
        f"{rate:,.0f}/s  (GET of a bare ASGI app {statistics.median(bares):,.0f}/s)",
        f">= {TARGET:,}/s",
        rate >= TARGET,
    )

"""An OPC UA server with many doubles that change once a second; each holds the time it was written.

Usage: python -m benchmarks.opcua_source PORT COUNT
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime

from asyncua import Server, ua

from benchmarks.opcua_names import NAMESPACE
from benchmarks.opcua_nodes import add_items

SLICES = 50


async def main() -> None:
    port, count = int(sys.argv[1]), int(sys.argv[2])
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(NAMESPACE)
    items = await add_items(server, index, count)
    async with server:
        await write_for_ever(server, items)


async def write_for_ever(server: Server, items: list[ua.NodeId]) -> None:
    """Write every item once a second, a slice at a time, until the process is told to stop."""
    size = -(-len(items) // SLICES)
    due = time.monotonic()
    while True:
        for start in range(0, len(items), size):
            for node in items[start : start + size]:
                now = time.time()
                value = ua.DataValue(
                    ua.Variant(now, ua.VariantType.Double),
                    SourceTimestamp=datetime.fromtimestamp(now, UTC).replace(tzinfo=None),
                )
                await server.write_attribute_value(node, value)
            due += 1 / SLICES
            await asyncio.sleep(max(0.0, due - time.monotonic()))


asyncio.run(main())

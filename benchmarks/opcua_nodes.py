"""The nodes that every OPC UA source of the benchmarks has."""

from __future__ import annotations

from asyncua import Server, ua

PER_FOLDER = 100
"""asyncua looks through all children of a node whenever it gets another."""


async def add_items(server: Server, index: int, count: int) -> list[ua.NodeId]:
    """Add doubles called Item0, Item1 ... in folders; return their ids."""
    items: list[ua.NodeId] = []
    for first in range(0, count, PER_FOLDER):
        folder = await server.nodes.objects.add_folder(index, f"Folder{first}")
        for number in range(first, min(count, first + PER_FOLDER)):
            node_id, name = ua.NodeId(f"Item{number}", index), f"Item{number}"
            await folder.add_variable(node_id, name, 0.0, ua.VariantType.Double)
            items.append(node_id)
    return items

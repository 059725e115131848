"""What units are made to do: setting a document, and changing one."""

from __future__ import annotations

from collections.abc import Callable

from aas_server.errors import BadRequest, NotFound
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node
from aas_server.repository.conditions import UNCONDITIONAL, Conditions
from aas_server.repository.unit import Unit
from aas_server.store.protocol import Kind


async def put_into(
    unit: Unit,
    kind: Kind,
    identifier: str,
    tree: Node,
    *,
    conditions: Conditions = UNCONDITIONAL,
    create: bool = True,
) -> bool:
    """Let ``unit`` set ``tree`` in the place of the document with ``identifier``, or create it, and
    return whether it creates it.

    Raises ``BadRequest`` when ``tree`` has another id, ``NotFound`` when there is no such document
    and it is not to be created, ``PreconditionFailed``.
    """
    if tree["id"] != identifier:
        raise BadRequest(f"the body has the id {tree['id']!r}, the path {identifier!r}", path="id")
    if await unit.find(kind, identifier) is not None or not create:
        await unit.replace(kind, identifier, tree, conditions=conditions)
        return False
    conditions.require(None)
    await unit.create(kind, tree)
    return True


async def edit_in(
    kind: Kind,
    identifier: str,
    change: Callable[[Node], Node],
    unit: Unit,
    *,
    path: IdShortPath | None,
    conditions: Conditions,
) -> Unit:
    """Let ``unit`` replace a document by what ``change`` makes of it, and return the unit."""
    tree = await unit.find(kind, identifier)
    if tree is None:
        raise NotFound(f"there is no {kind.value} with the id {identifier!r}")
    text = None if path is None else format_id_short_path(path)
    await unit.replace(kind, identifier, change(tree), path=text, conditions=conditions)
    return unit

"""Names of children: which of them have no idShort, and which the idShort of another (AASd-022,
AASd-117).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.rewriting import JsonPath, json_path
from aas_server.metamodel.tree import Node

_CHILDREN: Final = ("submodelElements", "value", "statements", "annotations")


def unnamed_children(tree: Node, path: JsonPath) -> Iterator[Finding]:
    """Yield a finding for each child without an idShort of the node at ``path`` in ``tree``."""
    for here, child in _children(_at(tree, path), path):
        if "idShort" not in child:
            yield Finding("AASd-117", json_path(here), "must have an idShort: it is in no list")


def namesakes_at(tree: Node, path: JsonPath) -> Iterator[Finding]:
    """Yield what ``namesakes`` does of the node at ``path`` in ``tree``."""
    return namesakes(_at(tree, path), path)


def namesakes(node: Node, path: JsonPath) -> Iterator[Finding]:
    """Yield a finding for each child of ``node``, which is at ``path``, that has the idShort of an
    earlier one; takes any JSON.
    """
    first: dict[str, JsonPath] = {}
    for here, child in _children(node, path):
        name = child.get("idShort")
        if isinstance(name, str) and first.setdefault(name, here) is not here:
            text = f"{name[:100]!r} is the idShort of {json_path(first[name])}, too"
            yield Finding("AASd-022", json_path([*here, "idShort"]), text)


def _children(node: Node, path: JsonPath) -> Iterator[tuple[JsonPath, Node]]:
    for name in _CHILDREN:
        children = node.get(name)
        if isinstance(children, list):
            for index, child in enumerate(children):
                if isinstance(child, dict):
                    yield [*path, name, index], child


def _at(tree: Any, path: JsonPath) -> Node:
    for segment in path:
        tree = tree[segment]
    node: Node = tree
    return node

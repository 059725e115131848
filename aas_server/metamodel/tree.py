"""Walking a decoded document: the children of an element, the element at a path, a copy with one
element changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from aas_server.errors import NotFound
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path

Node: TypeAlias = dict[str, Any]
"""A decoded JSON object of the normal form: an identifiable or a submodel element."""

CHILDREN_ATTRIBUTE: Final = {
    "Submodel": "submodelElements",
    "SubmodelElementCollection": "value",
    "SubmodelElementList": "value",
    "Entity": "statements",
    "AnnotatedRelationshipElement": "annotations",
}
"""Where the addressable children of each container live (IDTA-01002, idShortPath)."""


def children(node: Node) -> list[Node]:
    """Return the addressable children of ``node`` in document order; none for a leaf."""
    attribute = CHILDREN_ATTRIBUTE.get(node.get("modelType", ""))
    if attribute is None:
        return []
    found: list[Node] = node.get(attribute) or []
    return found


def position(node: Node, segment: str | int) -> int | None:
    """Return the place among its children that one path segment names: an index inside a list, an
    idShort elsewhere.
    """
    elements = children(node)
    if node.get("modelType") == "SubmodelElementList":
        return segment if isinstance(segment, int) and segment < len(elements) else None
    if isinstance(segment, int):
        return None
    for index, element in enumerate(elements):
        if element.get("idShort") == segment:
            return index
    return None


def child(node: Node, segment: str | int) -> Node | None:
    """Return the child that one path segment names."""
    index = position(node, segment)
    return None if index is None else children(node)[index]


def resolve(submodel: Node, path: IdShortPath) -> Node:
    """Return the element at ``path``; raises ``NotFound`` that names the first segment without a
    match.
    """
    return lineage(submodel, path)[-1]


def lineage(submodel: Node, path: IdShortPath) -> list[Node]:
    """Return the submodel and every element down to ``path``; raises ``NotFound`` as ``resolve``
    does.
    """
    nodes = [submodel]
    for depth, segment in enumerate(path):
        found = child(nodes[-1], segment)
        if found is None:
            raise _missing(submodel, path[: depth + 1])
        nodes.append(found)
    return nodes


def walk(node: Node, prefix: IdShortPath = ()) -> Iterator[tuple[IdShortPath, Node]]:
    """Yield every descendant of ``node`` with its path, parents before children, in document
    order.
    """
    in_list = node.get("modelType") == "SubmodelElementList"
    for index, element in enumerate(children(node)):
        path = (*prefix, index if in_list else element.get("idShort", ""))
        yield path, element
        yield from walk(element, path)


def with_children(node: Node, elements: list[Node]) -> Node:
    """Return a copy of the container ``node`` with these children; without the attribute when there
    are none, for the normal form has no empty arrays.
    """
    attribute = CHILDREN_ATTRIBUTE[node["modelType"]]
    if elements:
        return {**node, attribute: elements}
    return {name: value for name, value in node.items() if name != attribute}


def with_changed(submodel: Node, path: IdShortPath, change: Callable[[Node], Node]) -> Node:
    """Return a copy of ``submodel`` in which ``change`` made the element at ``path``.

    Only the containers on the way are copied, everything else is shared with the argument. Raises
    ``NotFound`` as ``resolve`` does.
    """
    node = submodel
    places: list[tuple[Node, int]] = []
    for depth, segment in enumerate(path):
        index = position(node, segment)
        if index is None:
            raise _missing(submodel, path[: depth + 1])
        places.append((node, index))
        node = children(node)[index]
    changed = change(node)
    for container, index in reversed(places):
        elements = children(container).copy()
        elements[index] = changed
        changed = {**container, CHILDREN_ATTRIBUTE[container["modelType"]]: elements}
    return changed


def _missing(root: Node, path: IdShortPath) -> NotFound:
    return NotFound(
        f"submodel {root.get('id')!r} has no element {format_id_short_path(path)!r}",
        path="idShortPath",
    )

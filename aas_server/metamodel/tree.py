"""Walking a decoded document: the children of an element, the element at a path."""

from __future__ import annotations

from collections.abc import Iterator
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


def child(node: Node, segment: str | int) -> Node | None:
    """Return the child that one path segment names: by index inside a list, by idShort
    elsewhere.
    """
    elements = children(node)
    if node.get("modelType") == "SubmodelElementList":
        if isinstance(segment, int) and segment < len(elements):
            return elements[segment]
        return None
    if isinstance(segment, int):
        return None
    return next((element for element in elements if element.get("idShort") == segment), None)


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
            missing = format_id_short_path(path[: depth + 1])
            raise NotFound(
                f"submodel {submodel.get('id')!r} has no element {missing!r}", path="idShortPath"
            )
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

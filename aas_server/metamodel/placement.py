"""Placement: whether an element fits where it stands in its submodel.

These are the constraints that verification of the element alone cannot see: those of the list it is
an item of (AASd-107, 108, 109, 114).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.references import key_values
from aas_server.metamodel.structure import DATA_ELEMENT_TYPES, ELEMENT_TYPES
from aas_server.metamodel.tree import Node, children, lineage

_SUBTYPES: Final = {
    "SubmodelElement": ELEMENT_TYPES,
    "DataElement": DATA_ELEMENT_TYPES,
    "EventElement": frozenset({"BasicEventElement"}),
    "RelationshipElement": frozenset({"RelationshipElement", "AnnotatedRelationshipElement"}),
}
_WITH_VALUE_TYPE: Final = frozenset({"Property", "Range"})


def placement_findings(submodel: Node, path: IdShortPath) -> list[Finding]:
    """Return what is wrong between the element at ``path`` and the list it is an item of.

    Nothing for a submodel or an element elsewhere; raises ``NotFound`` when there is none.
    """
    nodes = lineage(submodel, path)
    if not path or not isinstance(path[-1], int):
        return []
    return item_findings(nodes[-2], nodes[-1], at=path[-1])


def item_findings(container: Node, element: Node, *, at: int) -> list[Finding]:
    """Return what is wrong with ``element`` as the item ``at`` of the list ``container``."""
    return [
        *_type_findings(container, element),
        *_semantic_findings(container, element, at),
    ]


def _type_findings(container: Node, element: Node) -> Iterator[Finding]:
    model_type = element.get("modelType")
    expected = container.get("typeValueListElement", "SubmodelElement")
    if model_type not in _SUBTYPES.get(expected, (expected,)):
        text = f"the items of this list are of type {expected}, not {model_type}"
        yield Finding("AASd-108", "modelType", text)
    elif expected in _WITH_VALUE_TYPE:
        value_type = container.get("valueTypeListElement")
        if value_type is None or element.get("valueType") != value_type:
            text = f"differs from the valueTypeListElement of the list, {value_type}"
            yield Finding("AASd-109", "valueType", text)


def _semantic_findings(container: Node, element: Node, at: int) -> Iterator[Finding]:
    semantic_id = key_values(_reference(element, "semanticId"))
    if not semantic_id:
        return
    expected = key_values(_reference(container, "semanticIdListElement"))
    if expected and semantic_id != expected:
        text = "differs from the semanticIdListElement of the list"
        yield Finding("AASd-107", "semanticId", text)
        return
    for index, sibling in enumerate(children(container)):
        found = key_values(_reference(sibling, "semanticId"))
        if index != at and found:
            if found != semantic_id:
                text = "differs from the semanticId of the other items of this list"
                yield Finding("AASd-114", "semanticId", text)
            return


def _reference(node: Node, name: str) -> Any:
    found = node.get(name)
    return found if isinstance(found, dict) else None

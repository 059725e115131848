"""Edits of one submodel: elements inserted, put, deleted, patched.

Every function is pure: it returns a new submodel that shares with the argument whatever did not
change, or raises and nothing has happened. An edit keeps what addresses elements (idShorts,
nesting, types of containers); whether the new part is valid in itself says ``verification``.
IDTA-01002, operations on submodel-elements.
"""

from __future__ import annotations

from typing import Any, Final

from aas_server.errors import BadRequest, Conflict, Finding, InvalidDocument, NotFound
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.placement import item_findings
from aas_server.metamodel.structure import DATA_ELEMENT_TYPES, ELEMENT_TYPES, MAX_NESTING, nesting
from aas_server.metamodel.tree import (
    CHILDREN_ATTRIBUTE,
    Node,
    children,
    position,
    resolve,
    with_changed,
    with_children,
)

_LIST: Final = "SubmodelElementList"


def inserted(
    submodel: Node, parent: IdShortPath, element: Any, *, strict: bool = True
) -> tuple[Node, IdShortPath]:
    """Return ``submodel`` with ``element`` as the last child of ``parent``, and its path.

    ``()`` is the submodel itself. Raises ``NotFound`` for a missing parent, ``Conflict`` when the
    idShort is taken (AASd-022), ``BadRequest`` for a parent that is no container, a missing idShort
    outside a list (AASd-117), too deep nesting and, when ``strict``, for an item that does not fit
    its list (AASd-107, 108, 109, 114).
    """
    container = resolve(submodel, parent)
    _require_child(container, parent, element)
    siblings = children(container)
    if container["modelType"] == _LIST:
        _require_fitting(container, element, at=len(siblings), strict=strict)
        path = (*parent, len(siblings))
    else:
        id_short = _id_short(element)
        path = (*parent, id_short)
        if position(container, id_short) is not None:
            raise Conflict(
                "there is an element with this idShort already (AASd-022)",
                path=format_id_short_path(path),
            )
    elements = [*siblings, element]
    return with_changed(submodel, parent, lambda node: with_children(node, elements)), path


def put(
    submodel: Node, path: IdShortPath, element: Any, *, strict: bool = True
) -> tuple[Node, bool]:
    """Return ``submodel`` with ``element`` at ``path``, and whether it is a new one there.

    What is there is replaced and keeps its place. What is not is added as the last child; in a list
    only the index right behind the last item adds one. A payload without idShort takes that of the
    path. Raises as ``inserted`` does, ``NotFound`` also for an index behind the end, ``BadRequest``
    also for another idShort than that of the path.
    """
    if not path:
        raise BadRequest("names the submodel, not an element", path="idShortPath")
    parent, segment = path[:-1], path[-1]
    container = resolve(submodel, parent)
    _require_child(container, parent, element)
    siblings = children(container)
    place = position(container, segment)
    if isinstance(segment, str):
        element = _named(container, element, segment)
    else:
        _require_index(container, segment)
        _require_fitting(container, element, at=segment, strict=strict)
    elements = siblings.copy()
    if place is None:
        elements.append(element)
    else:
        elements[place] = element
    return with_changed(submodel, parent, lambda node: with_children(node, elements)), place is None


def deleted(submodel: Node, path: IdShortPath) -> Node:
    """Return ``submodel`` without the element at ``path``; later items of a list move up.

    A container that is empty then loses the attribute: the normal form has no empty arrays. Raises
    ``NotFound`` when there is no such element.
    """
    if not path:
        raise BadRequest("names the submodel, not an element", path="idShortPath")
    resolve(submodel, path)

    def without(container: Node) -> Node:
        place = position(container, path[-1])
        return with_children(
            container, [each for at, each in enumerate(children(container)) if at != place]
        )

    return with_changed(submodel, path[:-1], without)


def _require_child(container: Node, parent: IdShortPath, element: Any) -> None:
    """Raise ``BadRequest`` unless ``element`` may stand somewhere below ``container``."""
    model_type = container.get("modelType", "")
    if model_type not in CHILDREN_ATTRIBUTE:
        raise BadRequest(
            f"a {model_type} has no child elements", path=format_id_short_path(parent) or None
        )
    allowed = DATA_ELEMENT_TYPES if model_type == "AnnotatedRelationshipElement" else ELEMENT_TYPES
    child_type = element.get("modelType") if isinstance(element, dict) else None
    if not isinstance(child_type, str) or child_type not in allowed:
        expected = "data" if allowed is DATA_ELEMENT_TYPES else "submodel"
        raise BadRequest(f"must name the type of a {expected} element", path="modelType")
    if len(parent) + nesting(element) > MAX_NESTING:
        raise BadRequest(f"elements would be nested more than {MAX_NESTING} levels deep")


def _require_fitting(container: Node, element: Node, *, at: int, strict: bool) -> None:
    if strict and (findings := item_findings(container, element, at=at)):
        raise InvalidDocument(findings)


def _require_index(container: Node, index: int) -> None:
    if container["modelType"] != _LIST:
        raise BadRequest(
            f"a {container['modelType']} has no [index]: only lists have", path="idShortPath"
        )
    length = len(children(container))
    if index > length:
        raise NotFound(
            f"the list has {length} items, so the next one is [{length}]", path="idShortPath"
        )


def _named(container: Node, element: Node, id_short: str) -> Node:
    if container["modelType"] == _LIST:
        raise BadRequest("the items of a list are addressed by [index]", path="idShortPath")
    if "idShort" not in element:
        return {**element, "idShort": id_short}
    if element["idShort"] != id_short:
        raise BadRequest(f"must be {id_short!r} as in the path", path="idShort")
    return element


def _id_short(element: Node) -> str:
    id_short = element.get("idShort")
    if not isinstance(id_short, str) or not id_short:
        raise InvalidDocument(
            [Finding("AASd-117", "idShort", "every element outside a list needs an idShort")]
        )
    return id_short

"""PATCH in the normal form and of ``$metadata``: attributes replaced in what exists.

IDTA-01002, Patch operations: everything that a patch addresses exists already and has the same
type, otherwise nothing changes. It is no JSON Merge Patch: what is not named stays, and null means
nothing. Pure, as ``edits`` is; whether the result is valid says ``verification``.
"""

from __future__ import annotations

from typing import Any

from aas_server.errors import BadRequest, InvalidDocument
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.placement import placement_findings
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node, children, position, with_changed
from aas_server.metamodel.views import METADATA_DROPS, Content, require_content


def patched_element(submodel: Node, path: IdShortPath, patch: Any, *, strict: bool = True) -> Node:
    """Return ``submodel`` with the normal form ``patch`` laid over the element at ``path``.

    An attribute that ``patch`` has replaces the element's, whole; what it has not stays. Children
    are patched, not replaced: by idShort, in a list by their order, so that a list of five takes
    at most five. Raises ``NotFound`` when there is no element at ``path``, ``BadRequest`` that
    names the place for a child that does not exist, another modelType or idShort, null and, when
    ``strict``, for an item that no longer fits its list (AASd-107, 109, 114).
    """
    changed = with_changed(submodel, path, lambda element: _patched(element, path, patch))
    return _fitting(submodel, changed, path, strict=strict)


def patched_submodel(submodel: Node, patch: Any) -> Node:
    """Return ``submodel`` with the normal form ``patch`` laid over it, as ``patched_element``
    does; its id cannot change.
    """
    return _patched(submodel, (), patch)


def patched_metadata(
    submodel: Node, path: IdShortPath, metadata: Any, *, strict: bool = True
) -> Node:
    """Return ``submodel`` with ``metadata`` laid over the element at ``path``, ``()`` for the
    submodel itself.

    An attribute that ``metadata`` has replaces the element's, what it has not stays. Raises
    ``NotFound`` when there is no element at ``path``, ``BadRequest`` for an element without
    ``$metadata``, another modelType, id or idShort, null, and for values and children: they are
    no metadata. When ``strict`` an item must still fit its list, as in ``patched_element``.
    """

    def patch(element: Node) -> Node:
        require_content(element, Content.METADATA)
        attributes = _attributes(element, path, metadata)
        for name in METADATA_DROPS.get(element["modelType"], ()):
            if name in attributes:
                raise _wrong(path, name, "is no metadata: use $value or the element itself")
        return {**element, **attributes}

    return _fitting(submodel, with_changed(submodel, path, patch), path, strict=strict)


def _fitting(submodel: Node, changed: Node, path: IdShortPath, *, strict: bool) -> Node:
    """Return ``changed``; raises ``InvalidDocument`` for what is newly wrong with a list's item."""
    if strict and path and (findings := placement_findings(changed, path)):
        known = placement_findings(submodel, path)
        if news := [finding for finding in findings if finding not in known]:
            raise InvalidDocument(news)
    return changed


def _patched(element: Node, path: IdShortPath, patch: Any) -> Node:
    attributes = dict(_attributes(element, path, patch))
    attribute = CHILDREN_ATTRIBUTE.get(element["modelType"])
    if attribute is None or attribute not in attributes:
        return {**element, **attributes}
    parts = attributes.pop(attribute)
    if not isinstance(parts, list):
        raise _wrong(path, attribute, "must be an array")
    merged = {**element, **attributes}
    if parts:
        merged[attribute] = _patched_children(element, path, parts)
    return merged


def _patched_children(element: Node, path: IdShortPath, parts: list[Any]) -> list[Node]:
    elements = children(element).copy()
    in_list = element["modelType"] == "SubmodelElementList"
    if in_list and len(parts) > len(elements):
        raise _wrong(path, "value", f"this list takes at most {len(elements)} items")
    seen: set[str | int] = set()
    for index, part in enumerate(parts):
        segment = index if in_list else _id_short(path, part)
        place = position(element, segment)
        here = (*path, segment)
        if place is None:
            raise _wrong(here, "", "there is no such element")
        if segment in seen:
            raise _wrong(here, "", "is given twice")
        seen.add(segment)
        elements[place] = _patched(elements[place], here, part)
    return elements


def _id_short(path: IdShortPath, part: Any) -> str:
    id_short = part.get("idShort") if isinstance(part, dict) else None
    if not isinstance(id_short, str):
        raise _wrong(path, "", "every child in a patch must be an object with its idShort")
    return id_short


def _attributes(element: Node, path: IdShortPath, patch: Any) -> Node:
    """Return ``patch`` when it is one for ``element``: same type, same names, nothing null."""
    if not isinstance(patch, dict):
        raise _wrong(path, "", "must be an object")
    model_type = element["modelType"]
    if patch.get("modelType") != model_type:
        raise _wrong(path, "modelType", f"must be {model_type!r}: a patch keeps the type")
    names = ("id",) if not path else () if isinstance(path[-1], int) else ("idShort",)
    for name in names:
        if name in patch and patch[name] != element.get(name):
            raise _wrong(path, name, f"must be {element.get(name)!r}: a patch keeps it")
    for name, value in patch.items():
        if value is None:
            raise _wrong(path, name, "null has no meaning here: leave it out, or PUT without it")
    return patch


def _wrong(path: IdShortPath, attribute: str, text: str) -> BadRequest:
    place = ".".join(part for part in (format_id_short_path(path), attribute) if part)
    return BadRequest(text, path=place or None)

"""XML of metamodel 2.0 as the JSON of 2.0: one form for everything that comes after.

Names are what counts, namespaces and order are not: tools differ in them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lxml import etree

from aas_server.errors import BadRequest
from aas_server.metamodel.tree import Node
from aas_server.packages.xml.parsing import Event, forget

NAMESPACES: Final = frozenset(
    f"{scheme}://{host}admin-shell.io/aas/2/0"
    for scheme in ("http", "https")
    for host in ("", "www.")
)
"""What tools call the namespace of 2.0; that with ``http`` and ``www.`` is the right one."""

_ROOT: Final = "aasenv"
_OF_ROOT: Final = 1
_OF_LIST: Final = 2
_OF_DOCUMENT: Final = 3
"""Depths in a document: documents stand in lists, and these in the root."""
_ELEMENTS: Final = {
    "annotatedRelationshipElement": "AnnotatedRelationshipElement",
    "basicEvent": "BasicEvent",
    "blob": "Blob",
    "capability": "Capability",
    "entity": "Entity",
    "event": "Event",
    "file": "File",
    "multiLanguageProperty": "MultiLanguageProperty",
    "operation": "Operation",
    "property": "Property",
    "range": "Range",
    "referenceElement": "ReferenceElement",
    "relationshipElement": "RelationshipElement",
    "submodelElementCollection": "SubmodelElementCollection",
}
_WRAPPERS: Final = frozenset({"submodelElement", "dataElement"})
_LISTS: Final = frozenset(
    {
        "conceptDescriptionRefs",
        "conceptDictionaries",
        "containedElements",
        "dependsOnRefs",
        "submodelRefs",
        "views",
    }
)
_REPEATED: Final = frozenset(
    {
        "embeddedDataSpecification",
        "hasDataSpecification",
        "inoutputVariable",
        "inputVariable",
        "isCaseOf",
        "levelType",
        "outputVariable",
        "qualifier",
        "valueReferencePair",
    }
)
_VARIABLES: Final = frozenset({"inoutputVariable", "inputVariable", "outputVariable"})
_HOLDERS: Final = frozenset({"submodelElements", "statements", "annotations", "annotation"})
_CONSTRAINTS: Final = {"formula": "Formula", "qualifier": "Qualifier"}


def environment_from_xml(events: Iterable[Event], name: str) -> Node:
    """Return the environment that the ``start`` and ``end`` events of a document tell.

    Each document in it is let go once it is read. Raises ``BadRequest`` for another document.
    """
    found: Node = {}
    depth = 0
    for event, element in events:
        if event == "start":
            depth += 1
            if depth == _OF_ROOT and _local(element) != _ROOT:
                text = f"is no valid environment: begins with {_local(element)!r}"
                raise BadRequest(text, path=name)
            continue
        if depth == _OF_DOCUMENT:
            documents = found.setdefault(_local(element.getparent()), [])
            documents.append(_value(element) if len(element) else element.text or "")
            forget(element)
        elif depth == _OF_LIST and _local(element) not in found:
            found[_local(element)] = (element.text or "").strip()
        depth -= 1
    return found


def _object(element: etree._Element) -> Node:
    found: Node = {}
    for child in element:
        name = _local(child)
        for value in _constraints(child) if name == "qualifier" else [_value(child)]:
            if name in _REPEATED:
                found.setdefault(name, []).append(value)
            elif name in found:
                # What must be there once is an array then, which is told as what it is.
                found[name] = [*_listed(found[name]), value]
            else:
                found[name] = value
    return found


def _value(element: etree._Element) -> Any:
    name = _local(element)
    if name == "identification":
        return {"id": element.text or "", "idType": element.get("idType", "")}
    if name == "keys":
        return [_key(child) for child in element]
    if name in _HOLDERS:
        return _elements(element)
    first = _local(element[0]) if len(element) else None
    if first is None:
        return element.text or ""
    if first == "langString":
        return [_lang_string(child) for child in element]
    if name in _LISTS:
        return [_value(child) if len(child) else child.text or "" for child in element]
    if name == "value" and (first in _WRAPPERS or first in _ELEMENTS):
        found = _elements(element)
        parent = element.getparent()
        is_variable = _local(parent) in _VARIABLES
        return found[0] if is_variable and len(found) == 1 else found
    return _object(element)


def _elements(holder: etree._Element) -> list[Any]:
    """Return submodel elements, with or without a wrapper around each."""
    found: list[Any] = []
    for child in holder:
        for element in child if _local(child) in _WRAPPERS else [child]:
            name = _local(element)
            node = _object(element)
            found.append({**node, "modelType": {"name": _ELEMENTS.get(name, name)}})
    return found


def _constraints(holder: etree._Element) -> list[Any]:
    """Return a qualifier, or those that an element of the same name wraps."""
    inner = [child for child in holder if _local(child) in _CONSTRAINTS]
    return [
        {**_object(each), "modelType": {"name": _CONSTRAINTS[_local(each)]}}
        for each in inner or ([holder] if len(holder) else [])
    ]


def _key(element: etree._Element) -> Node:
    return {**_attributes(element), "value": element.text or ""}


def _lang_string(element: etree._Element) -> Node:
    attributes = _attributes(element)
    return {"language": attributes.get("lang", ""), "text": element.text or ""}


def _attributes(element: etree._Element) -> dict[str, str]:
    """Return attributes by their names without namespaces, as in ``xml:lang``."""
    return {
        name.rpartition("}")[2]: value
        for name, value in element.attrib.items()
        if isinstance(name, str) and isinstance(value, str)
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _local(element: etree._Element | None) -> str:
    # Not by QName: it raises for a prefix that stands for nothing.
    return "" if element is None else str(element.tag).rpartition("}")[2]

"""Values that fit the prototypes of a template, so that instances can be filled with them."""

from __future__ import annotations

from typing import Any, Final

from aas_server.metamodel.tree import Node
from aas_server.templates.prototype import Prototype

REFERENCE: Final[Node] = {
    "type": "ExternalReference",
    "keys": [{"type": "GlobalReference", "value": "urn:example:target"}],
}
_TEXTS: Final = {
    "xs:boolean": "true",
    "xs:date": "2026-01-31",
    "xs:dateTime": "2026-01-31T12:00:00Z",
    "xs:time": "12:00:00",
    "xs:duration": "PT1H",
    "xs:gYear": "2026",
    "xs:gYearMonth": "2026-01",
    "xs:gMonth": "--01",
    "xs:gMonthDay": "--01-31",
    "xs:gDay": "---31",
    "xs:hexBinary": "00ff",
    "xs:base64Binary": "AP8=",
    "xs:anyURI": "https://example.com",
    "xs:string": "text",
    "xs:negativeInteger": "-1",
    "xs:nonPositiveInteger": "-1",
}


def fitting(prototypes: tuple[Prototype, ...]) -> Node:
    """Return a value for every element of a level, of an either-or class for the first."""
    classes: set[str] = set()
    found: Node = {}
    for prototype in prototypes:
        name = prototype.rules.either_or
        if name in classes:
            continue
        if name is not None:
            classes.add(name)
        value = fitting_value(prototype)
        if value is not None and prototype.id_short:
            found[_name(prototype)] = value
    return found


def _name(prototype: Prototype) -> str:
    pattern, numbered = prototype.rules.allowed_id_short, f"{prototype.id_short}01"
    is_numbered = pattern is not None and not pattern.matches(prototype.id_short)
    return numbered if is_numbered and not prototype.is_named else prototype.id_short


def fitting_value(prototype: Prototype) -> Any:
    """Return a value for an element, None for one that takes none."""
    inner = prototype.children
    match prototype.model_type:
        case "SubmodelElementCollection":
            return fitting(inner) or None
        case "SubmodelElementList":
            values = [fitting_value(each) for each in inner[:1]]
            count = max(1, inner[0].cardinality.least) if inner else 0
            return None if None in values or not values else values * count
        case "Entity":
            return {"statements": fitting(inner)} if inner else None
        case "AnnotatedRelationshipElement":
            ends = {"first": REFERENCE, "second": REFERENCE}
            return {**ends, "annotations": fitting(inner)} if inner else ends
        case "RelationshipElement":
            return {"first": REFERENCE, "second": REFERENCE}
        case "Property":
            return lexical(prototype)
        case "Range":
            return {"min": lexical(prototype), "max": lexical(prototype)}
        case "MultiLanguageProperty":
            return dict.fromkeys(prototype.rules.languages or ("en",), "text")
        case "File" | "Blob":
            return {"contentType": "text/plain", "value": "dGV4dA=="}
        case "ReferenceElement":
            return REFERENCE
    return None


def lexical(prototype: Prototype) -> str:
    """Return a text of the valueType that the rules allow."""
    rules = prototype.rules
    if rules.allowed_values is not None and rules.allowed_values.values:
        return rules.allowed_values.values[0]
    if rules.initial is not None:
        return rules.initial
    if rules.allowed_range is not None:
        interval = rules.allowed_range.intervals[0]
        if interval.least is not None and interval.has_least:
            return str(interval.least)
        if interval.most is not None and interval.has_most:
            return str(interval.most)
    return _TEXTS.get(str(prototype.node.get("valueType", "xs:string")), "1")

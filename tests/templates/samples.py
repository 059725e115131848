"""Small templates to test with."""

from __future__ import annotations

from typing import Any

from aas_server.metamodel.tree import Node
from aas_server.templates.prototype import Template


def reference(value: str) -> Node:
    keys = [{"type": "GlobalReference", "value": value}]
    return {"type": "ExternalReference", "keys": keys}


def rule(name: str, value: str | None, *, kind: str | None = "TemplateQualifier") -> Node:
    found = {"kind": kind, "type": name, "valueType": "xs:string", "value": value}
    return {key: member for key, member in found.items() if member is not None}


def element(
    model_type: str, id_short: str | None, card: str | None, *rules: Node, **members: Any
) -> Node:
    """Return a prototype; ``card`` of None has no qualifier for it."""
    qualifiers = [*([] if card is None else [rule("SMT/Cardinality", card)]), *rules]
    found: Node = {"modelType": model_type}
    if id_short is not None:
        found["idShort"] = id_short
    if qualifiers:
        found["qualifiers"] = qualifiers
    return {**found, **members}


def text(id_short: str | None, card: str | None, *rules: Node, **members: Any) -> Node:
    return element("Property", id_short, card, *rules, **{"valueType": "xs:string", **members})


def number(id_short: str | None, card: str | None, *rules: Node, **members: Any) -> Node:
    return element("Property", id_short, card, *rules, **{"valueType": "xs:double", **members})


def collection(id_short: str | None, *children: Node, card: str | None, **members: Any) -> Node:
    found = element("SubmodelElementCollection", id_short, card, **members)
    return {**found, "value": list(children)}


def listing(id_short: str, *items: Node, card: str | None, **members: Any) -> Node:
    of = {"typeValueListElement": items[0]["modelType"]}
    if "valueType" in items[0]:
        of["valueTypeListElement"] = items[0]["valueType"]
    found = element("SubmodelElementList", id_short, card, **{**of, **members})
    return {**found, "value": list(items)}


def template(*elements: Node, identifier: str = "urn:example:template", **members: Any) -> Template:
    node: Node = {
        "modelType": "Submodel",
        "kind": "Template",
        "id": identifier,
        "idShort": "Pump",
        "administration": {"version": "1", "revision": "2"},
        "semanticId": reference("urn:example:Pump"),
        "submodelElements": list(elements),
        **members,
    }
    return Template(node, "test")

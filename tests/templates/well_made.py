"""A small template in which the linter finds nothing, and its parts to spoil."""

from __future__ import annotations

from typing import Any, Final

from aas_server.metamodel.tree import Node
from aas_server.templates.prototype import Template
from tests.templates.samples import reference

ADMIN: Final = "https://example.com/pump"
IEC_61360: Final = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"


def told(name: str, value: str, **members: Any) -> Node:
    """Return a template qualifier as it should be, but for ``members``; None leaves one out."""
    found = {
        "kind": "TemplateQualifier",
        "type": f"SMT/{name}",
        "valueType": "xs:string",
        "value": value,
        "semanticId": reference(f"https://admin-shell.io/SubmodelTemplates/{name}/1/0"),
        **members,
    }
    return {key: member for key, member in found.items() if member is not None}


def part(model_type: str, name: str | None, card: str, *rules: Node, **members: Any) -> Node:
    """Return a prototype as it should be, with a meaning after its name."""
    found: Node = {
        "modelType": model_type,
        "semanticId": reference(f"{ADMIN}/{name or 'Item'}/1/0"),
        "qualifiers": [told("Cardinality", card), *rules],
        **({} if name is None else {"idShort": name}),
        **members,
    }
    if model_type == "Property":
        found.setdefault("valueType", "xs:string")
    return {key: value for key, value in found.items() if value is not None}


def concept(identifier: str, **content: Any) -> Node:
    """Return a concept description with content; ``content`` replaces members of it."""
    found = {
        "modelType": "DataSpecificationIec61360",
        "preferredName": [{"language": "en", "text": "name"}],
        "definition": [{"language": "en", "text": "definition"}],
        "dataType": "STRING",
        **content,
    }
    return {
        "modelType": "ConceptDescription",
        "id": identifier,
        "embeddedDataSpecifications": [
            {
                "dataSpecification": reference(IEC_61360),
                "dataSpecificationContent": {k: v for k, v in found.items() if v is not None},
            }
        ],
    }


def well_made(*parts: Node, concepts: dict[str, Node] | None = None, **members: Any) -> Template:
    """Return a template of ``parts`` with a concept description for each of their meanings."""
    node: Node = {
        "modelType": "Submodel",
        "kind": "Template",
        "id": "https://example.com/templates/pump/1/0",
        "idShort": "Pump",
        "administration": {
            "version": "1",
            "revision": "0",
            "templateId": "https://example.com/templates/pump",
        },
        "semanticId": reference(f"{ADMIN}/Pump/1/0"),
        "submodelElements": list(parts),
        **members,
    }
    given = {key: value for key, value in node.items() if value is not None}
    if concepts is None:
        ids = {prototype_id for each in parts for prototype_id in _ids(each)}
        concepts = {each: concept(each) for each in sorted(ids)}
    return Template(given, "test", concepts)


def _ids(node: Node) -> list[str]:
    own = [key["value"] for key in (node.get("semanticId") or {"keys": []})["keys"]]
    below = node.get("value") if isinstance(node.get("value"), list) else ()
    return own + [each for child in below or () if "modelType" in child for each in _ids(child)]

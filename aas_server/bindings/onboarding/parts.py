"""The parts that all proposed documents are made of: texts, references, typed elements."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from aas_server.bindings.onboarding.points import Point
from aas_server.bindings.opcua.address_space import LocalText, MachineNode, StructureField
from aas_server.bindings.sink_types import UNKNOWN_LANGUAGE
from aas_server.metamodel.tree import Node
from aas_server.templates.authoring.concepts import reference

_LANGUAGE: Final = re.compile(
    r"[a-zA-Z]{2,3}(?:-[a-zA-Z]{4})?(?:-(?:[a-zA-Z]{2}|[0-9]{3}))?", re.ASCII
)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MAX_NAME: Final = 128
MAX_TEXT: Final = 1023
"""Characters of a displayName and of a description at most."""

VALUE_TYPES: Final = {
    "Boolean": "xs:boolean", "SByte": "xs:byte", "Byte": "xs:unsignedByte", "Int16": "xs:short",
    "UInt16": "xs:unsignedShort", "Int32": "xs:int", "UInt32": "xs:unsignedInt",
    "Int64": "xs:long", "UInt64": "xs:unsignedLong", "Float": "xs:float", "Double": "xs:double",
    "DateTime": "xs:dateTime",
}  # fmt: skip
"""Value types by how a variable is encoded; xs:string where nothing is said."""


def model_reference(*keys: tuple[str, str]) -> Node:
    """Return a model reference by its keys: pairs of type and value, the submodel's first."""
    return {
        "type": "ModelReference",
        "keys": [{"type": kind, "value": value} for kind, value in keys],
    }


def language_of(text: LocalText) -> str:
    """Return the language tag of a machine's text, ``und`` when it tells none."""
    tag = text.language.replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else UNKNOWN_LANGUAGE


def cleaned(text: str, length: int) -> str:
    """Return a text as documents take it: without signs that XML does not have, not too long."""
    return _NOT_XML.sub("\ufffd", text).strip()[:length]


def words(node: MachineNode) -> Node:
    """Return displayName and description as the machine tells them, each only if it does."""
    found: Node = {}
    name = node.display_name if node.display_name.text else LocalText(node.name.name)
    for attribute, text, length in (
        ("displayName", name, MAX_NAME),
        ("description", node.description, MAX_TEXT),
    ):
        shown = cleaned(text.text, length)
        is_repeated = attribute == "description" and text.text == name.text
        if shown and not is_repeated:
            found[attribute] = [{"language": language_of(text), "text": shown}]
    return found


def semantics(identifiers: Iterable[str]) -> Node:
    """Return semanticId and supplementalSemanticIds of an element from identifiers, best first."""
    found = [reference(each) for each in dict.fromkeys(identifiers) if each]
    if not found:
        return {}
    return {"semanticId": found[0]} | ({"supplementalSemanticIds": found[1:]} if found[1:] else {})


def variable_element(point: Point, name: str) -> Node:
    """Return the element, without value and names, that holds the values of a point's variable."""
    facts = point.node.facts
    type_name = facts.type_name or "String"
    data_type = facts.data_type.name if facts.data_type is not None else ""
    is_text = point.conversion.enumeration is not None
    if type_name == "ExtensionObject" and data_type == "Range" and not facts.is_array:
        return {"modelType": "Range", "idShort": name, "valueType": "xs:double"}
    if type_name == "ExtensionObject" and data_type == "EUInformation" and not facts.is_array:
        return {"modelType": "Property", "idShort": name, "valueType": "xs:string"}
    return _element(
        name, "String" if is_text else type_name, max(1, facts.value_rank) * facts.is_array,
        facts.fields,
    )  # fmt: skip


def argument_element(name: str, type_name: str | None, *, is_array: bool) -> Node:
    """Return the element that is a variable of an Operation."""
    return _element(name, type_name or "String", int(is_array), ())


def _element(
    name: str | None, type_name: str, rank: int, fields: tuple[StructureField, ...]
) -> Node:
    """Return an element for a value; ``rank`` is how many dimensions it has."""
    identity: Node = {} if name is None else {"idShort": name}
    if rank:
        item = _element(None, type_name, rank - 1, fields)
        found: Node = {
            "modelType": "SubmodelElementList",
            **identity,
            "orderRelevant": True,
            "typeValueListElement": item["modelType"],
        }
        if item["modelType"] == "Property":
            found["valueTypeListElement"] = item["valueType"]
        elif "value" in item or item["modelType"] == "SubmodelElementList":
            found["value"] = [item]  # it shows what every item holds
        return found
    if type_name == "ExtensionObject":
        members = [
            _element(each.name, each.type_name, int(each.is_array), each.fields)
            for each in fields
            if each.name.isidentifier() and each.name[0].isalpha() and each.name.isascii()
        ]
        collection: Node = {"modelType": "SubmodelElementCollection", **identity}
        return collection | ({"value": members} if members else {})
    if type_name == "LocalizedText":
        return {"modelType": "MultiLanguageProperty", **identity}
    if type_name == "ByteString":
        return {"modelType": "Blob", **identity, "contentType": "application/octet-stream"}
    value_type = VALUE_TYPES.get(type_name, "xs:string")
    return {"modelType": "Property", **identity, "valueType": value_type}


def number_text(value: float) -> str:
    """Return a number as xs:double: the shortest that is the same."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def listed(name: str, elements: list[Any]) -> Node:
    """Return ``{name: elements}``, nothing when there are none: an AAS has no empty lists."""
    return {name: elements} if elements else {}

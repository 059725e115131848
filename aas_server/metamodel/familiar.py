"""What is certainly valid, found out without reading a whole document with aas-core.

Documents repeat themselves: elements of one kind differ in idShort, semanticId and value only. So
each of them without these is verified once and remembered, and these are checked for themselves.
For everything that this takes for valid, aas-core has no findings; the rest is for aas-core to say.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec
from aas_core3_1 import stringification, verification
from aas_core3_1.jsonization import DeserializationException

from aas_server.metamodel.identifiers import MAX_IDENTIFIER_LENGTH
from aas_server.metamodel.readers import READERS
from aas_server.metamodel.structure import ELEMENT_TYPES
from aas_server.metamodel.tree import Node

_CONTAINERS: Final = {"Submodel": "submodelElements", "SubmodelElementCollection": "value"}
"""What has rules about its children that are easy: each has a name of its own.

SubmodelElementList and others are remembered whole.
"""
_WATCHED: Final = b'"TemplateQualifier"'
"""A qualifier that a submodel forbids its elements (AASd-129)."""
_MAX_REMEMBERED: Final = 2048
"""Bytes of an element at most that is remembered."""

_ANY: Final = "urn:any"

_encode: Final = msgspec.json.Encoder().encode


def is_familiar(tree: Node, model_type: str, text: bytes) -> bool:
    """Return whether ``tree`` is certainly valid as a ``model_type``, a submodel or a collection.

    ``text`` is its JSON. It must need no screening, and no more nesting than the metamodel allows.
    """
    return (
        model_type in _CONTAINERS
        and tree.get("modelType") == model_type
        and _WATCHED not in text
        and _is_valid(tree)
    )


def _is_valid(container: Node) -> bool:
    attribute = _CONTAINERS[container["modelType"]]
    rest = {name: value for name, value in container.items() if name != attribute}
    if not _is_valid_without_names(rest):
        return False
    if attribute not in container:
        return True
    elements = container[attribute]
    if type(elements) is not list or not elements:
        return False
    names = set()
    for element in elements:
        if type(element) is not dict:
            return False
        model_type = element.get("modelType")
        if type(model_type) is not str or model_type not in ELEMENT_TYPES:
            return False
        name = element.get("idShort")
        if type(name) is not str:
            return False
        names.add(name)
        check = _is_valid if model_type in _CONTAINERS else _is_valid_without_names
        if not check(element):
            return False
    return len(names) == len(elements)


def _is_valid_without_names(node: Node) -> bool:
    """Return whether ``node`` is valid; what tells it from its like is checked for itself."""
    rest = node.copy()
    if "idShort" in rest:
        name = rest.pop("idShort")
        if type(name) is not str or not _is_id_short(name):
            return False
    model_type = rest["modelType"]
    if model_type == "Property" and "value" in rest:
        if not _is_value(rest.pop("value"), rest.get("valueType")):
            return False
    elif model_type == "Submodel":
        if not _is_identifier(rest.get("id")):
            return False
        rest["id"] = _ANY
    if "semanticId" in rest:
        rest["semanticId"] = _without_value(rest["semanticId"])
    text = _encode(rest)
    return (_is_valid_text if len(text) <= _MAX_REMEMBERED else _is_valid_text.__wrapped__)(text)


def _without_value(reference: Any) -> Any:
    """Return a reference with another value, if it has one key only with a good one: no rule asks
    for more.
    """
    keys = reference.get("keys") if type(reference) is dict else None
    if type(keys) is not list or len(keys) != 1 or type(keys[0]) is not dict:
        return reference
    (key,) = keys
    if not _is_identifier(key.get("value")):
        return reference
    return {**reference, "keys": [{**key, "value": _ANY}]}


def _is_identifier(value: Any) -> bool:
    return (
        type(value) is str
        and 1 <= len(value) <= MAX_IDENTIFIER_LENGTH
        and verification.matches_xml_serializable_string(value)
    )


def _is_value(value: Any, value_type: Any) -> bool:
    if type(value) is not str or type(value_type) is not str:
        return False
    known = stringification.data_type_def_xsd_from_str(value_type)
    return (
        known is not None
        and verification.value_consistent_with_xsd_type(value, known)
        and verification.matches_xml_serializable_string(value)
    )


@lru_cache(maxsize=4096)
def _is_id_short(text: str) -> bool:
    return not any(verification.verify_id_short_type(text))


@lru_cache(maxsize=4096)
def _is_valid_text(text: bytes) -> bool:
    """Return whether aas-core finds nothing in an identifiable or an element, given as JSON."""
    node = msgspec.json.decode(text)
    try:
        instance = READERS[node["modelType"]](node)
    except DeserializationException:
        return False
    return not any(verification.verify(instance))

"""The shape of identifiables, looked at quickly: most of them have it, and need no list of issues.

``has_shape`` says no more than ``structure.structure_issues``, in a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.identifiers import MAX_IDENTIFIER_LENGTH
from aas_server.metamodel.structure import (
    ELEMENT_TYPES,
    MAX_NESTING,
    STRUCTURE,
    TEXT_VALUES,
    structure_issues,
)
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node

_MAX_FINDINGS: Final = 100
"""Findings of one document at most."""


def shape_findings(tree: Any, model_type: str) -> list[Finding]:
    """Return where ``tree`` has not the shape of the identifiable ``model_type``: at most 100
    findings, all of them errors. Any JSON is taken.
    """
    if has_shape(tree, model_type):
        return []
    issues = islice(structure_issues(tree, model_type, ""), _MAX_FINDINGS)
    return [_finding(issue) for issue in issues]


def has_shape(tree: Any, model_type: str) -> bool:
    """Return whether ``structure_issues`` has nothing to say of ``tree``."""
    if type(tree) is not dict or tree.get("modelType") != model_type:
        return False
    identifier = tree.get("id")
    return (
        type(identifier) is str
        and 1 <= len(identifier) <= MAX_IDENTIFIER_LENGTH
        and _is_sound(tree, 0)
    )


def _finding(issue: str) -> Finding:
    path, _, text = issue.partition(": ")
    return Finding(STRUCTURE, path.removeprefix("."), text)


def _is_sound(node: Node, depth: int) -> bool:
    for name, value in node.items():
        if name in _CHECKS and not _CHECKS[name](value):
            return False
    model_type = node["modelType"]
    if model_type in TEXT_VALUES:
        return type(node.get("value", "")) is str
    if model_type == "MultiLanguageProperty":
        return _are(_is_lang_string, node.get("value", []))
    attribute = CHILDREN_ATTRIBUTE.get(model_type)
    if attribute is None or attribute not in node:
        return True
    if depth >= MAX_NESTING or type(node[attribute]) is not list:
        return False
    in_list = model_type == "SubmodelElementList"
    for element in node[attribute]:
        if type(element) is not dict:
            return False
        element_type = element.get("modelType")
        if type(element_type) is not str or element_type not in ELEMENT_TYPES:
            return False
        if not in_list and "idShort" not in element:
            return False
        if not _is_sound(element, depth + 1):
            return False
    return True


def _are(is_one: Callable[[Any], bool], values: Any) -> bool:
    if type(values) is not list:
        return False
    for value in values:  # noqa: SIM110 - a generator costs more than what is looked at
        if not is_one(value):
            return False
    return True


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_object(value: Any) -> bool:
    return type(value) is dict


def _are_objects(values: Any) -> bool:
    if type(values) is not list:
        return False
    for value in values:  # noqa: SIM110 - as above
        if type(value) is not dict:
            return False
    return True


def _is_reference(value: Any) -> bool:
    return type(value) is dict and _are_objects(value.get("keys"))


def _are_references(values: Any) -> bool:
    return _are(_is_reference, values)


def _is_embedded(value: Any) -> bool:
    if type(value) is not dict:
        return False
    reference = value.get("dataSpecification")
    return reference is None or _is_reference(reference)


def _are_embedded(values: Any) -> bool:
    return _are(_is_embedded, values)


def _is_asset(value: Any) -> bool:
    return (
        type(value) is dict
        and type(value.get("globalAssetId", "")) is str
        and _are(_is_asset_id, value.get("specificAssetIds", []))
    )


def _is_asset_id(value: Any) -> bool:
    return (
        type(value) is dict and type(value.get("name")) is str and type(value.get("value")) is str
    )


def _is_lang_string(value: Any) -> bool:
    return (
        type(value) is dict
        and type(value.get("language")) is str
        and type(value.get("text")) is str
    )


_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "idShort": _is_text,
    "semanticId": _is_reference,
    "administration": _is_object,
    "assetInformation": _is_asset,
    "supplementalSemanticIds": _are_references,
    "isCaseOf": _are_references,
    "submodels": _are_references,
    "qualifiers": _are_objects,
    "extensions": _are_objects,
    "embeddedDataSpecifications": _are_embedded,
}
"""What members of every node must be, whatever its type."""

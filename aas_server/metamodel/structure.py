"""Structure: whether a decoded document has the shape that every reader here relies on.

This is less than verification (constraints of the metamodel are not looked at) and never optional.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aas_server.metamodel.identifiers import MAX_IDENTIFIER_LENGTH
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE

MAX_NESTING: Final = 64
"""Levels of elements in a submodel at most."""

_ELEMENT_TYPES: Final = frozenset(
    {
        "AnnotatedRelationshipElement",
        "BasicEventElement",
        "Blob",
        "Capability",
        "Entity",
        "File",
        "MultiLanguageProperty",
        "Operation",
        "Property",
        "Range",
        "ReferenceElement",
        "RelationshipElement",
        "SubmodelElementCollection",
        "SubmodelElementList",
    }
)
_OBJECTS: Final = ("semanticId", "administration", "assetInformation")
_ARRAYS: Final = (
    "supplementalSemanticIds",
    "qualifiers",
    "extensions",
    "isCaseOf",
    "submodels",
    "embeddedDataSpecifications",
)
_TEXT_VALUES: Final = frozenset({"Property", "Blob", "File"})


def structure_issues(tree: Any, model_type: str, path: str) -> Iterator[str]:
    """Yield ``path: what is wrong`` for each place where ``tree`` has not the shape of
    ``model_type``.
    """
    if not isinstance(tree, dict):
        yield f"{path}: must be an object"
        return
    identifier = tree.get("id")
    if not isinstance(identifier, str) or not 1 <= len(identifier) <= MAX_IDENTIFIER_LENGTH:
        yield f"{path}.id: must be a text of 1 to {MAX_IDENTIFIER_LENGTH} characters"
    if tree.get("modelType") != model_type:
        yield f"{path}.modelType: must be {model_type!r}"
        return
    yield from _node_issues(tree, path, 0)


def _node_issues(node: dict[str, Any], path: str, depth: int) -> Iterator[str]:
    yield from _attribute_issues(node, path)
    attribute = CHILDREN_ATTRIBUTE.get(node["modelType"])
    if attribute is None or attribute not in node:
        return
    elements = node[attribute]
    if not isinstance(elements, list):
        yield f"{path}.{attribute}: must be an array"
        return
    if depth >= MAX_NESTING:
        yield f"{path}.{attribute}: elements are nested more than {MAX_NESTING} levels deep"
        return
    in_list = node["modelType"] == "SubmodelElementList"
    for index, element in enumerate(elements):
        here = f"{path}.{attribute}[{index}]"
        if not isinstance(element, dict) or element.get("modelType") not in _ELEMENT_TYPES:
            yield f"{here}: must be a submodel element with a modelType"
            continue
        if not in_list and not isinstance(element.get("idShort"), str):
            yield f"{here}.idShort: must be a text (AASd-117)"
        yield from _node_issues(element, here, depth + 1)


def _attribute_issues(node: dict[str, Any], path: str) -> Iterator[str]:
    if not isinstance(node.get("idShort", ""), str):
        yield f"{path}.idShort: must be a text"
    for name in _OBJECTS:
        if name in node and not isinstance(node[name], dict):
            yield f"{path}.{name}: must be an object"
    for name in _ARRAYS:
        values = node.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            yield f"{path}.{name}: must be an array of objects"
    for reference in [node.get("semanticId"), *_listed(node, "supplementalSemanticIds")]:
        keys = reference.get("keys") if isinstance(reference, dict) else []
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            yield f"{path}: every Reference needs an array of keys"
    if node["modelType"] in _TEXT_VALUES and not isinstance(node.get("value", ""), str):
        yield f"{path}.value: must be a text in the normal form"
    if node["modelType"] == "MultiLanguageProperty":
        texts = node.get("value", [])
        if not isinstance(texts, list) or not all(_is_lang_string(text) for text in texts):
            yield f"{path}.value: must be an array of objects with language and text"


def _listed(node: dict[str, Any], name: str) -> list[Any]:
    values = node.get(name)
    return values if isinstance(values, list) else []


def _is_lang_string(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("language"), str)
        and isinstance(value.get("text"), str)
    )

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

STRUCTURE: Final = "structure"
"""The code of a finding about the shape of a document: always an error."""

DATA_ELEMENT_TYPES: Final = frozenset(
    {"Blob", "File", "MultiLanguageProperty", "Property", "Range", "ReferenceElement"}
)
"""The modelType of every DataElement: what annotations are made of."""

ELEMENT_TYPES: Final = DATA_ELEMENT_TYPES | {
    "AnnotatedRelationshipElement",
    "BasicEventElement",
    "Capability",
    "Entity",
    "Operation",
    "RelationshipElement",
    "SubmodelElementCollection",
    "SubmodelElementList",
}
"""The modelType of every submodel element."""

_OBJECTS: Final = ("semanticId", "administration", "assetInformation")
_ARRAYS: Final = (
    "supplementalSemanticIds",
    "qualifiers",
    "extensions",
    "isCaseOf",
    "submodels",
    "embeddedDataSpecifications",
)
TEXT_VALUES: Final = frozenset({"Property", "Blob", "File"})
"""The modelType of the elements whose value is a text."""


def nesting(element: Any) -> int:
    """Return how many levels of elements ``element`` is, itself included; counts no further than
    ``MAX_NESTING`` + 2, and takes any JSON.
    """
    level: list[Any] = [element]
    height = 0
    while level and height < MAX_NESTING + 2:
        height += 1
        level = [child for node in level if isinstance(node, dict) for child in _elements(node)]
    return height


def _elements(node: dict[str, Any]) -> list[Any]:
    model_type = node.get("modelType")
    attribute = CHILDREN_ATTRIBUTE.get(model_type) if isinstance(model_type, str) else None
    found = node.get(attribute) if attribute else None
    return found if isinstance(found, list) else []


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
        model_type = element.get("modelType") if isinstance(element, dict) else None
        if not isinstance(model_type, str) or model_type not in ELEMENT_TYPES:
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
    if not all(map(_has_keys, _references(node))):
        yield f"{path}: every Reference needs an array of keys"
    yield from _asset_issues(node.get("assetInformation"), path)
    if node["modelType"] in TEXT_VALUES and not isinstance(node.get("value", ""), str):
        yield f"{path}.value: must be a text in the normal form"
    if node["modelType"] == "MultiLanguageProperty":
        texts = node.get("value", [])
        if not isinstance(texts, list) or not all(_is_lang_string(text) for text in texts):
            yield f"{path}.value: must be an array of objects with language and text"


def _references(node: dict[str, Any]) -> Iterator[Any]:
    if isinstance(node.get("semanticId"), dict):
        yield node["semanticId"]
    for name in ("supplementalSemanticIds", "isCaseOf", "submodels"):
        yield from _listed(node, name)
    for embedded in _listed(node, "embeddedDataSpecifications"):
        yield embedded.get("dataSpecification") if isinstance(embedded, dict) else None


def _has_keys(reference: Any) -> bool:
    if reference is None:
        return True
    keys = reference.get("keys") if isinstance(reference, dict) else None
    return isinstance(keys, list) and all(isinstance(key, dict) for key in keys)


def _asset_issues(asset: Any, path: str) -> Iterator[str]:
    if not isinstance(asset, dict):
        return
    if not isinstance(asset.get("globalAssetId", ""), str):
        yield f"{path}.assetInformation.globalAssetId: must be a text"
    specific = asset.get("specificAssetIds", [])
    if not isinstance(specific, list) or not all(map(_is_asset_id, specific)):
        yield f"{path}.assetInformation.specificAssetIds: must be an array of names and values"


def _is_asset_id(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("name", "value")
    )


def _listed(node: dict[str, Any], name: str) -> list[Any]:
    values = node.get(name)
    return values if isinstance(values, list) else []


def _is_lang_string(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("language"), str)
        and isinstance(value.get("text"), str)
    )

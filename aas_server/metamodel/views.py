"""The views of Part 2: what of a document is shown.

IDTA-01002, SerializationModifiers; IDTA-01001, formats Metadata, Value and Path. Every view is a
function of a decoded document and never changes it; results share structure with it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from aas_server.errors import BadRequest
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node, children, walk
from aas_server.metamodel.value_types import to_json


class Content(enum.Enum):
    """What kind of answer is asked for: the suffix of the path."""

    NORMAL = "normal"
    METADATA = "$metadata"
    VALUE = "$value"
    REFERENCE = "$reference"
    PATH = "$path"


class Level(enum.Enum):
    """How deep an answer goes: everything, or the element and its direct children."""

    DEEP = "deep"
    CORE = "core"


class Extent(enum.Enum):
    """Whether the bytes of Blobs are part of the answer."""

    WITHOUT_BLOB_VALUE = "withoutBlobValue"
    WITH_BLOB_VALUE = "withBlobValue"


_VALUELESS: Final = frozenset({"Capability", "Operation"})
_WITH_PATHS: Final = frozenset(
    {"Submodel", "SubmodelElementCollection", "SubmodelElementList", "Entity"}
)

METADATA_DROPS: Final = {
    "Submodel": ("submodelElements",),
    "Property": ("value", "valueId"),
    "MultiLanguageProperty": ("value", "valueId"),
    "Range": ("min", "max"),
    "File": ("value", "contentType"),
    "Blob": ("value", "contentType"),
    "ReferenceElement": ("value",),
    "RelationshipElement": ("first", "second"),
    "AnnotatedRelationshipElement": ("first", "second", "annotations"),
    "Entity": ("statements", "globalAssetId", "specificAssetIds"),
    "BasicEventElement": ("observed",),
    "SubmodelElementCollection": ("value",),
    "SubmodelElementList": ("value",),
}
"""What $metadata does not show of each type: its values and its children."""


def require_content(node: Node, content: Content) -> None:
    """Raise ``BadRequest`` when elements of this type do not have ``content``."""
    model_type = node.get("modelType", "")
    if content in (Content.VALUE, Content.METADATA) and model_type in _VALUELESS:
        raise BadRequest(f"a {model_type} has no {content.value}", path="idShortPath")
    if content is Content.PATH and model_type not in _WITH_PATHS:
        raise BadRequest(
            f"a {model_type} has no $path: only collections, lists and entities have",
            path="idShortPath",
        )


def normal(node: Node, level: Level, extent: Extent) -> Node:
    """Return ``node`` in the normal form, cut to ``level`` and ``extent``.

    What is cut is left out: the normal form has no empty arrays.
    """
    return _normal(node, _depth(level), extent)


def metadata(node: Node) -> Node:
    """Return ``node`` without its values and its children."""
    dropped = METADATA_DROPS.get(node.get("modelType", ""), ())
    return {name: value for name, value in node.items() if name not in dropped}


def value_only(node: Node, level: Level, extent: Extent) -> Any:
    """Return the ValueOnly form of a submodel or an element.

    What has no value is left out of its parent; in a list it is None, so that the others keep their
    index. Asked for by itself an empty container is an empty object or array, and any other element
    without a value is None.
    """
    value = _value(node, _depth(level), extent)
    if value is None and (empty := _EMPTY.get(node.get("modelType", ""))) is not None:
        return empty()
    return value


def has_value(node: Node) -> bool:
    """Whether ``$value`` shows anything of ``node``."""
    return _value(node, None, Extent.WITHOUT_BLOB_VALUE) is not None


def reference(nodes: Sequence[Node], path: IdShortPath = ()) -> Node:
    """Return the ModelReference to the last of ``nodes``: a submodel and every element down to
    ``path``.

    An item of a list is named by its index (AASd-128).
    """
    keys = [{"type": "Submodel", "value": nodes[0]["id"]}]
    for segment, element in zip(path, nodes[1:], strict=True):
        keys.append({"type": element.get("modelType", ""), "value": str(segment)})
    return {"type": "ModelReference", "keys": keys}


def shell_reference(identifier: str) -> Node:
    """Return the ModelReference to the shell with this id."""
    return {
        "type": "ModelReference",
        "keys": [{"type": "AssetAdministrationShell", "value": identifier}],
    }


def id_short_paths(node: Node, path: IdShortPath, level: Level) -> list[str]:
    """Return the absolute idShortPaths of ``node``, which stands at ``path``, and of all below it.

    A submodel stands at ``()`` and has no path of its own.
    """
    deepest = len(path) + 1
    found = [path] if path else []
    found += (
        below for below, _ in walk(node, path) if level is Level.DEEP or len(below) == deepest
    )
    return [format_id_short_path(each) for each in found]


_Depth: TypeAlias = int | None
"""How many levels of children are shown; None is all of them."""


def _depth(level: Level) -> _Depth:
    return 1 if level is Level.CORE else None


def _below(depth: _Depth) -> _Depth:
    return None if depth is None else depth - 1


def _normal(node: Node, depth: _Depth, extent: Extent) -> Node:
    model_type = node.get("modelType", "")
    if model_type == "Blob" and extent is Extent.WITHOUT_BLOB_VALUE:
        return _without(node, "value")
    attribute = CHILDREN_ATTRIBUTE.get(model_type)
    if attribute is None or attribute not in node:
        return node
    if depth == 0:
        return _without(node, attribute)
    below = _below(depth)
    return {**node, attribute: [_normal(element, below, extent) for element in children(node)]}


def _without(node: Node, attribute: str) -> Node:
    return {name: value for name, value in node.items() if name != attribute}


def _value(node: Node, depth: _Depth, extent: Extent) -> Any:
    render = _VALUES.get(node.get("modelType", ""))
    return None if render is None else render(node, depth, extent)


def _property_value(node: Node, _depth: _Depth, _extent: Extent) -> Any:
    return _scalar(node, "value")


def _scalar(node: Node, attribute: str) -> Any:
    lexical = node.get(attribute)
    if not isinstance(lexical, str):
        return lexical
    try:
        return to_json(node.get("valueType", "xs:string"), lexical)
    except ValueError:
        # Documents of other tools hold such values; showing the text beats hiding the submodel.
        return lexical


def _multi_language_value(node: Node, _depth: _Depth, _extent: Extent) -> Any:
    texts = node.get("value")
    return [{text["language"]: text["text"]} for text in texts] if texts else None


def _range_value(node: Node, _depth: _Depth, _extent: Extent) -> Any:
    bounds = {bound: _scalar(node, bound) for bound in ("min", "max") if bound in node}
    return bounds or None


def _blob_value(node: Node, _depth: _Depth, extent: Extent) -> Any:
    shown = ("contentType", "value") if extent is Extent.WITH_BLOB_VALUE else ("contentType",)
    return _members(node, shown)


def _attributes(*names: str) -> Callable[[Node, _Depth, Extent], Any]:
    def render(node: Node, _depth: _Depth, _extent: Extent) -> Any:
        return _members(node, names)

    return render


def _members(node: Node, names: tuple[str, ...]) -> Node | None:
    return {name: node[name] for name in names if name in node} or None


def _reference_value(node: Node, _depth: _Depth, _extent: Extent) -> Any:
    return node.get("value")


def _collection_value(node: Node, depth: _Depth, extent: Extent) -> Any:
    return _children_values(node, depth, extent)


def _list_value(node: Node, depth: _Depth, extent: Extent) -> Any:
    items = children(node)
    if depth == 0:
        return [] if items else None
    below = _below(depth)
    values = [_value(item, below, extent) for item in items]
    return None if all(value is None for value in values) else values


def _entity_value(node: Node, depth: _Depth, extent: Extent) -> Any:
    statements = None if depth == 0 else _children_values(node, depth, extent)
    shown = _members(node, ("entityType", "globalAssetId", "specificAssetIds")) or {}
    return ({"statements": statements, **shown} if statements else shown) or None


def _annotated_value(node: Node, depth: _Depth, extent: Extent) -> Any:
    annotations = None if depth == 0 else _children_values(node, depth, extent)
    shown = _members(node, ("first", "second")) or {}
    return ({**shown, "annotations": annotations} if annotations else shown) or None


def _children_values(node: Node, depth: _Depth, extent: Extent) -> Node | None:
    elements = children(node)
    if depth == 0:
        return {} if elements else None
    below = _below(depth)
    values = {
        element["idShort"]: _value(element, below, extent)
        for element in elements
        if "idShort" in element
    }
    return {name: value for name, value in values.items() if value is not None} or None


_VALUES: Final[dict[str, Callable[[Node, _Depth, Extent], Any]]] = {
    "Submodel": _collection_value,
    "Property": _property_value,
    "MultiLanguageProperty": _multi_language_value,
    "Range": _range_value,
    "File": _attributes("contentType", "value"),
    "Blob": _blob_value,
    "ReferenceElement": _reference_value,
    "RelationshipElement": _attributes("first", "second"),
    "AnnotatedRelationshipElement": _annotated_value,
    "Entity": _entity_value,
    "BasicEventElement": _attributes("observed"),
    "SubmodelElementCollection": _collection_value,
    "SubmodelElementList": _list_value,
}
_EMPTY: Final[dict[str, Callable[[], Any]]] = {
    "Submodel": dict,
    "SubmodelElementCollection": dict,
    "SubmodelElementList": list,
}

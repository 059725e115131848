"""Values from a document, matched to prototypes and put into elements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aas_server.errors import BadRequest
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import Node
from aas_server.metamodel.value_writing import with_value
from aas_server.templates.prototype import Prototype
from aas_server.templates.semantics import canonical

EMPTY: Final = object()
"""Stands for a null in a document of values: the element is there, without a value."""
DEFAULT_LANGUAGE: Final = "en"
"""The language of a text that is given without one."""

_BINARY: Final = "application/octet-stream"
_RELATIONSHIPS: Final = ("RelationshipElement", "AnnotatedRelationshipElement")


class Given:
    """The values that a document has for one level, each taken once."""

    def __init__(self, values: Any) -> None:
        self._values: dict[str, Any] = _nested(values) if isinstance(values, Mapping) else {}

    def take(self, prototype: Prototype) -> list[tuple[str, Any]]:
        """Return and remove the values for elements after ``prototype``, each with its name there;
        a list gives several values where the prototype may stand for several elements.
        """
        found: list[tuple[str, Any]] = []
        for name in [key for key in self._values if _is_meant(prototype, key)]:
            value = self._values.pop(name)
            is_name = canonical(name) not in prototype.ids
            is_several = isinstance(value, list) and _takes_several(prototype, value)
            given_name = name if is_name and not is_several else ""
            values = value if is_several else [value]
            found += [(given_name, EMPTY if each is None else each) for each in values]
        return found

    def take_rest(self, prototype: Prototype) -> list[tuple[str, Any]]:
        """Return and remove what an arbitrary prototype can take of what nothing else took."""
        fitting = [name for name, value in self._values.items() if _fits(prototype, value)]
        return [(name, self._values.pop(name)) for name in fitting]

    @property
    def left(self) -> Iterable[str]:
        """Return the names of values that nothing took."""
        return self._values.keys()


def filled(element: Node, value: Any) -> Node:
    """Return ``element``, which has no children, with ``value``.

    Besides the ValueOnly form it may be a text for a multi-language property (English), an object
    of languages and texts, the path of a file, an id for a reference. Raises ``BadRequest``.
    """
    model_type = element.get("modelType")
    if model_type == "MultiLanguageProperty":
        value = [{DEFAULT_LANGUAGE: value}] if isinstance(value, str) else value
        if isinstance(value, dict):
            value = [{language: text} for language, text in value.items()]
    elif model_type in ("File", "Blob") and isinstance(value, str):
        value = {"value": value, "contentType": element.get("contentType") or _BINARY}
    elif model_type == "ReferenceElement":
        value = _reference(value)
    elif model_type in _RELATIONSHIPS and isinstance(value, dict):
        ends = {name: _reference(value[name]) for name in ("first", "second") if name in value}
        value = {**value, **ends}
    return with_value(element, value)


def _reference(value: Any) -> Any:
    if isinstance(value, str):
        keys = [{"type": "GlobalReference", "value": value}]
        return {"type": "ExternalReference", "keys": keys}
    return value


def _nested(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return ``values`` in which ``{"A.B": 1}`` stands as ``{"A": {"B": 1}}``."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        head, rest = _split(str(key))
        if rest is None:
            found[head] = value
            continue
        inner = found.setdefault(head, {})
        if isinstance(inner, dict):
            inner[rest] = value
        else:
            found[str(key)] = value
    return found


def _split(key: str) -> tuple[str, str | None]:
    """Return the first name of an idShortPath and the rest; a semantic id is one name."""
    if "." not in key or "/" in key or "#" in key or ":" in key:
        return key, None
    try:
        segments = parse_id_short_path(key)
    except BadRequest:
        return key, None
    if not all(isinstance(segment, str) for segment in segments):
        return key, None
    head, _, rest = key.partition(".")
    return head, rest


def _is_meant(prototype: Prototype, name: str) -> bool:
    if name == prototype.id_short or canonical(name) in prototype.ids:
        return True
    placeholder = prototype.placeholder
    if placeholder is not None:
        if name == f"{placeholder.before.rstrip('_')}{placeholder.after}":
            return True
        middle = name.removeprefix(placeholder.before).removesuffix(placeholder.after)
        if name != middle and middle.isdecimal():
            return True
    pattern = prototype.rules.allowed_id_short
    return pattern is not None and not prototype.is_named and pattern.matches(name)


def _takes_several(prototype: Prototype, value: list[Any]) -> bool:
    """Return whether each item of a list is the value of an element of its own."""
    if prototype.model_type == "SubmodelElementList":
        return prototype.cardinality.most != 1 and all(isinstance(each, list) for each in value)
    is_text = prototype.model_type == "MultiLanguageProperty"
    return not is_text or prototype.cardinality.most != 1


def _fits(prototype: Prototype, value: Any) -> bool:
    """Return whether an arbitrary prototype may stand for an element with ``value``."""
    plain = value.get("value") if isinstance(value, dict) and "value" in value else value
    if prototype.model_type == "Property":
        return isinstance(plain, str | int | float)
    if prototype.model_type == "MultiLanguageProperty":
        return isinstance(plain, dict) and all(isinstance(each, str) for each in plain.values())
    if prototype.model_type == "Range":
        return isinstance(plain, dict) and plain.keys() <= {"min", "max"}
    if prototype.model_type == "SubmodelElementList":
        return isinstance(plain, list)
    if prototype.model_type == "File":
        return isinstance(value, dict) and "contentType" in value
    return isinstance(plain, dict)


def fitting_item(prototypes: Sequence[Prototype], value: Any) -> Prototype:
    """Return which of several prototypes of items a value is for: the one that knows its names."""
    if len(prototypes) == 1 or not isinstance(value, dict):
        return prototypes[0]
    return max(prototypes, key=lambda each: len({c.id_short for c in each.children} & value.keys()))


def own_and_inner(prototype: Prototype, value: Any, attribute: str) -> tuple[Any, Any]:
    """Return what a value says of an Entity or relationship itself, and of what stands in it."""
    if not isinstance(value, dict):
        return None, None
    members = ("entityType", "globalAssetId", "specificAssetIds", "first", "second")
    own = {name: member for name, member in value.items() if name in members}
    if prototype.model_type == "Entity" and own and "entityType" not in own:
        own["entityType"] = prototype.node.get("entityType", "SelfManagedEntity")
    rest = {name: each for name, each in value.items() if name not in members and name != attribute}
    inner = value.get(attribute)
    return own, {**inner, **rest} if isinstance(inner, dict) else rest

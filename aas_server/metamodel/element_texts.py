"""The texts of submodel elements: all elements in collections and lists, and what each says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aas_server.metamodel.tree import Node

CONTAINERS: Final = frozenset({"SubmodelElementCollection", "SubmodelElementList"})
"""The model types whose children are reached; statements and annotations are not."""

_PLAIN: Final = frozenset({"Property", "File", "Blob"})


def elements_below(elements: Any) -> Iterator[Node]:
    """Yield ``elements`` and all in collections and lists among them, parents first."""
    for element in elements if isinstance(elements, list) else ():
        yield element
        if element.get("modelType") in CONTAINERS:
            yield from elements_below(element.get("value"))


def texts_of(element: Node) -> Iterator[str]:
    """Yield the texts at ``value``: one, those of all languages, or a reference's first key."""
    model_type, value = element.get("modelType"), element.get("value")
    if model_type in _PLAIN:
        if isinstance(value, str):
            yield value
    elif model_type == "MultiLanguageProperty":
        yield from _lang_strings(value, "text")
    elif model_type == "ReferenceElement" and isinstance(value, dict):
        keys = value.get("keys")
        if isinstance(keys, list) and keys and isinstance(keys[0].get("value"), str):
            yield keys[0]["value"]


def languages_of(element: Node) -> Iterator[str]:
    """Yield the languages of a MultiLanguageProperty; other elements have none."""
    if element.get("modelType") == "MultiLanguageProperty":
        yield from _lang_strings(element.get("value"), "language")


def _lang_strings(value: Any, member: str) -> Iterator[str]:
    for text in value if isinstance(value, list) else ():
        if isinstance(text, dict) and isinstance(text.get(member), str):
            yield text[member]

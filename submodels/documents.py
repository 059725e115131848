"""The parts that all documents here are made of, and what instances keep of their templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from aas_server.metamodel.tree import walk

Json: TypeAlias = dict[str, Any]

_NAVIGATED: Final = ("SubmodelElementCollection", "SubmodelElementList")


def reference_to(*keys: tuple[str, str]) -> Json:
    """Return a reference by its keys: pairs of key type and value, the outermost first."""
    kind = "ExternalReference" if keys[0][0] == "GlobalReference" else "ModelReference"
    return {"type": kind, "keys": [{"type": key, "value": value} for key, value in keys]}


def lang_strings(texts: Mapping[str, str]) -> list[Json]:
    """Return texts by language as langStrings."""
    return [{"language": language, "text": text} for language, text in texts.items()]


def administration() -> Json:
    """Return the administration of a document in its first version."""
    return {"version": "1", "revision": "0"}


def make_terse(submodel: Json) -> None:
    """Take out of an instance what its concepts tell: descriptions, and names of values.

    Structures keep their names, which a reader navigates by.
    """
    for _, element in walk(submodel):
        element.pop("description", None)
        if element["modelType"] not in _NAVIGATED or "idShort" not in element:
            element.pop("displayName", None)

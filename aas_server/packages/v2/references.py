"""References and names: Keys without local and idType, of a model or of the world outside it.

IDTA-01001, AASd-121 to AASd-128.
"""

from __future__ import annotations

import re
from typing import Any, Final

from aas_server.metamodel.tree import Node
from aas_server.packages.v2.changes import Source

_IDENTIFIABLES: Final = frozenset({"AssetAdministrationShell", "ConceptDescription", "Submodel"})
_RENAMED: Final = {"BasicEvent": "BasicEventElement", "Event": "EventElement"}
_ELEMENTS: Final = frozenset(
    {
        "AnnotatedRelationshipElement",
        "BasicEventElement",
        "Blob",
        "Capability",
        "DataElement",
        "Entity",
        "EventElement",
        "File",
        "MultiLanguageProperty",
        "Operation",
        "Property",
        "Range",
        "ReferenceElement",
        "RelationshipElement",
        "SubmodelElement",
        "SubmodelElementCollection",
    }
)
_OUTSIDE: Final = frozenset({"Asset", "GlobalReference"})
_FRAGMENT: Final = "FragmentReference"
_WITH_FRAGMENTS: Final = ("Blob", "File")
_NO_LETTER: Final = re.compile(r"[^A-Za-z0-9_-]")
_ROUTINE: Final = "idType and local of the keys of a reference were left out"


def reference(source: Source | None) -> Node | None:
    """Return a Reference of 3.1; None for one without keys."""
    if source is None:
        return None
    keys = [key for each in source.objects("keys", "key") if (key := _key(each)) is not None]
    source.finish()
    if not keys:
        return None
    source.changes.count(_ROUTINE)
    first = keys[0]
    changes = source.changes
    if first["type"] in _ELEMENTS and first["value"] in changes.top_names and changes.submodel:
        source.note(
            "keys", f"lead from an element, {first['value']!r}: its submodel was put before"
        )
        keys.insert(0, {"type": "Submodel", "value": changes.submodel})
    within = _within_model(keys)
    if within is not None:
        if len(within) < len(keys):
            source.note("keys", f"those before the {within[0]['type']} were left out")
        return {"type": "ModelReference", "keys": within}
    if first["type"] not in _OUTSIDE:
        kinds = ", ".join(key["type"] for key in keys)
        source.note("keys", f"lead not from an identifiable ({kinds}): became GlobalReference")
    return {"type": "ExternalReference", "keys": _outside_model(keys)}


def external(value: str) -> Node:
    """Return a reference to something outside of every model."""
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def last_value(reference_: Any) -> str | None:
    """Return what the last key of a Reference names."""
    keys = reference_.get("keys") if isinstance(reference_, dict) else None
    value: str | None = keys[-1].get("value") if keys else None
    return value


def to_submodel(found: Node | None) -> Node | None:
    """Return a reference as shells have them to their submodels."""
    value = last_value(found)
    if value is None:
        return None
    return {"type": "ModelReference", "keys": [{"type": "Submodel", "value": value}]}


def mended_id_short(text: str) -> str:
    """Return ``text`` made an idShort (AASd-002): the same for the same text everywhere, so that
    references still lead to what they named.
    """
    plain = _NO_LETTER.sub("_", text.strip())
    if plain and not (plain[0].isascii() and plain[0].isalpha()):
        plain = f"x{plain}" if plain[0] == "_" else f"x_{plain}"
    if plain.endswith("-"):
        plain = f"{plain[:-1]}_"
    return plain


def _key(source: Source) -> Node | None:
    value, kind = source.word("value"), source.word("type") or "GlobalReference"
    if source.word("idType") in ("IdShort", "idShort") and value is not None:
        value = mended_id_short(value)
    for name in ("local", "index"):
        source.take(name)
    source.finish()
    return None if value is None else {"type": _RENAMED.get(kind, kind), "value": value}


def _within_model(keys: list[Node]) -> list[Node] | None:
    """Return the keys from the last identifiable on, if they are those of a ModelReference."""
    places = [index for index, key in enumerate(keys) if key["type"] in _IDENTIFIABLES]
    if not places or keys[0]["type"] not in _IDENTIFIABLES:
        return None
    found = keys[places[-1] :]
    kinds = [key["type"] for key in found[1:]]
    if len(kinds) > 1 and kinds[-1] == _FRAGMENT and kinds[-2] in _WITH_FRAGMENTS:
        kinds.pop()
    return found if all(kind in _ELEMENTS for kind in kinds) else None


def _outside_model(keys: list[Node]) -> list[Node]:
    last = len(keys) - 1
    return [
        {
            "type": _FRAGMENT
            if index == last > 0 and key["type"] == _FRAGMENT
            else "GlobalReference",
            "value": key["value"],
        }
        for index, key in enumerate(keys)
    ]

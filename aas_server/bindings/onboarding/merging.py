"""Three versions of a document made one: as it was proposed, as the user has it, as it is proposed
now. What the user changed, added or removed stays so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aas_server.metamodel.tree import Node

_MISSING: Final = object()


@dataclass(slots=True)
class Changes:
    """What merging did: values that were taken over, and those where the user's stayed although the
    machine tells something new.
    """

    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def merged(base: Any, current: Any, fresh: Any, changes: Changes, where: str = "") -> Any:
    """Return ``current`` with what ``fresh`` has that ``base`` has not.

    Elements are the same by idShort, documents by id, texts by language; what is missing in
    ``fresh`` stays, what is missing in ``current`` stays away.
    """
    if isinstance(base, dict) and isinstance(current, dict) and isinstance(fresh, dict):
        return _merged_members(base, current, fresh, changes, where)
    if isinstance(base, list) and isinstance(current, list) and isinstance(fresh, list):
        keyed = [_keyed(each) for each in (base, current, fresh)]
        if all(each is not None for each in keyed):
            return _merged_items(keyed, changes, where)
    if fresh in (base, current):
        return current
    if current == base:
        changes.changed.append(f"{where}: {_short(base)} is now {_short(fresh)}")
        return fresh
    changes.kept.append(f"{where}: yours is {_short(current)}, the machine says {_short(fresh)}")
    return current


def _merged_members(base: Node, current: Node, fresh: Node, changes: Changes, where: str) -> Node:
    found: Node = {}
    for name, value in current.items():
        if name not in fresh:
            # An attribute that is told no more goes, unless the user made it what it is.
            if base.get(name, _MISSING) == value:
                changes.changed.append(f"{where} {name}: {_short(value)} is told no more")
            else:
                found[name] = value
        else:
            before = base.get(name, value)
            found[name] = merged(before, value, fresh[name], changes, _place(where, current, name))
    for name, value in fresh.items():
        if name not in current and name not in base:
            found[name] = value
    return found


def _merged_items(keyed: Sequence[Any], changes: Changes, where: str) -> list[Any]:
    base, current, fresh = keyed
    found = []
    for key, value in current.items():
        if key in base and key in fresh:
            place = _below(where, value)
            found.append(merged(base[key], value, fresh[key], changes, place))
        else:
            found.append(value)
    found += [value for key, value in fresh.items() if key not in current and key not in base]
    return found


def _keyed(items: Sequence[Any]) -> dict[str, Any] | None:
    """Return items by what tells each from the others, None where nothing does."""
    found: dict[str, Any] = {}
    for item in items:
        key = _key(item)
        if key is None or key in found:
            return None
        found[key] = item
    return found


def _key(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    for name in ("idShort", "id", "language", "name"):
        if isinstance(item.get(name), str):
            return f"{name} {item[name]}"
    if item.keys() == {"type", "keys"}:
        return json.dumps(item["keys"], sort_keys=True)
    value = item.get("value")
    if isinstance(value, dict):  # a variable of an Operation
        return _key(value)
    if isinstance(value, list):  # a source or a sink of a mapping: its id tells it
        return next((_id_in(each) for each in value if _id_in(each)), None) or (
            "only" if item.get("modelType") == "SubmodelElementCollection" else None
        )
    return None


def _id_in(element: Any) -> str | None:
    if isinstance(element, dict) and element.get("idShort") in ("SourceId", "SinkId"):
        return f"{element['idShort']} {element.get('value')}"
    return None


def _place(where: str, node: Node, name: str) -> str:
    if name in ("submodelElements", "value", "submodels", "conceptDescriptions") and isinstance(
        node.get(name), list
    ):
        return where
    return f"{where} {name}".strip()


def _below(where: str, item: Node) -> str:
    if "id" in item and where:  # the document of a file that is named for it
        return where
    name = item.get("idShort") or item.get("language") or ""
    return f"{where}.{name}".strip(".") if name else where


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return repr(text) if len(text) <= 60 else f"{text[:57]!r}..."


def elements_by_path(submodel: Node, name: str) -> Iterable[tuple[str, str]]:
    """Yield (``submodel/path of a collection``, idShort) for every element of a submodel."""
    pending: list[tuple[str, list[Node]]] = [("", submodel.get("submodelElements") or [])]
    while pending:
        path, elements = pending.pop()
        for element in elements:
            id_short = element.get("idShort")
            if not isinstance(id_short, str):
                continue
            yield f"{name}/{path}", id_short
            value = element.get("value")
            if element.get("modelType") == "SubmodelElementCollection" and isinstance(value, list):
                pending.append((f"{path}.{id_short}".strip("."), value))

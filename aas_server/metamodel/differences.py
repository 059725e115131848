"""What differs between two forms of a document, place by place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_NAMES: Final = ("idShort", "id", "type", "language", "name")
"""Members that tell the items of a list apart; the first counts that does so for all of them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A place with what stood there ``before`` and ``after``; None for nothing.

    ``path`` is a JSON path in which items stand by their names where they have any:
    ``submodelElements[Weight].value``.
    """

    path: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Yield what differs, in the order of ``before``, then what is new.

    Items of lists are compared by name, whatever their places are; that their order differs is
    told once, as a difference of their names.
    """
    if before is after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            inner = f"{path}.{name}" if path else str(name)
            yield from differences(before.get(name), after.get(name), inner)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_items(before, after, path)
    elif before != after or type(before) is not type(after):
        yield Difference(path, before, after)


def _of_items(before: list[Any], after: list[Any], path: str) -> Iterator[Difference]:
    old, new = _by_name(before, after)
    kept_before = [key for key in old if key in new]
    kept_after = [key for key in new if key in old]
    if kept_before != kept_after:
        yield Difference(f"{path} (order)", kept_before, kept_after)
    for key in dict.fromkeys([*old, *new]):
        yield from differences(old.get(key), new.get(key), f"{path}[{key}]")


def _by_name(before: list[Any], after: list[Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the items of two lists by what names all of them, else by their indexes."""
    for name in _NAMES:
        old, new = _named(before, name), _named(after, name)
        if old is not None and new is not None:
            return old, new
    return dict(enumerate(before)), dict(enumerate(after))


def _named(items: list[Any], name: str) -> dict[Any, Any] | None:
    """Return ``items`` by their member ``name``, or None when it does not tell them apart."""
    keys = [item.get(name) if isinstance(item, dict) else None for item in items]
    if len(set(map(str, keys))) < len(keys) or not all(isinstance(key, str) for key in keys):
        return None
    return dict(zip(keys, items, strict=True))

"""Rewriting any JSON value, object by object, without changing it: what stays is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import msgspec

from aas_server.metamodel.tree import Node

JsonPath: TypeAlias = list[str | int]
"""Member names and indexes from the root of a document downwards."""


_encode: Final = msgspec.json.Encoder().encode


def encoded(tree: Any) -> bytes | None:
    """Return the JSON text of ``tree`` without blanks; None when it has none.

    Searching it for a sign is some thirty times as fast as walking the tree.
    """
    try:
        return _encode(tree)
    except (RecursionError, OverflowError, TypeError, ValueError):
        return None


def json_path(segments: Iterable[str | int]) -> str:
    """Return the text of a JSON path: ``submodelElements[3].value``."""
    text = ""
    for segment in segments:
        if isinstance(segment, int):
            text += f"[{segment}]"
        else:
            text += f".{segment}" if text else segment
    return text


def rewritten(tree: Any, change: Callable[[Node, JsonPath], Node]) -> Any:
    """Return ``tree`` with every object in it replaced by what ``change`` makes of it, parents
    first.

    ``change`` gets an object and its path, which it must not keep, and returns the same object or
    a changed copy. What needs no change is shared with ``tree``. Raises ``RecursionError`` for
    nesting that Python cannot walk.
    """
    return _rewritten(tree, change, [])


def _rewritten(value: Any, change: Callable[[Node, JsonPath], Node], path: JsonPath) -> Any:
    if isinstance(value, dict):
        node = change(value, path)
        items: Iterable[tuple[str | int, Any]] = node.items()
    else:
        node = value
        items = enumerate(value)
    changes: list[tuple[Any, Any]] = []
    for key, member in items:
        if member.__class__ is dict or member.__class__ is list:
            path.append(key)
            newer = _rewritten(member, change, path)
            path.pop()
            if newer is not member:
                changes.append((key, newer))
    if changes:
        node = node.copy()
        for key, newer in changes:
            node[key] = newer
    return node

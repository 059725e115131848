"""References: what they point at, and when two of them mean the same (IDTA-01001, matching of
references).
"""

from __future__ import annotations

from typing import Any

from aas_server.metamodel.tree import Node


def key_values(reference: Node | None) -> tuple[str, ...]:
    """Return the key values of ``reference``, blanks around them removed.

    Two references match by value when these are equal: key types, the reference's type and its
    referredSemanticId say nothing about the meaning. Takes any JSON: what is no reference has none.
    """
    keys: Any = reference.get("keys") if isinstance(reference, dict) else None
    if not isinstance(keys, list):
        return ()
    return tuple(str(key.get("value", "")).strip() for key in keys if isinstance(key, dict))


def semantic_keys(node: Node) -> list[tuple[str, ...]]:
    """Return the key values of the semanticId and of every supplementalSemanticId of ``node``."""
    return [key_values(reference) for reference in semantic_references(node) if reference]


def semantic_references(node: Node) -> list[Any]:
    """Return the semanticId of ``node``, None without any, and its supplementalSemanticIds."""
    supplemental: Any = node.get("supplementalSemanticIds")
    return [node.get("semanticId"), *(supplemental if isinstance(supplemental, list) else ())]

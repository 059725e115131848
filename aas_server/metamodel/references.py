"""References: what they point at, and when two of them mean the same (IDTA-01001, matching of
references).
"""

from __future__ import annotations

from typing import Any

from aas_server.metamodel.tree import Node


def key_values(reference: Node | None) -> tuple[str, ...]:
    """Return the key values of ``reference``, blanks around them removed.

    Two references match by value when these are equal: key types, the reference's type and its
    referredSemanticId say nothing about the meaning.
    """
    if not reference:
        return ()
    return tuple(str(key.get("value", "")).strip() for key in reference.get("keys", ()))


def semantic_keys(node: Node) -> list[tuple[str, ...]]:
    """Return the key values of the semanticId and of every supplementalSemanticId of ``node``."""
    references: list[Any] = [node.get("semanticId"), *(node.get("supplementalSemanticIds") or ())]
    return [key_values(reference) for reference in references if reference]

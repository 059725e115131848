"""Semantic ids as templates and instances spell them, and when two of them mean the same."""

from __future__ import annotations

import re
from typing import Final

from aas_server.metamodel.references import key_values, semantic_references
from aas_server.metamodel.tree import Node

GENERAL: Final = "https://admin-shell.io/SMT/General/"
"""How semantic ids begin that belong to the template language, not to a domain."""
ARBITRARY: Final = "https://admin-shell.io/SMT/General/Arbitrary"
"""How the semantic ids of prototypes begin that stand for elements of any name and meaning."""
INTENTIONALLY_EMPTY: Final = "https://admin-shell.io/SMT/General/IntentionallyEmpty"
DROP_IN: Final = "https://admin-shell.io/smt-dropin/smt-dropin-use/1/0"
"""The supplemental semantic id of a collection whose content another template defines."""

_ECLASS: Final = re.compile(
    r"https?://api\.eclass-cdp\.com/(\d{4}-\d)-(\d{2})-([A-Z]{3}\d{3})-(\d{3})", re.IGNORECASE
)
_IRDI_VERSION: Final = re.compile(r"(?<=[A-Z0-9])#\d{3}$")
_IRI_VERSION: Final = re.compile(r"/\d+(?:[./]\d+){0,2}(?=/|$)")


def canonical(identifier: str) -> str:
    """Return the one spelling of an id: no blanks around it nor slash behind it, ECLASS as IRDI.

    IDTA 02031-1 bears a host that does not exist: what was meant counts.
    """
    text = identifier.strip().replace("://admin-shell-io/", "://admin-shell.io/", 1)
    match = _ECLASS.fullmatch(text)
    if match is not None:
        return f"{match[1]}#{match[2]}-{match[3].upper()}#{match[4]}"
    return text.rstrip("/") if "://" in text else text


def without_version(identifier: str) -> str:
    """Return a canonical id without version and case, by which near misses are found."""
    shorter = _IRDI_VERSION.sub("", identifier)
    if shorter == identifier:
        shorter = _IRI_VERSION.sub("", identifier)
    return shorter.casefold()


def reference_ids(reference: Node | None) -> frozenset[str]:
    """Return what a reference of any type means: its only key, or its keys joined by slashes."""
    values = [canonical(value) for value in key_values(reference)]
    return frozenset({"/".join(values)}) if any(values) else frozenset()


def primary_ids(node: Node) -> frozenset[str]:
    """Return the canonical semanticId of ``node``, nothing without any."""
    return reference_ids(node.get("semanticId"))


def supplemental_ids(node: Node) -> frozenset[str]:
    """Return the canonical supplemental semantic ids of ``node``, drop-in marks among them."""
    found: frozenset[str] = frozenset()
    for reference in semantic_references(node)[1:]:
        found |= reference_ids(reference)
    return found

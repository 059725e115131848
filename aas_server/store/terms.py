"""Terms: what lists find documents by, as Part 2 filters them (IDTA-01002), and queries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import orjson

from aas_server.metamodel.references import key_values, semantic_keys
from aas_server.metamodel.tree import Node
from aas_server.store.element_terms import NO_CHANGE, IndexChange, change_of_elements
from aas_server.store.ordered_terms import document_terms
from aas_server.store.protocol import (
    LOOKED,
    NO_SIGNATURES,
    NO_TERMS,
    Kind,
    Signatures,
    Terms,
)

Property: TypeAlias = tuple[str, Any]
"""The name of what is filtered by, and its value: text, or a sequence of texts."""

TEMPLATE: Final[Property] = ("kind", "Template")
"""Of submodels that are templates."""

_ELEMENTS: Final = "submodelElements"
_WAY: Final = 2 * LOOKED
_LENGTHS: Final = [bytes((length,)) for length in range(256)]
_SIZE: Final = 16
"""Bytes of a term: two different properties never share one."""


def term_of(kind: Kind, name: str, value: Any) -> bytes:
    """Return the term of documents of ``kind`` whose ``name`` is or has ``value``."""
    return blake2b(orjson.dumps((kind.value, name, value)), digest_size=_SIZE).digest()


def terms_of(kind: Kind, tree: Node) -> Terms:
    """Return every term of a document, those of lists and the ordered ones of queries."""
    return change_between(kind, None, tree).gains


def change_between(kind: Kind, before: Node | None, after: Node | None) -> IndexChange:
    """Return what a change of a document does to the index; None is a document that is not there.

    What both states share is not looked into.
    """
    outside = _change_outside(kind, before, after)
    if kind is not Kind.SUBMODEL:
        return outside
    old, new = (None if tree is None else tree.get(_ELEMENTS) for tree in (before, after))
    inside = change_of_elements(old, new)
    return IndexChange(
        inside.gains | outside.gains, inside.loses | outside.loses, inside.signatures
    )


def _change_outside(kind: Kind, before: Node | None, after: Node | None) -> IndexChange:
    """Return what changes outside of a submodel's elements do to the index."""
    if before is not None and after is not None:
        is_same = {**before, _ELEMENTS: None} == {**after, _ELEMENTS: None}
        if is_same and kind is Kind.SUBMODEL:
            return NO_CHANGE
    gone, found = (
        NO_TERMS if tree is None else list_terms_of(kind, tree).union(document_terms(kind, tree))
        for tree in (before, after)
    )
    return IndexChange(found - gone, gone - found, NO_SIGNATURES)


def list_terms_of(kind: Kind, tree: Node) -> Terms:
    """Return the terms that lists find a document by.

    They follow from what stands outside of a submodel's elements.
    """
    return frozenset(term_of(kind, name, value) for name, value in set(_properties(kind, tree)))


def joined(terms: Terms) -> bytes:
    """Return ``terms`` as what needs little memory."""
    return b"".join([_LENGTHS[len(term)] + term for term in sorted(terms)])


def separated(text: bytes) -> Terms:
    """Return the terms that were ``joined``."""
    found: list[bytes] = []
    start = 0
    while start < len(text):
        end = start + 1 + text[start]
        found.append(text[start + 1 : end])
        start = end
    return frozenset(found)


@lru_cache(maxsize=256)
def joined_signatures(signatures: Signatures) -> bytes:
    """Return ``signatures`` as what needs little memory; documents of one template have the same
    ones, and then this is the same object.
    """
    return b"".join(sorted(signatures))


@lru_cache(maxsize=256)
def separated_signatures(text: bytes) -> Signatures:
    """Return the signatures that were joined."""
    return frozenset(
        text[start : start + _WAY] for start in range(0, len(text), _WAY)
    )  # fmt: skip


def _properties(kind: Kind, tree: Node) -> Iterator[Property]:
    for values in semantic_keys(tree):
        yield "semanticId", values
    if "idShort" in tree:
        yield "idShort", tree["idShort"]
    if tree.get("kind") == "Template":
        yield TEMPLATE
    for reference in tree.get("isCaseOf") or ():
        yield "isCaseOf", key_values(reference)
    if kind is Kind.CONCEPT_DESCRIPTION:
        for embedded in tree.get("embeddedDataSpecifications") or ():
            yield "dataSpecification", key_values(embedded.get("dataSpecification"))
    elif kind is Kind.SHELL:
        yield from _of_asset(tree.get("assetInformation") or {}, "specificAssetIds")
    elif kind is Kind.SHELL_DESCRIPTOR:
        yield from _of_asset(tree, "specificAssetIds")
    elif kind is Kind.ASSET_LINKS:
        yield from _of_asset(tree, "links")
    elif kind is Kind.PACKAGE:
        for identifier in tree.get("aasIds") or ():
            yield "aasId", identifier


def _of_asset(holder: Node, attribute: str) -> Iterator[Property]:
    for name in ("assetKind", "assetType"):
        if isinstance(holder.get(name), str):
            yield name, holder[name]
    if "globalAssetId" in holder:
        yield "assetId", ("globalAssetId", holder["globalAssetId"])
    for specific in holder.get(attribute) or ():
        yield "assetId", (specific.get("name"), specific.get("value"))

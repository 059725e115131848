"""Terms of submodel elements: their values, in order, by what they are called and what they mean.

An element has one or more names (its idShort, and that of the list that it stands in) and meanings
(the keys of its semantic ids). All of them together are its signature, by which its terms begin, so
that a value stands in the index once however many ways lead to it::

    name or meaning ──signatures──► signature + value ──terms──► document

There are few signatures and many values: what elements are called seldom changes.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from aas_server.metamodel.element_texts import CONTAINERS, texts_of
from aas_server.metamodel.tree import Node
from aas_server.store.ordered_terms import (
    CONCEPT,
    CUT_OF_VALUES,
    ELEMENT,
    NO_VALUE,
    looked_at,
    meant_by,
    value_key,
)
from aas_server.store.protocol import LOOKED, NO_SIGNATURES, NO_TERMS, Kind, Signatures, Terms

_NO_REFERENCE: Final[Node] = {}


class IndexChange(NamedTuple):
    """What a change does to the index: terms that a document ``gains``, some of which it may have
    already, and ``loses``, and the ``signatures`` of elements that are new to it.
    """

    gains: Terms
    loses: Terms
    signatures: Signatures


NO_CHANGE: Final = IndexChange(NO_TERMS, NO_TERMS, NO_SIGNATURES)


class _Signature(NamedTuple):
    """The first bytes of an element's terms, and the ways that lead to them."""

    start: bytes
    ways: Signatures


class _Change:
    """Terms before and after, the signatures of what is new, and what stayed as it was."""

    def __init__(self) -> None:
        self.gone: list[bytes] = []
        self.found: list[bytes] = []
        self.signatures: set[_Signature] = set()
        self.same: list[tuple[Sequence[Node], str]] = []
        self.same_outside: list[tuple[Node, str]] = []
        """Containers of which only the content changed."""


def change_of_elements(before: Any, after: Any) -> IndexChange:
    """Return what replacing the elements ``before`` by those ``after`` does to the index.

    Elements that are equal in both cost little, and next to nothing when they are the very same
    objects: a change of one of a thousand elements is cheap.
    """
    change = _Change()
    _compare(before, after, "", change)
    gone, found = frozenset(change.gone), frozenset(change.found)
    lost = gone - found
    if lost:
        # Another element may have the same signature and the same value.
        lost = lost.difference(_terms_of_same(change, {term[:LOOKED] for term in lost}))
    ways = NO_SIGNATURES.union(*(each.ways for each in change.signatures))
    return IndexChange(found - gone, lost, ways)


def _compare(before: Any, after: Any, list_name: str, change: _Change) -> None:
    old = before if isinstance(before, list) else []
    new = after if isinstance(after, list) else []
    if not old:
        _collect(new, list_name, change.found, change.signatures)
        return
    kept = {id(each) for each in old} & {id(each) for each in new}
    same: list[Node] = []
    if kept:
        same += [each for each in new if id(each) in kept]
        old = [each for each in old if id(each) not in kept]
        new = [each for each in new if id(each) not in kept]
    for one, other in zip(old, new, strict=False):
        if not _is_called_the_same(one, other):
            _collect([one], list_name, change.gone)
            _collect([other], list_name, change.found, change.signatures)
        elif one.get("value") == other.get("value"):
            same.append(other)
        elif one["modelType"] in CONTAINERS:
            change.same_outside.append((other, list_name))
            name = _name_below(one, list_name)
            _compare(one.get("value"), other.get("value"), name, change)
        else:
            signature = _signature_of(one, list_name)
            if signature is not None:
                change.gone += _terms(one, signature)
                change.found += _terms(other, signature)
    change.same.append((same, list_name))
    paired = min(len(old), len(new))
    _collect(old[paired:], list_name, change.gone)
    _collect(new[paired:], list_name, change.found, change.signatures)


def _terms_of_same(change: _Change, starts: Set[bytes]) -> list[bytes]:
    """Return the terms of what stayed as it was, as far as they begin with one of ``starts``."""
    found: list[bytes] = []
    for elements, list_name in change.same:
        _collect(elements, list_name, found, among=starts)
    for container, list_name in change.same_outside:
        signature = _signature_of(container, list_name)
        if signature is not None and signature.start in starts:
            found += _terms(container, signature)
    return found


def _collect(
    elements: Any,
    list_name: str,
    terms: list[bytes],
    signatures: set[_Signature] | None = None,
    among: Set[bytes] | None = None,
) -> None:
    """Add the terms and the signatures of ``elements`` and of all below them, of those alone whose
    terms begin with one of ``among``.

    ``list_name`` is the idShort of the list that they stand in.
    """
    for element in elements if isinstance(elements, list) else ():
        signature = _signature_of(element, list_name)
        if signature is not None and (among is None or signature.start in among):
            terms += _terms(element, signature)
            if signatures is not None:
                signatures.add(signature)
        if element.get("modelType") in CONTAINERS:
            below = _name_below(element, list_name)
            _collect(element.get("value"), below, terms, signatures, among)


def _terms(element: Node, signature: _Signature) -> list[bytes]:
    if element.get("modelType") == "Property":  # most are, and this is quick
        value = element.get("value")
        key = value_key(value, CUT_OF_VALUES) if isinstance(value, str) else NO_VALUE
        return [signature.start + key]
    keys = [value_key(text, CUT_OF_VALUES) for text in texts_of(element)] or [NO_VALUE]
    return [signature.start + key for key in keys]


def _signature_of(element: Node, list_name: str) -> _Signature | None:
    """Return the signature of an element, None when nothing leads to it."""
    own = element.get("idShort")
    keys: Sequence[Node] = (element.get("semanticId") or _NO_REFERENCE).get("keys") or ()
    if len(keys) == 1 and not list_name and own and "supplementalSemanticIds" not in element:
        return _usual_signature(own, keys[0].get("value"))  # most are so, and this is quick
    if list_name and list_name != own:
        names: tuple[str, ...] = (own, list_name) if own else (list_name,)
    else:
        names = (own,) if own else ()
    meanings: tuple[str, ...] = ()
    if "semanticId" in element or "supplementalSemanticIds" in element:
        meanings = tuple(meant_by(element))
    return _signature(names, meanings)


@lru_cache(maxsize=16_384)
def _usual_signature(name: str, meaning: str | None) -> _Signature | None:
    return _signature((name,), () if meaning is None else (meaning,))


@lru_cache(maxsize=16_384)
def _signature(names: tuple[str, ...], meanings: tuple[str, ...]) -> _Signature | None:
    ways = [(ELEMENT, name) for name in sorted(set(names))]
    ways += [(CONCEPT, meaning) for meaning in sorted(set(meanings))]
    if not ways:
        return None
    start = blake2b(orjson.dumps(ways), digest_size=LOOKED).digest()
    looked = (looked_at(Kind.SUBMODEL, *way).start for way in ways)
    return _Signature(start, frozenset(each + start for each in looked))


def _name_below(element: Node, list_name: str) -> str:
    """Return the name by which elements in a container are found beside their own."""
    if element["modelType"] != "SubmodelElementList":
        return ""
    name: str = element.get("idShort") or list_name
    return name


def _is_called_the_same(one: Node, other: Node) -> bool:
    """Return whether two elements are of one kind and have the same names and meanings."""
    return (
        one.get("idShort") == other.get("idShort")
        and one.get("modelType") == other.get("modelType")
        and one.get("semanticId") == other.get("semanticId")
        and one.get("supplementalSemanticIds") == other.get("supplementalSemanticIds")
    )

"""Ordered terms: what queries find documents by, where equality is not all that is asked for.

An ordered term is what is looked at (eight bytes of a hash of the kind, a role and a name) and a
value whose bytes have the order of the values: numbers first, then moments, then texts. So one
place in the index of terms has all values of one concept, side by side, and a range of them is read
in one go. What a range leads to is more than is asked for (long texts are cut and hashed, large
integers rounded): whoever asks looks again at what is found.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Set
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from aas_server.metamodel.element_texts import CONTAINERS, texts_of
from aas_server.metamodel.lexical import moment_of, number_of
from aas_server.metamodel.tree import Node
from aas_server.store.protocol import Kind, Terms

ID: Final = "id"
ID_SHORT: Final = "idShort"
SEMANTIC_ID: Final = "semanticId"
GLOBAL_ASSET_ID: Final = "globalAssetId"
SPECIFIC_ASSET_ID: Final = "specificAssetId"
"""Values of specific asset ids, whatever their names."""
SUBMODEL: Final = "submodel"
"""Of shells: the submodels that they refer to."""
CONCEPT: Final = "concept"
"""Values of submodel elements, by the concepts that they mean."""
ELEMENT: Final = "element"
"""Values of submodel elements, by their idShorts; in a list by that of the list."""

_HASH: Final = 8
_CUT: Final = 80
_CUT_OF_VALUES: Final = 16
"""Bytes of a text that its term begins with; there are many values of elements."""
_NOTHING: Final = b"\x00"
_NUMBER: Final = b"\x01"
_MOMENT: Final = b"\x02"
_TEXT: Final = b"\x03"
_END: Final = b"\x04"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DOUBLE: Final = struct.Struct(">d")
_WHOLE: Final = struct.Struct(">Q")
_SIGN: Final = 1 << 63
_LARGEST: Final = 1.7976931348623157e308
_NUMERIC_STARTS: Final = frozenset("0123456789+-. \t\r\nIN")


class Looked(NamedTuple):
    """What is looked at: the first bytes of an ordered term, and how many of a text follow."""

    start: bytes
    cut: int


class Range(NamedTuple):
    """Ordered terms from ``low`` on and below ``high``."""

    low: bytes
    high: bytes


@lru_cache(maxsize=65_536)
def looked_at(kind: Kind, role: str, name: str = "") -> Looked:
    """Return the first bytes of the terms of a role in documents of ``kind``; elements of submodels
    have the kind ``SUBMODEL``.
    """
    digest = blake2b(orjson.dumps((kind.value, role, name)), digest_size=_HASH).digest()
    return Looked(digest, _CUT_OF_VALUES if role in (CONCEPT, ELEMENT) else _CUT)


def everything(looked: Looked) -> Range:
    """Return the range of all that is looked at, whatever its value."""
    return Range(looked.start, looked.start + _END)


def equal_to(looked: Looked, text: str) -> Range:
    """Return the range of values that may be ``text``."""
    key = term_of_value(looked, text)
    return Range(key, key + b"\x00")


def beginning_with(looked: Looked, text: str) -> Range:
    """Return the range of values that may begin with ``text``."""
    if not text or text[0] in _NUMERIC_STARTS:
        return everything(looked)
    start = looked.start + _TEXT + text.encode("utf-8", "surrogatepass")[: looked.cut]
    return Range(start, start + b"\xff" * (looked.cut + _HASH + 1))


def numbers_between(looked: Looked, low: float | None, high: float | None) -> Range:
    """Return the range of numbers from ``low`` to ``high``, both inclusive; None is no bound."""
    first = b"" if low is None else _number(low)
    last = b"\xff" * 9 if high is None else _number(high) + b"\x00"
    return Range(looked.start + _NUMBER + first, looked.start + _NUMBER + last)


def moments_between(looked: Looked, low: datetime | None, high: datetime | None) -> Range:
    """Return the range of moments from ``low`` to ``high``, both inclusive; None is no bound."""
    first = b"" if low is None else _moment(low)
    last = b"\xff" * 9 if high is None else _moment(high) + b"\x00"
    return Range(looked.start + _MOMENT + first, looked.start + _MOMENT + last)


def term_of_value(looked: Looked, text: str) -> bytes:
    """Return the term of a value: equal texts have equal ones, and so have equal numbers."""
    return looked.start + _key(text, looked.cut)


def _key(text: str, cut: int) -> bytes:
    if text and text[0] in _NUMERIC_STARTS:
        number = number_of(text)
        if number is not None and not math.isnan(number):
            return _NUMBER + _number(number)
        moment = moment_of(text)
        if moment is not None:
            return _MOMENT + _moment(moment)
    if len(text) * 4 <= cut:
        return _TEXT + text.encode("utf-8", "surrogatepass")
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= cut:
        return _TEXT + raw
    return _TEXT + raw[:cut] + blake2b(raw, digest_size=_HASH).digest()


def ordered_terms(kind: Kind, tree: Node) -> Iterator[bytes]:
    """Yield the ordered terms of a document."""
    if kind is Kind.SUBMODEL:
        yield from element_terms(tree.get("submodelElements"))
    for role, text in _properties(kind, tree):
        if isinstance(text, str):
            yield term_of_value(looked_at(kind, role), text)


def element_terms(elements: Any) -> Iterator[bytes]:
    """Yield the ordered terms of submodel elements and of all below them."""
    found: list[bytes] = []
    _collect(elements, "", found)
    yield from found


def _collect(
    elements: Any, list_name: str, found: list[bytes], among: Set[str] | None = None
) -> None:
    """Add the ordered terms of ``elements``, of those alone whose names or meanings are ``among``
    them.

    ``list_name`` is the idShort of the list that they stand in.
    """
    for element in elements if isinstance(elements, list) else ():
        names, meanings = _about(element, list_name)
        if among is None or not among.isdisjoint((*names, *meanings)):
            starts = [*map(_of_element, names), *map(_of_concept, meanings)]
            if starts:
                keys = [_key(text, _CUT_OF_VALUES) for text in texts_of(element)] or (_NOTHING,)
                found += [start + key for start in starts for key in keys]
        if element.get("modelType") in CONTAINERS:
            _collect(element.get("value"), _name_below(element, list_name), found, among)


def _about(element: Node, list_name: str) -> tuple[Iterable[str], Iterable[str]]:
    """Return what an element is found by: its names, and the values of what it means."""
    own = element.get("idShort")
    names = (own,) if own else ()
    if list_name and list_name != own:
        names = (*names, list_name)
    if "semanticId" in element or "supplementalSemanticIds" in element:
        return names, tuple(meant_by(element))
    return names, ()


def _name_below(element: Node, list_name: str) -> str:
    """Return the name by which elements in a container are found beside their own."""
    if element["modelType"] != "SubmodelElementList":
        return ""
    name: str = element.get("idShort") or list_name
    return name


@lru_cache(maxsize=65_536)
def _of_element(name: str) -> bytes:
    return looked_at(Kind.SUBMODEL, ELEMENT, name).start


@lru_cache(maxsize=65_536)
def _of_concept(value: str) -> bytes:
    return looked_at(Kind.SUBMODEL, CONCEPT, value).start


def change_of_elements(before: Node, after: Node) -> tuple[Terms, Terms]:
    """Return the terms that a submodel gains and those that it loses with a change of elements.

    Elements that are the very same objects in both states are not looked into, as far as they can
    have nothing to do with what is lost: that makes a change of one of a thousand elements cheap.
    """
    change = _Change([], [], set())
    _compare(before.get("submodelElements"), after.get("submodelElements"), "", change)
    gone, found = set(change.gone), set(change.found)
    lost = gone - found
    if lost:
        # Another element may have the same name, or mean the same, and have the same value.
        others: list[bytes] = []
        _collect(after.get("submodelElements"), "", others, change.about)
        lost.difference_update(others)
    return frozenset(found - gone), frozenset(lost)


class _Change(NamedTuple):
    """Terms of elements that differ, before and after; ``about`` is what they were found by."""

    gone: list[bytes]
    found: list[bytes]
    about: set[str]


def meant_by(node: Node) -> Iterator[str]:
    """Yield the values of all keys of the semanticId and the supplemental ones."""
    semantic_id = node.get("semanticId")
    references = [] if semantic_id is None else [semantic_id]
    references += node.get("supplementalSemanticIds") or ()
    for reference in references:
        for key in reference.get("keys") or ():
            if isinstance(key.get("value"), str):
                yield key["value"]


def _compare(before: Any, after: Any, list_name: str, change: _Change) -> None:
    old = before if isinstance(before, list) else []
    new = after if isinstance(after, list) else []
    kept = {id(each) for each in old} & {id(each) for each in new}
    gone = [each for each in old if id(each) not in kept]
    found = [each for each in new if id(each) not in kept]
    paired = min(len(gone), len(found))
    for one, other in zip(gone, found, strict=False):
        if one == other:
            continue
        if _is_one_container(one, other):
            name = _name_below(one, list_name)
            _compare(one.get("value"), other.get("value"), name, change)
        else:
            _note_gone([one], list_name, change)
            _collect([other], list_name, change.found)
    _note_gone(gone[paired:], list_name, change)
    _collect(found[paired:], list_name, change.found)


def _note_gone(elements: list[Node], list_name: str, change: _Change) -> None:
    _collect(elements, list_name, change.gone)
    _add_about(elements, list_name, change.about)


def _add_about(elements: Any, list_name: str, about: set[str]) -> None:
    for element in elements if isinstance(elements, list) else ():
        for each in _about(element, list_name):
            about.update(each)
        if element.get("modelType") in CONTAINERS:
            _add_about(element.get("value"), _name_below(element, list_name), about)


def _is_one_container(one: Node, other: Node) -> bool:
    """Return whether two elements differ in what they contain only."""
    if one.get("modelType") not in CONTAINERS:
        return False
    return {**one, "value": None} == {**other, "value": None}


def _properties(kind: Kind, tree: Node) -> Iterator[tuple[str, Any]]:
    yield ID, tree.get("id")
    yield ID_SHORT, tree.get("idShort")
    for value in meant_by(tree):
        yield SEMANTIC_ID, value
    asset: Node = tree
    if kind is Kind.SHELL:
        asset = tree.get("assetInformation") or {}
        for reference in tree.get("submodels") or ():
            keys = reference.get("keys") or ()
            if keys:
                yield SUBMODEL, keys[0].get("value")
    if kind in (Kind.SHELL, Kind.SHELL_DESCRIPTOR):
        yield GLOBAL_ASSET_ID, asset.get("globalAssetId")
        for specific in asset.get("specificAssetIds") or ():
            yield SPECIFIC_ASSET_ID, specific.get("value")


def _number(value: float) -> bytes:
    try:
        number = float(value)
    except OverflowError:
        number = math.copysign(_LARGEST, value)
    (bits,) = _WHOLE.unpack(_DOUBLE.pack(number + 0.0))
    return _WHOLE.pack(bits ^ (_SIGN if bits < _SIGN else 2**64 - 1))


def _moment(value: datetime) -> bytes:
    return _WHOLE.pack((value - _EPOCH) // _MICROSECOND + _SIGN)

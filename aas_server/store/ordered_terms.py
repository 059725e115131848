"""Ordered terms: what queries find documents by, where equality is not all that is asked for.

An ordered term is what is looked at (eight bytes of a hash of the kind, a role and a name) and a
value whose bytes have the order of the values: numbers first, then moments, then texts. So one
place in the index of terms has all values of one concept, side by side, and a range of them is read
in one go. What a range leads to is more than is asked for (long texts are cut and hashed, large
integers rounded): whoever asks looks again at what is found.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from aas_server.metamodel.lexical import moment_of, number_of
from aas_server.metamodel.tree import Node
from aas_server.store.protocol import LOOKED, Kind, Range

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

CUT_OF_VALUES: Final = 16
"""Bytes of a text that its term has of it where there are many: of values of elements."""
_CUT: Final = 80
NO_VALUE: Final = b"\x00"
"""In the place of the value of what has none."""
_NUMBER: Final = b"\x01"
_MOMENT: Final = b"\x02"
_TEXT: Final = b"\x03"
BEYOND: Final = b"\x04"
"""Above the first byte of every value."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DOUBLE: Final = struct.Struct(">d")
_WHOLE: Final = struct.Struct(">Q")
_SIGN: Final = 1 << 63
_NUMERAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_SHORT: Final = 40
"""Characters of a numeral that is read without further ado, as most are."""
_LARGEST: Final = 1.7976931348623157e308
_NUMERIC_STARTS: Final = frozenset("0123456789+-. \t\r\nIN")


class Looked(NamedTuple):
    """What is looked at: the first bytes of an ordered term, and how many of a text follow.

    What elements are called or mean, ``of_elements``, leads to signatures, by which terms begin.
    """

    start: bytes
    cut: int
    of_elements: bool = False


@lru_cache(maxsize=65_536)
def looked_at(kind: Kind, role: str, name: str = "") -> Looked:
    """Return the first bytes of the terms of a role in documents of ``kind``; elements of submodels
    have the kind ``SUBMODEL``.
    """
    digest = blake2b(orjson.dumps((kind.value, role, name)), digest_size=LOOKED).digest()
    of_elements = role in (CONCEPT, ELEMENT)
    return Looked(digest, CUT_OF_VALUES if of_elements else _CUT, of_elements)


def everything(looked: Looked) -> Range:
    """Return the range of all that is looked at, whatever its value."""
    return Range(looked.start, looked.start + BEYOND, looked.of_elements)


def equal_to(looked: Looked, text: str) -> Range:
    """Return the range of values that may be ``text``."""
    key = term_of_value(looked, text)
    return Range(key, key + b"\x00", looked.of_elements)


def beginning_with(looked: Looked, text: str) -> Range:
    """Return the range of values that may begin with ``text``."""
    if not text or text[0] in _NUMERIC_STARTS:
        return everything(looked)
    start = looked.start + _TEXT + text.encode("utf-8", "surrogatepass")[: looked.cut]
    return Range(start, start + b"\xff" * (looked.cut + LOOKED + 1), looked.of_elements)


def numbers_between(looked: Looked, low: float | None, high: float | None) -> Range:
    """Return the range of numbers from ``low`` to ``high``, both inclusive; None is no bound."""
    first = b"" if low is None else _number(low)
    last = b"\xff" * 9 if high is None else _number(high) + b"\x00"
    return Range(looked.start + _NUMBER + first, looked.start + _NUMBER + last, looked.of_elements)


def moments_between(looked: Looked, low: datetime | None, high: datetime | None) -> Range:
    """Return the range of moments from ``low`` to ``high``, both inclusive; None is no bound."""
    first = b"" if low is None else _moment(low)
    last = b"\xff" * 9 if high is None else _moment(high) + b"\x00"
    return Range(looked.start + _MOMENT + first, looked.start + _MOMENT + last, looked.of_elements)


def term_of_value(looked: Looked, text: str) -> bytes:
    """Return the term of a value: equal texts have equal ones, and so have equal numbers."""
    return looked.start + value_key(text, looked.cut)


def value_key(text: str, cut: int) -> bytes:
    """Return the bytes of a value, in the order of values; ``cut`` bytes of a text are in them."""
    if text and text[0] in _NUMERIC_STARTS:
        if len(text) <= _SHORT and _NUMERAL.fullmatch(text):
            return _NUMBER + _number(float(text))
        number = number_of(text)
        # Of a large integer nothing may be asked that asks for a double.
        if isinstance(number, int) or (number is not None and not math.isnan(number)):
            return _NUMBER + _number(number)
        moment = moment_of(text)
        if moment is not None:
            return _MOMENT + _moment(moment)
    if len(text) * 4 <= cut:
        return _TEXT + text.encode("utf-8", "surrogatepass")
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= cut:
        return _TEXT + raw
    return _TEXT + raw[:cut] + blake2b(raw, digest_size=LOOKED).digest()


def document_terms(kind: Kind, tree: Node) -> Iterator[bytes]:
    """Yield the ordered terms of a document, but those of a submodel's elements."""
    for role, text in _properties(kind, tree):
        if isinstance(text, str):
            yield term_of_value(looked_at(kind, role), text)


def meant_by(node: Node) -> Iterator[str]:
    """Yield the values of all keys of the semanticId and the supplemental ones."""
    semantic_id = node.get("semanticId")
    references = [] if semantic_id is None else [semantic_id]
    references += node.get("supplementalSemanticIds") or ()
    for reference in references:
        for key in reference.get("keys") or ():
            if isinstance(key.get("value"), str):
                yield key["value"]


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
        number = _LARGEST if value > 0 else -_LARGEST
    (bits,) = _WHOLE.unpack(_DOUBLE.pack(number + 0.0))
    return _WHOLE.pack(bits ^ (_SIGN if bits < _SIGN else 2**64 - 1))


def _moment(value: datetime) -> bytes:
    return _WHOLE.pack((value - _EPOCH) // _MICROSECOND + _SIGN)

"""What most conditions are made of, a field and a constant, ready to be asked of many documents.

The result is what ``comparing.compare`` says of the same two sides, without making sides of them.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from aas_server.metamodel.element_texts import texts_of
from aas_server.metamodel.lexical import moment_of, number_of
from aas_server.metamodel.tree import Node
from aas_server.query.comparing import Truth
from aas_server.query.expression import Comparison, Literal, Match, Operator
from aas_server.query.fields import Field, Root
from aas_server.query.regex import compiled
from aas_server.query.values import Type, to_text

Test: TypeAlias = Callable[[Iterable[str]], Truth]
"""Says of the texts of a field whether the comparison holds."""

Read: TypeAlias = Callable[[Node], Iterable[str]]
"""Returns the texts of a field of one element."""


class Compiled(NamedTuple):
    """A comparison of a field and a constant."""

    field: Field
    test: Test


class OfElement(NamedTuple):
    """What a $match asks of one element."""

    read: Read
    test: Test


_MIRRORED: Final = {
    Operator.EQ: Operator.EQ,
    Operator.NE: Operator.NE,
    Operator.LT: Operator.GT,
    Operator.LE: Operator.GE,
    Operator.GT: Operator.LT,
    Operator.GE: Operator.LE,
}
_COMPARE: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQ: python.eq,
    Operator.NE: python.ne,
    Operator.LT: python.lt,
    Operator.LE: python.le,
    Operator.GT: python.gt,
    Operator.GE: python.ge,
    Operator.CONTAINS: python.contains,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
}
_PARSERS: Final[Mapping[Type, Callable[[str], Any]]] = {
    Type.NUMBER: number_of,
    Type.DATE_TIME: moment_of,
}


@lru_cache(maxsize=4096)
def compile_comparison(comparison: Comparison) -> Compiled | None:
    """Return a comparison of a field with a text, a number or a moment, None for another."""
    left, operator, right = comparison.left, comparison.operator, comparison.right
    if isinstance(left, Literal) and operator in _MIRRORED:
        left, operator, right = right, _MIRRORED[operator], left
    if not isinstance(left, Field) or not isinstance(right, Literal):
        return None
    value = right.value
    if isinstance(value, str):
        return Compiled(left, _text_test(operator, value))
    parse = _PARSERS.get(right.kind)
    if parse is None or not isinstance(value, int | float | datetime):
        return None
    return Compiled(left, _parsed_test(operator, value, to_text(value), parse))


@lru_cache(maxsize=1024)
def compile_match(match: Match) -> tuple[OfElement, ...] | None:
    """Return what ``match`` asks of one and the same element of a submodel, wherever it is; None
    when it asks of anything else.
    """
    asked: list[OfElement] = []
    for condition in match.conditions:
        found = compile_comparison(condition) if isinstance(condition, Comparison) else None
        if found is None or found.field.root is not Root.ELEMENT or found.field.path:
            return None
        read = _READERS.get(found.field.attribute)
        if read is None:
            return None
        asked.append(OfElement(read, found.test))
    return tuple(asked)


def match_elements(elements: Iterable[Node], asked: tuple[OfElement, ...]) -> Truth:
    """Return whether one of ``elements`` is all that is asked; what it is not anyway is not
    invalid.
    """
    invalid = False
    for element in elements:
        result: Truth = True
        for read, test in asked:
            holds = test(read(element))
            if holds is False:
                result = False
                break
            if holds is None:
                result = None
        if result:
            return True
        invalid |= result is None
    return None if invalid else False


def _text_test(operator: Operator, value: str) -> Test:
    if operator is Operator.EQ:
        return lambda texts: value in texts
    if operator is Operator.REGEX:
        search = compiled(value).search
        return lambda texts: any(search(text) is not None for text in texts)
    compare = _COMPARE[operator]
    return lambda texts: any(compare(text, value) for text in texts)


def _parsed_test(operator: Operator, value: Any, text: str, parse: Callable[[str], Any]) -> Test:
    compare = _COMPARE[operator]
    counts_as_text = operator in (Operator.EQ, Operator.NE)

    def test(texts: Iterable[str]) -> Truth:
        compared = failed = False
        for each in texts:
            parsed = parse(each)
            if parsed is not None:
                if compare(parsed, value):
                    return True
                compared = True
            elif counts_as_text:
                if compare(each, text):
                    return True
                compared = True
            else:
                failed = True
        return None if failed and not compared else False

    return test


def _id_short(element: Node) -> tuple[str, ...]:
    text = element.get("idShort")
    return (text,) if isinstance(text, str) else ()


def _value_type(element: Node) -> tuple[str, ...]:
    text = element.get("valueType")
    return (text,) if isinstance(text, str) else ()


def _semantic_id(element: Node) -> tuple[str, ...]:
    reference = element.get("semanticId")
    keys = reference.get("keys") if isinstance(reference, dict) else None
    if not keys or not isinstance(keys, list):
        return ()
    value = keys[0].get("value")
    return (value,) if isinstance(value, str) else ()


_READERS: Final[Mapping[tuple[Any, ...], Read]] = {
    ("idShort",): _id_short,
    ("value",): texts_of,
    ("valueType",): _value_type,
    ("semanticId", "keys", 0, "value"): _semantic_id,
}

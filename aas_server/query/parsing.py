"""From the JSON form of a query to its typed tree, with the place of whatever is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aas_server.errors import BadRequest
from aas_server.query.expression import (
    And,
    Cast,
    Comparison,
    Condition,
    Constant,
    DateNumber,
    DatePart,
    Filter,
    Literal,
    Match,
    Not,
    Operand,
    Operator,
    Or,
    Query,
    Source,
    SubjectAttribute,
    text_of,
)
from aas_server.query.fields import Field, FieldError, parse_field
from aas_server.query.fragments import parse_fragment
from aas_server.query.matches import require_one_list
from aas_server.query.regex import compiled
from aas_server.query.values import CastError, Type, Value, date_time_of, hex_of, time_of

MAX_BYTES: Final = 262_144
"""Bytes of a query as JSON at most: those that are refused are refused soon."""
MAX_DEPTH: Final = 50
"""Levels of conditions and casts in each other, at most."""
MAX_PARTS: Final = 2000
"""Conditions, operands and filters in one query, at most."""
MAX_TEXT: Final = 10_000
"""Characters of a constant, at most."""

_OPERATORS: Final = {operator.value: operator for operator in Operator}
_CASTS: Final = {kind.value: kind for kind in Type}
_DATE_PARTS: Final = {part.value: part for part in DatePart}
_LITERALS: Final = (
    "$strVal",
    "$numVal",
    "$hexVal",
    "$dateTimeVal",
    "$timeVal",
    "$boolean",
)
_PARSERS: Final[Mapping[str, Callable[[str], Value]]] = {
    "$hexVal": hex_of,
    "$dateTimeVal": date_time_of,
    "$timeVal": time_of,
}
_FORMS: Final = {
    "$hexVal": (re.compile("16#[0-9A-F]+"), "16#0F"),
    "$dateTimeVal": (
        re.compile(r"[0-9]{4}(-[0-9]{2}){2}[Tt ][0-9]{2}:[0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2})?"),
        "2026-11-30T07:15:00Z",
    ),
    "$timeVal": (re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"), "07:15:00"),
}
"""How constants are written; fields may hold more."""
_OPERANDS: Final = ("$field", *_LITERALS, *_CASTS, *_DATE_PARTS)
_TEXTS: Final = ("$field", "$strVal", "$strCast")
_MOMENTS: Final = ("$field", "$dateTimeVal", "$dateTimeCast")
_ATTRIBUTE: Final = "$attribute"
_SOURCES: Final = {source.value: source for source in Source}
_GLOBALS: Final = ("LOCALNOW", "UTCNOW", "CLIENTNOW", "ANONYMOUS")
_IN_MATCH: Final = ("$match", "$boolean", *_OPERATORS)
_CONDITIONS: Final = ("$and", "$or", "$not", *_IN_MATCH)


def parse_query(content: Any) -> Query:
    """Return the query that a decoded JSON body says.

    Raises ``BadRequest`` whose path is the place in the body, such as
    ``$condition.$and[1].$eq[0]``: for what the published schema refuses, for misuse of ``$match``,
    for regular expressions that RE2 does not take, and for more than ``MAX_DEPTH`` and
    ``MAX_PARTS`` allow.
    """
    return _Parser().query(content)


def parse_condition(content: Any, path: str = "$condition") -> Condition:
    """Return the condition that decoded JSON says, as access rules have them: with ``$attribute``
    among the operands. Raises as above.
    """
    return _Parser(with_attributes=True).condition(content, path, 0)


class _Parser:
    def __init__(self, *, with_attributes: bool = False) -> None:
        self._parts = 0
        more = (_ATTRIBUTE,) if with_attributes else ()
        self._operands = (*_OPERANDS, *more)
        self._texts = (*_TEXTS, *more)
        self._moments = (*_MOMENTS, *more)

    def query(self, content: Any) -> Query:
        members = _object(content, "", ("$condition", "$select", "$filters"))
        if "$condition" not in members:
            raise _wrong("the member $condition is missing", "")
        select = members.get("$select")
        if select not in (None, "id"):
            raise _wrong("can only be 'id'", "$select")
        if "$select" in members and select is None:
            raise _wrong("can only be 'id'", "$select")
        condition = self.condition(members["$condition"], "$condition", 0)
        filters: tuple[Filter, ...] = ()
        if "$filters" in members:
            entries = _array(members["$filters"], "$filters", least=1)
            filters = tuple(
                self._filter(entry, f"$filters[{index}]") for index, entry in enumerate(entries)
            )
        return Query(condition, select == "id", filters)

    def condition(self, content: Any, path: str, depth: int) -> Condition:
        key, value, path = self._single(content, path, depth, _CONDITIONS)
        if key in ("$and", "$or"):
            entries = _array(value, path, least=2)
            conditions = tuple(
                self.condition(entry, f"{path}[{index}]", depth + 1)
                for index, entry in enumerate(entries)
            )
            return And(conditions) if key == "$and" else Or(conditions)
        if key == "$not":
            return Not(self.condition(value, path, depth + 1))
        if key == "$match":
            match = Match(tuple(self._matched(value, path, depth)))
            require_one_list(match, path)
            return match
        return self._simple(key, value, path, depth)

    def _matched(self, value: Any, path: str, depth: int) -> list[Comparison | Constant]:
        """Return what a $match asks for; those inside it ask of the same elements."""
        found: list[Comparison | Constant] = []
        for index, entry in enumerate(_array(value, path, least=1)):
            place = f"{path}[{index}]"
            key, inner, below = self._single(entry, place, depth + 1, _IN_MATCH)
            if key == "$match":
                found += self._matched(inner, below, depth + 1)
            else:
                found.append(self._simple(key, inner, below, depth + 1))
        return found

    def _simple(self, key: str, value: Any, path: str, depth: int) -> Comparison | Constant:
        if key == "$boolean":
            if not isinstance(value, bool):
                raise _wrong("must be true or false", path)
            return Constant(value)
        operator = _OPERATORS[key]
        entries = _array(value, path, least=2)
        if len(entries) != 2:
            raise _wrong("compares exactly two values", path)
        allowed = self._texts if operator.is_textual else self._operands
        left, right = (
            self._operand(entry, f"{path}[{index}]", depth + 1, allowed)
            for index, entry in enumerate(entries)
        )
        pattern = text_of(right)
        if operator is Operator.REGEX and pattern is not None:
            _require_regex(pattern, f"{path}[1].{next(iter(entries[1]))}")
        return Comparison(operator, left, right)

    def _operand(self, content: Any, path: str, depth: int, allowed: Sequence[str]) -> Operand:
        key, value, path = self._single(content, path, depth, allowed)
        if key == "$field":
            return self._field(value, path, parse_field)
        if key in _CASTS:
            return Cast(_CASTS[key], self._operand(value, path, depth + 1, self._operands))
        if key in _DATE_PARTS:
            part = _DATE_PARTS[key]
            if isinstance(value, str):  # 3.1.2 has the constant itself in its place
                return DateNumber(part, _literal("$dateTimeVal", value, path))
            return DateNumber(part, self._operand(value, path, depth + 1, self._moments))
        if key == _ATTRIBUTE:
            return self._attribute(value, path, depth + 1)
        return _literal(key, value, path)

    def _attribute(self, content: Any, path: str, depth: int) -> SubjectAttribute:
        key, name, path = self._single(content, path, depth, tuple(_SOURCES))
        if not isinstance(name, str) or not name:
            raise _wrong("must be a text that names it", path)
        source = _SOURCES[key]
        if source is Source.GLOBAL and name not in _GLOBALS:
            raise _wrong(f"{name[:100]!r} is none of {', '.join(_GLOBALS)}", path)
        return SubjectAttribute(source, name)

    def _filter(self, content: Any, path: str) -> Filter:
        members = _object(content, path, ("$fragment", "$condition"))
        for name in ("$fragment", "$condition"):
            if name not in members:
                raise _wrong(f"the member {name} is missing", path)
        fragment = self._field(members["$fragment"], f"{path}.$fragment", parse_fragment)
        return Filter(fragment, self.condition(members["$condition"], f"{path}.$condition", 0))

    def _field(self, value: Any, path: str, parse: Callable[[str], Field]) -> Field:
        if not isinstance(value, str):
            raise _wrong("must be a field identifier such as $sm#idShort", path)
        try:
            return parse(value)
        except FieldError as error:
            raise _wrong(str(error), path) from None

    def _single(
        self, content: Any, path: str, depth: int, allowed: Sequence[str]
    ) -> tuple[str, Any, str]:
        """Return the one member of an object, and its place."""
        self._parts += 1
        if depth > MAX_DEPTH:
            raise _wrong(f"is nested more than {MAX_DEPTH} levels deep", path)
        if self._parts > MAX_PARTS:
            raise _wrong(f"the query has more than {MAX_PARTS} parts", path)
        members = _object(content, path, allowed)
        if len(members) != 1:
            raise _wrong(f"must have exactly one member of {', '.join(allowed)}", path)
        ((key, value),) = members.items()
        return key, value, f"{path}.{key}"


def _literal(key: str, value: Any, path: str) -> Literal:
    if key == "$boolean":
        if not isinstance(value, bool):
            raise _wrong("must be true or false", path)
        return Literal(value)
    if key == "$numVal":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong("must be a number", path)
        if isinstance(value, float) and not math.isfinite(value):
            raise _wrong("must be a number", path)
        return Literal(value)
    if not isinstance(value, str):
        raise _wrong("must be a text", path)
    if len(value) > MAX_TEXT:
        raise _wrong(f"has more than {MAX_TEXT} characters", path)
    if key == "$strVal":
        if value.startswith("$"):
            raise _wrong("a text must not begin with $", path)
        return Literal(value)
    form, example = _FORMS[key]
    if not form.fullmatch(value):
        raise _wrong(f"{value[:100]!r} is not written as {example}", path)
    try:
        return Literal(_PARSERS[key](value.upper()))
    except CastError as error:
        raise _wrong(str(error), path) from None


def _require_regex(pattern: str, path: str) -> None:
    try:
        compiled(pattern)
    except CastError as error:
        raise _wrong(str(error), path) from None


def _object(content: Any, path: str, allowed: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise _wrong("must be an object", path)
    for key in content:
        if key not in allowed:
            raise _wrong(f"unknown member {str(key)[:100]!r}: there is {', '.join(allowed)}", path)
    return content


def _array(content: Any, path: str, *, least: int) -> Sequence[Any]:
    if not isinstance(content, list) or len(content) < least:
        raise _wrong(f"must be an array of at least {least}", path)
    return content


def _wrong(text: str, path: str) -> BadRequest:
    return BadRequest(f"the query is not understood: {text}", path=path or "$")

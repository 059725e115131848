"""Comparing operands that may have no value, one, or many, as fields have (IDTA-01002 "Comparison
Operators" and "Casting").

A comparison holds when it holds for some pair of values of both sides. Two sides without any value
are equal. A value that cannot be cast takes no part; when none is left because of that, the
comparison is invalid. ``$eq`` and ``$ne`` of a field and a constant of another type never are: a
value that is not of the constant's type is compared with the constant's text, as the examples of
the standard have it.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from aas_server.query.expression import Operator
from aas_server.query.regex import compiled
from aas_server.query.values import CastError, Type, Value, cast, to_text, type_of

Truth: TypeAlias = bool | None
"""None: the comparison is invalid, and so is all that is made of it."""


@dataclass(frozen=True, slots=True)
class Side:
    """The values of one operand; ``failed`` when some could not be cast."""

    values: Sequence[Value]
    failed: bool = False
    is_field: bool = False
    """Whether the values are texts of a field, whose type the other side decides."""


def compare(operator: Operator, left: Side, right: Side) -> Truth:
    """Return whether ``operator`` holds between some values of both sides."""
    left, right, as_text = _of_one_type(operator, left, right)
    if not left.values and not right.values and not left.failed and not right.failed:
        return operator in _WHEN_BOTH_ARE_MISSING
    holds = _OPERATORS[operator]
    invalid = False
    compared = False
    for a in left.values:
        for b in right.values:
            if type_of(a) is not type_of(b):
                if as_text and holds(to_text(a), to_text(b)):
                    return True
                compared = True
                continue
            try:
                if holds(a, b):
                    return True
                compared = True
            except CastError:
                invalid = True
    if not compared and (invalid or left.failed or right.failed):
        return None
    return False


def _of_one_type(operator: Operator, left: Side, right: Side) -> tuple[Side, Side, bool]:
    """Return both sides with the texts of a field cast to the type of the other side, and whether
    those that are none of that type count as texts.
    """
    if left.is_field == right.is_field or operator.is_textual:
        return left, right, False
    field, other = (left, right) if left.is_field else (right, left)
    if not other.values:
        return left, right, False
    as_text = operator in (Operator.EQ, Operator.NE)
    cast_field = _cast_field(field, type_of(other.values[0]), keep=as_text)
    return (cast_field, right, as_text) if left.is_field else (left, cast_field, as_text)


def _cast_field(field: Side, kind: Type, *, keep: bool) -> Side:
    if kind is Type.STRING:
        return field
    values: list[Value] = []
    failed = field.failed
    for value in field.values:
        try:
            values.append(cast(value, kind))
        except CastError:
            if keep:
                values.append(value)
            else:
                failed = True
    return Side(values, failed)


def cast_side(side: Side, kind: Type) -> Side:
    """Return the values of a side as another type; those that are none of it are left out."""
    values: list[Value] = []
    failed = side.failed
    for value in side.values:
        try:
            values.append(cast(value, kind))
        except CastError:
            failed = True
    return Side(values, failed)


def _ordered(
    compare_ordered: Callable[[Any, Any], bool], *, when_equal: bool
) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        if isinstance(left, bool):  # booleans have no order
            return when_equal and left == right
        return compare_ordered(left, right)

    return holds


def _matches(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


_WHEN_BOTH_ARE_MISSING: Final = frozenset({Operator.EQ, Operator.LE, Operator.GE})
_OPERATORS: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQ: python.eq,
    Operator.NE: python.ne,
    Operator.GT: _ordered(python.gt, when_equal=False),
    Operator.GE: _ordered(python.ge, when_equal=True),
    Operator.LT: _ordered(python.lt, when_equal=False),
    Operator.LE: _ordered(python.le, when_equal=True),
    Operator.CONTAINS: python.contains,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
    Operator.REGEX: _matches,
}
"""What holds between two values of one type."""

"""The typed tree of a condition: what queries and access rules ask of a document."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from aas_server.query.fields import Field
from aas_server.query.values import Type, Value, type_of


class Operator(enum.Enum):
    """How two operands are compared."""

    EQ = "$eq"
    NE = "$ne"
    GT = "$gt"
    GE = "$ge"
    LT = "$lt"
    LE = "$le"
    CONTAINS = "$contains"
    STARTS_WITH = "$starts-with"
    ENDS_WITH = "$ends-with"
    REGEX = "$regex"

    @property
    def is_textual(self) -> bool:
        """Return whether it compares texts only."""
        return self in _TEXTUAL


_TEXTUAL = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.REGEX})


class DatePart(enum.Enum):
    """What of a moment is asked for, as a number."""

    DAY_OF_WEEK = "$dayOfWeek"
    """0 is Sunday."""
    DAY_OF_MONTH = "$dayOfMonth"
    MONTH = "$month"
    YEAR = "$year"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; ``kind`` is its type: 1 and true are two."""

    value: Value
    kind: Type = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", type_of(self.value))


@dataclass(frozen=True, slots=True)
class Cast:
    """An operand as a value of another type."""

    type: Type
    operand: Operand


@dataclass(frozen=True, slots=True)
class DateNumber:
    """A part of the moment that an operand is."""

    part: DatePart
    operand: Operand


class Source(enum.Enum):
    """Where an access rule's attribute comes from (IDTA-01004)."""

    CLAIM = "CLAIM"
    """Of the token, by its name."""
    GLOBAL = "GLOBAL"
    REFERENCE = "REFERENCE"
    """Of the model."""


@dataclass(frozen=True, slots=True)
class SubjectAttribute:
    """What an access rule asks of whoever wants something, and of the moment; queries have none."""

    source: Source
    name: str


Operand: TypeAlias = Field | Literal | Cast | DateNumber | SubjectAttribute


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and how they are compared."""

    operator: Operator
    left: Operand
    right: Operand

    def fields(self) -> Iterator[Field]:
        """Yield the fields of both operands, from left to right."""
        for operand in (self.left, self.right):
            found = field_of(operand)
            if found is not None:
                yield found


@dataclass(frozen=True, slots=True)
class Constant:
    """A condition that is always, or never, fulfilled."""

    value: bool


@dataclass(frozen=True, slots=True)
class And:
    """All of at least two conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of at least two conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Match:
    """Comparisons that one and the same element of each list must fulfil.

    Nested matches are part of it: they narrow down the elements of the same lists.
    """

    conditions: tuple[Comparison | Constant, ...]


Condition: TypeAlias = And | Or | Not | Match | Comparison | Constant


@dataclass(frozen=True, slots=True)
class Filter:
    """Of the documents that are found, only those fragments that fulfil a condition (3.2 draft)."""

    fragment: Field
    condition: Condition


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: documents, or with ``ids_only`` their ids, that fulfil a condition."""

    condition: Condition
    ids_only: bool = False
    filters: tuple[Filter, ...] = ()


def field_of(operand: Operand) -> Field | None:
    """Return the field that an operand is made from, None for a constant."""
    while isinstance(operand, Cast | DateNumber):
        operand = operand.operand
    return operand if isinstance(operand, Field) else None


def text_of(operand: Operand) -> str | None:
    """Return the text that an operand is whatever it is asked of, None when that depends."""
    while isinstance(operand, Cast) and operand.type is Type.STRING:
        operand = operand.operand
    if isinstance(operand, Literal) and operand.kind is Type.STRING:
        return str(operand.value)
    return None


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Yield every comparison in ``condition``, from left to right."""
    if isinstance(condition, Comparison):
        yield condition
    elif isinstance(condition, Not):
        yield from comparisons(condition.condition)
    elif not isinstance(condition, Constant):
        for each in condition.conditions:
            yield from comparisons(each)

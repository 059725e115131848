"""Whether a document fulfils a condition (IDTA-01002 "Query Language").

A shell is asked about together with the submodels that it refers to, a submodel together with the
shells that refer to it. Of these others one and the same must fulfil what an ``$and`` or a
``$match`` asks of them, as "Search in AAS Hierarchy" has it; what stands under a ``$not`` of its
own is asked of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from aas_server.query.comparing import Side, Truth, cast_side, compare
from aas_server.query.compiled import compile_comparison, compile_match, match_elements
from aas_server.query.expression import (
    And,
    Cast,
    Comparison,
    Condition,
    Constant,
    DatePart,
    Literal,
    Match,
    Not,
    Operand,
    Or,
    SubjectAttribute,
)
from aas_server.query.fields import Field, Root
from aas_server.query.matches import Place, places_of
from aas_server.query.reading import Chosen, Tree, members_of, texts_of
from aas_server.query.values import Type

_NONE: Final[Chosen] = {}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a condition is asked of: the documents that each root of a field stands for.

    ``free`` are the roots of which one document is to be found that fulfils what is asked of them
    together; what is asked of the other roots is asked of their documents as they are.
    ``attributes`` are the texts of those that an access rule asks for.
    """

    trees: Mapping[Root, Sequence[Tree]]
    free: frozenset[Root] = frozenset()
    attributes: Mapping[SubjectAttribute, Sequence[str]] | None = None

    def of(self, root: Root) -> Sequence[Tree]:
        """Return the documents that a root stands for; none where it does not apply."""
        return self.trees.get(_document_of(root), ())

    def bound(self, root: Root, trees: Sequence[Tree]) -> Subject:
        """Return this with ``trees`` as the only ones of ``root``."""
        return replace(self, trees={**self.trees, root: trees}, free=self.free - {root})


def fulfils(subject: Subject, condition: Condition, chosen: Chosen = _NONE) -> Truth:
    """Return whether ``subject`` fulfils ``condition``; None when the result is invalid.

    ``chosen`` are elements of lists that fields are about in place of the whole lists.
    """
    if isinstance(condition, Constant):
        return condition.value
    if isinstance(condition, Not):
        result = fulfils(subject, condition.condition, chosen)
        return None if result is None else not result
    if isinstance(condition, Or):
        return _any(fulfils(subject, each, chosen) for each in condition.conditions)
    root = _pinned(subject, condition)
    if root is not None:
        choices: Iterable[Sequence[Tree]] = [[tree] for tree in subject.of(root)] or [()]
        return _some(_choice(subject.bound(root, trees), condition, chosen) for trees in choices)
    if isinstance(condition, And):
        return _all(fulfils(subject, each, chosen) for each in condition.conditions)
    if isinstance(condition, Match):
        asked = compile_match(condition)
        if asked is not None:
            trees = subject.of(Root.ELEMENT)
            return match_elements((each for tree in trees for each in tree.elements), asked)
        return _match(subject, condition.conditions, chosen)
    found = compile_comparison(condition)
    if found is not None:
        field, test = found
        return test(texts_of(subject.of(field.root), field, chosen))
    return _compare(subject, condition, chosen)


def _choice(subject: Subject, condition: Condition, chosen: Chosen) -> Truth:
    if isinstance(condition, And) and _pinned(subject, condition) is None:
        return _all_of_choice([fulfils(subject, each, chosen) for each in condition.conditions])
    return fulfils(subject, condition, chosen)


def _document_of(root: Root) -> Root:
    return Root.SUBMODEL if root is Root.ELEMENT else root


def _pinned(subject: Subject, condition: Condition) -> Root | None:
    """Return a free root of which ``condition`` asks something outside a $not, None if none."""
    if not subject.free:
        return None
    roots = (_document_of(field.root) for field in _fields_outside_not(condition))
    return next((root for root in roots if root in subject.free), None)


def _fields_outside_not(condition: Condition) -> Iterator[Field]:
    if isinstance(condition, Comparison):
        yield from condition.fields()
    elif isinstance(condition, And | Or | Match):
        for each in condition.conditions:
            yield from _fields_outside_not(each)


def _match(subject: Subject, conditions: Iterable[Comparison | Constant], chosen: Chosen) -> Truth:
    """Return whether there are elements, one of each list, that fulfil all ``conditions``."""
    results: list[Truth] = []
    by_list: dict[Place, tuple[Field, list[Comparison | Constant]]] = {}
    for condition in conditions:
        found = _next_list(condition, chosen)
        if found is None:
            results.append(fulfils(subject, condition, chosen))
        else:
            place, field = found
            by_list.setdefault(place, (field, []))[1].append(condition)
    for place, (field, about_it) in by_list.items():
        members = members_of(subject.of(place.root), place, field, chosen)
        results.append(
            _some(_match(subject, about_it, {**chosen, place: each}) for each in members)
        )
    return _all_of_choice(results)


def _next_list(condition: Comparison | Constant, chosen: Chosen) -> tuple[Place, Field] | None:
    """Return the outermost list of which no element is chosen yet, and the field that names it."""
    for field in condition.fields() if isinstance(condition, Comparison) else ():
        for place in places_of(field):
            if place not in chosen:
                return place, field
    return None


def _compare(subject: Subject, comparison: Comparison, chosen: Chosen) -> Truth:
    def side(operand: Operand) -> Side:
        if isinstance(operand, Field):
            texts = texts_of(subject.of(operand.root), operand, chosen)
            return Side(texts, is_field=True)
        if isinstance(operand, Literal):
            return Side((operand.value,))
        if isinstance(operand, SubjectAttribute):
            return Side((subject.attributes or {}).get(operand, ()), is_field=True)
        if isinstance(operand, Cast):
            return cast_side(side(operand.operand), operand.type)
        moments = cast_side(side(operand.operand), Type.DATE_TIME)
        part = _PARTS[operand.part]
        numbers = [part(each) for each in moments.values if isinstance(each, datetime)]
        return Side(numbers, moments.failed)

    return compare(comparison.operator, side(comparison.left), side(comparison.right))


def _all(results: Iterable[Truth]) -> Truth:
    known = list(results)
    return None if None in known else all(known)


def _all_of_choice(results: Sequence[Truth]) -> Truth:
    """Return whether one choice among many fulfils all; what fails anyway is not invalid."""
    return False if False in results else _all(results)


def _any(results: Iterable[Truth]) -> Truth:
    known = list(results)
    return None if None in known else any(known)


def _some(results: Iterable[Truth]) -> Truth:
    """Return whether one choice fulfils; an invalid one counts only when none does."""
    invalid = False
    for result in results:
        if result:
            return True
        invalid |= result is None
    return None if invalid else False


_PARTS: Final[Mapping[DatePart, Callable[[datetime], int]]] = {
    DatePart.DAY_OF_WEEK: lambda moment: moment.isoweekday() % 7,
    DatePart.DAY_OF_MONTH: lambda moment: moment.day,
    DatePart.MONTH: lambda moment: moment.month,
    DatePart.YEAR: lambda moment: moment.year,
}

"""Plans: which documents can fulfil a condition at all, as ranges of ordered terms say it.

A plan never leaves out a document that fulfils the condition; what it lets through is asked again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from aas_server.query.expression import (
    And,
    Cast,
    Comparison,
    Condition,
    Constant,
    Literal,
    Match,
    Not,
    Operand,
    Operator,
    Or,
)
from aas_server.query.fields import ANYWHERE, Field, Root
from aas_server.query.values import Type, Value, to_text, type_of
from aas_server.store import ordered_terms as terms
from aas_server.store.ordered_terms import Looked
from aas_server.store.protocol import Kind, Range


@dataclass(frozen=True, slots=True)
class Everything:
    """Every document may fulfil it; ``reason`` says why no index helps."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """Documents of ``root`` that have a term in one of ``ranges``; ``text`` says it in words.

    ``looked`` is what the terms are about where live values may be it, too; else empty.
    """

    root: Root
    ranges: tuple[Range, ...]
    text: str
    looked: frozenset[Looked] = frozenset()


@dataclass(frozen=True, slots=True)
class Both:
    """Documents that all ``plans`` let through, of one root or each of its own."""

    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Documents that one of ``plans`` lets through."""

    plans: tuple[Plan, ...]


Plan: TypeAlias = Everything | Lookup | Both | Either

NOTHING: Final = Either(())
"""The plan of what nothing can fulfil."""

_MIRRORED: Final = {
    Operator.EQ: Operator.EQ,
    Operator.LT: Operator.GT,
    Operator.LE: Operator.GE,
    Operator.GT: Operator.LT,
    Operator.GE: Operator.LE,
}
_KINDS: Final = {
    Root.SHELL: (Kind.SHELL,),
    Root.SUBMODEL: (Kind.SUBMODEL,),
    Root.CONCEPT: (Kind.CONCEPT_DESCRIPTION,),
    # Descriptors are derived from what is here, or stored for what is elsewhere.
    Root.SHELL_DESCRIPTOR: (Kind.SHELL, Kind.SHELL_DESCRIPTOR),
    Root.SUBMODEL_DESCRIPTOR: (Kind.SUBMODEL, Kind.SUBMODEL_DESCRIPTOR),
}
_SHOWN: Final = 60


def plan(condition: Condition) -> Plan:
    """Return which documents can fulfil ``condition``.

    Documents of a root that is not the one that is asked for stand for those that refer to them, or
    that they refer to.
    """
    if isinstance(condition, Constant):
        return Everything("every document fulfils it") if condition.value else NOTHING
    if isinstance(condition, Not):
        return Everything("what is not so is in no index")
    if isinstance(condition, Or):
        return _either(plan(each) for each in condition.conditions)
    if isinstance(condition, And):
        return _both(plan(each) for each in condition.conditions)
    if isinstance(condition, Match):
        return _both(_of_match(condition))
    return _of_comparison(condition, None)


def lookups(of: Plan) -> Iterator[Lookup]:
    """Yield every lookup of a plan."""
    if isinstance(of, Lookup):
        yield of
    elif isinstance(of, Both | Either):
        for each in of.plans:
            yield from lookups(each)


def _both(plans: Iterable[Plan]) -> Plan:
    given = list(plans)
    useful = [each for each in given if not isinstance(each, Everything)]
    if not useful:
        return given[0]
    return useful[0] if len(useful) == 1 else Both(tuple(useful))


def _either(plans: Iterable[Plan]) -> Plan:
    given = list(plans)
    for each in given:
        if isinstance(each, Everything):
            return each
    return given[0] if len(given) == 1 else Either(tuple(given))


def _of_match(match: Match) -> Iterator[Plan]:
    """Yield the plans of what a $match asks: what one element is called or means says where its
    value is looked for.
    """
    comparisons = [each for each in match.conditions if isinstance(each, Comparison)]
    named = [(each, found) for each in comparisons if (found := _named_element(each)) is not None]
    naming, looked = named[0] if named else (None, None)
    of_values = [_of_comparison(each, looked) for each in comparisons if each is not naming]
    yield from of_values
    yield from (plan(each) for each in match.conditions if isinstance(each, Constant))
    if naming is None or looked is None:
        return
    # All elements of that name or meaning are no news where values of theirs are asked for.
    if not any(isinstance(each, Lookup) and looked[0] in each.looked for each in of_values):
        yield _of_comparison(naming, None)


def _named_element(comparison: Comparison) -> tuple[Looked, str] | None:
    """Return where the values of the elements are that a comparison names by concept or idShort."""
    found = _field_and_constant(comparison)
    if found is None:
        return None
    field, operator, value = found
    is_any_element = field.root is Root.ELEMENT and not field.path
    if not is_any_element or operator is not Operator.EQ or not isinstance(value, str):
        return None
    if _is_semantic(field):
        return terms.looked_at(Kind.SUBMODEL, terms.CONCEPT, value), f"concept {_short(value)}"
    if field.attribute == ("idShort",):
        return terms.looked_at(Kind.SUBMODEL, terms.ELEMENT, value), f"element {_short(value)}"
    return None


def _of_comparison(comparison: Comparison, named: tuple[Looked, str] | None) -> Plan:
    found = _field_and_constant(comparison)
    if found is None:
        return Everything("two fields are compared, or a part of one")
    field, operator, value = found
    if field.root is Root.ELEMENT:
        return _of_element(field, operator, value, named)
    role = terms.SEMANTIC_ID if _is_semantic(field) else _ROLES.get(field.attribute)
    if role is None:
        return Everything(f"{field} is in no index")
    ranges: list[Range] = []
    for kind in _KINDS[field.root]:
        of_kind = _ranges(terms.looked_at(kind, role), operator, value)
        if of_kind is None:
            return Everything(f"{operator.value} of {field} goes through no index")
        ranges += of_kind
    return Lookup(field.root, tuple(ranges), f"{field} {operator.value} {_short(value)}")


def _of_element(
    field: Field, operator: Operator, value: Value, named: tuple[Looked, str] | None
) -> Plan:
    text = f"{field} {operator.value} {_short(value)}"
    if field.attribute == ("value",) and not _is_in_inner_list(field):
        if field.path:
            looked = _by_name(field)
        elif named is not None:
            looked, what = named
            text = f"{text} of {what}"
        else:
            return Everything(f"{field} may be the value of any element")
        ranges = _ranges(looked, operator, value) or (terms.everything(looked),)
        return Lookup(Root.SUBMODEL, ranges, text, frozenset({looked}))
    if operator is Operator.EQ and isinstance(value, str):
        role = terms.CONCEPT if _is_semantic(field) else terms.ELEMENT
        if _is_semantic(field) or field.attribute == ("idShort",):
            looked = terms.looked_at(Kind.SUBMODEL, role, value)
            return Lookup(Root.SUBMODEL, (terms.everything(looked),), text)
    if field.path:
        looked = _by_name(field)
        # What became live may be there that is not stored.
        may_be_live = frozenset({looked}) if field.attribute == ("value",) else frozenset()
        there = (terms.everything(looked),)
        return Lookup(Root.SUBMODEL, there, f"{field} is there", may_be_live)
    return Everything(f"{operator.value} of {field} goes through no index")


def _by_name(field: Field) -> Looked:
    name = [step for step in field.path if isinstance(step, str)][-1]
    return terms.looked_at(Kind.SUBMODEL, terms.ELEMENT, name)


def _is_in_inner_list(field: Field) -> bool:
    """Return whether a field is of elements of a list in a list: that may have a name of its own,
    by which its elements are found then.
    """
    return len(field.path) > 1 and not any(isinstance(step, str) for step in field.path[-2:])


def _field_and_constant(comparison: Comparison) -> tuple[Field, Operator, Value] | None:
    """Return the field, the operator as seen from it, and the constant that it is compared with."""
    left, operator, right = comparison.left, comparison.operator, comparison.right
    if isinstance(left, Literal):
        if operator not in _MIRRORED:
            return None
        left, operator, right = right, _MIRRORED[operator], left
    if not isinstance(right, Literal) or operator is Operator.NE:
        return None
    field = _plain_field(left, type_of(right.value))
    return None if field is None else (field, operator, right.value)


def _plain_field(operand: Operand, kind: Type) -> Field | None:
    """Return the field that an operand is, also as the type that it would be compared as."""
    if isinstance(operand, Cast) and operand.type is kind:
        operand = operand.operand
    return operand if isinstance(operand, Field) else None


def _ranges(looked: Looked, operator: Operator, value: Value) -> tuple[Range, ...] | None:
    """Return where values are that may fulfil a comparison, None for anywhere."""
    if operator is Operator.EQ and isinstance(value, str):
        return (terms.equal_to(looked, value),)
    if operator is Operator.STARTS_WITH and isinstance(value, str):
        return (terms.beginning_with(looked, value),)
    if isinstance(value, bool):
        return None
    bounds = _BOUNDS.get(operator)
    if bounds is None:
        return None
    has_low, has_high = bounds
    if isinstance(value, int | float):
        bound = max(-sys.float_info.max, min(value, sys.float_info.max))
        low, high = (bound if has else None for has in bounds)
        return (terms.numbers_between(looked, low, high),)
    if isinstance(value, datetime):
        first, last = (value if has_low else None), (value if has_high else None)
        return (terms.moments_between(looked, first, last),)
    return None


def _is_semantic(field: Field) -> bool:
    """Return whether a field is the value of a key of a semanticId."""
    return field.attribute[0] in ("semanticId", "supplementalSemanticIds") and (
        field.attribute[-1] == "value"
    )


def _short(value: Value) -> str:
    text = to_text(value)
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")


_BOUNDS: Final = {
    Operator.EQ: (True, True),
    Operator.GT: (True, False),
    Operator.GE: (True, False),
    Operator.LT: (False, True),
    Operator.LE: (False, True),
}
_ROLES: Final = {
    ("id",): terms.ID,
    ("idShort",): terms.ID_SHORT,
    ("semanticId", "keys", 0, "value"): terms.SEMANTIC_ID,
    ("assetInformation", "globalAssetId"): terms.GLOBAL_ASSET_ID,
    ("globalAssetId",): terms.GLOBAL_ASSET_ID,
    ("assetInformation", "specificAssetIds", ANYWHERE, "value"): terms.SPECIFIC_ASSET_ID,
    ("specificAssetIds", ANYWHERE, "value"): terms.SPECIFIC_ASSET_ID,
    ("submodels", ANYWHERE, "keys", 0, "value"): terms.SUBMODEL,
}

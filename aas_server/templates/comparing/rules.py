"""What changed of the rules of one element: whether they allow more or less than before."""

from __future__ import annotations

from collections.abc import Iterator

from aas_server.templates.comparing.changes import Change, ChangeKind, Step
from aas_server.templates.patterns import AllowedValues
from aas_server.templates.prototype import Prototype
from aas_server.templates.ranges import AllowedRange, Interval
from aas_server.templates.rules import Cardinality


def rule_changes(old: Prototype, new: Prototype) -> Iterator[Change]:
    """Yield what changed of the rules of a prototype."""
    path, before, after = new.path, old.rules, new.rules
    if old.cardinality != new.cardinality:
        is_less = not _is_within(old.cardinality, new.cardinality)
        one, other = str(old.cardinality), str(new.cardinality)
        yield _limit(ChangeKind.CARDINALITY, path, one, other, is_less=is_less)
    if before.either_or != after.either_or:
        one, other = before.either_or or "", after.either_or or ""
        yield _limit(ChangeKind.EITHER_OR, path, one, other, is_less=not one)
    if str(before.allowed_values) != str(after.allowed_values):
        is_less = not _allows_all(before.allowed_values, after.allowed_values)
        one, other = (str(each or "") for each in (before.allowed_values, after.allowed_values))
        yield _limit(ChangeKind.ALLOWED_VALUES, path, one, other, is_less=is_less)
    if _intervals(before.allowed_range) != _intervals(after.allowed_range):
        is_less = not _covers(before.allowed_range, after.allowed_range)
        one, other = (
            each.text if each else "" for each in (before.allowed_range, after.allowed_range)
        )
        yield _limit(ChangeKind.ALLOWED_RANGE, path, one, other, is_less=is_less)
    one, other = (
        each.text if each else "" for each in (before.allowed_id_short, after.allowed_id_short)
    )
    if one != other:
        yield _limit(ChangeKind.ALLOWED_ID_SHORT, path, one, other, is_less=bool(other))
    if set(before.languages) != set(after.languages):
        is_less = not set(after.languages) <= set(before.languages)
        one, other = ", ".join(before.languages), ", ".join(after.languages)
        yield _limit(ChangeKind.LANGUAGES, path, one, other, is_less=is_less)
    yield from _values(old, new)


def _values(old: Prototype, new: Prototype) -> Iterator[Change]:
    path, before, after = new.path, old.rules, new.rules
    told = (
        (ChangeKind.INITIAL_VALUE, before.initial, after.initial, "initial value"),
        (ChangeKind.INITIAL_VALUE, before.default, after.default, "default value"),
        (ChangeKind.ACCESS_MODE, before.access_mode, after.access_mode, "access mode"),
    )
    for kind, one, other, name in told:
        if one != other:
            text = f"{name}: {one or 'none'} became {other or 'none'}"
            yield Change(kind, path, text, Step.MINOR, one or "", other or "")
    if before.examples != after.examples:
        given = ", ".join(before.examples), ", ".join(after.examples)
        yield Change(ChangeKind.EXAMPLE, path, "other examples", Step.PATCH, *given)


def _limit(kind: ChangeKind, path: str, before: str, after: str, *, is_less: bool) -> Change:
    direction = "tightened" if is_less else "loosened"
    text = f"{kind.value} {direction}: {before or 'none'} became {after or 'none'}"
    return Change(kind, path, text, Step.MAJOR if is_less else Step.MINOR, before, after)


def _is_within(inner: Cardinality, outer: Cardinality) -> bool:
    if inner.least < outer.least:
        return False
    return outer.most is None or (inner.most is not None and inner.most <= outer.most)


def _allows_all(old: AllowedValues | None, new: AllowedValues | None) -> bool:
    """Return whether everything that was allowed surely still is."""
    if new is None:
        return True
    if old is None:
        return False
    kept = {each.text for each in old.patterns} <= {each.text for each in new.patterns}
    return kept and all(new.allows(value) for value in old.values)


def _intervals(allowed: AllowedRange | None) -> tuple[Interval, ...] | None:
    return None if allowed is None else allowed.intervals


def _covers(old: AllowedRange | None, new: AllowedRange | None) -> bool:
    if new is None:
        return True
    if old is None:
        return False
    return all(any(_lies_in(one, each) for each in new.intervals) for one in old.intervals)


def _lies_in(inner: Interval, outer: Interval) -> bool:
    if outer.least is not None:
        if inner.least is None or inner.least < outer.least:
            return False
        if inner.least == outer.least and inner.has_least and not outer.has_least:
            return False
    if outer.most is None:
        return True
    if inner.most is None or inner.most > outer.most:
        return False
    return inner.most < outer.most or outer.has_most or not inner.has_most

"""Which prototypes of two versions are the same one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final, TypeAlias

from aas_server.templates.prototype import Prototype
from aas_server.templates.semantics import without_version

Pair: TypeAlias = tuple[Prototype | None, Prototype | None]
"""A prototype in the old and in the new version, None for one that is not there."""
_Key: TypeAlias = Callable[[Prototype], Hashable]


def pairs(old: Sequence[Prototype], new: Sequence[Prototype]) -> list[Pair]:
    """Return the prototypes of a level, each with what it was or became: in the order of the old
    ones, then the new ones.

    The same name and meaning count most; then the same meaning alone, where it tells the siblings
    apart; then the name alone; then the meaning in another version.
    """
    left_old, left_new = list(old), list(new)
    became: dict[Prototype, Prototype] = {}
    for key, must_be_alone in _WAYS:
        for name in dict.fromkeys(map(key, left_old)):
            before = [each for each in left_old if key(each) == name]
            after = [each for each in left_new if key(each) == name]
            if name is None or (must_be_alone and (len(before), len(after)) != (1, 1)):
                continue
            for one, other in zip(before, after, strict=False):
                became[one] = other
                left_old.remove(one)
                left_new.remove(other)
    kept: list[Pair] = [(each, became.get(each)) for each in old]
    return [*kept, *((None, each) for each in left_new)]


def rough_ids(identifiers: frozenset[str]) -> frozenset[str]:
    """Return semantic ids without their versions."""
    return frozenset(without_version(each) for each in identifiers)


def _name_and_ids(prototype: Prototype) -> Hashable:
    return prototype.variables, prototype.id_short, prototype.ids


def _name_and_rough_ids(prototype: Prototype) -> Hashable:
    return prototype.variables, prototype.id_short, rough_ids(prototype.ids)


def _ids(prototype: Prototype) -> Hashable:
    return (prototype.variables, prototype.ids) if prototype.ids else None


def _name(prototype: Prototype) -> Hashable:
    return (prototype.variables, prototype.id_short) if prototype.id_short else None


def _rough_ids(prototype: Prototype) -> Hashable:
    if not prototype.ids:
        return None
    return prototype.variables, prototype.model_type, rough_ids(prototype.ids)


def _item(prototype: Prototype) -> Hashable:
    return prototype.model_type if prototype.in_list else None


_WAYS: Final[tuple[tuple[_Key, bool], ...]] = (
    (_name_and_ids, False),
    (_name_and_rough_ids, False),
    (_ids, True),
    (_name, False),
    (_rough_ids, True),
    (_item, False),
)
"""What makes two prototypes the same, the surest first; and whether it must tell siblings apart."""

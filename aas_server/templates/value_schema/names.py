"""What members of a level are called: exactly so, after a pattern, or as one likes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from aas_server.templates.prototype import Prototype
from aas_server.templates.value_schema.scalars import is_portable

_SPECIAL: Final = re.compile(r"([\\^$.*+?()\[\]{}|/])")
_COUNTER: Final = "(?:_*[0-9]+_*)?"


@dataclass(slots=True)
class Names:
    """Names that prototypes have in instances: a pattern of them, and names that surely fit it.

    ``is_strict`` says that there are no other ones.
    """

    pattern: str
    samples: tuple[str, ...]
    prototypes: list[Prototype] = field(default_factory=list)

    def overlaps(self, other: Names) -> bool:
        """Return whether a name is known that both have."""
        return any(self.has(each) for each in other.samples) or any(
            other.has(each) for each in self.samples
        )

    def has(self, name: str) -> bool:
        """Return whether a name fits the pattern."""
        return re.fullmatch(self.pattern, name) is not None


def has_own_pattern(prototype: Prototype) -> bool:
    """Return whether a rule that can be written down says what the element may be called."""
    pattern = prototype.rules.allowed_id_short
    return pattern is not None and is_portable(pattern.compiled.pattern)


def patterns(prototypes: list[Prototype], named: list[str]) -> list[Names]:
    """Return the patterns of names of prototypes, none of which fit the same name, nor one of
    ``named``.
    """
    groups: list[Names] = []
    for prototype in prototypes:
        found = _names(prototype)
        if found is None:
            continue
        found.prototypes.append(prototype)
        for group in [each for each in groups if each.overlaps(found)]:
            groups.remove(group)
            found = Names(
                found.pattern
                if group.pattern == found.pattern
                else f"{group.pattern}|{found.pattern}",
                (*group.samples, *found.samples),
                [*group.prototypes, *found.prototypes],
            )
        groups.append(found)
    for group in groups:
        excluded = [_escaped(each) for each in named if group.has(each)]
        if excluded:
            group.pattern = f"(?!(?:{'|'.join(excluded)})$)(?:{group.pattern})"
    return groups


def _names(prototype: Prototype) -> Names | None:
    own = prototype.rules.allowed_id_short
    placeholder, name = prototype.placeholder, prototype.id_short
    if own is not None and has_own_pattern(prototype):
        numbered = placeholder.numbered(1) if placeholder else f"{name}01"
        return Names(own.compiled.pattern, (name, numbered))
    if prototype.is_arbitrary or not name:
        return None
    if placeholder is not None:
        pattern = f"{_escaped(placeholder.before)}[0-9]+{_escaped(placeholder.after)}"
        return Names(pattern, (placeholder.numbered(1),))
    return Names(f"{_escaped(name)}{_COUNTER}", (name, f"{name}01"))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)

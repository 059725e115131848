"""What elements of one level are to each other: their names, and either-or classes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from aas_server.templates.linting.findings import LintFinding, found
from aas_server.templates.prototype import Prototype

_CLASS: Final = re.compile(r"[A-Za-z0-9]+")
_ID_SHORT: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")


def level_findings(prototypes: Sequence[Prototype]) -> Iterator[LintFinding]:
    """Yield what is wrong with the names and the either-or classes of one level."""
    seen: set[str] = set()
    classes: dict[str, list[Prototype]] = {}
    for prototype in prototypes:
        yield from _name(prototype)
        name = prototype.id_short
        if name in seen and not prototype.in_list:
            yield found("repeated-id-short", prototype.path, f"a sibling is called {name!r}, too")
        if name:
            seen.add(name)
        if prototype.rules.either_or is not None:
            classes.setdefault(prototype.rules.either_or, []).append(prototype)
    for name, members in classes.items():
        yield from _either_or(name, members)


def _name(prototype: Prototype) -> Iterator[LintFinding]:
    name = prototype.id_short
    if not name:
        return
    if "{" in name and prototype.placeholder is not None:
        yield found("old-placeholder", prototype.path, f"{name!r} is no idShort")
    elif _ID_SHORT.fullmatch(name) is None:
        yield found("bad-id-short", prototype.path, f"{name!r} is no idShort")


def _either_or(name: str, members: list[Prototype]) -> Iterator[LintFinding]:
    path = members[0].path
    if len(members) == 1:
        yield found("single-either-or", path, f"the class {name!r} has no other member here")
    required = [each.id_short for each in members if each.cardinality.least > 0]
    if 0 < len(required) < len(members):
        text = f"of the class {name!r} only {', '.join(required)} must be there"
        yield found("either-or-cardinality", path, text)
    if _CLASS.fullmatch(name) is None:
        yield found("either-or-name", path, f"{name!r} is an odd name of a class")

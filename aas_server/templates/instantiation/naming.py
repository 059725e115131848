"""What elements of instances are called."""

from __future__ import annotations

import re
import uuid
from typing import Final

from aas_server.templates.prototype import Prototype, Template

DEFAULT_SCHEME: Final = "urn:uuid:{uuid}"
"""How ids of instances are made: ``{uuid}``, ``{idShort}`` and ``{version}`` are filled in."""

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]+")


def id_short_of(prototype: Prototype, name: str, number: int, count: int) -> str:
    """Return the idShort of element ``number`` of ``count`` after ``prototype``; ``name`` is what
    the values call it, ``""`` for nothing.
    """
    if prototype.placeholder is not None:
        is_own = name and name != prototype.id_short and not _is_stem(prototype, name)
        return name if is_own else prototype.placeholder.numbered(number + 1)
    if name and (prototype.is_arbitrary or not prototype.is_named) and "/" not in name:
        return legal_name(name)
    base = legal_name(prototype.id_short)
    numbered = (f"{base}{number + 1:02d}", f"{base}{number + 1:03d}", f"{base}{number + 1}")
    names = (base, *numbered) if count == 1 else numbered
    pattern = prototype.rules.allowed_id_short
    if pattern is None:
        return names[0]
    return next((name for name in names if pattern.matches(name)), names[0])


def new_identifier(scheme: str, template: Template, new_id: str) -> str:
    """Return the id of a new instance after ``scheme``; ``new_id`` has 32 hexadecimal digits."""
    places = {
        "{uuid}": str(uuid.UUID(new_id)),
        "{idShort}": template.id_short,
        "{version}": template.version,
    }
    for place, text in places.items():
        scheme = scheme.replace(place, text)
    return scheme


def free(id_short: str, taken: set[str]) -> str:
    """Return the idShort, with a number behind it when a sibling has it (AASd-022)."""
    found, number = id_short, 1
    while found.casefold() in taken:
        number += 1
        found = f"{id_short}_{number}"
    taken.add(found.casefold())
    return found


def legal_name(id_short: str) -> str:
    """Return an idShort that may stand in an instance: letters, digits, ``_`` and ``-``."""
    name = _NOT_IN_NAMES.sub("_", id_short).lstrip("_-").rstrip("-")
    return name if name[:1].isalpha() else f"E_{name}"


def _is_stem(prototype: Prototype, name: str) -> bool:
    placeholder = prototype.placeholder
    return (
        placeholder is not None and name == f"{placeholder.before.rstrip('_')}{placeholder.after}"
    )

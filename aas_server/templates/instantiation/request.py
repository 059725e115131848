"""What is asked of an instance, and what comes of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.tree import Node

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Mode(enum.StrEnum):
    """Which prototypes become elements without being asked for by name or value."""

    MINIMAL = "minimal"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Request:
    """An instance as it is wanted; ``identifier`` becomes its id.

    ``select`` names prototypes by their paths in the template that are to be there in any mode,
    ``counts`` how often, ``choices`` the member of each either-or class by its idShort. ``values``
    is a document of values by idShort or semantic id, level by level, lists for what is repeated;
    a key may also be an idShortPath, and null leaves an element without its value.
    """

    identifier: str
    mode: Mode = Mode.MINIMAL
    select: frozenset[str] = frozenset()
    counts: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    choices: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    values: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Unfilled:
    """A required element without a value: its idShortPath and that of its prototype."""

    path: str
    template_path: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A submodel made after a template, the concept descriptions that it uses, what is still to be
    filled in, and what of the request could not be done.
    """

    submodel: Node
    concept_descriptions: list[Node]
    unfilled: list[Unfilled]
    findings: list[Finding]

    def environment(self) -> Node:
        """Return submodel and concept descriptions as an environment."""
        found: Node = {"submodels": [self.submodel]}
        if self.concept_descriptions:
            found["conceptDescriptions"] = self.concept_descriptions
        return found

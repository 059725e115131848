"""Shapes of JSON: what a schema says of types, lengths, patterns and members, and where a value
differs.

Members that a shape does not name are let through: the schemas of Part 2 do not forbid them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aas_server.errors import Finding

STRUCTURE: Final = "structure"
"""Code of a finding that contradicts the schema."""


class Shape(Protocol):
    """What a value must look like."""

    def findings(self, value: Any, path: str) -> Iterator[Finding]:
        """Yield what is wrong with ``value``, which stands at the JSON path ``path``."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of ``shortest`` to ``longest`` characters that fits ``pattern`` as a whole."""

    longest: int
    shortest: int = 0
    pattern: re.Pattern[str] | None = None

    def findings(self, value: Any, path: str) -> Iterator[Finding]:
        """Yield what is wrong with ``value``."""
        if not isinstance(value, str):
            yield _finding(path, "must be a text")
        elif not self.shortest <= len(value) <= self.longest:
            yield _finding(path, f"must have {self.shortest} to {self.longest} characters")
        elif self.pattern is not None and not self.pattern.fullmatch(value):
            yield _finding(path, f"does not fit the pattern {self.pattern.pattern}")


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some strings."""

    values: frozenset[str]

    def findings(self, value: Any, path: str) -> Iterator[Finding]:
        """Yield what is wrong with ``value``."""
        if not isinstance(value, str) or value not in self.values:
            yield _finding(path, f"must be one of {', '.join(sorted(self.values))}")


@dataclass(frozen=True, slots=True)
class Items:
    """An array of at least ``fewest`` values of one shape."""

    shape: Shape
    fewest: int = 0

    def findings(self, value: Any, path: str) -> Iterator[Finding]:
        """Yield what is wrong with ``value``."""
        if not isinstance(value, list):
            yield _finding(path, "must be an array")
            return
        if len(value) < self.fewest:
            yield _finding(path, "must not be empty: leave it out or fill it")
        for index, item in enumerate(value):
            yield from self.shape.findings(item, f"{path}[{index}]")


@dataclass(frozen=True, slots=True)
class Members:
    """An object with some members of known shapes, the ``required`` ones among them."""

    shapes: Mapping[str, Shape]
    required: tuple[str, ...] = ()

    def findings(self, value: Any, path: str) -> Iterator[Finding]:
        """Yield what is wrong with ``value``."""
        if not isinstance(value, dict):
            yield _finding(path, "must be an object")
            return
        for name in self.required:
            if name not in value:
                yield _finding(f"{path}.{name}", "is required")
        for name, shape in self.shapes.items():
            if name in value:
                yield from shape.findings(value[name], f"{path}.{name}")


def _finding(path: str, text: str) -> Finding:
    return Finding(STRUCTURE, path.removeprefix("."), text)

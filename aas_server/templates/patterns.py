"""What texts may be: patterns without backtracking (RE2), and lists of values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import re2

MAX_PATTERN: Final = 2000
"""Characters of a pattern at most."""

_ANCHORS_OR_SIGNS: Final = re.compile(r"^\^|\$$|\\[dwsDWS]|\[[^\]]+\]|[\])][*+?]|\.[*+]|\{\d")
_BRACKETED: Final = re.compile(r"\[((?:\\[dwsDWS]|[^\[\]\\])(?:\{\d+(?:,\d*)?\}|[*+?]))\]")
_SEPARATOR: Final = re.compile(r"\s*;\s*|\s+\|\s+")
_BARS: Final = re.compile(r"\s*\|\s*")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that a whole text must match; ``text`` is how the template has it."""

    text: str
    compiled: Any

    def matches(self, text: str) -> bool:
        """Return whether all of ``text`` matches."""
        return self.compiled.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class AllowedValues:
    """What a value may be: one of ``values``, or what one of ``patterns`` matches."""

    values: tuple[str, ...]
    patterns: tuple[Pattern, ...]

    def allows(self, text: str) -> bool:
        """Return whether ``text`` may be the value."""
        return text in self.values or any(pattern.matches(text) for pattern in self.patterns)

    def __str__(self) -> str:
        """Return what is allowed, as a reader wants to see it."""
        return "; ".join([*self.values, *(f"/{pattern.text}/" for pattern in self.patterns)])


def parse_pattern(text: str) -> Pattern:
    """Return the pattern that ``text`` says; raises ``ValueError`` that says what is wrong."""
    if len(text) > MAX_PATTERN:
        raise ValueError(f"the pattern is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return Pattern(text, re2.compile(text, options))
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        words = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{text!r} is no regular expression: {words}") from None


def parse_id_short_pattern(text: str) -> Pattern:
    """Return the pattern of idShorts that ``text`` means.

    ``Time[\\d{2,3}]``, which the published templates write, is read as ``Time\\d{2,3}``: as it
    stands it would name a single sign.
    """
    meant = _BRACKETED.sub(r"\1", text.strip())
    return Pattern(text.strip(), parse_pattern(meant).compiled)


def parse_allowed_values(texts: list[str]) -> AllowedValues:
    """Return what several qualifiers allow together.

    A text with anchors or other signs of patterns is one; else it lists values, with ``;`` or bars
    between them. Raises ``ValueError`` for a pattern that is none.
    """
    values: dict[str, None] = {}
    patterns: list[Pattern] = []
    for text in texts:
        if _ANCHORS_OR_SIGNS.search(text.strip()):
            patterns.append(parse_pattern(text.strip()))
        else:
            values |= dict.fromkeys(split_values(text))
    return AllowedValues(tuple(values), tuple(patterns))


def split_values(text: str) -> list[str]:
    """Return the values that a text lists."""
    parts = _SEPARATOR.split(text.strip())
    if len(parts) == 1:
        parts = _BARS.split(text.strip())
    return [part.strip() for part in parts if part.strip()]

"""What the qualifiers of one prototype demand of the elements that are made after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aas_server.metamodel.tree import Node
from aas_server.templates.patterns import (
    AllowedValues,
    Pattern,
    parse_allowed_values,
    parse_id_short_pattern,
    split_values,
)
from aas_server.templates.ranges import AllowedRange, parse_range
from aas_server.templates.vocabulary import RuleKind, rule_kind

T = TypeVar("T")

_WORDS: Final = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_SHORT: Final = {"1": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None), "recursive": (0, None)}
_RECURSIVE: Final = "recursive"
_DOTS: Final = re.compile(r"(\d{1,9})\s*\.\.\s*(\d{1,9}|\*)")
_NUMBERS: Final = "|".join(_WORDS)
_FROM_TO: Final = re.compile(rf"({_NUMBERS})(?:[\s_-]*t*to[\s_-]*({_NUMBERS}|many))?")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_ACCESS: Final = {"readonly": "ReadOnly", "readwrite": "ReadWrite"}


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How often elements of a prototype stand on their level; ``most`` of None is any number."""

    least: int
    most: int | None

    def __str__(self) -> str:
        """Return it as template qualifiers have it: ``ZeroToMany``."""
        known = {
            (1, 1): "One",
            (0, 1): "ZeroToOne",
            (0, None): "ZeroToMany",
            (1, None): "OneToMany",
        }
        most = "*" if self.most is None else self.most
        return known.get((self.least, self.most), f"{self.least}..{most}")

    def holds(self, count: int) -> bool:
        """Return whether there may be ``count`` elements."""
        return self.least <= count and (self.most is None or count <= self.most)


ONE: Final = Cardinality(1, 1)
ANY: Final = Cardinality(0, None)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the qualifiers that cannot be read, or says too much: which, and why."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one prototype; None and empty where its qualifiers say nothing."""

    cardinality: Cardinality | None = None
    is_recursive: bool = False
    either_or: str | None = None
    initial: str | None = None
    default: str | None = None
    examples: tuple[str, ...] = ()
    allowed_values: AllowedValues | None = None
    allowed_range: AllowedRange | None = None
    allowed_id_short: Pattern | None = None
    languages: tuple[str, ...] = ()
    access_mode: str | None = None
    choices: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def parse_cardinality(text: str) -> Cardinality:
    """Return the cardinality that ``text`` says: ``ZeroToOne`` in any capitals, ``1..3``, ``*``.

    Raises ``ValueError`` that says what is expected.
    """
    word = text.strip().casefold()
    if word in _SHORT:
        return Cardinality(*_SHORT[word])
    dots = _DOTS.fullmatch(word)
    if dots is not None:
        least, most = int(dots[1]), None if dots[2] == "*" else int(dots[2])
    else:
        words = _FROM_TO.fullmatch(word)
        if words is None:
            raise ValueError(f"{text!r} is none of One, ZeroToOne, ZeroToMany, OneToMany")
        least = _WORDS[words[1]]
        most = least if words[2] is None else _WORDS.get(words[2])
    if most is not None and (most < least or most == 0):
        raise ValueError(f"{text!r} allows nothing")
    return Cardinality(least, most)


def read_rules(node: Node) -> Rules:
    """Return the rules in the qualifiers of ``node``; what cannot be read is among the faults."""
    return _Reading(node).rules()


class _Reading:
    """The qualifiers of one node by what they rule, and what is wrong with them."""

    def __init__(self, node: Node) -> None:
        self._texts: dict[RuleKind, list[str]] = {}
        self._faults: list[Fault] = []
        for kind, text in _ruled(node):
            if text is None:
                fault = Fault(f"no-{_code(kind)}", f"the qualifier {kind.value} has no value")
                self._faults.append(fault)
            else:
                self._texts.setdefault(kind, []).append(text)

    def rules(self) -> Rules:
        allowed = self._texts.get(RuleKind.ALLOWED_VALUE)
        counts = self._texts.get(RuleKind.CARDINALITY, [])
        others = [text for text in counts if text.strip().casefold() != _RECURSIVE]
        is_recursive = len(others) < len(counts)
        if others:
            self._texts[RuleKind.CARDINALITY] = others
        return Rules(
            is_recursive=is_recursive,
            cardinality=self._parsed(RuleKind.CARDINALITY, parse_cardinality),
            either_or=self._parsed(RuleKind.EITHER_OR, str.strip),
            initial=self._parsed(RuleKind.INITIAL_VALUE, str),
            default=self._parsed(RuleKind.DEFAULT_VALUE, str),
            examples=tuple(self._texts.get(RuleKind.EXAMPLE_VALUE, ())),
            allowed_values=None
            if allowed is None
            else self._tried(RuleKind.ALLOWED_VALUE, lambda: parse_allowed_values(allowed)),
            allowed_range=self._parsed(RuleKind.ALLOWED_RANGE, parse_range),
            allowed_id_short=self._parsed(RuleKind.ALLOWED_ID_SHORT, parse_id_short_pattern),
            languages=self._languages(),
            access_mode=self._parsed(RuleKind.ACCESS_MODE, _access_mode),
            choices=tuple(
                value
                for text in self._texts.get(RuleKind.CHOICES, ())
                for value in split_values(text)
            ),
            faults=tuple(self._faults),
        )

    def _parsed(self, kind: RuleKind, parse: Callable[[str], T]) -> T | None:
        """Return what the first qualifier of a kind says; different ones are a fault."""
        texts = self._texts.get(kind)
        if not texts:
            return None
        if len({text.strip() for text in texts}) > 1:
            fault = Fault(
                f"several-{_code(kind)}",
                f"there are several qualifiers {kind.value} that differ: {'; '.join(texts)}",
            )
            self._faults.append(fault)
        return self._tried(kind, lambda: parse(texts[0]))

    def _tried(self, kind: RuleKind, parse: Callable[[], T]) -> T | None:
        try:
            return parse()
        except ValueError as error:
            self._faults.append(Fault(f"bad-{_code(kind)}", f"{kind.value}: {error}"))
            return None

    def _languages(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for text in self._texts.get(RuleKind.REQUIRED_LANG, ()):
            for part in text.split("|"):
                if _LANGUAGE.fullmatch(part.strip()):
                    found[part.strip()] = None
                else:
                    words = f"RequiredLang: {part.strip()!r} is no language tag"
                    self._faults.append(Fault("bad-required-lang", words))
        return tuple(found)


def _ruled(node: Node) -> Iterator[tuple[RuleKind, str | None]]:
    qualifiers: Any = node.get("qualifiers")
    for qualifier in qualifiers if isinstance(qualifiers, list) else ():
        kind = rule_kind(qualifier) if isinstance(qualifier, dict) else None
        if kind is not None and kind is not RuleKind.HINT:
            value = qualifier.get("value")
            yield kind, value if isinstance(value, str) and value.strip() else None


def _access_mode(text: str) -> str:
    found = _ACCESS.get(text.strip().casefold())
    if found is None:
        raise ValueError(f"{text!r} is neither ReadOnly nor ReadWrite")
    return found


def _code(kind: RuleKind) -> str:
    """Return what a kind is called in codes: ``allowed-value``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.value).lower()

"""What fills a template: texts, ranges, references, signals, and values that a machine delivers.

``plain`` turns all of them into the document of values that the template engine takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from submodels.documents import lang_strings, reference_to


class _Live(Enum):
    LIVE = "live"


LIVE: Final = _Live.LIVE
"""Stands for a value that a machine delivers: the element is there, its value is not."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in English and German."""

    en: str
    de: str

    def by_language(self) -> dict[str, str]:
        """Return the text by language."""
        return {"en": self.en, "de": self.de}


@dataclass(frozen=True, slots=True)
class Span:
    """Lowest and highest value of a range in lexical form; None leaves the end open."""

    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference by its keys: pairs of key type and value, the outermost first."""

    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Member:
    """What fills a placeholder: its content, the concepts that its name stands for, its name."""

    concept_ids: tuple[str, ...]
    label: Text
    values: Mapping[str, Value]


Value: TypeAlias = (
    "str | Text | Span | Reference | Member | _Live | Mapping[str, Value] | Sequence[Value]"
)
"""A text in lexical form for a Property, a Text or texts by language for a
MultiLanguageProperty, values by idShort for a collection, a sequence for a list.
"""


def external(identifier: str) -> Reference:
    """Return a reference to something that is no part of a shell."""
    return Reference((("GlobalReference", identifier),))


def live(*names: str) -> dict[str, Value]:
    """Return the content of a collection whose elements ``names`` come from the machine."""
    return dict.fromkeys(names, LIVE)


def plain(value: Value) -> Any:
    """Return ``value`` as the template engine takes it."""
    match value:
        case _Live():
            return None
        case Text():
            return value.by_language()
        case Span(low=low, high=high):
            ends = {"min": low, "max": high}
            return {name: end for name, end in ends.items() if end is not None}
        case Reference(keys=keys):
            return reference_to(*keys)
        case Member():
            return {
                "supplementalSemanticIds": [
                    reference_to(("GlobalReference", each)) for each in value.concept_ids
                ],
                "displayName": lang_strings(value.label.by_language()),
                "value": plain(value.values),
            }
        case str():
            return value
        case Mapping():
            return {name: plain(each) for name, each in value.items()}
        case _:
            return [plain(each) for each in value]

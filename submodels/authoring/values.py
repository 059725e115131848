"""What fills a template: texts, ranges, references, and values that come from a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from submodels.authoring.declaration import Concept, Text


class _Live(Enum):
    LIVE = "live"


LIVE: Final = _Live.LIVE
"""Stands for a value that a machine delivers: the element is there, its value is not."""


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
    """What fills a placeholder: its content and the concept that its name stands for.

    ``label`` is for one of several members with the same concept.
    """

    concept: Concept
    values: Mapping[str, Value]
    further_ids: tuple[str, ...] = ()
    label: Text | None = None


Value: TypeAlias = (
    "str | Text | Span | Reference | Member | _Live | Mapping[str, Value] | Sequence[Value]"
)
"""A text in lexical form for a Property, a Text or texts by language for a
MultiLanguageProperty, values by idShort for a collection, a sequence for a list.
"""


def external(identifier: str) -> Reference:
    """Return a reference to something that is no part of a shell."""
    return Reference((("GlobalReference", identifier),))


def element_of(submodel_id: str, *keys: tuple[str, str]) -> Reference:
    """Return a reference to an element by the key types and idShorts on the way to it."""
    return Reference((("Submodel", submodel_id), *keys))


def live(*names: str) -> dict[str, Value]:
    """Return the content of a collection whose elements ``names`` come from the machine."""
    return dict.fromkeys(names, LIVE)

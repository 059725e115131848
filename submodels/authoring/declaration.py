"""The vocabulary in which a submodel template is declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

NAMESPACE: Final = "urn:aas-server:smt"
"""What the identifiers of our own concepts and templates begin with."""

VERSION: Final = "1"
REVISION: Final = "0"

Rule: TypeAlias = tuple[str, str]
"""Type and value of a template qualifier, the type without its ``SMT/``."""


class Cardinality(StrEnum):
    """How often an element may stand on its level of an instance."""

    ONE = "One"
    ZERO_TO_ONE = "ZeroToOne"
    ZERO_TO_MANY = "ZeroToMany"


ONE: Final = Cardinality.ONE
OPTIONAL: Final = Cardinality.ZERO_TO_ONE
MANY: Final = Cardinality.ZERO_TO_MANY


@dataclass(frozen=True, slots=True)
class Text:
    """A text in English and German."""

    en: str
    de: str


@dataclass(frozen=True, slots=True, init=False)
class Meaning:
    """What something is called and what it is, each in English and German."""

    name: Text
    definition: Text

    def __init__(self, name_en: str, name_de: str, en: str, de: str) -> None:
        object.__setattr__(self, "name", Text(name_en, name_de))
        object.__setattr__(self, "definition", Text(en, de))


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit by its UCUM code and, where the IEC 62720 dictionary has it, by its identifier."""

    ucum: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept of ours; ``data_type`` is a literal of IEC 61360, None for a structure."""

    id: str
    id_short: str
    meaning: Meaning
    data_type: str | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a template.

    Without a ``semantic_id`` it stands for a concept of ours that has its name. A name that ends in
    ``__00__`` is a placeholder: an instance may hold any number of such elements, named freely.
    """

    id_short: str
    cardinality: Cardinality
    meaning: Meaning | None = None
    semantic_id: str | None = field(default=None, kw_only=True)
    supplemental: tuple[str, ...] = field(default=(), kw_only=True)
    rules: tuple[Rule, ...] = field(default=(), kw_only=True)

    @property
    def is_placeholder(self) -> bool:
        """Whether instances choose the name."""
        return self.id_short.endswith(_PLACEHOLDER)


@dataclass(frozen=True, slots=True)
class Property(Element):
    """A single value; ``unit`` is for a quantity whose unit never varies."""

    value_type: str = field(default="xs:string", kw_only=True)
    unit: Unit | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class MultiLanguageProperty(Element):
    """A text in several languages."""


@dataclass(frozen=True, slots=True)
class Range(Element):
    """A lowest and a highest value."""

    value_type: str = field(default="xs:double", kw_only=True)


@dataclass(frozen=True, slots=True)
class ReferenceElement(Element):
    """A reference to something inside or outside of the shell."""


@dataclass(frozen=True, slots=True)
class Collection(Element):
    """Elements of different meaning, told apart by name."""

    elements: tuple[AnyElement, ...] = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class List(Element):
    """Elements of the same meaning in an order; ``item`` gives its name to the concept only."""

    item: Collection | ReferenceElement = field(kw_only=True)


AnyElement: TypeAlias = (
    Property | MultiLanguageProperty | Range | ReferenceElement | Collection | List
)


@dataclass(frozen=True, slots=True)
class Template:
    """A submodel template; without ``semantic_id`` and ``template_id`` it is one of ours."""

    id_short: str
    elements: tuple[AnyElement, ...]
    meaning: Meaning | None = None
    foreign_semantic_id: str | None = None
    foreign_template_id: str | None = None

    @property
    def semantic_id(self) -> str:
        """What instances have as semanticId."""
        return self.foreign_semantic_id or concept_id(self.id_short)

    @property
    def template_id(self) -> str:
        """The id of the template as a document, which instances name in their administration."""
        return self.foreign_template_id or concept_id(f"template/{self.id_short}")

    def semantic_id_of(self, element: Element) -> str:
        """Return the semanticId of an element of this template."""
        return element.semantic_id or concept_id(f"{self.id_short}/{concept_name(element)}")

    def walk(self) -> Iterator[AnyElement]:
        """Yield every element, parents first."""
        for element in self.elements:
            yield from _walk(element)


def concept_id(path: str) -> str:
    """Return the identifier of ours that ``path`` names, with its version."""
    return f"{NAMESPACE}/{path}/{VERSION}/{REVISION}"


def concept_name(element: Element) -> str:
    """Return an element's name without the mark of a placeholder."""
    return element.id_short.removesuffix(_PLACEHOLDER)


def allowed(*values: str) -> Rule:
    """Return the rule that a value is one of ``values``."""
    return ("AllowedValue", f"^({'|'.join(values)})$")


def _walk(element: AnyElement) -> Iterator[AnyElement]:
    yield element
    match element:
        case Collection(elements=children):
            for child in children:
                yield from _walk(child)
        case List(item=item):
            yield from _walk(item)


_PLACEHOLDER: Final = "__00__"

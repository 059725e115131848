"""What is written into ``Annotated`` beside a type, to say what a template says of an element."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TemplateOf:
    """The template that a model stands for: what a YAML source has at its top.

    A model has it as its class variable ``template``.
    """

    id: str
    version: str = "1.0"
    concepts: str | None = None
    template_id: str | None = None
    id_short: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit by its UCUM code, and by its identifier in a dictionary where it has one."""

    ucum: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class SemanticId:
    """The semanticId of an element, and supplemental ones."""

    id: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How often an element stands on its level, where the type does not say it: ``+``."""

    text: str


@dataclass(frozen=True, slots=True)
class AllowedRange:
    """The numbers that are allowed: ``[0,100]``."""

    text: str


@dataclass(frozen=True, slots=True, init=False)
class AllowedValue:
    """The values that are allowed, or a ``pattern`` for them."""

    values: tuple[str | int | float | bool, ...]
    pattern: str | None

    def __init__(self, *values: str | int | float | bool, pattern: str | None = None) -> None:
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "pattern", pattern)


@dataclass(frozen=True, slots=True)
class Example:
    """A value that illustrates; no instance has it."""

    value: str | int | float | bool


@dataclass(frozen=True, slots=True, init=False)
class Languages:
    """The languages that texts must have."""

    tags: tuple[str, ...]

    def __init__(self, *tags: str) -> None:
        object.__setattr__(self, "tags", tags)


@dataclass(frozen=True, slots=True)
class Name:
    """What people call it, in English and German."""

    en: str
    de: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A definition in English and German."""

    en: str
    de: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of the YAML form, where Python has none for it: ``range of double``, ``file``."""

    type: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Any other keys of the YAML form: ``Rules({"either": "Value", "access": "ReadOnly"})``."""

    keys: dict[str, object] = field(default_factory=dict)

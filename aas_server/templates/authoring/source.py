"""The form in which people write a submodel template: as short as a template can be said."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from aas_server.templates.patterns import parse_id_short_pattern, parse_pattern
from aas_server.templates.ranges import parse_range
from aas_server.templates.rules import parse_cardinality

VALUE_TYPES: Final = (
    *("string", "boolean", "double", "float", "decimal", "integer", "long", "int", "short", "byte"),
    *("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "nonNegativeInteger"),
    *("positiveInteger", "nonPositiveInteger", "negativeInteger", "dateTime", "date", "time"),
    *("duration", "gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay", "anyURI"),
    *("base64Binary", "hexBinary"),
)
"""The types of a value, as XML Schema calls them."""
STRUCTURES: Final = {
    "texts": "MultiLanguageProperty",
    "file": "File",
    "blob": "Blob",
    "reference": "ReferenceElement",
    "relationship": "RelationshipElement",
    "annotated relationship": "AnnotatedRelationshipElement",
    "collection": "SubmodelElementCollection",
    "list": "SubmodelElementList",
    "entity": "Entity",
    "operation": "Operation",
    "event": "BasicEventElement",
    "capability": "Capability",
}
"""What else a type may be, and which class of the metamodel that is."""
RANGE: Final = "range of "
"""What a type begins with that is a range of values: ``range of double``."""
LIST: Final = "list of "
"""What a type begins with that is a list whose items are not described: ``list of string``."""
CARDINALITIES: Final = ("1", "?", "*", "+")
"""How often an element may stand on its level, in short."""

_CARDINALITIES: Final = ("One", "ZeroToOne", "ZeroToMany", "OneToMany")
_ID_SHORT: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_MAX_NAME: Final = 128
_NO_TEXT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VERSION: Final = re.compile(r"(?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3})")
_PLACES: Final = re.compile(r"\{(name|path)\}")
_LANGUAGE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"


def _english(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _lexical(value: Any) -> Any:
    """Return a value as XML Schema spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _one_line(text: str) -> str:
    words = " ".join(_legible(text).split())
    if not words:
        raise ValueError("must not be empty")
    return words


def _legible(text: str) -> str:
    """Return ``text``; raises ``ValueError`` for characters that no document has (AASd-130)."""
    if _NO_TEXT.search(text):
        raise ValueError("has characters that no text has")
    return text


def _is_id_short(name: str) -> bool:
    return len(name) <= _MAX_NAME and _ID_SHORT.fullmatch(name) is not None


Identifier: TypeAlias = Annotated[
    StrictStr,
    StringConstraints(min_length=1, max_length=2000, pattern=r"^\S(.*\S)?$"),
    AfterValidator(_legible),
]
Words: TypeAlias = Annotated[
    StrictStr, Field(min_length=1, max_length=1023), AfterValidator(_one_line)
]
LanguageTag: TypeAlias = Annotated[StrictStr, StringConstraints(pattern=_LANGUAGE)]
Texts: TypeAlias = Annotated[dict[LanguageTag, Words], BeforeValidator(_english)]
"""Texts by language; one text alone is English."""
Several: TypeAlias = Annotated[tuple[Identifier, ...], BeforeValidator(_several)]
Value: TypeAlias = Annotated[
    StrictStr,
    BeforeValidator(_lexical),
    AfterValidator(_legible),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]


MediaType: TypeAlias = Annotated[
    StrictStr, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9.+_-]+/[A-Za-z0-9.+_-]+$")
]


class SourceModel(BaseModel):
    """What all parts of a template's source share: camelCase keys, none unknown, unchangeable."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_alias=True, validate_by_name=False, extra="forbid"
    )


class UnitSource(SourceModel):
    """A unit by its UCUM code and, where a dictionary has it, its identifier there."""

    ucum: Words = Field(description="UCUM code.", examples=["kW.h"])
    id: Identifier | None = Field(None, description="Identifier in a dictionary (IEC 62720).")

    @model_validator(mode="before")
    @classmethod
    def _code_alone(cls, data: Any) -> Any:
        return {"ucum": data} if isinstance(data, str) else data


class ElementSource(SourceModel):
    """An element: what it is, how often, what it means, what is allowed.

    A text alone is type and cardinality: ``double ?``.
    """

    type: Words | None = Field(
        None,
        description="A type of XML Schema (double, string, dateTime), 'range of' one, 'list of' "
        "any, texts, file, blob, reference, relationship, annotated relationship, collection, "
        "list, entity, operation, event, capability; or one of types.",
        examples=["double", "range of double", "texts"],
    )
    card: StrictStr = Field(
        "One",
        description="How often it stands on its level: 1, ?, *, +; * for the items of a list.",
    )
    id: Identifier | None = Field(
        None, description="semanticId; that of a concept of the template's own when left out."
    )
    also: Several = Field((), description="Supplemental semantic ids.")
    concept: Words | None = Field(
        None, description="Its name in ids of concepts, when it is not the idShort."
    )
    name: Texts | None = Field(None, description="What people call it, by language.")
    text: Texts | None = Field(None, description="Definition, by language.")
    unit: UnitSource | None = Field(None, description="UCUM code, of a unit that never varies.")

    either: Words | None = Field(
        None, description="Class of elements of which an instance has one (SMT/EitherOr)."
    )
    id_short: Words | None = Field(
        None, description="Pattern of the idShort in instances (SMT/AllowedIdShort)."
    )
    values: tuple[Value, ...] | None = Field(None, description="The values that are allowed.")
    pattern: Words | None = Field(None, description="Pattern of values (SMT/AllowedValue).")
    allowed_range: Words | None = Field(
        None,
        alias="range",
        description="Allowed range (SMT/AllowedRange).",
        examples=["[0,100]", "(0,*)"],
    )
    languages: tuple[LanguageTag, ...] = Field((), description="Required languages of texts.")
    initial: Value | None = Field(None, description="Value of a new instance.")
    default: Value | None = Field(None, description="Value when nothing is said.")
    fixed: Value | None = Field(None, description="The only value that there is.")
    example: Value | None = Field(None, description="Illustration, never in an instance.")
    access: Literal["ReadOnly", "ReadWrite"] | None = Field(
        None, description="Whether receivers of an instance may write it."
    )

    arbitrary: StrictBool = Field(False, description="Stands for elements of any name and meaning.")
    drop_in: StrictBool = Field(False, description="Another template defines the content.")
    content_type: MediaType | None = Field(None, description="Media type of a file or blob.")
    managed: Literal["self", "co"] | None = Field(None, description="Sort of an entity.")
    ordered: StrictBool = Field(True, description="Whether the order of a list means something.")
    direction: Literal["input", "output"] = Field("output", description="Of an event.")
    collection: dict[Words, ElementSource] | None = Field(None, description="Its elements.")
    items: Annotated[tuple[ElementSource, ...] | None, BeforeValidator(_several)] = Field(
        None, alias="list", description="What its items are: one element, or several of one type."
    )
    statements: dict[Words, ElementSource] | None = Field(None, description="Of an entity.")
    annotations: dict[Words, ElementSource] | None = Field(
        None, description="Of an annotated relationship."
    )
    inputs: dict[Words, ElementSource] | None = Field(None, description="Of an operation.")
    outputs: dict[Words, ElementSource] | None = Field(None, description="Of an operation.")
    inoutputs: dict[Words, ElementSource] | None = Field(None, description="Of an operation.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        kind, _, card = data.strip().rpartition(" ")
        is_card = bool(kind) and card in CARDINALITIES
        return {"type": kind.strip(), "card": card} if is_card else {"type": data.strip()}

    @field_validator("card", mode="before")
    @classmethod
    def _cardinality(cls, value: Any) -> Any:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str):
            return text
        word = str(parse_cardinality(text))
        if word not in _CARDINALITIES:
            raise ValueError(f"{text!r} is none of {', '.join(CARDINALITIES)}")
        return word

    @field_validator("concept")
    @classmethod
    def _concept(cls, value: str | None) -> str | None:
        if value is not None and not _is_id_short(value):
            raise ValueError(f"{value!r} is no idShort: a letter, then letters, digits, _ and -")
        return value

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        if value is not None:
            parse_pattern(value)
        return value

    @field_validator("id_short")
    @classmethod
    def _id_short_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            parse_id_short_pattern(value)
        return value

    @field_validator("allowed_range")
    @classmethod
    def _range(cls, value: str | None) -> str | None:
        if value is not None:
            parse_range(value)
        return value

    @field_validator(
        "collection", "statements", "annotations", "inputs", "outputs", "inoutputs", mode="after"
    )
    @classmethod
    def _names(cls, value: dict[str, ElementSource] | None) -> dict[str, ElementSource] | None:
        return None if value is None else checked_names(value)


def checked_names(elements: dict[str, ElementSource]) -> dict[str, ElementSource]:
    """Return ``elements``; raises ``ValueError`` for a name that is no idShort (AASd-002)."""
    for name in elements:
        if not _is_id_short(name):
            raise ValueError(f"{name!r} is no idShort: a letter, then letters, digits, _ and -")
    return elements


class TemplateSource(SourceModel):
    """A submodel template."""

    template: StrictStr = Field(description="idShort of the submodel.", examples=["Pump"])
    id: Identifier = Field(
        description="semanticId of the submodel, with a version in it.",
        examples=["https://example.com/smt/Pump/1/0"],
    )
    template_id: Identifier | None = Field(
        None, description="What instances name as their template; <id>/template when left out."
    )
    document: Identifier | None = Field(
        None, description="Id of the template's document; the templateId when left out."
    )
    version: StrictStr = Field("1.0", description="Version and revision, in quotes.")
    name: Texts | None = Field(None, description="What people call it, by language.")
    text: Texts | None = Field(None, description="What it is for, by language.")
    also: Several = Field((), description="Supplemental semantic ids.")
    concepts: Identifier | None = Field(
        None,
        description="Scheme of the ids of own concepts: {name} is the element's, {path} the names "
        "on the way to it. Every concept whose id begins like it is described.",
        examples=["https://example.com/concepts/Pump/{path}/1/0"],
    )
    types: dict[Words, ElementSource] = Field(
        default_factory=dict, description="Elements to refer to as a type, by a name."
    )
    elements: dict[Words, ElementSource] = Field(description="The elements, by idShort.")

    @field_validator("template")
    @classmethod
    def _template(cls, value: str) -> str:
        if not _is_id_short(value):
            raise ValueError(f"{value!r} is no idShort: a letter, then letters, digits, _ and -")
        return value

    @field_validator("version")
    @classmethod
    def _version(cls, value: str) -> str:
        if _VERSION.fullmatch(value) is None:
            raise ValueError('must be version and revision in quotes, such as "1.0"')
        return value

    @field_validator("concepts")
    @classmethod
    def _scheme(cls, value: str | None) -> str | None:
        if value is not None and (
            _PLACES.search(value) is None or re.search(r"[{}]", _PLACES.sub("", value))
        ):
            raise ValueError("must have {name} or {path} where the concept's name goes")
        if value is not None and value.startswith("{"):
            raise ValueError("must begin with what all ids of own concepts begin with")
        return value

    @field_validator("types")
    @classmethod
    def _types(cls, value: dict[str, ElementSource]) -> dict[str, ElementSource]:
        for name in value:
            if name in VALUE_TYPES or name in STRUCTURES or name.startswith(RANGE):
                raise ValueError(f"{name!r} is a type that there is already")
        return value

    @field_validator("elements")
    @classmethod
    def _elements(cls, value: dict[str, ElementSource]) -> dict[str, ElementSource]:
        return checked_names(value)

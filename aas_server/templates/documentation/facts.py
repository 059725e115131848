"""What a page about a template tells, whatever it is written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aas_server.templates.concepts import Concepts, text_in
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.semantics import primary_ids

_SHORT: Final = {
    "SubmodelElementCollection": "Collection",
    "SubmodelElementList": "List",
    "MultiLanguageProperty": "Texts by language",
    "ReferenceElement": "Reference",
    "RelationshipElement": "Relationship",
    "AnnotatedRelationshipElement": "Annotated relationship",
    "BasicEventElement": "Event",
}
_MAX_EXAMPLE: Final = 120


@dataclass(frozen=True, slots=True)
class Row:
    """One element; ``depth`` is 0 on the first level. Texts are ``""`` where there is nothing."""

    depth: int
    name: str
    type: str
    value_type: str
    unit: str
    cardinality: str
    is_required: bool
    semantic_ids: tuple[str, ...]
    allowed: tuple[str, ...]
    example: str
    description: str


@dataclass(frozen=True, slots=True)
class Page:
    """A template for people: its title, what it is for, facts by name, and its elements."""

    title: str
    description: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


def page_of(template: Template, language: str) -> Page:
    """Return what a page about ``template`` tells, its texts in ``language`` where there are any,
    else in English.
    """
    node = template.node
    concepts = Concepts(template)
    facts = (
        ("Version", template.version),
        ("Semantic id", ", ".join(sorted(primary_ids(node)))),
        ("Template id", template.template_id),
        ("Id of this document", template.id),
        ("Elements", str(sum(1 for _ in template.walk()))),
    )
    return Page(
        title=text_in(node.get("displayName"), language) or template.id_short or "Template",
        description=text_in(node.get("description"), language),
        facts=tuple((name, value) for name, value in facts if value),
        rows=tuple(_rows(template.children, 0, concepts, language)),
    )


def _rows(
    prototypes: tuple[Prototype, ...], depth: int, concepts: Concepts, language: str
) -> Iterator[Row]:
    for prototype in prototypes:
        yield _row(prototype, depth, concepts, language)
        yield from _rows(prototype.children, depth + 1, concepts, language)


def _row(prototype: Prototype, depth: int, concepts: Concepts, language: str) -> Row:
    node, concept = prototype.node, concepts.of(prototype.node)
    description = text_in(node.get("description"), language)
    if not description and concept is not None:
        description = concept.definition(language) or concept.name(language)
    return Row(
        depth=depth,
        name=_name(prototype),
        type=_type(prototype),
        value_type=str(node.get("valueType") or "").removeprefix("xs:"),
        unit=(concept.unit or concept.unit_id) if concept is not None else "",
        cardinality=_cardinality(prototype),
        is_required=prototype.cardinality.least > 0,
        semantic_ids=tuple(sorted(prototype.ids)),
        allowed=tuple(_allowed(prototype)),
        example=_example(prototype),
        description=description,
    )


def _name(prototype: Prototype) -> str:
    name = prototype.id_short
    if prototype.in_list:
        return f"[{name}]" if name else "[item]"
    if prototype.variables:
        return f"{name} ({prototype.variables.removesuffix('Variables')})"
    return f"{name} (any name)" if prototype.is_arbitrary else name


def _type(prototype: Prototype) -> str:
    kind = _SHORT.get(prototype.model_type, prototype.model_type)
    items = prototype.node.get("typeValueListElement")
    return f"{kind} of {_SHORT.get(str(items), str(items))}" if items else kind


def _cardinality(prototype: Prototype) -> str:
    least, most = prototype.cardinality.least, prototype.cardinality.most
    text = str(least) if least == most else f"{least}..{'*' if most is None else most}"
    name = prototype.rules.either_or
    return text if name is None else f"{text}, one of {name}"


def _allowed(prototype: Prototype) -> Iterator[str]:
    rules = prototype.rules
    allowed = rules.allowed_values
    if allowed is not None:
        yield str(allowed)
    if rules.allowed_range is not None:
        yield rules.allowed_range.text
    if rules.choices and (allowed is None or set(rules.choices) != set(allowed.values)):
        yield f"choices: {', '.join(rules.choices)}"
    if rules.allowed_id_short is not None:
        yield f"idShort: {rules.allowed_id_short.text}"
    if rules.languages:
        yield f"languages: {', '.join(rules.languages)}"
    if rules.access_mode is not None:
        yield rules.access_mode
    if rules.initial is not None:
        yield f"initially {rules.initial}"
    if rules.default is not None and rules.default != rules.initial:
        yield f"by default {rules.default}"


def _example(prototype: Prototype) -> str:
    if prototype.rules.examples:
        return "; ".join(prototype.rules.examples)
    node = prototype.node
    if prototype.model_type == "Range":
        bounds = [node.get("min"), node.get("max")]
        return " to ".join(str(each) for each in bounds if each is not None)
    value: Any = node.get("value")
    if isinstance(value, str) and prototype.model_type != "Blob":
        return value[:_MAX_EXAMPLE]
    if prototype.model_type == "MultiLanguageProperty":
        return text_in(value, "en")[:_MAX_EXAMPLE]
    return ""

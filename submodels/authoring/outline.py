"""The outline of a template for its README: one line an element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from submodels.authoring.declaration import (
    AnyElement,
    Cardinality,
    Collection,
    List,
    MultiLanguageProperty,
    Property,
    Range,
    ReferenceElement,
    Template,
)

BEGIN: Final = "<!-- outline: written by submodels/build.py -->"
END: Final = "<!-- end of outline -->"

_SHORT: Final = {
    Cardinality.ONE: "1",
    Cardinality.ZERO_TO_ONE: "0..1",
    Cardinality.ZERO_TO_MANY: "0..*",
}


def with_outline(readme: str, template: Template) -> str:
    """Return ``readme`` with the template's outline between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError(f"the README of {template.id_short} has no place for the outline")
    lines = "\n".join(_level(template.elements, 0))
    return f"{before}{BEGIN}\n```text\n{lines}\n```\n{END}{after}"


def _level(elements: tuple[AnyElement, ...], depth: int) -> Iterator[str]:
    for element in elements:
        yield _line(element, element.id_short, depth)
        match element:
            case Collection(elements=children):
                yield from _level(children, depth + 1)
            case List(item=item):
                yield _line(item, "[]", depth + 1)
                if isinstance(item, Collection):
                    yield from _level(item.elements, depth + 2)


def _line(element: AnyElement, name: str, depth: int) -> str:
    told = f"{'  ' * depth}{name}"
    line = f"{told:<24}{_type(element):<18}{_SHORT[element.cardinality]:<6}{_notes(element)}"
    return line.rstrip()


def _type(element: AnyElement) -> str:
    match element:
        case Property(value_type=value_type):
            return value_type.removeprefix("xs:")
        case Range(value_type=value_type):
            return f"range of {value_type.removeprefix('xs:')}"
        case MultiLanguageProperty():
            return "texts"
        case ReferenceElement():
            return "reference"
        case Collection():
            return "collection"
        case List():
            return "list"
        case _:
            assert_never(element)


def _notes(element: AnyElement) -> str:
    notes = []
    if isinstance(element, Property) and element.unit is not None:
        notes.append(element.unit.ucum)
    notes += [f"{name} {value}" for name, value in element.rules]
    if element.semantic_id is not None:
        notes.append(element.semantic_id)
    return "; ".join(notes)

"""The outline of a template for its README: one line an element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aas_server.templates.authoring.resolving import Element

BEGIN: Final = "<!-- outline: written by submodels/build.py -->"
END: Final = "<!-- end of outline -->"

_SHORT: Final = {"One": "1", "ZeroToOne": "0..1", "ZeroToMany": "0..*", "OneToMany": "1..*"}
_TYPES: Final = {
    "MultiLanguageProperty": "texts",
    "ReferenceElement": "reference",
    "SubmodelElementCollection": "collection",
    "SubmodelElementList": "list",
}


def with_outline(readme: str, elements: tuple[Element, ...]) -> str:
    """Return ``readme`` with the outline of a template's elements between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the README has no {END}")
    lines = "\n".join(_level(elements, 0))
    return f"{before}{BEGIN}\n```text\n{lines}\n```\n{END}{after}"


def _level(elements: tuple[Element, ...], depth: int) -> Iterator[str]:
    for element in elements:
        told = f"{'  ' * depth}{element.id_short or '[]'}"
        card = _SHORT[element.card]
        yield f"{told:<24}{_type(element):<18}{card:<6}{_notes(element)}".rstrip()
        yield from _level(element.children, depth + 1)


def _type(element: Element) -> str:
    value_type = element.value_type.removeprefix("xs:")
    if element.model_type == "Range":
        return f"range of {value_type}"
    return value_type or _TYPES.get(element.model_type, element.model_type.lower())


def _notes(element: Element) -> str:
    source = element.source
    rules = (
        ("EitherOr", source.either),
        ("AllowedIdShort", source.id_short),
        ("AllowedValue", f"^({'|'.join(source.values)})$" if source.values else source.pattern),
        ("AllowedRange", source.allowed_range),
        ("RequiredLang", "|".join(source.languages)),
        ("InitialValue", source.initial),
        ("AccessMode", source.access),
    )
    notes = [] if source.unit is None else [source.unit.ucum]
    notes += [f"{name} {value}" for name, value in rules if value]
    notes += [] if source.id is None else [source.id]
    return "; ".join(notes)

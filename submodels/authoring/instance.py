"""Instances: templates filled with values, as submodels of kind Instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, assert_never

from submodels.authoring.declaration import (
    ONE,
    AnyElement,
    Collection,
    List,
    MultiLanguageProperty,
    Property,
    Range,
    ReferenceElement,
    Template,
    Text,
)
from submodels.authoring.documents import Json, administration, lang_strings, reference
from submodels.authoring.template import list_attributes, model_type
from submodels.authoring.values import LIVE, Member, Reference, Span, Value

# Marks of templates: they say that content is free or defined elsewhere, which no instance says.
_TEMPLATE_MARKS: Final = (
    "https://admin-shell.io/SMT/General/",
    "https://admin-shell.io/smt-dropin/",
)


class DoesNotFit(ValueError):
    """Values that a template cannot take; the text begins with the place."""


def instance(
    template: Template, identifier: str, description: Text, values: Mapping[str, Value]
) -> Json:
    """Return the submodel ``identifier`` with ``values`` by idShort, in the template's order.

    Raises ``DoesNotFit`` when a value is missing, of the wrong sort or not in the template.
    """
    tree: Json = {
        "modelType": "Submodel",
        "kind": "Instance",
        "id": identifier,
        "idShort": template.id_short,
    }
    if template.meaning is not None:
        tree["displayName"] = lang_strings(template.meaning.name)
    return tree | {
        "description": lang_strings(description),
        "administration": administration(template.template_id),
        "semanticId": reference(template.semantic_id),
        "submodelElements": _Filler(template).children(template.elements, values, identifier),
    }


class _Filler:
    """Fills the elements of one template; ``path`` is where it stands, for messages."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def children(
        self, elements: Sequence[AnyElement], values: Mapping[str, Value], path: str
    ) -> list[Json]:
        declared = {element.id_short for element in elements}
        free = {name: value for name, value in values.items() if name not in declared}
        filled: list[Json] = []
        for element in elements:
            chosen = free if element.is_placeholder else _own(element, values)
            if element.is_placeholder:
                free = {}
            elif element.cardinality is ONE and not chosen:
                raise DoesNotFit(f"{path}: {element.id_short} is missing")
            filled += [
                self._element(element, value, f"{path}.{name}", name)
                for name, value in chosen.items()
            ]
        if free:
            raise DoesNotFit(f"{path}: the template has no {', '.join(free)}")
        if not filled:
            raise DoesNotFit(f"{path}: is empty, leave it out")
        return filled

    def _element(
        self, element: AnyElement, value: Value, path: str, name: str | None = None
    ) -> Json:
        tree: Json = {"modelType": model_type(element)}
        supplemental = _without_marks(element.supplemental)
        label = None if element.meaning is None else element.meaning.name
        if isinstance(value, Member):
            supplemental += (value.concept.id, *value.further_ids)
            label = value.label or value.concept.meaning.name
            value = value.values
        if name is not None:
            tree["idShort"] = name
            # Values are named by their concept; structures are what a reader navigates by.
            if label is not None and isinstance(element, Collection | List):
                tree["displayName"] = lang_strings(label)
        tree["semanticId"] = reference(self._template.semantic_id_of(element))
        if supplemental:
            tree["supplementalSemanticIds"] = [reference(key) for key in supplemental]
        return tree | self._content(element, value, path)

    def _content(self, element: AnyElement, value: Value, path: str) -> Json:
        match element:
            case Collection(elements=elements):
                return {"value": self.children(elements, _as(Mapping, value, path), path)}
            case List(item=item):
                items = _as(Sequence, value, path)
                if not items:
                    raise DoesNotFit(f"{path}: is empty, leave it out")
                filled = [self._element(item, it, f"{path}[{i}]") for i, it in enumerate(items)]
                return list_attributes(self._template, element) | {"value": filled}
            case Property(value_type=value_type):
                told = {"valueType": value_type}
                return told if value is LIVE else told | {"value": _as(str, value, path)}
            case Range(value_type=value_type):
                span = _as(Span, value, path)
                ends = {"min": span.low, "max": span.high}
                told = {name: end for name, end in ends.items() if end is not None}
                return {"valueType": value_type} | told
            case MultiLanguageProperty():
                return {"value": lang_strings(_as((Text, Mapping), value, path))}
            case ReferenceElement():
                return {"value": reference(_as(Reference, value, path))}
            case _:
                assert_never(element)


def _own(element: AnyElement, values: Mapping[str, Value]) -> dict[str, Value]:
    return {element.id_short: values[element.id_short]} if element.id_short in values else {}


def _without_marks(identifiers: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in identifiers if not key.startswith(_TEMPLATE_MARKS))


def _as(kind: type | tuple[type, ...], value: Value, path: str) -> Any:
    if not isinstance(value, kind) or (kind is Sequence and isinstance(value, str)):
        raise DoesNotFit(f"{path}: {value!r} does not fit")
    return value

"""Concept descriptions with IEC 61360 content, for the concepts that are our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from submodels.authoring.declaration import (
    AnyElement,
    Concept,
    Meaning,
    MultiLanguageProperty,
    Property,
    Range,
    ReferenceElement,
    Template,
    concept_name,
)
from submodels.authoring.documents import Json, administration, lang_strings, reference

_IEC_61360: Final = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"
_DATA_TYPES: Final = {
    "xs:boolean": "BOOLEAN",
    "xs:date": "DATE",
    "xs:dateTime": "TIMESTAMP",
    "xs:decimal": "REAL_COUNT",
    "xs:double": "REAL_COUNT",
    "xs:duration": "STRING",
    "xs:int": "INTEGER_COUNT",
    "xs:long": "INTEGER_COUNT",
    "xs:string": "STRING",
    "xs:unsignedInt": "INTEGER_COUNT",
    "xs:unsignedLong": "INTEGER_COUNT",
}


def own_concepts(template: Template) -> tuple[Concept, ...]:
    """Return the concepts of ours in a template, the template's own first, each once."""
    found: dict[str, Concept] = {}
    if template.foreign_semantic_id is None:
        found[template.semantic_id] = Concept(
            template.semantic_id, template.id_short, _told(template.meaning)
        )
    for element in template.walk():
        if element.semantic_id is None:
            concept = _concept(template, element)
            if found.setdefault(concept.id, concept) != concept:
                raise ValueError(f"{concept.id} stands for two different concepts")
    return tuple(found.values())


def concept_descriptions(concepts: Iterable[Concept]) -> list[Json]:
    """Return the descriptions of ``concepts``."""
    return [_description(concept) for concept in concepts]


def used_concepts(concepts: Iterable[Concept], documents: Iterable[Json]) -> tuple[Concept, ...]:
    """Return those of ``concepts`` that ``documents`` refer to."""
    used = {key for document in documents for key in _semantic_ids(document)}
    return tuple(concept for concept in concepts if concept.id in used)


def _concept(template: Template, element: AnyElement) -> Concept:
    unit = element.unit if isinstance(element, Property) else None
    return Concept(
        template.semantic_id_of(element),
        concept_name(element),
        _told(element.meaning),
        _data_type(element),
        unit,
    )


def _told(meaning: Meaning | None) -> Meaning:
    if meaning is None:
        raise ValueError("a concept of our own needs a name and a definition")
    return meaning


def _data_type(element: AnyElement) -> str | None:
    match element:
        case Property(value_type=value_type, unit=unit):
            data_type = _DATA_TYPES[value_type]
            # AASc-3a-009: a measure is what has a unit.
            return data_type if unit is None else data_type.replace("COUNT", "MEASURE")
        case Range(value_type=value_type):
            return _DATA_TYPES[value_type]
        case MultiLanguageProperty():
            return "STRING_TRANSLATABLE"
        case ReferenceElement():
            return "IRI"
    return None


def _description(concept: Concept) -> Json:
    content: Json = {
        "modelType": "DataSpecificationIec61360",
        "preferredName": lang_strings(concept.meaning.name),
    }
    if concept.unit is not None:
        content["unit"] = concept.unit.ucum
        if concept.unit.id is not None:
            content["unitId"] = reference(concept.unit.id)
    if concept.data_type is not None:
        content["dataType"] = concept.data_type
    content["definition"] = lang_strings(concept.meaning.definition)
    return {
        "modelType": "ConceptDescription",
        "id": concept.id,
        "idShort": concept.id_short,
        "administration": administration(),
        "embeddedDataSpecifications": [
            {"dataSpecification": reference(_IEC_61360), "dataSpecificationContent": content}
        ],
    }


def _semantic_ids(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        for item in tree:
            yield from _semantic_ids(item)
    elif isinstance(tree, dict):
        named = [tree[name] for name in ("semanticId", "semanticIdListElement") if name in tree]
        for target in [*named, *tree.get("supplementalSemanticIds", ())]:
            yield target["keys"][0]["value"]
        for value in tree.values():
            yield from _semantic_ids(value)

"""Concept descriptions (IEC 61360) of what a machine tells: names, units, texts of enumerations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aas_server.bindings.onboarding.identity import Identity
from aas_server.bindings.onboarding.parts import cleaned, language_of
from aas_server.bindings.onboarding.points import INTEGERS, NUMBERS, Point, shown_unit
from aas_server.metamodel.tree import Node
from aas_server.templates.authoring.concepts import reference, spoken

_IEC_61360: Final = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"
_MAX_VALUES: Final = 500
_MAX_VALUE: Final = 2000
_MAX_PREFERRED_NAME: Final = 255
_MAX_DEFINITION: Final = 1023


def concept_ids(point: Point, identity: Identity) -> tuple[str, ...]:
    """Return what says what a point means: a dictionary's identifiers, else a concept of its own.

    Places of our templates have their concepts already.
    """
    entries = point.node.dictionary_entries
    if entries or point.shape == "place":
        return entries
    return (own_concept_id(point, identity),) if _tells_something(point) else ()


def own_concept_id(point: Point, identity: Identity) -> str:
    """Return the id of the concept that is described here, because no dictionary has it."""
    return identity.of("concept:" + ".".join(point.path).removeprefix("Signals."))


def concept_description(point: Point, identity: Identity) -> Node | None:
    """Return the description of a point's own concept, None where it has or needs none."""
    node, facts = point.node, point.node.variable
    if facts is None or not concept_ids(point, identity) or node.dictionary_entries:
        return None
    name, text = node.display_name, node.description
    names = {"en": spoken(node.name.name)}
    if name.text:
        names[language_of(name)] = name.text
    definition = {"en": f"{names['en']} as the machine tells it."}
    if text.text:
        definition[language_of(text)] = text.text
    content: Node = {
        "modelType": "DataSpecificationIec61360",
        "preferredName": _texts(names, _MAX_PREFERRED_NAME),
    }
    unit = shown_unit(point)
    if unit:
        content["unit"] = unit
    if facts.unit is not None and facts.unit.symbol:
        content["sourceOfDefinition"] = "OPC UA EngineeringUnits" + (
            f" {facts.unit.code}" if facts.unit.code else ""
        )
    content["dataType"] = _data_type(point, unit)
    content["definition"] = _texts(definition, _MAX_DEFINITION)
    if facts.texts:
        content["valueList"] = _value_list(facts.texts, own_concept_id(point, identity))
    return {
        "modelType": "ConceptDescription",
        "id": own_concept_id(point, identity),
        "idShort": point.path[-1],
        "embeddedDataSpecifications": [
            {"dataSpecification": reference(_IEC_61360), "dataSpecificationContent": content}
        ],
    }


def _value_list(texts: Mapping[int, str], base: str) -> Node:
    pairs = [
        {"value": cleaned(value, _MAX_VALUE), "valueId": reference(f"{base}:{number}")}
        for number, value in list(texts.items())[:_MAX_VALUES]
    ]
    return {"valueReferencePairs": pairs}


def _tells_something(point: Point) -> bool:
    facts = point.node.variable
    return facts is not None and bool(
        facts.unit is not None or facts.texts or point.node.description.text
    )


def _data_type(point: Point, unit: str | None) -> str:
    facts = point.node.variable
    type_name = facts.type_name if facts is not None else None
    if facts is not None and facts.texts:
        return "STRING"
    if type_name in NUMBERS:
        return "REAL_MEASURE" if unit else "REAL_COUNT"  # AASc-3a-009: a measure has a unit
    if type_name in INTEGERS:
        return "INTEGER_MEASURE" if unit else "INTEGER_COUNT"
    special = {
        "Boolean": "BOOLEAN",
        "DateTime": "TIMESTAMP",
        "LocalizedText": "STRING_TRANSLATABLE",
    }
    return special.get(type_name or "", "STRING")


def _texts(texts: dict[str, str], length: int) -> list[Node]:
    return [
        {"language": language, "text": shown}
        for language, text in texts.items()
        if (shown := cleaned(text, length))
    ]

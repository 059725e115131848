"""Elements without children, as JSON Schema has their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aas_server.templates.prototype import Prototype
from aas_server.templates.value_schema.scalars import ANY_SCALAR, Schema, notes, scalar

REFERENCE: Final[Schema] = {"$ref": "#/$defs/Reference"}
DEFINITIONS: Final[dict[str, Schema]] = {
    "Reference": {
        "type": "object",
        "properties": {
            "type": {"enum": ["ExternalReference", "ModelReference"]},
            "referredSemanticId": REFERENCE,
            "keys": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {"type": {"type": "string"}, "value": {"type": "string"}},
                    "required": ["type", "value"],
                },
            },
        },
        "required": ["type", "keys"],
    },
    "Texts": {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$"},
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
            "maxProperties": 1,
        },
    },
    "SpecificAssetId": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
        "required": ["name", "value"],
    },
}
"""What values of several types are made of."""

ENTITY: Final[Schema] = {
    "entityType": {"enum": ["CoManagedEntity", "SelfManagedEntity"]},
    "globalAssetId": {"type": "string"},
    "specificAssetIds": {"type": "array", "items": {"$ref": "#/$defs/SpecificAssetId"}},
}
RELATIONSHIP: Final[Schema] = {"first": REFERENCE, "second": REFERENCE}


def leaf(prototype: Prototype) -> Schema:
    """Return the schema of the value of an element without children."""
    make = _LEAVES.get(prototype.model_type)
    return {} if make is None else make(prototype)


def fixed(properties: Schema, *required: str) -> Schema:
    """Return the schema of an object with these members only."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _property(prototype: Prototype) -> Schema:
    if prototype.is_arbitrary:
        return dict(ANY_SCALAR)
    value_type = str(prototype.node.get("valueType", "xs:string"))
    return {
        **scalar(value_type, prototype.rules),
        **notes(value_type, prototype.rules),
        "x-value-type": value_type,
    }


def _range(prototype: Prototype) -> Schema:
    value_type = str(prototype.node.get("valueType", "xs:string"))
    bound = ANY_SCALAR if prototype.is_arbitrary else scalar(value_type, prototype.rules)
    return {**fixed({"min": bound, "max": bound}), "minProperties": 1, "x-value-type": value_type}


def _texts(prototype: Prototype) -> Schema:
    schema: Schema = {"$ref": "#/$defs/Texts"}
    languages = [{"contains": {"required": [each]}} for each in prototype.rules.languages]
    return {**schema, "allOf": languages} if languages else schema


def _file(prototype: Prototype) -> Schema:
    members = {"contentType": {"type": "string"}, "value": {"type": "string"}}
    return fixed(members, *_if_required(prototype, "value"))


def _blob(prototype: Prototype) -> Schema:
    value = {"type": "string", "contentEncoding": "base64"}
    return fixed({"contentType": {"type": "string"}, "value": value})


def _relationship(prototype: Prototype) -> Schema:
    return fixed(RELATIONSHIP, *_if_required(prototype, "first", "second"))


def _if_required(prototype: Prototype, *names: str) -> tuple[str, ...]:
    return names if prototype.cardinality.least > 0 else ()


_LEAVES: Final[dict[str, Callable[[Prototype], Schema]]] = {
    "Property": _property,
    "Range": _range,
    "MultiLanguageProperty": _texts,
    "File": _file,
    "Blob": _blob,
    "ReferenceElement": lambda _: dict(REFERENCE),
    "RelationshipElement": _relationship,
    "BasicEventElement": lambda _: fixed({"observed": REFERENCE}),
}

"""The formats ValueOnly and Metadata (IDTA-01001, formats) as schemas."""

from __future__ import annotations

from typing import Final

from aas_server.api.openapi.metamodel import ELEMENT_TYPES, fields_of
from aas_server.api.openapi.notation import (
    Fields,
    Schema,
    any_of,
    chosen_by_model_type,
    record,
    typed,
)

VALUES: Final[dict[str, tuple[str, ...]]] = {
    "Submodel": ("submodelElements",),
    "Property": ("value", "valueId"),
    "MultiLanguageProperty": ("value", "valueId"),
    "Range": ("min", "max"),
    "File": ("value", "contentType"),
    "Blob": ("value", "contentType"),
    "ReferenceElement": ("value",),
    "RelationshipElement": ("first", "second"),
    "AnnotatedRelationshipElement": ("first", "second", "annotations"),
    "Entity": ("statements", "globalAssetId", "specificAssetIds"),
    "BasicEventElement": ("observed",),
    "SubmodelElementCollection": ("value",),
    "SubmodelElementList": ("value",),
}
"""What the metadata of a class leave out."""

_METADATA: Final = (
    "An element without its value; Capability and Operation have this form in lists only."
)

_RECORDS: Final[dict[str, tuple[str, Fields]]] = {
    "RangeValue": (
        "The ends of an interval; an open one is missing.",
        {"min": "PropertyValue", "max": "PropertyValue"},
    ),
    "FileValue": (
        "Where a file is, and its type.",
        {"contentType": "ContentType", "value": "PathType"},
    ),
    "BlobValue": (
        "The type of bytes, and with extent=withBlobValue the bytes.",
        {"contentType": "ContentType", "value": "BlobType"},
    ),
    "RelationshipElementValue": (
        "What is related.",
        {"first": "Reference", "second": "Reference"},
    ),
    "AnnotatedRelationshipElementValue": (
        "What is related, with the values of the annotations.",
        {"first": "Reference", "second": "Reference", "annotations": "ValueOnly"},
    ),
    "EntityValue": (
        "What an entity is, with the values of its statements.",
        {
            "statements": "ValueOnly",
            "entityType": "EntityType",
            "globalAssetId": "Identifier",
            "specificAssetIds": "SpecificAssetId[]",
        },
    ),
    "BasicEventElementValue": ("What is observed.", {"observed!": "Reference"}),
}


def value_schemas() -> dict[str, Schema]:
    """Return the schemas by name."""
    schemas = {name: record(fields, text) for name, (text, fields) in _RECORDS.items()}
    schemas["PropertyValue"] = {
        "description": (
            "A JSON boolean or number where valueType has one, a string for all other types and "
            "for INF, -INF and NaN."
        ),
        "oneOf": [typed("boolean"), typed("number"), typed("string")],
    }
    schemas["MultiLanguagePropertyValue"] = {
        "description": "An object of one language and its text for each language.",
        "type": "array",
        "items": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": typed("string"),
        },
    }
    schemas["SubmodelElementListValue"] = {
        "description": "The values of the items in their order.",
        "type": "array",
        "items": typed("SubmodelElementValue"),
    }
    schemas["ValueOnly"] = {
        "description": "The values of elements, by idShort.",
        "type": "object",
        "additionalProperties": typed("SubmodelElementValue"),
    }
    schemas["SubmodelValue"] = typed("ValueOnly")
    schemas["SubmodelElementValue"] = any_of(
        "PropertyValue MultiLanguagePropertyValue RangeValue FileValue BlobValue Reference "
        "RelationshipElementValue AnnotatedRelationshipElementValue EntityValue "
        "BasicEventElementValue ValueOnly SubmodelElementListValue NoValue",
        "The value of an element, not wrapped in its name.",
    )
    schemas["NoValue"] = {
        "description": "null: the element has no value.",
        "type": "string",
        "nullable": True,
        "enum": [None],
    }
    return schemas | _metadata_schemas()


def _metadata_schemas() -> dict[str, Schema]:
    schemas = {}
    named = {}
    for model_type in ("Submodel", *ELEMENT_TYPES):
        dropped = VALUES.get(model_type, ())
        # A PATCH of metadata may leave out what stays as it is: only the id is always there.
        fields = {
            name if name == "id!" else name.removesuffix("!"): kind
            for name, kind in fields_of(model_type).items()
            if name.removesuffix("!") not in dropped
        }
        name = f"{model_type}Metadata"
        schemas[name] = record(fields, f"{model_type} without values.", model_type=model_type)
        if model_type != "Submodel":
            named[model_type] = name
    schemas["SubmodelElementMetadata"] = chosen_by_model_type(named, _METADATA)
    return schemas

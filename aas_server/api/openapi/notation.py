"""A compact notation for schemas: fields as ``name``, or ``name!`` when required, and their type.

A type is the name of another schema or of a scalar (``_SCALARS``); ``Name[]`` is an array of it
that is not empty, ``Name[0..]`` one that may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]
Fields: TypeAlias = Mapping[str, str]

_PLACE: Final = "#/components/schemas/"
_SCALARS: Final[dict[str, Schema]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "number": {"type": "number"},
    "binary": {"type": "string", "format": "binary"},
}


def typed(name: str) -> Schema:
    """Return the schema that stands for the type ``name``."""
    if name.endswith("[0..]"):
        return {"type": "array", "items": typed(name.removesuffix("[0..]"))}
    if name.endswith("[]"):
        return {"type": "array", "items": typed(name.removesuffix("[]")), "minItems": 1}
    if name in _SCALARS:
        return dict(_SCALARS[name])
    return {"$ref": _PLACE + name}


def record(fields: Fields, description: str = "", *, model_type: str = "") -> Schema:
    """Return the schema of an object; ``model_type`` is the only value of its modelType."""
    schema: Schema = {"type": "object"}
    if description:
        schema["description"] = description
    required = [name.removesuffix("!") for name in fields if name.endswith("!")]
    properties = {name.removesuffix("!"): typed(kind) for name, kind in fields.items()}
    if model_type:
        required.insert(0, "modelType")
        properties = {"modelType": {"type": "string", "enum": [model_type]}, **properties}
    if required:
        schema["required"] = required
    schema["properties"] = properties
    return schema


def text(
    shortest: int = 0, longest: int | None = None, *, pattern: str = "", description: str = ""
) -> Schema:
    """Return the schema of a string; lengths count characters."""
    schema: Schema = {"type": "string"}
    if description:
        schema["description"] = description
    if shortest:
        schema["minLength"] = shortest
    if longest is not None:
        schema["maxLength"] = longest
    if pattern:
        schema["pattern"] = pattern
    return schema


def one_of(words: str, description: str = "") -> Schema:
    """Return the schema of an enumeration; ``words`` are separated by blanks."""
    schema: Schema = {"type": "string", "enum": words.split()}
    if description:
        schema["description"] = description
    return schema


def chosen_by_model_type(schemas: Mapping[str, str], description: str) -> Schema:
    """Return the choice among ``schemas``, which are named for each modelType."""
    return {
        "description": description,
        "oneOf": [typed(name) for name in schemas.values()],
        "discriminator": {
            "propertyName": "modelType",
            "mapping": {model_type: _PLACE + name for model_type, name in schemas.items()},
        },
    }


def any_of(names: str, description: str) -> Schema:
    """Return what meets at least one of the schemas ``names``, separated by blanks."""
    return {"description": description, "anyOf": [typed(name) for name in names.split()]}

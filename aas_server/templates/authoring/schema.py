"""The JSON Schema of the YAML form, by which editors complete and check it."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from aas_server.templates.authoring.source import TemplateSource

_EXAMPLE: Final = {
    "template": "Pump",
    "id": "https://example.com/smt/Pump/1/0",
    "version": "1.0",
    "text": {"en": "A pump in operation.", "de": "Eine Pumpe im Betrieb."},
    "elements": {
        "Speed": {
            "type": "double",
            "card": "?",
            "unit": "1/min",
            "range": "[0,3000]",
            "text": {"en": "Speed of the shaft.", "de": "Drehzahl der Welle."},
            "example": 1450,
        }
    },
}


def source_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a template's source, for editors."""
    schema = TemplateSource.model_json_schema(
        by_alias=True, schema_generator=_SchemaForEditors, mode="validation"
    )
    definitions = schema["$defs"]
    element = definitions["ElementSource"]
    description = element.pop("description", "")
    content = element["properties"]["list"]
    of_list = {"$ref": "#/$defs/ElementSource"}
    content.pop("anyOf", None)
    content["anyOf"] = [of_list, {"type": "array", "items": of_list}]
    element["properties"]["card"]["type"] = ["string", "integer"]
    definitions["ElementSource"] = {
        "description": description,
        "anyOf": [{"type": "string"}, element],
    }
    unit = definitions["UnitSource"]
    definitions["UnitSource"] = {"anyOf": [{"type": "string"}, unit]}
    _open_texts(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:aas-server:template-source:1",
        **schema,
        "title": "Submodel template in the short form of the AAS server",
        "examples": [_EXAMPLE],
    }


def _open_texts(node: Any) -> None:
    """Let a text alone stand where texts by language do, and one id where several may."""
    if isinstance(node, list):
        for each in node:
            _open_texts(each)
        return
    if not isinstance(node, dict):
        return
    for name, each in node.get("properties", {}).items():
        if name in ("name", "text") and "anyOf" in each:
            each["anyOf"].insert(0, {"type": "string"})
        if name == "also":
            items = {key: each.pop(key) for key in ("items", "type") if key in each}
            each["anyOf"] = [{"type": "string"}, items]
    for each in node.values():
        _open_texts(each)


class _SchemaForEditors(GenerateJsonSchema):
    """Leaves out the titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

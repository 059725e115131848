"""The published OpenAPI as one document, its own mistakes mended and its identifiers made real."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import unquote

import yaml

from tests.fuzz.world import SAMPLES, SOUND

Node = dict[str, Any]

_PARTS: Final[Mapping[str, str]] = {
    "Part1-MetaModel-Schemas": "part1-metamodel-schemas.yaml",
    "Part2-API-Schemas": "part2-api-schemas.yaml",
}
_FOREIGN: Final = re.compile(r"https://api\.swaggerhub\.com/domains/Plattform_i40/([^/]+)/[^#]*#/")
_OPEN: Final[Node] = {}


def bundled(folder: Path) -> Node:
    """Return the document of ``folder`` with all that it refers to inside of it."""
    document: Node = _load(folder / "entire-api-v3.1.2.yaml")
    document["components"] = {}
    for part, file in _PARTS.items():
        components = _renamed(_load(folder / file)["components"], part)
        for kind, members in components.items():
            named = {f"{part}.{name}": member for name, member in members.items()}
            document["components"].setdefault(kind, {}).update(named)
    document = _renamed(document, "")
    document["servers"] = [{"url": "/api/v3"}]
    for mend in MENDED.values():
        mend(document)
    return document


def with_real_data(document: Node) -> Node:
    """Let requests draw from what the server holds and takes, so that it does not only refuse them.

    It also makes the tool quick, which needs minutes to invent documents of the metamodel.
    ``document`` itself, the published or our own, is changed.
    """
    for node in _objects(document["paths"]):
        for content in node.get("requestBody", {}).get("content", {}).values():
            _sample(content)
    for node in _objects(document):
        if node.get("in") in ("path", "query") and node.get("name") in SOUND:
            known = [unquote(value) for value in SOUND[node["name"]] if value]
            if node["name"] != "limit" and known:
                node["schema"] = _drawn_from(node.get("schema", {}), known)
                node.pop("example", None)
                node.pop("examples", None)
    return document


def _sample(content: Node) -> None:
    schema = content.get("schema", {})
    items = schema.get("items", {}) if schema.get("type") == "array" else None
    name = _name(schema) if items is None else f"array<{_name(items) or items.get('type')}>"
    if name in SAMPLES:
        samples = [SAMPLES[name](Random(seed)) for seed in range(3)]
        content["schema"] = {
            "enum": [one for n, one in enumerate(samples) if one not in samples[:n]]
        }
        content.pop("example", None)
        content.pop("examples", None)


def _name(schema: Node) -> str:
    return re.split("[./]", str(schema.get("$ref", "")))[-1]


def _drawn_from(schema: Node, values: Sequence[str]) -> Node:
    if schema.get("type") == "array":
        return {"type": "array", "items": {"enum": list(values)}, "maxItems": 2}
    if schema.get("type") == "boolean":
        return schema
    return {"type": "string", "enum": list(values)}


def _load(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _renamed(node: Any, own: str) -> Any:
    """Return ``node`` with its references as they are in the one document."""
    if isinstance(node, list):
        return [_renamed(item, own) for item in node]
    if not isinstance(node, dict):
        return node
    renamed = {name: _renamed(member, own) for name, member in node.items()}
    reference = renamed.get("$ref")
    if isinstance(reference, str):
        found = _FOREIGN.match(reference)
        part = found[1] if found else own
        path = reference[found.end() :] if found else reference.removeprefix("#/")
        head, _, name = path.rpartition("/")
        local = name.startswith(tuple(_PARTS)) or not part
        renamed["$ref"] = f"#/{head}/{name if local else f'{part}.{name}'}"
    return renamed


def _objects(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
    members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for member in members:
        yield from _objects(member)


def _schema(document: Node, name: str) -> Node:
    schema: Node = document["components"]["schemas"][f"Part2-API-Schemas.{name}"]
    return schema


def _without_patterns_of_utf16(document: Node) -> None:
    for node in _objects(document):
        if "ud800" in str(node.get("pattern", "")):
            del node["pattern"]


def _values_as_part_1_has_them(document: Node) -> None:
    schemas = document["components"]["schemas"]
    for name in ("MultiLanguagePropertyValue", "RangeValue", "SubmodelElementValue", "ValueOnly"):
        schemas[f"Part2-API-Schemas.{name}"] = _OPEN


def _any_of_overlapping_alternatives(document: Node) -> None:
    for name, schema in document["components"]["schemas"].items():
        if name.startswith("Part2") and "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")


def _values_of_submodels_as_a_list(document: Node) -> None:
    result = _schema(document, "GetSubmodelsValueResult")
    result["allOf"][-1]["properties"]["result"] = {"type": "array", "items": {"type": "object"}}


def _files_of_every_type(document: Node) -> None:
    for node in _objects(document["paths"]):
        if "application/octet-stream" in node.get("content", {}):
            node["content"] = {"*/*": node["content"]["application/octet-stream"]}


def _bodies_of_no_content(document: Node) -> None:
    document["components"]["responses"]["Part2-API-Schemas.no-content"].pop("content", None)
    for node in _objects(document["paths"]):
        responses = node.get("responses")
        if isinstance(responses, dict):
            responses.get("204", {}).pop("content", None)


def _created_submodel(document: Node) -> None:
    path = "/shells/{aasIdentifier}/submodels/{submodelIdentifier}"
    created = document["paths"][path]["put"]["responses"].get("201", {})
    created["content"] = {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/Part1-MetaModel-Schemas.Submodel"}
        }
    }


def _handles(document: Node) -> None:
    for node in _objects(document["paths"]):
        if node.get("name") == "handleId":
            node["schema"] = {"type": "string"}


MENDED: Final[Mapping[str, Callable[[Node], None]]] = {
    "patterns are written for UTF-16 code units and escaped twice": _without_patterns_of_utf16,
    "Part 1 has arrays for languages, and ranges open at one end": _values_as_part_1_has_them,
    "alternatives that nothing tells apart: Metadata of a File is Metadata of a Property, too": (
        _any_of_overlapping_alternatives
    ),
    "one object cannot hold the values of several submodels": _values_of_submodels_as_a_list,
    "a file is sent as what it is": _files_of_every_type,
    "204 has no body": _bodies_of_no_content,
    "a PUT that created a submodel answers with it, not a reference (3.1.3)": _created_submodel,
    "a parameter stands where the schema of handleId should": _handles,
}
"""What is wrong in the document itself, and what mends it."""

"""What others say about a document: the metamodel, its schema, the SDK, and a template."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import aas_core3_1.jsonization as aas_json
import aas_core3_1.verification as aas_verification
from basyx.aas.adapter.json import read_aas_json_file

Json = dict[str, Any]

_BOUNDS = {"One": (1, 1), "ZeroToOne": (0, 1), "ZeroToMany": (0, None), "OneToMany": (1, None)}


def load(path: Path) -> Json:
    """Return a JSON file's content."""
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    return document


def metamodel_findings(document: Json) -> list[str]:
    """Return what aas-core finds in an environment; raises when it cannot read it."""
    environment = aas_json.environment_from_jsonable(document)
    return [f"{error.path}: {error.cause}" for error in aas_verification.verify(environment)]


def sdk_ids(document: Json) -> set[str]:
    """Return the ids that the BaSyx SDK reads from an environment; raises at its first doubt."""
    store = read_aas_json_file(StringIO(json.dumps(document)), failsafe=False)
    return {identifiable.id for identifiable in store}


def identifiables(document: Json) -> list[Json]:
    """Return everything with an id in an environment."""
    return [item for items in document.values() for item in items]


def children(node: Json) -> list[Json]:
    """Return the elements directly below a submodel or an element."""
    attribute = "submodelElements" if node["modelType"] == "Submodel" else "value"
    structures = {"Submodel", "SubmodelElementCollection", "SubmodelElementList"}
    found: list[Json] = node.get(attribute, []) if node["modelType"] in structures else []
    return found


def walk(node: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield idShort path and element of everything below ``node``."""
    in_list = node["modelType"] == "SubmodelElementList"
    for index, child in enumerate(children(node)):
        name = f"[{index}]" if in_list else f".{child['idShort']}"
        here = f"{path}{name}".removeprefix(".")
        yield here, child
        yield from walk(child, here)


def semantic_id(node: Json) -> str:
    """Return the value of a semanticId's only key."""
    (key,) = node["semanticId"]["keys"]
    value: str = key["value"]
    return value


def qualifiers(element: Json) -> dict[str, str]:
    """Return the qualifiers of an element by type."""
    return {item["type"]: item["value"] for item in element.get("qualifiers", [])}


def violations(template: Json, instance: Json, path: str = "") -> Iterator[str]:
    """Yield where ``instance`` is not as ``template`` (a submodel or an element of it) says."""
    prototypes = children(template)
    in_list = template["modelType"] == "SubmodelElementList"
    found: Counter[int] = Counter()
    classes: Counter[str] = Counter()
    for index, element in enumerate(children(instance)):
        here = f"{path}[{index}]" if in_list else f"{path}.{element['idShort']}"
        number = _prototype(prototypes, element, in_list)
        if number is None:
            yield f"{here}: not in the template"
            continue
        found[number] += 1
        prototype = prototypes[number]
        classes.update([qualifiers(prototype).get("SMT/EitherOr", "")])
        yield from (f"{here}: {text}" for text in _difference(prototype, element))
        yield from violations(prototype, element, here)
    for number, prototype in enumerate(prototypes):
        low, high = _BOUNDS[qualifiers(prototype)["SMT/Cardinality"]]
        if found[number] < low or (high is not None and found[number] > high):
            yield f"{path}: {found[number]} of {prototype.get('idShort', '[]')}"
    del classes[""]
    yield from (f"{path}: {count} of {name}" for name, count in classes.items() if count > 1)


def _prototype(prototypes: list[Json], element: Json, in_list: bool) -> int | None:
    if in_list:
        return 0
    names = [prototype["idShort"] for prototype in prototypes]
    if element["idShort"] in names:
        return names.index(element["idShort"])
    return next((number for number, name in enumerate(names) if name.endswith("__00__")), None)


def _difference(prototype: Json, element: Json) -> Iterator[str]:
    for attribute in ("modelType", "valueType", "semanticId", "semanticIdListElement"):
        if prototype.get(attribute) != element.get(attribute):
            yield f"other {attribute}"
    rules = qualifiers(prototype)
    value = element.get("value")
    pattern = rules.get("SMT/AllowedValue")
    if pattern and value is not None and not re.search(pattern, value):
        yield f"{value!r} is not allowed"
    if "SMT/AllowedRange" in rules and value is not None:
        low, high = map(float, rules["SMT/AllowedRange"].strip("[]").split(","))
        if not low <= float(value) <= high:
            yield f"{value!r} is out of range"
    if "SMT/RequiredLang" in rules and rules["SMT/RequiredLang"] not in {
        text["language"] for text in value or []
    }:
        yield "a language is missing"
    names = rules.get("SMT/AllowedIdShort")
    if names and not re.search(names, element["idShort"]):
        yield "the name is not allowed"

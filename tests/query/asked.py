"""Short ways to write queries and documents in tests."""

from __future__ import annotations

from typing import Any

from aas_server.query.comparing import Truth
from aas_server.query.evaluation import Subject, fulfils
from aas_server.query.fields import Root
from aas_server.query.parsing import parse_query
from aas_server.query.reading import Tree

JsonObject = dict[str, Any]


def field(text: str) -> JsonObject:
    return {"$field": text}


def text(value: str) -> JsonObject:
    return {"$strVal": value}


def number(value: float) -> JsonObject:
    return {"$numVal": value}


def eq(left: str, right: str) -> JsonObject:
    return {"$eq": [field(left), text(right)]}


def of_shell(shell: JsonObject, *submodels: JsonObject) -> Subject:
    """A shell and those of its submodels that are there."""
    trees = {Root.SHELL: [Tree(shell)], Root.SUBMODEL: [Tree(each) for each in submodels]}
    return Subject(trees, frozenset({Root.SUBMODEL}))


def of_submodel(submodel: JsonObject, *shells: JsonObject) -> Subject:
    trees = {Root.SUBMODEL: [Tree(submodel)], Root.SHELL: [Tree(each) for each in shells]}
    return Subject(trees, frozenset({Root.SHELL}))


def answer(subject: Subject, condition: JsonObject) -> Truth:
    return fulfils(subject, parse_query({"$condition": condition}).condition)


def reference(*values: str, kind: str = "GlobalReference") -> JsonObject:
    return {"type": "ExternalReference", "keys": [{"type": kind, "value": each} for each in values]}


def prop(id_short: str | None, value: str | None, concept: str | None = None) -> JsonObject:
    element: JsonObject = {"modelType": "Property", "valueType": "xs:string"}
    if id_short is not None:
        element["idShort"] = id_short
    if value is not None:
        element["value"] = value
    if concept is not None:
        element["semanticId"] = reference(concept)
    return element


def collection(id_short: str | None, *children: JsonObject) -> JsonObject:
    element: JsonObject = {"modelType": "SubmodelElementCollection", "value": list(children)}
    return element if id_short is None else {**element, "idShort": id_short}


def listed(id_short: str, *children: JsonObject) -> JsonObject:
    return {"modelType": "SubmodelElementList", "idShort": id_short, "value": list(children)}


def submodel(id_short: str, *elements: JsonObject, concept: str | None = None) -> JsonObject:
    tree: JsonObject = {
        "modelType": "Submodel",
        "id": f"urn:sm:{id_short}",
        "idShort": id_short,
        "submodelElements": list(elements),
    }
    return tree if concept is None else {**tree, "semanticId": reference(concept)}

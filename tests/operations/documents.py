"""A submodel with Operations as vendors write them."""

from __future__ import annotations

from typing import Any

SUBMODEL_ID = "urn:example:press:Control"
SEMANTIC_ID = "https://example.com/operations/Mix"


def prop(name: str, value_type: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    element = {"modelType": "Property", "idShort": name, "valueType": value_type, **more}
    return element if value is None else {**element, "value": value}


def variables(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"value": element} for element in elements]


OPTIONAL = [
    {"type": "SMT/Cardinality", "valueType": "xs:string", "value": "ZeroToOne"},
]

START_JOB = {
    "modelType": "Operation",
    "idShort": "StartJob",
    "inputVariables": variables(
        prop("Program", "xs:string"),
        prop("Quantity", "xs:unsignedInt", "1"),
        prop("Speed", "xs:double", qualifiers=OPTIONAL),
    ),
    "inoutputVariables": variables(prop("Counter", "xs:int")),
    "outputVariables": variables(
        prop("JobNumber", "xs:long"), prop("Remark", "xs:string", "started")
    ),
}
MIX = {
    "modelType": "Operation",
    "idShort": "Mix",
    "semanticId": {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": SEMANTIC_ID}],
    },
    "inputVariables": variables(
        {
            "modelType": "SubmodelElementCollection",
            "idShort": "Recipe",
            "value": [prop("Name", "xs:string"), prop("Temperature", "xs:double", "20.50")],
        },
        {
            "modelType": "SubmodelElementList",
            "idShort": "Steps",
            "typeValueListElement": "Property",
            "valueTypeListElement": "xs:int",
        },
        {"modelType": "Range", "idShort": "Window", "valueType": "xs:int"},
        {"modelType": "MultiLanguageProperty", "idShort": "Title"},
    ),
}
STOP = {"modelType": "Operation", "idShort": "Stop"}


def submodel(*elements: dict[str, Any]) -> dict[str, Any]:
    return {
        "modelType": "Submodel",
        "id": SUBMODEL_ID,
        "idShort": "Control",
        "submodelElements": [*elements, prop("Speed", "xs:double", "1.5")],
    }

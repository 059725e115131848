"""A small factory of our own: documents with every kind of element, for tests that write."""

from __future__ import annotations

from typing import Any, Final

Node = dict[str, Any]

SHELL: Final = "urn:press-shop:shell:press-7"
SUBMODEL: Final = "urn:press-shop:press-7:Everything"
TECHNICAL_DATA: Final = "urn:press-shop:press-7:TechnicalData"
CONCEPT: Final = "urn:press-shop:concept:stroke"
ASSET: Final = "urn:press-shop:asset:press-7"
SERIAL_NUMBER: Final = {"name": "serialNumber", "value": "P7-0042"}


def global_reference(identifier: str) -> Node:
    """Return a reference to something outside."""
    return {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": identifier}],
    }


def submodel_reference(identifier: str) -> Node:
    """Return what stands in the submodels of a shell."""
    return {"type": "ModelReference", "keys": [{"type": "Submodel", "value": identifier}]}


def element_reference(identifier: str, *path: tuple[str, str]) -> Node:
    """Return a reference to an element: its submodel, then type and idShort of every step."""
    steps = [{"type": kind, "value": name} for kind, name in path]
    return {
        "type": "ModelReference",
        "keys": [{"type": "Submodel", "value": identifier}, *steps],
    }


def shell(identifier: str = SHELL, *, asset: str = ASSET, submodels: tuple[str, ...] = ()) -> Node:
    """Return a shell; ``submodels`` are identifiers."""
    document: Node = {
        "modelType": "AssetAdministrationShell",
        "id": identifier,
        "idShort": "Press7",
        "assetInformation": {
            "assetKind": "Instance",
            "globalAssetId": asset,
            "specificAssetIds": [dict(SERIAL_NUMBER)],
        },
    }
    if submodels:
        document["submodels"] = [submodel_reference(each) for each in submodels]
    return document


def prop(id_short: str | None, value: str | None, value_type: str = "xs:string") -> Node:
    """Return a Property; without an idShort for a list."""
    element: Node = {"modelType": "Property", "valueType": value_type}
    if id_short is not None:
        element["idShort"] = id_short
    if value is not None:
        element["value"] = value
    return element


def collection(id_short: str, *elements: Node) -> Node:
    """Return a SubmodelElementCollection."""
    return {
        "modelType": "SubmodelElementCollection",
        "idShort": id_short,
        "value": list(elements),
    }


def submodel(identifier: str, *elements: Node, id_short: str = "Everything") -> Node:
    """Return a submodel."""
    document: Node = {
        "modelType": "Submodel",
        "id": identifier,
        "idShort": id_short,
        "semanticId": global_reference("urn:press-shop:template:everything"),
    }
    if elements:
        document["submodelElements"] = list(elements)
    return document


def concept_description(identifier: str = CONCEPT) -> Node:
    """Return a concept description."""
    return {
        "modelType": "ConceptDescription",
        "id": identifier,
        "idShort": "Stroke",
        "isCaseOf": [global_reference("urn:press-shop:dictionary:stroke")],
    }


def every_element(identifier: str = SUBMODEL) -> list[Node]:
    """Return one element of every kind, for the submodel of ``identifier``."""
    stroke = element_reference(identifier, ("Property", "Stroke"))
    stops = element_reference(identifier, ("SubmodelElementList", "Stops"))
    relation = {"first": stroke, "second": stops}
    return [
        prop("Stroke", "315.50", "xs:double"),
        prop("Count", "42", "xs:int"),
        prop("Running", "true", "xs:boolean"),
        prop("Since", "2026-05-01T06:00:00Z", "xs:dateTime"),
        {
            "modelType": "MultiLanguageProperty",
            "idShort": "Name",
            "value": [
                {"language": "en", "text": "Press 7"},
                {"language": "de", "text": "Presse 7"},
            ],
        },
        {
            "modelType": "Range",
            "idShort": "Force",
            "valueType": "xs:double",
            "min": "10.0",
            "max": "1600",
        },
        {
            "modelType": "File",
            "idShort": "Manual",
            "contentType": "application/pdf",
            "value": "https://press-shop.example/manual.pdf",
        },
        {"modelType": "File", "idShort": "Drawing", "contentType": "text/plain"},
        {"modelType": "Blob", "idShort": "Recipe", "contentType": "text/plain", "value": "aGkh"},
        {
            "modelType": "ReferenceElement",
            "idShort": "Vendor",
            "value": global_reference("urn:press-shop:vendor:north"),
        },
        {"modelType": "RelationshipElement", "idShort": "Drives", **relation},
        {
            "modelType": "AnnotatedRelationshipElement",
            "idShort": "Limits",
            **relation,
            "annotations": [prop("Margin", "5", "xs:int")],
        },
        {
            "modelType": "Entity",
            "idShort": "Ram",
            "entityType": "SelfManagedEntity",
            "globalAssetId": "urn:press-shop:asset:ram",
            "statements": [prop("Mass", "850", "xs:decimal")],
        },
        {
            "modelType": "BasicEventElement",
            "idShort": "Stopped",
            "observed": stroke,
            "direction": "output",
            "state": "on",
        },
        {"modelType": "Capability", "idShort": "Pressing"},
        {
            "modelType": "Operation",
            "idShort": "Home",
            "inputVariables": [{"value": prop("Speed", "10", "xs:int")}],
            "outputVariables": [{"value": prop("Position", None, "xs:double")}],
        },
        collection("Tool", prop("Serial", "T-9"), collection("Wear", prop("Edge", "0.2"))),
        {
            "modelType": "SubmodelElementList",
            "idShort": "Stops",
            "typeValueListElement": "Property",
            "valueTypeListElement": "xs:int",
            "value": [prop(None, str(n), "xs:int") for n in range(12)],
        },
        {
            "modelType": "SubmodelElementList",
            "idShort": "Grid",
            "typeValueListElement": "SubmodelElementList",
            "value": [
                {
                    "modelType": "SubmodelElementList",
                    "typeValueListElement": "Property",
                    "valueTypeListElement": "xs:string",
                    "value": [prop(None, f"{row}/{column}") for column in range(2)],
                }
                for row in range(2)
            ],
        },
    ]


def everything(identifier: str = SUBMODEL) -> Node:
    """Return a submodel with one element of every kind."""
    return submodel(identifier, *every_element(identifier))

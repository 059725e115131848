"""Documents that the API tests share: small, with every element type."""

from __future__ import annotations

import json
from typing import Any

from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.tree import Node
from aas_server.store.protocol import Kind

SHELL_ID = "urn:example:shell:press/4?ä"
LONE_SHELL_ID = "urn:example:shell:lone"
TYPES_ID = "urn:example:sm:types"
LIVE_ID = "urn:example:sm:live"
PLAIN_ID = "urn:example:sm:plain"
CONCEPT_ID = "urn:example:cd:temperature"
GLOBAL_ASSET_ID = "urn:example:asset:press4"
TYPES_SEMANTIC_ID = "urn:example:smt:types"
SUPPLEMENTAL_ID = "urn:example:smt:supplemental"

SHELL = encode_identifier(SHELL_ID)
LONE_SHELL = encode_identifier(LONE_SHELL_ID)
TYPES = encode_identifier(TYPES_ID)
LIVE = encode_identifier(LIVE_ID)
PLAIN = encode_identifier(PLAIN_ID)
CONCEPT = encode_identifier(CONCEPT_ID)

API = "/api/v3"


def encoded(value: object) -> str:
    """Return a text, or the JSON of anything else, as a query parameter carries it."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1)
    return encode_identifier(text)


def external(*values: str) -> Node:
    keys = [{"type": "GlobalReference", "value": value} for value in values]
    return {"type": "ExternalReference", "keys": keys}


def to_submodel(submodel_id: str) -> Node:
    return {"type": "ModelReference", "keys": [{"type": "Submodel", "value": submodel_id}]}


def element(model_type: str, id_short: str, **attributes: Any) -> Node:
    return {"modelType": model_type, "idShort": id_short, **attributes}


def number(id_short: str, value: str) -> Node:
    return element("Property", id_short, valueType="xs:double", value=value)


TARGET = external("urn:example:target")

TYPES_SUBMODEL: Node = {
    "modelType": "Submodel",
    "id": TYPES_ID,
    "idShort": "Types",
    "semanticId": external(TYPES_SEMANTIC_ID),
    "supplementalSemanticIds": [external(SUPPLEMENTAL_ID)],
    "submodelElements": [
        number("Number", "42.5"),
        number("Infinite", "INF"),
        element("Property", "Unset", valueType="xs:string"),
        element("Property", "Name", valueType="xs:string", value="Presse ä"),
        element("MultiLanguageProperty", "Label", value=[{"language": "en", "text": "oil"}]),
        element("Range", "Span", valueType="xs:int", min="3", max="15"),
        element("File", "Manual", contentType="application/pdf", value="/a.pdf"),
        element("Blob", "Icon", contentType="image/png", value="QUI="),
        element("ReferenceElement", "Link", value=TARGET),
        element("RelationshipElement", "Relation", first=TARGET, second=TARGET),
        element(
            "AnnotatedRelationshipElement",
            "Annotated",
            first=TARGET,
            second=TARGET,
            annotations=[number("Weight", "1.0")],
        ),
        element(
            "Entity",
            "Part",
            entityType="SelfManagedEntity",
            globalAssetId="urn:example:part",
            statements=[number("Mass", "2.5")],
        ),
        element("BasicEventElement", "Event", observed=TARGET, direction="output", state="on"),
        element("Capability", "Pressing"),
        element("Operation", "Start"),
        element(
            "SubmodelElementCollection",
            "Group",
            value=[
                number("Inside", "1.5"),
                element("SubmodelElementCollection", "Deeper", value=[number("Deepest", "2.5")]),
            ],
        ),
        element(
            "SubmodelElementList",
            "Items",
            typeValueListElement="SubmodelElementList",
            value=[
                {
                    "modelType": "SubmodelElementList",
                    "typeValueListElement": "Property",
                    "valueTypeListElement": "xs:int",
                    "value": [
                        {
                            "modelType": "Property",
                            "valueType": "xs:int",
                            "value": str(row * 100 + n),
                        }
                        for n in range(12)
                    ],
                }
                for row in range(12)
            ],
        ),
    ],
}

LIVE_SUBMODEL: Node = {
    "modelType": "Submodel",
    "id": LIVE_ID,
    "idShort": "Live",
    "submodelElements": [
        number("Temperature", "1.0"),
        number("Setpoint", "2.0"),
        number("Fixed", "3.0"),
        element("Property", "Fresh", valueType="xs:double"),
        element("MultiLanguageProperty", "State"),
        element("SubmodelElementCollection", "Zone", value=[number("Heat", "4.0")]),
    ],
}

PLAIN_SUBMODEL: Node = {
    "modelType": "Submodel",
    "id": PLAIN_ID,
    "idShort": "Plain",
    "submodelElements": [number(f"P{index}", str(index)) for index in range(250)],
}

SHELL_DOCUMENT: Node = {
    "modelType": "AssetAdministrationShell",
    "id": SHELL_ID,
    "idShort": "Press4",
    "assetInformation": {
        "assetKind": "Instance",
        "globalAssetId": GLOBAL_ASSET_ID,
        "specificAssetIds": [
            {"name": "serialNumber", "value": "4711"},
            {"name": "line", "value": "north, east"},
        ],
    },
    "submodels": [to_submodel(each) for each in (TYPES_ID, LIVE_ID, "urn:example:sm:elsewhere")],
}

LONE_SHELL_DOCUMENT: Node = {
    "modelType": "AssetAdministrationShell",
    "id": LONE_SHELL_ID,
    "idShort": "Lone",
    "assetInformation": {
        "assetKind": "Instance",
        "specificAssetIds": [{"name": "serialNumber", "value": "4711"}],
    },
}

CONCEPT_DESCRIPTION: Node = {
    "modelType": "ConceptDescription",
    "id": CONCEPT_ID,
    "idShort": "Temperature",
    "isCaseOf": [external("urn:example:case", "urn:example:fragment")],
    "embeddedDataSpecifications": [
        {
            "dataSpecification": external("urn:example:iec61360"),
            "dataSpecificationContent": {
                "modelType": "DataSpecificationIec61360",
                "preferredName": [{"language": "en", "text": "Temperature"}],
            },
        }
    ],
}

DOCUMENTS: list[tuple[Kind, Node]] = [
    (Kind.SHELL, SHELL_DOCUMENT),
    (Kind.SHELL, LONE_SHELL_DOCUMENT),
    (Kind.SUBMODEL, TYPES_SUBMODEL),
    (Kind.SUBMODEL, LIVE_SUBMODEL),
    (Kind.SUBMODEL, PLAIN_SUBMODEL),
    (Kind.CONCEPT_DESCRIPTION, CONCEPT_DESCRIPTION),
]

"""Examples: one injection moulding machine of the demo plant, shortened."""

from __future__ import annotations

from typing import Any, Final

SHELL_ID: Final = "urn:demo-plant:shell:moulder"
ASSET_ID: Final = "urn:demo-plant:asset:moulder"
TEMPLATE_ID: Final = "urn:aas-server:smt/template/OperationalData/1/0"
SUBMODEL_ID: Final = "urn:demo-plant:moulder:OperationalData"
CONCEPT_ID: Final = "urn:aas-server:smt/OperationalData/MeltTemperature/1/0"
ELEMENT_PATH: Final = "Signals.MeltTemperature.Value"


def _external(value: str) -> dict[str, Any]:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


SEMANTIC_ID: Final = _external("urn:aas-server:smt/OperationalData/1/0")

_SUBMODEL_REFERENCE: Final = {
    "type": "ModelReference",
    "keys": [{"type": "Submodel", "value": SUBMODEL_ID}],
}
_ASSET: Final = {
    "assetKind": "Instance",
    "globalAssetId": ASSET_ID,
    "specificAssetIds": [{"name": "serialNumber", "value": "LX220-18-4402"}],
}
_SHELL: Final = {
    "modelType": "AssetAdministrationShell",
    "id": SHELL_ID,
    "idShort": "InjectionMoulder",
    "displayName": [{"language": "en", "text": "Injection moulding machine"}],
    "assetInformation": _ASSET,
    "submodels": [_SUBMODEL_REFERENCE],
}
_UNIT: Final = {
    "modelType": "Property",
    "idShort": "Unit",
    "valueType": "xs:string",
    "value": "Cel",
}
_RANGE: Final = {
    "modelType": "Range",
    "idShort": "NormalRange",
    "valueType": "xs:double",
    "min": "222",
    "max": "234",
}
_VALUE: Final = {
    "modelType": "Property",
    "idShort": "Value",
    "valueType": "xs:double",
    "value": "228.75",
}
_SUBMODEL_HEAD: Final = {
    "modelType": "Submodel",
    "kind": "Instance",
    "id": SUBMODEL_ID,
    "idShort": "OperationalData",
    "semanticId": SEMANTIC_ID,
}
_SUBMODEL: Final = {
    **_SUBMODEL_HEAD,
    "submodelElements": [
        {
            "modelType": "SubmodelElementCollection",
            "idShort": "Signals",
            "value": [
                {
                    "modelType": "SubmodelElementCollection",
                    "idShort": "MeltTemperature",
                    "semanticId": _external("urn:aas-server:smt/OperationalData/Signal/1/0"),
                    "value": [_VALUE, _UNIT, _RANGE],
                }
            ],
        }
    ],
}
_SUBMODEL_VALUE: Final = {
    "Signals": {
        "MeltTemperature": {
            "Value": 228.75,
            "Unit": "Cel",
            "NormalRange": {"min": 222, "max": 234},
        }
    }
}
_CONCEPT: Final = {
    "modelType": "ConceptDescription",
    "id": CONCEPT_ID,
    "idShort": "MeltTemperature",
    "embeddedDataSpecifications": [
        {
            "dataSpecification": _external(
                "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3"
            ),
            "dataSpecificationContent": {
                "modelType": "DataSpecificationIec61360",
                "preferredName": [{"language": "en", "text": "Melt temperature"}],
                "unit": "Cel",
                "dataType": "REAL_MEASURE",
                "definition": [
                    {
                        "language": "en",
                        "text": "Temperature of the molten plastic before it leaves the nozzle.",
                    }
                ],
            },
        }
    ],
}


def _endpoint(interface: str, href: str) -> dict[str, Any]:
    return {
        "interface": interface,
        "protocolInformation": {"href": href, "endpointProtocol": "HTTP"},
    }


_SUBMODEL_DESCRIPTOR: Final = {
    "id": SUBMODEL_ID,
    "idShort": "OperationalData",
    "semanticId": SEMANTIC_ID,
    "endpoints": [_endpoint("SUBMODEL-3.1", "https://plant.example/api/v3/submodels/dXJu")],
}
_SHELL_DESCRIPTOR: Final = {
    "id": SHELL_ID,
    "idShort": "InjectionMoulder",
    "assetKind": "Instance",
    "globalAssetId": ASSET_ID,
    "endpoints": [_endpoint("AAS-3.1", "https://plant.example/api/v3/shells/dXJu")],
    "submodelDescriptors": [_SUBMODEL_DESCRIPTOR],
}
_ARGUMENT: Final = {
    "modelType": "Property",
    "idShort": "Cycles",
    "valueType": "xs:int",
    "value": "3",
}
_PROFILE: Final = (
    "https://admin-shell.io/aas/API/3/1/"
    "AssetAdministrationShellRepositoryServiceSpecification/SSP-001"
)
_ENDED: Final = {"executionState": "Completed", "success": True}

_SINGLE: Final[dict[str, Any]] = {
    "AssetAdministrationShell": _SHELL,
    "AssetInformation": _ASSET,
    "Submodel": _SUBMODEL,
    "SubmodelMetadata": _SUBMODEL_HEAD,
    "SubmodelValue": _SUBMODEL_VALUE,
    "SubmodelElement": _VALUE,
    "SubmodelElementMetadata": {
        "modelType": "Property",
        "idShort": "Value",
        "valueType": "xs:double",
    },
    "SubmodelElementValue": 228.75,
    "ConceptDescription": _CONCEPT,
    "Reference": _SUBMODEL_REFERENCE,
    "PathItem": ELEMENT_PATH,
    "Identifier": SHELL_ID,
    "AssetLink": {"name": "serialNumber", "value": "LX220-18-4402"},
    "SpecificAssetId": {"name": "serialNumber", "value": "LX220-18-4402"},
    "AssetAdministrationShellDescriptor": _SHELL_DESCRIPTOR,
    "SubmodelDescriptor": _SUBMODEL_DESCRIPTOR,
    "PackageDescription": {"packageId": "package-1", "aasIds": [SHELL_ID]},
    "Environment": {
        "assetAdministrationShells": [_SHELL],
        "submodels": [_SUBMODEL],
        "conceptDescriptions": [_CONCEPT],
    },
    "BaseOperationResult": {"executionState": "Running"},
    "PackageResult": {
        "executionState": "Completed",
        "success": True,
        "packageId": "package-1",
        "aasIds": [SHELL_ID],
    },
    "UploadResult": {
        "shells": 1,
        "submodels": 2,
        "conceptDescriptions": 0,
        "replaced": 0,
        "skipped": 0,
        "files": 1,
        "findings": [
            {
                "code": "package",
                "level": "warning",
                "path": "/aasx/files/manual.pdf",
                "text": "a relationship leads to it, and it is not there",
            }
        ],
    },
    "InstantiationRequest": {
        "id": "urn:example:operational-data",
        "mode": "minimal",
        "counts": {"Signals.Signal__00__": 2},
        "values": {"State": {"OperatingMode": "Automatic"}},
    },
    "InstantiationResult": {
        "environment": {"submodels": [_SUBMODEL]},
        "unfilled": [{"path": "State.StateSince", "templatePath": "State.StateSince"}],
        "findings": [],
    },
    "OperationRequest": {
        "inputArguments": [{"value": _ARGUMENT}],
        "clientTimeoutDuration": "PT60S",
    },
    "OperationRequestValueOnly": {
        "inputArguments": {"Cycles": 3},
        "clientTimeoutDuration": "PT60S",
    },
    "OperationResult": {**_ENDED, "outputArguments": [{"value": _ARGUMENT}]},
    "OperationResultValueOnly": {**_ENDED, "outputArguments": {"Cycles": 3}},
    "RecentChange": {
        "id": SHELL_ID,
        "createdAt": "2026-11-23T02:00:00Z",
        "updatedAt": "2026-11-23T02:16:31Z",
    },
    "ServiceDescription": {"profiles": [_PROFILE]},
    "Query": {
        "$condition": {
            "$eq": [
                {"$field": "$sm#semanticId"},
                {"$strVal": "urn:aas-server:smt/OperationalData/1/0"},
            ]
        }
    },
    "Result": {
        "messages": [
            {
                "messageType": "Error",
                "code": "NotFound",
                "text": "the submodel 'urn:demo-plant:moulder:Nothing' does not exist",
                "correlationId": "0195f2c4-7c1e-7a52-9d0a-52d0e8f5c7a1",
                "timestamp": "2026-11-23T02:16:31.250Z",
            }
        ]
    },
}
_LISTED: Final = {
    "GetAssetAdministrationShellsResult": "AssetAdministrationShell",
    "GetSubmodelsResult": "Submodel",
    "GetSubmodelsMetadataResult": "SubmodelMetadata",
    "GetSubmodelsValueResult": "SubmodelValue",
    "GetSubmodelElementsResult": "SubmodelElement",
    "GetSubmodelElementsMetadataResult": "SubmodelElementMetadata",
    "GetConceptDescriptionsResult": "ConceptDescription",
    "GetReferencesResult": "Reference",
    "GetPathItemsResult": "PathItem",
    "GetAssetAdministrationShellDescriptorsResult": "AssetAdministrationShellDescriptor",
    "GetSubmodelDescriptorsResult": "SubmodelDescriptor",
    "GetPackageDescriptionsResult": "PackageDescription",
    "GetShellIdsResult": "Identifier",
    "GetRecentChangesResult": "RecentChange",
}


def examples() -> dict[str, Any]:
    """Return an example of each schema that travels, by the name of the schema."""
    pages = {name: _page([_SINGLE[item]]) for name, item in _LISTED.items()}
    values = {"GetSubmodelElementsValueResult": _page(_SUBMODEL_VALUE)}
    return {**_SINGLE, **pages, **values}


def _page(result: Any) -> dict[str, Any]:
    return {"paging_metadata": {"cursor": "MTAw"}, "result": result}

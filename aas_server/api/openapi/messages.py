"""What the API itself adds to the metamodel: results, pages, descriptors, requests, queries."""

from __future__ import annotations

from typing import Any, Final

from aas_server.api.openapi.metamodel import REFERABLE
from aas_server.api.openapi.notation import Fields, Schema, one_of, record, text, typed

_DESCRIPTOR: Final[Fields] = {
    **{name: REFERABLE[name] for name in ("description", "displayName", "extensions", "idShort")},
    "administration": "AdministrativeInformation",
    "id!": "Identifier",
}
_STATE: Final[Fields] = {
    "messages": "Message[0..]",
    "executionState": "ExecutionState",
    "success": "boolean",
}

_RECORDS: Final[dict[str, tuple[str, Fields]]] = {
    "Message": (
        "What happened, in words; the log tells more under the correlation id.",
        {
            "messageType": "MessageType",
            "text": "string",
            "code": "MessageCode",
            "correlationId": "CorrelationId",
            "timestamp": "DateTimeUtc",
        },
    ),
    "Result": ("A failure, with everything that was found.", {"messages!": "Message[0..]"}),
    "ServiceDescription": ("What a server offers.", {"profiles!": "ProfileIdentifier[]"}),
    "PagingMetadata": (
        "Where the next page begins; without a cursor this is the last.",
        {"cursor": "Cursor"},
    ),
    "Endpoint": (
        "Where something is served.",
        {"interface!": "NameType", "protocolInformation!": "ProtocolInformation"},
    ),
    "ProtocolInformation": (
        "An address and the protocol that is spoken there.",
        {
            "href!": "Identifier",
            "endpointProtocol": "NameType",
            "endpointProtocolVersion": "NameType[0..]",
            "subprotocol": "NameType",
            "subprotocolBody": "Identifier",
            "subprotocolBodyEncoding": "NameType",
            "securityAttributes": "SecurityAttribute[]",
        },
    ),
    "SecurityAttribute": (
        "How an endpoint is secured.",
        {"type!": "SecurityAttributeType", "key!": "string", "value!": "string"},
    ),
    "AssetAdministrationShellDescriptor": (
        "Where a shell is served, and what it is.",
        {
            **_DESCRIPTOR,
            "assetKind": "AssetKind",
            "assetType": "Identifier",
            "endpoints": "Endpoint[0..]",
            "globalAssetId": "Identifier",
            "specificAssetIds": "SpecificAssetId[0..]",
            "submodelDescriptors": "SubmodelDescriptor[0..]",
        },
    ),
    "SubmodelDescriptor": (
        "Where a submodel is served, and what it means.",
        {
            **_DESCRIPTOR,
            "endpoints!": "Endpoint[]",
            "semanticId": "Reference",
            "supplementalSemanticIds": "Reference[]",
        },
    ),
    "AssetLink": (
        "A name and a value that an asset has.",
        {"name!": "LabelType", "value!": "Identifier"},
    ),
    "PackageDescription": (
        "A package and the shells in it.",
        {"packageId": "Identifier", "aasIds": "Identifier[0..]"},
    ),
    "BaseOperationResult": ("How far something is that was started.", _STATE),
    "OperationRequest": (
        "The arguments of an operation.",
        {
            "inputArguments": "OperationVariable[0..]",
            "inoutputArguments": "OperationVariable[0..]",
            "clientTimeoutDuration": "Duration",
        },
    ),
    "OperationRequestValueOnly": (
        "The values of the arguments, by idShort.",
        {
            "inputArguments": "ValueOnly",
            "inoutputArguments": "ValueOnly",
            "clientTimeoutDuration": "Duration",
        },
    ),
    "OperationResult": (
        "How an operation ended, and what it gave.",
        {
            **_STATE,
            "outputArguments": "OperationVariable[0..]",
            "inoutputArguments": "OperationVariable[0..]",
        },
    ),
    "OperationResultValueOnly": (
        "How an operation ended, and the values that it gave.",
        {**_STATE, "outputArguments": "ValueOnly", "inoutputArguments": "ValueOnly"},
    ),
    "RecentChange": (
        "When something was created and changed.",
        {"id!": "Identifier", "createdAt": "DateTimeUtc", "updatedAt": "DateTimeUtc"},
    ),
    "FileForm": ("A file to upload.", {"fileName": "string", "file!": "binary"}),
    "PackageForm": (
        "A package to upload; without aasIds they are read from it.",
        {"aasIds": "string[0..]", "fileName": "string", "file!": "binary"},
    ),
    "UploadForm": ("A JSON, XML or AASX file.", {"fileName": "string", "file!": "binary"}),
    "UploadResult": (
        "How many documents and files were taken in, or would be, and what was odd.",
        {
            **dict.fromkeys(("shells!", "submodels!", "conceptDescriptions!"), "Count"),
            "replaced!": "Count",
            "skipped!": "Count",
            "files!": "Count",
            "findings!": "UploadFinding[0..]",
            "documents": "UploadStep[0..]",
        },
    ),
    "UploadFinding": (
        "Something in a file that is wrong or unusual, where, and what to do.",
        {
            "code!": "string",
            "level!": "FindingLevel",
            "path!": "string",
            "text!": "string",
            "part": "string",
            "hint": "string",
        },
    ),
    "UploadStep": (
        "What becomes of a document, and of what is there with its id.",
        {
            "kind!": "string",
            "id!": "Identifier",
            "action!": "UploadAction",
            "reason": "string",
            "files!": "Count",
            "changes!": "UploadChange[0..]",
            "moreChanges": "Count",
        },
    ),
    "UploadChange": (
        "A place in a document, with the JSON that stands there and that comes in its place.",
        {"path!": "string", "before": "string", "after": "string"},
    ),
    "InstantiationRequest": (
        "What an instance shall hold; places are paths in the template, values go by idShort.",
        {
            "id": "Identifier",
            "mode": "InstantiationMode",
            "select": "PathItem[0..]",
            "counts": "PrototypeCounts",
            "choices": "PrototypeChoices",
            "values": "ValueOnly",
        },
    ),
    "InstantiationResult": (
        "The instance, the required elements that have no value, and what did not fit.",
        {
            "environment!": "Environment",
            "unfilled!": "UnfilledElement[0..]",
            "findings!": "UploadFinding[0..]",
        },
    ),
    "UnfilledElement": (
        "A required element without a value, and its prototype in the template.",
        {"path!": "PathItem", "templatePath!": "PathItem"},
    ),
    "PackageResult": (
        "How an upload ended, and the package that it made.",
        {**_STATE, "packageId": "Identifier", "aasIds": "Identifier[0..]"},
    ),
}

_ENUMERATIONS: Final = {
    "MessageType": "Undefined Info Warning Error Exception",
    "ExecutionState": "Initiated Running Completed Canceled Failed Timeout",
    "SecurityAttributeType": "NONE RFC_TLSA W3C_DID",
    "FindingLevel": "warning error",
    "InstantiationMode": "minimal full",
    "UploadAction": "create replace leave conflict",
}

_TEXTS: Final[dict[str, Schema]] = {
    "Count": {"type": "integer", "minimum": 0},
    "PrototypeCounts": {
        "type": "object",
        "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 1000},
    },
    "PrototypeChoices": {"type": "object", "additionalProperties": {"type": "string"}},
    "MessageCode": text(1, 32),
    "CorrelationId": text(1, 128),
    "Cursor": text(1, description="Opaque; sent back as it is to get the next page."),
    "PathItem": text(1, description="An idShortPath from the submodel on."),
    "ProfileIdentifier": text(1),
    "Binary": {"type": "string", "format": "binary"},
    "SignedDocument": text(1, description="A JSON Web Signature in its compact form."),
}

_PAGES: Final = {
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
_QUERIED: Final = (
    "AssetAdministrationShell",
    "Submodel",
    "ConceptDescription",
    "AssetAdministrationShellDescriptor",
    "SubmodelDescriptor",
)


def message_schemas() -> dict[str, Schema]:
    """Return the schemas by name."""
    schemas = {name: one_of(words) for name, words in _ENUMERATIONS.items()}
    schemas |= _TEXTS
    for name, (description, fields) in _RECORDS.items():
        schemas[name] = record(fields, description)
    for name, item in _PAGES.items():
        schemas[name] = _page(typed(f"{item}[0..]"))
    schemas["GetSubmodelElementsValueResult"] = _page(typed("ValueOnly"))
    for name in _QUERIED:
        schemas[f"QueryResult{name}"] = _query_result(name)
    return schemas | _query_schemas()


def _page(result: Schema) -> Schema:
    schema = record({"paging_metadata!": "PagingMetadata"}, "A page of a list.")
    schema["required"].append("result")
    schema["properties"]["result"] = result
    return schema


def _query_result(name: str) -> Schema:
    schema = _page({"type": "array", "items": {"anyOf": [typed(name), typed("Identifier")]}})
    schema["properties"]["paging_metadata"] = {
        "type": "object",
        "properties": {
            "cursor": typed("Cursor"),
            "resultType": {"type": "string", "enum": [name, "Identifier"]},
        },
    }
    return schema


_CASTS: Final = "$strCast $numCast $hexCast $boolCast $dateTimeCast $timeCast"
_PARTS_OF_A_DAY: Final = "$dayOfWeek $dayOfMonth $month $year"
_COMPARISONS: Final = "$eq $ne $gt $ge $lt $le"
_TEXT_COMPARISONS: Final = "$contains $starts-with $ends-with $regex"


def _query_schemas() -> dict[str, Schema]:
    value = typed("QueryValue")
    moment = {"type": "string", "format": "date-time"}
    literals = {
        "$field": typed("FieldIdentifier"),
        "$strVal": text(pattern=r"^(?!\$).*"),
        "$numVal": typed("number"),
        "$hexVal": text(pattern="^16#[0-9A-F]+$"),
        "$dateTimeVal": moment,
        "$timeVal": text(pattern=r"^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"),
        "$boolean": typed("boolean"),
        **dict.fromkeys(_CASTS.split(), value),
        **dict.fromkeys(_PARTS_OF_A_DAY.split(), moment),
    }
    texts = {name: literals[name] for name in ("$field", "$strVal", "$strCast")}
    compared = {
        **{name: _pair("QueryValue") for name in _COMPARISONS.split()},
        **{name: _pair("QueryText") for name in _TEXT_COMPARISONS.split()},
        "$match": _array("QueryMatch", 1),
        "$boolean": typed("boolean"),
    }
    logical = {
        "$and": _array("QueryCondition", 2),
        "$or": _array("QueryCondition", 2),
        "$not": typed("QueryCondition"),
        **compared,
    }
    return {
        "Query": {
            "type": "object",
            "description": "A condition; $select limits the answer to ids.",
            "required": ["$condition"],
            "properties": {
                "$select": {"type": "string", "enum": ["id"]},
                "$condition": typed("QueryCondition"),
            },
            "additionalProperties": False,
        },
        "QueryCondition": _exactly_one(logical, "What must be true."),
        "QueryMatch": _exactly_one(compared, "What must be true of one and the same item."),
        "QueryValue": _exactly_one(literals, "A field, a literal or a cast of one."),
        "QueryText": _exactly_one(texts, "A field or a text."),
        "FieldIdentifier": text(
            1,
            pattern=r"^\$(aas|sm|sme|cd|aasdesc|smdesc)[A-Za-z0-9_.\[\]-]*#.+$",
            description="A field of what is asked for, such as $sm#semanticId.",
        ),
    }


def _exactly_one(properties: dict[str, Any], description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _pair(name: str) -> Schema:
    return {"type": "array", "items": typed(name), "minItems": 2, "maxItems": 2}


def _array(name: str, fewest: int) -> Schema:
    return {"type": "array", "items": typed(name), "minItems": fewest}

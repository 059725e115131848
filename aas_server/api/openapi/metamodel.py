"""The metamodel (IDTA-01001 v3.1) as schemas: enumerations, scalars, classes.

Where the metamodel inherits, the schemas repeat: a class is complete where it stands. Documents of
v3.0 are accepted, so that idShorts of one letter pass.
"""

from __future__ import annotations

from typing import Final

from aas_server.api.openapi.notation import (
    Fields,
    Schema,
    chosen_by_model_type,
    one_of,
    record,
    text,
)

_ENUMERATIONS: Final = {
    "AasSubmodelElements": (
        "AnnotatedRelationshipElement BasicEventElement Blob Capability DataElement Entity "
        "EventElement File MultiLanguageProperty Operation Property Range ReferenceElement "
        "RelationshipElement SubmodelElement SubmodelElementCollection SubmodelElementList"
    ),
    "AssetKind": "Batch Instance NotApplicable Role Type",
    "DataTypeDefXsd": (
        "xs:anyURI xs:base64Binary xs:boolean xs:byte xs:date xs:dateTime xs:decimal xs:double "
        "xs:duration xs:float xs:gDay xs:gMonth xs:gMonthDay xs:gYear xs:gYearMonth xs:hexBinary "
        "xs:int xs:integer xs:long xs:negativeInteger xs:nonNegativeInteger xs:nonPositiveInteger "
        "xs:positiveInteger xs:short xs:string xs:time xs:unsignedByte xs:unsignedInt "
        "xs:unsignedLong xs:unsignedShort"
    ),
    "DataTypeIec61360": (
        "BLOB BOOLEAN DATE FILE HTML INTEGER_COUNT INTEGER_CURRENCY INTEGER_MEASURE IRDI IRI "
        "RATIONAL RATIONAL_MEASURE REAL_COUNT REAL_CURRENCY REAL_MEASURE STRING "
        "STRING_TRANSLATABLE TIME TIMESTAMP"
    ),
    "Direction": "input output",
    "EntityType": "CoManagedEntity SelfManagedEntity",
    "KeyTypes": (
        "AnnotatedRelationshipElement AssetAdministrationShell BasicEventElement Blob Capability "
        "ConceptDescription DataElement Entity EventElement File FragmentReference GlobalReference "
        "Identifiable MultiLanguageProperty Operation Property Range Referable ReferenceElement "
        "RelationshipElement Submodel SubmodelElement SubmodelElementCollection SubmodelElementList"
    ),
    "ModellingKind": "Instance Template",
    "QualifierKind": "ConceptQualifier TemplateQualifier ValueQualifier",
    "ReferenceTypes": "ExternalReference ModelReference",
    "StateOfEvent": "off on",
}

_ID_SHORT: Final = "^[a-zA-Z]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?$"
_LANGUAGE: Final = "^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"

_TEXTS: Final[dict[str, Schema]] = {
    "Identifier": text(1, 2048, description="A globally unique id: an IRI, IRDI, UUID or other."),
    "IdShort": text(1, 128, pattern=_ID_SHORT, description="A name that is unique among siblings."),
    "NameType": text(1, 128),
    "LabelType": text(1, 64),
    "VersionType": text(1, 4),
    "ContentType": text(1, 128, description="A media type (RFC 2046)."),
    "PathType": text(1, 2048, description="A URI, or the path of a file within a package."),
    "MessageTopicType": text(1, 255),
    "ValueDataType": text(description="A value as XML Schema writes it, whatever its type."),
    "NonEmptyText": text(1),
    "DateTimeUtc": text(1, description="An instant in UTC (xs:dateTime)."),
    "Duration": text(1, description="A duration (xs:duration), such as PT60S."),
    "BlobType": {"type": "string", "format": "byte", "description": "Bytes as base64."},
    "BcpLangString": text(1, pattern=_LANGUAGE, description="A language tag (RFC 5646)."),
}

_LANGUAGE_STRINGS: Final = {
    "LangStringNameType": text(1, 128),
    "LangStringTextType": text(1, 1023),
    "LangStringPreferredNameTypeIec61360": text(1, 255),
    "LangStringShortNameTypeIec61360": text(1, 18),
    "LangStringDefinitionTypeIec61360": text(1, 1023),
}

REFERABLE: Final[Fields] = {
    "extensions": "Extension[]",
    "category": "NameType",
    "idShort": "IdShort",
    "displayName": "LangStringNameType[]",
    "description": "LangStringTextType[]",
}
_IDENTIFIABLE: Final[Fields] = {
    **REFERABLE,
    "administration": "AdministrativeInformation",
    "id!": "Identifier",
}
_SPECIFIED: Final[Fields] = {"embeddedDataSpecifications": "EmbeddedDataSpecification[]"}
_SEMANTIC: Final[Fields] = {
    "semanticId": "Reference",
    "supplementalSemanticIds": "Reference[]",
}
_QUALIFIED: Final[Fields] = {"qualifiers": "Qualifier[]"}
_ELEMENT: Final[Fields] = {**REFERABLE, **_SEMANTIC, **_QUALIFIED, **_SPECIFIED}
_RELATION: Final[Fields] = {"first": "Reference", "second": "Reference"}

_ELEMENTS: Final[dict[str, tuple[str, Fields]]] = {
    "Property": (
        "A single value.",
        {"valueType!": "DataTypeDefXsd", "value": "ValueDataType", "valueId": "Reference"},
    ),
    "MultiLanguageProperty": (
        "A text in several languages.",
        {"value": "LangStringTextType[]", "valueId": "Reference"},
    ),
    "Range": (
        "An interval; a missing end is open.",
        {"valueType!": "DataTypeDefXsd", "min": "ValueDataType", "max": "ValueDataType"},
    ),
    "File": (
        "A file, by its address or as an attachment.",
        {"value": "PathType", "contentType": "ContentType"},
    ),
    "Blob": ("Bytes within the model.", {"value": "BlobType", "contentType": "ContentType"}),
    "ReferenceElement": ("A reference to something else.", {"value": "Reference"}),
    "RelationshipElement": ("Two things and how they relate.", _RELATION),
    "AnnotatedRelationshipElement": (
        "Two things, how they relate, and remarks on it.",
        {**_RELATION, "annotations": "DataElement[]"},
    ),
    "Entity": (
        "A part or asset, with what is stated of it.",
        {
            "statements": "SubmodelElement[]",
            "entityType": "EntityType",
            "globalAssetId": "Identifier",
            "specificAssetIds": "SpecificAssetId[]",
        },
    ),
    "BasicEventElement": (
        "What is observed, and where its events go.",
        {
            "observed!": "Reference",
            "direction!": "Direction",
            "state!": "StateOfEvent",
            "messageTopic": "MessageTopicType",
            "messageBroker": "Reference",
            "lastUpdate": "DateTimeUtc",
            "minInterval": "Duration",
            "maxInterval": "Duration",
        },
    ),
    "Operation": (
        "Something that can be run, and what it takes and gives.",
        {
            "inputVariables": "OperationVariable[]",
            "outputVariables": "OperationVariable[]",
            "inoutputVariables": "OperationVariable[]",
        },
    ),
    "Capability": ("What an asset is able to do.", {}),
    "SubmodelElementCollection": ("Elements by name.", {"value": "SubmodelElement[]"}),
    "SubmodelElementList": (
        "Elements of one type by index.",
        {
            "orderRelevant": "boolean",
            "semanticIdListElement": "Reference",
            "typeValueListElement!": "AasSubmodelElements",
            "valueTypeListElement": "DataTypeDefXsd",
            "value": "SubmodelElement[]",
        },
    ),
}
_DATA_ELEMENTS: Final = (
    "Blob",
    "File",
    "MultiLanguageProperty",
    "Property",
    "Range",
    "ReferenceElement",
)

_IDENTIFIABLES: Final[dict[str, tuple[str, Fields]]] = {
    "AssetAdministrationShell": (
        "The digital twin of an asset: what it stands for and which submodels it has.",
        {
            **_IDENTIFIABLE,
            **_SPECIFIED,
            "derivedFrom": "Reference",
            "assetInformation!": "AssetInformation",
            "submodels": "Reference[]",
        },
    ),
    "Submodel": (
        "One aspect of an asset.",
        {
            **_IDENTIFIABLE,
            "kind": "ModellingKind",
            **_SEMANTIC,
            **_QUALIFIED,
            **_SPECIFIED,
            "submodelElements": "SubmodelElement[]",
        },
    ),
    "ConceptDescription": (
        "What a semantic id means.",
        {**_IDENTIFIABLE, **_SPECIFIED, "isCaseOf": "Reference[]"},
    ),
}

_RECORDS: Final[dict[str, tuple[str, Fields]]] = {
    "AdministrativeInformation": (
        "Version and origin. createdAt and updatedAt are of metamodel 3.2.",
        {
            **_SPECIFIED,
            "version": "VersionType",
            "revision": "VersionType",
            "creator": "Reference",
            "templateId": "Identifier",
            "createdAt": "DateTimeUtc",
            "updatedAt": "DateTimeUtc",
        },
    ),
    "AssetInformation": (
        "Which asset a shell stands for. Batch is of metamodel 3.2.",
        {
            "assetKind!": "AssetKind",
            "globalAssetId": "Identifier",
            "specificAssetIds": "SpecificAssetId[]",
            "assetType": "Identifier",
            "defaultThumbnail": "Resource",
        },
    ),
    "EmbeddedDataSpecification": (
        "A data specification and what it says here.",
        {
            "dataSpecification!": "Reference",
            "dataSpecificationContent!": "DataSpecificationIec61360",
        },
    ),
    "Environment": (
        "Identifiables that belong together: the content of a file.",
        {
            "assetAdministrationShells": "AssetAdministrationShell[]",
            "submodels": "Submodel[]",
            "conceptDescriptions": "ConceptDescription[]",
        },
    ),
    "EventPayload": (
        "What an event carries.",
        {
            "source!": "Reference",
            "sourceSemanticId": "Reference",
            "observableReference!": "Reference",
            "observableSemanticId": "Reference",
            "topic": "MessageTopicType",
            "subjectId": "Reference",
            "timeStamp!": "DateTimeUtc",
            "payload": "BlobType",
        },
    ),
    "Extension": (
        "A value of one's own, outside of the standard.",
        {
            **_SEMANTIC,
            "name!": "NameType",
            "valueType": "DataTypeDefXsd",
            "value": "ValueDataType",
            "refersTo": "Reference[]",
        },
    ),
    "Key": ("One step of a reference.", {"type!": "KeyTypes", "value!": "Identifier"}),
    "LevelType": (
        "Which of four figures a value is.",
        {"min!": "boolean", "nom!": "boolean", "typ!": "boolean", "max!": "boolean"},
    ),
    "OperationVariable": ("An argument of an operation.", {"value!": "SubmodelElement"}),
    "Qualifier": (
        "A statement on an element.",
        {
            **_SEMANTIC,
            "kind": "QualifierKind",
            "type!": "NameType",
            "valueType!": "DataTypeDefXsd",
            "value": "ValueDataType",
            "valueId": "Reference",
        },
    ),
    "Reference": (
        "Keys that lead to something: a model element, or what is defined elsewhere.",
        {"type!": "ReferenceTypes", "keys!": "Key[]", "referredSemanticId": "Reference"},
    ),
    "Resource": ("A file and its type.", {"path!": "PathType", "contentType": "ContentType"}),
    "SpecificAssetId": (
        "An id of the asset in somebody's naming.",
        {
            **_SEMANTIC,
            "name!": "LabelType",
            "value!": "Identifier",
            "externalSubjectId": "Reference",
        },
    ),
    "ValueList": ("Values to choose from.", {"valueReferencePairs!": "ValueReferencePair[]"}),
    "ValueReferencePair": (
        "A value and what it means.",
        {"value!": "Identifier", "valueId": "Reference"},
    ),
}

_IEC_61360: Final[Fields] = {
    "preferredName!": "LangStringPreferredNameTypeIec61360[]",
    "shortName": "LangStringShortNameTypeIec61360[]",
    "unit": "NonEmptyText",
    "unitId": "Reference",
    "sourceOfDefinition": "NonEmptyText",
    "symbol": "NonEmptyText",
    "dataType": "DataTypeIec61360",
    "definition": "LangStringDefinitionTypeIec61360[]",
    "valueFormat": "NonEmptyText",
    "valueList": "ValueList",
    "value": "Identifier",
    "levelType": "LevelType",
}

ELEMENT_TYPES: Final = tuple(_ELEMENTS)
"""Every type of submodel element."""


def fields_of(model_type: str) -> Fields:
    """Return the fields of a class that has a modelType."""
    if model_type in _ELEMENTS:
        return {**_ELEMENT, **_ELEMENTS[model_type][1]}
    return _IDENTIFIABLES[model_type][1]


def metamodel_schemas() -> dict[str, Schema]:
    """Return the schemas by name."""
    schemas = {name: one_of(words) for name, words in _ENUMERATIONS.items()}
    schemas |= _TEXTS
    for name, content in _LANGUAGE_STRINGS.items():
        schemas[name] = record({"language!": "BcpLangString", "text!": "string"})
        schemas[name]["properties"]["text"] = content
    for name, (description, fields) in _RECORDS.items():
        schemas[name] = record(fields, description)
    schemas["DataSpecificationIec61360"] = record(
        _IEC_61360,
        "A concept as IEC 61360 describes one.",
        model_type="DataSpecificationIec61360",
    )
    for name, (description, _) in (_IDENTIFIABLES | _ELEMENTS).items():
        schemas[name] = record(fields_of(name), description, model_type=name)
    schemas["SubmodelElement"] = chosen_by_model_type(
        {name: name for name in _ELEMENTS}, "Any element of a submodel."
    )
    schemas["DataElement"] = chosen_by_model_type(
        {name: name for name in _DATA_ELEMENTS}, "An element that has no elements below it."
    )
    return schemas

"""The schemas of what clients register: descriptors and asset links (IDTA-01002 v3.1.2, payload
interfaces; IDTA-01001 v3.1 for what they take from the metamodel).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from aas_server.errors import Finding, InvalidDocument
from aas_server.metamodel.identifiers import MAX_IDENTIFIER_LENGTH
from aas_server.metamodel.value_types import VALUE_TYPES
from aas_server.registry.shapes import STRUCTURE, Items, Members, OneOf, Shape, Text

MAX_FINDINGS: Final = 100
"""Findings that are told of one document at most."""

GLOBAL_ASSET_ID: Final = "globalAssetId"
"""The reserved name of an asset link, whatever its capitals (AASd-116)."""

ASSET_KINDS: Final = frozenset({"Batch", "Instance", "NotApplicable", "Role", "Type"})
"""Every AssetKind, ``Batch`` of the metamodel 3.2 among them."""

_KEY_TYPES: Final = frozenset(
    {
        "AnnotatedRelationshipElement",
        "AssetAdministrationShell",
        "BasicEventElement",
        "Blob",
        "Capability",
        "ConceptDescription",
        "DataElement",
        "Entity",
        "EventElement",
        "File",
        "FragmentReference",
        "GlobalReference",
        "Identifiable",
        "MultiLanguageProperty",
        "Operation",
        "Property",
        "Range",
        "Referable",
        "ReferenceElement",
        "RelationshipElement",
        "Submodel",
        "SubmodelElement",
        "SubmodelElementCollection",
        "SubmodelElementList",
    }
)
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", re.ASCII)
_ID_SHORT: Final = re.compile(r"[a-zA-Z]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?", re.ASCII)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_ANY_LENGTH: Final = 2**31

_IDENTIFIER: Final = Text(MAX_IDENTIFIER_LENGTH, 1)
_WORD: Final = Text(128)
_VERSION: Final = Text(4, 1, _NUMBER)

_KEY: Final = Members({"type": OneOf(_KEY_TYPES), "value": _IDENTIFIER}, ("type", "value"))
_REFERENCE_MEMBERS: Final[dict[str, Shape]] = {
    "type": OneOf(frozenset({"ExternalReference", "ModelReference"})),
    "keys": Items(_KEY, 1),
}
_REFERENCE_PARENT: Final = Members(_REFERENCE_MEMBERS, ("type", "keys"))
_REFERENCE: Final = Members(
    {**_REFERENCE_MEMBERS, "referredSemanticId": _REFERENCE_PARENT}, ("type", "keys")
)
_SEMANTICS: Final[dict[str, Shape]] = {
    "semanticId": _REFERENCE,
    "supplementalSemanticIds": Items(_REFERENCE, 1),
}


def _lang_strings(longest: int) -> Items:
    text = {"language": Text(_ANY_LENGTH, 0, _LANGUAGE), "text": Text(longest, 1)}
    return Items(Members(text, ("language", "text")))


_EXTENSION: Final = Members(
    {
        **_SEMANTICS,
        "name": Text(128, 1),
        "valueType": OneOf(VALUE_TYPES),
        "value": Text(_ANY_LENGTH),
        "refersTo": Items(_REFERENCE, 1),
    },
    ("name",),
)
_EMBEDDED_DATA_SPECIFICATION: Final = Members(
    {
        "dataSpecification": _REFERENCE,
        "dataSpecificationContent": Members({"modelType": Text(128, 1)}, ("modelType",)),
    },
    ("dataSpecification", "dataSpecificationContent"),
)
_ADMINISTRATION: Final = Members(
    {
        "embeddedDataSpecifications": Items(_EMBEDDED_DATA_SPECIFICATION, 1),
        "version": _VERSION,
        "revision": _VERSION,
        "creator": _REFERENCE,
        "templateId": _IDENTIFIER,
    }
)
_SPECIFIC_ASSET_ID: Final = Members(
    {
        **_SEMANTICS,
        "name": Text(64, 1),
        "value": _IDENTIFIER,
        "externalSubjectId": _REFERENCE,
    },
    ("name", "value"),
)
_SECURITY_ATTRIBUTE: Final = Members(
    {
        "type": OneOf(frozenset({"NONE", "RFC_TLSA", "W3C_DID"})),
        "key": Text(_ANY_LENGTH),
        "value": Text(_ANY_LENGTH),
    },
    ("type", "key", "value"),
)
_PROTOCOL_INFORMATION: Final = Members(
    {
        "href": Text(2048),
        "endpointProtocol": _WORD,
        "endpointProtocolVersion": Items(_WORD),
        "subprotocol": _WORD,
        "subprotocolBody": Text(2048),
        "subprotocolBodyEncoding": _WORD,
        "securityAttributes": Items(_SECURITY_ATTRIBUTE, 1),
    },
    ("href",),
)
_ENDPOINT: Final = Members(
    {"interface": _WORD, "protocolInformation": _PROTOCOL_INFORMATION},
    ("interface", "protocolInformation"),
)
_DESCRIPTOR: Final[dict[str, Shape]] = {
    "id": _IDENTIFIER,
    "idShort": Text(128, 1, _ID_SHORT),
    "displayName": _lang_strings(128),
    "description": _lang_strings(1023),
    "extensions": Items(_EXTENSION, 1),
    "administration": _ADMINISTRATION,
    "endpoints": Items(_ENDPOINT, 1),
}

SUBMODEL_DESCRIPTOR: Final = Members({**_DESCRIPTOR, **_SEMANTICS}, ("id", "endpoints"))
SHELL_DESCRIPTOR: Final = Members(
    {
        **_DESCRIPTOR,
        "assetKind": OneOf(ASSET_KINDS),
        "assetType": _IDENTIFIER,
        GLOBAL_ASSET_ID: _IDENTIFIER,
        "specificAssetIds": Items(_SPECIFIC_ASSET_ID),
        "submodelDescriptors": Items(SUBMODEL_DESCRIPTOR),
    },
    ("id",),
)
ASSET_LINKS: Final = Items(_SPECIFIC_ASSET_ID)
ASSET_LINK_QUERY: Final = Items(
    Members({"name": Text(64, 1), "value": _IDENTIFIER}, ("name", "value"))
)
IDENTIFIERS: Final = Items(_IDENTIFIER)


def require(shape: Shape, value: Any) -> None:
    """Raise ``InvalidDocument`` with every place where ``value`` has not the shape."""
    findings = tuple(islice(_findings(shape, value), MAX_FINDINGS))
    if findings:
        raise InvalidDocument(findings)


def is_global_asset_id(name: str) -> bool:
    """Return whether ``name`` is the reserved one (AASd-116)."""
    return name.lower() == GLOBAL_ASSET_ID.lower()


def _findings(shape: Shape, value: Any) -> Iterator[Finding]:
    yield from shape.findings(value, "")
    if shape is SHELL_DESCRIPTOR and isinstance(value, dict):
        yield from _repeated_ids(value.get("submodelDescriptors"))
    if shape is ASSET_LINKS and isinstance(value, list):
        yield from _owned_global_ids(value)


def _repeated_ids(descriptors: Any) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, descriptor in enumerate(descriptors if isinstance(descriptors, list) else ()):
        identifier = descriptor.get("id") if isinstance(descriptor, dict) else None
        if not isinstance(identifier, str):
            continue
        if identifier in seen:
            path = f"submodelDescriptors[{index}].id"
            yield Finding(STRUCTURE, path, f"{identifier!r} stands here more than once")
        seen.add(identifier)


def _owned_global_ids(links: list[Any]) -> Iterator[Finding]:
    for index, link in enumerate(links):
        name = link.get("name") if isinstance(link, dict) else None
        if isinstance(name, str) and is_global_asset_id(name) and "externalSubjectId" in link:
            path = f"[{index}].externalSubjectId"
            yield Finding("AASd-116", path, f"a {GLOBAL_ASSET_ID} belongs to no subject")

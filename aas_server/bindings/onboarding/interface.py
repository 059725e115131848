"""Asset Interfaces Description 1.1 and Mapping Configuration 2.0 of an OPC UA machine.

IDTA 02017-1-1 says how a value is reached, IDTA 02027-2-0 which element it feeds. Both are written
in their correct form; the published templates differ from their own text in places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from aas_server.bindings.onboarding.identity import Identity
from aas_server.bindings.onboarding.parts import model_reference, number_text
from aas_server.bindings.onboarding.points import INTEGERS, NUMBERS, Point
from aas_server.bindings.opcua.address_space import MachineNode, VariableFacts
from aas_server.bindings.plant.security import SecuritySettings
from aas_server.metamodel.tree import Node
from aas_server.templates.authoring.concepts import reference

DESCRIPTION: Final = "AssetInterfacesDescription"
MAPPING: Final = "AssetInterfacesMappingConfiguration"
INTERFACE: Final = "InterfaceOPCUA"

_AID: Final = "https://admin-shell.io/idta/AssetInterfacesDescription/1/0/"
_AIMC: Final = "https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/2/0/"
_MAPPINGS: Final = "https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/1/0/"
_TD: Final = "https://www.w3.org/2019/wot/td#"
_JSON_SCHEMA: Final = "https://www.w3.org/2019/wot/json-schema#"
_SECURITY: Final = "https://www.w3.org/2019/wot/security#"
_MEDIA: Final = "https://www.w3.org/2019/wot/hypermedia#"
_UAV: Final = "http://opcfoundation.org/UA/WoT-Binding/"
_ESCAPED: Final = {"%": "%25", "#": "%23", "&": "%26"}


def href(node: str) -> str:
    """Return how AID addresses a node (Annex C): ``/?id=nsu=...``, ``#`` and ``&`` escaped."""
    return "/?id=" + "".join(_ESCAPED.get(sign, sign) for sign in node)


def interface_description(
    identity: Identity,
    url: str,
    security: SecuritySettings,
    names: Mapping[MachineNode, str],
    points: Sequence[Point],
    title: str,
) -> Node:
    """Return the AID submodel with a property for every node in ``names``, called as they say.

    Credentials are in no AID: the plant file says where they are.
    """
    first = {point.node: point for point in reversed(points)}
    properties = [_property(node, name, first[node]) for node, name in names.items()]
    metadata = [_collection("properties", f"{_TD}PropertyAffordance", properties)]
    interface = _collection(
        INTERFACE,
        f"{_AID}Interface",
        [
            _text("title", f"{_TD}title", title),
            _endpoint(identity, url, security),
            _collection(
                "InteractionMetadata",
                f"{_AID}InteractionMetadata",
                metadata if properties else [],
                also=(f"{_TD}InteractionAffordance",),
            ),
        ],
        also=(_UAV, _TD.rstrip("#")),
    )
    return _submodel(identity, DESCRIPTION, "AssetInterfacesDescription/1/1", [interface])


def mapping_configuration(
    identity: Identity,
    names: Mapping[MachineNode, str],
    points: Sequence[Point],
    sinks: Mapping[str, Node],
) -> Node:
    """Return the AIMC submodel: every point's property feeds the element of ``sinks`` (references
    by the points' keys). Source and sink of a pair have the same id; there is no transformation.
    """
    pairs = [point for point in points if point.key in sinks and point.node in names]
    sources = [
        _end("Source", property_reference(identity, names[point.node]), point.key)
        for point in pairs
    ]
    targets = [_end("Sink", sinks[point.key], point.key) for point in pairs]
    kind = f"{_AIMC}MappingConfiguration"
    configuration: Node = {
        "modelType": "SubmodelElementCollection",
        "semanticId": reference(kind),
        "value": [
            _list("Sources", f"{kind}/Sources", f"{kind}/Source", sources),
            _list("Sinks", f"{kind}/Sinks", f"{kind}/Sink", targets),
        ],
    }
    configurations = _list(
        "MappingConfigurations",
        f"{_MAPPINGS}MappingConfigurations",
        kind,
        [configuration] if pairs else [],
    )
    return _submodel(identity, MAPPING, "AssetInterfacesMappingConfiguration/2/0", [configurations])


def property_reference(identity: Identity, name: str) -> Node:
    """Return the reference to a property of the interface."""
    collections = (INTERFACE, "InteractionMetadata", "properties", name)
    return model_reference(
        ("Submodel", identity.of(DESCRIPTION)),
        *(("SubmodelElementCollection", each) for each in collections),
    )


def _endpoint(identity: Identity, url: str, security: SecuritySettings) -> Node:
    schemes = [_channel(security), _authentication(security)]
    kind = f"{_TD}hasSecurityConfiguration"
    used = [
        {
            "modelType": "ReferenceElement",
            "semanticId": reference(kind),
            "value": model_reference(
                ("Submodel", identity.of(DESCRIPTION)),
                *(
                    ("SubmodelElementCollection", name)
                    for name in (
                        INTERFACE, "EndpointMetadata", "securityDefinitions", scheme["idShort"]
                    )
                ),
            ),
        }
        for scheme in schemes
    ]  # fmt: skip
    return _collection(
        "EndpointMetadata",
        f"{_AID}EndpointMetadata",
        [
            _text("base", f"{_TD}baseURI", url, "xs:anyURI"),
            _text("contentType", f"{_MEDIA}forContentType", "application/octet-stream"),
            _list("security", kind, kind, used, item="ReferenceElement"),
            _collection("securityDefinitions", f"{_TD}definesSecurityScheme", schemes),
        ],
    )


def _channel(security: SecuritySettings) -> Node:
    return _collection(
        "opcua_channel_sc",
        f"{_UAV}OPCUASecurityChannelScheme",
        [
            _text("scheme", f"{_SECURITY}SecurityScheme", "uav_channelsec"),
            _text("uav_securityMode", f"{_UAV}securityMode", security.mode),
            _text("uav_securityPolicy", f"{_UAV}securityPolicy", security.policy),
        ],
    )


def _authentication(security: SecuritySettings) -> Node:
    token = "Anonymous" if security.user is None else "UserName"
    return _collection(
        "opcua_authentication_sc",
        f"{_UAV}OPCUASecurityAuthenticationScheme",
        [
            _text("scheme", f"{_SECURITY}SecurityScheme", "uav_authentication"),
            _text("uav_userIdentityToken", f"{_UAV}userIdentityToken", token),
        ],
    )


def _property(node: MachineNode, name: str, point: Point) -> Node:
    facts = node.facts
    told = [] if node.name.name == name else [_key(node.name.name)]
    told.append(
        _text("type", "https://www.w3.org/1999/02/22-rdf-syntax-ns#type", _json_type(facts))
    )
    title = node.display_name.text
    if title and title != node.name.name:
        told.append(_text("title", f"{_TD}title", title))
    told.append(_text("observable", f"{_TD}isObservable", "true", "xs:boolean"))
    if facts.texts and not facts.is_array:
        told.append(_enumeration(facts))
    if facts.unit is not None:
        unit = facts.unit.code or facts.unit.symbol
        told.append(_text("unit", "https://schema.org/unitCode", unit))
    if facts.range is not None:
        told.append(_range(facts.range))
    if facts.is_array:
        told.append(_items(facts))
    told.append(
        _collection(
            "forms",
            f"{_TD}hasForm",
            [
                _text("href", f"{_MEDIA}hasTarget", href(node.node)),
                _text("uav_browsePath", f"{_UAV}browsePath", point.browse_path),
            ],
        )
    )
    return _collection(name, f"{_AID}PropertyDefinition", told, also=(f"{_TD}name",))


def _key(name: str) -> Node:
    return _text("key", f"{_AID}key", name) | {"supplementalSemanticIds": [reference(f"{_TD}name")]}


def _enumeration(facts: VariableFacts) -> Node:
    kind = f"{_JSON_SCHEMA}enum"
    return {
        "modelType": "SubmodelElementList",
        "idShort": "enum",
        "semanticId": reference(kind),
        "orderRelevant": True,
        "typeValueListElement": "Property",
        "valueTypeListElement": "xs:string",
        "value": [
            {"modelType": "Property", "valueType": "xs:string", "value": str(number)}
            for number in facts.texts
        ],
    }


def _range(limits: tuple[float, float]) -> Node:
    low, high = limits
    return {
        "modelType": "Range",
        "idShort": "min_max",
        "semanticId": reference(f"{_AID}minMaxRange"),
        "supplementalSemanticIds": [
            reference(f"{_JSON_SCHEMA}maximum"),
            reference(f"{_JSON_SCHEMA}minimum"),
        ],
        "valueType": "xs:double",
        "min": number_text(low),
        "max": number_text(high),
    }


def _items(facts: VariableFacts) -> Node:
    kind = "https://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    item = "array" if facts.value_rank > 1 else _json_type(facts, is_item=True)
    return _collection("items", f"{_JSON_SCHEMA}items", [_text("type", kind, item)])


def _json_type(facts: VariableFacts, *, is_item: bool = False) -> str:
    if facts.is_array and not is_item:
        return "array"
    if facts.type_name == "Boolean":
        return "boolean"
    if facts.type_name in INTEGERS:
        return "integer"
    if facts.type_name in NUMBERS:
        return "number"
    return "object" if facts.type_name == "ExtensionObject" else "string"


def _submodel(identity: Identity, kind: str, version: str, elements: list[Node]) -> Node:
    return {
        "modelType": "Submodel",
        "kind": "Instance",
        "id": identity.of(kind),
        "idShort": kind,
        "administration": {
            "version": version.split("/")[1],
            "revision": version.split("/")[2],
            "templateId": f"https://admin-shell.io/idta/SubmodelTemplate/{version}",
        },
        "semanticId": reference(f"https://admin-shell.io/idta/{version}/Submodel"),
        "submodelElements": elements,
    }


def _end(kind: str, target: Node, identifier: str) -> Node:
    base = f"{_AIMC}MappingConfiguration/{kind}"
    return {
        "modelType": "SubmodelElementCollection",
        "semanticId": reference(base),
        "value": [
            {
                "modelType": "ReferenceElement",
                "idShort": kind,
                "semanticId": reference(f"{base}/{kind}"),
                "value": target,
            },
            _text(f"{kind}Id", f"{base}/{kind}Id", identifier),
        ],
    }


def _text(name: str, kind: str, value: str, value_type: str = "xs:string") -> Node:
    return {
        "modelType": "Property",
        "idShort": name,
        "semanticId": reference(kind),
        "valueType": value_type,
        "value": value,
    }


def _collection(name: str, kind: str, elements: list[Node], also: Iterable[str] = ()) -> Node:
    found: Node = {
        "modelType": "SubmodelElementCollection",
        "idShort": name,
        "semanticId": reference(kind),
    }
    supplemental = [reference(each) for each in also]
    if supplemental:
        found["supplementalSemanticIds"] = supplemental
    return found | ({"value": elements} if elements else {})


def _list(
    name: str,
    kind: str,
    item_kind: str,
    items: list[Node],
    item: str = "SubmodelElementCollection",
) -> Node:
    found: Node = {
        "modelType": "SubmodelElementList",
        "idShort": name,
        "semanticId": reference(kind),
        "orderRelevant": False,
        "typeValueListElement": item,
        "semanticIdListElement": reference(item_kind),
    }
    return found | ({"value": items} if items else {})

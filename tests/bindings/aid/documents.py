"""AID and AIMC submodels of every version, made for the tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Node = dict[str, Any]

IDTA = "https://admin-shell.io/idta"
AID = f"{IDTA}/AssetInterfacesDescription/1/0"
AIMC = f"{IDTA}/AssetInterfacesMappingConfiguration"
WOT = "https://www.w3.org/2019/wot"
UAV = "http://opcfoundation.org/UA/WoT-Binding"
PROTOCOLS = {
    "opc.tcp": f"{UAV}/",
    "mqtt": "http://www.w3.org/2011/mqtt",
    "http": "http://www.w3.org/2011/http",
}

AID_VERSIONS = ("1.0", "1.0.1", "1.1")
AIMC_VERSIONS = ("1.0", "1.0.1", "2.0")
AID_ID = "urn:test:aid"
AIMC_ID = "urn:test:aimc"


def reference(value: str) -> Node:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def to_element(submodel: str, *path: str, leaf: str = "SubmodelElementCollection") -> Node:
    keys = [{"type": "Submodel", "value": submodel}]
    for segment in path:
        keys.append({"type": "SubmodelElementCollection", "value": segment})
    keys[-1]["type"] = leaf if path else "Submodel"
    return {"type": "ModelReference", "keys": keys}


def with_meaning(node: Node, meaning: str, *supplemental: str) -> Node:
    node = {**node, "semanticId": reference(meaning)}
    if supplemental:
        node["supplementalSemanticIds"] = [reference(each) for each in supplemental]
    return node


def prop(id_short: str, meaning: str, value: str, value_type: str = "xs:string") -> Node:
    node = {"modelType": "Property", "idShort": id_short, "valueType": value_type, "value": value}
    return with_meaning(node, meaning)


def collection(id_short: str | None, meaning: str, *value: Node) -> Node:
    node: Node = {"modelType": "SubmodelElementCollection", "value": list(value)}
    if not value:
        del node["value"]
    if id_short is not None:
        node["idShort"] = id_short
    return with_meaning(node, meaning)


def listing(id_short: str, meaning: str, kind: str, *value: Node) -> Node:
    node = {
        "modelType": "SubmodelElementList",
        "idShort": id_short,
        "typeValueListElement": kind,
        "value": list(value),
    }
    return with_meaning(node, meaning)


def form(href: str, *more: Node, content_type: str | None = None) -> Node:
    terms = [prop("href", f"{WOT}/hypermedia#hasTarget", href), *more]
    if content_type is not None:
        terms.append(prop("contentType", f"{WOT}/hypermedia#forContentType", content_type))
    return collection("forms", f"{WOT}/td#hasForm", *terms)


def mqtt_terms(**terms: str) -> list[Node]:
    names = {
        "retain": "hasRetainFlag",
        "controlPacket": "ControlPacket",
        "qos": "hasQoSFlag",
    }
    return [prop(f"mqv_{each}", f"{WOT}/mqtt#{names[each]}", terms[each]) for each in terms]


def http_terms(method: str, headers: Mapping[str, str] | None = None) -> list[Node]:
    found = [prop("htv_methodName", "https://www.w3.org/2011/http#methodName", method)]
    rows = [
        collection(
            None,
            "https://www.w3.org/2011/http#headers",
            prop("htv_fieldName", "https://www.w3.org/2011/http#fieldName", name),
            prop("htv_fieldValue", "https://www.w3.org/2011/http#fieldValue", value),
        )
        for name, value in (headers or {}).items()
    ]
    if rows:
        meaning = "https://www.w3.org/2011/http#headers"
        found.append(listing("htv_headers", meaning, "SubmodelElementCollection", *rows))
    return found


def definition(name: str, *more: Node, version: str = "1.1") -> Node:
    """A property of an interface; version 1.0 misspells what it means."""
    room = AID if version == "1.1" else AID.replace("Interfaces", "Interface")
    return with_meaning(collection(name, "", *more), f"{room}/PropertyDefinition", f"{WOT}/td#name")


def member(name: str, *more: Node) -> Node:
    return collection(name, f"{WOT}/json-schema#propertyName", *more)


def members(*inner: Node) -> Node:
    return collection("properties", f"{WOT}/json-schema#properties", *inner)


def interface(
    id_short: str,
    base: str,
    *properties: Node,
    security: Iterable[Node] = (),
    aid: str = AID_ID,
    meaning: str | None = None,
) -> Node:
    schemes = list(security)
    references = [
        with_meaning(
            {
                "modelType": "ReferenceElement",
                "value": to_element(
                    aid, id_short, "EndpointMetadata", "securityDefinitions", each["idShort"]
                ),
            },
            f"{WOT}/td#hasSecurityConfiguration",
        )
        for each in schemes
    ]
    endpoint = [
        prop("base", f"{WOT}/td#baseURI", base, "xs:anyURI"),
        prop("contentType", f"{WOT}/hypermedia#forContentType", "application/json"),
    ]
    if schemes:
        endpoint += [
            listing(
                "security", f"{WOT}/td#hasSecurityConfiguration", "ReferenceElement", *references
            ),
            collection("securityDefinitions", f"{WOT}/td#definesSecurityScheme", *schemes),
        ]
    scheme = base.partition(":")[0]
    protocol = meaning or PROTOCOLS.get(scheme, PROTOCOLS.get(scheme.rstrip("s"), f"{UAV}/"))
    return with_meaning(
        collection(
            id_short,
            "",
            prop("title", f"{WOT}/td#title", id_short),
            collection("EndpointMetadata", f"{AID}/EndpointMetadata", *endpoint),
            collection(
                "InteractionMetadata",
                f"{AID}/InteractionMetadata",
                collection("properties", f"{WOT}/td#PropertyAffordance", *properties),
            ),
        ),
        f"{AID}/Interface",
        protocol,
        f"{WOT}/td",
    )


def scheme(id_short: str, meaning: str, *more: Node) -> Node:
    named = prop("scheme", f"{WOT}/security#SecurityScheme", "whatever")
    return collection(id_short, meaning, named, *more)


def channel(mode: str, policy: str) -> Node:
    return scheme(
        "opcua_channel_sc",
        f"{UAV}/OPCUASecurityChannelScheme",
        prop("uav_securityMode", f"{UAV}/securityMode", mode),
        prop("uav_securityPolicy", f"{UAV}/securityPolicy", policy),
    )


def authentication(token: str) -> Node:
    return scheme(
        "opcua_authentication_sc",
        f"{UAV}/OPCUASecurityAuthenticationScheme",
        prop("uav_userIdentityToken", f"{UAV}/userIdentityToken", token),
    )


def description(*interfaces: Node, version: str = "1.1", identifier: str = AID_ID) -> Node:
    """An AID submodel; 1.0.1 differs from 1.0 in its administration alone."""
    number, revision = ("1", "1") if version == "1.1" else ("1", "0")
    meaning = f"{IDTA}/AssetInterfacesDescription/{number}/{revision}/Submodel"
    return with_meaning(
        {
            "modelType": "Submodel",
            "id": identifier,
            "idShort": "AssetInterfacesDescription",
            "administration": {"version": "1", "revision": version[2:].replace("0.", "")},
            "submodelElements": list(interfaces),
        },
        meaning,
    )


Pair = tuple[Node, Node]
"""References to a source and to its sink."""


def mapping(
    *pairs: Pair,
    version: str = "2.0",
    identifier: str = AIMC_ID,
    interval: float | None = None,
    transformation: str | None = None,
    interface_reference: Node | None = None,
) -> Node:
    """An AIMC submodel with one configuration that maps the pairs."""
    if version == "2.0":
        configuration = _pairs_2(pairs, interval, transformation)
    else:
        configuration = _relations_1(pairs, interface_reference)
    configurations = listing(
        "MappingConfigurations",
        f"{AIMC}/1/0/MappingConfigurations",
        "SubmodelElementCollection",
        configuration,
    )
    number = "2" if version == "2.0" else "1"
    return with_meaning(
        {
            "modelType": "Submodel",
            "id": identifier,
            "idShort": "AssetInterfacesMappingConfiguration",
            "submodelElements": [configurations],
        },
        f"{AIMC}/{number}/0/Submodel",
    )


def _relations_1(pairs: Iterable[Pair], interface_reference: Node | None) -> Node:
    relations = [
        with_meaning(
            {"modelType": "RelationshipElement", "first": source, "second": sink},
            f"{AIMC}/1/0/MappingSourceSinkRelation",
        )
        for source, sink in pairs
    ]
    interfaces = [
        with_meaning(
            {
                "modelType": "ReferenceElement",
                "idShort": "InterfaceReference",
                "value": {**source, "keys": source["keys"][:2]},
            },
            f"{AIMC}/1/0/InterfaceReference",
        )
        for source in ([interface_reference] if interface_reference else [p[0] for p in pairs])
    ]
    return collection(
        None,
        f"{AIMC}/1/0/MappingConfiguration",
        *interfaces[:1],
        listing(
            "MappingSourceSinkRelations",
            f"{AIMC}/1/0/MappingSourceSinkRelations",
            "RelationshipElement",
            *relations,
        ),
    )


def _pairs_2(pairs: Iterable[Pair], interval: float | None, transformation: str | None) -> Node:
    room = f"{AIMC}/2/0/MappingConfiguration"
    ends: dict[str, list[Node]] = {"Source": [], "Sink": []}
    for index, pair in enumerate(pairs):
        for name, target in zip(ends, pair, strict=True):
            element = {"modelType": "ReferenceElement", "idShort": name, "value": target}
            ends[name].append(
                collection(
                    None,
                    f"{room}/{name}",
                    with_meaning(element, f"{room}/{name}/{name}"),
                    prop(f"{name}Id", f"{room}/{name}/{name}Id", f"value{index}"),
                )
            )
    more = []
    if interval is not None:
        meaning = f"{room}/DefaultPollingInterval"
        more.append(prop("DefaultPollingInterval", meaning, str(interval), "xs:double"))
    if transformation is not None:
        blob = {
            "modelType": "Blob",
            "idShort": "Transformation",
            "contentType": "text/plain",
            "value": transformation,
        }
        more.append(with_meaning(blob, f"{room}/Transformation"))
    # The sinks in another order than the sources: ids pair them.
    lists = [("Sources", ends["Source"]), ("Sinks", ends["Sink"][::-1])]
    return collection(
        None,
        room,
        *more,
        *(
            listing(name, f"{room}/{name}", "SubmodelElementCollection", *found)
            for name, found in lists
        ),
    )


def pair(
    source: Iterable[str], sink: str, *path: str, aid: str = AID_ID, leaf: str = "Property"
) -> Pair:
    """A property of an interface (its idShort, then the names of properties) and its sink."""
    name, *properties = source
    inner = [name, "InteractionMetadata"]
    for each in properties:
        inner += ["properties", each]
    return to_element(aid, *inner), to_element(sink, *path, leaf=leaf)

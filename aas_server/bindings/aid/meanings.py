"""Meanings: what an element of an AID or AIMC is, told by its semanticIds and never by its idShort.

The published templates misspell some of them, with blanks at the end or a letter missing, and the
parts of one version carry ids of another: all of that means the same here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import Node, children

_IDTA: Final = re.compile(
    r"admin-shell\.io/idta/AssetInterfaces?(?P<room>Description|MappingConfiguration)s?/"
    r"[0-9]+/[0-9]+/(?P<name>.+)",
    re.ASCII,
)
_ROOMS: Final = {"Description": "AID", "MappingConfiguration": "AIMC"}
_SCHEME: Final = re.compile(r"https?://", re.ASCII)

_TD: Final = "www.w3.org/2019/wot/td#"
_SCHEMA: Final = "www.w3.org/2019/wot/json-schema#"
_MEDIA: Final = "www.w3.org/2019/wot/hypermedia#"
_MQTT: Final = "www.w3.org/2019/wot/mqtt#"
_HTTP: Final = "www.w3.org/2011/http"
_UAV: Final = "opcfoundation.org/UA/WoT-Binding"

INTERFACE: Final = ("AID:Interface", "www.w3.org/2019/wot/td")
TITLE: Final = (f"{_TD}title",)
ENDPOINT: Final = ("AID:EndpointMetadata",)
BASE: Final = (f"{_TD}baseURI", f"{_TD}base")
CONTENT_TYPE: Final = (f"{_MEDIA}forContentType",)
SECURITY: Final = (f"{_TD}hasSecurityConfiguration",)
SECURITY_DEFINITIONS: Final = (f"{_TD}definesSecurityScheme",)
INTERACTION: Final = ("AID:InteractionMetadata", f"{_TD}InteractionAffordance")
PROPERTIES: Final = (f"{_TD}PropertyAffordance", f"{_TD}hasPropertyAffordance")
PROPERTY: Final = ("AID:PropertyDefinition", f"{_TD}name")
# The template calls the inner collection of a member as it calls the members themselves.
MEMBERS: Final = (f"{_SCHEMA}properties", f"{_SCHEMA}propertyName")
MEMBER: Final = (f"{_SCHEMA}propertyName", "AID:PropertyDefinition", f"{_TD}name")
ITEMS: Final = (f"{_SCHEMA}items",)
KEY: Final = ("AID:key",)
TYPE: Final = ("www.w3.org/1999/02/22-rdf-syntax-ns#type",)
OBSERVABLE: Final = (f"{_TD}isObservable",)
UNIT: Final = ("schema.org/unitCode",)
MIN_MAX: Final = ("AID:minMaxRange",)
FORMS: Final = (f"{_TD}hasForm",)
HREF: Final = (f"{_MEDIA}hasTarget",)

BROWSE_PATH: Final = (f"{_UAV}/browsePath",)
SECURITY_MODE: Final = (f"{_UAV}/securityMode",)
SECURITY_POLICY: Final = (f"{_UAV}/securityPolicy",)
USER_TOKEN: Final = (f"{_UAV}/userIdentityToken",)
RETAIN: Final = (f"{_MQTT}hasRetainFlag", f"{_MQTT}retain")
CONTROL_PACKET: Final = (f"{_MQTT}ControlPacket", f"{_MQTT}controlPacket")
QOS: Final = (f"{_MQTT}hasQoSFlag", f"{_MQTT}qos")
METHOD_NAME: Final = (f"{_HTTP}#methodName",)
HEADERS: Final = (f"{_HTTP}#headers",)
FIELD_NAME: Final = (f"{_HTTP}#fieldName",)
FIELD_VALUE: Final = (f"{_HTTP}#fieldValue",)

ALL_OF: Final = ("www.w3.org/2019/wot/security#allOf",)
ONE_OF: Final = ("www.w3.org/2019/wot/security#oneOf",)

OPC_UA: Final = (_UAV,)
MQTT: Final = ("www.w3.org/2011/mqtt",)
HTTP: Final = (_HTTP,)
MODBUS: Final = ("www.w3.org/2011/modbus",)
BACNET: Final = ("www.w3.org/2022/bacnet",)
IO_LINK: Final = ("AID:IO-Link",)

MAPPING_CONFIGURATIONS: Final = ("AIMC:MappingConfigurations",)
MAPPING_CONFIGURATION: Final = ("AIMC:MappingConfiguration",)
INTERFACE_REFERENCE: Final = ("AIMC:InterfaceReference",)
RELATIONS: Final = ("AIMC:MappingSourceSinkRelations",)
RELATION: Final = ("AIMC:MappingSourceSinkRelation",)
DEFAULT_POLLING: Final = ("AIMC:MappingConfiguration/DefaultPollingInterval",)
TRANSFORMATION: Final = ("AIMC:MappingConfiguration/Transformation",)
SOURCES: Final = ("AIMC:MappingConfiguration/Sources",)
SOURCE: Final = ("AIMC:MappingConfiguration/Source/Source",)
POLLING: Final = ("AIMC:MappingConfiguration/Source/PollingInterval",)
SOURCE_ID: Final = ("AIMC:MappingConfiguration/Source/SourceId",)
SINKS: Final = ("AIMC:MappingConfiguration/Sinks",)
SINK: Final = ("AIMC:MappingConfiguration/Sink/Sink",)
SINK_ID: Final = ("AIMC:MappingConfiguration/Sink/SinkId",)

_SUBMODEL: Final = "https://admin-shell.io/idta/AssetInterfaces"
AID_SUBMODELS: Final = (
    f"{_SUBMODEL}Description/1/0/Submodel",
    f"{_SUBMODEL}Description/1/1/Submodel",
)
"""semanticIds of AID submodels; 1.0.1 carries that of 1.0."""
AIMC_SUBMODELS: Final = (
    f"{_SUBMODEL}MappingConfiguration/1/0/Submodel",
    f"{_SUBMODEL}MappingConfiguration/2/0/Submodel",
)
"""semanticIds of AIMC submodels; 1.0.1 carries that of 1.0."""


@lru_cache(maxsize=4096)
def normalized(identifier: str) -> str:
    """Return the one form of all ways in which ``identifier`` is written: without scheme, blanks
    and a slash at the end, and without the version of the AID or AIMC that it is of.
    """
    text = _SCHEME.sub("", identifier.strip(), count=1).rstrip("/")
    match = _IDTA.fullmatch(text)
    return text if match is None else f"{_ROOMS[match['room']]}:{match['name']}"


def has_meaning(node: Node, *names: str) -> bool:
    """Return whether the semanticId or a supplementalSemanticId of ``node`` is one of ``names``."""
    return _own(node) in names or any(each in names for each in _supplemental(node))


def elements_of(node: Node | None) -> list[Node]:
    """Return the children of ``node`` that are elements, whatever else stands there."""
    found: list[Any] = [] if node is None else children(node)
    return [child for child in found if isinstance(child, dict)]


class Parts:
    """The children of an element by what they mean, looked up as often as one likes."""

    __slots__ = ("_own", "_supplemental")

    def __init__(self, node: Node | None) -> None:
        self._own: dict[str | None, Node] = {}
        self._supplemental: dict[str, Node] = {}
        for child in elements_of(node):
            self._own.setdefault(_own(child), child)
            if "supplementalSemanticIds" in child:
                for meaning in _supplemental(child):
                    self._supplemental.setdefault(meaning, child)

    def find(self, *names: str) -> Node | None:
        """Return the child that means one of ``names``, or None.

        The semanticIds are looked at first: supplemental ones are shared by elements that differ.
        """
        for found in (self._own, self._supplemental):
            for name in names:
                if name in found:
                    return found[name]
        return None

    def text(self, *names: str) -> str | None:
        """Return the value of the child that means one of ``names``, blanks removed; None for
        none.
        """
        found = self.find(*names)
        value: Any = None if found is None else found.get("value")
        text = value.strip() if isinstance(value, str) else ""
        return text or None


def find(node: Node | None, *names: str) -> Node | None:
    """Return the child of ``node`` that means one of ``names``, as ``Parts`` does."""
    return Parts(node).find(*names)


def find_all(node: Node | None, *names: str) -> Iterator[Node]:
    """Yield the children of ``node`` that mean one of ``names``, in their order."""
    for child in elements_of(node):
        if has_meaning(child, *names):
            yield child


def text_of(node: Node | None, *names: str) -> str | None:
    """Return the value of the child that means one of ``names``, as ``Parts`` does."""
    return Parts(node).text(*names)


def supplemental_meanings(node: Node) -> frozenset[str]:
    """Return the normalized supplementalSemanticIds of ``node``."""
    return frozenset(_supplemental(node))


def _own(node: Node) -> str | None:
    return _normalized(node.get("semanticId"))


def _supplemental(node: Node) -> Iterator[str]:
    references: Any = node.get("supplementalSemanticIds")
    for reference in references if isinstance(references, list) else ():
        meaning = _normalized(reference)
        if meaning is not None:
            yield meaning


def _normalized(reference: Any) -> str | None:
    values = key_values(reference)
    return normalized(values[-1]) if values else None

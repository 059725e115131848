"""Reading an Asset Interfaces Description (IDTA 02017) of version 1.0, 1.0.1 or 1.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aas_server.bindings.aid import meanings as m
from aas_server.bindings.aid.addresses import server_of
from aas_server.bindings.aid.interfaces import (
    Form,
    Interface,
    InterfaceDescription,
    InterfaceProperty,
    Protocol,
)
from aas_server.bindings.aid.security import Security, read_security
from aas_server.errors import ConfigurationError
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node

MAX_INTERFACES: Final = 200
"""Interfaces of one description at most."""
MAX_PROPERTIES: Final = 20_000
"""Properties of one description at most, those within others included."""
MAX_DEPTH: Final = 16
"""Levels of properties within properties at most."""
_MAX_HEADERS: Final = 32

_BY_SCHEME: Final = {
    "opc.tcp": Protocol.OPC_UA,
    "mqtt": Protocol.MQTT,
    "mqtts": Protocol.MQTT,
    "modbus+tcp": Protocol.MODBUS,
    "bacnet": Protocol.BACNET,
}
_BY_MEANING: Final = (
    (m.OPC_UA, Protocol.OPC_UA),
    (m.MODBUS, Protocol.MODBUS),
    (m.BACNET, Protocol.BACNET),
    (m.IO_LINK, Protocol.IO_LINK),
    (m.HTTP, Protocol.HTTP),
    # The last: the template gives it to interfaces of two other protocols.
    (m.MQTT, Protocol.MQTT),
)
_SPOKEN: Final = frozenset({Protocol.OPC_UA, Protocol.MQTT, Protocol.HTTP})


class _TooLarge(Exception):
    """The description is larger than is read."""


def read_interfaces(submodel: Node) -> InterfaceDescription:
    """Return what the AID ``submodel`` describes.

    What cannot be used has a ``problem``; nothing is raised, whatever the document holds.
    """
    identifier = str(submodel.get("id", ""))
    interfaces: dict[str, Interface] = {}
    properties: dict[IdShortPath, InterfaceProperty] = {}
    try:
        for element in m.find_all(submodel, *m.INTERFACE):
            name = element.get("idShort")
            if not isinstance(name, str) or not _is_collection(element):
                continue
            if len(interfaces) == MAX_INTERFACES:
                raise _TooLarge(f"it describes more than {MAX_INTERFACES} interfaces")
            interface, definitions = _interface(name, element)
            interfaces[name] = interface
            for each in _properties(interface, element, definitions):
                if len(properties) == MAX_PROPERTIES:
                    raise _TooLarge(f"it describes more than {MAX_PROPERTIES} properties")
                properties[each.path] = each
    except _TooLarge as error:
        return InterfaceDescription(identifier, problem=f"{error}: nothing of it is used")
    return InterfaceDescription(identifier, interfaces, properties)


def _interface(name: str, element: Node) -> tuple[Interface, Node | None]:
    endpoint = m.find(element, *m.ENDPOINT)
    definitions = m.find(endpoint, *m.SECURITY_DEFINITIONS)
    base = m.text_of(endpoint, *m.BASE) or ""
    protocol = _protocol(base, element)
    security = read_security(endpoint, definitions)
    interface = Interface(
        id_short=name,
        protocol=protocol,
        base=base,
        content_type=m.text_of(endpoint, *m.CONTENT_TYPE),
        security=security,
        problem=_problem(name, base, protocol),
    )
    return interface, definitions


def _protocol(base: str, element: Node) -> Protocol:
    """Return what the interface speaks: its base tells it, without one its semanticIds do."""
    scheme = base.partition(":")[0].lower() if ":" in base else ""
    meanings = m.supplemental_meanings(element)
    if scheme in ("http", "https"):
        io_link = not meanings.isdisjoint(m.IO_LINK)
        return Protocol.IO_LINK if io_link else Protocol.HTTP
    if scheme in _BY_SCHEME:
        return _BY_SCHEME[scheme]
    if not scheme:
        for names, protocol in _BY_MEANING:
            if not meanings.isdisjoint(names):
                return protocol
    return Protocol.UNKNOWN


def _problem(name: str, base: str, protocol: Protocol) -> str | None:
    if not base:
        return f"the interface {name!r} has no base: say at which address it is"
    if "{" in base or "}" in base:
        return f"the base {base!r} of the interface {name!r} still holds a placeholder"
    if protocol not in _SPOKEN:
        return (
            f"the interface {name!r} speaks {protocol.value} ({base[:200]}), "
            "which this server does not: it speaks OPC UA, MQTT and HTTP"
        )
    try:
        server_of(base)
    except ConfigurationError as error:
        return f"the interface {name!r}: its base {error.text}"
    return None


def _properties(
    interface: Interface, element: Node, definitions: Node | None
) -> Iterator[InterfaceProperty]:
    interaction = m.find(element, *m.INTERACTION)
    container = m.find(interaction, *m.PROPERTIES)
    if interaction is None or container is None:
        return
    prefix = (interface.id_short, _name(interaction), _name(container))
    for node in m.find_all(container, *m.PROPERTY):
        if not _is_collection(node):
            continue
        parts = m.Parts(node)
        form_node = parts.find(*m.FORMS)
        form = _form(form_node, interface, definitions)
        problem = None
        if form_node is None or form.href is None:
            problem = f"the property {_name(node)!r} has no form with an href"
        yield from _property((*prefix, _name(node)), parts, (), form, problem, 0)


def _property(
    path: IdShortPath,
    parts: m.Parts,
    member: tuple[str, ...],
    form: Form,
    problem: str | None,
    depth: int,
) -> Iterator[InterfaceProperty]:
    """Yield a property and those within it, whose values are members of its own."""
    if depth > MAX_DEPTH:
        raise _TooLarge(f"properties lie more than {MAX_DEPTH} levels within each other")
    span = parts.find(*m.MIN_MAX) or {}
    yield InterfaceProperty(
        path=path,
        member=member,
        form=form,
        type=parts.text(*m.TYPE),
        unit=parts.text(*m.UNIT),
        minimum=_text(span.get("min")),
        maximum=_text(span.get("max")),
        observable=_flag(parts.text(*m.OBSERVABLE)),
        problem=problem,
    )
    container = parts.find(*m.MEMBERS)
    for inner in m.find_all(container, *m.MEMBER):
        if container is None or not _is_collection(inner):
            continue
        inner_parts = m.Parts(inner)
        key = inner_parts.text(*m.KEY) or _name(inner)
        inner_path = (*path, _name(container), _name(inner))
        yield from _property(inner_path, inner_parts, (*member, key), form, problem, depth + 1)


def _form(node: Node | None, interface: Interface, definitions: Node | None) -> Form:
    parts = m.Parts(node)
    return Form(
        href=parts.text(*m.HREF),
        content_type=parts.text(*m.CONTENT_TYPE) or interface.content_type,
        security=_form_security(node, parts, interface, definitions),
        browse_path=parts.text(*m.BROWSE_PATH),
        retain=_flag(parts.text(*m.RETAIN)),
        control_packet=_term(parts.text(*m.CONTROL_PACKET)),
        qos=_quality_of_service(parts.text(*m.QOS)),
        method=_term(parts.text(*m.METHOD_NAME)),
        headers=tuple(_headers(parts)),
    )


def _form_security(
    node: Node | None, parts: m.Parts, interface: Interface, definitions: Node | None
) -> Security:
    if parts.find(*m.SECURITY) is None:
        return interface.security
    own = read_security(node, definitions)
    return own if own.schemes or own.problem else interface.security


def _headers(parts: m.Parts) -> Iterator[tuple[str, str]]:
    listed = parts.find(*m.HEADERS)
    for header in m.elements_of(listed)[:_MAX_HEADERS]:
        name = m.text_of(header, *m.FIELD_NAME)
        value = m.text_of(header, *m.FIELD_VALUE)
        if name and value:
            yield name, value


def _is_collection(node: Node) -> bool:
    return node.get("modelType") == "SubmodelElementCollection"


def _name(node: Node) -> str:
    name = node.get("idShort")
    return name if isinstance(name, str) else ""


def _text(value: Any) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text or None


def _flag(text: str | None) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get((text or "").lower())


def _term(text: str | None) -> str | None:
    """Return the value of a binding's term, which may carry the vocabulary's prefix: ``mqv:``."""
    return None if text is None else text.rpartition(":")[2].strip() or None


def _quality_of_service(text: str | None) -> int | None:
    level = _term(text)
    return int(level) if level in ("0", "1", "2") else None

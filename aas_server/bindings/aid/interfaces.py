"""Interfaces: what an Asset Interfaces Description says, whatever its version."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from aas_server.bindings.aid.security import Security
from aas_server.metamodel.id_short_path import IdShortPath


class Protocol(enum.Enum):
    """What an interface speaks; the value is its name for people."""

    OPC_UA = "OPC UA"
    MQTT = "MQTT"
    HTTP = "HTTP"
    MODBUS = "Modbus"
    BACNET = "BACnet"
    IO_LINK = "IO-Link"
    UNKNOWN = "an unknown protocol"


@dataclass(frozen=True, slots=True)
class Form:
    """How one property is read; what the description does not say is None.

    ``content_type`` and ``security`` are those of the interface where the form has none of its own.
    """

    href: str | None
    content_type: str | None
    security: Security
    browse_path: str | None = None
    retain: bool | None = None
    control_packet: str | None = None
    qos: int | None = None
    method: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class InterfaceProperty:
    """Something that can be read through an interface.

    ``path`` is the way to it in its submodel. ``member`` names the part of the payload that it is:
    () the payload itself, else one key a level. ``form`` is that of the payload. ``minimum`` and
    ``maximum`` are as they are written.
    """

    path: IdShortPath
    member: tuple[str, ...]
    form: Form
    type: str | None = None
    unit: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    observable: bool | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of an asset; ``problem`` says why nothing of it can be used, None if it can."""

    id_short: str
    protocol: Protocol
    base: str
    content_type: str | None
    security: Security
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class InterfaceDescription:
    """An AID submodel.

    ``properties`` has every property, those within others included, by its path; each belongs to
    the interface that its path begins with. ``problem`` says why nothing of it was read.
    """

    submodel_id: str
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    properties: Mapping[IdShortPath, InterfaceProperty] = field(default_factory=dict)
    problem: str | None = None

    def interface_of(self, path: IdShortPath) -> Interface | None:
        """Return the interface that ``path`` leads into, or None."""
        return self.interfaces.get(str(path[0])) if path else None

"""From an interface to the connection that its properties are read through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from aas_server.bindings.aid.addresses import DEFAULT_PORTS, server_of
from aas_server.bindings.aid.interfaces import Interface, Protocol
from aas_server.bindings.aid.security import Security
from aas_server.bindings.hosts import AllowedHosts, same_base
from aas_server.bindings.plant.base import ConnectionSettings
from aas_server.bindings.plant.http import HttpConnectionSettings
from aas_server.bindings.plant.mqtt import MqttConnectionSettings
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings

_POLICIES: Final = frozenset({"Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"})
_NONE: Final = "None"


@dataclass(frozen=True, slots=True)
class InterfaceConnection:
    """The connection of an interface.

    ``settings`` is None when it is one of the plant file, which knows its credentials, and when
    there is none; ``problem`` says why there is none.
    """

    name: str
    settings: ConnectionSettings | None = None
    problem: str | None = None

    @property
    def is_of_plant(self) -> bool:
        """Return whether the plant file has it."""
        return self.settings is None and self.problem is None


def connection_of(
    submodel_id: str,
    interface: Interface,
    plant: Mapping[str, ConnectionSettings],
    hosts: AllowedHosts,
) -> InterfaceConnection:
    """Return the connection of ``interface``.

    It is the first one of the ``plant`` file with its scheme, host and port, in the same session
    and with the same credentials. Else it is anonymous and only to one of ``hosts``.
    """
    name = f"{submodel_id}/{interface.id_short}"
    problem = interface.problem
    if problem is None:
        for known, settings in plant.items():
            if same_base(settings.url, interface.base):
                return InterfaceConnection(known)
        problem = hosts.refusal(interface.base) or demand(interface.security, interface.base)
    if problem is not None:
        return InterfaceConnection(name, problem=problem)
    try:
        return InterfaceConnection(name, _settings(interface))
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[0]["msg"]
        problem = f"the interface {interface.id_short!r} cannot be connected to: {told}"
    except ValueError as error:
        problem = str(error)
    return InterfaceConnection(name, problem=problem)


def demand(security: Security, base: str) -> str | None:
    """Return why one cannot be anonymous where ``security`` is demanded, None when one can."""
    if security.problem is not None:
        return security.problem
    if security.credentials is not None:
        return (
            f"it demands credentials ({security.credentials}), which no model holds: "
            f"add a connection with the url {base} and its credentials to the plant file"
        )
    return None


def _settings(interface: Interface) -> ConnectionSettings:
    """Return how to connect anonymously; raises ``ValueError`` for what cannot be connected to."""
    scheme, host, port = server_of(interface.base)
    shown = f"[{host}]" if ":" in host else host
    root = f"{scheme}://{shown}:{port or DEFAULT_PORTS[scheme]}"
    path = urlsplit(interface.base).path
    if interface.protocol is Protocol.MQTT:
        return MqttConnectionSettings.model_validate({"url": root})
    if interface.protocol is Protocol.HTTP:
        return HttpConnectionSettings.model_validate({"url": root + (path or "/")})
    security = _opcua_security(interface.security)
    return OpcUaConnectionSettings.model_validate({"url": root + path, "security": security})


def _opcua_security(security: Security) -> dict[str, str]:
    channel = security.channel
    if channel is None or _NONE in (channel.policy, channel.mode):
        return {}
    if channel.policy is None:
        raise ValueError("its secure channel has a mode and no uav_securityPolicy")
    if channel.policy not in _POLICIES:
        raise ValueError(
            f"its security policy {channel.policy!r} is outdated or not known: "
            f"use one of {', '.join(sorted(_POLICIES))}"
        )
    if channel.mode not in ("Sign", "SignAndEncrypt"):
        raise ValueError(f"its security mode {channel.mode!r} is not known")
    return {"policy": channel.policy, "mode": channel.mode}

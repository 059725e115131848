"""From a property of an interface and a sink to a row, as the plant file would say it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from aas_server.bindings.aid.addresses import http_url, mqtt_topic, opcua_node
from aas_server.bindings.aid.interfaces import Form, Interface, InterfaceProperty, Protocol
from aas_server.bindings.messages.member_path import MemberPath
from aas_server.bindings.plant.base import BindingSettings
from aas_server.bindings.plant.browse_path import parse_browse_path
from aas_server.bindings.plant.http import HttpBindingSettings
from aas_server.bindings.plant.mqtt import MqttBindingSettings
from aas_server.bindings.plant.opcua import OpcUaBindingSettings
from aas_server.errors import ConfigurationError

_ROOT: Final = re.compile(r"^/(?:0:)?Root(?=/)")
_SENT: Final = frozenset({"accept", "accept-language"})
"""Headers that a model may have sent: they say what is wanted and prove nothing."""
_SUBSCRIBED: Final = frozenset({None, "subscribe", "publish"})
"""Control packets of a property that is listened to; descriptions also name what the device does
(publish) instead of what its reader does.
"""


def row_of(
    interface: Interface,
    found: InterfaceProperty,
    *,
    connection: str,
    sink: dict[str, str],
    interval: float | None,
    additions: dict[str, Any],
) -> BindingSettings:
    """Return the row that reads the property ``found`` into ``sink``.

    ``interval`` is how often it is polled, where it is; ``additions`` are those of overlays and
    stand over everything. Raises ``ConfigurationError`` that says why there is none.
    """
    kind, said = _described(interface, found, interval, additions)
    said |= {"connection": connection, "sink": sink}
    unknown = additions.keys() - _keys(kind) if additions else ()
    if unknown:
        raise ConfigurationError(
            f"the overlay says {min(unknown)!r}, which rows of {kind.protocol} do not have"
        )
    try:
        return kind.model_validate(said | additions)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise ConfigurationError(f"{place}: {first['msg']}" if place else first["msg"]) from None


@cache
def _keys(kind: type[BindingSettings]) -> frozenset[str]:
    """Return the keys of a kind of row in a plant file."""
    return frozenset(field.alias or name for name, field in kind.model_fields.items())


def _described(
    interface: Interface,
    found: InterfaceProperty,
    interval: float | None,
    additions: dict[str, Any],
) -> tuple[type[BindingSettings], dict[str, Any]]:
    """Return which kind of row it is and what the description says of it."""
    form = found.form
    if found.problem is not None or form.href is None:
        raise ConfigurationError(found.problem or "it has no href")
    if interface.protocol is Protocol.OPC_UA:
        if found.member:
            raise ConfigurationError(
                "it is a member of a structure, which OPC UA reads as a whole: "
                "describe the member's own node as a property"
            )
        said: dict[str, Any] = {"node": opcua_node(interface.base, form.href)}
        path = _fallback_path(form.browse_path)
        if path is not None:
            said["fallbackPath"] = path
        return OpcUaBindingSettings, said
    said = {}
    if found.member:
        said["member"] = _member(found.member)
    if "format" not in additions:
        said["format"] = _format(form, found.member)
    if interface.protocol is Protocol.MQTT:
        return MqttBindingSettings, said | _of_mqtt(interface, form)
    if interval is not None:
        said["interval"] = interval
    return HttpBindingSettings, said | _of_http(interface, form, additions)


def _fallback_path(browse_path: str | None) -> str | None:
    """Return where the node is looked for when its id is not known; None where that is not sure.

    Indexes of namespaces move when a server restarts: a path with one may lead to another node.
    """
    if browse_path is None:
        return None
    path = _ROOT.sub("", browse_path, count=1)
    try:
        steps = parse_browse_path(path)
    except ValueError:
        return None
    moves = any(isinstance(namespace, int) and namespace > 0 for namespace, _ in steps)
    return None if moves else path


def _of_mqtt(interface: Interface, form: Form) -> dict[str, Any]:
    if form.control_packet not in _SUBSCRIBED:
        raise ConfigurationError(
            f"its mqv_controlPacket is {form.control_packet!r}, which gives no values: subscribe"
        )
    said: dict[str, Any] = {"topic": mqtt_topic(interface.base, form.href or "")}
    if form.qos is not None:
        said["qos"] = form.qos
    return said


def _of_http(interface: Interface, form: Form, additions: dict[str, Any]) -> dict[str, Any]:
    if form.method not in (None, "GET"):
        raise ConfigurationError(f"its htv_methodName is {form.method}, and values are read by GET")
    url = urlsplit(http_url(interface.base, form.href or ""))
    said: dict[str, Any] = {"href": url.path + (f"?{url.query}" if url.query else "")}
    if "headers" not in additions:
        for name, _ in form.headers:
            if name.lower() not in _SENT:
                raise ConfigurationError(
                    f"its header {name} is not sent because a model says so: "
                    "say all its headers in an overlay"
                )
        said["headers"] = dict(form.headers)
    return said


def _member(names: tuple[str, ...]) -> str:
    for name in names:
        if '"' in name or "\\" in name:
            raise ConfigurationError(f"the key {name!r} has characters that no member path takes")
    return str(MemberPath(names))


def _format(form: Form, member: tuple[str, ...]) -> str:
    """Return what the payload is by its content type; JSON where nothing is said (AID, WoT)."""
    kind = (form.content_type or "application/json").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return "json"
    if member:
        raise ConfigurationError(
            f"it is a member of a payload of {kind}, and only JSON has members"
        )
    if kind.startswith("text/"):
        return "text"
    if kind == "application/octet-stream":
        return "raw"
    raise ConfigurationError(
        f"its contentType {kind} cannot be read: JSON, text and application/octet-stream can"
    )

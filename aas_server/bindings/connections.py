"""Which class keeps a connection: the one of its protocol."""

from __future__ import annotations

from aas_server.bindings.amqp.connection import AmqpConnection
from aas_server.bindings.connection import Connection, ConnectionContext
from aas_server.bindings.elements.connection import ElementConnection
from aas_server.bindings.http.connection import HttpConnection
from aas_server.bindings.mqtt.connection import MqttConnection
from aas_server.bindings.opcua.supervisor import OpcUaSupervisor
from aas_server.bindings.plant.amqp import AmqpConnectionSettings
from aas_server.bindings.plant.base import ConnectionSettings
from aas_server.bindings.plant.elements import ElementConnectionSettings
from aas_server.bindings.plant.http import HttpConnectionSettings
from aas_server.bindings.plant.mqtt import MqttConnectionSettings
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings


def make_connection(
    name: str, settings: ConnectionSettings, context: ConnectionContext
) -> Connection:
    """Return the connection that ``settings`` describe, not yet running."""
    if isinstance(settings, OpcUaConnectionSettings):
        return OpcUaSupervisor(name, settings, context)
    if isinstance(settings, HttpConnectionSettings):
        return HttpConnection(name, settings, context)
    if isinstance(settings, ElementConnectionSettings):
        return ElementConnection(name, settings, context)
    if isinstance(settings, MqttConnectionSettings):
        return MqttConnection(name, settings, context)
    if isinstance(settings, AmqpConnectionSettings):
        return AmqpConnection(name, settings, context)
    raise AssertionError(f"no class for {settings.protocol}")

"""Trying a list of alarms without subscribing: whether the machine tells events, and in a form that
the list takes.
"""

from __future__ import annotations

from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import ConversionError
from aas_server.bindings.feed import converted_value
from aas_server.bindings.opcua.conditions import EXAMPLE
from aas_server.bindings.opcua.nodes import NodeProblem, Nodes
from aas_server.bindings.opcua.problems import describe_status
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.plant.alarms import AlarmSettings
from aas_server.errors import ConfigurationError
from aas_server.live.values import Quality, quality_of

_SUBSCRIBE_TO_EVENTS = 1


async def try_alarms(
    session: OpcUaSession, nodes: Nodes, binding: Binding, settings: AlarmSettings
) -> str:
    """Return what the machine says about a list of alarms; raises ``ConfigurationError`` that says
    why it would not work.
    """
    if binding.problem is not None:
        raise ConfigurationError(binding.problem)
    found = [nodes.resolve(name) for name in (settings.notifier, settings.event_type)]
    for node in found:
        if isinstance(node, NodeProblem):
            raise ConfigurationError(node.text)
    notifier_id, type_id = (node for node in found if isinstance(node, ua.NodeId))
    notifier, node_class = await session.read(
        [(notifier_id, AttributeIds.EventNotifier), (type_id, AttributeIds.NodeClass)]
    )
    bits = _value(notifier, settings.notifier)
    if not isinstance(bits, int) or not bits & _SUBSCRIBE_TO_EVENTS:
        raise ConfigurationError(f"{settings.notifier} tells no events (EventNotifier)")
    if _value(node_class, settings.event_type) != ua.NodeClass.ObjectType:
        raise ConfigurationError(f"{settings.event_type} is no type of events")
    if binding.conversion is not None:
        try:
            converted_value(binding, [EXAMPLE.shown()])
        except ConversionError as error:
            raise ConfigurationError(f"an alarm does not fit the list: {error}") from error
    return "tells events"


def _value(answer: ua.DataValue, node: str) -> Any:
    status = answer.StatusCode.value if answer.StatusCode else 0
    if quality_of(status) is Quality.BAD:
        raise ConfigurationError(f"{node}: {describe_status(status)}")
    return None if answer.Value is None else answer.Value.Value

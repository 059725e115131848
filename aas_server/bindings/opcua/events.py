"""Listening to the events of a machine, in the subscriptions that its values come by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from aas_server.bindings.opcua.nodes import Nodes
from aas_server.bindings.opcua.session import OpcUaSession

EVENT_QUEUE: Final = 1000
"""Events that a server keeps between two publishings: a machine that starts tells many at once."""


class EventListener(Protocol):
    """Hears of the events of one notifier, over all sessions of a connection.

    ``OpcUaSupervisor.listen(listener)`` adds one, at any time. In every session the supervisor asks
    it for its filter, creates the monitored item in a subscription, and tells it; what the server
    refuses is told and tried again on a slow clock. Its events then come to ``event`` in order,
    on the event loop, between the same ``begun`` and ``ended``.
    """

    node: str
    """The notifier as a plant file names nodes: ``i=2253`` is the server itself."""

    async def event_filter(self, nodes: Nodes) -> ua.EventFilter:
        """Return which events are wanted and which of their fields, for the session of ``nodes``.

        Namespace indexes may differ from those of the session before.
        """

    def admitted(self, refused: Sequence[int]) -> None:
        """Hear that the server takes the filter, but for the select clauses at these places: their
        fields are never told. Comes before ``begun``; may raise ``UaError``, as that.
        """

    async def begun(self, session: OpcUaSession, nodes: Nodes, subscription_id: int) -> None:
        """Hear that events come from now on: the moment to ask for a ConditionRefresh (OPC 10000-9
        5.5.7), with ``subscription_id`` as its argument.

        May raise what the session raises: then the item is told as refused and tried again.
        """

    def event(self, fields: Sequence[ua.Variant]) -> None:
        """Take in one event: a value for each select clause, in their order.

        Must be quick; what it raises is logged and costs this event alone.
        """

    def ended(self, reason: str) -> None:
        """Hear that events come no more: the session ended, or the server refuses the item."""


def refused_clauses(result: ua.MonitoredItemCreateResult) -> list[int]:
    """Return the places of the select clauses that a server does not tell (OPC 10000-4 7.22.3)."""
    found = result.FilterResult
    codes = found.SelectClauseResults if isinstance(found, ua.EventFilterResult) else None
    return [place for place, code in enumerate(codes or ()) if not code.is_good()]


def event_request(
    handle: int, node_id: ua.NodeId, event_filter: ua.EventFilter
) -> ua.MonitoredItemCreateRequest:
    """Return how the events of a notifier are asked for (OPC 10000-4 7.22.3)."""
    return ua.MonitoredItemCreateRequest(
        ua.ReadValueId(NodeId=node_id, AttributeId=AttributeIds.EventNotifier),
        ua.MonitoringMode.Reporting,
        ua.MonitoringParameters(
            ClientHandle=handle,
            SamplingInterval=0,
            QueueSize=EVENT_QUEUE,
            DiscardOldest=True,
            Filter=event_filter,
        ),
    )

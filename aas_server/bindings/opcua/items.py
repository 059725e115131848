"""Monitored items: what is asked of a server, and whom each answer feeds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import ConversionError
from aas_server.bindings.opcua.variants import Structure
from aas_server.live.hub import LivePoint

AT_PUBLISHING_INTERVAL: Final = -1.0
"""SamplingInterval that means: as often as the subscription publishes (OPC 10000-4 7.21)."""


class Feed:
    """One binding that an item feeds, and what hinders it: the item, or its last value."""

    __slots__ = ("_item_problem", "_value_problem", "binding", "point")

    def __init__(self, binding: Binding, point: LivePoint) -> None:
        self.binding = binding
        self.point = point
        self._item_problem: str | None = None
        self._value_problem: str | None = None

    def item_problem(self, problem: str | None) -> bool:
        """Say why the item does not work, None when it does; returns whether the binding
        changed.
        """
        self._item_problem = problem
        return self.binding.set_problem(problem or self._value_problem)

    def value_problem(self, problem: str | None) -> bool:
        """Say why values cannot be converted, None once one could; returns as above.

        The first reason stands until then: the next value's would differ by the value alone.
        """
        if (problem is None) == (self._value_problem is None):
            return False
        self._value_problem = problem
        return self.binding.set_problem(self._item_problem or problem)

    def convert(self, value: Any) -> Any:
        """Return what the sink takes; raises ``ConversionError`` whatever the device sent."""
        conversion = self.binding.conversion
        if isinstance(value, Structure):
            raise ConversionError(
                f"the node holds a structure ({value.type_name}): a single element cannot show it"
            )
        if conversion is None:
            raise ConversionError("the binding has no conversion")
        try:
            return conversion.to_sink(value)
        except ConversionError:
            raise
        except Exception as error:
            raise ConversionError(f"{value!r} cannot be converted: {error!r}") from error


class Item:
    """One monitored item; bindings of the same node with the same sampling share it."""

    __slots__ = ("deadband", "feeds", "handle", "node", "queue_size", "sampling_interval")

    def __init__(self, handle: int, binding: Binding) -> None:
        settings = binding.settings
        self.handle = handle
        self.node = settings.node
        self.sampling_interval = settings.sampling_interval
        self.queue_size = settings.queue_size
        self.deadband = settings.deadband
        self.feeds: list[Feed] = []

    def request(self, node_id: ua.NodeId) -> ua.MonitoredItemCreateRequest:
        """Return how this item is asked for."""
        sampling = AT_PUBLISHING_INTERVAL
        if self.sampling_interval is not None:
            sampling = self.sampling_interval * 1000
        parameters = ua.MonitoringParameters(
            ClientHandle=self.handle,
            SamplingInterval=sampling,
            QueueSize=self.queue_size,
            DiscardOldest=True,
        )
        if self.deadband is not None:
            parameters.Filter = ua.DataChangeFilter(
                ua.DataChangeTrigger.StatusValue, ua.DeadbandType.Absolute, self.deadband
            )
        return ua.MonitoredItemCreateRequest(
            ua.ReadValueId(NodeId=node_id, AttributeId=AttributeIds.Value),
            ua.MonitoringMode.Reporting,
            parameters,
        )


def make_items(bindings: Iterable[Binding]) -> list[Item]:
    """Return one item for each distinct node and sampling of ``bindings``; unplanned ones have
    none.

    An item's handle is its place in the list.
    """
    items: dict[object, Item] = {}
    for binding in bindings:
        if binding.point is None or binding.conversion is None:
            continue
        settings = binding.settings
        key = (settings.node, settings.sampling_interval, settings.queue_size, settings.deadband)
        if key not in items:
            items[key] = Item(len(items), binding)
        items[key].feeds.append(Feed(binding, binding.point))
    return list(items.values())

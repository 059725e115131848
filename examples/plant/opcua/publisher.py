"""Puts the machine's values into the address space, with status and timestamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, cast

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from examples.plant.opcua.clock import SimulatedClock
from examples.plant.opcua.types import status_code
from examples.plant.vendors.description import M, Variable

_GOOD: Final = status_code(StatusCodes.Good)
_SENSOR_FAILURE: Final = status_code(StatusCodes.BadSensorFailure)


@dataclass(slots=True)
class _Point(Generic[M]):
    variable: Variable[M]
    attribute: AttributeValue
    value: Any
    variant: ua.Variant
    status: ua.StatusCode


class Publisher(Generic[M]):
    """Samples the machine; subscribers hear of changes, readers see every sample's time."""

    def __init__(
        self,
        machine: M,
        clock: SimulatedClock,
        variables: Mapping[ua.NodeId, Variable[M]],
        space: AddressSpace,
    ) -> None:
        self._machine = machine
        self._clock = clock
        self._points = {
            node_id: _Point(
                variable,
                space[node_id].attributes[AttributeIds.Value],
                value=None,
                variant=ua.Variant(),
                status=_GOOD,
            )
            for node_id, variable in variables.items()
        }

    async def publish(self, now: datetime) -> None:
        """Sample every variable at ``now``."""
        for point in self._points.values():
            await self._sample(point, now)

    async def publish_one(self, node_id: ua.NodeId, now: datetime) -> None:
        """Sample one variable at ``now``."""
        await self._sample(self._points[node_id], now)

    async def _sample(self, point: _Point[M], now: datetime) -> None:
        variable = point.variable
        broken = variable.broken is not None and variable.broken(self._machine)
        status = _SENSOR_FAILURE if broken else _GOOD
        value = variable.read(self._machine)
        changed = value != point.value or status is not point.status
        if changed:
            point.value, point.status = value, status
            if variable.type is ua.VariantType.DateTime:
                value = self._clock.to_utc(value)
            point.variant = ua.Variant(value, variable.type)
        # asyncua's write_attribute_value() drops the value of a bad status. OPC 10000-4, 7.11
        # lets a server send the last one, and machines do.
        stamp = cast("Any", now)
        sample = ua.DataValue(
            Value=point.variant, StatusCode=status, SourceTimestamp=stamp, ServerTimestamp=stamp
        )
        point.attribute.value = sample
        if changed:
            for handle, notify in list(point.attribute.datachange_callbacks.items()):
                await notify(handle, sample)

"""A client's value on its way to the machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from aas_server.bindings.binding import Binding
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.opcua.nodes import NodeFacts, Nodes
from aas_server.bindings.opcua.problems import (
    BAD_TIMEOUT,
    describe,
    device_error,
    unreachable,
)
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.subscription import Subscription
from aas_server.bindings.opcua.variants import sample, to_variant
from aas_server.errors import AasError
from aas_server.live.hub import LivePoint
from aas_server.live.values import Quality, quality_of

_OK: Final = "ok"


@dataclass(frozen=True, slots=True)
class Line:
    """A connection that stands now: what a write needs of it."""

    session: OpcUaSession
    nodes: Nodes
    subscription: Subscription
    timeout: float


class OpcUaWriter:
    """Writes one binding's values; ``line`` gives the connection of the moment, None while it is
    down.
    """

    def __init__(
        self, binding: Binding, line: Callable[[], Line | None], counters: ConnectionMetrics
    ) -> None:
        self._binding = binding
        self._line = line
        self._counters = counters

    async def write(self, point: LivePoint, value: Any) -> None:
        """Write ``value`` and return once the machine accepted it and its own value was read back.

        Raises ``BadRequest`` for a value that cannot be converted, ``DeviceRefusedValue``,
        ``DeviceRefusedAccess`` or ``DeviceFailed`` with the machine's status, and
        ``DeviceUnreachable`` when there is no connection or no answer in time.
        """
        try:
            await self._write(point, value)
        except AasError as error:
            self._counters.wrote(error.code)
            raise
        self._counters.wrote(_OK)

    async def _write(self, point: LivePoint, value: Any) -> None:
        path = point.sink.name
        conversion = self._binding.conversion
        line = self._line()
        if conversion is None or line is None:
            raise unreachable(
                f"the machine cannot be reached: connection {self._binding.connection!r} is down",
                path=path,
            )
        device_value = conversion.to_device(value)
        facts = self._writable(line, path)
        try:
            async with asyncio.timeout(line.timeout):
                status = await self._send(line, facts, device_value, path)
        except TimeoutError:
            raise unreachable(
                f"the machine did not answer within {line.timeout:g} s; it may yet take the value",
                path=path,
                status_code=BAD_TIMEOUT,
            ) from None
        except UaStatusCodeError as error:
            raise device_error(error.code, describe(error), path=path) from error
        except (OSError, UaError) as error:
            raise unreachable(describe(error), path=path) from error
        if quality_of(status) is Quality.BAD:
            raise device_error(status, "the machine refused the value", path=path)
        await self._read_back(line, facts, point)

    def _writable(self, line: Line, path: str) -> NodeFacts:
        facts = line.nodes.known(self._binding.node)
        if facts is None:
            text = self._binding.problem or "the machine does not know the node"
            raise device_error(StatusCodes.BadNodeIdUnknown, text, path=path)
        if not facts.writable:
            raise device_error(
                StatusCodes.BadNotWritable,
                "the machine does not let this user write the node (UserAccessLevel)",
                path=path,
            )
        return facts

    async def _send(self, line: Line, facts: NodeFacts, value: Any, path: str) -> int:
        variant_type = await line.nodes.variant_type(facts)
        if variant_type is None:
            variant_type = await _present_type(line, facts)
        index = self._binding.settings.index
        if index is None:
            return await line.session.write(
                facts.node_id, to_variant(value, variant_type, path=path)
            )
        element = to_variant([value], variant_type, path=path)
        if not await _takes_index_ranges(line, facts, index):
            raise device_error(
                StatusCodes.BadWriteNotSupported,
                "the machine cannot write a single element of an array",
                path=path,
            )
        return await line.session.write(facts.node_id, element, index_range=str(index))

    async def _read_back(self, line: Line, facts: NodeFacts, point: LivePoint) -> None:
        """Show the writer its own write; when that fails, the subscription shows it a moment
        later.
        """
        try:
            async with asyncio.timeout(line.timeout):
                answers = await line.session.read(
                    [(facts.node_id, AttributeIds.Value)],
                    timestamps=ua.TimestampsToReturn.Both,
                )
        except (OSError, TimeoutError, UaError):
            return
        line.subscription.take(point, sample(answers[0]))


async def _present_type(line: Line, facts: NodeFacts) -> ua.VariantType:
    """Return the type of the value that is there, where the data type leaves it open."""
    answers = await line.session.read([(facts.node_id, AttributeIds.Value)])
    value = answers[0].Value
    return ua.VariantType.Null if value is None else value.VariantType


async def _takes_index_ranges(line: Line, facts: NodeFacts, index: int) -> bool:
    """Return whether the server honours an IndexRange.

    One that ignores it would replace the whole array by the element.
    """
    answers = await line.session.read([(facts.node_id, AttributeIds.Value)], index_range=str(index))
    value = answers[0].Value
    return value is not None and isinstance(value.Value, list) and len(value.Value) == 1

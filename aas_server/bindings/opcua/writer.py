"""A client's value on its way to the machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from aas_server.bindings.binding import Binding
from aas_server.bindings.metrics import ConnectionMetrics
from aas_server.bindings.opcua.deadline import deadline
from aas_server.bindings.opcua.intake import Intake
from aas_server.bindings.opcua.nodes import NUMBERS, NodeFacts, NodeProblem, Nodes
from aas_server.bindings.opcua.problems import (
    describe,
    describe_status,
    device_error,
    timed_out,
    unreachable,
)
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.targets import exact_item, exact_variant, target_of
from aas_server.bindings.opcua.variants import sample
from aas_server.bindings.plant.opcua import OpcUaBindingSettings
from aas_server.errors import AasError, Forbidden
from aas_server.live.hub import LivePoint
from aas_server.live.values import Quality, quality_of

_OK: Final = "ok"
NOT_WRITABLE: Final = "the machine does not let this user write the node (UserAccessLevel)"


@dataclass(frozen=True, slots=True)
class Line:
    """A connection that stands now: what a write needs of it."""

    session: OpcUaSession
    nodes: Nodes
    subscription: Intake
    timeout: float


class OpcUaWriter:
    """Writes one binding's values; ``line`` gives the connection of the moment, None while it is
    down.
    """

    def __init__(
        self,
        binding: Binding,
        settings: OpcUaBindingSettings,
        line: Callable[[], Line | None],
        counters: ConnectionMetrics,
    ) -> None:
        self._binding = binding
        self._settings = settings
        self._line = line
        self._counters = counters

    async def write(self, point: LivePoint, value: Any) -> None:
        """Write ``value`` and return once the machine accepted it and its own value was read back.

        One node is written by one at a time, so that each writer reads what came of its own write.
        Raises ``BadRequest`` for a value that cannot be converted, ``DeviceRefusedValue``,
        ``DeviceRefusedAccess`` or ``DeviceFailed`` with the machine's status, ``DeviceUnreachable``
        when there is no connection and ``DeviceTimedOut`` when there was no answer in time.
        """
        await self._counted(point, value, self._settings.index)

    async def write_item(self, point: LivePoint, index: int, value: Any) -> None:
        """Write one item of the list that ``point`` feeds, where the machine takes it alone.

        Raises as ``write`` does.
        """
        if self._settings.index is not None:
            raise Forbidden(
                "the list is one row of the machine's array: write it as a whole",
                path=point.sink.name,
            )
        await self._counted(point, value, index, is_item=True)

    async def _counted(
        self, point: LivePoint, value: Any, index: int | None, *, is_item: bool = False
    ) -> None:
        try:
            await self._write(point, value, index, is_item=is_item)
        except AasError as error:
            self._counters.wrote(error.code)
            raise
        self._counters.wrote(_OK)

    async def _write(
        self, point: LivePoint, value: Any, index: int | None, *, is_item: bool
    ) -> None:
        path = point.sink.name
        conversion = self._binding.conversion
        line = self._line()
        if conversion is None or line is None:
            raise unreachable(
                f"the machine cannot be reached: connection {self._binding.connection!r} is down",
                path=path,
            )
        convert = conversion.item_to_device if is_item else conversion.to_device
        device_value = (convert or conversion.to_device)(value)
        async with AsyncExitStack() as turn:
            try:
                async with deadline(line.timeout):
                    await turn.enter_async_context(line.nodes.turn(self._settings.node))
                    facts = await self._writable(line, path)
                    status = await self._send(line, facts, device_value, path, index)
            except TimeoutError:
                raise timed_out(
                    f"the machine did not answer within {line.timeout:g} s; "
                    "it may yet take the value",
                    path=path,
                ) from None
            except UaStatusCodeError as error:
                raise device_error(error.code, describe(error), path=path) from error
            except (OSError, UaError) as error:
                raise unreachable(describe(error), path=path) from error
            if quality_of(status) is Quality.BAD:
                text = f"the machine refused the value: {describe_status(status)}"
                raise device_error(status, text, path=path)
            if self._settings.direction != "write":
                await self._read_back(line, facts, point)

    async def _writable(self, line: Line, path: str) -> NodeFacts:
        """Return the node's facts; what speaks against the write is asked anew, it may have
        changed.
        """
        node = self._settings.node
        known = line.nodes.known(node)
        if known is not None and known.writable:
            return known
        facts = (await line.nodes.look_up([node]))[node]
        if isinstance(facts, NodeProblem):
            raise device_error(facts.status_code, facts.text, path=path)
        if not facts.writable:
            raise device_error(
                StatusCodes.BadNotWritable,
                NOT_WRITABLE,
                path=path,
            )
        return facts

    async def _require_range(self, line: Line, facts: NodeFacts, value: Any, path: str) -> None:
        allowed = await line.nodes.range_of(facts, self._binding.semantics)
        if allowed is not None and not allowed.has(value):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            raise device_error(
                StatusCodes.BadOutOfRange,
                f"the machine takes {allowed} here (EURange), and this would be {shown}",
                path=path,
            )

    async def _send(
        self, line: Line, facts: NodeFacts, value: Any, path: str, index: int | None
    ) -> int:
        nodes = line.nodes
        target = await target_of(line.session, nodes, facts, path=path)
        exact = exact_variant if index is None else exact_item
        variant = exact(value, target, nodes, facts, path=path)
        if target.kind in NUMBERS:
            await self._require_range(line, facts, variant.Value, path)
        if index is None:
            return await line.session.write(facts.node_id, variant)
        if not await _takes_index_ranges(line, facts, index):
            raise device_error(
                StatusCodes.BadWriteNotSupported,
                "the machine cannot write a single element of an array",
                path=path,
            )
        return await line.session.write(facts.node_id, variant, index_range=str(index))

    async def _read_back(self, line: Line, facts: NodeFacts, point: LivePoint) -> None:
        """Show the writer its own write; when that fails, the subscription shows it a moment
        later.
        """
        try:
            async with deadline(line.timeout):
                answers = await line.session.read(
                    [(facts.node_id, AttributeIds.Value)],
                    timestamps=ua.TimestampsToReturn.Both,
                )
        except (OSError, TimeoutError, UaError):
            return
        line.subscription.take(point, sample(answers[0]))


async def _takes_index_ranges(line: Line, facts: NodeFacts, index: int) -> bool:
    """Return whether the server honours an IndexRange.

    One that ignores it would replace the whole array by the element.
    """
    answers = await line.session.read([(facts.node_id, AttributeIds.Value)], index_range=str(index))
    value = answers[0].Value
    return value is not None and isinstance(value.Value, list) and len(value.Value) == 1

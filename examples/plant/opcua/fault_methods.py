"""The object by which a client breaks and repairs a machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes

from examples.plant.opcua.publisher import Publisher
from examples.plant.opcua.types import node_id, status_code
from examples.plant.physics.faults import Fault
from examples.plant.physics.machine import Machine

NAMESPACE: Final = "urn:demo-plant:simulation"

_TYPES: Final = (ua.VariantType.String, ua.VariantType.Double)


class FaultMethods:
    """Methods ``InjectFault(Name, Severity)`` and ``ClearFaults()`` of the object Simulation.

    When a call returns, the variables show its effect.
    """

    def __init__(self, machine: Machine, publisher: Publisher[Any]) -> None:
        self._machine = machine
        self._publisher = publisher

    async def add_to(self, server: Server) -> None:
        """Add the object and its methods to ``server``."""
        namespace = await server.register_namespace(NAMESPACE)
        simulation = await server.nodes.objects.add_object(
            node_id("Simulation", namespace), ua.QualifiedName("Simulation", namespace)
        )
        await simulation.add_method(
            node_id("InjectFault", namespace),
            ua.QualifiedName("InjectFault", namespace),
            self.inject,
            [
                _argument("Name", ua.VariantType.String, f"One of {', '.join(Fault)}"),
                _argument("Severity", ua.VariantType.Double, "0 (none) to 1 (worst)"),
            ],
        )
        await simulation.add_method(
            node_id("ClearFaults", namespace),
            ua.QualifiedName("ClearFaults", namespace),
            self.clear,
        )

    async def inject(self, _parent: ua.NodeId, *arguments: ua.Variant) -> ua.CallMethodResult:
        """Inject a fault; what is wrong with the arguments is in the result's status codes."""
        if len(arguments) != len(_TYPES):
            missing = len(arguments) < len(_TYPES)
            return _result(
                StatusCodes.BadArgumentsMissing if missing else StatusCodes.BadTooManyArguments
            )
        problems = [self._problem(argument, index) for index, argument in enumerate(arguments)]
        if any(problem != StatusCodes.Good for problem in problems):
            return _result(StatusCodes.BadInvalidArgument, problems)
        name, severity = (argument.Value for argument in arguments)
        self._machine.inject(Fault(name), severity)
        await self._publisher.publish(datetime.now(UTC))
        return _result(StatusCodes.Good, problems)

    async def clear(self, _parent: ua.NodeId, *arguments: ua.Variant) -> ua.CallMethodResult:
        """Repair everything."""
        if arguments:
            return _result(StatusCodes.BadTooManyArguments)
        self._machine.clear_faults()
        await self._publisher.publish(datetime.now(UTC))
        return _result(StatusCodes.Good)

    @staticmethod
    def _problem(argument: ua.Variant, index: int) -> int:
        if argument.VariantType is not _TYPES[index] or argument.is_array:
            return StatusCodes.BadTypeMismatch
        known = argument.Value in list(Fault) if index == 0 else 0.0 <= argument.Value <= 1.0
        return StatusCodes.Good if known else StatusCodes.BadOutOfRange


def _argument(name: str, kind: ua.VariantType, description: str) -> ua.Argument:
    return ua.Argument(
        Name=name,
        DataType=node_id(kind.value),
        ValueRank=ua.ValueRank.Scalar,
        Description=ua.LocalizedText(description, "en"),
    )


def _result(status: int, arguments: Sequence[int] = ()) -> ua.CallMethodResult:
    return ua.CallMethodResult(
        StatusCode=status_code(status),
        InputArgumentResults=[status_code(problem) for problem in arguments],
    )

"""The object by which a client breaks and repairs a machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes

from examples.plant.opcua.publisher import Publisher
from examples.plant.opcua.types import node_id
from examples.plant.opcua.vendor_methods import argument, method_result
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
                argument("Name", ua.VariantType.String, f"One of {', '.join(Fault)}"),
                argument("Severity", ua.VariantType.Double, "0 (none) to 1 (worst)"),
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
            return method_result(
                StatusCodes.BadArgumentsMissing if missing else StatusCodes.BadTooManyArguments
            )
        problems = [self._problem(given, index) for index, given in enumerate(arguments)]
        if any(problem != StatusCodes.Good for problem in problems):
            return method_result(StatusCodes.BadInvalidArgument, problems)
        name, severity = (given.Value for given in arguments)
        self._machine.inject(Fault(name), severity)
        await self._publisher.publish(datetime.now(UTC))
        return method_result(StatusCodes.Good, problems)

    async def clear(self, _parent: ua.NodeId, *arguments: ua.Variant) -> ua.CallMethodResult:
        """Repair everything."""
        if arguments:
            return method_result(StatusCodes.BadTooManyArguments)
        self._machine.clear_faults()
        await self._publisher.publish(datetime.now(UTC))
        return method_result(StatusCodes.Good)

    @staticmethod
    def _problem(given: ua.Variant, index: int) -> int:
        if given.VariantType is not _TYPES[index] or given.is_array:
            return StatusCodes.BadTypeMismatch
        known = given.Value in list(Fault) if index == 0 else 0.0 <= given.Value <= 1.0
        return StatusCodes.Good if known else StatusCodes.BadOutOfRange

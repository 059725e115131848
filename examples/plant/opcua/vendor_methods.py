"""The methods of a vendor's machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Generic

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes

from examples.plant.opcua.clock import SimulatedClock
from examples.plant.opcua.publisher import Publisher
from examples.plant.opcua.types import node_id, status_code
from examples.plant.physics.machine import NotReady
from examples.plant.vendors.description import M, Method, Vendor


class VendorMethods(Generic[M]):
    """Adds the methods of ``vendor`` to its server; what they change shows when they return."""

    def __init__(
        self, vendor: Vendor[M], machine: M, publisher: Publisher[M], clock: SimulatedClock
    ) -> None:
        self._vendor = vendor
        self._machine = machine
        self._publisher = publisher
        self._clock = clock

    async def add_to(self, server: Server) -> None:
        """Add every method to the object that it is called on."""
        namespace = await server.get_namespace_index(self._vendor.namespace)
        for folder, method in self._vendor.root.callables():
            owner = server.get_node(node_id(folder.id, namespace))
            await owner.add_method(
                node_id(method.id, namespace),
                ua.QualifiedName(method.name, namespace),
                self._caller(method),
                [argument(each.name, each.type) for each in method.inputs],
                [argument(each.name, each.type) for each in method.outputs],
            )

    def _caller(self, method: Method[M]) -> Any:
        async def call(_parent: ua.NodeId, *arguments: ua.Variant) -> ua.CallMethodResult:
            refusal = refused(method, arguments)
            if refusal is not None:
                return refusal
            try:
                outputs = method.call(self._machine, *(each.Value for each in arguments))
            except NotReady:
                return method_result(StatusCodes.BadInvalidState)
            await self._publisher.publish(datetime.now(UTC))
            result = method_result(StatusCodes.Good)
            result.OutputArguments = [
                self._variant(value, output.type)
                for value, output in zip(outputs, method.outputs, strict=True)
            ]
            return result

        return call

    def _variant(self, value: Any, kind: ua.VariantType) -> ua.Variant:
        is_time = kind is ua.VariantType.DateTime
        return ua.Variant(self._clock.to_utc(value) if is_time else value, kind)


def argument(name: str, kind: ua.VariantType, description: str = "") -> ua.Argument:
    """Return the declaration of a scalar argument."""
    return ua.Argument(
        Name=name,
        DataType=node_id(kind.value),
        ValueRank=ua.ValueRank.Scalar,
        Description=ua.LocalizedText(description, "en") if description else ua.LocalizedText(),
    )


def method_result(status: int, arguments: Sequence[int] = ()) -> ua.CallMethodResult:
    """Return the result of a call with a status for each argument."""
    return ua.CallMethodResult(
        StatusCode=status_code(status),
        InputArgumentResults=[status_code(problem) for problem in arguments],
    )


def refused(method: Method[Any], arguments: Sequence[ua.Variant]) -> ua.CallMethodResult | None:
    """Return the refusal of wrong arguments, each with its own status; None when all are right."""
    if len(arguments) < len(method.inputs):
        return method_result(StatusCodes.BadArgumentsMissing)
    if len(arguments) > len(method.inputs):
        return method_result(StatusCodes.BadTooManyArguments)
    problems = []
    for given, wanted in zip(arguments, method.inputs, strict=True):
        if given.VariantType is not wanted.type or given.is_array:
            problems.append(StatusCodes.BadTypeMismatch)
        else:
            right = wanted.accepts(given.Value)
            problems.append(StatusCodes.Good if right else StatusCodes.BadOutOfRange)
    if all(problem == StatusCodes.Good for problem in problems):
        return None
    return method_result(StatusCodes.BadInvalidArgument, problems)

"""Methods of a machine (OPC 10000-4 5.12.2): what they take and give, and calling them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from aas_server.bindings.method import Argument, Signature, signature
from aas_server.bindings.opcua.data_types import UnknownType
from aas_server.bindings.opcua.definitions import Definition
from aas_server.bindings.opcua.nodes import (
    NodeFacts,
    NodeProblem,
    Nodes,
    property_path,
    resolve_node_id,
)
from aas_server.bindings.opcua.problems import (
    describe,
    describe_status,
    device_error,
    status_name,
    unreachable,
)
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.targets import Target, exact_variant
from aas_server.bindings.opcua.variants import plain, to_variant
from aas_server.bindings.opcua.writer import Line
from aas_server.bindings.plant.methods import MethodSettings
from aas_server.bindings.sink_types import ConversionError
from aas_server.errors import BadRequest, ConfigurationError, NotSupported
from aas_server.live.values import Quality, quality_of
from aas_server.metamodel.value_types import FLOAT_TYPES, INTEGER_BOUNDS
from aas_server.operations.arguments import WrongOutputs, variables
from aas_server.operations.executor import Message, OperationCall, OperationOutcome

_RANKS_OF_ONE: Final = frozenset({-1, -2, -3})
_RANKS_OF_LISTS: Final = frozenset({1, 0, -2, -3})
_RANK_NAMES: Final = {0: "[...]", -3: " or array", -2: " of any rank"}
_PROPERTIES: Final = ("InputArguments", "OutputArguments")
_ANSWER_GRACE: Final = 5.0
"""Seconds that a call's request lives longer than the call: its end is told as what it is."""


@dataclass(frozen=True, slots=True)
class MethodArgument:
    """An argument as the machine declares it; ``variant_type`` is None where it takes several.

    ``rank`` as OPC 10000-3 5.6.2: -1 for one value, 1 for an array, 2 and more for matrices, 0 for
    an array of any, -2 for anything, -3 for one value or an array. ``facts`` are as if it were a
    node; ``definition`` is what a structure is made of.
    """

    name: str
    variant_type: ua.VariantType | None
    rank: int
    facts: NodeFacts | None = None
    definition: Definition | None = None

    @property
    def type_name(self) -> str:
        """Return its type as the machine names it."""
        name = "any type" if self.variant_type is None else str(self.variant_type.name)
        return name + "[]" * self.rank if self.rank > 0 else name + _RANK_NAMES.get(self.rank, "")

    def fits(self, argument: Argument) -> bool:
        """Return whether a variable of the Operation can be this argument."""
        is_structure = self.variant_type is ua.VariantType.ExtensionObject
        if is_structure != (argument.structure is not None):
            return False
        if is_structure and self.definition is None:
            return False
        return self.rank in (_RANKS_OF_LISTS if argument.is_list else _RANKS_OF_ONE)


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """A method on this session's server; ``executable`` holds for the user of this session."""

    object_id: ua.NodeId
    method_id: ua.NodeId
    executable: bool
    inputs: tuple[MethodArgument, ...]
    outputs: tuple[MethodArgument, ...]


async def look_up_method(
    session: OpcUaSession, nodes: Nodes, settings: MethodSettings
) -> MethodFacts | NodeProblem:
    """Return the facts of a method or what is wrong with it or its object."""
    found = [
        resolve_node_id(name, session.namespaces) for name in (settings.object, settings.method)
    ]
    for node in found:
        if isinstance(node, NodeProblem):
            return node
    object_id, method_id = (node for node in found if isinstance(node, ua.NodeId))
    owner, method, executable = await session.read(
        [
            (object_id, AttributeIds.NodeClass),
            (method_id, AttributeIds.NodeClass),
            (method_id, AttributeIds.UserExecutable),
        ]
    )
    for answer, name in ((owner, settings.object), (method, settings.method)):
        status = answer.StatusCode.value if answer.StatusCode else 0
        if quality_of(status) is Quality.BAD:
            return NodeProblem(status, f"{name}: {describe_status(status)}")
    if _value(method) != ua.NodeClass.Method:
        return NodeProblem(StatusCodes.BadMethodInvalid, f"{settings.method} is no method")
    inputs, outputs = await _arguments(session, nodes, method_id)
    return MethodFacts(object_id, method_id, _value(executable) is not False, inputs, outputs)


def require_fit(facts: MethodFacts, planned: Signature) -> None:
    """Raise ``ConfigurationError`` unless the Operation's variables fit the method's arguments."""
    _fit("input", facts.inputs, planned.inputs)
    _fit("output", facts.outputs, planned.outputs)


class OpcUaMethod:
    """Carries out one Operation by a method; ``line`` gives the connection of the moment."""

    def __init__(self, settings: MethodSettings, line: Callable[[], Line | None]) -> None:
        self._settings = settings
        self._line = line
        self._known: tuple[OpcUaSession, MethodFacts] | None = None

    async def execute(self, call: OperationCall) -> OperationOutcome:
        """Call the method and return its outputs.

        Raises ``NotSupported`` when the Operation does not fit the method, ``BadRequest`` and
        ``DeviceRefusedValue`` that name the argument, the other ``DeviceError`` with the machine's
        status, ``WrongOutputs`` for outputs that do not fit.
        """
        try:
            planned = signature(self._settings, call.operation)
        except ConfigurationError as error:
            raise self._unfit(error) from error
        line = self._line()
        if line is None:
            raise unreachable(
                f"the machine cannot be reached: connection {self._settings.connection!r} is down",
                path=call.name,
            )
        try:
            facts = await self._facts(line)
            if isinstance(facts, NodeProblem):
                raise device_error(facts.status_code, facts.text, path=call.name)
            arguments = self._variants(call, facts, planned, line.nodes)
            result = await line.session.call(
                facts.object_id, facts.method_id, arguments, timeout=call.timeout + _ANSWER_GRACE
            )
        except UaStatusCodeError as error:
            raise device_error(error.code, describe(error), path=call.name) from error
        except (OSError, UaError) as error:
            text = f"the connection broke: {describe(error)}; the machine may yet carry it out"
            raise unreachable(text, path=call.name) from error
        given = await _outputs(result, line.nodes)
        return _outcome(result, given, call, planned)

    async def _facts(self, line: Line) -> MethodFacts | NodeProblem:
        """Return the facts; once found they hold for as long as the session."""
        if self._known is not None and self._known[0] is line.session:
            return self._known[1]
        facts = await look_up_method(line.session, line.nodes, self._settings)
        if isinstance(facts, MethodFacts):
            self._known = line.session, facts
        return facts

    def _variants(
        self, call: OperationCall, facts: MethodFacts, planned: Signature, nodes: Nodes
    ) -> list[ua.Variant]:
        try:
            require_fit(facts, planned)
        except ConfigurationError as error:
            raise self._unfit(error) from error
        variants = []
        for argument, declared in zip(planned.inputs, facts.inputs, strict=True):
            place = _place(argument.name, call)
            element = call.arguments.get(argument.name)
            if element is None:
                raise BadRequest("the machine's method takes no call without it", path=place)
            value = argument.to_device(element, place=place)
            kind = declared.variant_type or _usual_type(argument)
            if declared.definition is not None and declared.facts is not None:
                target = Target(kind, declared.rank, (), declared.definition)
                variants.append(exact_variant(value, target, nodes, declared.facts, path=place))
            else:
                variants.append(
                    to_variant(value, kind, path=place, namespaces=nodes.types.namespaces)
                )
        return variants

    def _unfit(self, error: ConfigurationError) -> NotSupported:
        return NotSupported(
            f"the plant file lets {self._settings.method} carry out "
            f"{self._settings.operation.name}, but {error.text}"
        )


def _outcome(
    result: ua.CallMethodResult, given: Sequence[Any], call: OperationCall, planned: Signature
) -> OperationOutcome:
    status = result.StatusCode.value
    if quality_of(status) is Quality.BAD:
        refused = [
            (argument.name, each.value)
            for argument, each in zip(
                planned.inputs, result.InputArgumentResults or (), strict=False
            )
            if quality_of(each.value) is Quality.BAD
        ]
        if refused:
            (name, first), others = refused[0], refused[1:]
            text = f"the machine refused this argument: {describe_status(first)}"
            for other, code in others:
                text += f"; {_place(other, call)}: {describe_status(code)}"
            raise device_error(first, text, path=_place(name, call))
        text = f"the machine refused the call: {describe_status(status)}"
        raise device_error(status, text, path=call.name)
    if len(given) != len(planned.outputs):
        raise WrongOutputs(
            f"the machine gave {len(given)} outputs instead of {len(planned.outputs)}"
        )
    outputs = list(zip(planned.outputs, given, strict=True))
    return OperationOutcome(
        values={each.name: each.to_model(value) for each, value in outputs if not each.structure},
        elements={
            each.name: element
            for each, value in outputs
            if (element := each.to_element(value)) is not None
        },
        messages=()
        if quality_of(status) is Quality.GOOD
        else (Message(f"the machine says {status_name(status)}", "Warning"),),
    )


async def _outputs(result: ua.CallMethodResult, nodes: Nodes) -> list[Any]:
    """Return what the machine gave as plain values, structures decoded."""
    values = [plain(each.VariantType, each.Value) for each in result.OutputArguments or ()]
    decoded: list[Any] = []
    for value in values:
        try:
            decoded.append(nodes.types.plain(value))
        except UnknownType as error:
            await nodes.types.know([error.type_name])
            decoded.append(_decoded(value, nodes))
        except ConversionError as error:
            raise WrongOutputs(str(error)) from error
    return decoded


def _decoded(value: Any, nodes: Nodes) -> Any:
    try:
        return nodes.types.plain(value)
    except ConversionError as error:
        raise WrongOutputs(str(error)) from error


async def _arguments(
    session: OpcUaSession, nodes: Nodes, method: ua.NodeId
) -> tuple[tuple[MethodArgument, ...], tuple[MethodArgument, ...]]:
    """Return both lists of arguments; a method without them has no such property."""
    targets = await session.view.targets([property_path(method, name) for name in _PROPERTIES])
    there = [target for target in targets if target is not None]
    answers = iter(await session.read([(target, AttributeIds.Value) for target in there]))
    declared = [[] if target is None else _value(next(answers)) or [] for target in targets]
    inputs, outputs = [
        tuple([await _declared(nodes, argument) for argument in arguments])
        for arguments in declared
    ]
    return inputs, outputs


async def _declared(nodes: Nodes, argument: ua.Argument) -> MethodArgument:
    variant_type = await nodes.type_of(argument.DataType)
    definition = None
    if variant_type is ua.VariantType.ExtensionObject:
        await nodes.types.load([argument.DataType])
        with contextlib.suppress(ValueError):  # then no variable fits, and that is told
            definition = nodes.types.definition(argument.DataType)
    # Its id is its type's: texts of enumerations are looked for there, too.
    facts = NodeFacts(argument.DataType, argument.DataType, argument.ValueRank, True, True)
    return MethodArgument(argument.Name or "", variant_type, argument.ValueRank, facts, definition)


def _fit(kind: str, declared: Sequence[MethodArgument], planned: Sequence[Argument]) -> None:
    if len(declared) != len(planned):
        shown = ", ".join(f"{each.name}: {each.type_name}" for each in declared) or "none"
        raise ConfigurationError(
            f"the method has {len(declared)} {kind} arguments ({shown}) and the Operation "
            f"{len(planned)} ({', '.join(each.name for each in planned) or 'none'}): "
            f"say with {kind}s which variables they are"
        )
    for theirs, ours in zip(declared, planned, strict=True):
        if not theirs.fits(ours):
            raise ConfigurationError(
                f"the method's {kind} argument {theirs.name!r} is a {theirs.type_name}, "
                f"which {ours.name!r}, a {ours.type_name}, cannot be"
            )


def _usual_type(argument: Argument) -> ua.VariantType:
    """Return as what a value goes where the machine takes several types."""
    value_type = argument.value_type or "xs:string"
    if argument.model_type == "MultiLanguageProperty":
        return ua.VariantType.LocalizedText
    if value_type in FLOAT_TYPES or value_type == "xs:decimal":
        return ua.VariantType.Double
    if value_type in INTEGER_BOUNDS:
        return _INTEGERS.get(value_type, ua.VariantType.Int64)
    return _OTHERS.get(value_type, ua.VariantType.String)


def _place(name: str, call: OperationCall) -> str:
    both_ways = name in variables(call.operation, "inoutputVariables")
    return f"{'inoutputArguments' if both_ways else 'inputArguments'}.{name}"


def _value(answer: ua.DataValue) -> Any:
    if answer.Value is None or (answer.StatusCode and not answer.StatusCode.is_good()):
        return None
    return answer.Value.Value


_INTEGERS: Final = {
    "xs:byte": ua.VariantType.SByte,
    "xs:unsignedByte": ua.VariantType.Byte,
    "xs:short": ua.VariantType.Int16,
    "xs:unsignedShort": ua.VariantType.UInt16,
    "xs:int": ua.VariantType.Int32,
    "xs:unsignedInt": ua.VariantType.UInt32,
    "xs:unsignedLong": ua.VariantType.UInt64,
}
_OTHERS: Final = {
    "xs:boolean": ua.VariantType.Boolean,
    "xs:dateTime": ua.VariantType.DateTime,
    "xs:base64Binary": ua.VariantType.ByteString,
    "xs:hexBinary": ua.VariantType.ByteString,
    "xs:duration": ua.VariantType.Double,
}

"""What a server tells about browsed nodes: types, values, units, ranges, texts, arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from asyncua import ua
from asyncua.ua import uaprotocol_auto
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from aas_server.bindings.opcua.address_space import (
    STANDARD,
    LocalText,
    MachineNode,
    MethodParameter,
    QualifiedName,
    StructureField,
    Unit,
    VariableFacts,
)
from aas_server.bindings.opcua.nodes import NodeFacts, Nodes
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import clean_text, numeric, sample

_UNECE: Final = "http://www.opcfoundation.org/UA/units/un/cefact"
_MAX_SUPERTYPES: Final = 32
_MAX_STRUCTURE_DEPTH: Final = 4
_READ: Final = 0x01
_WRITE: Final = 0x02
_HISTORY_READ: Final = 0x04

_VARIABLE_ATTRIBUTES: Final = (
    AttributeIds.Description,
    AttributeIds.DataType,
    AttributeIds.ValueRank,
    AttributeIds.AccessLevel,
    AttributeIds.UserAccessLevel,
)
_DURATION: Final = QualifiedName(STANDARD, "Duration")
_MILLISECONDS: Final = Unit("C26", "ms", "millisecond")
"""The unit of every Duration (OPC 10000-3 8.13)."""
_PROPERTIES: Final = ("EngineeringUnits", "EURange", "TrueState", "FalseState")


async def describe_nodes(session: OpcUaSession, top: MachineNode) -> None:
    """Fill in, for ``top`` and everything below, what the server tells about the nodes."""
    nodes = list(top.walk())
    variables = [node for node in nodes if node.kind == "Variable"]
    describer = _Describer(session)
    await describer.describe_variables(variables)
    await describer.read_values(variables)
    await describer.describe_others([node for node in nodes if node.kind != "Variable"])
    await describer.name_types(nodes)
    await describer.find_dictionary_entries(nodes)


class _Describer:
    def __init__(self, session: OpcUaSession) -> None:
        self._session = session
        self._nodes = Nodes(session)
        self._structures: dict[ua.NodeId, tuple[StructureField, ...]] = {}

    async def describe_variables(self, variables: Sequence[MachineNode]) -> None:
        """Read types, access, and the properties that belong to a variable."""
        answers = await self._session.read(
            [(node.node_id, each) for node in variables for each in _VARIABLE_ATTRIBUTES]
        )
        width = len(_VARIABLE_ATTRIBUTES)
        types: dict[MachineNode, ua.NodeId] = {}
        for position, node in enumerate(variables):
            part = [_value(each) for each in answers[position * width : (position + 1) * width]]
            node.description = _local(part[0])
            node.variable = _facts(part)
            if isinstance(part[1], ua.NodeId):
                types[node] = part[1]
        names = await self._names(set(types.values()))
        for node, data_type in types.items():
            facts = _variable(node)
            facts.data_type = names.get(data_type)
            kind = await self._nodes.type_of(data_type)
            facts.type_name = None if kind is None else str(kind.name)
            if kind is ua.VariantType.ExtensionObject:
                facts.fields = await self._fields(data_type, 0)
        await self._read_properties(variables)
        await self._read_texts(variables, types)

    async def read_values(self, variables: Sequence[MachineNode]) -> None:
        """Read the present value of every variable that may be read."""
        readable = [node for node in variables if _variable(node).readable]
        answers = await self._session.read(
            [(node.node_id, AttributeIds.Value) for node in readable],
            timestamps=ua.TimestampsToReturn.Both,
        )
        for node, answer in zip(readable, answers, strict=True):
            facts = _variable(node)
            facts.sample = sample(answer)
            if (
                facts.type_name is None
                and answer.Value is not None
                and answer.Value.Value is not None
            ):
                facts.type_name = str(answer.Value.VariantType.name)

    async def describe_others(self, others: Sequence[MachineNode]) -> None:
        """Read descriptions of objects and methods, and what methods take and give."""
        answers = await self._session.read(
            [(node.node_id, AttributeIds.Description) for node in others]
        )
        for node, answer in zip(others, answers, strict=True):
            node.description = _local(_value(answer))
        methods = [node for node in others if node.kind == "Method"]
        executable = await self._session.read(
            [(node.node_id, AttributeIds.UserExecutable) for node in methods]
        )
        for node, answer in zip(methods, executable, strict=True):
            node.is_executable = _value(answer) is not False
        values = await self._property_values(methods, ("InputArguments", "OutputArguments"))
        for node in methods:
            node.inputs = await self._parameters(values.get((node, "InputArguments")))
            node.outputs = await self._parameters(values.get((node, "OutputArguments")))

    async def name_types(self, nodes: Sequence[MachineNode]) -> None:
        """Find the type definitions' names, and those of what they are derived from."""
        wanted = {node.type_id for node in nodes if node.type_id is not None}
        supertypes: dict[ua.NodeId, ua.NodeId] = {}
        pending = {each for each in wanted if each.NamespaceIndex != 0}
        for _ in range(_MAX_SUPERTYPES):
            if not pending:
                break
            asked = list(pending)
            pending = set()
            answers = await self._session.view.browse([_supertype_of(each) for each in asked])
            for each, references in zip(asked, answers, strict=True):
                if references:
                    above = ua.NodeId(
                        references[0].NodeId.Identifier, references[0].NodeId.NamespaceIndex
                    )
                    supertypes[each] = above
                    if above.NamespaceIndex != 0 and above not in supertypes:
                        pending.add(above)
        names = await self._names({*wanted, *supertypes, *supertypes.values()})
        for node in nodes:
            if node.type_id is not None:
                node.type_definition = self._text(node.type_id)
                node.types = tuple(_chain(node.type_id, supertypes, names))

    async def find_dictionary_entries(self, nodes: Sequence[MachineNode]) -> None:
        """Find the identifiers that dictionaries (IEC CDD, ECLASS) have for the nodes."""
        asked = [node for node in nodes if node.kind != "Method"]
        answers = await self._session.view.browse([_entries_of(node.node_id) for node in asked])
        for node, references in zip(asked, answers, strict=True):
            names = (clean_text(each.BrowseName.Name or "") for each in references)
            node.dictionary_entries = tuple(name for name in names if name)

    async def _read_properties(self, variables: Sequence[MachineNode]) -> None:
        values = await self._property_values(variables, _PROPERTIES)
        for node in variables:
            facts = _variable(node)
            facts.unit = _unit(values.get((node, "EngineeringUnits")))
            if facts.unit is None and facts.data_type == _DURATION:
                facts.unit = _MILLISECONDS
            facts.range = _range(values.get((node, "EURange")))
            truths = [_local(values.get((node, name))).text for name in _PROPERTIES[2:]]
            if all(truths):
                facts.truths = truths[0], truths[1]

    async def _read_texts(
        self, variables: Sequence[MachineNode], types: Mapping[MachineNode, ua.NodeId]
    ) -> None:
        """Read the texts of enumerations: the node's own, or those of its data type."""
        asked = [
            node
            for node in variables
            if node in types
            and (
                node.properties.keys() & {"EnumStrings", "EnumValues"}
                or (
                    _variable(node).type_name == "Int32" and types[node] != numeric(ObjectIds.Int32)
                )
            )
        ]
        facts = [NodeFacts(node.node_id, types[node], -1, True, False) for node in asked]
        for node, texts in zip(asked, await self._nodes.texts(facts), strict=True):
            _variable(node).texts = texts

    async def _property_values(
        self, nodes: Iterable[MachineNode], names: Sequence[str]
    ) -> dict[tuple[MachineNode, str], Any]:
        places = [
            (node, name, node.properties[name])
            for node in nodes
            for name in names
            if name in node.properties
        ]
        answers = await self._session.read([(each, AttributeIds.Value) for _, _, each in places])
        return {
            (node, name): _value(answer)
            for (node, name, _), answer in zip(places, answers, strict=True)
        }

    async def _parameters(self, arguments: Any) -> tuple[MethodParameter, ...]:
        found = []
        for argument in arguments if isinstance(arguments, list) else ():
            # Decoded is the generated class, of which asyncua's own Argument is a subclass.
            if isinstance(argument, uaprotocol_auto.Argument):
                kind = await self._nodes.type_of(argument.DataType)
                found.append(
                    MethodParameter(
                        clean_text(argument.Name or ""),
                        None if kind is None else str(kind.name),
                        argument.ValueRank >= 0,
                        _local(argument.Description),
                    )
                )
        return tuple(found)

    async def _names(self, node_ids: Iterable[ua.NodeId]) -> dict[ua.NodeId, QualifiedName]:
        asked = list(node_ids)
        answers = await self._session.read([(each, AttributeIds.BrowseName) for each in asked])
        found = {}
        for node_id, answer in zip(asked, answers, strict=True):
            name = _value(answer)
            if isinstance(name, ua.QualifiedName) and name.Name:
                uri = STANDARD
                if 0 < name.NamespaceIndex < len(self._session.namespaces):
                    uri = self._session.namespaces[name.NamespaceIndex]
                found[node_id] = QualifiedName(uri, clean_text(name.Name))
        return found

    async def _fields(self, data_type: ua.NodeId, depth: int) -> tuple[StructureField, ...]:
        """Return the fields of a structure from its DataTypeDefinition (OPC 10000-3 8.48)."""
        if data_type in self._structures or depth >= _MAX_STRUCTURE_DEPTH:
            return self._structures.get(data_type, ())
        self._structures[data_type] = ()  # a structure may hold itself
        (answer,) = await self._session.read([(data_type, AttributeIds.DataTypeDefinition)])
        definition = _value(answer)
        found = []
        for each in getattr(definition, "Fields", None) or ():
            if not isinstance(each, ua.StructureField):
                break
            kind = await self._nodes.type_of(each.DataType)
            inner: tuple[StructureField, ...] = ()
            if kind is ua.VariantType.ExtensionObject:
                inner = await self._fields(each.DataType, depth + 1)
            name = "String" if kind is None else str(kind.name)
            found.append(
                StructureField(clean_text(each.Name or ""), name, each.ValueRank >= 0, inner)
            )
        self._structures[data_type] = tuple(found)
        return tuple(found)

    def _text(self, node_id: ua.NodeId) -> str:
        namespaces, index = self._session.namespaces, node_id.NamespaceIndex
        bare = ua.NodeId(node_id.Identifier, ua.Int16(0), node_id.NodeIdType).to_string()
        uri = namespaces[index] if index < len(namespaces) else str(index)
        return f"nsu={STANDARD if index == 0 else uri};{bare}"


def _chain(
    type_id: ua.NodeId,
    supertypes: Mapping[ua.NodeId, ua.NodeId],
    names: Mapping[ua.NodeId, QualifiedName],
) -> Iterable[QualifiedName]:
    """Yield the names of a type and its supertypes, the standard's last one included."""
    current: ua.NodeId | None = type_id
    for _ in range(_MAX_SUPERTYPES):
        if current is None:
            return
        if current in names:
            yield names[current]
        current = supertypes.get(current)


def _variable(node: MachineNode) -> VariableFacts:
    if node.variable is None:
        node.variable = VariableFacts()
    return node.variable


def _facts(values: Sequence[Any]) -> VariableFacts:
    _, _, rank, access, user_access = values
    allowed = _READ | _WRITE | _HISTORY_READ
    for level in (access, user_access):
        if isinstance(level, int):
            allowed &= level
    return VariableFacts(
        value_rank=rank if isinstance(rank, int) else -1,
        readable=bool(allowed & _READ),
        writable=bool(allowed & _WRITE),
        has_history=bool(allowed & _HISTORY_READ),
    )


def _unit(value: Any) -> Unit | None:
    """Return EngineeringUnits; a UNECE UnitId is the code's characters as bytes (OPC 10000-8
    5.6.4.3).
    """
    if not isinstance(value, ua.EUInformation):
        return None
    code = None
    number = value.UnitId or 0
    if (value.NamespaceUri or "").rstrip("/").casefold() in (_UNECE.casefold(), "") and number > 0:
        text = number.to_bytes(4, "big").lstrip(b"\0")
        if text.isalnum() and text.isascii():
            code = text.decode("ascii")
    symbol, name = _local(value.DisplayName).text, _local(value.Description).text
    return Unit(code, symbol, name) if code or symbol else None


def _range(value: Any) -> tuple[float, float] | None:
    if isinstance(value, ua.Range) and value.Low < value.High:
        return float(value.Low), float(value.High)
    return None


def _value(answer: ua.DataValue) -> Any:
    if answer.Value is None or (answer.StatusCode and not answer.StatusCode.is_good()):
        return None
    return answer.Value.Value


def _local(value: Any) -> LocalText:
    if not isinstance(value, ua.LocalizedText):
        return LocalText()
    return LocalText(clean_text(value.Text or ""), clean_text(value.Locale or ""))


def _supertype_of(node_id: ua.NodeId) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=node_id,
        BrowseDirection=ua.BrowseDirection.Inverse,
        ReferenceTypeId=numeric(ObjectIds.HasSubtype),
        IncludeSubtypes=False,
        ResultMask=ua.BrowseResultMask.None_,
    )


def _entries_of(node_id: ua.NodeId) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=node_id,
        BrowseDirection=ua.BrowseDirection.Forward,
        ReferenceTypeId=numeric(ObjectIds.HasDictionaryEntry),
        IncludeSubtypes=True,
        ResultMask=ua.BrowseResultMask.BrowseName,
    )

"""The data types of one server, for as long as a session: asked for once, used for every value."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import structlog
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.opcua.definitions import (
    SCALAR,
    Definition,
    Field,
    Kind,
    standard_definition,
    standard_encodings,
)
from aas_server.bindings.opcua.node_ids import node_id_text
from aas_server.bindings.opcua.problems import describe
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.structures import decoded
from aas_server.bindings.opcua.variants import Sample, clean_text, sample
from aas_server.bindings.sink_types import MAX_VALUE_SIZE, ConversionError, too_large
from aas_server.bindings.structure import Structure
from aas_server.live.hub import LivePoint

log = structlog.get_logger(__name__)

MAX_TYPES: Final = 2000
"""Types of one server that are asked for at most; one with more is asked about no others."""

_ROUNDS: Final = 16
"""How deep types may be made of types that nothing named before."""

_ATTRIBUTES: Final = (
    AttributeIds.DataTypeDefinition,
    AttributeIds.IsAbstract,
    AttributeIds.BrowseName,
)
_LAST_BUILTIN: Final = ObjectIds.Enumeration
_KINDS: Final = {
    ua.StructureType.Structure: Kind.PLAIN,
    ua.StructureType.StructureWithOptionalFields: Kind.OPTIONAL,
    ua.StructureType.Union: Kind.UNION,
    ua.StructureType.StructureWithSubtypedValues: Kind.PLAIN,
    ua.StructureType.UnionWithSubtypedValues: Kind.UNION,
}
_SUBTYPED: Final = frozenset(
    {
        ua.StructureType.StructureWithSubtypedValues,
        ua.StructureType.UnionWithSubtypedValues,
    }
)

TypeOf = Callable[[ua.NodeId], Any]
"""Awaits as what values of a data type are encoded, None where it leaves that open."""


class UnknownType(ConversionError):
    """A structure whose type nobody has asked the server about yet; ``type_name`` says which."""

    def __init__(self, type_name: str) -> None:
        super().__init__(f"the type of the structure ({type_name}) is not known")
        self.type_name = type_name


class DataTypes:
    """What the server of ``session`` says about its types; nothing of it survives the session."""

    def __init__(self, session: OpcUaSession, type_of: TypeOf) -> None:
        self._session = session
        self._type_of = type_of
        self._definitions: dict[ua.NodeId, Definition | str] = {}
        self._by_encoding: dict[str, Definition | str] = {**standard_encodings()}
        self._texts: dict[ua.NodeId, Mapping[int, str]] = {}
        self._abstract: set[ua.NodeId] = set()
        self._unknown: dict[str, dict[LivePoint, ua.NodeId]] = {}
        self._is_unknown = asyncio.Event()

    @property
    def namespaces(self) -> Sequence[str]:
        """Return the namespaces of the session."""
        return self._session.namespaces

    def plain(self, value: Any) -> Any:
        """Return a value with its structures decoded and its node ids as texts.

        Raises ``ConversionError``, ``UnknownType`` for a structure that ``load`` must find first.
        """
        if isinstance(value, Structure):
            return self._plain_structure(value)
        if isinstance(value, ua.NodeId):
            return node_id_text(value, self.namespaces)
        if isinstance(value, list):
            return [self.plain(each) for each in value]
        return value

    def decoder(self, point: LivePoint, node_id: ua.NodeId) -> Callable[[Any], Any]:
        """Return ``plain`` for the values of one node; what it does not know is asked for in
        ``learn``.
        """

        def decode(value: Any) -> Any:
            try:
                return self.plain(value)
            except UnknownType as error:
                if len(self._unknown) + len(self._by_encoding) < 2 * MAX_TYPES:
                    self._unknown.setdefault(error.type_name, {})[point] = node_id
                    self._is_unknown.set()
                raise

        return decode

    def texts(self, data_type: ua.NodeId | None) -> Mapping[int, str]:
        """Return the texts of an enumeration that ``load`` found, empty for another type."""
        return self._texts.get(data_type, {}) if data_type is not None else {}

    def is_open(self, data_type: ua.NodeId | None) -> bool:
        """Return whether values of a structure type that ``load`` found are of other, derived
        types.
        """
        return data_type is None or data_type in self._abstract or _is_structure(data_type)

    def definition(self, data_type: ua.NodeId) -> Definition:
        """Return the definition of a structure; raises ``ValueError`` that says why there is
        none.
        """
        found = self._definitions.get(data_type) or standard_definition(data_type)
        if isinstance(found, Definition):
            return found
        raise ValueError(found or "the machine does not tell what the structure is made of")

    def definition_of(self, value: Structure) -> Definition:
        """Return the definition of a structure that came; raises as ``plain``."""
        found = self._by_encoding.get(value.type_name)
        if found is None:
            raise UnknownType(value.type_name)
        if isinstance(found, str):
            raise ConversionError(f"the node holds a structure ({value.type_name}): {found}")
        return found

    async def load(self, data_types: Iterable[ua.NodeId]) -> None:
        """Ask the server about ``data_types`` and all that they are made of."""
        raw: dict[ua.NodeId, ua.StructureDefinition] = {}
        names: dict[ua.NodeId, str] = {}
        wanted = self._unasked(data_types)
        for _ in range(_ROUNDS):
            if not wanted:
                break
            found = await self._ask(wanted, names)
            raw |= found
            wanted = self._unasked(
                each.DataType for definition in found.values() for each in definition.Fields
            )
        for data_type, definition in raw.items():
            made = await self._definition(data_type, definition, names[data_type])
            self._definitions[data_type] = made
            if made.encoding is not None:
                self._by_encoding[str(made.encoding.to_string())] = made

    async def learn(self, take: Callable[[LivePoint, Sample], None]) -> None:
        """Ask for ever for types that values had and nobody knew; then read the values again and
        give them to ``take``.
        """
        while True:
            await self._is_unknown.wait()
            self._is_unknown.clear()
            unknown, self._unknown = self._unknown, {}
            await self.know(unknown)
            nodes = {point: node for points in unknown.values() for point, node in points.items()}
            try:
                answers = await self._session.read(
                    [(node, AttributeIds.Value) for node in nodes.values()],
                    timestamps=ua.TimestampsToReturn.Both,
                )
            except UaError as error:
                # Their next change brings them.
                log.info("values not read again", reason=describe(error))
                continue
            for point, answer in zip(nodes, answers, strict=True):
                take(point, sample(answer))

    async def know(self, type_names: Iterable[str]) -> None:
        """Ask the server for the types that structures came with."""
        for name in type_names:
            if name in self._by_encoding:
                continue
            try:
                node_id = ua.NodeId.from_string(name)
                data_type = await self._session.view.data_type_of(node_id) or node_id
                await self.load([data_type])
                self._by_encoding[name] = self.definition(data_type)
            except (UaError, ValueError) as error:
                reason = describe(error) if isinstance(error, UaError) else str(error)
                log.warning("structure not understood", type=name, reason=reason)
                self._by_encoding[name] = reason

    def _plain_structure(self, value: Structure) -> dict[str, Any]:
        definition = self.definition_of(value)
        if value.body is None:
            raise ConversionError(f"the node holds a {definition.name} without bytes to decode")
        if len(value.body) > 2 * MAX_VALUE_SIZE:
            raise too_large(len(value.body))
        try:
            return decoded(definition, value.body, self.definition, self.plain)
        except ConversionError:
            raise
        except Exception as error:
            raise ConversionError(
                f"the node holds a {definition.name} that cannot be decoded: {error}"
            ) from error

    def _unasked(self, data_types: Iterable[ua.NodeId]) -> list[ua.NodeId]:
        known = self._definitions, self._texts, self._abstract
        unasked = [
            each
            for each in dict.fromkeys(data_types)
            if not _is_builtin(each)
            and standard_definition(each) is None
            and not any(each in some for some in known)
        ]
        room = MAX_TYPES - len(self._definitions) - len(self._texts)
        for each in unasked[max(room, 0) :]:
            self._definitions[each] = f"the machine has more than {MAX_TYPES} types"
        return unasked[: max(room, 0)]

    async def _ask(
        self, data_types: Sequence[ua.NodeId], names: dict[ua.NodeId, str]
    ) -> dict[ua.NodeId, ua.StructureDefinition]:
        """Return the structures among ``data_types``; note what is told of the others."""
        found: dict[ua.NodeId, ua.StructureDefinition] = {}
        answers = iter(
            await self._session.read(
                [(each, attribute) for each in data_types for attribute in _ATTRIBUTES]
            )
        )
        for data_type, definition, abstract, name in zip(
            data_types, answers, answers, answers, strict=False
        ):
            told, browse_name = _value(definition), _value(name)
            names[data_type] = clean_text(getattr(browse_name, "Name", None) or "structure")
            if _value(abstract) is True:
                self._abstract.add(data_type)
            elif isinstance(told, ua.StructureDefinition):
                found[data_type] = told
                self._definitions[data_type] = "its definition is being read"
            elif isinstance(told, ua.EnumDefinition):
                self._texts[data_type] = {
                    int(each.Value): clean_text(each.Name or "") for each in told.Fields or ()
                }
            elif await self._type_of(data_type) is ua.VariantType.ExtensionObject:
                self._definitions[data_type] = (
                    f"the machine does not tell what a {names[data_type]} is made of "
                    "(DataTypeDefinition)"
                )
            else:
                self._texts[data_type] = {}
        return found

    async def _definition(
        self, data_type: ua.NodeId, told: ua.StructureDefinition, name: str
    ) -> Definition:
        kind = _KINDS[told.StructureType]
        encoding: ua.NodeId | None = told.DefaultEncodingId
        if encoding is None or encoding.is_null():
            encoding = await self._session.view.encoding_of(data_type)
        fields = [await self._field(each, told.StructureType) for each in told.Fields or ()]
        return Definition(name, data_type, encoding, kind, tuple(fields))

    async def _field(self, told: ua.StructureField, kind: ua.StructureType) -> Field:
        builtin = await self._type_of(told.DataType)
        rank = told.ValueRank if told.ValueRank >= 1 else SCALAR
        may_be_derived = kind in _SUBTYPED and told.IsOptional
        structure = None
        if builtin is None or (may_be_derived and builtin is not ua.VariantType.ExtensionObject):
            builtin = ua.VariantType.Variant
        elif builtin is ua.VariantType.ExtensionObject and not may_be_derived:
            structure = None if self.is_open(told.DataType) else told.DataType
        return Field(
            clean_text(told.Name or ""),
            builtin,
            rank,
            bool(told.IsOptional) and kind is ua.StructureType.StructureWithOptionalFields,
            structure,
            self.texts(told.DataType) if builtin is ua.VariantType.Int32 else {},
        )


def _is_builtin(data_type: ua.NodeId) -> bool:
    identifier = data_type.Identifier
    return (
        data_type.NamespaceIndex == 0
        and isinstance(identifier, int)
        and identifier <= _LAST_BUILTIN
    )


def _is_structure(data_type: ua.NodeId) -> bool:
    return data_type.NamespaceIndex == 0 and data_type.Identifier in (
        ObjectIds.Structure,
        ObjectIds.BaseDataType,
    )


def _value(answer: ua.DataValue) -> Any:
    if answer.Value is None or (answer.StatusCode and not answer.StatusCode.is_good()):
        return None
    return answer.Value.Value

"""Builds a vendor's nodes in asyncua's address space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, cast

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaprotocol_hand import DataTypeAttributes

from examples.plant.opcua.types import node_id
from examples.plant.vendors.description import (
    Enumeration,
    Folder,
    Identifier,
    M,
    Variable,
    Vendor,
)

_READ: Final = ua.AccessLevel.CurrentRead.mask
_READ_WRITE: Final = _READ | ua.AccessLevel.CurrentWrite.mask


class AddressSpaceBuilder(Generic[M]):
    """Adds the nodes of one vendor; ``interval`` is the sampling interval in seconds."""

    def __init__(self, server: Server, vendor: Vendor[M], interval: float) -> None:
        self._server = server
        self._vendor = vendor
        self._interval = interval
        self._namespace = 0
        self._types = 0
        self._enumerations: dict[Identifier, ua.NodeId] = {}
        self._variables: dict[ua.NodeId, Variable[M]] = {}

    async def build(self) -> Mapping[ua.NodeId, Variable[M]]:
        """Register the namespaces, add all nodes and return the variables by node id.

        The variables have no values yet.
        """
        self._namespace = await self._server.register_namespace(self._vendor.namespace)
        self._types = await self._server.register_namespace(self._vendor.types)
        await self._add_folder(self._vendor.root, node_id(ObjectIds.ObjectsFolder))
        return self._variables

    async def _add_folder(self, folder: Folder[M], parent: ua.NodeId) -> None:
        identifier = node_id(folder.id, self._namespace)
        await self._add(
            identifier,
            parent,
            ObjectIds.Organizes,
            ua.QualifiedName(folder.name, self._namespace),
            ua.NodeClass.Object,
            ua.ObjectAttributes(
                DisplayName=self._text(folder.name), Description=self._text(folder.name)
            ),
            ObjectIds.FolderType,
        )
        for child in folder.children:
            if isinstance(child, Folder):
                await self._add_folder(child, identifier)
            else:
                await self._add_variable(child, identifier)

    async def _add_variable(self, variable: Variable[M], parent: ua.NodeId) -> None:
        identifier = node_id(variable.id, self._namespace)
        access = _READ if variable.write is None else _READ_WRITE
        attributes = ua.VariableAttributes(
            DisplayName=self._text(variable.name),
            Description=self._text(variable.name),
            Value=ua.Variant(),
            DataType=await self._data_type(variable),
            ValueRank=_rank(variable.length is not None),
            AccessLevel=access,
            UserAccessLevel=access,
            MinimumSamplingInterval=self._interval * 1000,
        )
        if variable.length is not None:
            attributes.ArrayDimensions = [variable.length]
        kind = ObjectIds.BaseDataVariableType
        if variable.limits is not None:
            kind = ObjectIds.AnalogItemType
        await self._add(
            identifier,
            parent,
            ObjectIds.HasComponent,
            ua.QualifiedName(variable.name, self._namespace),
            ua.NodeClass.Variable,
            attributes,
            kind,
        )
        self._variables[identifier] = variable
        await self._add_analog_properties(variable, identifier)

    async def _add_analog_properties(self, variable: Variable[M], owner: ua.NodeId) -> None:
        if variable.limits is not None:
            low, high = variable.limits
            span = ua.Range(Low=float(low), High=float(high))
            await self._add_property(owner, "EURange", span, ObjectIds.Range)
        if variable.unit is not None:
            unit = variable.unit.information()
            await self._add_property(owner, "EngineeringUnits", unit, ObjectIds.EUInformation)

    async def _data_type(self, variable: Variable[M]) -> ua.NodeId:
        if isinstance(variable.data_type, Enumeration):
            return await self._enumeration(variable.data_type)
        return node_id(variable.data_type or variable.type.value)

    async def _enumeration(self, enumeration: Enumeration) -> ua.NodeId:
        known = self._enumerations.get(enumeration.id)
        if known is not None:
            return known
        identifier = node_id(enumeration.id, self._types)
        fields = [
            ua.EnumField(Value=number, DisplayName=self._text(text), Name=text)
            for number, text in enumeration.texts.items()
        ]
        await self._add(
            identifier,
            node_id(ObjectIds.Enumeration),
            ObjectIds.HasSubtype,
            ua.QualifiedName(enumeration.name, self._types),
            ua.NodeClass.DataType,
            DataTypeAttributes(
                DisplayName=self._text(enumeration.name),
                Description=self._text(enumeration.name),
                DataTypeDefinition=cast("Any", ua.EnumDefinition(Fields=fields)),
            ),
        )
        await self._add_enumeration_texts(enumeration, identifier)
        self._enumerations[enumeration.id] = identifier
        return identifier

    async def _add_enumeration_texts(self, enumeration: Enumeration, owner: ua.NodeId) -> None:
        if enumeration.contiguous:
            texts = [self._text(text) for text in enumeration.texts.values()]
            await self._add_property(owner, "EnumStrings", texts, ObjectIds.LocalizedText)
        else:
            values = [
                ua.EnumValueType(Value=number, DisplayName=self._text(text))
                for number, text in enumeration.texts.items()
            ]
            await self._add_property(owner, "EnumValues", values, ObjectIds.EnumValueType)

    async def _add_property(self, owner: ua.NodeId, name: str, value: Any, data_type: int) -> None:
        await self._add(
            # The owner's identifier and the name: stable however many nodes a version adds.
            node_id(f"{owner.Identifier!s}.{name}", owner.NamespaceIndex),
            owner,
            ObjectIds.HasProperty,
            ua.QualifiedName(name, 0),
            ua.NodeClass.Variable,
            ua.VariableAttributes(
                DisplayName=ua.LocalizedText(name),
                Value=ua.Variant(value),
                DataType=node_id(data_type),
                ValueRank=_rank(isinstance(value, list)),
            ),
            ObjectIds.PropertyType,
        )

    async def _add(
        self,
        identifier: ua.NodeId,
        parent: ua.NodeId,
        reference: int,
        name: ua.QualifiedName,
        node_class: ua.NodeClass,
        attributes: Any,
        kind: int | None = None,
    ) -> None:
        item = ua.AddNodesItem(
            ParentNodeId=parent,
            ReferenceTypeId=node_id(reference),
            RequestedNewNodeId=identifier,
            BrowseName=name,
            NodeClass=node_class,
            NodeAttributes=attributes,
        )
        if kind is not None:
            item.TypeDefinition = node_id(kind)
        [result] = await self._server.iserver.isession.add_nodes([item])
        result.StatusCode.check()

    def _text(self, text: str) -> ua.LocalizedText:
        return ua.LocalizedText(text, self._vendor.locale)


def _rank(array: bool) -> ua.ValueRank:
    return ua.ValueRank.OneDimension if array else ua.ValueRank.Scalar

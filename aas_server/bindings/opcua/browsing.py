"""Browsing a server's address space: from a root downwards, level by level, within limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from aas_server.bindings.opcua.address_space import (
    STANDARD,
    LocalText,
    MachineNode,
    MachineTree,
    NodeKind,
    QualifiedName,
)
from aas_server.bindings.opcua.deadline import deadline
from aas_server.bindings.opcua.describing import describe_nodes
from aas_server.bindings.opcua.nodes import NodeProblem, resolve_node_id
from aas_server.bindings.opcua.problems import CODE_MASK, describe_status
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import clean_text, numeric
from aas_server.errors import ConfigurationError

MACHINERY: Final = "http://opcfoundation.org/UA/Machinery/"
DI: Final = "http://opcfoundation.org/UA/DI/"

_KINDS: Final[dict[int, NodeKind]] = {
    ua.NodeClass.Object: "Object",
    ua.NodeClass.Variable: "Variable",
    ua.NodeClass.Method: "Method",
}
_FOLDED: Final = frozenset(
    {
        "AllowNulls", "DefaultInstanceBrowseName", "Definition", "EngineeringUnits", "EnumStrings",
        "EnumValues", "EURange", "FalseState", "Icon", "InputArguments", "InstrumentRange",
        "LocalTime", "MaxArrayLength", "MaxByteStringLength", "MaxStringLength", "NamingRule",
        "NodeVersion", "OutputArguments", "TrueState", "ValueAsText", "ValuePrecision",
        "ViewVersion",
    }
)  # fmt: skip
"""Properties of the standard that say something about their node and are no value of the machine
(OPC 10000-3 and -8)."""

_FOLDED_ANYWHERE: Final = frozenset({"EngineeringUnits", "EURange"})
"""Those that specifications also have under names of their own namespaces."""

_NOT_MACHINES: Final = frozenset({"Server", "Aliases", "Locations", "Quantities"})
_PREFERRED_ROOTS: Final = ((MACHINERY, 1001), (DI, 5001))
"""Where companion specifications put machines: the folder Machines, DI's DeviceSet."""

_MAX_PATH: Final = 32


@dataclass(frozen=True, slots=True)
class BrowseLimits:
    """How far browsing goes: nodes in all, levels below the root, seconds."""

    nodes: int = 10_000
    depth: int = 20
    seconds: float = 60.0


async def browse_machine(
    session: OpcUaSession, root: str | None = None, limits: BrowseLimits | None = None
) -> MachineTree:
    """Return what is below ``root`` (a node id), with what the server tells about every node.

    Without a root it is the folder Machines, DI's DeviceSet, or else Objects without what the
    standard itself keeps there. Beyond a limit the tree ends and says so. Raises
    ``ConfigurationError`` for a root that is not there, and what a session raises when it breaks.
    """
    limits = limits or BrowseLimits()
    walk = _Walk(session, limits)
    start = await _root(session, root)
    top = await walk.node_at(start)
    await walk.down_from(top)
    await _describe(session, top, limits)
    build, uri = await _server_identity(session)
    return MachineTree(
        top,
        await _path_to(session, top),
        application_uri=uri,
        product_name=build[0],
        manufacturer=build[1],
        cut=walk.cut,
    )


async def _describe(session: OpcUaSession, top: MachineNode, limits: BrowseLimits) -> None:
    try:
        async with deadline(limits.seconds) as limit:
            await describe_nodes(session, top)
    except TimeoutError:
        if not limit.expired():
            raise
        raise ConfigurationError(
            f"reading what the nodes are took more than {limits.seconds:g} s: allow more, or begin "
            "at a node further down"
        ) from None


async def machines_below(session: OpcUaSession, root: str | None) -> list[tuple[str, str]]:
    """Return the node id and the name of every machine in the folder that stands for ``root``
    when none is given; empty when the server has no such folder, or a root is given.
    """
    if root is not None:
        return []
    start = await _root(session, None)
    if start == numeric(ObjectIds.ObjectsFolder):
        return []
    (references,) = await session.view.browse([_down(start)])
    return [
        (node_text(_bare(each.NodeId), session.namespaces), clean_text(each.BrowseName.Name or ""))
        for each in references
        if each.NodeClass == ua.NodeClass.Object
        and each.BrowseName.Name not in ("DeviceFeatures", "TopologyElement")
    ]


def node_text(node_id: ua.NodeId, namespaces: Sequence[str]) -> str:
    """Return a node id with the namespace's URI instead of its index: ``nsu=<uri>;s=<id>``."""
    index = node_id.NamespaceIndex
    bare = ua.NodeId(node_id.Identifier, ua.Int16(0), node_id.NodeIdType).to_string()
    if index == 0:
        return clean_text(bare)
    uri = namespaces[index] if index < len(namespaces) else ""
    return clean_text(f"nsu={uri};{bare}" if uri else f"ns={index};{bare}")


class _Walk:
    """One breadth-first walk; every node belongs below the first that leads to it."""

    def __init__(self, session: OpcUaSession, limits: BrowseLimits) -> None:
        self._session = session
        self._limits = limits
        self._seen: set[ua.NodeId] = set()
        self.cut: str | None = None

    async def node_at(self, node_id: ua.NodeId) -> MachineNode:
        """Return the node that the walk begins at."""
        attributes = (AttributeIds.NodeClass, AttributeIds.BrowseName, AttributeIds.DisplayName)
        answers = await self._session.read([(node_id, attribute) for attribute in attributes])
        kind, name, shown = (None if each.Value is None else each.Value.Value for each in answers)
        status = answers[0].StatusCode.value if answers[0].StatusCode else 0
        if kind not in _KINDS:
            where = node_text(node_id, self._session.namespaces)
            missing = status & CODE_MASK == StatusCodes.BadNodeIdUnknown
            why = describe_status(status) if missing else "it is no object, variable or method"
            raise ConfigurationError(f"{where} cannot be the root: {why}")
        self._seen.add(node_id)
        (types,) = await self._session.view.browse([_type_of(node_id)])
        return MachineNode(
            node_id,
            node_text(node_id, self._session.namespaces),
            _KINDS[kind],
            self._name(name),
            local_text(shown),
            type_id=_bare(types[0].NodeId) if types else None,
        )

    async def down_from(self, top: MachineNode) -> None:
        """Add everything below ``top``, until a limit is reached."""
        try:
            async with deadline(self._limits.seconds) as limit:
                await self._levels(top)
        except TimeoutError:
            if not limit.expired():  # it is the server that did not answer in time
                raise
            self.cut = f"browsing took more than {self._limits.seconds:g} s"

    async def _levels(self, top: MachineNode) -> None:
        level = [top]
        for _ in range(self._limits.depth):
            answers = await self._session.view.browse([_down(node.node_id) for node in level])
            below: list[MachineNode] = []
            for node, references in zip(level, answers, strict=True):
                for reference in references:
                    found = self._child(node, reference)
                    if found is not None:
                        node.children.append(found)
                        below.append(found)
                if self.cut is not None:
                    return
            level = [node for node in below if node.kind != "Method" or node.name.name]
            if not level:
                return
        answers = await self._session.view.browse([_down(node.node_id) for node in level])
        for node, references in zip(level, answers, strict=True):
            for reference in references:
                if not self._fold(node, reference) and _bare(reference.NodeId) not in self._seen:
                    node.cut = True
        if any(node.cut for node in level):
            self.cut = f"there is more below level {self._limits.depth}"

    def _child(self, parent: MachineNode, reference: ua.ReferenceDescription) -> MachineNode | None:
        kind = _KINDS.get(reference.NodeClass)
        if kind is None or getattr(reference.NodeId, "ServerIndex", None):
            return None
        if self._fold(parent, reference):
            return None
        node_id = _bare(reference.NodeId)
        if node_id in self._seen or _is_the_servers_own(parent, reference):
            return None
        if len(self._seen) >= self._limits.nodes:
            parent.cut = True
            self.cut = f"there are more than {self._limits.nodes} nodes"
            return None
        self._seen.add(node_id)
        type_id = _bare(reference.TypeDefinition) if kind != "Method" else None
        return MachineNode(
            node_id,
            node_text(node_id, self._session.namespaces),
            kind,
            self._name(reference.BrowseName),
            local_text(reference.DisplayName),
            is_property=reference.ReferenceTypeId.Identifier == ObjectIds.HasProperty
            and reference.ReferenceTypeId.NamespaceIndex == 0,
            parent=parent,
            type_id=type_id,
        )

    def _fold(self, owner: MachineNode, reference: ua.ReferenceDescription) -> bool:
        """Note a property that says something about its node; returns whether it is one."""
        name = reference.BrowseName
        if name.Name not in (_FOLDED if name.NamespaceIndex == 0 else _FOLDED_ANYWHERE):
            return False
        owner.properties[name.Name] = _bare(reference.NodeId)
        return True

    def _name(self, name: Any) -> QualifiedName:
        index = name.NamespaceIndex if isinstance(name, ua.QualifiedName) else 0
        namespaces = self._session.namespaces
        uri = namespaces[index] if index < len(namespaces) else str(index)
        text = name.Name if isinstance(name, ua.QualifiedName) else ""
        return QualifiedName(uri if index else STANDARD, clean_text(text or ""))


def local_text(value: Any) -> LocalText:
    """Return a LocalizedText as text and language, empty for anything else."""
    if not isinstance(value, ua.LocalizedText):
        return LocalText()
    return LocalText(clean_text(value.Text or ""), clean_text(value.Locale or ""))


async def _root(session: OpcUaSession, root: str | None) -> ua.NodeId:
    if root is not None:
        found = resolve_node_id(root, session.namespaces)
        if isinstance(found, NodeProblem):
            raise ConfigurationError(f"--root: {found.text}")
        return _bare(found)
    for uri, identifier in _PREFERRED_ROOTS:
        if uri in session.namespaces:
            node_id = ua.NodeId(ua.Int32(identifier), ua.Int16(session.namespaces.index(uri)))
            (references,) = await session.view.browse([_down(node_id)])
            if any(
                each.NodeClass == ua.NodeClass.Object and each.BrowseName.Name != "DeviceFeatures"
                for each in references
            ):
                return node_id
    return numeric(ObjectIds.ObjectsFolder)


def _is_the_servers_own(parent: MachineNode, reference: ua.ReferenceDescription) -> bool:
    """Return whether a node is what every server keeps under Objects."""
    name = reference.BrowseName
    return (
        parent.node_id == numeric(ObjectIds.ObjectsFolder)
        and name.NamespaceIndex == 0
        and name.Name in _NOT_MACHINES
    )


async def _server_identity(session: OpcUaSession) -> tuple[tuple[str, str], str]:
    """Return (product, manufacturer) of the BuildInfo, and the ApplicationUri."""
    build = ObjectIds.Server_ServerStatus_BuildInfo_ProductName
    maker = ObjectIds.Server_ServerStatus_BuildInfo_ManufacturerName
    nodes = (build, maker, ObjectIds.Server_ServerArray)
    answers = await session.read([(numeric(node), AttributeIds.Value) for node in nodes])
    product, manufacturer, servers = (
        None if each.Value is None else each.Value.Value for each in answers
    )
    uri = servers[0] if isinstance(servers, list) and servers else ""
    return (clean_text(product or ""), clean_text(manufacturer or "")), clean_text(uri or "")


async def _path_to(session: OpcUaSession, top: MachineNode) -> tuple[QualifiedName, ...]:
    """Return the names that lead from the Root folder to ``top``, as far as the server tells."""
    names = [top.name]
    current, seen = top.node_id, {top.node_id}
    for _ in range(_MAX_PATH):
        if current == numeric(ObjectIds.ObjectsFolder):
            break
        (references,) = await session.view.browse([_up(current)])
        above = next((each for each in references if _bare(each.NodeId) not in seen), None)
        if above is None:
            break
        current = _bare(above.NodeId)
        if current == numeric(ObjectIds.RootFolder):
            break
        seen.add(current)
        index = above.BrowseName.NamespaceIndex
        known = index < len(session.namespaces)
        uri = session.namespaces[index] if index and known else STANDARD
        names.append(QualifiedName(uri, clean_text(above.BrowseName.Name or "")))
    return tuple(reversed(names))


def _bare(node_id: ua.NodeId) -> ua.NodeId:
    """Return a node id without what only an expanded one has, so that equal ones are equal."""
    return ua.NodeId(node_id.Identifier, node_id.NamespaceIndex)


def _description(
    node_id: ua.NodeId,
    reference_type: int,
    direction: ua.BrowseDirection,
    *,
    classes: int = 0,
) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=node_id,
        BrowseDirection=direction,
        ReferenceTypeId=numeric(reference_type),
        IncludeSubtypes=True,
        NodeClassMask=classes,
        ResultMask=ua.BrowseResultMask.All,
    )


def _down(node_id: ua.NodeId) -> ua.BrowseDescription:
    classes = ua.NodeClass.Object | ua.NodeClass.Variable | ua.NodeClass.Method
    kind = ObjectIds.HierarchicalReferences
    return _description(node_id, kind, ua.BrowseDirection.Forward, classes=classes)


def _up(node_id: ua.NodeId) -> ua.BrowseDescription:
    kind = ObjectIds.HierarchicalReferences
    return _description(node_id, kind, ua.BrowseDirection.Inverse)


def _type_of(node_id: ua.NodeId) -> ua.BrowseDescription:
    return _description(node_id, ObjectIds.HasTypeDefinition, ua.BrowseDirection.Forward)

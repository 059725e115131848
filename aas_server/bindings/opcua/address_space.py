"""What a server's address space looks like: its objects, variables and methods as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from asyncua import ua

from aas_server.bindings.opcua.variants import Sample

NodeKind: TypeAlias = Literal["Object", "Variable", "Method"]

STANDARD: Final = "http://opcfoundation.org/UA/"
"""The namespace of the standard itself, index 0 on every server."""


@dataclass(frozen=True, slots=True)
class QualifiedName:
    """A name with the URI of its namespace: the same on every server and in every session."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return self.name if self.namespace == STANDARD else f"nsu={self.namespace};{self.name}"


@dataclass(frozen=True, slots=True)
class LocalText:
    """A text and its language, ``""`` when the server does not tell one."""

    text: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """EngineeringUnits: the code, None when it is no number of the UNECE's table, and how the
    server writes the unit (OPC 10000-8 5.6.4.3).
    """

    code: str | None
    symbol: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class StructureField:
    """A field of a structure; ``fields`` are its own when it is a structure again."""

    name: str
    type_name: str
    is_array: bool
    fields: tuple[StructureField, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodParameter:
    """An argument of a method, as the server declares it; ``type_name`` is that of its encoding,
    None when several are taken.
    """

    name: str
    type_name: str | None
    is_array: bool
    description: LocalText = LocalText()


@dataclass(slots=True)
class VariableFacts:
    """What a server tells about a variable.

    ``type_name`` is how values are encoded (``Double``, ``ExtensionObject``), None when that is
    left open; ``data_type`` is its declared type (``Duration``). ``value_rank`` is -1 for a scalar,
    1 and more for arrays. ``readable`` and ``writable`` hold for the user of the session.
    """

    data_type: QualifiedName | None = None
    type_name: str | None = None
    value_rank: int = -1
    readable: bool = True
    writable: bool = False
    has_history: bool = False
    sample: Sample = field(default_factory=lambda: Sample(None, 0, None))
    unit: Unit | None = None
    range: tuple[float, float] | None = None
    texts: Mapping[int, str] = field(default_factory=dict)
    truths: tuple[str, str] | None = None
    fields: tuple[StructureField, ...] = ()

    @property
    def is_array(self) -> bool:
        """Return whether its values are arrays, as declared or as the present one shows."""
        return self.value_rank >= 1 or (
            self.value_rank != -1 and isinstance(self.sample.value, list)
        )

    @property
    def shown_type(self) -> str:
        """Return its type as people read it: ``Double``, ``MachineMode``, ``Float[]``."""
        name = self.data_type.name if self.data_type else self.type_name or "any type"
        return f"{name}{'[]' * max(1, self.value_rank)}" if self.is_array else name


@dataclass(slots=True, eq=False)
class MachineNode:
    """One node and what is below it; a node that several others lead to is below the first.

    ``node`` is its id with the namespace's URI, ``type_definition`` that of its type; ``types`` are
    the names of its type and of the types that one is derived from, without the standard's.
    """

    node_id: ua.NodeId
    node: str
    kind: NodeKind
    name: QualifiedName
    display_name: LocalText = LocalText()
    description: LocalText = LocalText()
    is_property: bool = False
    parent: MachineNode | None = None
    children: list[MachineNode] = field(default_factory=list)
    properties: dict[str, ua.NodeId] = field(default_factory=dict)
    type_id: ua.NodeId | None = None
    type_definition: str = ""
    types: tuple[QualifiedName, ...] = ()
    dictionary_entries: tuple[str, ...] = ()
    variable: VariableFacts | None = None
    inputs: tuple[MethodParameter, ...] = ()
    outputs: tuple[MethodParameter, ...] = ()
    is_executable: bool = True
    cut: bool = False

    def walk(self) -> Iterator[MachineNode]:
        """Yield this node and everything below it, parents first."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending += reversed(node.children)

    @property
    def facts(self) -> VariableFacts:
        """Return what is told about a variable; of an object or method there is nothing."""
        return VariableFacts() if self.variable is None else self.variable

    @property
    def lineage(self) -> tuple[MachineNode, ...]:
        """Return the nodes from the root of the tree to this one."""
        found: list[MachineNode] = []
        node: MachineNode | None = self
        while node is not None:
            found.append(node)
            node = node.parent
        return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class MachineTree:
    """A part of a server's address space.

    ``path`` leads from the standard's Root folder to ``root``. ``cut`` says why something is
    missing, None when all is there.
    """

    root: MachineNode
    path: tuple[QualifiedName, ...]
    application_uri: str = ""
    product_name: str = ""
    manufacturer: str = ""
    cut: str | None = None

    def browse_path(self, node: MachineNode) -> str:
        """Return the names that lead to ``node``: ``/Objects/nsu=<uri>;Mill/nsu=<uri>;Speed``."""
        names = [*self.path, *(each.name for each in node.lineage[1:])]
        return "".join(f"/{name}" for name in names)

    def count(self) -> int:
        """Return how many nodes there are."""
        return sum(1 for _ in self.root.walk())

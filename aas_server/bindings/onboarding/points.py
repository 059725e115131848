"""Which element of which submodel each node of a machine becomes, and what happens on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from aas_server.bindings.onboarding.companion import RULES, Rule
from aas_server.bindings.onboarding.naming import Names, id_short
from aas_server.bindings.onboarding.unit_codes import convertible, ucum
from aas_server.bindings.opcua.address_space import STANDARD, MachineNode, MachineTree
from aas_server.bindings.units import unit_line
from aas_server.errors import ConfigurationError

MACHINE: Final = "MachineData"
"""The submodel that keeps the machine's own structure."""
OPERATIONAL: Final = "OperationalData"

Shape: TypeAlias = Literal["place", "signal", "element", "operation"]
"""A place that a template has, a signal, an element of the machine's own structure, a method."""

_LEFT_OUT: Final = frozenset(
    {
        "AddressSpaceFileType", "AggregateConfigurationType", "AuditEventType", "FileDirectoryType",
        "FileType", "HistoricalDataConfigurationType", "InitialStateType", "StateType",
        "TemporaryFileTransferType", "TransitionType",
    }
)  # fmt: skip
"""Types of the standard whose objects are machinery of the protocol and no data of the machine."""
_LEFT_OUT_NAMES: Final = frozenset({"AvailableStates", "AvailableTransitions"})
_OF_STATE_MACHINES: Final = frozenset({"CurrentState", "LastTransition"})
_AUXILIARY: Final = frozenset({"Id", "Number", "Name", "EffectiveDisplayName", "TransitionTime"})
"""Properties of a state variable (OPC 10000-16); the variable itself says it all."""

NUMBERS: Final = frozenset({"Float", "Double"})
INTEGERS: Final = frozenset(
    {"SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64"}
)
TEXTS: Final = frozenset({"String", "LocalizedText", "Guid", "QualifiedName", "DateTime"})


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a value goes through, as a plant file says it."""

    enumeration: Mapping[Any, str] | Literal["device"] | None = None
    unit: tuple[str, str] | None = None
    scale: tuple[float, float] | None = None

    @property
    def is_none(self) -> bool:
        """Return whether values stay as they are."""
        return self.enumeration is None and self.unit is None and self.scale is None


@dataclass(frozen=True, slots=True)
class Point:
    """A node and one element that it becomes: ``path`` are the idShorts in the submodel."""

    node: MachineNode
    browse_path: str
    shape: Shape
    submodel: str
    path: tuple[str, ...]
    conversion: Conversion = field(default_factory=Conversion)
    is_writable: bool = False

    @property
    def key(self) -> str:
        """Return what tells it from all others, run by run: its submodel and path."""
        return f"{self.submodel}/{'.'.join(self.path)}"


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier run decided: the places of each node, by node id and by browse path."""

    by_node: Mapping[str, Sequence[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    by_path: Mapping[str, Sequence[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    taken: Mapping[str, Iterable[str]] = field(default_factory=dict)

    def places(self, node: str, browse_path: str) -> Sequence[tuple[str, tuple[str, ...]]]:
        """Return the (submodel, path) pairs of a node, looked up by its id, then by its path."""
        return self.by_node.get(node) or self.by_path.get(browse_path) or ()


@dataclass(frozen=True, slots=True)
class Placement:
    """The points of a machine, the paths of the objects that became collections, and what was left
    out and why, a line each.
    """

    points: list[Point]
    owners: Mapping[MachineNode, tuple[str, ...]]
    left_out: list[str]


def place(tree: MachineTree, known: Known | None = None) -> Placement:
    """Return which elements the nodes of a machine become.

    Nodes that are ``known`` keep the places that they have; new ones get names that are free.
    """
    placing = _Placing(tree, known or Known())
    points = placing.points()
    return Placement(points, placing.owners(), placing.left_out)


class _Placing:
    def __init__(self, tree: MachineTree, known: Known) -> None:
        self._tree = tree
        self._known = known
        self._signals = Names(known.taken.get(f"{OPERATIONAL}/Signals", ()))
        self._levels: dict[MachineNode, tuple[tuple[str, ...], Names]] = {}
        self._filled: set[str] = set()
        self.left_out: list[str] = []

    def owners(self) -> dict[MachineNode, tuple[str, ...]]:
        """Return the paths of the objects that something was placed below."""
        return {node: path for node, (path, _) in self._levels.items() if path}

    def points(self) -> list[Point]:
        nodes = [node for node in self._tree.root.walk() if not _is_left_out(node)]
        mapped = self._mapped(nodes)
        found: list[Point] = []
        for node in nodes:
            if node in mapped:
                found += mapped[node]
            elif node.kind == "Method":
                found += self._operation(node)
            elif node.kind == "Variable":
                found += self._variable(node)
        return found

    def _mapped(self, nodes: Sequence[MachineNode]) -> dict[MachineNode, list[Point]]:
        """Return the points that the table of companion specifications gives."""
        found: dict[MachineNode, list[Point]] = {}
        nearest_first = sorted(nodes, key=lambda node: len(node.lineage))
        self._filled |= {
            f"{submodel}/{'.'.join(path)}"
            for places in self._known.by_node.values()
            for submodel, path in places
        }
        for rule in RULES:
            for node in nearest_first:
                if node.kind == "Variable" and node not in found and rule.matches(node):
                    points = self._ruled(rule, node)
                    if points:
                        found[node] = points
        return found

    def _ruled(self, rule: Rule, node: MachineNode) -> list[Point]:
        known = {f"{name}/{'.'.join(path)}" for name, path in self._places(node)}
        conversion = _ruled_conversion(rule, node)
        if conversion is None or (known and not known & set(rule.sinks)):
            return []
        points = []
        for sink in rule.sinks:
            if sink in self._filled and sink not in known:
                continue
            submodel, _, path = sink.partition("/")
            segments = tuple(path.split("."))
            is_signal = segments[0] == "Signals"
            self._filled.add(sink)
            if is_signal and sink not in known:
                kept = next((path for _, path in self._places(node) if path[0] == "Signals"), None)
                segments = kept or ("Signals", self._signals.take(segments[1]))
            shape: Shape = "signal" if is_signal else "place"
            points.append(self._point(node, shape, submodel, segments, conversion))
        return points

    def _variable(self, node: MachineNode) -> list[Point]:
        facts = node.variable
        if facts is None or _is_auxiliary(node):
            return []
        if not facts.readable:
            self._leave_out(node, "it may not be read by this user")
            return []
        if (
            facts.type_name == "ExtensionObject"
            and not facts.fields
            and facts.data_type is not None
            and facts.data_type.name not in ("Range", "EUInformation")
        ):
            self._leave_out(node, f"the server does not describe its structure {facts.shown_type}")
            return []
        if facts.type_name in (None, "Variant", "DataValue", "DiagnosticInfo"):
            self._leave_out(node, "its type is open and it has no value")
            return []
        if facts.type_name in ("NodeId", "ExpandedNodeId"):
            self._leave_out(node, "it is a node id, which says nothing outside of this server")
            return []
        conversion = Conversion("device" if facts.texts and not facts.is_array else None)
        for submodel, path in self._places(node):
            shape: Shape = "signal" if path[0] == "Signals" else "element"
            return [self._point(node, shape, submodel, path, conversion)]
        if _is_signal(node):
            path = ("Signals", self._signals.take(*names_of(node)))
            return [self._point(node, "signal", OPERATIONAL, path, conversion)]
        return [self._point(node, "element", MACHINE, self._path(node), conversion)]

    def _operation(self, node: MachineNode) -> list[Point]:
        if node.node_id.NamespaceIndex == 0 or node.parent is None:
            return []
        if not node.is_executable:
            self._leave_out(node, "this user may not call it")
            return []
        for argument in (*node.inputs, *node.outputs):
            if argument.type_name in ("ExtensionObject", "DataValue", "DiagnosticInfo"):
                text = f"its argument {argument.name!r} is a structure"
                self._leave_out(node, text)
                return []
        path = next((path for _, path in self._places(node)), None) or self._path(node)
        return [self._point(node, "operation", MACHINE, path, Conversion())]

    def _point(
        self,
        node: MachineNode,
        shape: Shape,
        submodel: str,
        path: tuple[str, ...],
        conversion: Conversion,
    ) -> Point:
        # What a template has a place for is the machine's to say, whatever its server would take.
        is_writable = (
            shape == "signal"
            and node.facts.writable
            and conversion.scale is None
            and node.facts.type_name != "LocalizedText"
        )
        browse_path = self._tree.browse_path(node)
        return Point(node, browse_path, shape, submodel, path, conversion, is_writable)

    def _places(self, node: MachineNode) -> Sequence[tuple[str, tuple[str, ...]]]:
        return self._known.places(node.node, self._tree.browse_path(node))

    def _path(self, node: MachineNode) -> tuple[str, ...]:
        """Return the path of a node in the machine's own structure, below its objects."""
        above, names = self._level(node.parent)
        return (*above, names.take(id_short(node.name.name)))

    def _level(self, owner: MachineNode | None) -> tuple[tuple[str, ...], Names]:
        if owner is None or owner.parent is None:
            owner = self._tree.root
        if owner not in self._levels:
            path: tuple[str, ...] = ()
            if owner is not self._tree.root:
                known = next((path for name, path in self._places(owner) if name == MACHINE), None)
                path = known or self._path(owner)
            taken = self._known.taken.get(f"{MACHINE}/{'.'.join(path)}", ())
            self._levels[owner] = path, Names(taken)
        return self._levels[owner]

    def _leave_out(self, node: MachineNode, why: str) -> None:
        self.left_out.append(f"{node.name.name} ({node.node}): {why}")


def names_of(node: MachineNode) -> tuple[str, ...]:
    """Return idShorts for what a node becomes, the best first; the state of a state machine, and
    what is called by a letter, is called after what it belongs to.
    """
    name = id_short(node.name.name)
    if node.parent is None:
        return (name,)
    longer = f"{id_short(node.parent.name.name)}_{name}".rstrip("_")
    says_little = node.name.name in _OF_STATE_MACHINES or len(node.name.name) == 1
    return (longer,) if says_little else (name, longer)


def _is_left_out(node: MachineNode) -> bool:
    return any(_is_protocol(each) for each in node.lineage[1:])


def _is_protocol(node: MachineNode) -> bool:
    names = {each.name for each in node.types if each.namespace == STANDARD}
    if names & _LEFT_OUT or any(each.endswith(("ConditionType", "AlarmType")) for each in names):
        return True
    return node.name.namespace == STANDARD and node.name.name in _LEFT_OUT_NAMES


def _is_auxiliary(node: MachineNode) -> bool:
    """Return whether a variable says something about the variable that it belongs to."""
    owner = node.parent
    if owner is None or owner.kind != "Variable":
        return False
    return node.is_property or (node.name.namespace == STANDARD and node.name.name in _AUXILIARY)


def _is_signal(node: MachineNode) -> bool:
    """Return whether a variable is a single quantity that changes while the machine runs."""
    facts = node.variable
    if facts is None or facts.is_array or node.is_property:
        return False
    return facts.type_name in NUMBERS | INTEGERS | TEXTS | {"Boolean"}


def _ruled_conversion(rule: Rule, node: MachineNode) -> Conversion | None:
    """Return what makes the sink's value of the node's, None when nothing can."""
    facts = node.variable
    if facts is None or not facts.readable or facts.is_array:
        return None
    if rule.texts:
        is_text = facts.type_name in ("String", "LocalizedText")
        wants_text = all(isinstance(key, str) for key in rule.texts)
        return Conversion(dict(rule.texts)) if is_text == wants_text else None
    if rule.is_wear:
        scale = _wear(node)
        return None if scale is None else Conversion(scale=scale)
    if rule.unit is None:
        return Conversion()
    source = rule.assumed if facts.unit is None else convertible(facts.unit)
    if source is None:
        return None
    return _between(source, rule.unit)


def _between(source: str, target: str) -> Conversion | None:
    try:
        line = unit_line(source, target)
    except ConfigurationError:
        return None
    return Conversion() if line.is_identity else Conversion(unit=(source, target))


def _wear(node: MachineNode) -> tuple[float, float] | None:
    """Return factor and offset that make a used share in percent of a remaining or used life."""
    ends = {
        child.name.name: child.variable.sample.value
        for child in node.children
        if child.variable is not None and child.name.name in ("StartValue", "LimitValue")
    }
    counts_up = next(
        (
            child.variable.sample.value
            for child in node.children
            if child.variable is not None and child.name.name == "IsCountingUp"
        ),
        None,
    )
    start, limit = ends.get("StartValue"), ends.get("LimitValue")
    if start is None and counts_up is True:
        start = 0.0
    if limit is None and counts_up is False:
        limit = 0.0
    if not isinstance(start, int | float) or not isinstance(limit, int | float) or start == limit:
        return None
    factor = 100.0 / (limit - start)
    return factor, -start * factor


def shown_unit(point: Point) -> str | None:
    """Return the unit (UCUM, else the machine's symbol) that the element of a point is in."""
    if point.conversion.unit is not None:
        return point.conversion.unit[1]
    if point.conversion.scale is not None:
        return "%"
    facts = point.node.variable
    return ucum(facts.unit) if facts is not None and facts.unit is not None else None

"""What a server says about the nodes that we bind: where they are, of which type, what may be
done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.opcua.data_types import DataTypes
from aas_server.bindings.opcua.problems import CODE_MASK, describe_status
from aas_server.bindings.opcua.scalar_encoding import INTEGER_RANGES
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import clean_text, numeric
from aas_server.bindings.plant.browse_path import parse_browse_path

_ATTRIBUTES: Final = (
    AttributeIds.DataType,
    AttributeIds.ValueRank,
    AttributeIds.AccessLevel,
    AttributeIds.UserAccessLevel,
)
_CURRENT_READ: Final = 1
_CURRENT_WRITE: Final = 2
_HISTORY_READ: Final = 4
_NOT_THERE: Final = frozenset({StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid})
_ABSTRACT: Final = frozenset(
    {ObjectIds.BaseDataType, ObjectIds.Number, ObjectIds.Integer, ObjectIds.UInteger}
)
NUMBERS: Final = frozenset({*INTEGER_RANGES, ua.VariantType.Float, ua.VariantType.Double})
"""Types whose changes have a size."""

_MAX_DEPTH: Final = 32
_TEXT_PROPERTIES: Final = ("EnumStrings", "EnumValues", "OptionSetValues")


@dataclass(frozen=True, slots=True)
class NodeProblem:
    """Why a node cannot be used: the status code that its values get, and a sentence."""

    status_code: int
    text: str


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A variable on this session's server.

    ``data_type`` is None when the server does not tell; ``value_rank`` is -1 for a scalar, 1 and
    more for arrays (OPC 10000-3 5.6.2). ``readable``, ``writable`` and ``has_history`` hold for the
    user of this session.
    """

    node_id: ua.NodeId
    data_type: ua.NodeId | None
    value_rank: int
    readable: bool
    writable: bool
    has_history: bool = False


@dataclass(frozen=True, slots=True)
class ValueRange:
    """What values a node is meant for, both ends included, in the machine's own unit."""

    low: float
    high: float

    def has(self, value: Any) -> bool:
        """Return whether ``value``, or each value in a list, is a number of this range."""
        if isinstance(value, list | tuple):
            return all(map(self.has, value))
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


class Nodes:
    """The nodes of one session; nothing of it survives the session, since indexes and types may
    change.
    """

    def __init__(self, session: OpcUaSession) -> None:
        self._session = session
        self._facts: dict[str, NodeFacts] = {}
        self._variant_types: dict[ua.NodeId, ua.VariantType | None] = {}
        self._ranges: dict[ua.NodeId, tuple[int, ValueRange | None]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._enumerations: set[ua.NodeId] = set()
        self._texts: dict[NodeFacts, dict[int, str]] = {}
        self.types = DataTypes(session, self.type_of)
        """What structures and enumerations of the server are made of."""

    def known(self, node: str) -> NodeFacts | None:
        """Return the facts that ``look_up`` found for ``node``."""
        return self._facts.get(node)

    def all_known(self) -> Mapping[str, NodeFacts]:
        """Return the facts of all nodes that ``look_up`` found."""
        return self._facts

    def resolve(self, node: str) -> ua.NodeId | NodeProblem:
        """Return the node id that ``node`` (``nsu=...;s=...``) is in this session."""
        return resolve_node_id(node, self._session.namespaces)

    async def look_up(
        self, nodes: Iterable[str], fallbacks: Mapping[str, str] | None = None
    ) -> dict[str, NodeFacts | NodeProblem]:
        """Return the facts of every node (``nsu=...;s=...``) or what is wrong with it.

        One that is not there is looked for at the end of its path in ``fallbacks``.
        """
        ids = {node: self.resolve(node) for node in nodes}
        found = await self._look_up_ids(ids)
        astray = {
            node: path
            for node, path in (fallbacks or {}).items()
            if isinstance(problem := found.get(node), NodeProblem)
            and problem.status_code & CODE_MASK in _NOT_THERE
        }
        if astray:
            found |= await self._look_up_ids(await self._at_paths(astray))
        self._facts |= {
            node: facts for node, facts in found.items() if isinstance(facts, NodeFacts)
        }
        return found

    async def _look_up_ids(
        self, ids: Mapping[str, ua.NodeId | NodeProblem]
    ) -> dict[str, NodeFacts | NodeProblem]:
        resolved = {node: each for node, each in ids.items() if isinstance(each, ua.NodeId)}
        answers = await self._session.read(
            [(node_id, attribute) for node_id in resolved.values() for attribute in _ATTRIBUTES]
        )
        width = len(_ATTRIBUTES)
        found: dict[str, NodeFacts | NodeProblem] = {
            node: each for node, each in ids.items() if isinstance(each, NodeProblem)
        }
        for position, (node, node_id) in enumerate(resolved.items()):
            found[node] = _facts(node_id, answers[position * width : (position + 1) * width])
        return found

    async def _at_paths(self, paths: Mapping[str, str]) -> dict[str, ua.NodeId | NodeProblem]:
        """Return the node at the end of each path, or that there is none there either."""
        asked = {
            node: _browse_path(parse_browse_path(path), self._session.namespaces)
            for node, path in paths.items()
        }
        known = {node: path for node, path in asked.items() if path is not None}
        targets = dict(
            zip(known, await self._session.view.targets(list(known.values())), strict=True)
        )
        return {
            node: targets.get(node)
            or NodeProblem(
                StatusCodes.BadNodeIdUnknown,
                f"BadNodeIdUnknown: the machine knows neither the node nor {paths[node]}",
            )
            for node in paths
        }

    async def variant_type(self, facts: NodeFacts) -> ua.VariantType | None:
        """Return as what a node's values are encoded, None when its data type leaves that open."""
        return None if facts.data_type is None else await self.type_of(facts.data_type)

    async def type_of(self, data_type: ua.NodeId) -> ua.VariantType | None:
        """Return as what values of a data type are encoded, None when it leaves that open."""
        if data_type not in self._variant_types:
            ancestor = await self._ancestor(data_type)
            if ancestor == ObjectIds.Enumeration:
                self._enumerations.add(data_type)
                ancestor = ua.VariantType.Int32.value
            self._variant_types[data_type] = (
                None if ancestor is None or ancestor in _ABSTRACT else ua.VariantType(ancestor)
            )
        return self._variant_types[data_type]

    async def range_of(self, facts: NodeFacts, semantics: int) -> ValueRange | None:
        """Return the node's EURange (OPC 10000-8 5.3.2.3), None where it has none.

        It is asked for once a session, and again when ``semantics``, which counts what the server
        tells of its changes, has grown.
        """
        known = self._ranges.get(facts.node_id)
        if known is None or known[0] != semantics:
            known = self._ranges[facts.node_id] = semantics, await self._read_range(facts.node_id)
        return known[1]

    def turn(self, node: str) -> asyncio.Lock:
        """Return the lock under which ``node`` is written: one write after the other."""
        return self._locks.setdefault(node, asyncio.Lock())

    def is_enumeration(self, facts: NodeFacts) -> bool:
        """Return whether ``variant_type`` found that the node's numbers are an enumeration's."""
        return facts.data_type in self._enumerations

    def known_texts(self, facts: NodeFacts) -> Mapping[int, str]:
        """Return what ``texts`` found for a node, empty for nothing."""
        return self._texts.get(facts, {})

    async def is_number(self, facts: NodeFacts) -> bool:
        """Return whether a node may hold numbers; servers that are asked to compare texts break."""
        variant_type = await self.variant_type(facts)
        return variant_type is None or variant_type in NUMBERS

    async def texts(self, facts: Sequence[NodeFacts]) -> list[dict[int, str]]:
        """Return each node's enumeration: its own EnumStrings or EnumValues, else its data type's.

        An enumeration without texts is empty.
        """
        owners = {
            owner: None
            for fact in facts
            for owner in (fact.node_id, fact.data_type)
            if owner is not None
        }
        paths = [property_path(owner, name) for owner in owners for name in _TEXT_PROPERTIES]
        targets = iter(await self._session.view.targets(paths))
        properties = [
            (owner, target)
            for owner in owners
            for _ in _TEXT_PROPERTIES
            if (target := next(targets))
        ]
        definitions = [(owner, AttributeIds.DataTypeDefinition) for owner in owners]
        answers = await self._session.read(
            [*((target, AttributeIds.Value) for _, target in properties), *definitions]
        )
        texts: dict[ua.NodeId, dict[int, str]] = {}
        for (owner, _), answer in zip([*properties, *definitions], answers, strict=True):
            if owner not in texts and (found := _texts(answer)):
                texts[owner] = found
        told = [
            texts.get(fact.node_id) or texts.get(fact.data_type or fact.node_id, {})
            for fact in facts
        ]
        self._texts.update(zip(facts, told, strict=True))
        return told

    async def _read_range(self, node_id: ua.NodeId) -> ValueRange | None:
        (target,) = await self._session.view.targets([property_path(node_id, "EURange")])
        if target is None:
            return None
        (answer,) = await self._session.read([(target, AttributeIds.Value)])
        value = _value(answer)
        # Servers say 0 to 0 where nobody entered a range.
        if not isinstance(value, ua.Range) or not value.Low < value.High:
            return None
        return ValueRange(value.Low, value.High)

    async def _ancestor(self, data_type: ua.NodeId) -> int | None:
        """Return the number of the builtin or abstract type of the standard that a data type is
        derived from, None when the server does not lead there.
        """
        current: ua.NodeId | None = data_type
        for _ in range(_MAX_DEPTH):
            if current is None:
                return None
            identifier = current.Identifier
            if current.NamespaceIndex == 0 and isinstance(identifier, int):
                if identifier in _ABSTRACT or identifier == ObjectIds.Enumeration:
                    return identifier
                if identifier <= ua.VariantType.DiagnosticInfo.value:
                    return identifier
            current = await self._session.view.supertype(current)
        return None


def resolve_node_id(text: str, namespaces: Sequence[str]) -> ua.NodeId | NodeProblem:
    """Return the node id with this session's namespace index for the URI that ``text`` names."""
    try:
        parsed = ua.NodeId.from_string(text)
    except (UaError, ValueError, TypeError):
        return NodeProblem(
            StatusCodes.BadNodeIdInvalid,
            f"{text!r} is no node id: write nsu=<namespace URI>;s=<id>, or i=, g=, b= for the id",
        )
    uri = getattr(parsed, "NamespaceUri", None)
    index = parsed.NamespaceIndex
    if uri:
        if uri not in namespaces:
            return NodeProblem(
                StatusCodes.BadNodeIdUnknown,
                f"BadNodeIdUnknown: the server has no namespace {uri!r}; it has "
                f"{', '.join(namespaces)}",
            )
        index = ua.Int16(namespaces.index(uri))
    return ua.NodeId(parsed.Identifier, index, parsed.NodeIdType)


def property_path(owner: ua.NodeId, name: str) -> ua.BrowsePath:
    """Return the way from ``owner`` to its standard property ``name``."""
    element = ua.RelativePathElement(
        ReferenceTypeId=numeric(ObjectIds.HasProperty),
        IsInverse=False,  # type: ignore[arg-type]  # asyncua annotates bool as a class of its own
        TargetName=ua.QualifiedName(name, 0),
    )
    return ua.BrowsePath(owner, ua.RelativePath([element]))


def _browse_path(
    steps: Sequence[tuple[str | int, str]], namespaces: Sequence[str]
) -> ua.BrowsePath | None:
    """Return what a server is asked, None when it does not have one of the namespaces."""
    elements: list[ua.RelativePathElement] = []
    for namespace, name in steps:
        if isinstance(namespace, str):
            if namespace not in namespaces:
                return None
            namespace = namespaces.index(namespace)
        elements.append(
            ua.RelativePathElement(
                ReferenceTypeId=numeric(ObjectIds.HierarchicalReferences),
                IsInverse=False,  # type: ignore[arg-type]  # asyncua's bool is a class of its own
                IncludeSubtypes=True,  # type: ignore[arg-type]
                TargetName=ua.QualifiedName(name, namespace),
            )
        )
    return ua.BrowsePath(numeric(ObjectIds.RootFolder), ua.RelativePath(elements))


def _facts(node_id: ua.NodeId, answers: Sequence[ua.DataValue]) -> NodeFacts | NodeProblem:
    data_type, rank, access, user_access = (_value(answer) for answer in answers)
    status = answers[0].StatusCode.value if answers[0].StatusCode else 0
    if status & CODE_MASK in _NOT_THERE:
        return NodeProblem(status, describe_status(status))
    if status & CODE_MASK == StatusCodes.BadAttributeIdInvalid:
        return NodeProblem(status, f"{describe_status(status)} The node is no variable.")
    allowed = _CURRENT_READ | _CURRENT_WRITE | _HISTORY_READ
    for level in (access, user_access):
        if isinstance(level, int):
            allowed &= level
    return NodeFacts(
        node_id,
        data_type if isinstance(data_type, ua.NodeId) else None,
        rank if isinstance(rank, int) else -2,
        bool(allowed & _CURRENT_READ),
        bool(allowed & _CURRENT_WRITE),
        # Unlike the others this must be said: nobody keeps history without saying so.
        isinstance(access, int) and bool(allowed & _HISTORY_READ),
    )


def _value(answer: ua.DataValue) -> Any:
    if answer.Value is None or (answer.StatusCode and not answer.StatusCode.is_good()):
        return None
    return answer.Value.Value


def _texts(answer: ua.DataValue) -> dict[int, str]:
    """Return the texts in EnumStrings, EnumValues or an EnumDefinition (OPC 10000-3 5.8.3,
    8.48).
    """
    value = _value(answer)
    entries: Sequence[Any] = value if isinstance(value, list) else getattr(value, "Fields", ())
    texts: dict[int, str] = {}
    for position, entry in enumerate(entries or ()):
        if isinstance(entry, ua.LocalizedText):
            texts[position] = clean_text(entry.Text or "")
        elif isinstance(entry, ua.EnumValueType | ua.EnumField):
            texts[int(entry.Value)] = clean_text(
                (entry.DisplayName.Text if entry.DisplayName else None)
                or getattr(entry, "Name", "")
                or ""
            )
    return {number: text for number, text in texts.items() if text}

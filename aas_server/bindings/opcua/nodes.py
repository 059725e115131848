"""What a server says about the nodes that we bind: where they are, of which type, what may be
done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.opcua.problems import CODE_MASK, describe_status
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import INTEGER_RANGES, clean_text, numeric

_ATTRIBUTES: Final = (
    AttributeIds.DataType,
    AttributeIds.ValueRank,
    AttributeIds.AccessLevel,
    AttributeIds.UserAccessLevel,
)
_CURRENT_READ: Final = 1
_CURRENT_WRITE: Final = 2
_NOT_THERE: Final = frozenset({StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid})
_ABSTRACT: Final = frozenset(
    {ObjectIds.BaseDataType, ObjectIds.Number, ObjectIds.Integer, ObjectIds.UInteger}
)
NUMBERS: Final = frozenset({*INTEGER_RANGES, ua.VariantType.Float, ua.VariantType.Double})
"""Types whose changes have a size."""

_MAX_DEPTH: Final = 32
_TEXT_PROPERTIES: Final = ("EnumStrings", "EnumValues")


@dataclass(frozen=True, slots=True)
class NodeProblem:
    """Why a node cannot be used: the status code that its values get, and a sentence."""

    status_code: int
    text: str


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A variable on this session's server.

    ``data_type`` is None when the server does not tell; ``value_rank`` is -1 for a scalar, 1 and
    more for arrays (OPC 10000-3 5.6.2). ``readable`` and ``writable`` hold for the user of this
    session.
    """

    node_id: ua.NodeId
    data_type: ua.NodeId | None
    value_rank: int
    readable: bool
    writable: bool


class Nodes:
    """The nodes of one session; nothing of it survives the session, since indexes and types may
    change.
    """

    def __init__(self, session: OpcUaSession) -> None:
        self._session = session
        self._facts: dict[str, NodeFacts] = {}
        self._variant_types: dict[ua.NodeId, ua.VariantType | None] = {}

    def known(self, node: str) -> NodeFacts | None:
        """Return the facts that ``look_up`` found for ``node``."""
        return self._facts.get(node)

    async def look_up(self, nodes: Iterable[str]) -> dict[str, NodeFacts | NodeProblem]:
        """Return the facts of every node (``nsu=...;s=...``) or what is wrong with it."""
        found: dict[str, NodeFacts | NodeProblem] = {}
        resolved: dict[str, ua.NodeId] = {}
        for node in nodes:
            node_id = resolve_node_id(node, self._session.namespaces)
            if isinstance(node_id, NodeProblem):
                found[node] = node_id
            else:
                resolved[node] = node_id
        answers = await self._session.read(
            [(node_id, attribute) for node_id in resolved.values() for attribute in _ATTRIBUTES]
        )
        width = len(_ATTRIBUTES)
        for position, (node, node_id) in enumerate(resolved.items()):
            facts = _facts(node_id, answers[position * width : (position + 1) * width])
            found[node] = facts
            if isinstance(facts, NodeFacts):
                self._facts[node] = facts
        return found

    async def variant_type(self, facts: NodeFacts) -> ua.VariantType | None:
        """Return as what a node's values are encoded, None when its data type leaves that open."""
        return None if facts.data_type is None else await self.type_of(facts.data_type)

    async def type_of(self, data_type: ua.NodeId) -> ua.VariantType | None:
        """Return as what values of a data type are encoded, None when it leaves that open."""
        if data_type not in self._variant_types:
            self._variant_types[data_type] = await self._walk_up(data_type)
        return self._variant_types[data_type]

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
        targets = iter(await self._session.targets(paths))
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
        return [
            texts.get(fact.node_id) or texts.get(fact.data_type or fact.node_id, {})
            for fact in facts
        ]

    async def _walk_up(self, data_type: ua.NodeId) -> ua.VariantType | None:
        current: ua.NodeId | None = data_type
        for _ in range(_MAX_DEPTH):
            if current is None:
                return None
            if current.NamespaceIndex == 0 and isinstance(current.Identifier, int):
                if current.Identifier == ObjectIds.Enumeration:
                    return ua.VariantType.Int32
                if current.Identifier in _ABSTRACT:
                    return None
                if current.Identifier <= ua.VariantType.DiagnosticInfo.value:
                    return ua.VariantType(current.Identifier)
            current = await self._session.supertype(current)
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


def _facts(node_id: ua.NodeId, answers: Sequence[ua.DataValue]) -> NodeFacts | NodeProblem:
    data_type, rank, access, user_access = (_value(answer) for answer in answers)
    status = answers[0].StatusCode.value if answers[0].StatusCode else 0
    if status & CODE_MASK in _NOT_THERE:
        return NodeProblem(status, describe_status(status))
    if status & CODE_MASK == StatusCodes.BadAttributeIdInvalid:
        return NodeProblem(status, f"{describe_status(status)} The node is no variable.")
    allowed = _CURRENT_READ | _CURRENT_WRITE
    for level in (access, user_access):
        if isinstance(level, int):
            allowed &= level
    return NodeFacts(
        node_id,
        data_type if isinstance(data_type, ua.NodeId) else None,
        rank if isinstance(rank, int) else -2,
        bool(allowed & _CURRENT_READ),
        bool(allowed & _CURRENT_WRITE),
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

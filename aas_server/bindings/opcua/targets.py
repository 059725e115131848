"""What a client writes as exactly what a node takes: its data type, its dimensions, no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from aas_server.bindings.opcua.definitions import Definition
from aas_server.bindings.opcua.nodes import NodeFacts, Nodes
from aas_server.bindings.opcua.preparing import BIT_MASKS
from aas_server.bindings.opcua.scalar_encoding import OutOfRange, Refused, scalar_encoder
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.structures import bits_of, encoded, flattened, number_of
from aas_server.bindings.opcua.variants import plain, refused_value
from aas_server.bindings.structure import Structure

_SCALAR: Final = -1
_SCALAR_OR_ONE: Final = -3


@dataclass(frozen=True, slots=True)
class Target:
    """As what a node takes values.

    ``rank`` as OPC 10000-3 5.6.2; ``dimensions`` are the most items of each dimension, 0 where
    there is no limit. ``definition`` is set for structures.
    """

    kind: ua.VariantType
    rank: int
    dimensions: Sequence[int] = ()
    definition: Definition | None = None


async def target_of(session: OpcUaSession, nodes: Nodes, facts: NodeFacts, *, path: str) -> Target:
    """Return as what the node takes values; where its data type leaves that open, it is the type of
    the value that is there.

    Raises ``DeviceRefusedValue`` for a structure that nobody can make.
    """
    kind = await nodes.variant_type(facts)
    dimensions: Sequence[int] = ()
    definition = None
    if facts.value_rank >= 1:
        (answer,) = await session.read([(facts.node_id, AttributeIds.ArrayDimensions)])
        told = None if answer.Value is None else answer.Value.Value
        dimensions = [int(each) for each in told] if isinstance(told, list) else ()
    if kind is ua.VariantType.ExtensionObject and facts.data_type is not None:
        await nodes.types.load([facts.data_type])
    is_open = kind is ua.VariantType.ExtensionObject and nodes.types.is_open(facts.data_type)
    try:
        if kind is None or is_open:
            kind, definition = await _present(session, nodes, facts)
        elif kind is ua.VariantType.ExtensionObject and facts.data_type is not None:
            definition = nodes.types.definition(facts.data_type)
    except ValueError as error:
        raise refused_value(Refused(str(error)), path) from error
    return Target(kind, facts.value_rank, dimensions, definition)


def exact_variant(
    value: Any, target: Target, nodes: Nodes, facts: NodeFacts, *, path: str
) -> ua.Variant:
    """Return ``value`` as exactly what ``target`` says.

    Raises ``DeviceRefusedValue`` that names what does not fit.
    """
    try:
        return _exact(value, target, nodes, facts)
    except Refused as error:
        raise refused_value(error, path) from error


def exact_item(
    value: Any, target: Target, nodes: Nodes, facts: NodeFacts, *, path: str
) -> ua.Variant:
    """Return ``value`` as one item of the array that ``target`` takes, itself an array of one as an
    IndexRange needs it; raises as ``exact_variant`` does.
    """
    items = replace(target, rank=1, dimensions=())
    return exact_variant([value], items, nodes, facts, path=path)


async def _present(
    session: OpcUaSession, nodes: Nodes, facts: NodeFacts
) -> tuple[ua.VariantType, Definition | None]:
    (answer,) = await session.read([(facts.node_id, AttributeIds.Value)])
    if answer.Value is None:
        return ua.VariantType.Null, None
    kind = answer.Value.VariantType
    value = plain(kind, answer.Value.Value)
    while isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, Structure):
        return kind, None
    await nodes.types.know([value.type_name])
    return kind, nodes.types.definition_of(value)


def _exact(value: Any, target: Target, nodes: Nodes, facts: NodeFacts) -> ua.Variant:
    texts = nodes.known_texts(facts)
    if target.kind in BIT_MASKS and target.rank == _SCALAR and isinstance(value, list):
        value = bits_of(value, texts)
    elif not isinstance(value, list):
        value = number_of(value, texts)
    rank = _rank(value, target)
    if rank == 0:
        return ua.Variant(_one(value, target, nodes), target.kind)
    lengths, items = flattened(value, rank)
    for length, most in zip(lengths, target.dimensions, strict=False):
        if 0 < most < length:
            raise OutOfRange(f"the machine's array takes {most} items, not {length}")
    encoded_items = []
    for index, item in enumerate(items):
        try:
            encoded_items.append(_one(number_of(item, texts), target, nodes))
        except Refused as error:
            raise error.at(f"[{index}]") from None
    dimensions = [ua.Int32(length) for length in lengths] if rank > 1 else None
    return ua.Variant(encoded_items, target.kind, dimensions, is_array=True)


def _rank(value: Any, target: Target) -> int:
    """Return of how many dimensions the value is to be, having refused what the node never takes.

    A matrix is known by its lists; an empty one is no matrix unless the node says so.
    """
    depth, each = 0, value
    while isinstance(each, list):
        depth += 1
        each = each[0] if each else None
    if target.rank >= 1:
        if depth == 0:
            raise Refused(f"the machine takes an array of {target.rank} dimensions, not one value")
        return target.rank
    if depth and target.rank == _SCALAR:
        raise Refused("the machine takes one value, not an array")
    if depth > 1 and target.rank == _SCALAR_OR_ONE:
        raise Refused("the machine takes one value or an array of one dimension")
    if depth == 0 and target.rank == 0:
        raise Refused("the machine takes an array, not one value")
    return depth


def _one(value: Any, target: Target, nodes: Nodes) -> Any:
    if target.definition is None:
        return scalar_encoder(target.kind, nodes.types.namespaces)(value)
    definition = target.definition
    if definition.encoding is None:
        raise Refused(f"the machine does not tell how a {definition.name} is encoded")
    types = nodes.types
    body = encoded(definition, value, types.definition, types.namespaces)
    return ua.ExtensionObject(TypeId=definition.encoding, Body=ua.ByteString(body))

"""Bindings made ready for one session: what the server itself says about the nodes that they
read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import structlog
from asyncua import ua
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings.binding import Binding
from aas_server.bindings.composite_types import leaf_of
from aas_server.bindings.opcua.nodes import NodeFacts, Nodes
from aas_server.bindings.opcua.problems import describe_status
from aas_server.bindings.opcua.structures import bit_names, named
from aas_server.errors import ConfigurationError
from aas_server.live.shapes import LIST

log = structlog.get_logger(__name__)

_OF_SESSION: Final = frozenset(
    {
        None,
        ua.VariantType.ExtensionObject,
        ua.VariantType.NodeId,
        ua.VariantType.ExpandedNodeId,
        ua.VariantType.DataValue,
        ua.VariantType.Variant,
    }
)
"""Types whose values mean something in one session only; None is an open type."""

BIT_MASKS: Final = frozenset(
    {
        ua.VariantType.Byte,
        ua.VariantType.UInt16,
        ua.VariantType.UInt32,
        ua.VariantType.UInt64,
    }
)
"""Types that hold a set of options, one for each bit."""


async def prepare(nodes: Nodes, wanted: Iterable[tuple[Binding, NodeFacts]]) -> None:
    """Give the conversion of each binding what it needs to know of its node: the texts of an
    enumeration, the types of structures.

    What the server does not tell costs only those bindings that need it.
    """
    planned = [(binding, facts) for binding, facts in wanted if binding.conversion is not None]
    kinds = {facts: await nodes.variant_type(facts) for facts in {facts for _, facts in planned}}
    await _load(nodes, [facts for facts, kind in kinds.items() if kind in _OF_SESSION])
    for_texts = [each for each in planned if _takes_texts(nodes, *each, kinds)]
    texts = await _texts(nodes, {facts for _, facts in for_texts})
    texts_of = {binding: texts.get(facts, {}) for binding, facts in for_texts}
    for binding, facts in planned:
        _prepare(nodes, binding, facts, kinds[facts], texts_of.get(binding, {}))


def _prepare(
    nodes: Nodes,
    binding: Binding,
    facts: NodeFacts,
    kind: ua.VariantType | None,
    texts: Mapping[int, str],
) -> None:
    conversion, point = binding.conversion, binding.point
    if conversion is None:
        return
    decode: Callable[[Any], Any] | None = None
    if texts and binding.settings.enumeration == "device":
        try:
            conversion = conversion.with_device_texts(texts)
        except ConfigurationError as error:
            log.warning("texts of the device refused", reason=error.text)
    elif texts:
        decode = partial(bit_names if kind in BIT_MASKS else named, texts=texts)
    if kind in _OF_SESSION:
        decode = nodes.types.plain if point is None else nodes.types.decoder(point, facts.node_id)
    if decode is not None or conversion.undecoded is not None:
        conversion = conversion.with_decoder(decode)
    binding.conversion = conversion


def _takes_texts(
    nodes: Nodes,
    binding: Binding,
    facts: NodeFacts,
    kinds: Mapping[NodeFacts, ua.VariantType | None],
) -> bool:
    """Return whether a text shows the node's numbers: it was asked for, or the node's numbers are
    those of an enumeration or of a set of options and the elements are texts.
    """
    enumeration, conversion = binding.settings.enumeration, binding.conversion
    if enumeration is not None or conversion is None:
        return enumeration == "device"
    sink = conversion.sink
    if sink.shape is None:
        return sink.value_type == "xs:string" and nodes.is_enumeration(facts)
    if sink.shape.model_type != LIST or leaf_of(sink.shape).value_type != "xs:string":
        return False
    is_mask = kinds[facts] in BIT_MASKS and facts.value_rank < 0
    return is_mask or nodes.is_enumeration(facts)


async def _load(nodes: Nodes, facts: Iterable[NodeFacts]) -> None:
    try:
        await nodes.types.load([each.data_type for each in facts if each.data_type is not None])
    except UaStatusCodeError as error:
        log.warning("types of the device not told", reason=describe_status(error.code))


async def _texts(nodes: Nodes, facts: Iterable[NodeFacts]) -> dict[NodeFacts, Mapping[int, str]]:
    wanted = list(facts)
    if not wanted:
        return {}
    try:
        return dict(zip(wanted, await nodes.texts(wanted), strict=True))
    except UaStatusCodeError as error:
        log.warning("texts of the device not told", reason=describe_status(error.code))
        return {}

"""The overlay: a submodel with live elements as fixed bytes with slots between them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from aas_server.live.composite_slots import CompositeSlot
from aas_server.live.hub import LiveGroup, LivePoint
from aas_server.live.sinks import Facet
from aas_server.live.slots import Slot
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node

_encode: Final = msgspec.json.Encoder().encode
_MARK: Final = "\x00slot\x00"
_MARK_JSON: Final = _encode(_MARK)
"""Cannot occur in a document: its strings are restricted to XML characters (AASd-130)."""


class LiveOverlay:
    """The bytes of one submodel, with each live element rendered anew when its value changed.

    Built for one ``structure`` of the group; the owner builds another when that has grown.
    """

    def __init__(self, submodel: Node, group: LiveGroup) -> None:
        self._group = group
        self.structure = group.structure
        self._slots: dict[IdShortPath, Slot] = {}
        self._has_composites = False
        self._segments = _encode(self._marked(submodel, ())).split(_MARK_JSON)
        self._body = b""
        self._version = -1

    @property
    def version(self) -> int:
        """Return the version of the values that the next ``body()`` shows."""
        return self._group.version

    def body(self) -> bytes:
        """Return the submodel in the normal form with the present values."""
        version = self._group.version
        if self._version != version:
            parts = [self._segments[0]]
            for slot, segment in zip(self._slots.values(), self._segments[1:], strict=True):
                parts += (slot.element_json(), segment)
            self._body = b"".join(parts)
            self._version = version
        return self._body

    def slot(self, path: IdShortPath) -> Slot | None:
        """Return the slot of the element at ``path``, or None when nothing feeds it."""
        return self._slots.get(path)

    def slot_of(self, path: IdShortPath) -> Slot | None:
        """Return the slot that shows the element at ``path``: its own, or that of the composite
        around it; None when nothing feeds it.
        """
        slot = self._slots.get(path)
        if slot is None and self._has_composites:
            for depth in range(len(path) - 1, 0, -1):
                around = self._slots.get(path[:depth])
                if isinstance(around, CompositeSlot):
                    return around
        return slot

    def _new_slot(self, element: Node, path: IdShortPath, point: LivePoint, facet: Facet) -> Slot:
        shape = point.sink.shape
        if shape is None or facet is not Facet.VALUE:
            return Slot(element, point, facet)
        self._has_composites = True
        return CompositeSlot(element, path, point, facet, shape)

    def _marked(self, node: Node, prefix: IdShortPath) -> Any:
        """Return ``node`` with every live element below it replaced by the mark, making its slot.

        Slots come in the order of the marks; of siblings with one idShort only the first is live.
        """
        attribute = CHILDREN_ATTRIBUTE.get(node.get("modelType", ""))
        if attribute is None or attribute not in node:
            return node
        in_list = node["modelType"] == "SubmodelElementList"
        marked: list[Any] = []
        for index, element in enumerate(node[attribute]):
            path = (*prefix, index if in_list else element.get("idShort", ""))
            if path in self._group.facets and path not in self._slots:
                self._slots[path] = self._new_slot(element, path, *self._group.facets[path])
                marked.append(_MARK)
            else:
                marked.append(self._marked(element, path))
        return {**node, attribute: marked}

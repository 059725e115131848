"""Composite slots: how a live value becomes an element with everything below it."""

from __future__ import annotations

from typing import Final

import msgspec

from aas_server.errors import BadRequest, NotFound
from aas_server.live.hub import LivePoint
from aas_server.live.shapes import (
    Shape,
    filled,
    is_of_properties,
    items_json,
    list_values,
    shape_of,
)
from aas_server.live.sinks import Facet
from aas_server.live.slots import Slot, value_qualifiers
from aas_server.metamodel.fingerprint import fingerprint
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node, child
from aas_server.metamodel.views import (
    Content,
    Extent,
    Level,
    normal,
    require_content,
    value_only,
)

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.decode
_LONG: Final = 1000
"""Items from which on a list is not kept decoded: that takes many times its bytes."""
_MARK: Final = "\x00items\x00"
_MARK_JSON: Final = _encode(_MARK)
"""Cannot occur in a document: its strings are restricted to XML characters (AASd-130)."""
_USUAL: Final = (Level.DEEP, Extent.WITHOUT_BLOB_VALUE)


class CompositeSlot(Slot):
    """A Range, Blob, collection or list of a document that shows a live value.

    It owns its whole subtree, whose length and members change with the value: what stands below it
    is read from the element as it is rendered. The ValueQualifiers stand on the element itself.
    """

    __slots__ = ("_node", "_node_version", "_shape", "_stored_element", "path")

    def __init__(
        self, element: Node, path: IdShortPath, point: LivePoint, facet: Facet, shape: Shape
    ) -> None:
        super().__init__(element, point, facet)
        self.path = path
        self._stored_element = element
        self._shape = shape if _fits(element, path, shape) else None
        self._node: Node = element
        self._node_version = -1

    def node(self) -> Node:
        """Return the element in the normal form, ValueQualifiers included; not to be changed."""
        if self._node_version == self.point.version:
            return self._node
        node, value = self._render(), self.point.current.value
        if not isinstance(value, list) or len(value) <= _LONG:
            self._node, self._node_version = node, self.point.version
        return node

    def element_view(self, level: Level, extent: Extent) -> bytes:
        """Return the element in the normal form, cut to ``level`` and ``extent``."""
        has_no_blobs = self._shape is not None and is_of_properties(self._shape)
        if level is Level.DEEP and (extent is Extent.WITH_BLOB_VALUE or has_no_blobs):
            return self.element_json()
        return _encode(normal(self.node(), level, extent))

    def value_view(self, path: IdShortPath, level: Level, extent: Extent) -> bytes:
        """Return the ValueOnly form of the element at ``path``, this one or one below it.

        Raises ``NotFound``, ``BadRequest`` for an element that has no $value.
        """
        if path == self.path and (level, extent) == _USUAL:
            return self.value_json()
        element = self._below(path)
        require_content(element, Content.VALUE)
        return _encode(value_only(element, level, extent))

    def tag(self, path: IdShortPath) -> str:
        """Return what names the stored element at ``path``: of one that only the machine's value
        has, it is the tag of the whole.
        """
        if path == self.path:
            return self.stored_tag
        element: Node | None = self._stored_element
        for segment in path[len(self.path) :]:
            element = None if element is None else child(element, segment)
        return self.stored_tag if element is None else fingerprint(element)

    def _below(self, path: IdShortPath) -> Node:
        node = self.node()
        for depth in range(len(self.path), len(path)):
            found = child(node, path[depth])
            if found is None:
                missing = format_id_short_path(path[: depth + 1])
                raise NotFound(
                    f"submodel {self.point.sink.submodel_id!r} has no element {missing!r}",
                    path="idShortPath",
                )
            node = found
        return node

    def _render(self) -> Node:
        element, value = self._stored_element, self.point.current.value
        if value is not None and self._shape is not None:
            element = filled(element, self._shape, value)
        return self._qualified(element)

    def _qualified(self, element: Node) -> Node:
        qualifiers = [_decode(each) for each in value_qualifiers(self.point.current)]
        return {**element, "qualifiers": [*(element.get("qualifiers") or ()), *qualifiers]}

    def _render_element(self) -> bytes:
        shape, value = self._shape, self.point.current.value
        item = None if shape is None else shape.item
        if shape is None or item is None or item.model_type != "Property" or not value:
            return _encode(self.node())
        element = self._qualified({**self._stored_element, "value": _MARK})
        before, after = _encode(element).split(_MARK_JSON)
        return before + items_json(self._stored_element, shape, value).encode() + after

    def _value_only(self) -> object:
        value = self.point.current.value
        if value is not None and self._shape is not None and is_of_properties(self._shape):
            return list_values(self._shape, value) or []
        return value_only(self.node(), *_USUAL)


def _fits(element: Node, path: IdShortPath, shape: Shape) -> bool:
    """Return whether the stored element is still what the values were made for."""
    try:
        return shape_of(element, path) == shape
    except BadRequest:
        return False

"""Documents with live elements, when clients write them."""

from __future__ import annotations

from functools import partial
from typing import Final

from aas_server.errors import BadRequest, Conflict, NotFound
from aas_server.live.hub import LiveGroup, LivePoint
from aas_server.live.shapes import COLLECTION, LIST, kept, shape_of
from aas_server.live.sinks import Facet, Sink
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node, resolve, with_changed

_RENDERED: Final = frozenset({"quality", "statusCode", "sourceTimestamp", "receivedTimestamp"})


def as_stored(submodel: Node, group: LiveGroup | None, before: Node | None = None) -> Node:
    """Return ``submodel``, as a client wrote it, without the qualifiers that reads add to live
    elements: they are rendered anew each time and never stored.

    ``before`` is the submodel as it was stored: elements of composites that reads do not show,
    because the machine leaves them out at the moment, are taken over from it. Raises ``Conflict``
    when a live element changes its type: its values would not fit any more.
    """
    if group is None:
        return submodel
    for path, (point, facet) in group.facets.items():
        try:
            element = resolve(submodel, path)
        except NotFound:
            continue
        if facet is not Facet.VALUE:
            continue
        mended = element if before is None else _kept(element, before, path, point)
        if (before or point.sink.shape is None) and not _fits(mended, path, point):
            raise Conflict(
                f"this element shows a machine's value: {_promise(point.sink)}",
                path=format_id_short_path(path),
            )
        if any(map(_is_rendered, mended.get("qualifiers") or ())):
            mended = _without_rendered(mended)
        if mended is not element:
            submodel = with_changed(submodel, path, partial(_instead, mended))
    return submodel


def _instead(element: Node, _: Node) -> Node:
    return element


def _kept(element: Node, before: Node, path: IdShortPath, point: LivePoint) -> Node:
    if point.sink.shape is None:
        return element
    try:
        stored = resolve(before, path)
    except NotFound:
        return element
    return kept(element, stored, point.sink.shape, point.current.value)


def _fits(element: Node, path: IdShortPath, point: LivePoint) -> bool:
    if point.sink.shape is not None:
        try:
            return shape_of(element, path) == point.sink.shape
        except BadRequest:
            return False
    return (
        element.get("modelType") == point.sink.model_type
        and element.get("valueType") == point.sink.value_type
    )


def _promise(sink: Sink) -> str:
    if sink.shape is not None and sink.model_type in (COLLECTION, LIST):
        return f"it stays a {sink.model_type} whose elements keep their names and types"
    return f"it stays a {sink.model_type} {sink.value_type or ''}".rstrip()


def _without_rendered(element: Node) -> Node:
    kept = [each for each in element["qualifiers"] if not _is_rendered(each)]
    if kept:
        return {**element, "qualifiers": kept}
    return {name: value for name, value in element.items() if name != "qualifiers"}


def _is_rendered(qualifier: Node) -> bool:
    return qualifier.get("kind") == "ValueQualifier" and qualifier.get("type") in _RENDERED

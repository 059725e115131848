"""Documents with live elements, when clients write them."""

from __future__ import annotations

from typing import Final

from aas_server.errors import Conflict, NotFound
from aas_server.live.hub import LiveGroup, LivePoint
from aas_server.live.sinks import Facet
from aas_server.metamodel.id_short_path import format_id_short_path
from aas_server.metamodel.tree import Node, resolve, with_changed

_RENDERED: Final = frozenset({"quality", "statusCode", "sourceTimestamp", "receivedTimestamp"})


def as_stored(submodel: Node, group: LiveGroup | None) -> Node:
    """Return ``submodel``, as a client wrote it, without the qualifiers that reads add to live
    elements: they are rendered anew each time and never stored.

    Raises ``Conflict`` when a live element changes its type: its values would not fit any more.
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
        if not _fits(element, point):
            raise Conflict(
                f"this element shows a machine's value: it stays a {point.sink.model_type} "
                f"{point.sink.value_type or ''}".rstrip(),
                path=format_id_short_path(path),
            )
        if any(map(_is_rendered, element.get("qualifiers") or ())):
            submodel = with_changed(submodel, path, _without_rendered)
    return submodel


def _fits(element: Node, point: LivePoint) -> bool:
    return (
        element.get("modelType") == point.sink.model_type
        and element.get("valueType") == point.sink.value_type
    )


def _without_rendered(element: Node) -> Node:
    kept = [each for each in element["qualifiers"] if not _is_rendered(each)]
    if kept:
        return {**element, "qualifiers": kept}
    return {name: value for name, value in element.items() if name != "qualifiers"}


def _is_rendered(qualifier: Node) -> bool:
    return qualifier.get("kind") == "ValueQualifier" and qualifier.get("type") in _RENDERED

"""Sinks: which elements of a submodel one source feeds."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aas_server.errors import BadRequest
from aas_server.live.shapes import COMPOSITES, Shape, shape_of
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.references import semantic_keys
from aas_server.metamodel.tree import Node, children, resolve

SIGNAL_SEMANTIC_ID: Final = "urn:aas-server:smt/OperationalData/Signal/1/0"
"""semanticId of a collection that shows one signal: its value, quality, status code and
timestamps.
"""


class Facet(enum.Enum):
    """What of a live value one element shows."""

    VALUE = "Value"
    QUALITY = "Quality"
    STATUS_CODE = "StatusCode"
    SOURCE_TIMESTAMP = "SourceTimestamp"
    RECEIVED_TIMESTAMP = "ReceivedTimestamp"


_VALUE_ID_SHORTS: Final = ("Value", "ValueInteger", "ValueBoolean", "ValueText")
_COMPANIONS: Final = (
    Facet.QUALITY,
    Facet.STATUS_CODE,
    Facet.SOURCE_TIMESTAMP,
    Facet.RECEIVED_TIMESTAMP,
)


@dataclass(frozen=True, slots=True)
class Sink:
    """The elements that one live value feeds.

    ``facets`` maps the path of each fed element to what it shows; exactly one shows the value
    itself, and ``model_type`` and ``value_type`` (None but for a Property and a Range) are that
    element's. A composite has a ``shape`` and owns every element below it.
    """

    submodel_id: str
    path: IdShortPath
    model_type: str
    value_type: str | None
    facets: Mapping[IdShortPath, Facet]
    shape: Shape | None = None

    @property
    def name(self) -> str:
        """Return where the value goes as a user reads it: ``submodel id/idShortPath``."""
        return f"{self.submodel_id}/{format_id_short_path(self.path)}"


def resolve_sink(submodel: Node, path: IdShortPath) -> Sink:
    """Return the sink at ``path``: a signal collection, whose value it is then, or an element that
    shows the value itself, from a Property to a collection that a structure fills.

    Raises ``NotFound`` when there is no such element, ``BadRequest`` when it can hold no live
    value.
    """
    element = resolve(submodel, path)
    facets: dict[IdShortPath, Facet] = {}
    value_path, value_element = path, element
    if (SIGNAL_SEMANTIC_ID,) in semantic_keys(element):
        value_path, value_element = _value_of_signal(element, path)
        present = {child.get("idShort") for child in children(element)}
        facets = {(*path, facet.value): facet for facet in _COMPANIONS if facet.value in present}
    shape = shape_of(value_element, value_path)
    facets[value_path] = Facet.VALUE
    return Sink(
        submodel["id"],
        value_path,
        shape.model_type,
        shape.value_type,
        facets,
        shape if shape.model_type in COMPOSITES else None,
    )


def _value_of_signal(signal: Node, path: IdShortPath) -> tuple[IdShortPath, Node]:
    for element in children(signal):
        if element.get("idShort") in _VALUE_ID_SHORTS:
            return (*path, element["idShort"]), element
    raise BadRequest(
        f"the signal has none of {', '.join(_VALUE_ID_SHORTS)}", path=format_id_short_path(path)
    )

"""What an element of the repository has for a value, be it a machine's or a stored one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from aas_server.errors import AasError, NotFound
from aas_server.live.hub import LiveHub
from aas_server.live.sinks import Facet, resolve_sink
from aas_server.live.values import BAD_CONFIGURATION_ERROR, GOOD
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node, resolve
from aas_server.metamodel.value_types import FLOAT_TYPES, to_json
from aas_server.repository.document import Document

BAD_NO_DATA: Final = 0x809B0000
_READ: Final = frozenset({"Property", "MultiLanguageProperty"})


@dataclass(frozen=True, slots=True)
class SourceValue:
    """The value of an element now, as a device would give it.

    ``is_live``: a machine's. ``time`` is when it was taken, microseconds since the epoch, None
    when unknown; ``problem`` says why there is no value, None where there is one, or where its
    quality tells all.
    """

    value: Any
    status_code: int
    time: int | None
    is_live: bool = False
    problem: str | None = None


def read_source(document: Document | None, path: IdShortPath, hub: LiveHub) -> SourceValue:
    """Return what the element at ``path`` of a submodel shows, None being one that is not there.

    A machine's value comes with its quality and its time; a stored one is good, and of the moment
    at which the submodel was last written.
    """
    if document is None:
        return _none("the submodel of its source is not there")
    try:
        sink = resolve_sink(document.stored_tree(), path)
        if sink.model_type not in _READ:
            return _none(f"its source is a {sink.model_type}, which no other element can show")
        live = hub.find(document.id, sink.path)
        if live is not None and live[1] is Facet.VALUE:
            current = live[0].current
            return SourceValue(current.value, current.status_code, current.source_timestamp, True)
        owner = hub.owner(document.id, sink.path)
        if live is None and owner is None:
            return _stored(resolve(document.stored_tree(), sink.path), document)
        shown = _stored(resolve(document.tree(), sink.path), document)
        if owner is not None:
            # A part of a structure, a list, a range: it is as good as the whole.
            current = owner.current
            status, time = current.status_code, current.source_timestamp
            return replace(shown, status_code=status, time=time, is_live=True)
        # What a signal tells of its value (quality, times) is known since it was heard.
        return replace(
            shown, time=live[0].current.received_timestamp if live else None, is_live=True
        )
    except NotFound:
        return _none("its source is not there: the submodel has no such element")
    except AasError as error:
        return _none(f"its source: {error.text}")


def _stored(element: Node, document: Document) -> SourceValue:
    value = element.get("value")
    if value is None:
        return SourceValue(None, BAD_NO_DATA, None, problem="its source has no value")
    if element["modelType"] == "Property":
        value_type = element.get("valueType", "xs:string")
        try:
            plain = to_json(value_type, value)
        except ValueError:
            return _none(f"its source has {value[:80]!r}, which is no {value_type}")
        if isinstance(plain, str) and value_type in FLOAT_TYPES:
            plain = float(plain.replace("INF", "inf"))
        value = plain
    return SourceValue(value, GOOD, document.stored.updated)


def _none(problem: str) -> SourceValue:
    return SourceValue(None, BAD_CONFIGURATION_ERROR, None, problem=problem)

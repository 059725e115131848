"""Recent samples of a live element over HTTP: an extension of ours, beside the specification."""

from __future__ import annotations

from typing import Any, Final

from aas_server.api.parameters import Query
from aas_server.clock import to_datetime
from aas_server.errors import BadRequest, NotFound
from aas_server.live.samples import Gap, time_of
from aas_server.live.shapes import Shape, filled
from aas_server.live.sinks import Sink
from aas_server.live.values import LiveValue
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import Node, resolve
from aas_server.metamodel.views import Extent, Level, value_only
from aas_server.repository.repository import Repository

PATH: Final = "/live/samples"
DEFAULT_LIMIT: Final = 1000
MAX_LIMIT: Final = 10_000


async def samples_report(repository: Repository, query: Query) -> dict[str, Any]:
    """Return the samples that ``query`` asks for: ``submodel`` (base64url of its id), ``path``,
    ``from``, ``to``, both included, and ``limit``.

    ``items`` are the newest of the span, the oldest first; ``leftOff`` is how many older ones were
    left out. ``gaps`` are the times of which samples are missing, and why. Raises ``BadRequest``
    and ``NotFound``, also for an element of which no samples are kept.
    """
    submodel_id, path_text = query.identifier("submodel"), query.one("path")
    if submodel_id is None or not path_text:
        raise BadRequest("submodel (base64url of its id) and path (idShortPath) are needed")
    path = parse_id_short_path(path_text)
    start, end = query.moment("from"), query.moment("to")
    limit = query.limit(default=DEFAULT_LIMIT, largest=MAX_LIMIT)
    document = await repository.submodels.get(submodel_id)
    point = repository.live_point(submodel_id, path)
    if point is None or point.samples is None:
        resolve(document.tree(), path)
        raise NotFound(
            "no samples are kept of this element: its binding says nothing of history", path="path"
        )
    element = resolve(document.stored_tree(), point.sink.path)
    window = point.samples.window(start, end, limit)
    return {
        "items": [_shown(each, point.sink, element) for each in window.items],
        "gaps": [_gap(each) for each in window.gaps],
        "leftOff": window.left_off,
    }


def _shown(sample: LiveValue, sink: Sink, element: Node) -> dict[str, Any]:
    return {
        "value": None if sample.value is None else _value(sample.value, sink, element),
        "quality": sample.quality.value,
        "statusCode": sample.status_code,
        "sourceTimestamp": _iso(time_of(sample)),
    }


def _value(value: Any, sink: Sink, element: Node) -> Any:
    shape = sink.shape or Shape(sink.model_type, sink.value_type)
    return value_only(filled(element, shape, value), Level.DEEP, Extent.WITH_BLOB_VALUE)


def _gap(gap: Gap) -> dict[str, str]:
    return {"from": _iso(gap.start), "to": _iso(gap.end), "reason": gap.reason}


def _iso(microseconds: int) -> str:
    """Return an xs:dateTime that tells any two samples apart."""
    return to_datetime(microseconds).isoformat(timespec="microseconds").replace("+00:00", "Z")

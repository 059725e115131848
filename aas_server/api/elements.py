"""Submodel elements (IDTA-01002): lists of them, single ones, and the writing of values."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import formatdate
from typing import Any, Final

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.paging import page_of, page_of_views
from aas_server.api.responses import (
    Header,
    Response,
    encode_json,
    json_response,
    no_content,
    view_response,
)
from aas_server.api.submodels import submodel_of
from aas_server.live.sinks import Facet
from aas_server.live.slots import Slot
from aas_server.live.values import GOOD, STATUS_NAMES, LiveValue, status_name
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node, children, lineage, resolve
from aas_server.metamodel.views import (
    Content,
    Extent,
    Level,
    id_short_paths,
    metadata,
    normal,
    reference,
    require_content,
    value_only,
)
from aas_server.repository.document import Document

ANONYMOUS: Final = "anonymous"
"""Who writes, as the change log names it, while callers are not told apart."""


def list_elements(call: Call) -> Response:
    """Answer with a page of the submodel's own elements, each as a read of it alone shows it.

    A page of $path counts paths: those of the elements one after the other.
    """
    level, extent = call.modifiers()
    limit, cursor = call.limit(), call.query.cursor()
    submodel = submodel_of(call).tree()
    content = call.operation.content
    if content is Content.PATH:
        paths = [id_short_paths(each, (_id_short(each),), level) for each in children(submodel)]
        flat = [path for each in paths for path in each]
        return page_of_views(*page_of(flat, str, limit=limit, cursor=cursor))
    elements, following = page_of(children(submodel), _id_short, limit=limit, cursor=cursor)
    result: Any
    if content is Content.VALUE:
        values = {_id_short(each): value_only(each, level, extent) for each in elements}
        result = {name: value for name, value in values.items() if value is not None}
    else:
        result = [
            _view([submodel, each], (_id_short(each),), content, level, extent) for each in elements
        ]
    return page_of_views(result, following)


def get_element(call: Call) -> Response:
    """Answer with one element in the form that is asked for."""
    level, extent = call.modifiers()
    path = call.id_short_path()
    submodel = submodel_of(call)
    content = call.operation.content
    if content is Content.VALUE:
        return value_response(submodel, path, level, extent)
    slot = submodel.slot(path)
    if slot is not None and content is Content.NORMAL:
        return json_response(slot.element_json())
    nodes = lineage(submodel.tree(), path)
    require_content(nodes[-1], content)
    return view_response(_view(nodes, path, content, level, extent))


async def patch_element_value(call: Call) -> Response:
    """Set the value of one element; answer once whoever owns it has taken it."""
    path = call.id_short_path()
    submodel = submodel_of(call)
    value = await read_json(call.headers, call.receive, limit=call.settings.max_body)
    await call.repository.write_value(submodel.id, path, value, actor=ANONYMOUS)
    return no_content()


def value_response(
    submodel: Document,
    path: IdShortPath,
    level: Level = Level.DEEP,
    extent: Extent = Extent.WITHOUT_BLOB_VALUE,
) -> Response:
    """Return the answer to a read of $value; a live value comes with its quality and its time."""
    slot = submodel.slot(path)
    if slot is not None:
        return json_response(slot.value_json(), headers=_live_headers(slot))
    element = resolve(submodel.tree(), path)
    require_content(element, Content.VALUE)
    return json_response(encode_json(value_only(element, level, extent)))


def _view(
    nodes: Sequence[Node],
    path: IdShortPath,
    content: Content,
    level: Level,
    extent: Extent,
) -> Any:
    element = nodes[-1]
    if content is Content.METADATA:
        return metadata(element)
    if content is Content.REFERENCE:
        return reference(nodes, path)
    if content is Content.PATH:
        return id_short_paths(element, path, level)
    return normal(element, level, extent)


def _id_short(element: Node) -> str:
    id_short: str = element.get("idShort", "")
    return id_short


def _live_headers(slot: Slot) -> list[Header]:
    live = slot.point.current
    headers: list[Header] = []
    if slot.facet is Facet.VALUE:
        headers.append((b"aas-quality", _quality(live)))
    moment = live.received_timestamp if live.source_timestamp is None else live.source_timestamp
    if moment is not None:
        headers.append((b"last-modified", formatdate(moment // 1_000_000, usegmt=True).encode()))
    return headers


def _quality(live: LiveValue) -> bytes:
    name = status_name(live.status_code)
    suffix = "" if name == STATUS_NAMES[GOOD] else f";status={name}"
    return f"{live.quality.value}{suffix}".encode()

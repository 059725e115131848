"""Submodel elements (IDTA-01002): lists of them, single ones, and the writing of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.documents import etag, warning
from aas_server.api.paging import page_of, page_of_views
from aas_server.api.responses import (
    Header,
    Response,
    created,
    encode_json,
    json_response,
    no_content,
)
from aas_server.api.submodels import submodel_of, submodel_path
from aas_server.errors import NotFound
from aas_server.live.sinks import Facet
from aas_server.live.slots import Slot
from aas_server.live.values import GOOD, STATUS_NAMES, LiveValue, status_name
from aas_server.metamodel.edits import deleted, inserted, put
from aas_server.metamodel.fingerprint import fingerprint
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.patches import patched_element, patched_metadata
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
from aas_server.repository.conditions import UNCONDITIONAL
from aas_server.repository.document import Document
from aas_server.store.protocol import Kind


async def list_elements(call: Call) -> Response:
    """Answer with a page of the submodel's own elements, each as a read of it alone shows it.

    A page of $path counts paths: those of the elements one after the other.
    """
    level, extent = call.modifiers()
    limit, cursor = call.limit(), call.query.cursor()
    submodel = (await submodel_of(call)).tree()
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


async def get_element(call: Call) -> Response:
    """Answer with one element in the form that is asked for."""
    level, extent = call.modifiers()
    path = call.id_short_path()
    submodel = await submodel_of(call)
    content = call.operation.content
    if content is Content.VALUE:
        return value_response(submodel, path, level, extent)
    nodes = lineage(submodel.tree(), path)
    tag = etag(submodel.element_etag(path, nodes[-1]))
    slot = submodel.slot(path)
    if slot is not None and content is Content.NORMAL:
        return json_response(slot.element_view(level, extent), headers=(tag,))
    require_content(nodes[-1], content)
    return json_response(encode_json(_view(nodes, path, content, level, extent)), headers=(tag,))


async def post_element(call: Call) -> Response:
    """Add an element to the submodel, or to the container in the path."""
    call.modifiers()
    submodel_id = (await submodel_of(call)).id
    parent = call.id_short_path() if "idShortPath" in call.values else ()
    checked = await call.repository.verifier.check(await read_json(call))
    strict = call.repository.verifier.strict
    path: IdShortPath = ()

    def add(submodel: Node) -> Node:
        nonlocal path
        if parent:
            require_stored(call, submodel, parent)
        changed, path = inserted(submodel, parent, checked.tree, strict=strict)
        return changed

    submodel = await call.repository.edit(
        Kind.SUBMODEL,
        submodel_id,
        add,
        actor=call.actor,
        path=parent,
        conditions=UNCONDITIONAL if parent else call.conditions(),
        warnings=checked.warnings,
    )
    return _created(call, submodel, path, checked.tree)


async def put_element(call: Call) -> Response:
    """Create or replace the element in the path."""
    call.modifiers()
    submodel_id = (await submodel_of(call)).id
    path = call.id_short_path()
    checked = await call.repository.verifier.check(await read_json(call))
    strict = call.repository.verifier.strict
    is_new = False

    def replace(submodel: Node) -> Node:
        nonlocal is_new
        require_stored(call, submodel, path)
        changed, is_new = put(submodel, path, checked.tree, strict=strict)
        return changed

    submodel = await _edit(call, submodel_id, replace, path, checked.warnings)
    if is_new:
        return _created(call, submodel, path, resolve(submodel.stored_tree(), path))
    return no_content(_written(submodel, path))


async def patch_element(call: Call) -> Response:
    """Change parts of an element, its metadata or its value: all that is named or nothing.

    A value that a machine owns is answered for once the machine took it.
    """
    call.modifiers()
    submodel_id = (await submodel_of(call)).id
    path = call.id_short_path()
    patch = await read_json(call)
    content = call.operation.content
    if content is Content.VALUE:
        await call.repository.write_value(
            submodel_id,
            path,
            patch,
            actor=call.actor,
            require=lambda submodel: require_stored(call, submodel, path),
        )
        return no_content()
    strict = call.repository.verifier.strict

    def change(submodel: Node) -> Node:
        require_stored(call, submodel, path)
        if content is Content.METADATA:
            return patched_metadata(submodel, path, patch, strict=strict)
        return patched_element(submodel, path, patch, strict=strict)

    submodel = await call.repository.edit_verified(
        Kind.SUBMODEL,
        submodel_id,
        change,
        lambda submodel: resolve(submodel, path),
        actor=call.actor,
        path=path,
    )
    return no_content(_written(submodel, path))


async def delete_element(call: Call) -> Response:
    """Delete an element; later items of a list move up."""
    path = call.id_short_path()

    def delete(submodel: Node) -> Node:
        require_stored(call, submodel, path)
        return deleted(submodel, path)

    await _edit(call, (await submodel_of(call)).id, delete, path, 0)
    return no_content()


def value_response(
    submodel: Document,
    path: IdShortPath,
    level: Level = Level.DEEP,
    extent: Extent = Extent.WITHOUT_BLOB_VALUE,
) -> Response:
    """Return the answer to a read of $value; a live value comes with its quality and its time."""
    slot = submodel.slot_of(path)
    if slot is not None:
        value = slot.value_view(path, level, extent)
        tag = etag(submodel.live_etag(slot, path))
        return json_response(value, headers=(tag, *_live_headers(slot)))
    element = resolve(submodel.tree(), path)
    require_content(element, Content.VALUE)
    tag = etag(submodel.element_etag(path, element))
    return json_response(encode_json(value_only(element, level, extent)), headers=(tag,))


async def _edit(
    call: Call,
    submodel_id: str,
    change: Callable[[Node], Node],
    path: IdShortPath,
    warnings: int,
) -> Document:
    return await call.repository.edit(
        Kind.SUBMODEL, submodel_id, change, actor=call.actor, path=path, warnings=warnings
    )


def require_stored(call: Call, submodel: Node, path: IdShortPath) -> None:
    """Raise ``PreconditionFailed`` unless the stored element at ``path`` is as demanded."""
    conditions = call.conditions()
    if conditions == UNCONDITIONAL:
        return
    try:
        tag = fingerprint(resolve(submodel, path))
    except NotFound:
        tag = None
    conditions.require(tag)


def _created(call: Call, submodel: Document, path: IdShortPath, element: Node) -> Response:
    text = format_id_short_path(path)
    location = call.origin.location(f"{submodel_path(call)}/submodel-elements/{text}")
    return created(element, location, headers=_written(submodel, path))


def _written(submodel: Document, path: IdShortPath) -> list[Header]:
    # As it is stored: what a machine feeds may show less of it.
    element = resolve(submodel.stored_tree(), path)
    return [etag(submodel.element_etag(path, element)), *warning(submodel.warnings)]


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

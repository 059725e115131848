"""The submodel repository (IDTA-01002): submodels, by themselves or as parts of a shell."""

from __future__ import annotations

from aas_server.api.call import Call
from aas_server.api.paging import page_of, page_of_views, page_response
from aas_server.api.responses import Response, encode_json, json_response
from aas_server.api.shells import require_submodel_of_shell
from aas_server.errors import BadRequest
from aas_server.metamodel.views import (
    Content,
    Extent,
    Level,
    id_short_paths,
    metadata,
    normal,
    reference,
    value_only,
)
from aas_server.repository.collection import Filter
from aas_server.repository.document import Document


def list_submodels(call: Call) -> Response:
    """Answer with a page of submodels in the form that is asked for.

    A page of $path counts paths: those of the submodels one after the other.
    """
    level, extent = call.modifiers()
    wanted = Filter(
        id_short=call.query.one("idShort"), semantic_id=call.query.reference("semanticId")
    )
    content = call.operation.content
    if content is Content.PATH:
        return page_of_views(*_page_of_paths(call, wanted, level))
    page = call.repository.submodels.page(wanted, limit=call.limit(), cursor=call.query.cursor())
    return page_response(
        [_render(found, content, level, extent) for found in page.documents], page.cursor
    )


def get_submodel(call: Call) -> Response:
    """Answer with one submodel in the form that is asked for."""
    level, extent = call.modifiers()
    return json_response(_render(submodel_of(call), call.operation.content, level, extent))


def submodel_of(call: Call) -> Document:
    """Return the submodel in the path.

    Raises ``NotFound`` when there is none, or when the path leads through a shell that does not
    refer to it.
    """
    submodel_id = call.identifier("submodelIdentifier")
    if "aasIdentifier" in call.values:
        require_submodel_of_shell(call, submodel_id)
    return call.repository.submodels.get(submodel_id)


def _page_of_paths(call: Call, wanted: Filter, level: Level) -> tuple[list[str], str | None]:
    """Return up to ``limit`` paths and the cursor of the next ones.

    A cursor is one of the collection, or ``before.own.within``: the cursor that leads to a
    submodel, the one that leads past it, and one into its paths.
    """
    submodels = call.repository.submodels
    limit = call.limit()
    before, own, within = _split_cursor(call.query.cursor())
    found: list[str] = []
    while True:
        page = submodels.page(wanted, limit=limit, cursor=before)
        for submodel in page.documents:
            if len(found) == limit:
                return found, before
            after = submodels.cursor_after(submodel)
            paths, rest = page_of(
                id_short_paths(submodel.tree(), (), level),
                str,
                limit=limit - len(found),
                # When the submodel of the cursor is gone, what follows is shown from its start.
                cursor=within if after == own else None,
            )
            found += paths
            if rest is not None:
                return found, f"{before or ''}.{after}.{rest}"
            before = after
        if page.cursor is None:
            return found, None


def _split_cursor(cursor: str | None) -> tuple[str | None, str | None, str | None]:
    before, *inside = (cursor or "").split(".")
    if len(inside) not in (0, 2):
        raise BadRequest("this cursor was not given by this server", path="cursor")
    own, within = inside or (None, None)
    return before or None, own, within


def _render(submodel: Document, content: Content, level: Level, extent: Extent) -> bytes:
    if content is Content.NORMAL:
        whole = level is Level.DEEP and (
            extent is Extent.WITH_BLOB_VALUE or not submodel.may_hold_blobs
        )
        return submodel.body() if whole else encode_json(normal(submodel.tree(), level, extent))
    tree = submodel.tree()
    if content is Content.METADATA:
        return encode_json(metadata(tree))
    if content is Content.VALUE:
        return encode_json(value_only(tree, level, extent))
    if content is Content.REFERENCE:
        return encode_json(reference([tree]))
    return encode_json(id_short_paths(tree, (), level))

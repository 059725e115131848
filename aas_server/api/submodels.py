"""The submodel repository (IDTA-01002): submodels, by themselves or as parts of a shell."""

from __future__ import annotations

from aas_server.api.call import Call
from aas_server.api.paging import page_of_views, page_response
from aas_server.api.responses import Response, encode_json, json_response
from aas_server.api.shells import require_submodel_of_shell
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

    The page of paths holds those of all its submodels, one after the other.
    """
    level, extent = call.modifiers()
    wanted = Filter(
        id_short=call.query.one("idShort"), semantic_id=call.query.reference("semanticId")
    )
    page = call.repository.submodels.page(wanted, limit=call.limit(), cursor=call.query.cursor())
    if call.operation.content is Content.PATH:
        paths = [id_short_paths(found.tree(), (), level) for found in page.documents]
        return page_of_views([path for each in paths for path in each], page.cursor)
    content = call.operation.content
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

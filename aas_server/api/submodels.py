"""The submodel repository (IDTA-01002): submodels, by themselves or as parts of a shell."""

from __future__ import annotations

from typing import Final

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.documents import (
    VARIES,
    created_document,
    document_filter,
    document_response,
    etag,
    replaced_document,
    whole_response,
)
from aas_server.api.forms import in_form, wanted_type
from aas_server.api.operations.operation import JSON
from aas_server.api.paging import page_of, page_of_views, page_response
from aas_server.api.responses import Response, encode_json, no_content
from aas_server.api.shells import require_submodel_of_shell, with_submodel, without_submodel
from aas_server.errors import BadRequest, NotFound
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.patches import patched_metadata, patched_submodel
from aas_server.metamodel.tree import Node
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
from aas_server.repository.unit import Unit
from aas_server.repository.unit_work import put_into
from aas_server.store.protocol import Kind

MAX_SCANNED: Final = 2000
"""Submodels that are looked at for one page of paths at most: some have none."""

_FIRST_CHUNK: Final = 8
_MAX_CHUNK: Final = 500


async def list_submodels(call: Call) -> Response:
    """Answer with a page of submodels in the form that is asked for.

    A page of $path counts paths: those of the submodels one after the other.
    """
    level, extent = call.modifiers()
    wanted = document_filter(call, semantic_id=call.query.reference("semanticId"))
    content = call.operation.content
    if content is Content.PATH:
        return page_of_views(*await _page_of_paths(call, wanted, level))
    page = await call.repository.submodels.page(
        wanted, limit=call.limit(), cursor=call.query.cursor()
    )
    return page_response(
        [_render(found, content, level, extent) for found in page.documents], page.cursor
    )


async def post_submodel(call: Call) -> Response:
    """Create a submodel."""
    submodel = await call.repository.create(
        Kind.SUBMODEL, await read_json(call), actor=call.actor, conditions=call.conditions()
    )
    return created_document(call, submodel, f"/submodels/{encode_identifier(submodel.id)}")


async def get_submodel(call: Call) -> Response:
    """Answer with one submodel in the form that is asked for; the normal one as Accept likes it."""
    level, extent = call.modifiers()
    submodel = await submodel_of(call)
    content = call.operation.content
    if content is not Content.NORMAL:
        return document_response(submodel, _render(submodel, content, level, extent))
    media_type = wanted_type(call)
    if media_type != JSON:
        return await in_form(call, submodel, normal(submodel.tree(), level, extent), media_type)
    if _is_whole(submodel, level, extent):
        return whole_response(submodel)
    body = _render(submodel, content, level, extent)
    return document_response(submodel, body, more=(VARIES,))


async def put_submodel(call: Call) -> Response:
    """Create or replace a submodel; through a shell, which then refers to it."""
    if "aasIdentifier" in call.values:
        return await _put_into_shell(call)
    identifier = call.identifier("submodelIdentifier")
    submodel, is_new = await call.repository.put(
        Kind.SUBMODEL,
        identifier,
        await read_json(call),
        actor=call.actor,
        conditions=call.conditions(),
        create=call.operation.creates,
    )
    if is_new:
        return created_document(call, submodel, f"/submodels/{encode_identifier(identifier)}")
    return replaced_document(submodel)


async def delete_submodel(call: Call) -> Response:
    """Delete a submodel; through a shell together with the reference to it."""
    identifier = call.identifier("submodelIdentifier")

    async def delete(unit: Unit) -> None:
        if "aasIdentifier" in call.values:
            shell = await _shell(call, unit)
            await unit.replace(Kind.SHELL, shell["id"], without_submodel(shell, identifier))
        await unit.delete(Kind.SUBMODEL, identifier, conditions=call.conditions())

    await call.repository.change(delete, actor=call.actor)
    return no_content()


async def patch_submodel(call: Call) -> Response:
    """Change parts of a submodel, its metadata or its values: all that is named or nothing."""
    call.modifiers()
    identifier = (await submodel_of(call)).id
    patch = await read_json(call)
    content = call.operation.content
    if content is Content.VALUE:
        await call.repository.write_value(
            identifier, (), patch, actor=call.actor, conditions=call.conditions()
        )
        return no_content([etag((await submodel_of(call)).etag())])

    def change(submodel: Node) -> Node:
        if content is Content.METADATA:
            return patched_metadata(submodel, (), patch)
        return patched_submodel(submodel, patch)

    submodel = await call.repository.edit_verified(
        Kind.SUBMODEL,
        identifier,
        change,
        lambda submodel: submodel,
        actor=call.actor,
        conditions=call.conditions(),
    )
    return replaced_document(submodel)


async def submodel_of(call: Call) -> Document:
    """Return the submodel in the path.

    Raises ``NotFound`` when there is none, or when the path leads through a shell that does not
    refer to it.
    """
    submodel_id = call.identifier("submodelIdentifier")
    if "aasIdentifier" in call.values:
        await require_submodel_of_shell(call, submodel_id)
    return await call.repository.submodels.get(submodel_id)


def submodel_path(call: Call) -> str:
    """Return the path of the submodel below the API, the way the client took to it."""
    template = call.operation.path
    prefix = template.split("/submodel-elements", 1)[0]
    return prefix.format_map(call.values)


async def _put_into_shell(call: Call) -> Response:
    identifier = call.identifier("submodelIdentifier")
    checked = await call.repository.verifier.check(await read_json(call), Kind.SUBMODEL.value)

    async def put(unit: Unit) -> bool:
        shell = await _shell(call, unit)
        is_new = await put_into(
            unit,
            Kind.SUBMODEL,
            identifier,
            checked.tree,
            conditions=call.conditions(),
            create=call.operation.creates,
        )
        holder = with_submodel(shell, identifier)
        if holder is not shell:
            await unit.replace(Kind.SHELL, shell["id"], holder)
        return is_new

    is_new = await call.repository.change(put, actor=call.actor)
    submodel = await call.repository.submodels.get(identifier)
    if is_new:
        return created_document(call, submodel, submodel_path(call))
    return replaced_document(submodel)


async def _shell(call: Call, unit: Unit) -> Node:
    identifier = call.identifier("aasIdentifier")
    shell = await unit.find(Kind.SHELL, identifier)
    if shell is None:
        raise NotFound(f"there is no {Kind.SHELL.value} with the id {identifier!r}")
    return shell


async def _page_of_paths(call: Call, wanted: Filter, level: Level) -> tuple[list[str], str | None]:
    """Return up to ``limit`` paths, perhaps fewer, and the cursor of the next ones.

    A cursor is one of the collection, or ``before.own.within``: the cursor that leads to a
    submodel, the one that leads past it, and one into its paths.
    """
    submodels = call.repository.submodels
    limit = call.limit()
    before, own, within = _split_cursor(call.query.cursor())
    found: list[str] = []
    scanned, chunk = 0, min(limit, _FIRST_CHUNK)
    while True:
        page = await submodels.page(wanted, limit=chunk, cursor=before)
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
        scanned += len(page.documents)
        if scanned >= MAX_SCANNED:
            return found, before
        chunk = min(2 * chunk, _MAX_CHUNK, MAX_SCANNED - scanned)


def _split_cursor(cursor: str | None) -> tuple[str | None, str | None, str | None]:
    before, *inside = (cursor or "").split(".")
    if len(inside) not in (0, 2):
        raise BadRequest("this cursor was not given by this server", path="cursor")
    own, within = inside or (None, None)
    return before or None, own, within


def _is_whole(submodel: Document, level: Level, extent: Extent) -> bool:
    """Return whether nothing of the normal form is cut off."""
    return level is Level.DEEP and (extent is Extent.WITH_BLOB_VALUE or not submodel.may_hold_blobs)


def _render(submodel: Document, content: Content, level: Level, extent: Extent) -> bytes:
    if content is Content.NORMAL:
        if _is_whole(submodel, level, extent):
            return submodel.body()
        return encode_json(normal(submodel.tree(), level, extent))
    tree = submodel.tree()
    if content is Content.METADATA:
        return encode_json(metadata(tree))
    if content is Content.VALUE:
        return encode_json(value_only(tree, level, extent))
    if content is Content.REFERENCE:
        return encode_json(reference([tree]))
    return encode_json(id_short_paths(tree, (), level))

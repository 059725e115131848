"""The AAS registry (IDTA-01002): descriptors of shells, own and foreign."""

from __future__ import annotations

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.documents import (
    created_document,
    document_filter,
    etag,
    replaced_document,
)
from aas_server.api.paging import page_response
from aas_server.api.responses import Response, json_response, no_content
from aas_server.errors import BadRequest
from aas_server.metamodel.identifiers import decode_identifier, encode_identifier
from aas_server.registry.register import DescriptorPage, Register
from aas_server.registry.schemas import ASSET_KINDS


async def list_shell_descriptors(call: Call) -> Response:
    """Answer with a page of shell descriptors."""
    page = await shell_descriptor_page(call)
    return page_response([each.body for each in page.descriptors], page.cursor)


async def post_shell_descriptor(call: Call) -> Response:
    """Register a shell that is elsewhere."""
    descriptor = await _shells(call).create(
        await read_json(call), actor=call.actor, conditions=call.conditions()
    )
    return created_document(call, descriptor, _path(descriptor.id))


async def get_shell_descriptor(call: Call) -> Response:
    """Answer with the descriptor of one shell."""
    descriptor = await _shells(call).get(call.identifier("aasIdentifier"), call.origin.url)
    return json_response(descriptor.body, headers=(etag(descriptor.tag),))


async def put_shell_descriptor(call: Call) -> Response:
    """Register a shell that is elsewhere, or set its descriptor."""
    identifier = call.identifier("aasIdentifier")
    descriptor, is_new = await _shells(call).put(
        identifier, await read_json(call), actor=call.actor, conditions=call.conditions()
    )
    if is_new:
        return created_document(call, descriptor, _path(identifier))
    return replaced_document(descriptor)


async def delete_shell_descriptor(call: Call) -> Response:
    """Forget a shell that is elsewhere."""
    await _shells(call).delete(
        call.identifier("aasIdentifier"), actor=call.actor, conditions=call.conditions()
    )
    return no_content()


async def shell_descriptor_page(call: Call) -> DescriptorPage:
    """Return the page of shell descriptors that the query asks for."""
    kind = call.query.one("assetKind")
    if kind is not None and kind not in ASSET_KINDS:
        known = ", ".join(sorted(ASSET_KINDS))
        raise BadRequest(f"{kind!r} is none of {known}", path="assetKind")
    encoded_type = call.query.one("assetType")
    asset_type = None if encoded_type is None else decode_identifier(encoded_type, name="assetType")
    wanted = document_filter(
        call, asset_ids=call.query.asset_ids(), asset_kind=kind, asset_type=asset_type
    )
    return await _shells(call).page(
        wanted, call.origin.url, limit=call.limit(), cursor=call.query.cursor()
    )


def _shells(call: Call) -> Register:
    return call.services.registry.shells


def _path(identifier: str) -> str:
    return f"/shell-descriptors/{encode_identifier(identifier)}"

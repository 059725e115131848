"""The submodel registry (IDTA-01002): descriptors of submodels, own and foreign, by themselves or
inside the descriptor of one shell.
"""

from __future__ import annotations

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.documents import (
    created_document,
    document_filter,
    etag,
    replaced_document,
)
from aas_server.api.paging import page_of, page_of_views, page_response
from aas_server.api.responses import Response, created, encode_json, json_response, no_content
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.registry.embedded import EmbeddedDescriptors, descriptor_tag
from aas_server.registry.register import Register

_SHELL = "aasIdentifier"
_SUBMODEL = "submodelIdentifier"


async def list_submodel_descriptors(call: Call) -> Response:
    """Answer with a page of submodel descriptors."""
    limit, cursor = call.limit(), call.query.cursor()
    if _SHELL in call.values:
        listed = await _embedded(call).all_of(call.identifier(_SHELL), call.origin.url)
        return page_of_views(*page_of(listed, lambda each: each["id"], limit=limit, cursor=cursor))
    wanted = document_filter(call, semantic_id=call.query.reference("semanticId"))
    page = await _submodels(call).page(wanted, call.origin.url, limit=limit, cursor=cursor)
    return page_response([each.body for each in page.descriptors], page.cursor)


async def post_submodel_descriptor(call: Call) -> Response:
    """Register a submodel that is elsewhere."""
    tree = await read_json(call)
    conditions = call.conditions()
    if _SHELL in call.values:
        shell_id = call.identifier(_SHELL)
        await _embedded(call).create(shell_id, tree, actor=call.actor, conditions=conditions)
        return _created_inside(call, shell_id, tree)
    descriptor = await _submodels(call).create(tree, actor=call.actor, conditions=conditions)
    return created_document(call, descriptor, _path(descriptor.id))


async def get_submodel_descriptor(call: Call) -> Response:
    """Answer with the descriptor of one submodel."""
    identifier = call.identifier(_SUBMODEL)
    if _SHELL in call.values:
        tree = await _embedded(call).get(call.identifier(_SHELL), identifier, call.origin.url)
        return json_response(encode_json(tree), headers=(etag(descriptor_tag(tree)),))
    descriptor = await _submodels(call).get(identifier, call.origin.url)
    return json_response(descriptor.body, headers=(etag(descriptor.tag),))


async def put_submodel_descriptor(call: Call) -> Response:
    """Register a submodel that is elsewhere, or set its descriptor."""
    identifier = call.identifier(_SUBMODEL)
    tree = await read_json(call)
    conditions = call.conditions()
    if _SHELL in call.values:
        shell_id = call.identifier(_SHELL)
        is_new = await _embedded(call).put(
            shell_id, identifier, tree, actor=call.actor, conditions=conditions
        )
        if is_new:
            return _created_inside(call, shell_id, tree)
        return no_content((etag(descriptor_tag(tree)),))
    descriptor, is_new = await _submodels(call).put(
        identifier, tree, actor=call.actor, conditions=conditions
    )
    if is_new:
        return created_document(call, descriptor, _path(identifier))
    return replaced_document(descriptor)


async def delete_submodel_descriptor(call: Call) -> Response:
    """Forget a submodel that is elsewhere."""
    identifier = call.identifier(_SUBMODEL)
    conditions = call.conditions()
    if _SHELL in call.values:
        await _embedded(call).delete(
            call.identifier(_SHELL), identifier, actor=call.actor, conditions=conditions
        )
    else:
        await _submodels(call).delete(identifier, actor=call.actor, conditions=conditions)
    return no_content()


def _submodels(call: Call) -> Register:
    return call.services.registry.submodels


def _embedded(call: Call) -> EmbeddedDescriptors:
    return call.services.registry.embedded


def _created_inside(call: Call, shell_id: str, tree: dict[str, str]) -> Response:
    path = f"/shell-descriptors/{encode_identifier(shell_id)}{_path(tree['id'])}"
    return created(tree, call.origin.location(path), headers=(etag(descriptor_tag(tree)),))


def _path(identifier: str) -> str:
    return f"/submodel-descriptors/{encode_identifier(identifier)}"

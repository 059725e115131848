"""The discovery service (IDTA-01002): from assets to shells."""

from __future__ import annotations

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.paging import page_of_views
from aas_server.api.responses import Response, created, no_content, view_response
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.registry.discovery import Discovery, Pair, asset_link_pairs


async def list_shell_ids(call: Call) -> Response:
    """Answer with a page of ids of shells that have all of the asset ids."""
    return await _page(call, call.query.asset_ids())


async def search_shell_ids(call: Call) -> Response:
    """Answer with a page of ids of shells that have all of the asset links in the body."""
    body = await read_json(call)
    return await _page(call, asset_link_pairs(body if isinstance(body, list) else [body]))


async def get_asset_links(call: Call) -> Response:
    """Answer with the asset links of one shell."""
    return view_response(await _discovery(call).links(call.identifier("aasIdentifier")))


async def post_asset_links(call: Call) -> Response:
    """Store asset links for a shell in place of those that were; one alone is taken as a list."""
    shell_id = call.identifier("aasIdentifier")
    body = await read_json(call)
    links = await _discovery(call).put_links(
        shell_id, body if isinstance(body, list) else [body], actor=call.actor
    )
    return created(links, call.origin.location(f"/lookup/shells/{encode_identifier(shell_id)}"))


async def delete_asset_links(call: Call) -> Response:
    """Forget the asset links that are stored for a shell."""
    await _discovery(call).delete_links(call.identifier("aasIdentifier"), actor=call.actor)
    return no_content()


async def _page(call: Call, wanted: frozenset[Pair]) -> Response:
    page = await _discovery(call).shell_ids(wanted, limit=call.limit(), cursor=call.query.cursor())
    return page_of_views(page.ids, page.cursor)


def _discovery(call: Call) -> Discovery:
    return call.services.discovery

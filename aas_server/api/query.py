"""Queries (IDTA-01002, query language): documents that meet a condition, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from starlette.requests import ClientDisconnect

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.errors import RequestTimeout
from aas_server.api.paging import page_response
from aas_server.api.responses import Response
from aas_server.query.parsing import MAX_BYTES, parse_query
from aas_server.store.protocol import Kind

T = TypeVar("T")

_MAX_DEPTH: Final = 400
"""Levels of JSON at most: more than a query can have, so that its own limit tells the place."""

_KINDS: Final = {
    "QueryAssetAdministrationShells": Kind.SHELL,
    "QuerySubmodels": Kind.SUBMODEL,
    "QueryConceptDescriptions": Kind.CONCEPT_DESCRIPTION,
    "QueryAssetAdministrationShellDescriptors": Kind.SHELL_DESCRIPTOR,
    "QuerySubmodelDescriptors": Kind.SUBMODEL_DESCRIPTOR,
}


async def query(call: Call) -> Response:
    """Answer with a page of what fulfils the condition in the body; with ``explain`` the page says
    how it was found.
    """
    kind = _KINDS[call.operation.id]
    explain = call.query.boolean("explain", default=False)
    asked = parse_query(await read_json(call, max_bytes=MAX_BYTES, max_depth=_MAX_DEPTH))
    work = call.services.queries.ask(
        kind,
        asked,
        limit=call.limit(),
        cursor=call.query.cursor(),
        url=call.origin.url,
    )
    answer = await _while_there(call, work)
    more: dict[str, Any] = {"resultType": "Identifier" if asked.ids_only else kind.value}
    if explain:
        more["explanation"] = [*answer.steps, f"looked at: {answer.examined} documents"]
    return page_response(answer.items, answer.cursor, more)


async def _while_there(call: Call, work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` finds; it is cancelled, and ``ClientDisconnect`` raised, when the client
    is gone.
    """
    working = asyncio.create_task(work, name="query")
    watching = asyncio.create_task(_gone(call), name="client of a query")
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(call: Call) -> None:
    """Return when the client has closed the connection."""
    while True:
        try:
            message = await call.receive()
        except RequestTimeout:
            continue
        if message["type"] == "http.disconnect":
            return

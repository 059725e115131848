"""The SPARQL 1.1 protocol at ``/sparql``: queries by GET and by POST, and no updates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response as PageResponse
from starlette.types import Receive

from aas_server.api.errors import NotAcceptable, PayloadTooLarge, UnsupportedMediaType
from aas_server.api.negotiation import best_type
from aas_server.errors import BadRequest, NotFound
from aas_server.query.sparql.forms import GRAPH_FORMS, SOLUTION_FORMS
from aas_server.query.sparql.service import Asked, SparqlService

PATH: Final = "/sparql"

_FORM: Final = "application/x-www-form-urlencoded"
_QUERY: Final = "application/sparql-query"
_UPDATE: Final = "application/sparql-update"
_MAX_BODY: Final = 1024**2
"""Bytes of a body: the longest question, every character of it percent-encoded, and graphs."""
_MAX_PARAMETERS: Final = 200
_SOLUTION_ALIASES: Final = {
    "application/json": "application/sparql-results+json",
    "application/xml": "application/sparql-results+xml",
    "text/xml": "application/sparql-results+xml",
}
_GRAPH_ALIASES: Final = {"application/json": "application/ld+json"}
"""More general types under which clients ask for the forms."""
_TEXTS: Final = ("text/csv", "text/tab-separated-values", "text/turtle")

T = TypeVar("T")


def add_sparql(app: FastAPI, sparql: SparqlService | None) -> None:
    """Add the path to ``app``; without a service it says how there would be one."""

    async def answer(request: Request) -> PageResponse:
        if sparql is None:
            raise NotFound(
                "SPARQL is off: the setting sparql (AAS_SPARQL=true) turns it on", path=PATH
            )
        asked = await _asked(request)
        found = await _while_connected(request.receive, sparql.ask(asked))
        media_type = found.media_type
        if media_type in _TEXTS:
            media_type += "; charset=utf-8"
        headers = {"content-type": media_type, "cache-control": "no-store", "vary": "accept"}
        return PageResponse(found.body, headers=headers)

    app.add_route(PATH, answer, methods=["GET", "POST"])
    app.add_route(f"{PATH}/", answer, methods=["GET", "POST"])


async def _asked(request: Request) -> Asked:
    """Return what is asked; raises what refuses a request that the protocol does not have."""
    accept = ", ".join(request.headers.getlist("accept"))
    form = _best(accept, SOLUTION_FORMS, _SOLUTION_ALIASES)
    graph_form = _best(accept, GRAPH_FORMS, _GRAPH_ALIASES)
    if form is None and graph_form is None:
        offered = ", ".join((*SOLUTION_FORMS, *GRAPH_FORMS))
        raise NotAcceptable(f"must take one of {offered}", path="Accept")
    parameters = _parameters(request.scope["query_string"])
    if request.method == "POST":
        parameters += await _posted(request)
    if any(name == "update" for name, _ in parameters):
        raise _no_updates()
    queries = [value for name, value in parameters if name == "query"]
    if len(queries) != 1:
        raise BadRequest(
            f"must be there once, not {len(queries)} times: a SPARQL query", path="query"
        )
    return Asked(
        queries[0],
        form,
        graph_form,
        [value for name, value in parameters if name == "default-graph-uri"],
        [value for name, value in parameters if name == "named-graph-uri"],
    )


async def _posted(request: Request) -> list[tuple[str, str]]:
    """Return what the body says, as parameters."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise UnsupportedMediaType(f"a body in the coding {coding[:32]!r} is not taken")
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == _UPDATE:
        raise _no_updates()
    if media_type not in (_FORM, _QUERY):
        raise UnsupportedMediaType(
            f"the body must be {_FORM} or {_QUERY}, not {media_type[:100] or 'of no type'!r}"
        )
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise PayloadTooLarge(f"the body is larger than {_MAX_BODY} bytes", path="body")
    if media_type == _FORM:
        return _parameters(bytes(body))
    return [("query", _text(bytes(body)))]


def _parameters(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            _text(encoded),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError as error:
        raise BadRequest(f"parameters cannot be read: {error}") from error


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"must be UTF-8: {error}", path="query") from error


def _best(accept: str, forms: Sequence[str], aliases: dict[str, str]) -> str | None:
    best = best_type(accept, (*forms, *aliases))
    return None if best is None else aliases.get(best, best)


def _no_updates() -> BadRequest:
    return BadRequest(
        "updates are not carried out: the graphs are made from the documents, which are changed "
        "through the AAS API"
    )


async def _while_connected(receive: Receive, work: Awaitable[T]) -> T:
    """Return what ``work`` returns, and break it off when the client goes away.

    Raises what ``work`` raises, and ``ClientDisconnect``.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.create_task(_gone(receive), name="waiting for a client to go")
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        """The end of the body, which was read."""

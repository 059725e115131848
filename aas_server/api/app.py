"""The ASGI application: the dispatcher first, then the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from prometheus_client import CollectorRegistry
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aas_server.api.call import Call, Handler
from aas_server.api.concept_descriptions import get_concept_description, list_concept_descriptions
from aas_server.api.dispatch import Match, Route, Router
from aas_server.api.elements import get_element, list_elements, patch_element_value
from aas_server.api.errors import MethodNotAllowed, error_response
from aas_server.api.hot_reads import HotReads
from aas_server.api.metrics import RequestMetrics
from aas_server.api.operations import BASE_PATHS, OPERATIONS
from aas_server.api.pages import build_pages
from aas_server.api.parameters import Query
from aas_server.api.responses import Response, no_content, send_response
from aas_server.api.settings import ApiSettings
from aas_server.api.shells import (
    get_asset_information,
    get_shell,
    list_shells,
    list_submodel_references,
)
from aas_server.api.submodels import get_submodel, list_submodels
from aas_server.clock import Clock
from aas_server.errors import NotFound
from aas_server.repository.repository import Repository

__all__ = ["HANDLERS", "AasApplication", "ApiSettings", "build_app"]

HANDLERS: Final[Mapping[str, Handler]] = {
    handler.__name__: handler
    for handler in (
        list_shells,
        get_shell,
        get_asset_information,
        list_submodel_references,
        list_submodels,
        get_submodel,
        list_elements,
        get_element,
        patch_element_value,
        list_concept_descriptions,
        get_concept_description,
    )
}
"""The functions that the operation table names."""

_NO_OPERATION: Final = "none"
"""Label of requests that reached no operation: unknown paths and methods."""
_PAGES: Final = "pages"


class AasApplication:
    """Answers every HTTP request: operations by itself, anything else through the pages.

    ::

        request --> fast lane (in the parser) --> trie --> handler --> repository
                                                    `----> pages (FastAPI)
    """

    def __init__(
        self,
        router: Router,
        pages: ASGIApp,
        *,
        repository: Repository,
        settings: ApiSettings,
        clock: Clock,
        metrics: RequestMetrics,
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.hot_reads = HotReads(repository)
        self._router = router
        self._pages = pages
        self._repository = repository
        self._unmatched = metrics.series(_NO_OPERATION)
        self._page_series = metrics.series(_PAGES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3); scopes that are no HTTP go to the pages."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        started = self.clock.monotonic()
        raw_path = _raw_path(scope)
        series = self._unmatched
        try:
            match = self._router.find(raw_path)
            if match is None and not raw_path.startswith("/api/"):
                await self._answer_page(scope, receive, send, started)
                return
            route = _route(match, scope["method"])
            series = self._unmatched if route is None else route.series
            response = await self._respond(match, route, raw_path, scope, receive)
        except ClientDisconnect:
            return
        except Exception as error:
            response = error_response(error, self.clock, request=f"{scope['method']} {raw_path}")
        await send_response(response, send, with_body=scope["method"] != "HEAD")
        series.observe(response.status, self.clock.monotonic() - started)

    async def _respond(
        self,
        match: Match | None,
        route: Route | None,
        raw_path: str,
        scope: Scope,
        receive: Receive,
    ) -> Response:
        if match is None:
            raise NotFound("there is nothing at this path")
        if route is None:
            if scope["method"] == "OPTIONS":
                return no_content([(b"allow", match.allow.encode())])
            raise MethodNotAllowed(
                f"{scope['method']} is not allowed here, only {match.allow}", allow=match.allow
            )
        query = scope.get("query_string", b"")
        call = Call(
            self._repository,
            self.settings,
            route.operation,
            match.values,
            Query(query),
            scope["headers"],
            receive,
        )
        answer = route.handler(call)
        response = answer if isinstance(answer, Response) else await answer
        if route.operation.hot and not query and self.settings.fast_lane:
            self.hot_reads.learn(raw_path, call, route.series)
        return response

    async def _answer_page(
        self, scope: Scope, receive: Receive, send: Send, started: float
    ) -> None:
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif scope["method"] == "HEAD":
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        try:
            await self._pages(scope, receive, watch)
        except Exception:
            # Starlette raises again what its handler has already answered and logged.
            if not status:
                raise
        self._page_series.observe(status, self.clock.monotonic() - started)


def build_app(
    repository: Repository,
    *,
    clock: Clock,
    registry: CollectorRegistry,
    settings: ApiSettings,
) -> AasApplication:
    """Return the application over ``repository``; its metrics are added to ``registry``."""
    metrics = RequestMetrics()
    registry.register(metrics)
    routes = [
        Route(operation, HANDLERS[operation.handler], metrics.series(operation.id))
        for operation in OPERATIONS
    ]
    return AasApplication(
        Router(routes, base_paths=BASE_PATHS),
        build_pages(repository, settings=settings, clock=clock, registry=registry),
        repository=repository,
        settings=settings,
        clock=clock,
        metrics=metrics,
    )


def _raw_path(scope: Scope) -> str:
    raw_path: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")


def _route(match: Match | None, method: str) -> Route | None:
    return None if match is None else match.routes.get("GET" if method == "HEAD" else method)

"""The ASGI application: hot reads first, then the dispatcher, then the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from prometheus_client import CollectorRegistry
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aas_server.api.call import Answer, Call
from aas_server.api.cors import with_cors
from aas_server.api.dispatch import Match, Route, Router
from aas_server.api.errors import (
    MethodNotAllowed,
    Overloaded,
    UnsupportedCoding,
    error_response,
)
from aas_server.api.finishing import Finisher, ReadHeaders
from aas_server.api.handlers import handler_of
from aas_server.api.hot_reads import SPECIAL_HEADERS, HotAnswer, HotReads, present
from aas_server.api.metrics import RequestMetrics, Series
from aas_server.api.negotiation import TAKES_JSON
from aas_server.api.operations.table import BASE_PATHS, OPERATIONS
from aas_server.api.pages import HEALTH_PATHS, build_pages
from aas_server.api.parameters import Query
from aas_server.api.responses import (
    HEAD,
    Header,
    Response,
    StreamResponse,
    no_content,
    raw_head,
    send_response,
)
from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.errors import NotFound

_NO_OPERATION: Final = "none"
"""Label of requests that reached no operation: unknown paths and methods."""
_PAGES: Final = "pages"

_CORRELATION: Final = b"x-correlation-id"
_CORRELATION_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_IDENTITY: Final = b"identity"
_READS: Final = frozenset({"GET", "HEAD"})


class AasApplication:
    """Answers every HTTP request: operations by itself, anything else through the pages.

    ::

        request --> fast lane (in the parser) --> hot reads --> CORS --> trie --> handler
                                                                           `--> pages (FastAPI)
    """

    def __init__(
        self,
        router: Router,
        pages: ASGIApp,
        *,
        services: Services,
        settings: ApiSettings,
        metrics: RequestMetrics,
    ) -> None:
        self.clock = services.clock
        self.settings = settings
        self.hot_reads = HotReads(services.repository)
        self._router = router
        self._pages = pages
        self._services = services
        self._unmatched = metrics.series(_NO_OPERATION)
        self._page_series = metrics.series(_PAGES)
        self._finisher = Finisher()
        self._under_way = 0
        self._cors = with_cors(self._answer, settings.cors_origins, services.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3); scopes that are no HTTP go to the pages."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        entry = self.hot_reads.find(scope.get("raw_path", b""))
        if entry is not None and scope["method"] == "GET" and not scope["query_string"]:
            started = self.clock.monotonic()
            answer = present(entry)
            if answer is not None and _is_plain(scope["headers"], answer):
                await send(answer.start)
                await send({"type": "http.response.body", "body": answer.body})
                entry.series.observe(200, self.clock.monotonic() - started)
                return
        if self.settings.cors_origins and any(name == b"origin" for name, _ in scope["headers"]):
            await self._cors(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._under_way += 1
        try:
            await self._answer_one(scope, receive, send)
        except ClientDisconnect:
            return
        finally:
            self._under_way -= 1

    async def _answer_one(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = self.clock.monotonic()
        raw_path = _raw_path(scope)
        series = self._unmatched
        headers = _joined(scope["headers"])
        correlation_id = self._correlation_id(headers.get(_CORRELATION))
        try:
            if self._under_way > self.settings.max_requests:
                raise Overloaded("too many requests are under way: try again in a moment")
            match = self._router.find(raw_path)
            route = _route(match, scope["method"])
            if route is not None:
                series = route.series
                _require_uncoded(headers, scope["method"])
            elif match is None and _is_page(raw_path):
                series = self._page_series
            response = await self._respond(match, route, raw_path, scope, receive)
            response = await self._finisher.finish(
                response,
                _read_headers(headers, scope["method"]),
                target=_target(scope, raw_path),
            )
        except ClientDisconnect:
            raise
        except Exception as error:
            response = error_response(
                error,
                self.clock,
                request=f"{scope['method']} {raw_path}",
                correlation_id=correlation_id,
            )
        await send_response(
            response,
            _echoing(send, correlation_id) if correlation_id else send,
            with_body=scope["method"] != "HEAD",
        )
        series.observe(response.status, self.clock.monotonic() - started)

    async def _respond(
        self,
        match: Match | None,
        route: Route | None,
        raw_path: str,
        scope: Scope,
        receive: Receive,
    ) -> Answer:
        if match is None:
            if _is_page(raw_path):
                return await self._page(scope, receive)
            raise NotFound("there is nothing at this path")
        if route is None:
            if scope["method"] == "OPTIONS":
                return no_content([(b"allow", match.allow.encode())])
            raise MethodNotAllowed(
                f"{scope['method']} is not allowed here, only {match.allow}", allow=match.allow
            )
        query = scope.get("query_string", b"")
        call = Call(
            self._services,
            self.settings,
            route.operation,
            match.values,
            Query(query),
            scope,
            receive,
        )
        answer = route.handler(call)
        response = answer if isinstance(answer, Response | StreamResponse) else await answer
        if route.operation.hot and not query and scope["method"] in _READS:
            self.hot_reads.learn(raw_path, call, route.series)
        return response

    async def _page(self, scope: Scope, receive: Receive) -> Response:
        """Return a page whole: pages are small, and have no ranges."""
        start: Message = {}
        body: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.append(message.get("body", b""))

        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        headers = [header for header in scope["headers"] if header[0] != b"range"]
        await self._pages({**scope, "method": method, "headers": headers}, receive, collect)
        return Response(start["status"], tuple(start["headers"]), b"".join(body))

    def _correlation_id(self, sent: bytes | None) -> str | None:
        """Return the id of a request that has one; one that is no plain word is replaced."""
        if sent is None:
            return None
        return sent.decode("ascii") if _CORRELATION_ID.fullmatch(sent) else self.clock.new_id()


def build_app(
    services: Services, *, registry: CollectorRegistry, settings: ApiSettings
) -> AasApplication:
    """Return the application over ``services``; its metrics are added to ``registry``."""
    metrics = RequestMetrics()
    registry.register(metrics)
    series: dict[str, Series] = {}
    routes = [
        Route(
            operation,
            handler_of(operation.handler),
            series.setdefault(operation.id, metrics.series(operation.id)),
        )
        for operation in OPERATIONS
    ]
    return AasApplication(
        Router(routes, base_paths=BASE_PATHS, shell=settings.shell, submodel=settings.submodel),
        build_pages(
            services.repository, settings=settings, registry=registry, sparql=services.sparql
        ),
        services=services,
        settings=settings,
        metrics=metrics,
    )


def _is_page(raw_path: str) -> bool:
    return not raw_path.startswith("/api/") or raw_path.rstrip("/") in HEALTH_PATHS


def _is_plain(headers: list[Header], answer: HotAnswer) -> bool:
    """Return whether nothing in ``headers`` asks for another answer than ``answer``."""
    for name, value in headers:
        if (
            name in SPECIAL_HEADERS
            or (name == b"accept" and value not in TAKES_JSON)
            or (answer.compressible and name == b"accept-encoding")
        ):
            return False
    return True


def _require_uncoded(headers: Mapping[bytes, bytes], method: str) -> None:
    coding = headers.get(b"content-encoding", _IDENTITY)
    if coding.lower() != _IDENTITY and method not in _READS:
        raise UnsupportedCoding("the body must not be in a content coding", path="Content-Encoding")


def _read_headers(headers: Mapping[bytes, bytes], method: str) -> ReadHeaders:
    return ReadHeaders(
        _text(headers.get(b"accept-encoding")),
        _text(headers.get(b"if-match")),
        _text(headers.get(b"if-none-match")),
        is_read=method in _READS,
    )


def _joined(headers: list[Header]) -> Mapping[bytes, bytes]:
    """Return headers by name; those that come in several lines as one list (RFC 9110, 5.3)."""
    found = dict(headers)
    if len(found) < len(headers):
        for name in found:
            found[name] = b", ".join(value for key, value in headers if key == name)
    return found


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _echoing(send: Send, correlation_id: str) -> Send:
    async def send_with_id(message: Message) -> None:
        if message["type"] == "http.response.start":
            echo = (_CORRELATION, correlation_id.encode("ascii"))
            headers = (*message["headers"], echo)
            message = {**message, "headers": headers, HEAD: raw_head(headers)}
        await send(message)

    return send_with_id


def _raw_path(scope: Scope) -> str:
    raw_path: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")


def _target(scope: Scope, raw_path: str) -> bytes:
    return raw_path.encode("latin-1") + b"?" + bytes(scope.get("query_string", b""))


def _route(match: Match | None, method: str) -> Route | None:
    return None if match is None else match.routes.get("GET" if method == "HEAD" else method)

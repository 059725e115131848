"""The pages beside the API: the start page, docs, health and metrics, hosted by FastAPI."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as PageResponse

from aas_server.api.docs_page import add_docs
from aas_server.api.errors import error_response, result_response
from aas_server.api.responses import Header, Response, no_content
from aas_server.api.settings import ApiSettings
from aas_server.api.start_page import CONTENT_SECURITY_POLICY, render_start_page
from aas_server.clock import Clock
from aas_server.repository.repository import Repository

_HEALTH: Final = b'{"status":"UP"}'
_START_PAGE_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_CODES: Final = {404: "NotFound", 405: "MethodNotAllowed"}
_TEXTS: Final = {404: "there is nothing at this path"}


def build_pages(
    repository: Repository, *, settings: ApiSettings, clock: Clock, registry: CollectorRegistry
) -> FastAPI:
    """Return the application for every path that is no operation; its failures are Results too."""

    async def start(_request: Request) -> PageResponse:
        page = render_start_page(repository, version=settings.version)
        return PageResponse(page, media_type="text/html", headers=_START_PAGE_HEADERS)

    async def health(_request: Request) -> PageResponse:
        return PageResponse(_HEALTH, media_type="application/json")

    async def metrics(_request: Request) -> PageResponse:
        return PageResponse(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def refuse(request: Request, error: Exception) -> PageResponse:
        if not isinstance(error, HTTPException):
            where = f"{request.method} {request.url.path}"
            return _page(error_response(error, clock, request=where))
        return _page(_refusal(request, error, clock))

    app = FastAPI(
        title="AAS server",
        version=settings.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: refuse, Exception: refuse},
    )
    app.add_route("/", start)
    for path, page in (("/health", health), ("/actuator/health", health), ("/metrics", metrics)):
        app.add_route(path, page)
        app.add_route(path + "/", page)
    add_docs(app, version=settings.version)
    return app


def _refusal(request: Request, error: HTTPException, clock: Clock) -> Response:
    headers: list[Header] = []
    text = _TEXTS.get(error.status_code, error.detail)
    if error.status_code == 405:
        allowed = {"OPTIONS", *(error.headers or {}).get("Allow", "").split(", ")}
        allow = ", ".join(sorted(allowed))
        headers.append((b"allow", allow.encode()))
        if request.method == "OPTIONS":
            return no_content(headers)
        text = f"{request.method} is not allowed here, only {allow}"
    code = _CODES.get(error.status_code, "Error")
    return result_response(error.status_code, code, text, clock, headers=tuple(headers))


def _page(response: Response) -> PageResponse:
    headers = {name.decode(): value.decode() for name, value in response.headers}
    return PageResponse(response.body, status_code=response.status, headers=headers)

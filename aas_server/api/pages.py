"""The pages beside the API: the start page, docs, health, metrics and SPARQL, hosted by FastAPI."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response as PageResponse

from aas_server.api.docs_page import add_docs
from aas_server.api.errors import MethodNotAllowed
from aas_server.api.health import Health
from aas_server.api.live_samples import PATH as SAMPLES_PATH
from aas_server.api.live_samples import samples_report
from aas_server.api.operations.table import BASE_PATHS
from aas_server.api.parameters import Query
from aas_server.api.responses import encode_json
from aas_server.api.settings import ApiSettings
from aas_server.api.sparql import add_sparql
from aas_server.api.start_page import CONTENT_SECURITY_POLICY, render_start_page
from aas_server.errors import NotFound
from aas_server.query.sparql.service import SparqlService
from aas_server.repository.repository import Repository

HEALTH_PATHS: Final = (
    "/health",
    "/actuator/health",
    *(f"{base}/actuator/health" for base in BASE_PATHS),
)
"""Where health is told; clients ask for the last ones below the base address they are given."""

_START_PAGE_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def build_pages(
    repository: Repository,
    *,
    settings: ApiSettings,
    registry: CollectorRegistry,
    sparql: SparqlService | None = None,
) -> FastAPI:
    """Return the application for every path that is no operation.

    What it does not answer it raises: ``NotFound``, ``MethodNotAllowed``, and any mistake.
    """

    async def start(_request: Request) -> PageResponse:
        page = await render_start_page(repository, version=settings.version)
        return PageResponse(page, media_type="text/html", headers=_START_PAGE_HEADERS)

    health_of_store = Health(repository)

    async def health(_request: Request) -> PageResponse:
        report = await health_of_store.report()
        return PageResponse(
            encode_json(report),
            status_code=200 if report["status"] == "UP" else 503,
            media_type="application/json",
            headers={"cache-control": "no-store"},
        )

    async def samples(request: Request) -> PageResponse:
        query = Query(request.url.query.encode())
        return PageResponse(
            encode_json(await samples_report(repository, query)),
            media_type="application/json",
            headers={"cache-control": "no-store"},
        )

    async def metrics(_request: Request) -> PageResponse:
        return PageResponse(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    app = FastAPI(
        title="AAS server",
        version=settings.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={404: _not_found, 405: _not_allowed},
    )
    app.add_route("/", start)
    for path, page in (*((path, health) for path in HEALTH_PATHS), ("/metrics", metrics)):
        app.add_route(path, page)
        app.add_route(path + "/", page)
    app.add_route(SAMPLES_PATH, samples)
    add_docs(app, version=settings.version)
    add_sparql(app, sparql)
    return app


async def _not_found(_request: Request, error: Exception) -> PageResponse:
    raise NotFound("there is nothing at this path") from error


async def _not_allowed(request: Request, error: Exception) -> PageResponse:
    given = (getattr(error, "headers", None) or {}).get("Allow", "")
    allow = ", ".join(sorted({"OPTIONS", *given.split(", ")}))
    if request.method == "OPTIONS":
        return PageResponse(status_code=204, headers={"allow": allow})
    raise MethodNotAllowed(
        f"{request.method} is not allowed here, only {allow}", allow=allow
    ) from error

"""The documentation pages: OpenAPI documents, and Swagger UI from the installed package.

Nothing comes from elsewhere: a machine without a way to the internet shows the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import yaml
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]  # it has no stubs

from aas_server.api.openapi.document import SERVICES, service_document, whole_document

_ASSETS: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-standalone-preset.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
"""The files of Swagger UI that the page uses, and their media types."""

_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-cache",
}
_CACHED: Final = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AAS server: HTTP API</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/swagger-ui-standalone-preset.js"></script>
<script src="docs/page.js"></script>
</body>
</html>
"""
_STYLE: Final = """body { margin: 0; background: #fafafa; }
.swagger-ui .topbar .link { display: none; }
"""


def add_docs(app: FastAPI, *, version: str) -> None:
    """Add ``/docs``, ``/openapi.json``, ``/openapi.yaml`` and one document for each service."""

    async def page(_request: Request) -> Response:
        return Response(_PAGE, media_type="text/html", headers=_HEADERS)

    async def page_with_slash(_request: Request) -> Response:
        return RedirectResponse("../docs", status_code=308)

    app.add_route("/docs", page)
    app.add_route("/docs/", page_with_slash)
    app.add_route("/docs/page.css", _fixed(_STYLE, "text/css"))
    app.add_route("/docs/page.js", _fixed(_script(), "text/javascript"))
    for name, media_type in _ASSETS.items():
        app.add_route(f"/docs/{name}", _asset(name, media_type))
    _add_document(app, "/openapi", lambda: whole_document(version))
    for name in SERVICES:
        _add_document(app, f"/openapi/{name}", _of_service(name, version))


def json_text(document: Any) -> str:
    """Return the document as it is served and kept in the repository."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _fixed(text: str, media_type: str) -> Any:
    async def answer(_request: Request) -> Response:
        return Response(text, media_type=media_type, headers=_CACHED)

    return answer


def _asset(name: str, media_type: str) -> Any:
    async def answer(_request: Request) -> Response:
        return FileResponse(swagger_ui_path / name, media_type=media_type, headers=_CACHED)

    return answer


def _of_service(name: str, version: str) -> Callable[[], Any]:
    return lambda: service_document(name, version)


def _add_document(app: FastAPI, path: str, build: Callable[[], Any]) -> None:
    """Add a document as JSON and as YAML; it is made when it is first asked for."""

    @cache
    def as_json() -> str:
        return json_text(build())

    @cache
    def as_yaml() -> str:
        return yaml.dump(build(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)

    def answer(text: Callable[[], str], media_type: str) -> Any:
        async def respond(_request: Request) -> Response:
            # YAML takes its time, and the event loop has machines to listen to.
            return Response(await run_in_threadpool(text), media_type=media_type)

        return respond

    app.add_route(f"{path}.json", answer(as_json, "application/json"))
    app.add_route(f"{path}.yaml", answer(as_yaml, "application/yaml"))


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice: readers need not know YAML's anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _script() -> str:
    urls = [{"name": "All services", "url": "openapi.json"}]
    urls += [{"name": name, "url": f"openapi/{name}.json"} for name in SERVICES]
    settings = {
        "urls": urls,
        "dom_id": "#swagger-ui",
        "deepLinking": True,
        "docExpansion": "none",
        "defaultModelsExpandDepth": 0,
        "layout": "StandaloneLayout",
        # Without this the page would send the document to a validator on the internet.
        "validatorUrl": None,
    }
    return (
        f"const settings = {json.dumps(settings, indent=2)};\n"
        "settings.presets = [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset];\n"
        "window.addEventListener('load', () => { window.ui = SwaggerUIBundle(settings); });\n"
    )

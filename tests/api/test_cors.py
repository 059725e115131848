"""Pages of other origins: by setting, on every answer, before anything else."""

from __future__ import annotations

import httpx
import pytest
from structlog.testing import capture_logs

from aas_server.api.settings import ApiSettings
from tests.api.documents import API, PLAIN, TYPES
from tests.api.results import refused
from tests.api.sockets import request, serving
from tests.support.clock import FakeClock
from tests.support.services import make_app

PAGE = "https://twins.example"
ORIGIN = {"origin": PAGE}


@pytest.fixture(params=["*", PAGE])
def settings(request: pytest.FixtureRequest) -> ApiSettings:
    return ApiSettings(version="1.2.3", max_body=8192, cors_origins=(request.param,))


@pytest.mark.parametrize(
    ("method", "path", "status", "more"),
    [
        ("GET", f"{API}/shells", 200, {}),
        ("HEAD", f"{API}/shells", 200, {}),
        ("GET", f"{API}/submodels/{PLAIN}", 200, {}),
        ("GET", f"{API}/submodels/{PLAIN}", 304, {"if-none-match": "*"}),
        ("GET", f"{API}/shells?limit=x", 400, {}),
        ("GET", f"{API}/nothing", 404, {}),
        ("GET", "/nothing", 404, {}),
        ("GET", "/health", 200, {}),
        ("POST", f"{API}/description", 405, {}),
        ("PATCH", f"{API}/submodels/{TYPES}/submodel-elements/Number/$value", 415, {}),
    ],
)
async def test_every_answer_may_be_read_by_the_page(client, settings, method, path, status, more):
    content = b"1" if method == "PATCH" else None
    headers = {**ORIGIN, **more, **({"content-type": "text/plain"} if content else {})}
    response = await client.request(method, path, headers=headers, content=content)
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == settings.cors_origins[0]
    exposed = response.headers["access-control-expose-headers"].split(", ")
    assert {"Location", "ETag", "AAS-Quality", "Content-Disposition"} <= set(exposed)


async def test_too_large_a_body_may_be_read_about(client: httpx.AsyncClient):
    path = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
    response = await client.patch(path, json="x" * 9000, headers=ORIGIN)
    assert response.status_code == 413
    assert "access-control-allow-origin" in response.headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_preflight_is_answered_for_every_method_and_header(client, method):
    response = await client.options(
        f"{API}/submodels/{PLAIN}",
        headers={
            **ORIGIN,
            "access-control-request-method": method,
            "access-control-request-headers": "authorization, content-type, if-match",
        },
    )
    assert response.status_code == 200
    assert method in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"].lower()
    assert {"authorization", "content-type", "if-match"} <= set(allowed.split(", "))


async def test_a_request_that_comes_from_no_page_is_told_nothing(client: httpx.AsyncClient):
    response = await client.get(f"{API}/shells")
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_another_origin_than_the_configured_ones_is_told_nothing(services, registry):
    app = make_app(services.repository, FakeClock(), cors_origins=(PAGE,))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(f"{API}/shells", headers={"origin": "https://other.example"})
        assert response.status_code == 200
        assert "access-control-allow-origin" not in response.headers
        assert (await client.get(f"{API}/shells", headers=ORIGIN)).headers["vary"]


async def test_without_the_setting_nobody_is_told_anything(filled):
    app = make_app(filled, FakeClock())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(f"{API}/shells", headers=ORIGIN)
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("fast", [True, False])
async def test_a_hot_read_of_a_page_carries_the_headers_on_the_wire(filled, fast):
    app = make_app(filled, FakeClock(), cors_origins=("*",), fast_lane=fast)
    path = f"{API}/submodels/{PLAIN}/submodel-elements/P1/$value"
    async with serving(app) as server, server.connection() as connection:
        for _ in range(3):
            assert b"access-control" not in await connection.ask(request(path))
            answer = await connection.ask(request(path, Origin=PAGE))
            assert b"\r\naccess-control-allow-origin: *\r\n" in answer
            assert answer.endswith(b"\r\n\r\n1.0")


@pytest.mark.parametrize(("origin", "method"), [("https://other.example", "GET"), (PAGE, "BREW")])
async def test_a_preflight_that_is_refused_says_so_in_a_result(services, origin, method):
    app = make_app(services.repository, FakeClock(), cors_origins=(PAGE,))
    asked = {"origin": origin, "access-control-request-method": method}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.options(f"{API}/shells", headers=asked)
    assert "Disallowed CORS" in refused(response, 400)
    allowed = response.headers.get("access-control-allow-origin")
    assert allowed == (PAGE if origin == PAGE else None)
    assert "Origin" in response.headers["vary"].split(", ")


async def test_a_mistake_inside_may_be_read_about(client, monkeypatch):
    def broken(*_arguments: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("aas_server.api.elements.resolve", broken)
    monkeypatch.setattr("aas_server.api.pages.render_start_page", broken)
    with capture_logs() as logs:
        for path in (f"{API}/submodels/{TYPES}/submodel-elements/Number/$value", "/"):
            response = await client.get(path, headers=ORIGIN)
            refused(response, 500)
            assert "access-control-allow-origin" in response.headers
    assert len(logs) == 2


async def test_too_many_requests_may_be_read_about(services):
    app = make_app(services.repository, FakeClock(), cors_origins=("*",), max_requests=0)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(f"{API}/shells", headers=ORIGIN)
    refused(response, 503)
    assert response.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize("fast", [True, False])
async def test_on_the_wire_failures_carry_the_headers_too(filled, fast):
    app = make_app(filled, FakeClock(), cors_origins=(PAGE,), fast_lane=fast, max_body=100)
    asked = {"Origin": PAGE, "X-Correlation-Id": "one"}
    async with serving(app) as server:
        for raw, status in (
            (request(f"{API}/nothing", **asked), 404),
            (request(f"{API}/shells?limit=x", **asked), 400),
            (request(f"{API}/shells", "POST", b"1" * 101, **asked), 413),
            (request(f"{API}/submodels/{PLAIN}", **asked, **{"If-Match": '"other"'}), 412),
        ):
            answer = await server.ask(raw)
            assert answer.startswith(f"HTTP/1.1 {status} ".encode())
            assert f"\r\naccess-control-allow-origin: {PAGE}\r\n".encode() in answer
            assert b"\r\nx-correlation-id: one\r\n" in answer
            assert answer.count(b"\r\nvary: ") == 1

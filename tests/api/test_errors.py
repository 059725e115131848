from __future__ import annotations

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from aas_server.api.app import AasApplication
from aas_server.api.errors import error_response
from aas_server.api.operations.table import BASE_PATHS, OPERATIONS
from aas_server.errors import ConfigurationError, Conflict, NotAllowed
from tests.api.documents import API, LIVE, PLAIN, SHELL, TYPES, encoded
from tests.api.results import message_of, refused
from tests.support.clock import FakeClock


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api",
        "/api/v3",
        "/api/v3/",
        "/api/v2/shells",
        "/api/v3/nothing",
        "/api/v3/shells/$value",
        "/api/v3//shells",
        "/api/v3/shells//",
        "/api/v3/shells/a/b/c",
        f"/api/v3/submodels/{TYPES}/attachment",
        f"/api/v3/shells/{SHELL}/thumbnail",
        "/api/v3/descriptions",
        "/docs/nothing",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_an_unknown_path_is_not_found(client: httpx.AsyncClient, path, method):
    if path == "/api/v3/shells/$value":
        refused(await client.get(path), 400)
        return
    refused(await client.request(method, path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", f"{API}/shells", "GET, HEAD, OPTIONS, POST"),
        ("POST", f"{API}/submodels/{TYPES}", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("POST", f"{API}/description", "GET, HEAD, OPTIONS"),
        ("POST", f"{API}/serialization", "GET, HEAD, OPTIONS"),
        ("GET", f"{API}/query/shells", "OPTIONS, POST"),
        (
            "PUT",
            f"{API}/submodels/{TYPES}/submodel-elements/Number/$value",
            "GET, HEAD, OPTIONS, PATCH",
        ),
        ("BREW", f"{API}/shells", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("DELETE", "/", "GET, HEAD, OPTIONS"),
        ("POST", "/docs", "GET, HEAD, OPTIONS"),
        ("POST", "/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(client, method, path, allow):
    response = await client.request(method, path)
    assert allow in refused(response, 405)
    assert response.headers["allow"] == allow
    options = await client.request("OPTIONS", path)
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["allow"] == allow


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/shells/{}", "aasIdentifier"),
        ("/shells/{}/asset-information", "aasIdentifier"),
        ("/submodels/{}", "submodelIdentifier"),
        ("/submodels/{}/submodel-elements/Number/$value", "submodelIdentifier"),
        (f"/shells/{SHELL}/submodels/{{}}", "submodelIdentifier"),
        ("/concept-descriptions/{}", "cdIdentifier"),
    ],
)
@pytest.mark.parametrize(
    "identifier", ["invalid-base64url=====", "a", "a+b/".replace("/", "%2F"), "_w", "ä", "="]
)
async def test_a_malformed_identifier_is_refused_by_name(client, path, parameter, identifier):
    assert parameter in refused(await client.get(API + path.format(identifier)), 400)


async def test_an_unknown_identifier_is_named(client: httpx.AsyncClient):
    assert "urn:example:sm:types" in refused(await client.get(f"{API}/shells/{TYPES}"), 404)


@pytest.mark.parametrize("base", BASE_PATHS)
async def test_every_base_path_answers_the_same(client, base):
    paths = (
        "/shells",
        f"/submodels/{PLAIN}",
        f"/submodels/{TYPES}/submodel-elements/Number/$value",
    )
    for path in paths:
        assert (await client.get(base + path)).content == (await client.get(API + path)).content


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.method == "GET"], ids=lambda each: each.id
)
async def test_every_read_answers_with_a_slash_at_its_end_and_to_head(client, operation, services):
    is_signed = operation.path.endswith("$signed")
    if is_signed:
        await services.signer.open()
    path = operation.path.format_map(Names())
    got = await client.get(API + path)
    slash = await client.get(f"{API}{path}/")
    head = await client.head(API + path)
    assert got.status_code in (200, 400, 404, 405, 406)
    assert got.status_code == slash.status_code == head.status_code
    assert head.content == b""
    if not is_signed:  # where every signature has an id of its own
        assert head.headers == got.headers
        assert got.status_code != 200 or slash.content == got.content


class Names(dict[str, str]):
    """What the test server has at the places of a path, and "nothing" elsewhere."""

    def __init__(self) -> None:
        super().__init__(aasIdentifier=SHELL, submodelIdentifier=TYPES, idShortPath="Group")

    def __missing__(self, name: str) -> str:
        return encoded(f"urn:example:nothing:{name}")


class Broken(AasApplication):
    """Fails inside, as code with a mistake in it does."""

    async def _respond(self, *_arguments: object) -> None:
        raise KeyError("secret detail")


async def test_a_mistake_is_a_500_that_tells_nothing_but_where_to_look(app: AasApplication):
    app.__class__ = Broken
    transport = httpx.ASGITransport(app=app)
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            response = await client.get(f"{API}/shells")
    text = refused(response, 500)
    assert "secret" not in response.text
    (entry,) = logs
    assert entry["correlation_id"] == message_of(response.json())["correlationId"]
    assert entry["correlation_id"] in text
    assert entry["request"] == f"GET {API}/shells"
    assert isinstance(entry["exc_info"], KeyError)


async def test_a_mistake_in_a_page_is_a_500_too(app, client, monkeypatch):
    def broken(*_arguments: object, **_named: object) -> str:
        raise KeyError("secret detail")

    monkeypatch.setattr("aas_server.api.pages.render_start_page", broken)
    with capture_logs() as logs:
        response = await client.get("/")
    assert "secret" not in refused(response, 500)
    assert len(logs) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(Conflict("x"), 409), (NotAllowed("x"), 405), (ConfigurationError("x"), 500)],
)
def test_errors_of_the_tree_have_their_status(error, status, clock: FakeClock):
    with capture_logs() as logs:
        assert error_response(error, clock).status == status
    assert len(logs) == (status == 500)


async def test_nothing_is_logged_for_what_a_client_did_wrong(client: httpx.AsyncClient):
    with capture_logs() as logs:
        for path in ("/nothing", f"{API}/nothing", f"{API}/shells/{TYPES}", f"{API}/shells/%"):
            assert (await client.get(path)).status_code in (400, 404)
    assert logs == []


SEGMENTS = st.one_of(
    st.sampled_from(
        [
            *("api", "v3", "shells", "submodels", "submodel-elements", "concept-descriptions"),
            *("$value", "$metadata", "$path", "$reference", "submodel-refs", "asset-information"),
            *(SHELL, TYPES, LIVE, "Number", "Items[0][1]", "Group", "%", "%2F", "..", "=", "%00"),
        ]
    ),
    st.text(
        st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#"), max_size=9
    ),
)
QUERIES = st.sampled_from(
    [
        "",
        "level=core",
        "level=x",
        "extent=withBlobValue",
        "limit=1",
        "limit=x",
        "cursor=MTo",
        "%ff=%ff",
    ]
)
METHODS = st.sampled_from(["GET", "HEAD", "PATCH", "POST", "OPTIONS"])


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(METHODS, st.lists(SEGMENTS, max_size=8), QUERIES, st.booleans())
async def test_whatever_is_asked_the_answer_is_right_or_a_result(
    app: AasApplication, method, segments, query, below_api
):
    raw = ("/api/v3/" if below_api else "/") + "/".join(segments)
    status, body = await ask(app, method, raw.encode(), query.encode())
    assert status < 500
    if method == "HEAD":
        assert body == b""
    elif status >= 400:
        message_of(httpx.Response(status, content=body).json())


async def ask(app: AasApplication, method: str, raw_path: bytes, query: bytes) -> tuple[int, bytes]:
    """Send a request whose path no client library has mended."""
    sent: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.request", "body": b"1", "more_body": False}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": raw_path.decode(),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def test_a_client_that_leaves_while_it_writes_is_no_failure(app: AasApplication):
    async def receive() -> dict:
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        raise AssertionError(message)

    path = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
    scope = {
        "type": "http",
        "method": "PATCH",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    with capture_logs() as logs:
        await app(scope, receive, send)
    assert logs == []

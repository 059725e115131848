"""Limits of requests: what is one over is refused with a Result, and changes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from aas_server.api.bodies import MAX_DEPTH
from aas_server.api.parameters import MAX_PARAMETERS
from aas_server.api.protocol import MAX_HEAD, MAX_TARGET
from aas_server.api.settings import ApiSettings
from tests.api.conftest import Machine
from tests.api.documents import API, LIVE, PLAIN, TYPES
from tests.api.results import message_of, refused
from tests.api.sockets import Serving, request, serving
from tests.support.clock import FakeClock
from tests.support.services import make_app

MAX_BODY = 8192
ELEMENTS = f"{API}/submodels/{TYPES}/submodel-elements"
NUMBER = f"{ELEMENTS}/Number/$value"
JSON = {"content-type": "application/json"}


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(version="1.2.3", max_body=MAX_BODY, max_requests=2)


@pytest.fixture(params=[True, False], ids=["fast", "asgi"])
async def server(filled, request: pytest.FixtureRequest) -> AsyncIterator[Serving]:
    app = make_app(filled, FakeClock(), fast_lane=request.param, max_body=MAX_BODY)
    async with serving(app) as served:
        yield served


def text_of(size: int) -> bytes:
    """Return a PATCH for the Property Name whose body has ``size`` bytes."""
    return json.dumps("x" * (size - 2)).encode()


async def test_a_body_may_be_as_large_as_the_limit_and_not_a_byte_larger(client):
    path = f"{ELEMENTS}/Name/$value"
    exact = await client.patch(path, content=text_of(MAX_BODY), headers=JSON)
    assert exact.status_code == 204
    over = await client.patch(path, content=text_of(MAX_BODY + 1), headers=JSON)
    assert str(MAX_BODY) in refused(over, 413)
    assert len((await client.get(path)).json()) == MAX_BODY - 2


async def test_a_body_of_unknown_length_is_counted_as_it_comes(client):
    async def chunks() -> AsyncIterator[bytes]:
        yield b'"'
        for _ in range(10):
            yield b"x" * 1000

    before = (await client.get(NUMBER)).content
    refused(await client.patch(NUMBER, content=chunks(), headers=JSON), 413)
    assert (await client.get(NUMBER)).content == before


@pytest.mark.parametrize("levels", [MAX_DEPTH + 2, 1000, 1300])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
async def test_a_body_that_is_nested_too_deep_is_refused(client, levels, start, end):
    body = start * levels + b"1" + end * levels
    response = await client.put(f"{API}/submodels/{TYPES}", content=body, headers=JSON)
    assert "deep" in refused(response, 400)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"{'a':1}", "JSON"),
        (b'{"a":NaN}', "JSON"),
        (b'{"a":01}', "JSON"),
        (b'{"a":1}x', "JSON"),
        (b'"\xff"', "JSON"),
        (b'"\xed\xa0\x80"', "JSON"),
        (b'"\\ud800"', "JSON"),
        (b"\xef\xbb\xbf1", "JSON"),
        (b'{"modelType":"Property","modelType":"Property"}', "modelType"),
        (b'{"a":{"b":[{"c":1,"c":1}]}}', "'c'"),
        (b'"\\u0000"', "XML"),
        (b'"\\ufffe"', "XML"),
    ],
)
async def test_what_is_no_json_is_refused_and_says_where(client, body, word):
    path = f"{API}/submodels/{TYPES}"
    before = (await client.get(path)).content
    text = refused(await client.put(path, content=body, headers=JSON), 400)
    assert text.startswith("body")
    assert word in text
    assert (await client.get(path)).content == before


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "x", "multipart/form-data"]
)
async def test_another_type_than_json_is_refused(client, media_type):
    response = await client.patch(NUMBER, content=b"1", headers={"content-type": media_type})
    assert "application/json" in refused(response, 415)


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=utf-8"])
async def test_json_may_be_written_as_it_likes(client, media_type):
    response = await client.patch(NUMBER, content=b"1", headers={"content-type": media_type})
    assert response.status_code == 204


async def test_the_request_under_way_that_is_too_many_is_asked_to_come_again(
    client: httpx.AsyncClient, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    machine.bind("Setpoint", writable=True)
    go_on = asyncio.Event()
    asked: list[Any] = []

    async def slow(_self: Any, _point: Any, value: Any) -> None:
        asked.append(value)
        await go_on.wait()

    monkeypatch.setattr(Machine, "write", slow)
    path = f"{API}/submodels/{LIVE}/submodel-elements/Setpoint/$value"
    writes = [asyncio.create_task(client.patch(path, json=number)) for number in (1, 2)]
    async with asyncio.timeout(10):
        while len(asked) < 2:
            await asyncio.sleep(0)
    response = await client.get(f"{API}/shells")
    assert "too many" in refused(response, 503)
    assert int(response.headers["retry-after"]) > 0
    go_on.set()
    assert [(await write).status_code for write in writes] == [204, 204]
    assert (await client.get(f"{API}/shells")).status_code == 200


def result_of(raw: bytes) -> dict[str, str]:
    return message_of(json.loads(raw.partition(b"\r\n\r\n")[2]))


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"a"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Many: a\r\n"),
    ],
)
async def test_too_long_a_head_is_refused(server, start, more):
    async with server.connection() as connection:
        connection.writer.write(start)
        await asyncio.sleep(0.05)
        connection.writer.write(more * (MAX_HEAD // len(more) + 1))
        raw = await connection.rest()
    assert raw.startswith(b"HTTP/1.1 431 ")
    assert str(MAX_HEAD) in result_of(raw)["text"]


async def test_many_requests_in_one_read_are_no_long_head(server):
    many = request(f"{API}/submodels/{PLAIN}", **{"X-Padding": "x" * 2000}) * 100
    async with server.connection() as connection:
        connection.writer.write(many)
        for _ in range(100):
            assert (await connection.answer()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "head",
    [
        f"GET {API}/shells HTTP/1.1\r\n\r\n",
        f"GET {API}/shells HTTP/1.1\r\nAccept: */*\r\n\r\n",
        f"GET {API}/shells\r\n\r\n",
        f"GET {API}/shells HTTP/1.2\r\nHost: x\r\n\r\n",
    ],
)
async def test_a_request_without_a_host_or_a_version_is_refused(server, head):
    async with server.connection() as connection:
        connection.writer.write(head.encode())
        raw = await connection.rest()
    assert raw.startswith(b"HTTP/1.1 400 ")
    assert result_of(raw)["text"]


async def test_a_hot_path_without_a_host_is_refused_too(server):
    path = f"{API}/submodels/{PLAIN}/submodel-elements/P1/$value"
    for _ in range(2):
        await server.ask(request(path))
    async with server.connection() as connection:
        connection.writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        assert (await connection.rest()).startswith(b"HTTP/1.1 400 ")


async def test_http_1_0_needs_no_host(server):
    async with server.connection() as connection:
        connection.writer.write(b"GET /health HTTP/1.0\r\n\r\n")
        assert (await connection.rest()).startswith(b"HTTP/1.1 200 ")


async def test_on_the_wire_one_byte_over_the_limit_is_told_before_it_is_sent(server):
    path = f"{ELEMENTS}/Name/$value"
    async with server.connection() as connection:
        fits = await connection.ask(request(path, "PATCH", text_of(MAX_BODY)))
        assert fits.startswith(b"HTTP/1.1 204 ")
        head = request(path, "PATCH", text_of(MAX_BODY + 1)).partition(b"\r\n\r\n")[0]
        connection.writer.write(head + b"\r\n\r\n")
        raw = await connection.rest()
    assert raw.startswith(b"HTTP/1.1 413 ")
    assert str(MAX_BODY) in result_of(raw)["text"]


async def test_a_body_in_chunks_is_counted_to_the_byte(server):
    head = request(NUMBER, "PATCH", Transfer_Encoding="chunked")
    almost = b"400\r\n" + b" " * 1024 + b"\r\n"
    for last, status in ((b"7" + b" " * 1023, b"204"), (b"7" + b" " * 1024, b"413")):
        chunks = [almost] * (MAX_BODY // 1024 - 1) + [b"%x\r\n%b\r\n" % (len(last), last)]
        raw = await server.ask(head + b"".join(chunks) + b"0\r\n\r\n")
        assert raw.startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("coding", ["gzip", "zstd", "deflate, gzip", "x"])
async def test_a_body_in_a_content_coding_is_refused_and_not_unpacked(client, coding):
    before = (await client.get(NUMBER)).content
    headers = {**JSON, "content-encoding": coding}
    for method, path in (("PATCH", NUMBER), ("POST", f"{API}/submodels"), ("POST", "/upload")):
        response = await client.request(
            method, path if path != "/upload" else f"{API}/upload", content=b"7", headers=headers
        )
        assert "Content-Encoding" in refused(response, 415)
        assert response.headers["accept-encoding"] == "identity"
    assert (await client.get(NUMBER)).content == before
    plain = {**JSON, "content-encoding": "Identity"}
    assert (await client.patch(NUMBER, content=b"7", headers=plain)).status_code == 204


@pytest.mark.parametrize("size", [MAX_TARGET + 1, 65_536, 70_000, 3 * 65_536])
@pytest.mark.parametrize("prefix", [f"{API}/shells?x=", "/", f"{API}/shells/"])
async def test_too_long_a_target_is_refused(server, prefix, size):
    raw = await server.ask(request(prefix + "a" * (size - len(prefix))))
    assert raw.startswith((b"HTTP/1.1 414 ", b"HTTP/1.1 431 "))
    assert result_of(raw)["text"]


async def test_the_longest_target_is_answered(server):
    path = f"{API}/shells?x="
    raw = await server.ask(request(path + "a" * (MAX_TARGET - len(path))))
    assert raw.startswith(b"HTTP/1.1 200 ")


async def test_more_parameters_than_any_client_sends_are_refused(client):
    query = "&".join(f"p{number}=1" for number in range(MAX_PARAMETERS))
    assert (await client.get(f"{API}/shells?{query}")).status_code == 200
    assert str(MAX_PARAMETERS) in refused(await client.get(f"{API}/shells?{query}&q=1"), 400)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_request_with_two_hosts_is_refused(server, version):
    value = f"{API}/submodels/{PLAIN}/submodel-elements/P1/$value"
    for _ in range(2):
        await server.ask(request(value))
    for path in (value, "/health"):
        raw = await server.ask(f"GET {path} HTTP/{version}\r\nHost: a\r\nHost: b\r\n\r\n".encode())
        assert raw.startswith(b"HTTP/1.1 400 ")
        assert "Host" in result_of(raw)["text"]


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (request(NUMBER, "PATCH", **{"Content-Length": "6000000"}), b"413"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /", b"431"),
    ],
    ids=["body", "nonsense", "target"],
)
async def test_who_is_still_sending_can_read_why_it_is_refused(server, start, status):
    async with server.connection() as connection:
        connection.writer.write(start)
        for _ in range(60):
            connection.writer.write(b"x" * 100_000)
            await connection.writer.drain()
        raw = await connection.rest()
    assert raw.startswith(b"HTTP/1.1 " + status)
    assert result_of(raw)["text"]

"""Content codings: which one is chosen, and that the coded form is the same document."""

from __future__ import annotations

import gzip
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.api.app import AasApplication
from aas_server.api.compression import Coding, CompressedBodies, choose_coding, compress
from aas_server.api.finishing import COMPRESSED_FROM, Finisher, ReadHeaders, is_compressible
from aas_server.api.responses import Response
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.repository import Repository
from tests.api.documents import API, LIVE, PLAIN, PLAIN_ID, TYPES
from tests.api.forms import put_file
from tests.api.results import refused
from tests.api.sockets import request, serving, undated
from tests.support.clock import FakeClock
from tests.support.services import make_app

LARGE = f"{API}/submodels/{PLAIN}"
SMALL = f"{LARGE}/submodel-elements/P1/$value"


@pytest.fixture
async def raw(app: AasApplication) -> httpx.AsyncClient:
    """A client that asks for no coding and decodes none."""
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={})


async def read(client: httpx.AsyncClient, path: str, accept: str | None, method: str = "GET"):
    """Send a request, and return the response with its body as it came."""
    asked = client.build_request(method, path)
    asked.headers.pop("accept-encoding", None)
    if accept is not None:
        asked.headers["accept-encoding"] = accept
    response = await client.send(asked, stream=True)
    content = b"".join([chunk async for chunk in response.aiter_raw()])
    return httpx.Response(
        response.status_code,
        headers=[item for item in response.headers.raw if item[0] != b"content-encoding"],
        content=content,
        extensions={"coding": response.headers.get("content-encoding")},
    )


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip", Coding.GZIP),
        ("zstd", Coding.ZSTD),
        ("gzip, zstd", Coding.ZSTD),
        ("GZIP", Coding.GZIP),
        ("gzip;q=1.0, zstd;q=0.5", Coding.GZIP),
        ("zstd;q=0, gzip", Coding.GZIP),
        ("zstd;q=0, gzip;q=0", None),
        ("*", Coding.ZSTD),
        ("*;q=0", None),
        ("zstd;q=0, *", Coding.GZIP),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=1", Coding.GZIP),
        ("gzip;q=x", None),
        ("nonsense, gzip ;q=0.1 ", Coding.GZIP),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(accept, expected):
    assert choose_coding(accept) is expected


@given(st.text(max_size=60))
def test_any_accept_encoding_is_understood_or_passed_over(accept):
    assert choose_coding(accept) in (None, *Coding)


@pytest.mark.parametrize("coding", list(Coding))
async def test_what_is_large_comes_in_the_coding_that_was_asked_for(raw, coding):
    async with raw:
        plain = await read(raw, LARGE, None)
        coded = await read(raw, LARGE, coding.value)
        again = await read(raw, LARGE, coding.value)
        head = await read(raw, LARGE, coding.value, "HEAD")
    assert coded.extensions["coding"] == coding.value
    assert coded.content == again.content == compress(plain.content, coding)
    assert len(coded.content) == int(coded.headers["content-length"]) < len(plain.content) / 4
    assert coded.headers["vary"] == plain.headers["vary"] == "accept, accept-encoding"
    assert head.content == b""
    assert head.headers == coded.headers
    assert head.extensions["coding"] == coding.value


async def test_each_form_has_a_tag_of_its_own_and_304_answers_to_it(raw):
    async with raw:
        tags = {
            accept: (await read(raw, LARGE, accept)).headers["etag"]
            for accept in (None, "gzip", "zstd")
        }
        assert len(set(tags.values())) == 3
        for accept, tag in tags.items():
            headers = {"if-none-match": tag, "accept-encoding": accept or "identity"}
            response = await raw.get(LARGE, headers=headers)
            assert (response.status_code, response.content) == (304, b"")
            assert response.headers["etag"] == tag
            assert response.headers["vary"] == "accept, accept-encoding"
            other = {"if-none-match": tag, "accept-encoding": "identity" if accept else "gzip"}
            assert (await raw.get(LARGE, headers=other)).status_code == 200


@pytest.mark.parametrize("coding", list(Coding))
async def test_the_tag_of_a_coded_form_is_a_condition_for_a_write(raw, coding):
    body = {"modelType": "Submodel", "id": PLAIN_ID, "idShort": "Plain"}
    async with raw:
        tag = {"if-match": (await read(raw, LARGE, coding.value)).headers["etag"]}
        assert (await raw.put(LARGE, json=body, headers=tag)).status_code == 204
        refused(await raw.put(LARGE, json=body, headers=tag), 412)


async def test_what_is_small_is_left_as_it_is(raw):
    async with raw:
        response = await read(raw, SMALL, "gzip, zstd")
    assert response.extensions["coding"] is None
    assert response.content == b"1.0"


async def test_lists_and_live_documents_and_pages_are_compressed_too(client, raw, machine):
    point = machine.bind("Temperature")
    async with raw:
        for path in (f"{API}/submodels", "/openapi.json", "/"):
            plain = await read(raw, path, None)
            coded = await read(raw, path, "gzip")
            assert coded.extensions["coding"] == "gzip"
            assert gzip.decompress(coded.content) == plain.content
        for value in (22.5, 23.5):
            machine.tell(point, value)
            coded = await read(raw, f"{API}/submodels/{LIVE}", "gzip")
            content = coded.content
            if coded.extensions["coding"] == "gzip":
                content = gzip.decompress(content)
            assert f'"{value}"'.encode() in content


async def test_what_changed_is_not_sent_from_what_was_compressed_before(raw, client):
    async with raw:
        first = await read(raw, LARGE, "gzip")
        await client.patch(SMALL, json=77.5)
        second = await read(raw, LARGE, "gzip")
    assert b'"77.5"' in gzip.decompress(second.content)
    assert first.headers["etag"] != second.headers["etag"]


async def test_bodies_that_are_kept_are_bounded_and_a_large_one_pushes_out_none():
    bodies = CompressedBodies(capacity=8 * 2000)
    small = encode_identifier("x" * 700).encode()
    kept = await bodies.get(small, Coding.GZIP, (b"/small", b"1"))
    for size in (2100, 9000, 20_000):
        noise = Random(size).randbytes(size)
        for number in range(8):
            key = (b"/large", b"%d-%d" % (size, number))
            assert len(await bodies.get(noise, Coding.GZIP, key)) > 2000
    assert await bodies.get(small, Coding.GZIP, (b"/small", b"1")) is kept
    for number in range(2000):
        await bodies.get(small, Coding.GZIP, (b"/other%d" % number, b"1"))
    assert await bodies.get(small, Coding.GZIP, (b"/small", b"1")) is not kept


async def test_of_a_target_one_state_is_kept_in_each_coding():
    bodies = CompressedBodies(capacity=8 * 2000)
    text = encode_identifier("x" * 700).encode()
    kept = [await bodies.get(text, coding, (b"/small", b"1")) for coding in Coding]
    for number in range(2000):
        await bodies.get(text, Coding.GZIP, (b"/live", str(number).encode()))
    assert [await bodies.get(text, coding, (b"/small", b"1")) for coding in Coding] == kept
    assert await bodies.get(text, Coding.GZIP, (b"/small", b"1")) is kept[-1]
    newest = await bodies.get(text, Coding.GZIP, (b"/live", b"1999"))
    assert await bodies.get(text, Coding.GZIP, (b"/live", b"1999")) is newest
    assert await bodies.get(text, Coding.GZIP, (b"/live", b"1998")) is not newest


@pytest.fixture(params=[True, False], ids=["fast", "asgi"])
def both_app(request: pytest.FixtureRequest, filled: Repository) -> AasApplication:
    return make_app(filled, FakeClock(), fast_lane=request.param)


async def test_on_the_wire_a_hot_document_comes_in_each_coding(both_app):
    def ask(coding: str, method: str = "GET", **more: str) -> bytes:
        return request(LARGE, method, **{"Accept-Encoding": coding}, **more)

    async with serving(both_app) as server, server.connection() as connection:
        await connection.ask(request(LARGE))
        plain = undated(await connection.ask(request(LARGE)))
        for accept, coding in (("gzip", "gzip"), ("gzip, zstd", "zstd"), ("br", None)):
            head, _, content = undated(await connection.ask(ask(accept))).partition(b"\r\n\r\n")
            assert undated(await connection.ask(ask(accept, "HEAD"), head=True)) == (
                head + b"\r\n\r\n"
            )
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
            assert fields[b"vary"] == b"accept, accept-encoding"
            assert fields.get(b"content-encoding") == (None if coding is None else coding.encode())
            again = {"If-None-Match": fields[b"etag"].decode()}
            answer = await connection.ask(ask(accept, **again), head=True)
            assert answer.startswith(b"HTTP/1.1 304 Not Modified\r\n")
            if coding is None:
                assert head + b"\r\n\r\n" + content == plain
            else:
                expected = compress(plain.partition(b"\r\n\r\n")[2], Coding(coding))
                assert content == expected


async def test_files_are_streamed_as_they_are(raw, client):
    attachment = f"{API}/submodels/{TYPES}/submodel-elements/Manual/attachment"
    text = b"one line of many\n" * 500
    await put_file(client, attachment, text, file_name="a.txt", content_type="text/plain")
    async with raw:
        for method in ("GET", "HEAD"):
            response = await read(raw, attachment, "gzip, zstd", method)
            assert response.extensions["coding"] is None
            assert response.headers["content-length"] == str(len(text))
            assert response.content == (text if method == "GET" else b"")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"content-type", b"application/json")], True),
        ([(b"content-type", b"text/html; charset=utf-8")], True),
        ([(b"content-type", b"application/xml")], True),
        ([(b"content-type", b"application/asset-administration-shell-package")], False),
        ([(b"content-type", b"application/zip")], False),
        ([(b"content-type", b"image/png")], False),
        ([], False),
        ([(b"content-type", b"text/plain"), (b"content-encoding", b"gzip")], False),
        ([(b"content-type", b"text/plain"), (b"content-range", b"bytes 0-9/10")], False),
    ],
)
async def test_what_is_compressed_already_is_not_compressed_again(headers, expected):
    for size in (COMPRESSED_FROM - 1, COMPRESSED_FROM):
        response = Response(200, (*headers, (b"content-length", b"%d" % size)), b"x" * size)
        asked = ReadHeaders(accept_encoding="gzip", is_read=True)
        finished = await Finisher().finish(response, asked, target=b"/x")
        assert is_compressible(response) == (expected and size == COMPRESSED_FROM)
        assert (finished != response) == is_compressible(response)


@pytest.mark.parametrize(
    ("accept", "coding"), [("gzip;q=0", None), ("gzip", "gzip"), ("zstd, gzip;q=0.5", "zstd")]
)
@pytest.mark.parametrize("path", ["/openapi.json", "/docs/swagger-ui.css", "/"])
async def test_pages_are_negotiated_as_operations_are(raw, path, accept, coding):
    async with raw:
        plain = await read(raw, path, None)
        coded = await read(raw, path, accept)
        head = await read(raw, path, accept, "HEAD")
    assert coded.extensions["coding"] == coding
    assert coded.headers["vary"] == "accept-encoding"
    assert head.content == b""
    assert head.headers == coded.headers
    if coding is not None:
        assert coded.content == compress(plain.content, Coding(coding))


async def test_a_generated_submodel_is_never_sent_from_what_it_was(raw, filled):
    path = f"{API}/submodels/{encode_identifier('urn:example:status')}"
    async with raw:
        for text in ("connecting" * 300, "connected" * 300, "connecting" * 300):
            element = {"modelType": "Property", "idShort": "S", "valueType": "xs:string"}
            filled.put_generated(
                {
                    "modelType": "Submodel",
                    "id": "urn:example:status",
                    "submodelElements": [{**element, "value": text}],
                }
            )
            coded = await read(raw, path, "gzip")
            assert text.encode() in gzip.decompress(coded.content)
            plain = await read(raw, path, None)
            assert text.encode() in plain.content
            unchanged = await raw.get(
                path,
                headers={"if-none-match": plain.headers["etag"], "accept-encoding": "identity"},
            )
            assert unchanged.status_code == 304

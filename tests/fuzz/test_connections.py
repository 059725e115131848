"""Requests that are broken below their meaning: the limits, and what is hardly HTTP at all."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.clients.documents import SUBMODEL, prop, submodel
from tests.fuzz.bodies import FORM_TYPE, field, file, form
from tests.fuzz.checks import complaint
from tests.fuzz.conftest import MAX_BODY, MAX_UPLOAD, port_of
from tests.fuzz.values import encoded
from tests.fuzz.wire import Answer, Request, exchange, exchange_alone
from tests.fuzz.world import world
from tests.system.aas_process import AasServer

PATH = f"/api/v3/submodels/{encoded(SUBMODEL)}"
ATTACHMENT = f"{PATH}/submodel-elements/Drawing/attachment"
CLOSED_SECONDS = 20.0
"""Within which a connection that says nothing is closed: far above ``AAS_IDLE_TIMEOUT``."""
JSON_HEAD = "Content-Type: application/json\r\n"

BROKEN = {
    "no HTTP": b"hello\r\n\r\n",
    "nothing": b"",
    "empty lines": b"\r\n\r\n\r\n",
    "half a request line": b"GET /api",
    "half a header": b"GET /api/v3/shells HTTP/1.1\r\nHost: x\r\nAccept: ",
    "no version": b"GET /api/v3/shells\r\n\r\n",
    "another version": b"GET /api/v3/shells HTTP/9.9\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "no host": b"GET /api/v3/shells HTTP/1.1\r\n\r\n",
    "bytes in the target": b"GET /api/v3/shells/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the target": b"GET /api/v3/shells/a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "an absolute target": b"GET http://elsewhere/api/v3/shells/x HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long target": b"GET /api/v3/shells/" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long header": b"GET /api/v3/none HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "many headers": b"GET /api/v3/none HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n",
    "no header name": b"GET /api/v3/none HTTP/1.1\r\n: b\r\n\r\n",
    "a header of another line": b"GET /api/v3/none HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    "two lengths": (
        f"PUT {PATH} HTTP/1.1\r\n{JSON_HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"
    ).encode(),
    "no number as length": f"PUT {PATH} HTTP/1.1\r\nContent-Length: two\r\n\r\n{{}}".encode(),
    "a negative length": f"PUT {PATH} HTTP/1.1\r\nContent-Length: -2\r\n\r\n{{}}".encode(),
    "length and chunks": (
        f"PUT {PATH} HTTP/1.1\r\n{JSON_HEAD}Content-Length: 2\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ).encode(),
    "no chunk size": (
        f"PUT {PATH} HTTP/1.1\r\n{JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n"
    ).encode(),
    "an unknown transfer encoding": (
        f"PUT {PATH} HTTP/1.1\r\n{JSON_HEAD}Transfer-Encoding: brotli\r\n\r\n{{}}"
    ).encode(),
}


def answered_well(answer: Answer | None, note: str) -> str | None:
    """Return what is wrong with ``answer``; a connection that was closed is fine."""
    if answer is None:
        return None
    if not 400 <= answer.status < 500:
        return f"{answer.status} {answer.body[:200]!r}"
    return complaint(Request("GET", "", note=note), answer)


@pytest.mark.parametrize("note", BROKEN)
async def test_what_is_no_request_is_refused_or_cut_off(hasty_server: AasServer, note: str) -> None:
    answer = await exchange_alone(port_of(hasty_server), BROKEN[note], within=CLOSED_SECONDS)

    assert answered_well(answer, note) is None
    assert hasty_server.client.http.get("/description").status_code == 200


def padded(size: int) -> bytes:
    """Return a submodel of exactly ``size`` bytes."""
    empty = json.dumps(submodel(SUBMODEL, prop("Text", "")))
    return json.dumps(submodel(SUBMODEL, prop("Text", "x" * (size - len(empty))))).encode()


async def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_not(
    server: AasServer, port: int
) -> None:
    http = server.client.http
    headers = {"Content-Type": "application/json"}
    path = PATH.removeprefix("/api/v3")

    assert http.put(path, content=padded(MAX_BODY), headers=headers).is_success
    before = http.get(path).content
    too_large = http.put(path, content=padded(MAX_BODY + 1), headers=headers)

    assert too_large.status_code == 413
    assert str(MAX_BODY) in too_large.json()["messages"][0]["text"]
    assert http.get(path).content == before


@pytest.mark.parametrize("told", [True, False], ids=["length told", "in chunks"])
async def test_one_byte_over_the_limit_is_refused_before_it_is_read(port: int, told: bool) -> None:
    length = f"Content-Length: {MAX_BODY + 1}"
    head = f"PUT {PATH} HTTP/1.1\r\nHost: x\r\n{JSON_HEAD}"
    sent = f"{head}{length}\r\n\r\n".encode()
    if not told:
        chunk = b"%x\r\n%b\r\n" % (MAX_BODY + 1, padded(MAX_BODY + 1))
        sent = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk

    answer = await exchange_alone(port, sent, within=CLOSED_SECONDS)

    assert answer is not None
    assert answer.status == 413, answer
    assert complaint(Request("PUT", PATH), answer) is None


async def test_a_file_over_the_limit_is_refused_and_the_old_one_stays(
    server: AasServer, port: int
) -> None:
    await exchange(port, world(), connections=1)
    content = b"x" * (MAX_UPLOAD + 1)

    answer = server.client.http.put(
        ATTACHMENT.removeprefix("/api/v3"), files={"file": ("a.txt", content, "text/plain")}
    )

    assert answer.status_code == 413, answer.text
    assert answer.json()["messages"]
    assert server.client.http.get(ATTACHMENT.removeprefix("/api/v3")).content == b"hi"


async def test_a_form_that_is_left_in_the_middle_changes_nothing(
    server: AasServer, port: int
) -> None:
    await exchange(port, world(), connections=1)
    body = form(field("fileName", b"a.txt"), file(b"y" * 10_000))
    request = Request("PUT", ATTACHMENT, (FORM_TYPE,), body).encoded()

    for cut in (len(request) - len(body), len(request) - 5000, len(request) - 1):
        await abandoned(port, request[:cut])

    assert server.client.http.get(ATTACHMENT.removeprefix("/api/v3")).content == b"hi"
    assert "Traceback" not in server.process.log()


async def abandoned(port: int, sent: bytes) -> None:
    """Send ``sent`` and close the connection."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    writer.close()
    await writer.wait_closed()

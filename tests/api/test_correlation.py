"""X-Correlation-Id: what the client says is said back and logged, what it should not say is not."""

from __future__ import annotations

import re

import pytest
from structlog.testing import capture_logs

from tests.api.documents import API, PLAIN
from tests.api.results import message_of
from tests.api.sockets import request, serving
from tests.support.clock import FakeClock
from tests.support.services import make_app

VALUE = f"{API}/submodels/{PLAIN}/submodel-elements/P1/$value"


@pytest.mark.parametrize(
    "path", [f"{API}/shells", VALUE, f"{API}/nothing", "/health", "/nothing", "/health?a=%zz"]
)
async def test_the_id_comes_back_and_stands_in_the_result(client, path):
    response = await client.get(path, headers={"x-correlation-id": "order-4711"})
    assert response.headers["x-correlation-id"] == "order-4711"
    if response.status_code >= 400:
        assert message_of(response.json())["correlationId"] == "order-4711"


@pytest.mark.parametrize("bad", ["", " ", "a b", "x" * 129, "ä", "a\tb"])
async def test_an_id_that_could_do_harm_is_replaced(client, bad):
    headers = {b"x-correlation-id": bad.encode("latin-1")}
    for path in (f"{API}/nothing", "/nothing"):
        response = await client.get(path, headers=headers)
        own = response.headers["x-correlation-id"]
        assert re.fullmatch("[0-9a-f]{32}", own)
        assert message_of(response.json())["correlationId"] == own


async def test_a_failure_inside_is_logged_with_the_id(client, monkeypatch):
    def broken(*_arguments: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("aas_server.api.elements.resolve", broken)
    with capture_logs() as logs:
        response = await client.get(VALUE, headers={"x-correlation-id": "order-4711"})
    assert response.status_code == 500
    assert [entry["correlation_id"] for entry in logs] == ["order-4711"]


@pytest.mark.parametrize("fast", [True, False])
async def test_a_hot_read_says_it_back_on_the_wire(filled, fast):
    app = make_app(filled, FakeClock(), fast_lane=fast)
    async with serving(app) as server, server.connection() as connection:
        for number in range(3):
            asked = {"X-Correlation-Id": f"n{number}"}
            answer = await connection.ask(request(VALUE, **asked))
            assert f"\r\nx-correlation-id: n{number}\r\n".encode() in answer
            assert b"x-correlation-id" not in await connection.ask(request(VALUE))


async def test_a_request_without_an_id_is_given_none_but_in_a_result(client):
    assert "x-correlation-id" not in (await client.get(VALUE)).headers
    failed = await client.get(f"{API}/nothing")
    assert "x-correlation-id" not in failed.headers
    assert message_of(failed.json())["correlationId"]


@pytest.mark.parametrize("bad", ["a\x00b", "a\x7fb", "a\x1bb", "a\rInjected: x"])
async def test_an_id_with_control_characters_never_reaches_the_answer(filled, bad):
    async with serving(make_app(filled, FakeClock())) as server, server.connection() as connection:
        asked = {"X-Correlation-Id": bad}
        connection.writer.write(request(VALUE, **asked, Connection="close"))
        answer = await connection.rest()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 200 "))
    assert bad.encode() not in answer
    assert b"njected" not in answer

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aas_server.api.app import AasApplication
from aas_server.errors import DeviceFailed
from aas_server.repository.repository import Repository
from tests.api.documents import API, LIVE, PLAIN, TYPES
from tests.api.results import message_of
from tests.api.sockets import Serving, request, serving, undated
from tests.support.clock import START, FakeClock
from tests.support.services import make_app

VALUE = f"{API}/submodels/{LIVE}/submodel-elements/Temperature/$value"
SETPOINT = f"{API}/submodels/{LIVE}/submodel-elements/Setpoint/$value"
LIST = f"{API}/submodels/{TYPES}/submodel-elements/$value"
MAX_BODY = 65_536


@pytest.fixture(params=[True, False], ids=["fast", "asgi"])
def both_app(request: pytest.FixtureRequest, filled: Repository) -> AasApplication:
    return make_app(filled, FakeClock(), fast_lane=request.param, max_body=MAX_BODY)


@pytest.fixture
async def server(both_app: AasApplication) -> AsyncIterator[Serving]:
    async with serving(both_app) as served:
        await served.ask(request(VALUE))
        yield served


async def test_headers_come_in_one_order_with_a_date_and_no_server(server, machine):
    machine.tell(machine.bind("Temperature"), 21.5, source=START)
    raw = await server.ask(request(VALUE))
    assert re.sub(rb'etag: "[^"]+"', b"etag: *", undated(raw)) == (
        b"HTTP/1.1 200 OK\r\n"
        b"date: *\r\n"
        b"content-type: application/json\r\n"
        b"content-length: 4\r\n"
        b"etag: *\r\n"
        b"aas-quality: good\r\n"
        b"last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        b"\r\n"
        b"21.5"
    )


async def test_the_date_moves_on(server):
    async with server.connection() as connection:
        dates = set()
        while len(dates) < 2:
            raw = await connection.ask(request(VALUE))
            dates.add(re.search(rb"\r\ndate: ([^\r]+)", raw)[1])
            await asyncio.sleep(0.05)


async def test_head_has_the_headers_of_get_and_no_body(server):
    async with server.connection() as connection:
        for path in (VALUE, LIST, f"{API}/submodels/{PLAIN}", "/health", "/nothing"):
            got = undated(await connection.ask(request(path)))
            head = undated(await connection.ask(request(path, "HEAD"), head=True))
            assert without_ids(head) == without_ids(got.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        assert (await connection.ask(request(VALUE))).endswith(b"1.0")


def without_ids(raw: bytes) -> bytes:
    return re.sub(rb'"correlationId":"[0-9a-f]+"', b"", raw)


async def test_an_idle_connection_is_closed_after_its_time(both_app):
    async with serving(both_app, keep_alive=0.4) as server:
        await server.ask(request(VALUE))
        async with server.connection() as connection:
            for _ in range(4):
                await connection.ask(request(VALUE))
                await asyncio.sleep(0.15)
            assert (await connection.ask(request(VALUE))).endswith(b"1.0")
            assert await connection.rest() == b""


async def test_an_idle_connection_does_not_hold_up_the_end(both_app):
    async with serving(both_app) as server, server.connection() as connection:
        for _ in range(2):
            await connection.ask(request(VALUE))
        server.server.should_exit = True
        assert await connection.rest() == b""
        await server.task
        assert not server.server.server_state.connections


class SlowMachine:
    """Takes a write only when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def write(self, _point: Any, _value: Any) -> None:
        self.asked.set()
        await self.go_on.wait()


@pytest.fixture
def slow_machine(machine, hub, filled) -> SlowMachine:
    slow = SlowMachine()
    machine.bind("Temperature")
    machine.write = slow.write
    machine.bind("Setpoint", writable=True)
    return slow


async def test_a_request_under_way_is_finished_before_the_end(both_app, slow_machine):
    async with serving(both_app) as server, server.connection() as connection:
        await server.ask(request(VALUE))
        connection.writer.write(request(SETPOINT, "PATCH", b"1.5") + request(VALUE))
        await slow_machine.asked.wait()
        server.server.should_exit = True
        await asyncio.sleep(0.2)
        slow_machine.go_on.set()
        assert (await connection.answer()).startswith(b"HTTP/1.1 204 No Content\r\n")
        await connection.rest()
        await server.task


async def test_a_request_that_hangs_does_not_hold_up_the_end_for_ever(both_app, slow_machine):
    async with serving(both_app, shutdown_timeout=0.3) as server, server.connection() as connection:
        connection.writer.write(request(SETPOINT, "PATCH", b"1.5"))
        await slow_machine.asked.wait()
        server.server.should_exit = True
        await server.task


async def test_readers_do_not_wait_for_a_write_to_a_machine(server, slow_machine):
    async with server.connection() as writer:
        writer.writer.write(request(SETPOINT, "PATCH", b"1.5"))
        await slow_machine.asked.wait()
        for path in (VALUE, SETPOINT, f"{API}/submodels/{LIVE}"):
            assert (await server.ask(request(path))).startswith(b"HTTP/1.1 200 OK")
        slow_machine.go_on.set()
        assert (await writer.answer()).startswith(b"HTTP/1.1 204 ")


async def test_an_answer_without_a_body_says_nothing_of_one(server):
    path = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
    raw = await server.ask(request(path, "PATCH", b"1.5"))
    assert undated(raw) == b"HTTP/1.1 204 No Content\r\ndate: *\r\n\r\n"


async def test_a_body_that_is_too_large_ends_the_connection(server):
    path = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
    async with server.connection() as connection:
        connection.writer.write(request(path, "PATCH", b"1" * (MAX_BODY + 1)))
        raw = await connection.rest()
    assert raw.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in raw


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://test HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT test:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"PATCH / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_with_a_result(server, raw):
    async with server.connection() as connection:
        connection.writer.write(raw)
        answer = await connection.rest()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ndate: ")
    assert b"\r\ncontent-type: application/json\r\n" in head
    assert b"\r\nconnection: close" in head
    message_of(json.loads(body))


async def test_an_asterisk_and_an_absolute_target_are_answered(server):
    assert (await server.ask(request("*", "OPTIONS"))).startswith(b"HTTP/1.1 404 ")
    absolute = f"http://test{VALUE}"
    assert (await server.ask(request(absolute))).endswith(b"\r\n\r\n1.0")


async def test_a_device_failure_reaches_the_wire(server, machine):
    machine.bind("Setpoint", writable=True)
    machine.refusal = DeviceFailed("broken", status_code=0x808B0000, status_name="BadDeviceFailure")
    raw = await server.ask(request(SETPOINT, "PATCH", b"1.5"))
    assert raw.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"BadDeviceFailure (0x808B0000)" in raw

"""More than the server takes, and its end: whoever was let in is answered, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from structlog.testing import capture_logs

from aas_server.api.app import AasApplication
from aas_server.live.hub import LiveHub
from aas_server.repository.repository import Repository
from tests.api.conftest import Machine
from tests.api.documents import API, LIVE, PLAIN, TYPES
from tests.api.results import message_of
from tests.api.sockets import Connection, Serving, request, serving
from tests.support.clock import FakeClock
from tests.support.services import make_app

MAX_REQUESTS = 3
VALUE = f"{API}/submodels/{PLAIN}/submodel-elements/P1/$value"
SETPOINT = f"{API}/submodels/{LIVE}/submodel-elements/Setpoint/$value"
NUMBER = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
WRITE = request(SETPOINT, "PATCH", b"1.5")
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n"


class SlowMachine:
    """Takes writes only when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.go_on = asyncio.Event()

    async def write(self, _point: Any, _value: Any) -> None:
        self.asked += 1
        await self.go_on.wait()

    async def is_asked(self, times: int) -> None:
        async with asyncio.timeout(20):
            while self.asked < times:
                await asyncio.sleep(0.005)


@pytest.fixture
def slow_machine(machine: Machine, hub: LiveHub) -> SlowMachine:
    slow = SlowMachine()
    machine.write = slow.write  # type: ignore[method-assign]
    machine.bind("Setpoint", writable=True)
    return slow


@pytest.fixture(params=[True, False], ids=["fast", "asgi"])
def both_app(request: pytest.FixtureRequest, filled: Repository) -> AasApplication:
    return make_app(filled, FakeClock(), fast_lane=request.param, max_requests=MAX_REQUESTS)


@pytest.fixture
async def server(both_app: AasApplication) -> AsyncIterator[Serving]:
    async with serving(both_app) as served:
        await served.ask(request(VALUE))
        yield served


async def test_more_requests_than_allowed_are_told_when_to_come_again(server, slow_machine):
    async with AsyncExitStack() as stack:
        writers = [
            await stack.enter_async_context(server.connection()) for _ in range(MAX_REQUESTS)
        ]
        for each in writers:
            each.writer.write(WRITE)
        await slow_machine.is_asked(MAX_REQUESTS)
        async with server.connection() as other:
            for asked in (WRITE, request(f"{API}/shells"), request("/health")):
                raw = await other.ask(asked)
                assert raw.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
                assert b"\r\nretry-after: " in raw
                body = json.loads(raw.partition(b"\r\n\r\n")[2])
                assert message_of(body)["code"] == "Overloaded"
            # What is hot costs nothing: it is answered all the same, on the same connection.
            assert (await other.ask(request(VALUE))).endswith(b"\r\n\r\n1.0")
        slow_machine.go_on.set()
        for each in writers:
            assert (await each.answer()).startswith(NO_CONTENT)
    assert (await server.ask(request(f"{API}/shells"))).startswith(b"HTTP/1.1 200 ")
    assert slow_machine.asked == MAX_REQUESTS


async def test_a_client_that_leaves_makes_room(server, slow_machine):
    async with AsyncExitStack() as stack:
        for _ in range(MAX_REQUESTS):
            each = await stack.enter_async_context(server.connection())
            each.writer.write(request(NUMBER, "PATCH", b"1" * 50)[:-20])
        await shows(server, b"503")
    await shows(server, b"200")


async def shows(server: Serving, status: bytes) -> None:
    async with asyncio.timeout(20):
        while not (await server.ask(request(f"{API}/shells"))).startswith(b"HTTP/1.1 " + status):
            await asyncio.sleep(0.02)


async def test_what_was_pipelined_is_answered_in_order_before_the_end(both_app, slow_machine):
    async with serving(both_app) as server, server.connection() as connection:
        connection.writer.write(WRITE + request(VALUE) + request(f"{API}/shells"))
        await slow_machine.is_asked(1)
        server.server.should_exit = True
        await asyncio.sleep(0.2)
        slow_machine.go_on.set()
        assert (await connection.answer()).startswith(NO_CONTENT)
        assert (await connection.answer()).endswith(b"\r\n\r\n1.0")
        last = await connection.answer()
        assert last.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nconnection: close\r\n" in last
        assert await connection.rest() == b""
        await server.task


async def test_the_end_waits_for_a_request_and_lets_no_new_one_in(both_app, slow_machine):
    async with serving(both_app) as server, server.connection() as idle:
        await idle.ask(request(VALUE))
        async with server.connection() as busy:
            busy.writer.write(WRITE)
            await slow_machine.is_asked(1)
            server.server.should_exit = True
            assert await idle.rest() == b""
            with pytest.raises(OSError, match=r"refused|Connect call failed"):
                await asyncio.open_connection("127.0.0.1", server.port)
            slow_machine.go_on.set()
            assert (await busy.answer()).startswith(NO_CONTENT)
            assert await busy.rest() == b""
        await server.task
        assert not server.server.server_state.connections


MALFORMED = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    request("/" + "a" * 70_000),
    b"PATCH / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
]


@pytest.mark.parametrize("malformed", MALFORMED, ids=lambda raw: raw[:30].decode())
async def test_a_malformed_request_behind_others_is_not_answered_in_their_place(
    server, slow_machine, malformed
):
    async with server.connection() as connection:
        connection.writer.write(WRITE + request(VALUE) + malformed)
        await slow_machine.is_asked(1)
        await asyncio.sleep(0.05)
        slow_machine.go_on.set()
        assert (await connection.answer()).startswith(NO_CONTENT)
        assert (await connection.answer()).endswith(b"\r\n\r\n1.0")
        rest = await until_closed(connection)
    assert rest == b"" or rest.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 414 "))


async def until_closed(connection: Connection) -> bytes:
    connection.writer.write(b"more nonsense\r\n\r\n")
    return await connection.rest()


async def test_a_malformed_body_of_the_request_under_way_is_refused_at_once(server):
    head = request(NUMBER, "PATCH", **{"Transfer-Encoding": "chunked"})
    async with server.connection() as connection:
        connection.writer.write(head + b"1\r\n7\r\n")
        await asyncio.sleep(0.05)
        connection.writer.write(b"nonsense\r\n")
        raw = await connection.rest()
        async with asyncio.timeout(15):
            while server.server.server_state.tasks:
                await asyncio.sleep(0.01)
    assert raw.startswith(b"HTTP/1.1 400 ")
    assert (await server.ask(request(NUMBER))).endswith(b"\r\n\r\n42.5")


async def test_clients_that_leave_with_requests_pipelined_are_not_logged(server):
    with capture_logs() as logs:
        for _ in range(30):
            async with server.connection() as connection:
                connection.writer.write((request(f"{API}/submodels/{PLAIN}") + WRITE) * 30)
                await connection.writer.drain()
        assert (await server.ask(request(VALUE))).endswith(b"\r\n\r\n1.0")
    assert logs == []


async def test_one_connection_is_kept_through_many_kinds_of_answers(server):
    async with server.connection() as connection:
        for _ in range(3):
            for path, status in (
                (VALUE, b"200"),
                (f"{API}/shells", b"200"),
                (f"{API}/nothing", b"404"),
                ("/health", b"200"),
                ("/nothing", b"404"),
                (f"{API}/shells?limit=x", b"400"),
            ):
                raw = await connection.ask(request(path))
                assert raw.startswith(b"HTTP/1.1 " + status + b" ")
                assert b"\r\nconnection: " not in raw

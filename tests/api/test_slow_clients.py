"""Clients that stop, or hardly read: they are given up, and others do not notice them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator

import pytest

from aas_server.repository.repository import Repository
from tests.api.documents import API, LIVE, PLAIN, TYPES
from tests.api.sockets import Serving, request, serving
from tests.support.clock import FakeClock
from tests.support.services import make_app

PATIENCE = 0.3
NUMBER = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
LARGE = f"{API}/submodels/{PLAIN}"
SLOW_READERS = 200


@pytest.fixture(params=[True, False], ids=["fast", "asgi"])
async def server(filled: Repository, request: pytest.FixtureRequest) -> AsyncIterator[Serving]:
    app = make_app(filled, FakeClock(), fast_lane=request.param, idle_timeout=PATIENCE)
    async with serving(app, keep_alive=PATIENCE) as served:
        yield served


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\r\n\r\n",
        b"GET /api",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        request(LARGE),
        request("/health"),
        request(LARGE) * 2 + b"\r\n",
        request("/health") + b"\r\n\r\n",
    ],
)
async def test_a_connection_that_rests_is_closed(server, start):
    async with server.connection() as connection:
        connection.writer.write(start)
        await connection.rest()


@pytest.mark.parametrize("start", [b"", b"\r\n\r\n", b"GET /api", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_connection_that_never_asks_is_not_kept_as_long_as_one_that_did(filled, start):
    app = make_app(filled, FakeClock(), idle_timeout=PATIENCE)
    async with serving(app, keep_alive=3600) as server, server.connection() as connection:
        connection.writer.write(start)
        assert await connection.rest() == b""


@pytest.mark.parametrize("sent", [b"", b"1"])
async def test_an_upload_that_stops_is_answered_with_408_and_changes_nothing(server, sent):
    before = await server.ask(request(NUMBER))
    head = request(NUMBER, "PATCH", b"1" * 50).removesuffix(b"1" * 50)
    async with server.connection() as connection:
        connection.writer.write(head + sent)
        raw = await connection.rest()
    assert raw.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close\r\n" in raw
    assert json.loads(raw.partition(b"\r\n\r\n")[2])["messages"][0]["messageType"] == "Error"
    assert (await server.ask(request(NUMBER))).split(b"\r\n\r\n")[1] == before.split(b"\r\n\r\n")[1]


async def test_an_upload_that_goes_on_slowly_is_waited_for(server):
    body = b" " * 12_000 + b"7.5"
    head = request(NUMBER, "PATCH", body).removesuffix(body)
    async with server.connection() as connection:
        connection.writer.write(head)
        for start in range(0, len(body), 500):
            connection.writer.write(body[start : start + 500])
            await asyncio.sleep(PATIENCE / 10)
        assert (await connection.answer()).startswith(b"HTTP/1.1 204 ")


async def test_a_client_that_leaves_in_the_middle_of_an_upload_changes_nothing(server):
    before = (await server.ask(request(NUMBER))).split(b"\r\n\r\n")[1]
    head = request(NUMBER, "PATCH", b"1" * 50).removesuffix(b"1" * 50)
    for _ in range(20):
        async with server.connection() as connection:
            connection.writer.write(head + b"1")
            await connection.writer.drain()
    assert (await server.ask(request(NUMBER))).split(b"\r\n\r\n")[1] == before


def narrow_connection(port: int) -> socket.socket:
    """Return a connection whose buffers hold next to nothing, so that its peer feels it stop."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


async def test_readers_of_a_byte_a_second_hold_nobody_up_and_are_given_up(filled):
    app = make_app(filled, FakeClock(), idle_timeout=1.0)
    loop = asyncio.get_running_loop()
    async with serving(app) as server:
        slow = [narrow_connection(server.port) for _ in range(SLOW_READERS)]
        try:
            for client in slow:
                await loop.sock_sendall(client, request(LARGE) * 150)
            connections = server.server.server_state.connections
            async with asyncio.timeout(15):
                while sum(each.flow.write_paused for each in connections) < SLOW_READERS:
                    await asyncio.sleep(0.01)
            buffered = sum(each.transport.get_write_buffer_size() for each in connections)
            assert buffered < SLOW_READERS * 400_000
            async with server.connection() as reader:
                began = time.monotonic()
                for _ in range(100):
                    path = f"{API}/submodels/{LIVE}/submodel-elements/Fixed/$value"
                    assert (await reader.ask(request(path))).endswith(b"3.0")
                assert time.monotonic() - began < 10
            async with asyncio.timeout(15):
                while connections:
                    for client in slow:
                        try:
                            client.recv(1)
                        except (BlockingIOError, ConnectionError):
                            continue
                    await asyncio.sleep(0.2)
        finally:
            for client in slow:
                client.close()


async def test_a_reader_that_takes_its_time_but_reads_gets_everything(server):
    async with server.connection() as connection:
        connection.writer.write(request(LARGE) * 40)
        answers = [await connection.answer()]
        for _ in range(39):
            await asyncio.sleep(PATIENCE / 20)
            answers.append(await connection.answer())
    assert len({answer.split(b"\r\n\r\n")[1] for answer in answers}) == 1


async def test_empty_lines_do_not_keep_a_connection_open(server):
    async with server.connection() as connection:
        await connection.ask(request(LARGE))
        with contextlib.suppress(ConnectionError):
            while not connection.reader.at_eof():
                connection.writer.write(b"\r\n")
                await asyncio.sleep(PATIENCE / 3)


@pytest.mark.parametrize("number", [0, 1], ids=["the first", "a later one"])
async def test_a_request_that_a_machine_takes_long_for_is_not_given_up(
    filled, machine, server, number
):
    async def slow(_point: object, _value: object) -> None:
        await asyncio.sleep(PATIENCE * 4)

    machine.write = slow
    machine.bind("Setpoint", writable=True)
    path = f"{API}/submodels/{LIVE}/submodel-elements/Setpoint/$value"
    async with server.connection() as connection:
        for _ in range(number):
            await connection.ask(request("/health"))
        answer = await connection.ask(request(path, "PATCH", b"1.5"))
    assert answer.startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize(
    "head", [request(NUMBER, "PATCH", Content_Length="99999999"), b"no http\r\n"]
)
async def test_who_goes_on_sending_what_is_refused_is_cut_off(server, head):
    async with server.connection() as connection:
        connection.writer.write(head)
        with contextlib.suppress(ConnectionError):
            while True:
                connection.writer.write(b"x" * 10_000)
                await connection.writer.drain()
                await asyncio.sleep(0.01)
        async with asyncio.timeout(15):
            while server.server.server_state.connections:
                await asyncio.sleep(0.01)

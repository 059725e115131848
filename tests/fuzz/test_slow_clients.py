"""Clients that take or give one byte a second, or stop: they are cut off, the others notice
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Awaitable, Callable

import psutil
import pytest

from tests.clients.documents import SUBMODEL, prop, submodel
from tests.fuzz.bodies import FORM_TYPE, JSON_TYPE, file, form
from tests.fuzz.conftest import port_of
from tests.fuzz.values import encoded
from tests.fuzz.wire import Request, exchange
from tests.fuzz.world import BASE_PATH, world
from tests.system.aas_process import AasServer

CLIENTS = 200
CUT_OFF_SECONDS = 30.0
"""Within which all of them are cut off: far above the server's two looks, a second apart."""
PAUSE_SECONDS = 1.0
ANSWER_SECONDS = 5.0
"""How long anybody else may wait for an answer meanwhile; far more than it takes."""
GROWTH_BYTES = 192 * 1024 * 1024
"""Memory that the server may take for them: an answer under way and the buffers of each."""
LARGE = "urn:press-shop:large"
LARGE_PATH = f"{BASE_PATH}/submodels/{encoded(LARGE)}"
PATH = f"{BASE_PATH}/submodels/{encoded(SUBMODEL)}"
ATTACHMENT = f"{PATH}/submodel-elements/Drawing/attachment"

READS = [Request("GET", target) for target in (f"{BASE_PATH}/shells", PATH, ATTACHMENT)]


@pytest.fixture(scope="module")
def large(hasty_server: AasServer) -> None:
    """Let the server hold a submodel of 200 kB."""
    document = submodel(LARGE, *(prop(f"Text{n}", "x" * 1000) for n in range(200)))
    put = Request("PUT", LARGE_PATH, (JSON_TYPE,), json.dumps(document).encode())
    (answer,) = asyncio.run(exchange(port_of(hasty_server), [put], connections=1))
    assert answer.status == 201


@pytest.mark.usefixtures("large")
async def test_clients_that_read_a_byte_a_second_are_cut_off_and_hold_up_nobody(
    hasty_server: AasServer,
) -> None:
    requests = Request("GET", LARGE_PATH).encoded() * 50

    async def read(client: socket.socket) -> None:
        while await asyncio.get_running_loop().sock_recv(client, 1):
            await asyncio.sleep(PAUSE_SECONDS)

    await besiege(hasty_server, requests, read)


@pytest.mark.parametrize(
    "request_",
    [
        Request("PUT", PATH, (JSON_TYPE,), b'{"id": "' + b"x" * 100_000),
        Request("PUT", ATTACHMENT, (FORM_TYPE,), form(file(b"y" * 100_000))),
    ],
    ids=["document", "file"],
)
@pytest.mark.parametrize("goes_on", [True, False], ids=["a byte a second", "nothing more"])
async def test_clients_that_stop_in_the_middle_of_an_upload_are_cut_off_and_change_nothing(
    hasty_server: AasServer, request_: Request, goes_on: bool
) -> None:
    port = port_of(hasty_server)
    await exchange(port, world(), connections=1)
    before = await exchange(port, READS, connections=1)
    first, rest = request_.encoded()[:1000], request_.encoded()[1000:]

    async def send(client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for byte in rest if goes_on else ():
            await asyncio.sleep(PAUSE_SECONDS)
            await loop.sock_sendall(client, bytes([byte]))
        while await loop.sock_recv(client, 1000):
            pass

    await besiege(hasty_server, first, send)

    after = await exchange(port, READS, connections=1)
    assert [answer.body for answer in after] == [answer.body for answer in before]


async def besiege(
    server: AasServer, sent: bytes, go_on: Callable[[socket.socket], Awaitable[None]]
) -> None:
    """Let many clients send ``sent`` and ``go_on`` until the server has closed all connections.

    A client whose own buffer is full cannot tell: only the server's connections do.
    """
    port, process = port_of(server), psutil.Process(server.process.pid)
    memory = process.memory_info().rss
    waited, grown = [0.0], [0]

    async def besieger(client: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(client, sent)
            await go_on(client)

    async with contextlib.AsyncExitStack() as stack:
        clients = [stack.enter_context(connected(port)) for _ in range(CLIENTS)]
        ports = {client.getsockname()[1] for client in clients}
        besiegers = [asyncio.create_task(besieger(client)) for client in clients]
        for task in besiegers:
            stack.callback(task.cancel)
        deadline = time.monotonic() + CUT_OFF_SECONDS
        while left := held(process) & ports:
            assert time.monotonic() < deadline, f"{len(left)} connections are still open"
            began = time.monotonic()
            (answer,) = await exchange(port, READS[:1], connections=1)
            assert answer.status == 200
            waited.append(time.monotonic() - began)
            grown.append(process.memory_info().rss - memory)
            await asyncio.sleep(0.1)

    assert max(waited) < ANSWER_SECONDS
    assert max(grown) < GROWTH_BYTES
    assert "Traceback" not in server.process.log()


def connected(port: int) -> socket.socket:
    """Return a connection with a small buffer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    return client


def held(process: psutil.Process) -> set[int]:
    """Return the ports of the clients that ``process`` has a connection to."""
    return {each.raddr.port for each in process.net_connections("tcp") if each.raddr}

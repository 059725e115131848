from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aas_server.api import hot_reads
from aas_server.api.app import AasApplication
from aas_server.api.fastlane_check import fast_lane_problem
from aas_server.live.hub import LiveHub
from aas_server.live.values import BAD_NO_COMMUNICATION
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.api.conftest import Machine
from tests.api.documents import API, DOCUMENTS, LIVE, PLAIN, PLAIN_ID, SHELL, TYPES
from tests.api.sockets import Serving, request, serving, undated
from tests.support.clock import START, FakeClock
from tests.support.memory_store import MemoryStore
from tests.support.services import make_app

LIVE_VALUE = f"{API}/submodels/{LIVE}/submodel-elements/Temperature/$value"
FIXED_VALUE = f"{API}/submodels/{LIVE}/submodel-elements/Fixed/$value"
LIVE_SUBMODEL = f"{API}/submodels/{LIVE}"
PLAIN_SUBMODEL = f"{API}/submodels/{PLAIN}"
ONE_SHELL = f"{API}/shells/{SHELL}"
HOT = (LIVE_VALUE, FIXED_VALUE, LIVE_SUBMODEL, PLAIN_SUBMODEL, ONE_SHELL)


class Counting(AasApplication):
    """Counts the requests that came the ASGI way."""

    calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        await super().__call__(scope, receive, send)


def counting_app(
    repository: Repository, *, fast: bool = True, registry: CollectorRegistry | None = None
) -> Counting:
    app = make_app(repository, FakeClock(), registry=registry, fast_lane=fast)
    app.__class__ = Counting
    return app  # type: ignore[return-value]


@pytest.fixture
def fast_app(filled: Repository) -> Counting:
    return counting_app(filled)


@pytest.fixture
async def server(fast_app: Counting) -> AsyncIterator[Serving]:
    async with serving(fast_app) as served:
        yield served


def body(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", HOT)
async def test_a_hot_read_is_dispatched_once_and_then_answered_in_the_parser(
    server, fast_app, path, machine
):
    machine.tell(machine.bind("Temperature"), 21.5, source=START)
    async with server.connection() as connection:
        answers = {undated(await connection.ask(request(path))) for _ in range(5)}
    assert len(answers) == 1
    assert fast_app.calls == 1


@pytest.mark.parametrize(
    "path",
    [
        f"{API}/submodels/{TYPES}",
        f"{API}/submodels/{TYPES}/submodel-elements/Pressing/$value",
        f"{API}/shells",
        f"{PLAIN_SUBMODEL}?level=core",
        f"{FIXED_VALUE}?",
        "/health",
        "/nothing",
    ],
)
async def test_everything_else_is_dispatched_every_time(server, fast_app, path):
    for _ in range(3):
        await server.ask(request(path))
    assert fast_app.calls == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer x"},
        {"If-None-Match": "*"},
        {"If-Match": "*"},
        {"Range": "bytes=0-1"},
        {"Expect": "100-continue"},
        {"Connection": "close"},
        {"Connection": "Upgrade", "Upgrade": "h2c"},
        {"Content-Length": "0"},
    ],
    ids=str,
)
async def test_a_header_that_may_change_the_answer_leads_the_asgi_way(server, fast_app, headers):
    await server.ask(request(FIXED_VALUE))
    await server.ask(request(FIXED_VALUE, **headers))
    assert fast_app.calls == 2
    await server.ask(request(FIXED_VALUE, Connection="Keep-Alive", Accept="*/*"))
    await server.ask(request(FIXED_VALUE, **{"If-Modified-Since": "Thu, 01 Jan 2026 00:00:01 GMT"}))
    assert fast_app.calls == 2


async def test_http_1_0_is_answered_its_own_way(server, fast_app):
    await server.ask(request(FIXED_VALUE))
    old = request(FIXED_VALUE, Connection="keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
    async with server.connection() as connection:
        connection.writer.write(old)
        assert b"\r\nconnection: close\r\n" in await connection.rest()
    assert fast_app.calls == 2


PATHS = st.sampled_from(
    [
        *HOT,
        f"{FIXED_VALUE}/",
        FIXED_VALUE.replace("v3", "v3.1"),
        FIXED_VALUE.replace("Fixed", "%46ixed"),
        f"{PLAIN_SUBMODEL}=",
        f"{PLAIN_SUBMODEL}?level=deep",
        f"{PLAIN_SUBMODEL}#part",
        f"{API}/submodels/{TYPES}",
        f"{API}/submodels/{TYPES}/submodel-elements/Items[1][2]/$value",
        f"{API}/submodels/{TYPES}/submodel-elements/Nothing/$value",
        f"{API}/submodels/{TYPES}/submodel-elements/Start/$value",
        f"{API}/shells?limit=1",
        "/health",
        "/nothing",
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(["Accept", "Accept-Encoding", "Origin", "If-Match", "Range", "Cookie", "X-Y"]),
    st.sampled_from(["*/*", "gzip", "http://x", '"a"', "bytes=0-1"]),
    max_size=3,
)
REQUESTS = st.builds(
    lambda path, method, headers: request(path, method, **headers),
    PATHS,
    st.sampled_from(["GET"] * 5 + ["HEAD", "POST", "OPTIONS"]),
    HEADERS,
)
CHANGES = st.sampled_from([None, 1.5, 2.5, BAD_NO_COMMUNICATION])


class BothWays:
    """One repository behind two servers, one with the lane and one without."""

    def __init__(self, repository: Repository, machine: Machine) -> None:
        self.registries = CollectorRegistry(), CollectorRegistry()
        self.apps = (
            counting_app(repository, registry=self.registries[0]),
            counting_app(repository, registry=self.registries[1], fast=False),
        )
        self.machine = machine
        self.point = machine.bind("Temperature")
        self.servers: list[Serving] = []

    def change(self, change: float | None) -> None:
        if isinstance(change, int):
            self.machine.tell(self.point, None, status=change, received=START)
        elif change is not None:
            self.machine.tell(self.point, change, source=START)


@pytest.fixture
async def both_ways(filled: Repository, machine: Machine) -> AsyncIterator[BothWays]:
    both = BothWays(filled, machine)
    async with serving(both.apps[0]) as fast, serving(both.apps[1]) as slow:
        both.servers = [fast, slow]
        yield both
    assert both.apps[0].calls < both.apps[1].calls


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.lists(REQUESTS, min_size=1, max_size=6), CHANGES), min_size=1, max_size=6)
)
async def test_both_ways_write_the_same_bytes_and_count_the_same(both_ways: BothWays, rounds):
    streams = [b"", b""]
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(server.connection()) for server in both_ways.servers
        ]
        for requests, change in rounds:
            both_ways.change(change)
            for index, connection in enumerate(connections):
                connection.writer.write(b"".join(requests))
                for each in requests:
                    streams[index] += await connection.answer(head=each.startswith(b"HEAD"))
    assert undated(streams[0]) == undated(streams[1])
    assert counts(both_ways.registries[0]) == counts(both_ways.registries[1])


def counts(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name.endswith(("_total", "_count"))
    }


async def test_an_answer_is_never_older_than_the_value(server, fast_app, machine, filled, hub):
    async with server.connection() as connection:

        async def read(path: str) -> bytes:
            return body(await connection.ask(request(path)))

        assert await read(LIVE_VALUE) == b"1.0"
        point = machine.bind("Temperature")
        for value in (2.5, 3.5, 3.5):
            machine.tell(point, value)
            assert await read(LIVE_VALUE) == str(value).encode()
            assert f'"value":"{value}"'.encode() in await read(LIVE_SUBMODEL)
        hub.unregister([point])
        machine.tell(machine.bind("Setpoint"), 9.5)
        point = machine.bind("Temperature")
        for value in (4.5, 5.5, 6.5):
            machine.tell(point, value)
        assert await read(LIVE_VALUE) == b"6.5"
        hub.unregister([point])
        assert await read(LIVE_VALUE) == b"1.0"
        await filled.write_value(PLAIN_ID, ("P7",), 7.5, actor="test")
        plain_value = f"{PLAIN_SUBMODEL}/submodel-elements/P7/$value"
        assert await read(plain_value) == b"7.5"
        await filled.write_value(PLAIN_ID, ("P7",), 8.5, actor="test")
        assert await read(plain_value) == b"8.5"
        assert b'"8.5"' in await read(PLAIN_SUBMODEL)
    assert fast_app.calls == 4


async def test_an_answer_ends_with_the_document(server, filled, fast_app):
    await server.ask(request(FIXED_VALUE))
    await server.ask(request(PLAIN_SUBMODEL))
    for identifier in ("urn:example:sm:live", PLAIN_ID):
        await filled.delete(Kind.SUBMODEL, identifier, actor="test")
    assert (await server.ask(request(FIXED_VALUE))).startswith(b"HTTP/1.1 404 ")
    assert (await server.ask(request(PLAIN_SUBMODEL))).startswith(b"HTTP/1.1 404 ")


async def test_pipelined_requests_are_answered_in_their_order(server, fast_app):
    values = [f"{PLAIN_SUBMODEL}/submodel-elements/P{index}/$value" for index in range(40)]
    for path in values[::2]:
        await server.ask(request(path))
    async with server.connection() as connection:
        connection.writer.write(b"".join(map(request, values)))
        answers = [body(await connection.answer()) for _ in values]
    assert answers == [f"{index}.0".encode() for index in range(40)]
    assert fast_app.calls > 40


async def test_a_head_that_comes_in_pieces_is_answered_once_it_is_whole(server):
    await server.ask(request(FIXED_VALUE))
    async with server.connection() as connection:
        for byte in request(FIXED_VALUE, Accept="*/*"):
            connection.writer.write(bytes([byte]))
            await connection.writer.drain()
        assert body(await connection.answer()) == b"3.0"
        assert body(await connection.ask(request(FIXED_VALUE))) == b"3.0"


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_client_that_does_not_read_does_not_fill_the_memory(loop_factory):
    """The server stops writing when the client stops reading, and loses nothing."""
    total = 3000

    async def scenario() -> None:
        clock = FakeClock()
        hub = LiveHub(clock)
        repository = Repository(MemoryStore(clock), hub, clock)
        await repository.add_missing(DOCUMENTS, actor="test")
        async with serving(counting_app(repository)) as server, server.connection() as connection:
            first = undated(await connection.ask(request(PLAIN_SUBMODEL)))
            connection.writer.write(request(PLAIN_SUBMODEL) * total)
            (protocol,) = server.server.server_state.connections
            while not protocol.flow.write_paused:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert protocol.transport.get_write_buffer_size() < 10 * len(first) + 200_000
            for _ in range(total):
                assert undated(await connection.answer()) == first

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(scenario())


async def test_a_failure_of_a_known_path_is_logged_once(server, fast_app, filled, monkeypatch):
    await server.ask(request(FIXED_VALUE))
    await filled.write_value("urn:example:sm:live", ("Fixed",), 4.5, actor="test")

    def broken(*_arguments: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("aas_server.api.elements.resolve", broken)
    async with server.connection() as connection:
        with capture_logs() as logs:
            raw = await connection.ask(request(FIXED_VALUE))
        assert raw.startswith(b"HTTP/1.1 500 ")
        assert len(logs) == 1
        monkeypatch.undo()
        assert body(await connection.ask(request(FIXED_VALUE))) == b"4.5"


async def test_the_paths_that_are_remembered_are_bounded(server, fast_app, monkeypatch):
    monkeypatch.setattr(hot_reads, "MAX_PATHS", 8)
    paths = [f"{PLAIN_SUBMODEL}/submodel-elements/P{index}/$value" for index in range(20)]
    async with server.connection() as connection:
        for path in paths:
            await connection.ask(request(path))
        known = [path for path in paths if fast_app.hot_reads.find(path.encode())]
        assert 1 <= len(known) <= 8
        assert known[-1] == paths[-1]


def test_the_installed_uvicorn_passes_the_check(clock):
    assert fast_lane_problem(clock) is None


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("on_headers_complete", None),
        ("shutdown", lambda self: self.transport.close()),
        ("connection_made", lambda self, transport: None),
    ],
)
async def test_with_another_uvicorn_the_lane_is_off_and_the_server_says_so(
    fast_app, clock, monkeypatch, name, replacement
):
    if replacement is None:
        monkeypatch.setattr(HttpToolsProtocol, "data_received", lambda self, data: None)
    else:
        monkeypatch.setattr(HttpToolsProtocol, name, replacement)
    problem = fast_lane_problem(clock)
    assert problem
    monkeypatch.undo()
    monkeypatch.setattr("aas_server.api.server.fast_lane_problem", lambda _clock: problem)
    with capture_logs() as logs:
        async with serving(fast_app) as server:
            for _ in range(2):
                assert body(await server.ask(request(FIXED_VALUE))) == b"3.0"
    assert fast_app.calls == 2
    (entry,) = (log for log in logs if log["event"] == "fast lane off")
    assert entry["reason"] == problem
    assert entry["log_level"] == "warning"

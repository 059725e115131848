"""The service: graphs in step with the repository, live values, and questions that go too far."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import psutil
import pytest

from aas_server.errors import BadRequest
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import BAD_NO_COMMUNICATION, LiveValue, Quality, quality_of
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.query.engine import QueryTimeout
from aas_server.query.sparql.service import (
    AnswerTooLarge,
    Asked,
    NoSuchForm,
    SparqlLimits,
    SparqlNotReady,
    SparqlService,
)
from aas_server.repository.repository import Repository
from aas_server.store.postgres import PostgresStore
from aas_server.store.protocol import Kind, Store
from tests.query.asked import collection, prop, submodel
from tests.query.sparql.asked import rows_in
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

VALUES = "SELECT ?e ?v { ?e plant:value ?v }"
ENDLESS = (
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?o ?p . ?q ?r ?s }"
)
GREEDY = ENDLESS.replace("(COUNT(*) AS ?n)", "*") + " ORDER BY ?a"


async def rows(service: SparqlService, text: str) -> list[tuple[str, ...]]:
    return rows_in((await service.ask(Asked(text, "text/csv", "text/turtle"))).body)


@asynccontextmanager
async def running(
    repository: Repository, hub: LiveHub, clock: FakeClock, **limits: Any
) -> AsyncIterator[SparqlService]:
    service = SparqlService(repository, hub, clock, SparqlLimits(**limits))
    service.start()
    try:
        async with asyncio.timeout(20):
            await service.ready()
        yield service
    finally:
        await service.stop()


@pytest.fixture
async def opened(repository: Repository) -> AsyncIterator[Repository]:
    await repository.open()
    yield repository
    await repository.close()


@pytest.fixture
async def mill(opened: Repository) -> Repository:
    tree = submodel("Mill", prop("Speed", "17"), prop("Name", "mill"))
    await opened.create(Kind.SUBMODEL, tree, actor="test")
    return opened


@pytest.fixture
async def service(mill: Repository, hub: LiveHub, clock: FakeClock) -> AsyncIterator[SparqlService]:
    async with running(mill, hub, clock) as service:
        yield service


def children() -> set[int]:
    """The processes below this one, but those of the tests' databases and brokers, which come and
    go.
    """
    found = set()
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if each.name().startswith("python"):
                found.add(each.pid)
    return found


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_question_is_answered_from_all_that_was_committed_before_it(service, mill):
    assert ("urn:sm:Mill#Speed", "17") in await rows(service, VALUES)
    for number in range(20):
        value = str(number)
        await mill.write_value("urn:sm:Mill", parse_id_short_path("Speed"), value, actor="test")
        assert ("urn:sm:Mill#Speed", value) in await rows(service, VALUES)
    await mill.create(Kind.SUBMODEL, submodel("Press", prop("Force", "1")), actor="test")
    assert ("urn:sm:Press#Force", "1") in await rows(service, VALUES)
    await mill.delete(Kind.SUBMODEL, "urn:sm:Mill", actor="test")
    assert await rows(service, VALUES) == [("urn:sm:Press#Force", "1")]


async def test_what_is_committed_while_the_graphs_are_made_is_in_them(mill, hub, clock):
    for number in range(300):
        tree = submodel(f"S{number}", prop("P", "old"))
        await mill.create(Kind.SUBMODEL, tree, actor="test")
    service = SparqlService(mill, hub, clock)
    service.start()
    try:
        await asyncio.sleep(0)
        for number in range(0, 300, 3):
            identifier = f"urn:sm:S{number}"
            await mill.write_value(identifier, parse_id_short_path("P"), "new", actor="test")
        await mill.delete(Kind.SUBMODEL, "urn:sm:S1", actor="test")
        async with asyncio.timeout(20):
            await service.ready()
        found = await rows(service, "SELECT ?v (COUNT(*) AS ?n) { ?e plant:value ?v } GROUP BY ?v")
        assert found == [("17", "1"), ("mill", "1"), ("new", "100"), ("old", "199")]
    finally:
        await service.stop()


async def test_before_the_graphs_are_made_nothing_is_answered(mill, hub, clock):
    service = SparqlService(mill, hub, clock)
    service.start()
    try:
        with pytest.raises(SparqlNotReady, match="still being made"):
            await service.ask(Asked(VALUES, "text/csv", None))
    finally:
        await service.stop()


def bind(repository: Repository, hub: LiveHub, path: str) -> LivePoint:
    document = repository.submodels.cached("urn:sm:Mill")
    assert document is not None
    return hub.register(resolve_sink(document.stored_tree(), parse_id_short_path(path)))


def tell(hub: LiveHub, point: LivePoint, value: Any, status: int = 0) -> None:
    time = 1_700_000_000_000_000
    hub.apply([(point, LiveValue(value, quality_of(status), status, time, time + 1_000_000))])


async def test_a_live_value_stands_in_the_place_of_the_stored_one(service, mill, hub):
    assert ("urn:sm:Mill#Speed", "17") in await rows(service, VALUES)
    point = bind(mill, hub, "Speed")
    for value in ("100", "101"):
        tell(hub, point, value)
        found = await rows(service, VALUES)
        assert [row for row in found if row[0].endswith("#Speed")] == [("urn:sm:Mill#Speed", value)]
        stated = await rows(
            service, "SELECT ?v { ?e <https://admin-shell.io/aas/3/1/Property/value> ?v }"
        )
        assert stated == [(value,), ("mill",)]
    hub.unregister([point])
    assert ("urn:sm:Mill#Speed", "17") in await rows(service, VALUES)
    assert await rows(service, "SELECT ?e { ?e plant:quality ?q }") == []


async def test_a_live_value_comes_with_its_quality_and_its_times(service, mill, hub):
    point = bind(mill, hub, "Speed")
    tell(hub, point, "100")
    tell(hub, point, None, BAD_NO_COMMUNICATION)
    assert point.current.quality is Quality.BAD
    text = """SELECT * { GRAPH <urn:aas-server:live> { ?e plant:value ?v ; plant:quality ?q ;
        plant:statusCode ?code ; plant:sourceTimestamp ?source ; plant:receivedTimestamp ?at } }"""
    answer = await service.ask(Asked(text, "text/csv", None))
    names, values = (each.split(",") for each in answer.body.decode().splitlines())
    assert dict(zip(names, values, strict=True)) == {
        "e": "urn:sm:Mill#Speed",
        "v": "100",
        "q": "bad",
        "code": str(BAD_NO_COMMUNICATION),
        "source": "2023-11-14T22:13:20Z",
        "at": "2023-11-14T22:13:21Z",
    }


async def test_an_element_that_never_got_a_value_shows_the_stored_one_as_uncertain(
    service, mill, hub
):
    bind(mill, hub, "Speed")
    text = "SELECT ?v ?q { <urn:sm:Mill#Speed> plant:value ?v ; plant:quality ?q }"
    assert await rows(service, text) == [("17", "uncertain")]


async def test_the_values_of_a_live_collection_are_those_of_its_elements(service, mill, hub):
    tree = submodel("Mill", collection("Job", prop("Name", "none"), prop("Part", "x")))
    await mill.put(Kind.SUBMODEL, "urn:sm:Mill", tree, actor="test")
    point = bind(mill, hub, "Job")
    tell(hub, point, {"Name": "turn"})
    found = await rows(service, VALUES)
    assert found == [("urn:sm:Mill#Job.Name", "turn")] or found == [
        ("urn:sm:Mill#Job.Name", "turn"),
        ("urn:sm:Mill#Job.Part", "x"),
    ]
    assert await rows(service, "SELECT ?e { ?e plant:quality 'good' }") == [("urn:sm:Mill#Job",)]


async def test_a_live_element_that_is_written_anew_stays_live(service, mill, hub):
    point = bind(mill, hub, "Speed")
    tell(hub, point, "100")
    tree = submodel("Mill", prop("Speed", "1"), prop("More", "2"))
    await mill.put(Kind.SUBMODEL, "urn:sm:Mill", tree, actor="test")
    assert await rows(service, VALUES) == [
        ("urn:sm:Mill#More", "2"),
        ("urn:sm:Mill#Speed", "100"),
    ]


async def test_a_generated_submodel_is_asked_as_it_is_now(service, mill):
    await mill.reserve_generated("urn:status")
    for value in ("one", "two"):
        mill.put_generated(submodel("S", prop("State", value)) | {"id": "urn:status"})
        assert ("urn:status#State", value) in await rows(service, VALUES)
    assert len(await rows(service, VALUES)) == 3


async def test_a_question_that_takes_too_long_ends_and_its_process_with_it(mill, hub, clock):
    async with running(mill, hub, clock, seconds=0.3) as service:
        before = children()
        started = time.monotonic()
        with pytest.raises(QueryTimeout, match=r"longer than 0\.3 s"):
            await rows(service, ENDLESS)
        assert time.monotonic() - started < 5
        await until(lambda: children() <= before)
        assert len(await rows(service, VALUES)) == 2


async def test_a_question_that_needs_too_much_memory_ends_alone(mill, hub, clock):
    async with running(mill, hub, clock, memory=64 * 1024**2) as service:
        with pytest.raises(AnswerTooLarge, match="64 MiB"):
            await rows(service, GREEDY)
        assert len(await rows(service, VALUES)) == 2


async def test_a_question_that_breaks_its_process_breaks_nothing_else(service):
    text = f"ASK {{ FILTER({'!' * 60_000}true) }}"
    with pytest.raises((AnswerTooLarge, BadRequest)):
        await service.ask(Asked(text, "text/csv", None))
    assert len(await rows(service, VALUES)) == 2


async def test_an_answer_has_a_largest_size(mill, hub, clock):
    async with running(mill, hub, clock, answer=100) as service:
        with pytest.raises(AnswerTooLarge, match="100 bytes"):
            await rows(service, "SELECT * { ?s ?p ?o }")


async def test_an_answer_in_no_form_that_is_taken_is_refused(service):
    with pytest.raises(NoSuchForm):
        await service.ask(Asked("ASK { }", None, "text/turtle"))


async def test_whoever_gives_up_ends_the_work(service):
    before = children()
    asking = asyncio.create_task(rows(service, ENDLESS))
    await until(lambda: children() > before)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert asking.cancelled()
    await until(lambda: children() <= before)


async def test_no_more_wait_than_may(mill, hub, clock):
    async with running(mill, hub, clock, at_once=1, waiting=1) as service:
        asking = [asyncio.create_task(rows(service, ENDLESS)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(SparqlNotReady, match="too many"):
            await rows(service, VALUES)
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        assert len(await rows(service, VALUES)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "LOAD <file:///etc/passwd>",
        "INSERT DATA { <a:a> <a:b> <a:c> }",
    ],
)
async def test_what_reaches_out_or_changes_is_refused(service, text):
    with pytest.raises(BadRequest):
        await rows(service, text)


async def test_from_reads_graphs_and_never_files_or_the_network(service):
    text = "SELECT * FROM <file:///etc/passwd> FROM <http://127.0.0.1:9/> { ?s ?p ?o }"
    assert await rows(service, text) == []


async def test_the_process_of_a_question_can_open_nothing(service, monkeypatch):
    """What looks for SERVICE is not all that keeps a question from the network."""
    monkeypatch.setattr(
        "aas_server.query.sparql.service.scan", lambda text: type("S", (), {"names_graphs": False})
    )
    async with await asyncio.start_server(lambda *_: pytest.fail("asked"), "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        text = f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}"
        with pytest.raises(BadRequest):
            await rows(service, text)


async def test_a_process_that_is_killed_is_made_anew(mill, hub, clock, monkeypatch):
    monkeypatch.setattr("aas_server.query.sparql.service._PAUSES", (0.01,))
    monkeypatch.setattr("aas_server.query.sparql.service._LOOK", 0.01)
    before = children()
    async with running(mill, hub, clock) as service:
        (process,) = children() - before
        os.kill(process, signal.SIGKILL)
        await until(lambda: process not in children())
        async with asyncio.timeout(20):
            while True:
                try:
                    found = await rows(service, VALUES)
                except SparqlNotReady:
                    await asyncio.sleep(0.01)
                else:
                    break
        assert len(found) == 2
    assert children() == before


async def test_what_was_replaced_is_given_up_sooner_or_later(mill, hub, clock, monkeypatch):
    monkeypatch.setattr("aas_server.query.sparql.service._LOOK", 0.01)
    before = children()
    async with running(mill, hub, clock, garbage=20) as service:
        (first,) = children() - before
        for number in range(20):
            await mill.write_value(
                "urn:sm:Mill", parse_id_short_path("Speed"), str(number), actor="test"
            )
            assert ("urn:sm:Mill#Speed", str(number)) in await rows(service, VALUES)
        await until(lambda: first not in children())
        assert ("urn:sm:Mill#Speed", "19") in await rows(service, VALUES)


async def test_nothing_is_left_when_it_stops(mill, hub, clock):
    before = children()
    async with running(mill, hub, clock) as service:
        asking = asyncio.create_task(rows(service, ENDLESS))
        await until(lambda: len(children() - before) == 2)
    assert children() == before
    with pytest.raises(SparqlNotReady):
        await asking


@pytest.mark.parametrize("kind", ["memory", "postgres"])
async def test_what_other_servers_commit_is_seen(
    kind: str, clock: FakeClock, request: pytest.FixtureRequest
):
    async with AsyncExitStack() as stack:
        stores: list[Store] = []
        if kind == "memory":
            stores = [MemoryStore(clock, is_shared=True)] * 2
        else:
            address = request.getfixturevalue("postgres_url")
            stores = [PostgresStore(address, clock) for _ in range(2)]
        servers: list[Repository] = []
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
            server = Repository(store, LiveHub(clock), clock)
            await server.open()
            stack.push_async_callback(server.close)
            servers.append(server)
        here, there = servers
        await here.create(Kind.SUBMODEL, submodel("A", prop("P", "1")), actor="test")
        services = [
            await stack.enter_async_context(running(each, each.hub, clock)) for each in servers
        ]
        await there.create(Kind.SUBMODEL, submodel("B", prop("P", "2")), actor="test")
        await here.write_value("urn:sm:A", parse_id_short_path("P"), "3", actor="test")
        expected = [("urn:sm:A#P", "3"), ("urn:sm:B#P", "2")]
        for server, service in zip(servers, services, strict=True):
            await server.cache.follower.follow()
            assert await rows(service, VALUES) == expected
        await there.delete(Kind.SUBMODEL, "urn:sm:A", actor="test")
        await here.cache.follower.follow()
        assert await rows(services[0], VALUES) == [("urn:sm:B#P", "2")]


async def test_after_more_changes_than_can_be_told_the_graphs_are_made_anew(
    mill, hub, clock, monkeypatch
):
    monkeypatch.setattr("aas_server.query.sparql.service._LOOK", 0.01)
    async with running(mill, hub, clock) as service:
        mill.cache.news.tell(None)
        with pytest.raises(SparqlNotReady):
            await rows(service, VALUES)
        async with asyncio.timeout(20):
            while True:
                try:
                    assert len(await rows(service, VALUES)) == 2
                except SparqlNotReady:
                    await asyncio.sleep(0.01)
                else:
                    break


async def test_a_thousand_documents_are_there_soon_after_the_start(opened, hub, clock):
    async def add(unit: Any) -> None:
        for number in range(1000):
            elements = [prop(f"P{each}", str(each)) for each in range(5)]
            await unit.create(Kind.SUBMODEL, submodel(f"S{number}", *elements))

    await opened.change(add, actor="test")
    started = time.monotonic()
    async with running(opened, hub, clock) as service:
        assert time.monotonic() - started < 15
        found = await rows(service, "SELECT (COUNT(*) AS ?n) { ?e plant:value ?v }")
        assert found == [("5000",)]

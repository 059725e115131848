"""Queries that are refused, that take too long, and whose clients go away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from aas_server.api.app import AasApplication, build_app
from aas_server.api.settings import ApiSettings
from aas_server.clock import SystemClock
from aas_server.query.candidates import Candidate, Candidates
from aas_server.query.engine import Limits, QueryEngine
from aas_server.query.parsing import MAX_BYTES, MAX_DEPTH, MAX_PARTS, MAX_TEXT
from aas_server.query.regex import MAX_REGEX
from aas_server.registry.registry import Registry
from aas_server.repository.repository import Repository
from tests.api.documents import API
from tests.api.results import message_of, refused
from tests.api.sockets import serving
from tests.query.asked import eq, field, number, text
from tests.support.clock import FakeClock
from tests.support.services import make_services

SUBMODELS = f"{API}/query/submodels"
EVERYTHING = {"$boolean": True}
DEADLINE = 10.0


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(version="1.2.3")


def nested(levels: int) -> dict[str, Any]:
    condition: dict[str, Any] = EVERYTHING
    for _ in range(levels):
        condition = {"$not": condition}
    return condition


def regex(pattern: str) -> dict[str, Any]:
    return {"$regex": [field("$sm#idShort"), text(pattern)]}


MATCH = "$condition.$match"


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        # what the published schema refuses
        ({"$nand": [EVERYTHING, EVERYTHING]}, "$condition"),
        ({"$and": [EVERYTHING]}, "$condition.$and"),
        ({"$eq": [field("$sm#id")]}, "$condition.$eq"),
        ({"$eq": [field("$sm#id"), {"$numVal": "1"}]}, "$condition.$eq[1].$numVal"),
        ({"$gt": [field("$sm#id"), {"$intVal": 1}]}, "$condition.$gt[1]"),
        # too deep, too long, too many
        (nested(MAX_DEPTH + 1), "$condition.$not"),
        (eq("$sm#id", "x" * (MAX_TEXT + 1)), "$condition.$eq[1].$strVal"),
        (eq(f"$sme.{'A' * 2000}#value", "x"), "$condition.$eq[0].$field"),
        ({"$or": [EVERYTHING] * (MAX_PARTS + 1)}, "$condition.$or"),
        # unknown fields
        (eq("$sm#name", "x"), "$condition.$eq[0].$field"),
        (eq("$asset#id", "x"), "$condition.$eq[0].$field"),
        (eq("$sm.Path#id", "x"), "$condition.$eq[0].$field"),
        (eq("$cd#embeddedDataSpecifications", "x"), "$condition.$eq[0].$field"),
        # misuse of $match
        ({"$match": [eq("$sm#idShort", "x")]}, MATCH),
        ({"$match": [eq("$sme.A[]#value", "x"), eq("$sme.B[]#value", "x")]}, MATCH),
        ({"$match": [{"$or": [EVERYTHING, EVERYTHING]}]}, f"{MATCH}[0]"),
        ({"$match": {}}, MATCH),
        # what RE2 refuses
        (regex("(a"), "$condition.$regex[1].$strVal"),
        (regex(r"(a)\1"), "$condition.$regex[1].$strVal"),
        (regex("(?<=a)b"), "$condition.$regex[1].$strVal"),
        (regex("(((a{100}){100}){100}){100}"), "$condition.$regex[1].$strVal"),
        (regex("x" * (MAX_REGEX + 1)), "$condition.$regex[1].$strVal"),
        ({"$regex": [field("$sm#idShort"), number(1)]}, "$condition.$regex[1]"),
    ],
)
async def test_a_bad_query_is_refused_with_its_place(client, condition, place):
    message = refused(await client.post(SUBMODELS, json={"$condition": condition}), 400)
    assert place in message


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ([], "$"),
        ({}, "$condition"),
        ({"$condition": EVERYTHING, "$limit": 1}, "$limit"),
        ({"$condition": EVERYTHING, "$select": "idShort"}, "$select"),
        ({"$condition": EVERYTHING, "$filters": [{}]}, "$filters[0]"),
        (
            {
                "$condition": EVERYTHING,
                "$filters": [{"$fragment": "$sm#id", "$condition": EVERYTHING}],
            },
            "$filters[0].$fragment",
        ),
    ],
)
async def test_what_is_no_query_is_refused_with_its_place(client, query, place):
    assert place in refused(await client.post(SUBMODELS, json=query), 400)


async def test_conditions_in_arrays_may_be_as_deep_as_others(client):
    for levels, status in ((MAX_DEPTH - 1, 200), (MAX_DEPTH + 1, 400)):
        condition: dict[str, Any] = EVERYTHING
        for _ in range(levels):
            condition = {"$and": [condition, EVERYTHING]}
        response = await client.post(SUBMODELS, json={"$condition": condition})
        assert response.status_code == status, response.text
    assert refused(response, 400).startswith("$condition.$and[0].$and[0]")


async def test_json_deeper_than_bodies_may_be_is_refused(client):
    content = b'{"$condition":' + b'{"$not":' * 5000 + b"1" + b"}" * 5001
    assert "deep" in refused(await client.post(SUBMODELS, content=content), 400)


async def test_a_query_larger_than_queries_may_be_is_refused_before_it_is_read(client):
    values = [eq("$sm#id", "x" * 1000)] * (MAX_BYTES // 1000)
    response = await client.post(SUBMODELS, json={"$condition": {"$or": values}})
    assert str(MAX_BYTES) in refused(response, 413)


async def test_a_pattern_that_others_take_years_for_is_answered(client):
    submodel = {"modelType": "Submodel", "id": "urn:a", "idShort": "a" * 100 + "b"}
    assert (await client.post(f"{API}/submodels", json=submodel)).status_code == 201
    response = await client.post(SUBMODELS, json={"$condition": regex("^(a+)+$")})
    assert response.json()["result"] == []


def app_with(repository: Repository, limits: Limits | None = None) -> AasApplication:
    """An application whose queries go by the clock on the wall."""
    clock = SystemClock()
    services = make_services(repository, FakeClock(), Path("nowhere"))
    engine = QueryEngine(repository, Registry(repository), repository.hub, clock, limits)
    services = replace(services, queries=engine)
    settings = ApiSettings(version="1")
    return build_app(services, registry=CollectorRegistry(), settings=settings)


class Endless:
    """Documents without an end, as a store of any size has them."""

    def __init__(self) -> None:
        self.given = 0
        self.started = asyncio.Event()
        self.ended = asyncio.Event()

    async def pieces(self, *_: Any, **__: Any) -> AsyncIterator[tuple[list[Candidate], str | None]]:
        try:
            while True:
                self.given += 1
                self.started.set()
                await asyncio.sleep(0)
                yield [Candidate("urn:a", b'{"id":"urn:a"}', "cursor", self.given)], "cursor"
        finally:
            self.ended.set()


@pytest.fixture
async def endless(monkeypatch: pytest.MonkeyPatch) -> Endless:
    documents = Endless()
    monkeypatch.setattr(Candidates, "pieces", documents.pieces)
    return documents


NEVER = json.dumps({"$condition": eq("$sm#idShort", "never")}).encode()


async def test_a_query_past_its_time_ends_and_is_refused(repository, endless):
    app = app_with(repository, Limits(seconds=0.05))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.post(SUBMODELS, content=NEVER)
    text = refused(response, 408)
    assert "longer than 0.05 s" in text
    assert message_of(response.json())["code"] == "QueryTimeout"
    async with asyncio.timeout(DEADLINE):
        await endless.ended.wait()


async def test_the_work_ends_when_the_client_is_gone(repository, endless):
    head = (
        f"POST {SUBMODELS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(NEVER)}\r\n\r\n"
    )
    async with serving(app_with(repository)) as server, asyncio.timeout(DEADLINE):
        async with server.connection() as connection:
            connection.writer.write(head.encode() + NEVER)
            await endless.started.wait()
            given = endless.given
            while endless.given < given + 100:
                await asyncio.sleep(0)
            assert not endless.ended.is_set()  # while the client is there the work goes on
        await endless.ended.wait()
        given = endless.given
        await asyncio.sleep(0.02)
        assert endless.given == given


async def test_others_are_answered_while_a_query_goes_on(repository, endless):
    app = app_with(repository)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        working = asyncio.create_task(client.post(SUBMODELS, content=NEVER))
        async with asyncio.timeout(DEADLINE):
            await endless.started.wait()
            for _ in range(10):
                assert (await client.get(f"{API}/submodels")).status_code == 200
        assert not working.done()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

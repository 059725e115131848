"""SPARQL over HTTP: the protocol's three forms of a query, the forms of answers, and refusals."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from xml.etree import ElementTree

import httpx
import psutil
import pytest
from rdflib import Graph

from aas_server.api.app import AasApplication, build_app
from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.query.sparql.service import SparqlLimits, SparqlService
from tests.api.documents import API, PLAIN, PLAIN_ID
from tests.api.results import refused

ONE = "SELECT ?v { <urn:example:sm:plain#P7> plant:value ?v }"
JSON = "application/sparql-results+json"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
FORM = {"content-type": "application/x-www-form-urlencoded"}
QUERY = {"content-type": "application/sparql-query"}


@pytest.fixture
async def sparql(services: Services) -> AsyncIterator[SparqlService]:
    service = SparqlService(services.repository, services.repository.hub, services.clock)
    service.start()
    try:
        async with asyncio.timeout(20):
            await service.ready()
        yield service
    finally:
        await service.stop()


def client_of(services: Services, registry, **settings) -> httpx.AsyncClient:
    app = build_app(services, registry=registry, settings=ApiSettings(version="1", **settings))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
async def asking(services, sparql, registry) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(
        replace(services, sparql=sparql), registry, cors_origins=("https://ui.example",)
    ) as client:
        yield client


@pytest.fixture
async def refusing(services, registry) -> AsyncIterator[httpx.AsyncClient]:
    """No process is behind it: what is refused never reaches one."""
    service = SparqlService(services.repository, services.repository.hub, services.clock)
    async with client_of(
        replace(services, sparql=service), registry, cors_origins=("https://ui.example",)
    ) as client:
        yield client


def values_in(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [each["v"]["value"] for each in response.json()["results"]["bindings"]]


async def test_a_query_is_asked_by_get_and_by_both_forms_of_post(asking):
    answers = [
        await asking.get("/sparql", params={"query": ONE}),
        await asking.post("/sparql", data={"query": ONE}),
        await asking.post("/sparql", content=ONE, headers=QUERY),
        await asking.post("/sparql/", content=ONE, headers=QUERY),
    ]
    assert [values_in(each) for each in answers] == [["7"]] * 4
    assert {each.headers["content-type"] for each in answers} == {JSON}
    head = await asking.head("/sparql", params={"query": ONE})
    assert (head.status_code, head.content) == (200, b"")


async def test_the_dataset_is_told_by_the_protocol(asking):
    for parameter in ("default-graph-uri", "named-graph-uri"):
        text = "SELECT (COUNT(*) AS ?v) { ?s ?p ?o }"
        if parameter == "named-graph-uri":
            text = "SELECT (COUNT(*) AS ?v) { GRAPH ?g { ?s ?p ?o } }"
        for graph, is_there in ((PLAIN_ID, True), ("urn:none", False)):
            answers = [
                await asking.get("/sparql", params={"query": text, parameter: graph}),
                await asking.post("/sparql", data={"query": text, parameter: graph}),
                await asking.post(
                    "/sparql", params={parameter: graph}, content=text, headers=QUERY
                ),
            ]
            assert {values_in(each)[0] != "0" for each in answers} == {is_there}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", JSON),
        ("application/json", JSON),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "application/sparql-results+xml"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        ("text/turtle, text/csv;q=0.5", "text/csv; charset=utf-8"),
    ],
)
async def test_solutions_come_in_the_form_that_is_liked_best(asking, accept, media_type):
    response = await asking.get("/sparql", params={"query": ONE}, headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers["vary"] == "accept"
    if media_type == JSON:
        assert values_in(response) == ["7"]
    elif media_type.endswith("xml"):
        assert [each.text for each in ElementTree.fromstring(response.text).iter()][-1] == "7"
    else:
        assert response.text.split()[1].startswith(("7", '"7"'))


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("*/*", "turtle"),
        ("text/turtle", "turtle"),
        ("application/n-triples", "nt"),
        ("application/rdf+xml", "xml"),
        ("application/ld+json", "json"),
    ],
)
async def test_graphs_come_in_the_form_that_is_liked_best(asking, accept, name):
    text = "CONSTRUCT { ?s plant:value ?v } { ?s plant:value ?v FILTER(?v = 7) }"
    response = await asking.get("/sparql", params={"query": text}, headers={"accept": accept})
    assert response.status_code == 200, response.text
    if name == "json":
        assert PLAIN_ID in json.dumps(response.json())
    else:
        assert len(Graph().parse(data=response.text, format=name)) >= 1


async def test_ask_and_describe_are_answered(asking):
    response = await asking.get("/sparql", params={"query": "ASK { ?s a aas:Submodel }"})
    assert response.json()["boolean"] is True
    described = await asking.get("/sparql", params={"query": f"DESCRIBE <{PLAIN_ID}>"})
    assert f"<{PLAIN_ID}>" in described.text


async def test_a_change_through_the_api_is_seen_by_the_next_query(asking):
    path = f"{API}/submodels/{PLAIN}/submodel-elements/P7/$value"
    assert (await asking.patch(path, json=4711)).status_code == 204
    assert values_in(await asking.get("/sparql", params={"query": ONE})) == ["4711"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("INSERT DATA { <a:a> <a:b> <a:c> }", "query 1:1: INSERT is an update"),
        ("SELECT * { SERVICE <http://x> { ?s ?p ?o } }", "query 1:12: SERVICE"),
        ("ASK { " + "{" * 100, "nested deeper"),
        ("ASK {} #" + "x" * 70_000, "at most 65536"),
        ("", "says nothing"),
    ],
    ids=["update", "service", "deep", "long", "empty"],
)
async def test_what_is_refused_is_refused_soon_and_says_where(refusing, query, text):
    started = time.perf_counter()
    response = await refusing.post("/sparql", content=query, headers=QUERY)
    assert text in refused(response, 400)
    assert time.perf_counter() - started < 1


async def test_what_is_no_sparql_is_refused_soon_and_says_where(asking):
    for query, text in (
        ("SELECT ?v {", "query: error at 1:12"),
        ("SELECT ?v\n{ ?s ?p }", "query: error at 2:"),
    ):
        started = time.perf_counter()
        response = await asking.post("/sparql", content=query, headers=QUERY)
        assert text in refused(response, 400)
        assert time.perf_counter() - started < 1


async def test_forms_and_graphs_that_a_query_cannot_have_are_refused(asking):
    response = await asking.get("/sparql", params={"query": ONE}, headers={"accept": "text/turtle"})
    assert "Accept must take one of application/sparql-results+json" in refused(response, 406)
    response = await asking.get("/sparql", params={"query": ONE, "default-graph-uri": "no iri"})
    assert "query:" in refused(response, 400)


@pytest.mark.parametrize(
    ("request_", "status", "text"),
    [
        ({"method": "GET"}, 400, "query: must be there once, not 0 times"),
        ({"method": "GET", "params": [("query", ONE), ("query", ONE)]}, 400, "not 2 times"),
        ({"method": "POST", "data": {"update": "CLEAR ALL"}}, 400, "updates are not carried out"),
        (
            {
                "method": "POST",
                "content": "CLEAR ALL",
                "headers": {"content-type": "application/sparql-update"},
            },
            400,
            "updates are not carried out",
        ),
        ({"method": "POST", "json": {"query": ONE}}, 415, "must be application/x-www-form"),
        ({"method": "POST", "content": ONE}, 415, "of no type"),
        (
            {"method": "POST", "content": ONE, "headers": {**QUERY, "content-encoding": "gzip"}},
            415,
            "coding 'gzip'",
        ),
        ({"method": "POST", "content": b"\xff", "headers": QUERY}, 400, "must be UTF-8"),
        ({"method": "POST", "content": b"query=%ff", "headers": FORM}, 400, "cannot be read"),
        ({"method": "POST", "content": b"a&" * 300, "headers": FORM}, 400, "cannot be read"),
        ({"method": "POST", "content": b"x" * 1_100_000, "headers": QUERY}, 413, "larger than"),
        ({"method": "PUT", "content": ONE, "headers": QUERY}, 405, "PUT is not allowed"),
        (
            {"method": "GET", "params": {"query": ONE}, "headers": {"accept": "image/png"}},
            406,
            "Accept: must take one of",
        ),
    ],
)
async def test_what_the_protocol_does_not_have_is_refused(refusing, request_, status, text):
    assert text in refused(await refusing.request(url="/sparql", **request_), status)


async def test_pages_of_other_origins_may_ask(asking):
    headers = {"origin": "https://ui.example"}
    for query, status in ((ONE, 200), ("SELECT", 400)):
        response = await asking.get("/sparql", params={"query": query}, headers=headers)
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == "https://ui.example"


async def test_when_it_is_off_it_says_how_to_turn_it_on(client):
    for response in (
        await client.get("/sparql", params={"query": ONE}),
        await client.post("/sparql", content=ONE, headers=QUERY),
    ):
        assert "AAS_SPARQL=true" in refused(response, 404)


async def test_before_the_graphs_are_made_clients_are_asked_to_come_again(services, registry):
    service = SparqlService(services.repository, services.repository.hub, services.clock)
    async with client_of(replace(services, sparql=service), registry) as client:
        response = await client.get("/sparql", params={"query": ONE})
        assert "still being made" in refused(response, 503)
        assert int(response.headers["retry-after"]) > 0


async def test_a_query_that_takes_too_long_is_told_so(services, registry):
    service = SparqlService(
        services.repository,
        services.repository.hub,
        services.clock,
        SparqlLimits(seconds=0.3, answer=1000),
    )
    service.start()
    try:
        await service.ready()
        async with client_of(replace(services, sparql=service), registry) as client:
            response = await client.get("/sparql", params={"query": ENDLESS})
            assert "longer than 0.3 s" in refused(response, 408)
            response = await client.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"})
            assert "larger than 1000 bytes" in refused(response, 413)
    finally:
        await service.stop()


def children() -> set[int]:
    return {each.pid for each in psutil.Process().children(recursive=True)}


async def test_a_client_that_goes_away_ends_the_work(services, sparql, registry):
    app: AasApplication = build_app(
        replace(services, sparql=sparql), registry=registry, settings=ApiSettings(version="1")
    )
    before = children()
    gone = asyncio.Event()
    messages = [{"type": "http.request", "body": ENDLESS.encode(), "more_body": False}]

    async def receive():
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/sparql",
        "raw_path": b"/sparql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/sparql-query")],
    }
    answering = asyncio.create_task(app(scope, receive, send))
    async with asyncio.timeout(10):
        while not children() > before:
            await asyncio.sleep(0.01)
        gone.set()
        await answering
        while children() > before:
            await asyncio.sleep(0.01)

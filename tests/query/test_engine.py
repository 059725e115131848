"""Whole queries: descriptors, what the server makes itself, pages, live values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aas_server.live.sinks import resolve_sink
from aas_server.live.values import LiveValue, quality_of
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.query.engine import QueryEngine
from aas_server.query.parsing import parse_query
from aas_server.registry.registry import Registry
from aas_server.store.protocol import Kind
from tests.query.asked import eq, field, number, prop, submodel
from tests.query.test_resolving import SHELLS, SUBMODELS, match, shell

URL = "http://here/api/v3"
STATUS = submodel("Status", prop("Connections", "5"))
ENDPOINT = {"interface": "AAS-3.0", "protocolInformation": {"href": "http://far/shells/x"}}


@pytest.fixture
async def plant(repository):
    documents = [(Kind.SUBMODEL, each) for each in SUBMODELS]
    documents += [(Kind.SHELL, each) for each in (*SHELLS, shell("Server", "Status"))]
    await repository.add_missing(documents, actor="test")
    repository.put_generated(STATUS)
    for kind, name in (
        (Kind.SHELL_DESCRIPTOR, "FarShell"),
        (Kind.SUBMODEL_DESCRIPTOR, "FarSubmodel"),
    ):
        descriptor = {"id": f"urn:{name}", "idShort": name, "endpoints": [ENDPOINT]}
        await repository.create(kind, descriptor, actor="test")
    return repository


@pytest.fixture
def ask(plant, hub, clock):
    engine = QueryEngine(plant, Registry(plant), hub, clock)

    async def ask(condition: Any, kind: Kind = Kind.SUBMODEL, *, limit: int = 100) -> list[str]:
        query = parse_query({"$select": "id", "$condition": condition})
        found: list[str] = []
        cursor = None
        for _ in range(20):
            answer = await engine.ask(kind, query, limit=limit, cursor=cursor, url=URL)
            found += [json.loads(item) for item in answer.items]
            cursor = answer.cursor
            if cursor is None:
                return found
        raise AssertionError("pages without end")

    ask.engine = engine  # type: ignore[attr-defined]
    return ask


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_descriptors_of_what_is_here_and_of_what_is_elsewhere_are_found(ask, limit):
    shells, submodels = Kind.SHELL_DESCRIPTOR, Kind.SUBMODEL_DESCRIPTOR
    assert await ask(eq("$aasdesc#idShort", "Mill"), shells, limit=limit) == ["urn:shell:Mill"]
    assert await ask(eq("$aasdesc#idShort", "FarShell"), shells, limit=limit) == ["urn:FarShell"]
    either = {"$or": [eq("$smdesc#idShort", "Mill"), eq("$smdesc#id", "urn:FarSubmodel")]}
    assert await ask(either, submodels, limit=limit) == ["urn:sm:Mill", "urn:FarSubmodel"]
    asset = eq("$aasdesc#globalAssetId", "urn:asset:Press")
    assert await ask(asset, shells, limit=limit) == ["urn:shell:Press"]
    maker = "$aasdesc#specificAssetIds[]"
    asked = match(eq(f"{maker}.name", "maker"), eq(f"{maker}.value", "Bare & Co"))
    assert await ask(asked, shells, limit=limit) == ["urn:shell:Bare"]


async def test_descriptors_found_by_the_index_are_not_all_looked_at(ask):
    query = parse_query({"$condition": eq("$aasdesc#idShort", "Mill")})
    answer = await ask.engine.ask(Kind.SHELL_DESCRIPTOR, query, limit=10, cursor=None, url=URL)
    assert answer.examined == 1
    (descriptor,) = [json.loads(item) for item in answer.items]
    href = descriptor["endpoints"][0]["protocolInformation"]["href"]
    assert href.startswith(f"{URL}/shells/")


async def test_descriptors_that_no_index_finds_are_looked_at_one_by_one(ask):
    far = {
        "$contains": [field("$aasdesc#endpoints[].protocolinformation.href"), {"$strVal": "far"}]
    }
    assert await ask(far, Kind.SHELL_DESCRIPTOR) == ["urn:FarShell"]


@pytest.mark.parametrize("limit", [1, 100])
async def test_what_the_server_makes_itself_is_found(ask, limit):
    assert await ask(eq("$sm#idShort", "Status"), limit=limit) == ["urn:sm:Status"]
    five = eq("$sme.Connections#value", "5")
    assert await ask(five, limit=limit) == ["urn:sm:Status"]
    assert await ask({"$not": {"$boolean": False}}, limit=limit) == [
        *(each["id"] for each in SUBMODELS),
        "urn:sm:Status",
    ]
    assert await ask(five, Kind.SHELL, limit=limit) == ["urn:shell:Server"]
    assert await ask(eq("$aas#idShort", "Server"), limit=limit) == ["urn:sm:Status"]
    described = eq("$smdesc#idShort", "Status")
    assert await ask(described, Kind.SUBMODEL_DESCRIPTOR, limit=limit) == ["urn:sm:Status"]


async def test_a_value_of_the_moment_is_found_and_the_stored_one_is_not(ask, plant, hub):
    mill = await plant.submodels.get("urn:sm:Mill")
    point = hub.register(resolve_sink(mill.stored_tree(), parse_id_short_path("Speed")))
    fast = match(eq("$sme#semanticId", "urn:c:speed"), {"$gt": [field("$sme#value"), number(120)]})
    assert await ask(fast) == []
    hub.apply([(point, LiveValue("121", quality_of(0), 0, None, None))])
    assert await ask(fast) == ["urn:sm:Mill"]
    assert await ask(fast, Kind.SHELL) == ["urn:shell:Mill"]
    assert "urn:sm:Mill" not in await ask(eq("$sme.Speed#value", "17"))
    good = match(eq("$sme#qualifiers[].type", "quality"), eq("$sme#qualifiers[].value", "good"))
    assert await ask(good) == ["urn:sm:Mill"]

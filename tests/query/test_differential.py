"""The planned engine finds what the plain evaluator finds, whatever is asked."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.errors import BadRequest
from aas_server.live.hub import LiveHub
from aas_server.query.engine import QueryEngine
from aas_server.query.evaluation import Subject, fulfils
from aas_server.query.fields import Root
from aas_server.query.parsing import parse_query
from aas_server.query.reading import Tree
from aas_server.registry.registry import Registry
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.query.expressions import conditions, plants
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

PLANTS = int(os.environ.get("QUERY_PLANTS", "400"))
"""Of each, some twelve conditions are asked, of shells and of submodels: 10,000 cases in a run."""


def plain(kind: Kind, condition: Any, shells: list[Any], submodels: list[Any]) -> list[str]:
    """The ids that the plain evaluator finds."""
    found = []
    for each in shells if kind is Kind.SHELL else submodels:
        if kind is Kind.SHELL:
            ids = {r["keys"][0]["value"] for r in each["submodels"]}
            partners = [s for s in submodels if s["id"] in ids]
            trees = {Root.SHELL: [Tree(each)], Root.SUBMODEL: [Tree(s) for s in partners]}
            free = Root.SUBMODEL
        else:
            partners = [
                s for s in shells if each["id"] in {r["keys"][0]["value"] for r in s["submodels"]}
            ]
            trees = {Root.SUBMODEL: [Tree(each)], Root.SHELL: [Tree(s) for s in partners]}
            free = Root.SHELL
        if fulfils(Subject(trees, frozenset({free})), condition) is True:
            found.append(each["id"])
    return found


async def asked(engine: QueryEngine, kind: Kind, query: Any, limit: int) -> list[str]:
    found: list[str] = []
    cursor = None
    for _ in range(20):
        answer = await engine.ask(kind, query, limit=limit, cursor=cursor, url="http://h")
        found += [item.decode().strip('"') for item in answer.items]
        cursor = answer.cursor
        if cursor is None:
            return found
    raise AssertionError("pages without end")


@settings(
    max_examples=PLANTS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(plants(), st.lists(conditions, min_size=12, max_size=14))
async def test_the_engine_finds_what_the_plain_evaluator_finds(plant, conditions):
    shells, submodels = plant
    clock = FakeClock()
    hub = LiveHub(clock)
    repository = Repository(MemoryStore(clock), hub, clock)
    await repository.open()
    try:
        documents = [(Kind.SUBMODEL, each) for each in submodels]
        documents += [(Kind.SHELL, each) for each in shells]
        await repository.add_missing(documents, actor="test")
        engine = QueryEngine(repository, Registry(repository), hub, clock)
        for number, condition in enumerate(conditions):
            try:
                query = parse_query({"$select": "id", "$condition": condition})
            except BadRequest:  # a regular expression that is none
                continue
            for kind in (Kind.SHELL, Kind.SUBMODEL):
                expected = plain(kind, query.condition, shells, submodels)
                found = await asked(engine, kind, query, 1 + number % 2 * 9)
                assert found == expected, (kind, condition)
    finally:
        await repository.close()

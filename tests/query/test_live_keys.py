"""Which submodels have live values of what is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.live.hub import LivePoint
from aas_server.live.sinks import SIGNAL_SEMANTIC_ID, resolve_sink
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.query.live_keys import LiveKeys
from aas_server.store.ordered_terms import CONCEPT, ELEMENT, Looked, looked_at
from aas_server.store.protocol import Kind
from tests.query.asked import collection, listed, prop, submodel

SIGNAL = collection("Temp", prop("Value", None), prop("Quality", None)) | {
    "semanticId": {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": SIGNAL_SEMANTIC_ID}],
    }
}
MILL = submodel(
    "Mill",
    prop("Speed", "1", "urn:c:speed"),
    prop("Load", "1"),
    SIGNAL,
    listed("Joints", prop(None, "1"), prop(None, "2"))
    | {"typeValueListElement": "Property", "valueTypeListElement": "xs:string"},
    collection("Order", prop("Number", "1")),
)
PRESS = submodel("Press", prop("Speed", "1"))


def element(name: str) -> Looked:
    return looked_at(Kind.SUBMODEL, ELEMENT, name)


def concept(name: str) -> Looked:
    return looked_at(Kind.SUBMODEL, CONCEPT, name)


class World:
    def __init__(self, repository: Any, hub: Any) -> None:
        self.repository = repository
        self.hub = hub
        self.keys = LiveKeys(repository, hub)

    def bind(self, name: str, path: str) -> LivePoint:
        document = self.repository.submodels.cached(f"urn:sm:{name}")
        point: LivePoint = self.hub.register(
            resolve_sink(document.stored_tree(), parse_id_short_path(path))
        )
        return point

    async def found(self, *looked: Looked) -> list[str]:
        places = await self.keys.submodels(looked)
        return [each.id for each in await self.repository.submodels.at(sorted(places))]


@pytest.fixture
async def world(repository, hub):
    documents = [(Kind.SUBMODEL, each) for each in (MILL, PRESS)]
    await repository.add_missing(documents, actor="test")
    return World(repository, hub)


async def test_an_element_is_found_by_its_name_and_its_concept_while_it_is_live(world):
    assert await world.found(element("Speed"), concept("urn:c:speed")) == []
    point = world.bind("Mill", "Speed")
    assert await world.found(element("Speed")) == ["urn:sm:Mill"]
    assert await world.found(concept("urn:c:speed")) == ["urn:sm:Mill"]
    assert await world.found(element("Load")) == []
    world.bind("Press", "Speed")
    assert await world.found(element("Speed")) == ["urn:sm:Mill", "urn:sm:Press"]
    world.hub.unregister([point])
    assert await world.found(element("Speed")) == ["urn:sm:Press"]


async def test_another_live_element_of_a_known_submodel_is_noticed(world):
    world.bind("Mill", "Speed")
    assert await world.found(element("Load")) == []
    world.bind("Mill", "Load")
    assert await world.found(element("Load")) == ["urn:sm:Mill"]


async def test_all_elements_of_a_signal_are_live(world):
    world.bind("Mill", "Temp")
    assert await world.found(element("Value")) == ["urn:sm:Mill"]
    assert await world.found(element("Quality")) == ["urn:sm:Mill"]
    assert await world.found(element("Number")) == []


async def test_an_element_of_a_list_has_the_name_of_the_list(world):
    world.bind("Mill", "Joints[1]")
    assert await world.found(element("Joints")) == ["urn:sm:Mill"]


async def test_what_a_live_collection_holds_may_be_anything(world):
    world.bind("Mill", "Order")
    assert await world.found(element("Anything")) == ["urn:sm:Mill"]


async def test_a_live_element_that_means_something_else_now_is_noticed(world, repository):
    world.bind("Mill", "Speed")
    assert await world.found(concept("urn:c:other")) == []

    elements = [prop("Speed", "1", "urn:c:other"), *MILL["submodelElements"][1:]]
    changed = MILL | {"submodelElements": elements}
    await repository.put(Kind.SUBMODEL, "urn:sm:Mill", changed, actor="test")
    assert await world.found(concept("urn:c:other")) == ["urn:sm:Mill"]
    assert await world.found(concept("urn:c:speed")) == []

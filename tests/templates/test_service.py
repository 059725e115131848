"""The templates of a running server: those it knows and those in its repository."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from aas_server.metamodel.tree import Node
from aas_server.repository.collection import Collection
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.service import TemplateService
from tests.templates.samples import reference, template, text

KNOWN = template(text("Name", "One"), identifier="urn:known")
PUMP = template(
    text("Name", "One", semanticId=reference("urn:cd:name")),
    text(
        "Size",
        "One",
        semanticId=reference("urn:cd:none"),
        supplementalSemanticIds=[reference("urn:cd:size")],
    ),
).node


@pytest.fixture
def service(repository: Repository) -> TemplateService:
    return TemplateService(repository, TemplateCatalog([KNOWN]))


def concept(identifier: str) -> Node:
    return {"modelType": "ConceptDescription", "id": identifier}


async def add(repository: Repository, *trees: Node) -> None:
    await repository.add_missing(((Kind(tree["modelType"]), tree) for tree in trees), actor="test")


async def test_what_is_stored_and_what_is_known_stand_in_one_catalog(
    service: TemplateService, repository: Repository
) -> None:
    await add(repository, PUMP, {**PUMP, "id": "urn:instance", "kind": "Instance"})
    assert {each.id for each in await service.catalog()} == {"urn:known", PUMP["id"]}


async def test_a_stored_template_comes_with_the_concepts_that_its_elements_mean(
    service: TemplateService, repository: Repository
) -> None:
    meant = [concept("urn:cd:name"), concept("urn:cd:size")]
    await add(repository, PUMP, *reversed(meant), concept("urn:cd:unused"))
    found = (await service.catalog()).get(PUMP["id"])
    assert list(found.concept_descriptions.items()) == [(each["id"], each) for each in meant]


async def test_the_catalog_stays_the_same_until_a_template_changes(
    service: TemplateService, repository: Repository
) -> None:
    await add(repository, PUMP)
    first = await service.catalog()
    await add(repository, {**PUMP, "id": "urn:instance", "kind": "Instance"})
    assert await service.catalog() is first
    await repository.put(Kind.SUBMODEL, PUMP["id"], {**PUMP, "idShort": "Other"}, actor="test")
    assert (await service.catalog()).get(PUMP["id"]).id_short == "Other"
    await repository.delete(Kind.SUBMODEL, PUMP["id"], actor="test")
    assert [each.id for each in await service.catalog()] == ["urn:known"]


async def test_templates_beyond_one_page_are_found_too(
    service: TemplateService, repository: Repository
) -> None:
    names = [f"urn:template:{number}" for number in range(1201)]
    small = {name: member for name, member in PUMP.items() if name != "submodelElements"}
    await add(repository, *({**small, "id": name} for name in names))
    assert [each.id for each in await service.catalog()] == ["urn:known", *names]


async def test_those_who_ask_at_the_same_time_wait_for_one_reading(
    service: TemplateService, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    find_all = Collection.find_all

    async def slow(self: Collection, identifiers: Iterable[str]) -> dict[str, Document]:
        nonlocal asked
        if self.kind is Kind.CONCEPT_DESCRIPTION:
            asked += 1
            await asyncio.sleep(0.01)
        return await find_all(self, identifiers)

    monkeypatch.setattr(Collection, "find_all", slow)
    await add(repository, PUMP, {**PUMP, "id": "urn:second"})
    catalogs = await asyncio.gather(*(service.catalog() for _ in range(10)))
    assert {id(each) for each in catalogs} == {id(catalogs[0])}
    assert asked == 2

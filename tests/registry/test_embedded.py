from __future__ import annotations

import pytest

from aas_server.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidDocument,
    NotFound,
    PreconditionFailed,
)
from aas_server.metamodel.tree import Node
from aas_server.registry.embedded import EmbeddedDescriptors, descriptor_tag
from aas_server.registry.registry import Registry
from aas_server.repository.conditions import ANY, Conditions
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.registry.documents import (
    URL,
    shell,
    shell_descriptor,
    submodel,
    submodel_descriptor,
)

SHELL = "urn:shell"


@pytest.fixture
async def embedded(registry: Registry) -> EmbeddedDescriptors:
    inside = [submodel_descriptor("urn:a"), submodel_descriptor("urn:b")]
    tree = shell_descriptor(SHELL, submodelDescriptors=inside, idShort="Far")
    await registry.shells.create(tree, actor="test")
    return registry.embedded


async def ids(embedded: EmbeddedDescriptors) -> list[str]:
    return [each["id"] for each in await embedded.all_of(SHELL, URL)]


async def test_submodel_descriptors_are_added_at_the_end(embedded: EmbeddedDescriptors):
    await embedded.create(SHELL, submodel_descriptor("urn:c"), actor="test")
    assert await ids(embedded) == ["urn:a", "urn:b", "urn:c"]


async def test_the_first_submodel_descriptor_of_a_shell_is_added(registry: Registry):
    await registry.shells.create(shell_descriptor(SHELL), actor="test")
    assert await registry.embedded.all_of(SHELL, URL) == []
    await registry.embedded.create(SHELL, submodel_descriptor("urn:a"), actor="test")
    assert await ids(registry.embedded) == ["urn:a"]


async def test_a_submodel_descriptor_is_set_in_its_place_or_added(embedded: EmbeddedDescriptors):
    changed = submodel_descriptor("urn:a", idShort="Changed")
    assert not await embedded.put(SHELL, "urn:a", changed, actor="test")
    assert await embedded.put(SHELL, "urn:c", submodel_descriptor("urn:c"), actor="test")
    assert await ids(embedded) == ["urn:a", "urn:b", "urn:c"]
    assert await embedded.get(SHELL, "urn:a", URL) == changed


async def test_the_rest_of_the_shell_s_descriptor_stays_when_the_last_one_goes(
    embedded: EmbeddedDescriptors, repository: Repository
):
    for submodel_id in ("urn:a", "urn:b"):
        await embedded.delete(SHELL, submodel_id, actor="test")
    stored = (await repository.collection(Kind.SHELL_DESCRIPTOR).get(SHELL)).tree()
    assert stored == shell_descriptor(SHELL, idShort="Far")


async def test_what_is_taken_missing_or_wrong_is_refused(embedded: EmbeddedDescriptors):
    with pytest.raises(Conflict):
        await embedded.create(SHELL, submodel_descriptor("urn:a"), actor="test")
    with pytest.raises(InvalidDocument):
        await embedded.create(SHELL, {"id": "urn:c"}, actor="test")
    with pytest.raises(BadRequest, match="id"):
        await embedded.put(SHELL, "urn:a", submodel_descriptor("urn:b"), actor="test")
    for missing in (SHELL, "urn:nothing"):
        with pytest.raises(NotFound):
            await embedded.delete(missing, "urn:x", actor="test")
        with pytest.raises(NotFound):
            await embedded.get(missing, "urn:x", URL)
    with pytest.raises(NotFound):
        await embedded.create("urn:nothing", submodel_descriptor("urn:c"), actor="test")
    assert await ids(embedded) == ["urn:a", "urn:b"]


async def test_conditions_are_held_against_the_embedded_descriptor(
    embedded: EmbeddedDescriptors,
):
    changed: Node = submodel_descriptor("urn:a", idShort="Changed")
    stale = Conditions(if_match=frozenset({descriptor_tag(changed)}))
    absent = Conditions(if_none_match=frozenset({ANY}))
    for conditions in (stale, absent):
        with pytest.raises(PreconditionFailed):
            await embedded.put(SHELL, "urn:a", changed, actor="test", conditions=conditions)
    with pytest.raises(PreconditionFailed):
        await embedded.delete(SHELL, "urn:a", actor="test", conditions=stale)
    tag = descriptor_tag(await embedded.get(SHELL, "urn:a", URL))
    present = Conditions(if_match=frozenset({tag}))
    await embedded.put(SHELL, "urn:a", changed, actor="test", conditions=present)
    assert await embedded.get(SHELL, "urn:a", URL) == changed


async def test_those_of_an_own_shell_follow_from_its_references(
    registry: Registry, repository: Repository
):
    documents = [(Kind.SHELL, shell("urn:own", submodels=("urn:sm",)))]
    await repository.add_missing([*documents, (Kind.SUBMODEL, submodel("urn:sm"))], actor="test")
    assert (await registry.embedded.get("urn:own", "urn:sm", URL))["id"] == "urn:sm"
    with pytest.raises(Forbidden, match="derived"):
        await registry.embedded.create("urn:own", submodel_descriptor("urn:x"), actor="test")
    with pytest.raises(Forbidden, match="derived"):
        await registry.embedded.delete("urn:own", "urn:sm", actor="test")

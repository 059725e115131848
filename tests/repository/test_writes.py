"""Changes of documents: checked, durable, then seen; together or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidDocument,
    NotFound,
    PreconditionFailed,
    StoreUnavailable,
)
from aas_server.live.hub import LiveHub
from aas_server.live.shapes import ABSENT
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import GOOD, LiveValue, Quality
from aas_server.metamodel.edits import put
from aas_server.metamodel.tree import Node, resolve
from aas_server.repository.conditions import Conditions
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.repository.verifier import Verification, Verifier
from aas_server.store.protocol import FileEntry, Kind, Settled, StoredFile, Write, ignore
from aas_server.store.sqlite import SqliteStore
from tests.repository.stores import GatedStore
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore


def submodel(identifier: str = "urn:sm", **more: Any) -> Node:
    return {
        "modelType": "Submodel",
        "id": identifier,
        "submodelElements": [
            {"modelType": "Property", "idShort": "Temp", "valueType": "xs:double", "value": "1.50"},
            {"modelType": "File", "idShort": "Manual", "contentType": "text/plain"},
        ],
        **more,
    }


@pytest.fixture
def store(clock: FakeClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def repository(store: MemoryStore, hub: LiveHub, clock: FakeClock) -> Repository:
    return Repository(store, hub, clock)


class NoticedStore(SqliteStore):
    """A store that tells when it is asked to commit something."""

    asked: asyncio.Event

    async def commit(
        self, writes: Sequence[Write], *, actor: str, settled: Settled = ignore
    ) -> None:
        self.asked.set()
        await super().commit(writes, actor=actor, settled=settled)


@pytest.fixture
async def durable_store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[NoticedStore]:
    store = NoticedStore(tmp_path, clock)
    store.asked = asyncio.Event()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def durable(
    durable_store: NoticedStore, hub: LiveHub, clock: FakeClock
) -> AsyncIterator[Repository]:
    repository = Repository(durable_store, hub, clock)
    await repository.open()
    yield repository
    await repository.close()


async def put_temp(repository: Repository, value: str, conditions: Conditions) -> None:
    element = {"modelType": "Property", "idShort": "Temp", "valueType": "xs:double", "value": value}
    await repository.edit(
        Kind.SUBMODEL,
        "urn:sm",
        lambda tree: put(tree, ("Temp",), element)[0],
        actor="test",
        path=("Temp",),
        conditions=conditions,
    )


async def test_a_document_is_created_replaced_and_deleted(repository: Repository) -> None:
    created = await repository.create(Kind.SUBMODEL, submodel(), actor="test")
    assert created.body() == (await repository.submodels.get("urn:sm")).body()
    replaced, is_new = await repository.put(
        Kind.SUBMODEL, "urn:sm", submodel(idShort="Data"), actor="test"
    )
    assert not is_new
    assert (replaced.stored.sequence, replaced.stored.revision) == (created.stored.sequence, 2)
    assert (await repository.submodels.get("urn:sm")).tree()["idShort"] == "Data"
    await repository.delete(Kind.SUBMODEL, "urn:sm", actor="test")
    assert not await repository.submodels.contains("urn:sm")


async def test_what_cannot_be_changed_says_why(repository: Repository) -> None:
    await repository.create(Kind.SUBMODEL, submodel(), actor="test")
    with pytest.raises(Conflict, match="already"):
        await repository.create(Kind.SUBMODEL, submodel(), actor="test")
    with pytest.raises(BadRequest, match="'urn:sm'"):
        await repository.put(Kind.SUBMODEL, "urn:other", submodel(), actor="test")
    with pytest.raises(NotFound):
        await repository.delete(Kind.SUBMODEL, "urn:other", actor="test")
    with pytest.raises(NotFound):
        await repository.put(
            Kind.SUBMODEL, "urn:other", submodel("urn:other"), actor="test", create=False
        )
    with pytest.raises(InvalidDocument) as refusal:
        await repository.put(Kind.SUBMODEL, "urn:sm", {"id": "urn:sm"}, actor="test")
    assert refusal.value.findings
    assert (await repository.submodels.get("urn:sm")).stored.revision == 1


async def test_broken_constraints_are_only_counted_when_the_server_is_told_to_report(
    store: MemoryStore, hub: LiveHub, clock: FakeClock
) -> None:
    twice = submodel()
    twice["submodelElements"].append(twice["submodelElements"][0])
    strict = Repository(store, hub, clock)
    with pytest.raises(InvalidDocument):
        await strict.create(Kind.SUBMODEL, twice, actor="test")
    lenient = Repository(store, hub, clock, verifier=Verifier(Verification.REPORT))
    document = await lenient.create(Kind.SUBMODEL, twice, actor="test")
    assert document.warnings == 1
    with pytest.raises(InvalidDocument):
        await lenient.create(Kind.SUBMODEL, {**twice, "id": 7}, actor="test")


async def test_a_condition_that_does_not_hold_changes_nothing(repository: Repository) -> None:
    created = await repository.create(Kind.SUBMODEL, submodel(), actor="test")
    await repository.create(Kind.SUBMODEL, submodel("urn:other"), actor="test")
    at_first = Conditions(if_match=frozenset({created.etag()}))
    await put_temp(repository, "2", at_first)
    for conditions in (at_first, Conditions(if_none_match=frozenset({"*"}))):
        with pytest.raises(PreconditionFailed):
            await put_temp(repository, "3", conditions)
        with pytest.raises(PreconditionFailed):
            await repository.delete(Kind.SUBMODEL, "urn:sm", actor="test", conditions=conditions)
    with pytest.raises(PreconditionFailed):
        await repository.put(
            Kind.SUBMODEL,
            "urn:new",
            submodel("urn:new"),
            actor="test",
            conditions=Conditions(if_match=frozenset({"*"})),
        )
    assert resolve((await repository.submodels.get("urn:sm")).tree(), ("Temp",))["value"] == "2"


async def test_changes_of_one_document_at_the_same_time_are_all_kept(durable: Repository) -> None:
    await durable.create(Kind.SUBMODEL, submodel(), actor="test")

    def add(number: int) -> Any:
        element = {"modelType": "Property", "idShort": f"P{number:03}", "valueType": "xs:int"}
        return durable.edit(
            Kind.SUBMODEL,
            "urn:sm",
            lambda tree: put(tree, (f"P{number:03}",), element)[0],
            actor="test",
        )

    await asyncio.gather(*map(add, range(64)))
    document = await durable.submodels.get("urn:sm")
    assert document.stored.revision == 65
    assert len(document.tree()["submodelElements"]) == 66


async def test_puts_that_race_end_in_one_creation_and_replacements(durable: Repository) -> None:
    results = await asyncio.gather(
        *(durable.put(Kind.SUBMODEL, "urn:sm", submodel(), actor="test") for _ in range(64))
    )
    assert sum(is_new for _, is_new in results) == 1
    assert (await durable.submodels.get("urn:sm")).stored.revision == 64


async def test_creations_that_race_end_in_one_creation_and_conflicts(durable: Repository) -> None:
    results = await asyncio.gather(
        *(durable.create(Kind.SUBMODEL, submodel(), actor="test") for _ in range(64)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Conflict) for result in results) == 63


async def test_readers_see_a_change_only_when_it_is_durable(hub: LiveHub, clock: FakeClock) -> None:
    store = GatedStore(clock)
    repository = Repository(store, hub, clock)
    gate = store.hold("commit")
    create = asyncio.create_task(repository.create(Kind.SUBMODEL, submodel(), actor="t"))
    await gate.reached()
    assert await repository.newest((Kind.SUBMODEL, "urn:sm")) is not None
    assert not await repository.submodels.contains("urn:sm")
    assert [document.id async for document in repository.submodels] == []
    assert not create.done()
    gate.open()
    await create
    assert await repository.submodels.contains("urn:sm")
    assert [document.id async for document in repository.submodels] == ["urn:sm"]


async def test_a_caller_that_goes_away_does_not_undo_what_is_on_its_way(
    durable: Repository, durable_store: NoticedStore
) -> None:
    create = asyncio.create_task(durable.create(Kind.SUBMODEL, submodel(), actor="t"), name="gone")
    await durable_store.asked.wait()
    assert durable.submodels.cached("urn:sm") is None
    create.cancel()
    with pytest.raises(asyncio.CancelledError):
        await create
    async with asyncio.timeout(10):
        while durable.submodels.cached("urn:sm") is None:
            await asyncio.sleep(0.001)
    assert (await durable.submodels.get("urn:sm")).stored.revision == 1


async def test_when_the_store_fails_nothing_has_changed_and_writing_goes_on_later(
    repository: Repository, store: MemoryStore
) -> None:
    await repository.create(Kind.SUBMODEL, submodel(), actor="test")
    before = await repository.submodels.get("urn:sm")
    store.failure = "disk full"
    with pytest.raises(StoreUnavailable):
        await put_temp(repository, "3", Conditions())
    with pytest.raises(StoreUnavailable):
        await repository.create(Kind.SUBMODEL, submodel("urn:new"), actor="test")
    assert (await repository.submodels.get("urn:sm")) is before
    assert not await repository.submodels.contains("urn:new")
    store.failure = None
    await put_temp(repository, "3", Conditions())
    assert (await repository.submodels.get("urn:sm")).stored.revision == 2


async def test_a_unit_is_carried_out_whole_or_not_at_all(repository: Repository) -> None:
    await repository.create(Kind.SUBMODEL, submodel("urn:1"), actor="test")
    unit = repository.unit(actor="test")
    await unit.create(Kind.SUBMODEL, submodel("urn:2"))
    await unit.delete(Kind.SUBMODEL, "urn:1")
    assert await unit.find(Kind.SUBMODEL, "urn:1") is None
    await unit.create(Kind.SUBMODEL, submodel("urn:1", idShort="Again"))
    with pytest.raises(Conflict):
        await unit.create(Kind.SUBMODEL, submodel("urn:2"))
    assert [document.id async for document in repository.submodels] == ["urn:1"]
    await unit.commit()
    assert [document.id async for document in repository.submodels] == ["urn:2", "urn:1"]
    assert (await repository.submodels.get("urn:1")).tree()["idShort"] == "Again"


async def test_an_edit_is_verified_in_what_it_changes_and_built_anew_when_it_was_overtaken(
    repository: Repository,
) -> None:
    await repository.create(Kind.SUBMODEL, submodel(), actor="test")

    async def edit(change: Any) -> None:
        await repository.edit_verified(
            Kind.SUBMODEL,
            "urn:sm",
            change,
            lambda tree: resolve(tree, ("Temp",)),
            actor="test",
            path=("Temp",),
        )

    def broken(tree: Node) -> Node:
        wrong = {**resolve(tree, ("Temp",)), "value": "warm"}
        return put(tree, ("Temp",), wrong)[0]

    with pytest.raises(InvalidDocument):
        await edit(broken)
    assert (await repository.submodels.get("urn:sm")).stored.revision == 1


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30])
async def test_an_integer_that_is_too_long_is_refused_where_it_stands(
    repository: Repository, number: int
) -> None:
    await repository.create(Kind.SUBMODEL, submodel(), actor="test")

    with pytest.raises(BadRequest) as caught:
        await repository.edit_verified(
            Kind.SUBMODEL,
            "urn:sm",
            lambda tree: tree | {"description": [{"language": number}]},
            lambda tree: tree,
            actor="test",
        )

    assert caught.value.path == "description[0].language"
    assert (await repository.submodels.get("urn:sm")).stored.revision == 1


async def test_qualifiers_that_reads_add_to_live_elements_are_not_stored(
    repository: Repository, hub: LiveHub
) -> None:
    document = await repository.create(Kind.SUBMODEL, submodel(), actor="test")
    point = hub.register(resolve_sink(document.tree(), ("Temp",)))
    hub.apply([(point, LiveValue(2.5, Quality.GOOD, GOOD, 1, 1))])
    shown = (await repository.submodels.get("urn:sm")).tree()
    kinds = [each["type"] for each in resolve(shown, ("Temp",))["qualifiers"]]
    assert "quality" in kinds
    await repository.put(Kind.SUBMODEL, "urn:sm", {**shown, "idShort": "Data"}, actor="test")
    stored = (await repository.submodels.get("urn:sm")).stored_tree()
    assert "qualifiers" not in resolve(stored, ("Temp",))
    again = (await repository.submodels.get("urn:sm")).tree()
    assert [each["type"] for each in resolve(again, ("Temp",))["qualifiers"]] == kinds


async def test_a_live_element_keeps_its_type(repository: Repository, hub: LiveHub) -> None:
    document = await repository.create(Kind.SUBMODEL, submodel(), actor="test")
    hub.register(resolve_sink(document.tree(), ("Temp",)))
    other = submodel()
    other["submodelElements"][0] = {
        "modelType": "Property",
        "idShort": "Temp",
        "valueType": "xs:boolean",
    }
    with pytest.raises(Conflict, match=r"Temp.*xs:double"):
        await repository.put(Kind.SUBMODEL, "urn:sm", other, actor="test")


def tool() -> dict[str, Any]:
    members = [
        {"modelType": "Property", "idShort": name, "valueType": value_type}
        for name, value_type in {"Name": "xs:string", "Life": "xs:double"}.items()
    ]
    tool = {"modelType": "SubmodelElementCollection", "idShort": "Tool", "value": members}
    return {"modelType": "Submodel", "id": "urn:tool", "submodelElements": [tool]}


async def test_a_composite_that_a_machine_feeds_keeps_what_reads_leave_out(
    repository: Repository, hub: LiveHub
) -> None:
    document = await repository.create(Kind.SUBMODEL, tool(), actor="test")
    point = hub.register(resolve_sink(document.tree(), ("Tool",)))
    value = {"Name": "Drill", "Life": ABSENT}
    hub.apply([(point, LiveValue(value, Quality.GOOD, GOOD, 1, 1))])
    shown = (await repository.submodels.get("urn:tool")).tree()
    assert len(resolve(shown, ("Tool",))["value"]) == 1

    await repository.put(Kind.SUBMODEL, "urn:tool", {**shown, "idShort": "Data"}, actor="test")

    stored = resolve((await repository.submodels.get("urn:tool")).stored_tree(), ("Tool",))
    assert [each["idShort"] for each in stored["value"]] == ["Name", "Life"]
    assert "qualifiers" not in stored
    assert (await repository.submodels.get("urn:tool")).exchanged_tree()["submodelElements"] == [
        {**tool()["submodelElements"][0], "value": [{**stored["value"][0], "value": "Drill"}]}
    ]


async def test_a_composite_that_a_machine_feeds_keeps_its_form(
    repository: Repository, hub: LiveHub
) -> None:
    document = await repository.create(Kind.SUBMODEL, tool(), actor="test")
    hub.register(resolve_sink(document.tree(), ("Tool",)))
    other = tool()
    other["submodelElements"][0]["value"][1]["valueType"] = "xs:int"
    with pytest.raises(Conflict, match=r"Tool.*elements keep their names and types"):
        await repository.put(Kind.SUBMODEL, "urn:tool", other, actor="test")
    with pytest.raises(Forbidden, match="direction: readWrite"):
        await repository.write_value("urn:tool", (), {"Tool": {"Name": "x"}}, actor="test")
    with pytest.raises(Forbidden, match="direction: readWrite"):
        await repository.write_value("urn:tool", ("Tool", "Name"), "x", actor="test")


async def test_a_generated_submodel_is_refused_to_every_writer(repository: Repository) -> None:
    repository.put_generated(submodel("urn:status"))
    with pytest.raises(Forbidden):
        await repository.delete(Kind.SUBMODEL, "urn:status", actor="test")
    with pytest.raises(Forbidden):
        await repository.put(Kind.SUBMODEL, "urn:status", submodel("urn:status"), actor="test")
    with pytest.raises(Conflict):
        await repository.create(Kind.SUBMODEL, submodel("urn:status"), actor="test")


async def test_a_file_goes_with_the_last_mention_of_its_name(repository: Repository) -> None:
    tree = submodel()
    tree["submodelElements"][1]["value"] = "/aasx/files/a.txt"
    entry = FileEntry(
        Kind.SUBMODEL, "urn:sm", "/aasx/files/a.txt", StoredFile("00", 1), "text/plain", "a.txt"
    )
    unit = repository.unit(actor="test")
    await unit.create(Kind.SUBMODEL, tree)
    unit.put_file(entry)
    await unit.commit()
    await repository.put(Kind.SUBMODEL, "urn:sm", {**tree, "idShort": "Data"}, actor="test")
    assert await repository.file_entries(Kind.SUBMODEL, "urn:sm") == [entry]
    await repository.put(Kind.SUBMODEL, "urn:sm", submodel(), actor="test")
    assert await repository.file_entries(Kind.SUBMODEL, "urn:sm") == []


async def test_a_file_goes_with_the_last_file_element_though_a_text_has_its_path_still(
    durable: Repository, durable_store: NoticedStore
) -> None:
    path = "/aasx/files/a.txt"
    tree = submodel()
    tree["submodelElements"][1]["value"] = path
    content = await durable.write_file(_pieces(b"text"))
    entry = FileEntry(Kind.SUBMODEL, "urn:sm", path, content, "text/plain", "a.txt")

    async def create(unit: Unit) -> None:
        await unit.create(Kind.SUBMODEL, tree)
        unit.put_file(entry)

    await durable.change(create, actor="test")
    text = {"modelType": "Property", "idShort": "Text", "valueType": "xs:string", "value": path}
    await durable.put(Kind.SUBMODEL, "urn:sm", {**tree, "submodelElements": [text]}, actor="test")
    assert await durable.file_entries(Kind.SUBMODEL, "urn:sm") == []
    await durable.delete(Kind.SUBMODEL, "urn:sm", actor="test")
    await durable.change(create, actor="test")
    (stored,) = (await durable_store.fetch(Kind.SUBMODEL, ["urn:sm"])).documents
    assert stored.files == {path: entry}


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def test_a_document_is_shown_as_it_was_at_any_kept_time(
    repository: Repository, clock: FakeClock
) -> None:
    first = await repository.create(Kind.SUBMODEL, submodel(), actor="test")
    created = clock.now()
    clock.advance(10)
    await put_temp(repository, "2", Conditions())
    changed = clock.now()

    async def at(time: int) -> bytes | None:
        return await repository.version_at(Kind.SUBMODEL, "urn:sm", time)

    assert await at(created - 1) is None
    assert await at(created) == await at(changed - 1) == first.stored.body
    assert await at(changed) == (await repository.submodels.get("urn:sm")).stored.body


async def test_a_change_into_what_no_list_could_find_is_refused_as_it_should_be(
    repository: Repository,
) -> None:
    await repository.add_missing([(Kind.SUBMODEL, submodel("urn:sm"))], actor="test")
    for odd in ({"idShort": {"a": "b"}}, {"supplementalSemanticIds": 1}, {"semanticId": [[]]}):
        with pytest.raises(InvalidDocument):
            await repository.edit_verified(
                Kind.SUBMODEL,
                "urn:sm",
                lambda tree, odd=odd: {**tree, **odd},
                lambda tree: tree,
                actor="test",
            )

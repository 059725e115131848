"""Documents in memory: those in use, fetched once, never older than what was seen before."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator

import pytest

from aas_server.errors import StoreUnavailable
from aas_server.live.hub import LiveHub
from aas_server.repository.collection import Filter
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.repository.stores import GatedStore
from tests.repository.submodels import KIND, count, create, delete, increase, put, submodel
from tests.support.clock import FakeClock

IDS = [f"urn:{number}" for number in range(20)]


@pytest.fixture
async def store(clock: FakeClock, hub: LiveHub) -> GatedStore:
    """A store that holds twenty submodels, and that nobody has asked for anything yet."""
    store = GatedStore(clock)
    await create(Repository(store, hub, clock), *IDS)
    store.fetches.clear()
    return store


@pytest.fixture
async def repository(
    store: GatedStore, hub: LiveHub, clock: FakeClock
) -> AsyncIterator[Repository]:
    repository = Repository(store, hub, clock)
    await repository.open()
    yield repository
    await repository.close()


async def small(store: GatedStore, hub: LiveHub, clock: FakeClock, documents: int) -> Repository:
    """A repository with room for so many of the submodels."""
    one = (await store.fetch(KIND, IDS[:1])).documents[0]
    store.fetches.clear()
    repository = Repository(store, hub, clock, cache_bytes=documents * (len(one.body) + 1_100))
    await repository.open()
    return repository


def fetched(store: GatedStore) -> list[str]:
    """The ids that were fetched, in order."""
    return [identifier for _, ids in store.fetches for identifier in ids]


async def test_nothing_is_read_before_it_is_asked_for_and_then_once(
    store: GatedStore, repository: Repository
) -> None:
    assert store.fetches == []
    first = await repository.submodels.get("urn:3")
    assert await repository.submodels.get("urn:3") is first
    assert repository.submodels.cached("urn:3") is first
    assert store.fetches == [(KIND, ["urn:3"])]


async def test_many_who_ask_for_the_same_document_at_once_cause_one_fetch(
    store: GatedStore, repository: Repository
) -> None:
    gate = store.hold("fetch")
    waiting = [asyncio.create_task(repository.submodels.find("urn:1")) for _ in range(100)]
    await gate.reached()
    gate.open()
    found = await asyncio.gather(*waiting)
    assert len(set(map(id, found))) == 1
    assert found[0] is not None
    assert store.fetches == [(KIND, ["urn:1"])]


async def test_many_documents_are_one_fetch_and_only_of_those_that_are_not_here(
    store: GatedStore, repository: Repository
) -> None:
    await repository.submodels.get("urn:1")
    found = await repository.submodels.find_all(["urn:0", "urn:1", "urn:2", "urn:no", "urn:0"])
    assert sorted(found) == ["urn:0", "urn:1", "urn:2"]
    assert store.fetches == [(KIND, ["urn:1"]), (KIND, ["urn:0", "urn:2", "urn:no"])]


async def test_what_is_being_fetched_is_not_fetched_with_others_again(
    store: GatedStore, repository: Repository
) -> None:
    gate = store.hold("fetch")
    one = asyncio.create_task(repository.submodels.get("urn:0"))
    await gate.reached()
    both = asyncio.create_task(repository.submodels.find_all(["urn:0", "urn:1"]))
    await asyncio.sleep(0)
    gate.open()
    assert (await both)["urn:0"] is await one
    assert fetched(store) == ["urn:0", "urn:1"]


async def test_kinds_are_fetched_apart(store: GatedStore, repository: Repository) -> None:
    assert await repository.shells.find("urn:0") is None
    assert await repository.submodels.find("urn:0") is not None
    assert store.fetches == [(Kind.SHELL, ["urn:0"]), (KIND, ["urn:0"])]


async def test_an_id_that_is_not_there_is_asked_for_once_until_it_is_created(
    store: GatedStore, repository: Repository
) -> None:
    for _ in range(3):
        assert await repository.submodels.find("urn:new") is None
        assert await repository.submodels.find_all(["urn:new"]) == {}
        assert not await repository.submodels.contains("urn:new")
    assert fetched(store) == ["urn:new"]
    await create(repository, "urn:new")
    assert await count(repository, "urn:new") == 0
    await delete(repository, "urn:new")
    assert await count(repository, "urn:new") is None
    assert fetched(store) == ["urn:new"]


async def test_only_so_many_ids_that_are_not_there_are_kept(
    store: GatedStore, repository: Repository
) -> None:
    first = [f"urn:no:{number}" for number in range(10_000)]
    await repository.submodels.find_all(first)
    store.fetches.clear()
    await repository.submodels.find_all(first)
    assert store.fetches == []
    await repository.submodels.find_all([f"urn:other:{number}" for number in range(3_000)])
    store.fetches.clear()
    await repository.submodels.find_all(first)
    assert len(fetched(store)) == 3_000


async def test_memory_follows_use_and_stays_within_its_bound(
    store: GatedStore, hub: LiveHub, clock: FakeClock
) -> None:
    repository = await small(store, hub, clock, documents=5)
    cache = repository.cache
    sizes = []
    for identifier in IDS:
        await repository.submodels.get(identifier)
        sizes.append(cache.size)
        assert len(cache) <= 5
    assert sizes[0] * 5 >= sizes[4] >= sizes[0] * 4
    assert max(sizes) <= sizes[0] * 5.5
    everything = await repository.submodels.find_all(IDS)
    assert len(everything) == 20
    assert len(cache) <= 5
    assert [document.id async for document in repository.submodels] == IDS
    for identifier in IDS:
        await increase(repository, identifier)
        assert len(cache) <= 5
    for identifier in IDS:
        await delete(repository, identifier)
    assert (cache.size, len(cache)) == (0, 0)


async def test_a_document_that_is_larger_than_all_room_is_shown_all_the_same(
    store: GatedStore, hub: LiveHub, clock: FakeClock
) -> None:
    repository = Repository(store, hub, clock, cache_bytes=1)
    await put(repository, "urn:0", 7)
    assert await count(repository, "urn:0") == 7
    assert await count(repository, "urn:1") == 0
    assert len(repository.cache) == 1


async def test_what_nobody_read_goes_before_what_is_in_use(
    store: GatedStore, hub: LiveHub, clock: FakeClock
) -> None:
    repository = await small(store, hub, clock, documents=5)
    await repository.submodels.find_all(IDS[:5])
    for identifier in IDS[5:]:
        # Somebody reads this one again and again.
        await repository.submodels.get("urn:0")
        await repository.submodels.get(identifier)
    assert fetched(store) == IDS
    assert repository.submodels.cached("urn:0") is not None
    assert repository.submodels.cached("urn:1") is None


async def test_going_through_all_documents_leaves_those_in_use_in_memory(
    store: GatedStore, hub: LiveHub, clock: FakeClock
) -> None:
    repository = await small(store, hub, clock, documents=5)
    in_use = IDS[7:10]
    seen: list[str] = []
    cursor: str | None = None
    while not seen or cursor is not None:
        for identifier in in_use:
            await repository.submodels.get(identifier)
        page = await repository.submodels.page(Filter(), limit=2, cursor=cursor)
        seen += [document.id for document in page.documents]
        cursor = page.cursor
    assert seen == IDS
    assert all(fetched(store).count(each) == 1 for each in in_use)


async def test_a_document_that_went_out_of_memory_comes_back_with_its_changes_and_files(
    store: GatedStore, hub: LiveHub, clock: FakeClock
) -> None:
    repository = await small(store, hub, clock, documents=2)
    await increase(repository, "urn:0")
    tag = (await repository.submodels.get("urn:0")).etag()
    for identifier in IDS[1:]:
        await repository.submodels.get(identifier)
    assert repository.submodels.cached("urn:0") is None
    again = await repository.submodels.get("urn:0")
    assert (again.etag(), await count(repository, "urn:0")) == (tag, 1)
    await increase(repository, "urn:0")
    assert await count(repository, "urn:0") == 2


async def committed_behind_its_back(
    store: GatedStore, hub: LiveHub, clock: FakeClock, identifier: str, value: int | None
) -> None:
    """Another server changes a document or, with None, deletes it."""
    other = Repository(store, hub, clock)
    if value is None:
        await delete(other, identifier)
    else:
        await put(other, identifier, value)


@pytest.mark.parametrize("value", [5, None], ids=["changed", "deleted"])
async def test_a_fetch_that_another_servers_commit_overtakes_shows_the_newer_state(
    store: GatedStore, repository: Repository, hub: LiveHub, clock: FakeClock, value: int | None
) -> None:
    gate = store.hold("fetch")
    reader = asyncio.create_task(count(repository, "urn:0"))
    await gate.reached()
    await committed_behind_its_back(store, hub, clock, "urn:0", value)
    # Something later is read, and with it all that was committed before it is known.
    await committed_behind_its_back(store, hub, clock, "urn:1", 9)
    assert await count(repository, "urn:1") == 9
    gate.open()
    assert await reader == value
    assert await count(repository, "urn:0") == value


@pytest.mark.parametrize("identifier", ["urn:0", "urn:new"])
async def test_a_fetch_that_an_own_commit_overtakes_shows_what_was_committed(
    store: GatedStore, repository: Repository, identifier: str
) -> None:
    unit = repository.unit(actor="test")
    if identifier == "urn:new":
        await unit.create(KIND, submodel(identifier, 5))
    else:
        await unit.replace(KIND, identifier, submodel(identifier, 5))
    # Out of memory again, as if there were no room.
    repository.cache.drop([(KIND, identifier)])
    gate = store.hold("fetch")
    reader = asyncio.create_task(count(repository, identifier))
    await gate.reached()
    await unit.commit()
    store.fetches.clear()
    gate.open()
    assert await reader == 5
    assert store.fetches == []


async def test_a_fetch_that_an_own_deletion_overtakes_shows_nothing(
    store: GatedStore, repository: Repository
) -> None:
    unit = repository.unit(actor="test")
    await unit.delete(KIND, "urn:0")
    repository.cache.drop([(KIND, "urn:0")])
    gate = store.hold("fetch")
    reader = asyncio.create_task(count(repository, "urn:0"))
    await gate.reached()
    await unit.commit()
    gate.open()
    assert await reader is None
    assert not await repository.submodels.contains("urn:0")


async def test_a_change_that_went_out_of_memory_while_it_was_fetched_is_still_shown(
    store: GatedStore, hub: LiveHub, clock: FakeClock
) -> None:
    repository = await small(store, hub, clock, documents=2)
    unit = repository.unit(actor="test")
    await unit.replace(KIND, "urn:0", submodel("urn:0", 5))
    repository.cache.drop([(KIND, "urn:0")])
    gate = store.hold("fetch")
    reader = asyncio.create_task(count(repository, "urn:0"))
    await gate.reached()
    await unit.commit()
    await repository.submodels.find_all(IDS[10:])
    assert repository.submodels.cached("urn:0") is None
    gate.open()
    assert await reader == 5


async def test_a_document_that_is_changed_during_every_fetch_is_unavailable_in_the_end(
    store: GatedStore, repository: Repository, hub: LiveHub, clock: FakeClock
) -> None:
    gates = [store.hold("fetch") for _ in range(100)]
    reader = asyncio.create_task(count(repository, "urn:0"))
    writer = Repository(_Direct(store), hub, clock)  # type: ignore[arg-type]
    for value, gate in enumerate(gates):
        await gate.reached()
        await put(writer, "urn:0", value + 1)
        await repository.cache.follower.follow()
        gate.open()
    with pytest.raises(StoreUnavailable, match="all the time"):
        await reader
    assert await count(repository, "urn:0") == 100


class _Direct:
    """The same store for another server, whose fetches nobody holds."""

    def __init__(self, store: GatedStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def fetch(self, kind: Kind, ids: list[str]) -> object:
        return await super(GatedStore, self._store).fetch(kind, ids)


async def test_who_gives_up_waiting_leaves_the_others_waiting(
    store: GatedStore, repository: Repository
) -> None:
    gate = store.hold("fetch")
    first, second, third = (
        asyncio.create_task(repository.submodels.get("urn:0")) for _ in range(3)
    )
    await gate.reached()
    first.cancel()
    third.cancel()
    await asyncio.wait([first, third])
    gate.open()
    assert (await second).id == "urn:0"
    assert first.cancelled()
    assert third.cancelled()
    assert fetched(store) == ["urn:0"]


async def test_a_failure_of_the_store_reaches_all_who_wait_and_the_next_one_asks_again(
    store: GatedStore, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailable("the medium is gone")

    with monkeypatch.context() as context:
        context.setattr(store, "fetch", fail)
        results = await asyncio.gather(
            *(repository.submodels.find("urn:0") for _ in range(5)),
            repository.submodels.find_all(["urn:0", "urn:1"]),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [StoreUnavailable] * 6
        with pytest.raises(StoreUnavailable):
            await increase(repository, "urn:0")
    assert await count(repository, "urn:0") == 0
    await increase(repository, "urn:0")
    assert await count(repository, "urn:0") == 1


async def test_a_failure_that_nobody_waits_for_any_more_is_no_mistake(
    store: GatedStore, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def fail(*_: object) -> None:
        reached.set()
        await go_on.wait()
        raise StoreUnavailable("the medium is gone")

    with monkeypatch.context() as context:
        context.setattr(store, "fetch", fail)
        reader = asyncio.create_task(repository.submodels.find("urn:0"))
        await reached.wait()
        reader.cancel()
        await asyncio.wait([reader])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            go_on.set()
            for _ in range(5):
                await asyncio.sleep(0)
    assert await count(repository, "urn:0") == 0


async def test_a_server_that_ends_tells_those_who_wait(
    store: GatedStore, repository: Repository
) -> None:
    gate = store.hold("fetch")
    reader = asyncio.create_task(repository.submodels.get("urn:0"))
    await gate.reached()
    await repository.close()
    with pytest.raises(StoreUnavailable, match="closing"):
        await reader

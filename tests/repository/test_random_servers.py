"""Two servers at work on one store at the same time: nothing is lost, nothing is seen half."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.errors import Conflict, NotFound
from aas_server.live.hub import LiveHub
from aas_server.repository.collection import Filter
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.store.protocol import Operation
from tests.repository.stores import DawdlingStore
from tests.repository.submodels import (
    KIND,
    count,
    count_in,
    create,
    delete,
    increase,
    put,
    submodel,
)
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

IDS = ("urn:0", "urn:1", "urn:2")
PAIR = ("urn:first", "urn:second")
NAMES = ("Alpha", "Beta")


@dataclass(frozen=True)
class Step:
    """What one client does at one server, and how many turns later than the one before."""

    server: int
    what: str
    identifier: str
    id_short: str
    delay: int


steps = st.builds(
    Step,
    server=st.integers(0, 1),
    what=st.sampled_from(
        ["put", "put", "create", "delete", "increase", "pair", "see", "list", "list", *["find"] * 3]
    ),
    identifier=st.sampled_from(IDS),
    id_short=st.sampled_from(NAMES),
    delay=st.integers(0, 6),
)


@dataclass
class World:
    """Two repositories with little room over one store, and what they acknowledged."""

    seed: int
    cache_bytes: int
    acknowledged: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = FakeClock()
        self.shared = MemoryStore(clock)
        dawdling = random.Random(self.seed)
        self.servers = [
            Repository(
                DawdlingStore(self.shared, dawdling),  # type: ignore[arg-type]
                LiveHub(clock),
                clock,
                cache_bytes=self.cache_bytes,
            )
            for _ in range(2)
        ]

    async def do(self, step: Step) -> None:
        for _ in range(step.delay):
            await asyncio.sleep(0)
        repository, identifier = self.servers[step.server], step.identifier
        try:
            if step.what == "put":
                await put(repository, identifier, idShort=step.id_short)
            elif step.what == "create":
                await create(repository, identifier, idShort=step.id_short)
            elif step.what == "delete":
                await delete(repository, identifier)
            elif step.what == "increase":
                await self._increase(repository, identifier)
            elif step.what == "pair":
                await increase(repository, *PAIR)
                identifier = PAIR[0]
            else:
                await self._read(step)
                return
        except (Conflict, NotFound):
            return
        self.acknowledged.append((step.what, identifier))

    async def _increase(self, repository: Repository, identifier: str) -> None:
        async def work(unit: Unit) -> None:
            tree = await unit.find(KIND, identifier)
            if tree is None:
                raise NotFound("nothing to count in")
            # The name stays: a change that got lost would bring it back.
            more = {"idShort": tree["idShort"]}
            changed = submodel(identifier, count_in(tree) + 1, **more)
            await unit.replace(KIND, identifier, changed)

        await repository.change(work, actor="test")

    async def _read(self, step: Step) -> None:
        repository = self.servers[step.server]
        if step.what == "see":
            await self._see_pair(repository)
        elif step.what == "find":
            await count(repository, step.identifier)
        else:
            await self._list(repository, step.id_short)

    async def _see_pair(self, repository: Repository) -> None:
        """Both are always counted up together: whoever sees the first sees the second."""
        first = await count(repository, PAIR[0])
        second = await count(repository, PAIR[1])
        assert first is not None
        assert second is not None
        assert first <= second

    async def _list(self, repository: Repository, id_short: str) -> None:
        page = await repository.submodels.page(Filter(id_short=id_short), limit=10)
        sequences = [document.stored.sequence for document in page.documents]
        assert sequences == sorted(set(sequences))
        assert {document.tree()["idShort"] for document in page.documents} <= {id_short}

    async def assert_equal(self) -> None:
        """Compare both servers with the store, and the store with its log."""
        stored = [document async for document in self.shared.documents(KIND)]
        for repository in self.servers:
            await repository.cache.follower.follow()
            found = await repository.submodels.find_all([*IDS, *PAIR])
            assert {each.id: each.stored for each in found.values()} == {
                each.id: each for each in stored
            }
            for id_short in (None, *NAMES):
                page = await repository.submodels.page(Filter(id_short=id_short), limit=10)
                assert [each.stored for each in page.documents] == [
                    each for each in stored if id_short in (None, self._name(each.body))
                ]
            assert repository.cache.follower.position == await self.shared.position()
            assert not repository._heads._states
            assert not repository.cache._under_way
            assert not repository.cache._changed_at
        await self._assert_logged()

    def _name(self, body: bytes) -> str | None:
        return next((name for name in NAMES if b'"idShort":"%s"' % name.encode() in body), None)

    async def _assert_logged(self) -> None:
        log = [change async for change in self.shared.changes(limit=100_000)]
        assert [change.sequence for change in log] == list(range(1, len(log) + 1))
        logged = [(change.id, change.operation) for change in log[len(PAIR) :]]
        for identifier in IDS:
            operations = [operation for each, operation in logged if each == identifier]
            done = [what for what, each in self.acknowledged if each == identifier]
            assert len(operations) == len(done)
            assert operations.count(Operation.DELETE) == done.count("delete")
            assert operations.count(Operation.CREATE) >= done.count("create")
        pairs = sum(what == "pair" for what, _ in self.acknowledged)
        assert len(logged) == len(self.acknowledged) + pairs
        for repository in self.servers:
            assert [await count(repository, each) for each in PAIR] == [pairs, pairs]


async def play(world: World, clients: list[list[Step]]) -> None:
    for repository in world.servers:
        await repository.cache.follower.open()
    await create(world.servers[0], *PAIR)

    async def client(script: list[Step]) -> None:
        for step in script:
            await world.do(step)

    await asyncio.gather(*map(client, clients))
    await world.assert_equal()
    for repository in world.servers:
        await repository.close()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    clients=st.lists(st.lists(steps, max_size=8), min_size=2, max_size=6),
    seed=st.integers(0, 2**16),
    cache_bytes=st.sampled_from([1, 3_000, 1_000_000]),
)
async def test_two_servers_end_equal_and_lose_nothing(
    clients: list[list[Step]], seed: int, cache_bytes: int
) -> None:
    await play(World(seed, cache_bytes), clients)

"""Three servers on one PostgreSQL database: each shows what the others do, and none undoes it."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

import httpx
import pytest

from tests.clients.documents import Node, global_reference, prop, shell, submodel
from tests.support.postgres import PostgresServer
from tests.support.processes import ManagedProcess, eventually
from tests.system.aas_process import encoded, encoded_reference
from tests.system.crash_subjects import descriptor
from tests.system.replicas import (
    COUNT,
    SEEN_SECONDS,
    Replicas,
    count_at,
    count_in,
    counter,
    put,
    references_of,
    seen_after,
    show_latencies,
    step_of,
    wait_for,
    wait_for_list,
    wait_for_values,
)
from tests.system.served_stores import PostgresDatabase, assert_sound

WRITES: Final = 30
BUSY_SECONDS: Final = 3.0
CONCURRENT: Final = 64
BUSY: Final = 16
PAUSE: Final = 0.02
"""Seconds between two writes while servers start, which have the same two cores."""
FROZEN_SECONDS: Final = 20.0
"""After this others write though a server stopped in the middle of a change; it takes some 5."""
THAWED_SECONDS: Final = 20.0


@pytest.fixture(scope="module")
def replicas(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replicas]:
    folder = tmp_path_factory.mktemp("replicas")
    database = postgres_server.create_database()
    try:
        replicas = Replicas(PostgresDatabase(postgres_server, database, folder))
        yield replicas
        replicas.close()
        assert_sound(replicas.store)
    finally:
        postgres_server.drop_database(database)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The beginning of ids that no other test has."""
    return f"urn:replicas:{request.node.name}"


async def test_a_write_is_soon_seen_on_every_other_replica(replicas: Replicas, name: str) -> None:
    await show_latencies(replicas, f"{name}:quiet", writes=WRITES, what="nobody else writes")
    async with replicas.clients() as clients:
        others = [
            asyncio.create_task(keep_writing(each, f"{name}:{number}"))
            for number, each in enumerate(clients)
        ]
        await show_latencies(replicas, f"{name}:busy", writes=WRITES, what="others write, too")
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def keep_writing(http: httpx.AsyncClient, identifier: str) -> None:
    for number in itertools.count():
        await put(http, counter(identifier, number))


async def test_what_is_changed_together_is_seen_together(replicas: Replicas, name: str) -> None:
    pair = [f"{name}:left", f"{name}:right"]
    over = asyncio.Event()
    async with (
        replicas.clients(0) as (writer,),
        replicas.clients() as some,
        replicas.clients() as others,
        asyncio.TaskGroup() as tasks,
    ):
        for http in some:
            tasks.create_task(look_at_each(http, pair, over))
        for http in others:
            tasks.create_task(look_at_the_list(http, pair, over))
        steps = await change_together(writer, pair)
        over.set()
    assert steps > 10


async def change_together(http: httpx.AsyncClient, pair: list[str]) -> int:
    """Change two descriptors in each of many bulk operations; return how many those were."""
    end = time.monotonic() + BUSY_SECONDS
    for step in itertools.count(1):
        both = [descriptor(each, step) for each in pair]
        accepted = await http.put("/bulk/submodel-descriptors", json=both)
        status = accepted.url.join(accepted.headers["location"])
        while (answer := await http.get(status)).status_code == 200:
            await asyncio.sleep(0.002)
        assert (await http.get(answer.url.join(answer.headers["location"]))).status_code == 204
        if time.monotonic() > end:
            return step
    raise AssertionError("unreachable")


async def look_at_each(http: httpx.AsyncClient, pair: list[str], over: asyncio.Event) -> None:
    """Read one after the other, in any order: no step is ever seen after a later one."""
    chance = random.Random(str(http.base_url))
    last = 0
    while not over.is_set():
        identifier = chance.choice(pair)
        response = await http.get(f"/submodel-descriptors/{encoded(identifier)}")
        assert response.status_code in (200, 404), response.text
        step = step_of(response.json()) if response.status_code == 200 else 0
        assert step >= last, f"{identifier} at {step}, after one of both was at {last}"
        last = step


async def look_at_the_list(http: httpx.AsyncClient, pair: list[str], over: asyncio.Event) -> None:
    """Read both in one answer: they are always at the same step."""
    while not over.is_set():
        response = await http.get("/submodel-descriptors?limit=1000")
        assert response.status_code == 200, response.text
        steps = [step_of(each) for each in response.json()["result"] if each["id"] in pair]
        assert len(steps) in (0, 2), f"one without the other: {response.text}"
        assert len(set(steps)) <= 1, f"half of a change: {steps}"
        await asyncio.sleep(0.001)


async def test_a_submodel_and_the_reference_to_it_are_seen_together(
    replicas: Replicas, name: str
) -> None:
    holder = f"{name}:shell"
    over = asyncio.Event()
    async with (
        replicas.clients(0) as (writer,),
        replicas.clients(1, 2) as some,
        replicas.clients(1, 2) as others,
    ):
        assert (await writer.post("/shells", json=shell(holder))).status_code == 201
        for http in others:
            await wait_for(http, f"/shells/{encoded(holder)}")
        async with asyncio.TaskGroup() as tasks:
            for http in some:
                tasks.create_task(follow_references(http, holder, over))
            for http in others:
                tasks.create_task(look_for_submodels(http, holder, over))
            end = time.monotonic() + BUSY_SECONDS
            for number in itertools.count():
                part = encoded(f"{holder}:{number}")
                url = f"/shells/{encoded(holder)}/submodels/{part}"
                response = await writer.put(url, json=counter(f"{holder}:{number}", number))
                assert response.status_code == 201, response.text
                await asyncio.sleep(0.01)
                if time.monotonic() > end:
                    break
            over.set()


async def follow_references(http: httpx.AsyncClient, holder: str, over: asyncio.Event) -> None:
    """See the reference first: the submodel must be there."""
    while not over.is_set():
        for reference in (await references_of(http, holder))[-1:]:
            response = await http.get(f"/submodels/{encoded(reference)}")
            assert response.status_code == 200, f"a reference that leads nowhere: {response.text}"


async def look_for_submodels(http: httpx.AsyncClient, holder: str, over: asyncio.Event) -> None:
    """See the submodel first: the reference must be there."""
    number = 0
    while not over.is_set():
        identifier = f"{holder}:{number}"
        response = await http.get(f"/submodels/{encoded(identifier)}")
        if response.status_code == 200:
            found = await references_of(http, holder)
            assert identifier in found, "a submodel without the reference to it"
            number += 1


async def test_no_update_is_lost_whoever_writes_where(replicas: Replicas, name: str) -> None:
    """Some count with If-Match; others write notes into the same documents without asking."""
    documents = [f"{name}:{number}" for number in range(2)]
    writers = 2
    counted: Counter[str] = Counter()
    noted: dict[tuple[str, str], int] = {}
    answers: Counter[int] = Counter()
    async with AsyncExitStack() as stack:
        clients = [
            each
            for _ in range(2 * writers)
            for each in await stack.enter_async_context(replicas.clients())
        ]
        notes = {f"Note{number}": "0" for number in range(len(clients) // 2)}
        for identifier in documents:
            await put(clients[0], counter(identifier, 0, **notes))
        for http in clients:
            for identifier in documents:
                await wait_for(http, f"/submodels/{encoded(identifier)}")
        end = time.monotonic() + BUSY_SECONDS
        async with asyncio.TaskGroup() as tasks:
            for number, http in enumerate(clients):
                note = f"Note{number // 2}"
                if number % 2:
                    tasks.create_task(count_up(http, documents, end, counted, answers))
                else:
                    tasks.create_task(write_notes(http, documents, note, end, noted, answers))
        print(f"counted {sum(counted.values())}, answers {dict(answers)}")
        for identifier in documents:
            expected = {note: noted.get((identifier, note), 0) for note in notes}
            expected["Count"] = counted[identifier]
            for http in clients[:COUNT]:
                await wait_for_values(http, identifier, expected)
    assert counted.total() > 0
    assert noted
    assert set(answers) <= {204, 409, 412}
    assert_sound(replicas.store)


async def count_up(
    http: httpx.AsyncClient,
    documents: list[str],
    end: float,
    counted: Counter[str],
    answers: Counter[int],
) -> None:
    chance = random.Random(id(http))
    while time.monotonic() < end:
        identifier = chance.choice(documents)
        url = f"/submodels/{encoded(identifier)}"
        read = await http.get(url)
        document = read.json()
        document["submodelElements"][0]["value"] = str(count_in(document) + 1)
        response = await http.put(url, json=document, headers={"if-match": read.headers["etag"]})
        answers[response.status_code] += 1
        counted[identifier] += response.status_code == 204


async def write_notes(
    http: httpx.AsyncClient,
    documents: list[str],
    note: str,
    end: float,
    noted: dict[tuple[str, str], int],
    answers: Counter[int],
) -> None:
    for number in itertools.count(1):
        identifier = documents[number % len(documents)]
        url = f"/submodels/{encoded(identifier)}/submodel-elements/{note}/$value"
        response = await http.patch(url, json=str(number))
        answers[response.status_code] += 1
        if response.status_code == 204:
            noted[identifier, note] = number
        if time.monotonic() > end:
            return


async def test_a_replica_shows_its_clients_what_they_wrote(replicas: Replicas, name: str) -> None:
    async with replicas.clients() as clients, asyncio.TaskGroup() as tasks:
        for number, http in enumerate(clients):
            tasks.create_task(write_and_read(http, f"{name}:{number}"))


async def write_and_read(http: httpx.AsyncClient, identifier: str) -> None:
    url = f"/submodels/{encoded(identifier)}"
    for number in range(1, WRITES):
        await put(http, {**counter(identifier, number), "idShort": f"Own{number}"})
        assert await count_at(http, identifier) == number
        listed = (await http.get(f"/submodels?idShort=Own{number}&limit=1000")).json()["result"]
        assert identifier in [each["id"] for each in listed]
        patched = await http.patch(f"{url}/$value", json={"Count": str(-number)})
        assert patched.status_code == 204, patched.text
        read = await http.get(f"{url}/submodel-elements/Count/$value")
        assert read.json() == str(-number)
        if number % 5 == 0:
            assert (await http.delete(url)).status_code == 204
            assert (await http.get(url)).status_code == 404


async def test_lists_of_all_replicas_follow(replicas: Replicas, name: str) -> None:
    meaning = f"{name}:meaning"
    reference = encoded_reference(meaning)
    lists = {
        "semanticId": f"/submodels?limit=1000&semanticId={reference}",
        "idShort": "/submodels?limit=1000&idShort=Listed",
        "recent": f"/submodels/$recent-changes?limit=1000&semanticId={reference}",
    }
    async with replicas.clients() as clients:
        present: set[str] = set()
        for number in range(12):
            writer = clients[number % COUNT]
            identifier = f"{name}:{number}"
            if number % 4 == 3:
                gone = sorted(present)[0]
                present.remove(gone)
                deleted = await writer.delete(f"/submodels/{encoded(gone)}")
                assert deleted.status_code == 204, deleted.text
            else:
                present.add(identifier)
                document = submodel(identifier, prop("Count", "0"), id_short="Listed")
                await put(writer, {**document, "semanticId": global_reference(meaning)})
            for http in clients:
                for path in lists.values():
                    await wait_for_list(http, path, present)
        # What is found by something else now is found no more by what it had before.
        document = submodel(sorted(present)[0], prop("Count", "0"), id_short="Other")
        await put(clients[0], document)
        for http in clients:
            for path in lists.values():
                await wait_for_list(http, path, present - {document["id"]})


async def test_what_a_list_is_filtered_by_is_what_it_shows(replicas: Replicas, name: str) -> None:
    shorts = ("Odd", "Even")
    over = asyncio.Event()
    async with (
        replicas.clients(0) as (writer,),
        replicas.clients() as readers,
        asyncio.TaskGroup() as tasks,
    ):
        for http in readers:
            tasks.create_task(look_for_shorts(http, name, shorts, over))
        end = time.monotonic() + BUSY_SECONDS / 2
        for number in itertools.count():
            document = {**counter(name, number), "idShort": shorts[number % 2]}
            await put(writer, document)
            await asyncio.sleep(0.02)
            if time.monotonic() > end:
                break
        over.set()


async def look_for_shorts(
    http: httpx.AsyncClient, identifier: str, shorts: tuple[str, ...], over: asyncio.Event
) -> None:
    while not over.is_set():
        for short in shorts:
            response = await http.get(f"/submodels?limit=1000&idShort={short}")
            assert response.status_code == 200, response.text
            for found in response.json()["result"]:
                assert found["idShort"] == short, f"{identifier} is listed for {short}: {found}"
            # It is listed for one of both by now, and shows that it is so by itself, too.
            await http.get(f"/submodels/{encoded(identifier)}")


async def test_replicas_come_and_go_while_others_write(replicas: Replicas, name: str) -> None:
    identifiers = [f"{name}:{number}" for number in range(COUNT)]
    confirmed = dict.fromkeys(identifiers, -1)
    over = asyncio.Event()
    async with replicas.clients() as clients, asyncio.TaskGroup() as tasks:
        for http, identifier in zip(clients, identifiers, strict=True):
            tasks.create_task(write_until(http, identifier, confirmed, over))
        await asyncio.sleep(0.5)
        replicas.kill(1)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(replicas.stop, 2)
        before = confirmed[identifiers[0]]
        await asyncio.gather(*(asyncio.to_thread(replicas.replace, index) for index in (1, 2)))
        assert confirmed[identifiers[0]] > before
        over.set()
    assert min(confirmed.values()) > 0
    async with replicas.clients() as clients:
        for http in clients:
            for identifier, count in confirmed.items():
                await seen_after(http, identifier, count)
    await show_latencies(replicas, f"{name}:after", writes=COUNT, what="two replicas are new")
    assert_sound(replicas.store)


async def write_until(
    http: httpx.AsyncClient, identifier: str, confirmed: dict[str, int], over: asyncio.Event
) -> None:
    """Write until the end, which for some is that of their server."""
    for number in itertools.count():
        try:
            await put(http, counter(identifier, number))
        except httpx.TransportError:
            return
        confirmed[identifier] = number
        if over.is_set():
            return
        await asyncio.sleep(PAUSE)


async def test_a_replica_that_freezes_in_the_middle_of_a_change_holds_nobody_up_for_long(
    replicas: Replicas, name: str
) -> None:
    frozen = replicas.servers[2].process
    confirmed: dict[str, int] = {}
    over = asyncio.Event()
    async with AsyncExitStack() as stack:
        busy = [
            each
            for _ in range(BUSY)
            for each in await stack.enter_async_context(replicas.clients(2))
        ]
        (other,) = await stack.enter_async_context(replicas.clients(0))
        async with asyncio.TaskGroup() as tasks:
            for number, http in enumerate(busy):
                tasks.create_task(keep_trying(http, f"{name}:{number}", confirmed, over))
            await freeze_in_a_transaction(replicas, frozen)
            try:
                begun = time.monotonic()
                await try_to_put(other, counter(f"{name}:other", 1))
                print(f"a frozen replica: others write after {time.monotonic() - begun:.1f} s")
            finally:
                frozen.thaw()
            before = dict(confirmed)
            end = time.monotonic() + THAWED_SECONDS
            while confirmed == before:
                assert time.monotonic() < end, "the thawed replica confirms nothing"
                await asyncio.sleep(0.05)
            over.set()
        for identifier, count in confirmed.items():
            await seen_after(other, identifier, count)
    assert_sound(replicas.store)


async def freeze_in_a_transaction(replicas: Replicas, process: ManagedProcess) -> None:
    """Freeze a server such that the database waits for the rest of a transaction of it."""
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE relation = 'log'::regclass AND mode = 'RowExclusiveLock' AND granted "
        "AND state = 'idle in transaction'"
    )
    for _ in range(100):
        await asyncio.sleep(0.02)
        process.freeze()
        await asyncio.sleep(0.1)
        if replicas.store.server.execute(query, database=replicas.store.database) != "0":
            return
        process.thaw()
    raise AssertionError("the server was never in the middle of a transaction")


async def keep_trying(
    http: httpx.AsyncClient, identifier: str, confirmed: dict[str, int], over: asyncio.Event
) -> None:
    """Write also when the store is away, and note what was confirmed."""
    for number in itertools.count():
        response = await http.put(
            f"/submodels/{encoded(identifier)}", json=counter(identifier, number)
        )
        assert response.status_code in (201, 204, 503), response.text
        if response.is_success:
            confirmed[identifier] = number
        if over.is_set():
            return


async def try_to_put(http: httpx.AsyncClient, document: Node) -> None:
    """Write, again if need be, until it is confirmed."""
    end = time.monotonic() + FROZEN_SECONDS
    while True:
        response = await http.put(f"/submodels/{encoded(document['id'])}", json=document)
        if response.is_success:
            return
        assert response.status_code == 503, response.text
        assert time.monotonic() < end, "a frozen replica holds the others up"


async def test_changes_are_seen_when_the_database_turns_all_connections_out(
    replicas: Replicas, name: str
) -> None:
    store = replicas.store
    await show_latencies(replicas, name, writes=COUNT, what="before")

    store.server.terminate_backends(store.database)

    await show_latencies(replicas, f"{name}:out", writes=WRITES // 3, what="turned out")
    eventually(
        lambda: listeners(store) == COUNT, within=5, what="every replica hears the others again"
    )
    await show_latencies(replicas, f"{name}:in", writes=WRITES // 3, what="back")


def listeners(store: PostgresDatabase) -> int:
    """Return how many connections to the database did nothing else yet than to listen."""
    query = (
        f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{store.database}' "
        "AND query LIKE 'LISTEN%'"
    )
    return int(store.server.execute(query))


async def test_of_many_who_create_one_id_one_succeeds(replicas: Replicas, name: str) -> None:
    async with AsyncExitStack() as stack:
        clients = await many_clients(replicas, stack)
        for attempt in range(3):
            identifier = f"{name}:{attempt}"
            answers = await asyncio.gather(
                *(
                    http.post("/submodels", json=counter(identifier, number))
                    for number, http in enumerate(clients)
                )
            )
            statuses = Counter(each.status_code for each in answers)
            assert statuses == {201: 1, 409: CONCURRENT - 1}
            winner = next(number for number, each in enumerate(answers) if each.status_code == 201)
            for http in clients[:COUNT]:
                await wait_for(http, f"/submodels/{encoded(identifier)}")
                assert await count_at(http, identifier) == winner


async def test_of_many_who_put_one_document_each_is_told_what_came_of_it(
    replicas: Replicas, name: str
) -> None:
    async with AsyncExitStack() as stack:
        clients = await many_clients(replicas, stack)
        answers = await asyncio.gather(
            *(
                http.put(f"/submodels/{encoded(name)}", json=counter(name, number))
                for number, http in enumerate(clients)
            )
        )
        statuses = Counter(each.status_code for each in answers)
        assert statuses[201] == 1
        assert set(statuses) <= {201, 204, 409, 412}, statuses
        written = {number for number, each in enumerate(answers) if each.status_code in (201, 204)}
        await asyncio.sleep(SEEN_SECONDS)
        shown = {await count_at(http, name) for http in clients[:COUNT]}
        assert len(shown) == 1
        assert shown <= written
    entries = [each for each in replicas.store.entries() if each.id == name]
    assert len(entries) == len(written)


async def many_clients(replicas: Replicas, stack: AsyncExitStack) -> list[httpx.AsyncClient]:
    """Return clients of all replicas in turn, so many that they get into each other's way."""
    clients: list[httpx.AsyncClient] = []
    while len(clients) < CONCURRENT:
        clients += await stack.enter_async_context(replicas.clients())
    return clients[:CONCURRENT]

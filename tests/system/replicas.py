"""Three servers on one PostgreSQL database, and how what they show is asked for."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import httpx

from tests.clients.documents import Node, prop, submodel
from tests.system.aas_process import AasServer, encoded
from tests.system.crash_writers import client
from tests.system.served_stores import PostgresDatabase

COUNT: Final = 3
SEEN_SECONDS: Final = 2.0
"""After this every replica shows what another one confirmed; measured are some milliseconds."""


class Replicas:
    """Servers on one database, and clients of theirs."""

    def __init__(self, store: PostgresDatabase) -> None:
        self.store = store
        self._numbers = itertools.count()
        with ThreadPoolExecutor(COUNT) as threads:
            # They start together, and the first one to come makes the tables.
            self.servers = list(threads.map(lambda _: self._start(), range(COUNT)))

    def _start(self) -> AasServer:
        return self.store.start(f"server{next(self._numbers)}")

    @asynccontextmanager
    async def clients(self, *indices: int) -> AsyncIterator[list[httpx.AsyncClient]]:
        """Yield a client of each replica, or of those with ``indices``."""
        async with AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(client(self.servers[index].client.address))
                for index in (indices or range(COUNT))
            ]

    def kill(self, index: int) -> None:
        self.servers[index].client.close()
        self.servers[index].process.kill()

    def stop(self, index: int) -> None:
        self.servers[index].client.close()
        assert self.servers[index].process.terminate() == 0

    def replace(self, index: int) -> None:
        """Start a server in the place of one that has ended."""
        self.servers[index] = self._start()

    def close(self) -> None:
        for server in self.servers:
            server.client.close()
            server.process.close()
            assert "Traceback" not in server.process.log(), server.process.log()


def counter(identifier: str, count: int, **notes: str) -> Node:
    """Return a submodel with a count and some notes."""
    return submodel(identifier, prop("Count", str(count)), *(prop(*each) for each in notes.items()))


def count_in(document: Node) -> int:
    return int(document["submodelElements"][0]["value"])


async def put(http: httpx.AsyncClient, document: Node) -> httpx.Response:
    response = await http.put(f"/submodels/{encoded(document['id'])}", json=document)
    assert response.status_code in (201, 204), response.text
    return response


async def count_at(http: httpx.AsyncClient, identifier: str) -> int:
    """Return the count that a replica shows, -1 when it shows no such submodel."""
    response = await http.get(f"/submodels/{encoded(identifier)}")
    assert response.status_code in (200, 404), response.text
    return count_in(response.json()) if response.status_code == 200 else -1


async def seen_after(http: httpx.AsyncClient, identifier: str, count: int) -> float:
    """Return after how many seconds from now a replica shows at least this count."""
    begun = time.monotonic()
    while await count_at(http, identifier) < count:
        assert time.monotonic() < begun + SEEN_SECONDS, f"{identifier} is not at {count}"
        await asyncio.sleep(0.001)
    return time.monotonic() - begun


async def show_latencies(replicas: Replicas, name: str, *, writes: int, what: str) -> list[float]:
    """Write on each replica in turn, and return how long it takes until the others show it."""
    found: list[float] = []
    async with replicas.clients() as clients:
        for number in range(writes):
            writer = clients[number % COUNT]
            others = [each for each in clients if each is not writer]
            await put(writer, counter(name, number))
            found += await asyncio.gather(*(seen_after(each, name, number) for each in others))
    found.sort()
    worst = found[int(len(found) * 0.99)]
    print(
        f"{what}: seen after {statistics.median(found) * 1e3:.1f} ms (median), "
        f"{worst * 1e3:.1f} ms (99 %), {found[-1] * 1e3:.1f} ms at most, of {len(found)}"
    )
    return found


def step_of(found: Node) -> int:
    return int(found["idShort"].removeprefix("Step"))


async def wait_for(http: httpx.AsyncClient, path: str, *, status: int = 200) -> httpx.Response:
    """Return the first answer with ``status``, which has to come soon."""
    end = time.monotonic() + SEEN_SECONDS
    while (response := await http.get(path)).status_code != status:
        assert time.monotonic() < end, f"{path}: {response.status_code} {response.text}"
        await asyncio.sleep(0.001)
    return response


async def references_of(http: httpx.AsyncClient, holder: str) -> list[str]:
    response = await http.get(f"/shells/{encoded(holder)}")
    assert response.status_code == 200, response.text
    return [each["keys"][0]["value"] for each in response.json().get("submodels", [])]


async def wait_for_values(http: httpx.AsyncClient, identifier: str, expected: Node) -> None:
    end = time.monotonic() + SEEN_SECONDS
    while True:
        response = await http.get(f"/submodels/{encoded(identifier)}/$value")
        found = {key: int(value) for key, value in response.json().items()}
        if found == expected:
            return
        assert time.monotonic() < end, f"{found} instead of {expected}"
        await asyncio.sleep(0.001)


async def wait_for_list(http: httpx.AsyncClient, path: str, expected: set[str]) -> None:
    end = time.monotonic() + SEEN_SECONDS
    while True:
        response = await http.get(path)
        assert response.status_code == 200, response.text
        found = [each["id"] for each in response.json()["result"]]
        if set(found) == expected and len(found) == len(expected):
            return
        assert time.monotonic() < end, f"{path}: {found} instead of {sorted(expected)}"
        await asyncio.sleep(0.001)

"""Connections that break at the commit: the store finds out what became of it, or says that nobody
knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aas_server.errors import StoreUnavailable
from aas_server.store import postgres
from aas_server.store.postgres import PostgresStore
from aas_server.store.protocol import Write
from tests.store.writes import all_documents, changed, new_document
from tests.support.clock import FakeClock
from tests.support.postgres import PostgresServer
from tests.support.postgres_proxy import Break, PostgresProxy


@pytest.fixture
async def proxy(postgres_server: PostgresServer) -> AsyncIterator[PostgresProxy]:
    async with PostgresProxy(postgres_server.port).running() as proxy:
        yield proxy


@pytest.fixture
async def store(
    postgres_url: str, postgres_server: PostgresServer, proxy: PostgresProxy, clock: FakeClock
) -> AsyncIterator[PostgresStore]:
    """A store that reaches its database through the proxy."""
    url = postgres_url.replace(f":{postgres_server.port}/", f":{proxy.port}/")
    store = PostgresStore(url, clock)
    await store.open()
    yield store
    await store.close()


async def test_a_commit_that_was_done_is_confirmed_though_its_answer_was_lost(
    store: PostgresStore, proxy: PostgresProxy
) -> None:
    document = new_document(store)
    proxy.next = Break.AFTER
    ends: list[int | None] = []
    await store.commit([Write(None, document)], actor="test", settled=ends.append)
    assert proxy.broken.is_set()
    assert ends == [1]
    assert await all_documents(store) == [document]


async def test_a_commit_that_never_arrived_fails_and_leaves_nothing(
    store: PostgresStore, proxy: PostgresProxy
) -> None:
    document = new_document(store)
    proxy.next = Break.BEFORE
    ends: list[int | None] = []
    with pytest.raises(StoreUnavailable, match="cannot be used now"):
        await store.commit([Write(None, document)], actor="test", settled=ends.append)
    assert ends == [None]
    assert await all_documents(store) == []
    await store.commit([Write(None, document)], actor="test")
    assert await store.position() == 1


async def test_a_commit_that_is_still_under_way_is_waited_for(
    store: PostgresStore, proxy: PostgresProxy
) -> None:
    document = new_document(store)
    proxy.next = Break.LATE
    committing = asyncio.create_task(store.commit([Write(None, document)], actor="test"))
    await proxy.broken.wait()
    await asyncio.sleep(0.3)
    assert not committing.done()
    proxy.let.set()
    await committing
    assert await all_documents(store) == [document]


async def test_when_the_database_stays_away_nobody_knows_and_it_is_said(
    store: PostgresStore, proxy: PostgresProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_QUESTIONS", (0.0, 0.1))
    document = new_document(store)
    proxy.next = Break.AFTER
    proxy.is_away = True
    with pytest.raises(StoreUnavailable, match="whether it is stored"):
        await store.commit([Write(None, document)], actor="test")
    proxy.is_away = False
    assert await all_documents(store) == [document]
    await store.commit([Write(document, changed(document, b"2"))], actor="test")
    assert await store.position() == 2


async def test_of_units_that_are_written_together_all_are_confirmed_or_none(
    store: PostgresStore, proxy: PostgresProxy
) -> None:
    documents = [new_document(store, f"urn:{number}") for number in range(5)]
    for how in (Break.BEFORE, Break.AFTER):
        proxy.next = how
        ends = await asyncio.gather(
            *(store.commit([Write(None, each)], actor="test") for each in documents),
            return_exceptions=True,
        )
        failed = [isinstance(each, StoreUnavailable) for each in ends]
        assert failed == [how is Break.BEFORE] * len(documents)
    assert await all_documents(store) == documents

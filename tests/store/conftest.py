"""Stores to test, and documents to put into them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from aas_server.store.postgres import PostgresStore
from aas_server.store.protocol import Store
from aas_server.store.sqlite import SqliteStore
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

SQL_STORES: Final = ("sqlite", "postgres")
"""The stores over SQL; each has a fixture of the name ``<name>_store``."""

HISTORY_VERSIONS: Final = 10
HISTORY_DAYS: Final = 30


@pytest.fixture
async def sqlite_store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(
        tmp_path / "data", clock, history_versions=HISTORY_VERSIONS, history_days=HISTORY_DAYS
    )
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def postgres_store(postgres_url: str, clock: FakeClock) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(
        postgres_url, clock, history_versions=HISTORY_VERSIONS, history_days=HISTORY_DAYS
    )
    await store.open()
    yield store
    await store.close()


@pytest.fixture(params=[*SQL_STORES, "memory"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> Any:
    """Every store in turn: what they promise is the same."""
    if request.param == "memory":
        return MemoryStore(clock)
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture(params=SQL_STORES)
def sql_store(request: pytest.FixtureRequest) -> Any:
    """Every store over SQL in turn: what grows in them is bounded, too."""
    return request.getfixturevalue(f"{request.param}_store")

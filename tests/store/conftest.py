"""Stores to test, and documents to put into them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.store.protocol import Store
from aas_server.store.sqlite import SqliteStore
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore


@pytest.fixture
async def sqlite_store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "data", clock, history_versions=10)
    await store.open()
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> Any:
    """Every store in turn: what they promise is the same."""
    if request.param == "memory":
        return MemoryStore(clock)
    found: Store = request.getfixturevalue("sqlite_store")
    return found

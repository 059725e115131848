"""Two servers on one store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aas_server.repository import log_follower
from aas_server.repository.repository import Repository
from tests.repository.stores import GatedStore
from tests.repository.submodels import opened
from tests.support.clock import FakeClock


@pytest.fixture
def store(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> GatedStore:
    """A store that several servers use; each hears of others only when a test wants it to."""
    monkeypatch.setattr(log_follower, "POLL", 3_600)
    store = GatedStore(clock)
    store.is_shared = True
    return store


@pytest.fixture
async def here(store: GatedStore, clock: FakeClock) -> AsyncIterator[Repository]:
    repository = await opened(store, clock)
    yield repository
    await repository.close()


@pytest.fixture
async def there(store: GatedStore, clock: FakeClock) -> AsyncIterator[Repository]:
    repository = await opened(store, clock)
    yield repository
    await repository.close()

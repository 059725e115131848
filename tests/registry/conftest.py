"""Both registries and discovery over an empty repository."""

from __future__ import annotations

import pytest

from aas_server.live.hub import LiveHub
from aas_server.registry.discovery import Discovery
from aas_server.registry.registry import Registry
from aas_server.repository.repository import Repository
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore


@pytest.fixture
def store(clock: FakeClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def repository(store: MemoryStore, hub: LiveHub, clock: FakeClock) -> Repository:
    return Repository(store, hub, clock)


@pytest.fixture
def registry(repository: Repository) -> Registry:
    return Registry(repository)


@pytest.fixture
def discovery(repository: Repository) -> Discovery:
    return Discovery(repository)

"""Fixtures for all tests; the real servers have theirs in tests/system."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psutil
import pytest
import structlog

from aas_server.live.hub import LiveHub
from aas_server.logs import NOISY_LIBRARIES
from aas_server.repository.repository import Repository
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore
from tests.support.postgres import (
    PostgresMissing,
    PostgresPrograms,
    PostgresServer,
    find_programs,
    running_postgres,
)
from tests.support.processes import eventually
from tests.support.side_by_side import longest_first

# How long one example takes says nothing where several processes share the processors.
hypothesis.settings.register_profile("side by side", deadline=None)
hypothesis.settings.load_profile("side by side")

PROJECT = Path(__file__).resolve().parent.parent
GARBAGE_ROUNDS = 5
"""What holds garbage may be garbage itself."""


@pytest.hookimpl(trylast=True)  # when all marks are there and the order is the random one
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)


@pytest.fixture(scope="session", autouse=True)
def _garbage_holds_nothing_open() -> Iterator[None]:
    """What only the collector would close fails the last test, if none before.

    pytest looks at its very end, too, but in one of several processes nobody hears of that.
    """
    yield
    for _ in range(GARBAGE_ROUNDS):
        gc.collect()


@pytest.fixture(scope="session", autouse=True)
def _no_process_is_left(_garbage_holds_nothing_open: None) -> Iterator[None]:
    yield
    left = psutil.Process().children(recursive=True)
    assert [child for child in left if child.status() != psutil.STATUS_ZOMBIE] == []


@pytest.fixture(autouse=True)
def _logging_is_put_back() -> Iterator[None]:
    """Commands that run within a test configure the log of the whole process."""
    config, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in NOISY_LIBRARIES}
    yield
    structlog.configure(**config)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture(scope="session")
def project_dir() -> Path:
    """The checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Published specifications and templates, beside the checkout; always there in CI."""
    shared = PROJECT.parent / "shared"
    if not (shared / "spec").is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("CI runs with the published specifications beside the checkout")
        pytest.skip("the published specifications (../shared) are not here")
    return shared


@pytest.fixture(scope="session")
def postgres_programs() -> PostgresPrograms:
    """PostgreSQL's programs; always there in CI."""
    try:
        return find_programs()
    except PostgresMissing as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI runs with PostgreSQL: {reason}")
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgres_server(
    _no_process_is_left: None, postgres_programs: PostgresPrograms
) -> Iterator[PostgresServer]:
    """One server for all tests that leave it running; who kills one starts one of their own."""
    with running_postgres(postgres_programs) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database; the test closes all its connections to it."""
    database = postgres_server.create_database()
    yield postgres_server.url(database)
    try:
        eventually(
            lambda: not postgres_server.backends(database),
            within=5,
            what="the test has closed its connections to PostgreSQL",
        )
    finally:
        postgres_server.drop_database(database)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def hub(clock: FakeClock) -> LiveHub:
    return LiveHub(clock)


@pytest.fixture
def repository(clock: FakeClock, hub: LiveHub) -> Repository:
    return Repository(MemoryStore(clock), hub, clock)

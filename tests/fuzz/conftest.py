"""A server with small limits, and what it may be asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.documents import SHELL, SUBMODEL
from tests.fuzz.world import Operation, operations
from tests.system.aas_process import AasServer, serve_arguments

MAX_BODY: int = 256 * 1024
"""Largest JSON body of the server below; small, so that one byte over it is quickly sent."""
MAX_UPLOAD: int = 1024 * 1024


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AasServer]:
    """A server with one shell and one submodel of its own, and nothing in it yet."""
    folder = tmp_path_factory.mktemp("fuzz")
    settings = {
        "AAS_MAX_BODY_BYTES": str(MAX_BODY),
        "AAS_MAX_UPLOAD_BYTES": str(MAX_UPLOAD),
        "AAS_SHELL": SHELL,
        "AAS_SUBMODEL": SUBMODEL,
        "AAS_IDLE_TIMEOUT": "5",
        "AAS_OPERATION_TIMEOUT": "2",
        "AAS_OPERATION_RESULTS": "5",
        "AAS_HISTORY_VERSIONS": "3",
        "AAS_LOG_LEVEL": "ERROR",
    }
    with AasServer(
        *serve_arguments(data=folder / "data"), folder=folder, environment=settings
    ) as server:
        yield server


@pytest.fixture(scope="module")
def hasty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AasServer]:
    """A server that nobody may keep waiting for more than a second."""
    folder = tmp_path_factory.mktemp("hasty")
    with AasServer(
        *serve_arguments(data=folder / "data"),
        folder=folder,
        environment={"AAS_IDLE_TIMEOUT": "1", "AAS_LOG_LEVEL": "ERROR"},
    ) as server:
        yield server


def port_of(server: AasServer) -> int:
    return int(server.client.address.rpartition(":")[2])


@pytest.fixture(scope="module")
def port(server: AasServer) -> int:
    return port_of(server)


@pytest.fixture(scope="session")
def published(shared_dir: Path) -> list[Operation]:
    """The published operations."""
    return operations(shared_dir)

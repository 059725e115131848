"""An empty server for each client, and one with the conformance data for what only reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.aas_process import AasServer, serve_arguments


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.system)


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[AasServer]:
    """A server without a document."""
    with AasServer(*serve_arguments(data=tmp_path / "data"), folder=tmp_path / "server") as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AasServer]:
    """A server for the tests of one module, without a document to begin with."""
    folder = tmp_path_factory.mktemp("clients")
    with AasServer(*serve_arguments(data=folder / "data"), folder=folder / "server") as server:
        yield server

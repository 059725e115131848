"""The results of the tool, one run a suite for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.servers import conformance_server
from tests.conformance.suites import SuiteResult, run_suites
from tests.system.aas_process import AasServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("conformance")


@pytest.fixture(scope="package")
def server(shared_dir: Path, folder: Path) -> Iterator[AasServer]:
    """A server with the conformance data, fast lane on as it is by default."""
    with conformance_server(shared_dir, folder / "server") as server:
        yield server


@pytest.fixture(scope="package")
def results(server: AasServer, folder: Path) -> dict[str, SuiteResult]:
    """What the tool says, by the names of the suites."""
    return {result.suite.name: result for result in run_suites(server.client.address, folder)}

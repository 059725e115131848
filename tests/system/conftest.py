"""Fixtures of the system tests: a machine of another stack and a server that shows it live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.aas_process import AasClient, AasServer, serve_arguments
from tests.system.strangers_machine import StrangersMachine
from tests.system.strangers_model import (
    OPERATIONAL_DATA,
    bindings,
    connection,
    write_environment,
    write_plant,
)

FIRST_VALUES_SECONDS = 20.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for everything that the tests of one module start."""
    return tmp_path_factory.mktemp("system")


@pytest.fixture(scope="module")
def machine(folder: Path) -> Iterator[StrangersMachine]:
    """The stranger's machine, for the tests of one module; takes few items at a time."""
    with StrangersMachine(folder / "machine", "--max-items-per-call", "5") as machine:
        yield machine


@pytest.fixture(scope="module")
def server(folder: Path, machine: StrangersMachine) -> Iterator[AasServer]:
    """A server that shows the stranger's machine."""
    arguments = serve_arguments(
        data=folder / "data",
        load=[write_environment(folder / "station.json")],
        plant=write_plant(folder / "plant.yaml", {"stranger": connection(machine)}, bindings()),
    )
    with AasServer(*arguments, folder=folder / "server", environment=machine.environment) as server:
        server.client.read_when(
            OPERATIONAL_DATA,
            "Signals.DriveSpeed.Value",
            lambda reading: reading.is_good,
            within=FIRST_VALUES_SECONDS,
        )
        yield server


@pytest.fixture(scope="module")
def client(server: AasServer) -> AasClient:
    """A client of that server."""
    return server.client

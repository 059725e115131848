"""Stopping and starting again: quickly, cleanly, with nothing lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.system.aas_process import AasServer, serve_arguments
from tests.system.strangers_machine import StrangersMachine
from tests.system.strangers_model import (
    OPERATIONAL_DATA,
    SHELL,
    bindings,
    connection,
    write_environment,
    write_plant,
)

STOP_SECONDS = 5.0

Start = Callable[[], AasServer]


@pytest.fixture
def start(tmp_path: Path, machine: StrangersMachine) -> Iterator[Start]:
    """Starts a server on one data folder, as often as it is called."""
    arguments = serve_arguments(
        data=tmp_path / "data",
        load=[write_environment(tmp_path / "station.json")],
        plant=write_plant(tmp_path / "plant.yaml", {"stranger": connection(machine)}, bindings()),
    )
    started: list[AasServer] = []

    def start() -> AasServer:
        folder = tmp_path / f"server{len(started)}"
        server = AasServer(*arguments, folder=folder, environment=machine.environment)
        started.append(server)
        return server

    yield start
    machine.process.thaw()
    for server in started:
        server.client.close()
        server.process.close()


def wait_for_values(server: AasServer) -> None:
    server.client.read_when(
        OPERATIONAL_DATA, "Setpoints.Pressure", lambda reading: reading.is_good, within=20
    )


def test_sigterm_ends_the_server_cleanly(start: Start) -> None:
    server = start()
    wait_for_values(server)

    assert server.process.terminate(within=STOP_SECONDS) == 0
    assert "Traceback" not in server.process.log()


def test_sigterm_ends_the_server_cleanly_beside_a_frozen_machine(
    start: Start, machine: StrangersMachine
) -> None:
    server = start()
    wait_for_values(server)
    machine.process.freeze()

    assert server.process.terminate(within=STOP_SECONDS) == 0
    assert "Traceback" not in server.process.log()


def test_sigterm_during_the_first_connection_ends_the_server_cleanly(
    start: Start, machine: StrangersMachine
) -> None:
    machine.process.freeze()
    server = start()

    assert server.process.terminate(within=STOP_SECONDS) == 0
    assert "Traceback" not in server.process.log()


def test_documents_and_stored_values_outlive_a_restart(start: Start, tmp_path: Path) -> None:
    first = start()
    response = first.client.write(OPERATIONAL_DATA, "Remark", "overhauled")
    assert response.status_code == 204, response.text
    first.process.terminate(within=STOP_SECONDS)
    # The file to load still says otherwise: it fills in what is missing, and replaces nothing.
    second = start()

    assert second.client.read(OPERATIONAL_DATA, "Remark").value == "overhauled"
    assert SHELL in [shell["id"] for shell in second.client.get("/shells")["result"]]
    wait_for_values(second)


def test_an_accepted_write_outlives_a_kill(start: Start) -> None:
    first = start()
    assert first.client.write(OPERATIONAL_DATA, "Remark", "kept").status_code == 204
    first.process.kill()

    assert start().client.read(OPERATIONAL_DATA, "Remark").value == "kept"


def test_live_values_and_the_generated_submodel_are_not_stored(
    start: Start, tmp_path: Path
) -> None:
    server = start()
    wait_for_values(server)
    server.process.terminate(within=STOP_SECONDS)

    stored = b"".join(_stored_bodies(tmp_path / "data"))

    assert b"as delivered" in stored
    assert b"ValueQualifier" not in stored
    assert b"AssetConnectionStatus" not in stored


def _stored_bodies(data: Path) -> Iterator[bytes]:
    for file in data.iterdir():
        if file.is_file() and file.read_bytes()[:15] == b"SQLite format 3":
            with closing(sqlite3.connect(file)) as database:
                for (body,) in database.execute("SELECT body FROM documents"):
                    yield body

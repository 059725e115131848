"""Last values outlive the server: uncertain and of their time until the machine speaks again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import eventually
from tests.system.aas_process import AasClient, AasServer, serve_arguments
from tests.system.strangers_machine import StrangersMachine
from tests.system.strangers_model import (
    OPERATIONAL_DATA,
    bindings,
    connection,
    write_environment,
    write_plant,
)

RATED = "Setpoints.RatedPower"
"""A value that the machine took once, when it started; the model has none."""
SIGNAL = "Signals.DriveSpeed"
CONNECTED_SECONDS = 20.0
CHECKPOINT_SECONDS = 10.0
OFTEN, AT_THE_END_ONLY = "0.3", "3600"

Start = Callable[[str], AasServer]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client sees of the rated power."""

    value: Any
    source: str
    received: str
    last_modified: str


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def start(tmp_path: Path, data: Path, machine: StrangersMachine) -> Iterator[Start]:
    """Starts a server on one data folder that keeps last values at a given interval."""
    arguments = serve_arguments(
        data=data,
        load=[write_environment(tmp_path / "station.json")],
        plant=write_plant(tmp_path / "plant.yaml", {"stranger": connection(machine)}, bindings()),
    )
    started: list[AasServer] = []

    def start(interval: str) -> AasServer:
        server = AasServer(
            *arguments,
            folder=tmp_path / f"server{len(started)}",
            environment={**machine.environment, "AAS_CHECKPOINT_INTERVAL": interval},
        )
        started.append(server)
        return server

    yield start
    for server in started:
        server.client.close()
        server.process.close()
    if machine.process.exit_code is not None:
        machine.start()


def seen(client: AasClient) -> Seen:
    reading = client.read(OPERATIONAL_DATA, RATED)
    qualifiers = client.qualifiers(OPERATIONAL_DATA, RATED)
    return Seen(
        reading.value,
        qualifiers["sourceTimestamp"],
        qualifiers["receivedTimestamp"],
        reading.headers["Last-Modified"],
    )


def seen_when_good(client: AasClient) -> Seen:
    """Wait until the machine's values are there and return what is seen of the rated power."""
    for path in (RATED, f"{SIGNAL}.Value"):
        client.read_when(
            OPERATIONAL_DATA, path, lambda reading: reading.is_good, within=CONNECTED_SECONDS
        )
    return seen(client)


def wait_until_kept(data: Path) -> None:
    """Wait until a checkpoint has both the rated power and the signal."""
    wanted = (RATED, f"{SIGNAL}.Value")

    def are_kept() -> bool:
        with closing(sqlite3.connect(data / "aas.sqlite")) as database:
            query = "SELECT path FROM last_values WHERE path IN (?, ?)"
            return len(database.execute(query, wanted).fetchall()) == len(wanted)

    eventually(are_kept, within=CHECKPOINT_SECONDS, what="the values are in a checkpoint")


def assert_last_known(client: AasClient, known: Seen) -> None:
    """Assert that ``known`` is shown as what it is, before and after the machine was missed."""
    reading = client.read(OPERATIONAL_DATA, RATED)
    assert reading.quality.startswith("uncertain;status=Uncertain"), reading
    assert reading.quality.endswith("LastUsableValue"), reading
    assert known.value == 75.0
    assert seen(client) == known

    client.connection_when("stranger", lambda report: report["State"] == "disconnected")

    reading = client.read(OPERATIONAL_DATA, RATED)
    assert reading.quality == "uncertain;status=UncertainNoCommunicationLastUsableValue"
    assert seen(client) == known
    assert client.read(OPERATIONAL_DATA, f"{SIGNAL}.Quality").value == "uncertain"
    assert 24.0 <= client.read(OPERATIONAL_DATA, f"{SIGNAL}.Value").value <= 25.0


def test_after_a_kill_the_last_values_are_uncertain_until_the_machine_is_back(
    start: Start, machine: StrangersMachine, data: Path
) -> None:
    first = start(OFTEN)
    known = seen_when_good(first.client)
    wait_until_kept(data)

    first.process.kill()
    machine.process.kill()
    client = start(OFTEN).client

    assert_last_known(client, known)
    machine.start()
    again = seen_when_good(client)
    assert datetime.fromisoformat(again.source) > datetime.fromisoformat(known.source)


def test_a_server_that_ends_in_order_keeps_what_it_saw_last(
    start: Start, machine: StrangersMachine
) -> None:
    first = start(AT_THE_END_ONLY)
    known = seen_when_good(first.client)

    assert first.process.terminate() == 0
    machine.process.kill()

    assert_last_known(start(AT_THE_END_ONLY).client, known)


def test_a_machine_that_has_nothing_new_makes_its_values_good_again(
    start: Start, data: Path
) -> None:
    first = start(OFTEN)
    known = seen_when_good(first.client)
    wait_until_kept(data)

    first.process.kill()
    client = start(OFTEN).client

    again = seen_when_good(client)
    assert (again.value, again.source) == (known.value, known.source)
    assert datetime.fromisoformat(again.received) > datetime.fromisoformat(known.received)

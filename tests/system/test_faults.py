"""What machines do in the field: die, freeze, come back with another namespace table.

None of it needs a restart of the server, and while a machine is away none of its values looks good.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.processes import eventually
from tests.system.aas_process import AasClient
from tests.system.strangers_machine import StrangersMachine
from tests.system.strangers_model import KEEP_ALIVE_SECONDS, OPERATIONAL_DATA

BAD_SECONDS = 3 * KEEP_ALIVE_SECONDS + 1.5
"""Three keep-alives, and what two busy cores may take."""
RETURN_SECONDS = 10.0
FREEZE_SECONDS = 6.0
RANGES = {
    "Signals.DriveSpeed.Value": (24.0, 25.0),
    "Signals.DischargeTemperature.Value": (85.0, 95.0),
    "Signals.StageTemperature.Value": (29.0, 31.0),
    "Signals.Vibration.Value": (2.0, 3.0),
    "Counters.CycleCount": (1001, 1_000_000),
    "Setpoints.Pressure": (4.0, 12.0),
}
"""Where each value of the machine lies; no two overlap, so a mixed-up node is seen."""


@pytest.fixture(autouse=True)
def _machine_is_back(machine: StrangersMachine, client: AasClient) -> Iterator[None]:
    yield
    machine.process.thaw() if machine.process.exit_code is None else machine.start()
    wait_until_live(client, since=datetime.now(UTC))


def any_good(client: AasClient) -> list[str]:
    return [path for path in RANGES if client.read(OPERATIONAL_DATA, path).is_good]


def wait_until_bad(client: AasClient) -> None:
    eventually(
        lambda: all(client.read(OPERATIONAL_DATA, path).is_bad for path in RANGES),
        within=BAD_SECONDS,
        what="every value of the machine is bad",
    )


def wait_until_live(client: AasClient, *, since: datetime) -> None:
    """Wait until every value is good and the counter was taken by the machine after ``since``."""

    def is_live() -> bool:
        stamp = client.qualifiers(OPERATIONAL_DATA, "Counters.CycleCount").get("sourceTimestamp")
        fresh = stamp is not None and datetime.fromisoformat(stamp) > since
        return fresh and len(any_good(client)) == len(RANGES)

    eventually(is_live, within=RETURN_SECONDS, what="every value is good and new")


def assert_right_values(client: AasClient) -> None:
    shown = {path: client.read(OPERATIONAL_DATA, path).value for path in RANGES}
    wrong = {
        path: value
        for path, value in shown.items()
        if not RANGES[path][0] <= value <= RANGES[path][1]
    }
    assert not wrong


def test_a_killed_machine_is_bad_and_lives_again_when_it_returns(
    machine: StrangersMachine, client: AasClient
) -> None:
    last = client.read(OPERATIONAL_DATA, "Setpoints.Pressure").value

    machine.process.kill()
    wait_until_bad(client)
    while_away = client.read(OPERATIONAL_DATA, "Setpoints.Pressure")
    status_code = client.read(OPERATIONAL_DATA, "Signals.DriveSpeed.StatusCode").value
    report = client.connection_when("stranger", lambda report: report["State"] != "connected")
    returned = datetime.now(UTC)
    machine.start()
    wait_until_live(client, since=returned)

    assert while_away.value == last, "the last value is kept, marked bad"
    assert status_code >> 30 == 2
    assert report["LastError"]
    assert client.connection_when("stranger", lambda report: report["State"] == "connected")
    assert_right_values(client)


def test_a_frozen_machine_is_bad_until_it_moves_again(
    machine: StrangersMachine, client: AasClient
) -> None:
    frozen = time.monotonic()
    machine.process.freeze()
    wait_until_bad(client)
    while time.monotonic() < frozen + FREEZE_SECONDS:
        assert not any_good(client)
        time.sleep(0.1)

    moved = datetime.now(UTC)
    machine.process.thaw()

    wait_until_live(client, since=moved)
    assert_right_values(client)


def test_a_shuffled_namespace_table_mixes_nothing_up(
    machine: StrangersMachine, client: AasClient
) -> None:
    machine.process.kill()
    wait_until_bad(client)

    returned = datetime.now(UTC)
    machine.start("--shuffle-namespaces")

    wait_until_live(client, since=returned)
    assert_right_values(client)
    response = client.write(OPERATIONAL_DATA, "Setpoints.Pressure", 6.0)
    assert response.status_code == 204, response.text
    assert machine.read("i=5010") == 6.0


def test_a_write_to_a_machine_that_is_away_is_refused_at_once(
    machine: StrangersMachine, client: AasClient
) -> None:
    before = client.read(OPERATIONAL_DATA, "Setpoints.Pressure").value
    machine.process.kill()
    wait_until_bad(client)

    asked = time.monotonic()
    response = client.write(OPERATIONAL_DATA, "Setpoints.Pressure", 11.0)

    assert response.status_code == 503, response.text
    assert response.json()["messages"]
    assert time.monotonic() - asked < 5
    assert client.read(OPERATIONAL_DATA, "Setpoints.Pressure").value == before


def test_a_write_to_a_frozen_machine_ends_in_time(
    machine: StrangersMachine, client: AasClient
) -> None:
    machine.process.freeze()

    asked = time.monotonic()
    response = client.write(OPERATIONAL_DATA, "Setpoints.Pressure", 11.0)

    assert response.status_code in (503, 504), response.text
    assert response.json()["messages"]
    assert time.monotonic() - asked < 8

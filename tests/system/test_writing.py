"""``PATCH $value`` of bound elements: the machine decides, and the answer says what it said."""

from __future__ import annotations

import httpx
import pytest

from tests.system.aas_process import AasClient
from tests.system.strangers_machine import StrangersMachine
from tests.system.strangers_model import OPERATIONAL_DATA

PRESSURE = "Setpoints.Pressure"
PRESSURE_NODE = "i=5010"


def messages(response: httpx.Response) -> str:
    """Return the texts of a Result body, which must have at least one."""
    body = response.json()
    assert body["messages"], body
    return "\n".join(f"{message['code']} {message['text']}" for message in body["messages"])


def test_a_write_is_confirmed_once_the_machine_has_it(
    client: AasClient, machine: StrangersMachine
) -> None:
    value = 9.25 if machine.read(PRESSURE_NODE) != 9.25 else 8.5

    response = client.write(OPERATIONAL_DATA, PRESSURE, value)

    assert response.status_code == 204, response.text
    assert machine.read(PRESSURE_NODE) == value
    client.read_when(OPERATIONAL_DATA, PRESSURE, lambda reading: reading.value == value)


def test_a_value_that_the_machine_refuses_changes_nothing(
    client: AasClient, machine: StrangersMachine
) -> None:
    before = machine.read(PRESSURE_NODE)

    response = client.write(OPERATIONAL_DATA, PRESSURE, 99.0)

    assert 400 <= response.status_code < 500
    assert "BadOutOfRange" in messages(response)
    assert machine.read(PRESSURE_NODE) == before
    reading = client.read(OPERATIONAL_DATA, PRESSURE)
    assert reading.value == before
    assert reading.is_good


@pytest.mark.parametrize("value", ["high", True, [1.0], {"value": 1.0}, None])
def test_a_value_of_another_type_never_reaches_the_machine(
    client: AasClient, machine: StrangersMachine, value: object
) -> None:
    before = machine.read(PRESSURE_NODE)

    response = client.write(OPERATIONAL_DATA, PRESSURE, value)

    assert response.status_code == 400, response.text
    assert messages(response)
    assert machine.read(PRESSURE_NODE) == before


def test_a_node_that_the_machine_keeps_read_only_is_refused(
    client: AasClient, machine: StrangersMachine
) -> None:
    response = client.write(OPERATIONAL_DATA, "Setpoints.RatedPower", 80.0)

    assert response.status_code == 403, response.text
    assert "BadNotWritable" in messages(response)
    assert machine.read("i=5004") == 75.0


@pytest.mark.parametrize("path", ["Counters.CycleCount", "Signals.DriveSpeed.Value"])
def test_an_element_whose_binding_is_not_writable_is_refused(client: AasClient, path: str) -> None:
    response = client.write(OPERATIONAL_DATA, path, 1)

    assert response.status_code == 403, response.text
    assert messages(response)


@pytest.mark.parametrize("companion", ["Quality", "StatusCode", "SourceTimestamp"])
def test_nobody_but_the_machine_says_how_good_its_value_is(
    client: AasClient, companion: str
) -> None:
    path = f"Signals.DriveSpeed.{companion}"
    shown = client.read(OPERATIONAL_DATA, path).value

    assert client.write(OPERATIONAL_DATA, path, shown).status_code == 403


def test_an_element_that_no_machine_feeds_is_simply_stored(client: AasClient) -> None:
    response = client.write(OPERATIONAL_DATA, "Remark", "moved to hall 4")

    assert response.status_code == 204, response.text
    assert client.read(OPERATIONAL_DATA, "Remark").value == "moved to hall 4"

"""What a client sees of a machine that works: values with units, quality and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.system.aas_process import AasClient, encoded_reference
from tests.system.strangers_machine import StrangersMachine
from tests.system.strangers_model import OPERATIONAL_DATA, OPERATIONAL_DATA_TEMPLATE, SHELL

SPEED = "Signals.DriveSpeed.Value"
SECONDS = 10.0


def test_a_bound_value_changes_from_call_to_call(client: AasClient) -> None:
    first = client.read(OPERATIONAL_DATA, SPEED)

    client.read_when(OPERATIONAL_DATA, SPEED, lambda reading: reading.value != first.value)


@pytest.mark.parametrize(
    ("path", "low", "high"),
    [
        (SPEED, 24.0, 25.0),  # 1440 to 1500 1/min
        ("Signals.DischargeTemperature.Value", 85.0, 95.0),  # 185 to 203 °F
        ("Signals.StageTemperature.Value", 29.0, 31.0),  # the second of four in an array
        ("Signals.Vibration.Value", 2.0, 3.0),
        ("Counters.CycleCount", 1001, 1_000_000),
    ],
)
def test_values_arrive_in_the_units_of_the_model(
    client: AasClient, path: str, low: float, high: float
) -> None:
    reading = client.read(OPERATIONAL_DATA, path)

    assert low <= reading.value <= high
    assert reading.is_good


def test_an_enumeration_shows_the_texts_of_the_device(client: AasClient) -> None:
    seen = client.read(OPERATIONAL_DATA, "Signals.ProgramState.ValueText").value

    assert seen in ("Standby", "Loading", "Unloading")


def test_an_enumeration_shows_the_texts_of_the_plant_file(client: AasClient) -> None:
    seen = client.read(OPERATIONAL_DATA, "State.OperatingState").value

    assert seen in ("Idle", "Execute", "Completing")


def test_a_counter_is_shown_with_all_its_digits(
    client: AasClient, machine: StrangersMachine
) -> None:
    before = machine.read("i=5001")

    shown = client.read_when(
        OPERATIONAL_DATA, "Counters.CycleCount", lambda reading: reading.value >= before
    )

    assert shown.value <= machine.read("i=5001")


def test_value_headers_tell_quality_and_time(client: AasClient) -> None:
    reading = client.read(OPERATIONAL_DATA, SPEED)

    assert reading.quality.startswith("good")
    age = datetime.now(UTC) - parsedate_to_datetime(reading.headers["Last-Modified"])
    assert timedelta(seconds=-2) < age < timedelta(seconds=SECONDS)


def test_value_qualifiers_tell_quality_and_both_times(client: AasClient) -> None:
    qualifiers = client.qualifiers(OPERATIONAL_DATA, "Counters.CycleCount")

    assert qualifiers["quality"] == "good"
    assert qualifiers["statusCode"] == "0"
    source = datetime.fromisoformat(qualifiers["sourceTimestamp"])
    received = datetime.fromisoformat(qualifiers["receivedTimestamp"])
    assert abs(received - source) < timedelta(seconds=SECONDS)
    assert abs(datetime.now(UTC) - received) < timedelta(seconds=SECONDS)


def test_a_signal_collection_shows_the_parts_of_one_value(client: AasClient) -> None:
    signal = client.read(OPERATIONAL_DATA, "Signals.DriveSpeed").value

    assert signal["Quality"] == "good"
    assert signal["StatusCode"] == 0
    assert signal["Unit"] == "1/s"
    for time in ("SourceTimestamp", "ReceivedTimestamp"):
        age = datetime.now(UTC) - datetime.fromisoformat(signal[time])
        assert timedelta(seconds=-2) < age < timedelta(seconds=SECONDS)


def test_a_failed_sensor_makes_its_value_bad_and_keeps_the_last_one(
    client: AasClient, machine: StrangersMachine
) -> None:
    path = "Signals.Vibration"
    machine.call("FailSensor")
    try:
        bad = client.read_when(OPERATIONAL_DATA, f"{path}.Value", lambda reading: reading.is_bad)
        assert 2.0 <= bad.value <= 3.0
        assert client.read(OPERATIONAL_DATA, f"{path}.StatusCode").value == 0x808C0000
        assert client.read(OPERATIONAL_DATA, SPEED).is_good
    finally:
        machine.call("RepairSensor")
    client.read_when(OPERATIONAL_DATA, f"{path}.Value", lambda reading: reading.is_good)


def test_the_submodel_is_found_by_its_template(client: AasClient) -> None:
    found = client.get("/submodels", semanticId=encoded_reference(OPERATIONAL_DATA_TEMPLATE))

    assert [submodel["id"] for submodel in found["result"]] == [OPERATIONAL_DATA]


def test_the_machine_is_listed_as_a_shell(client: AasClient) -> None:
    assert SHELL in [shell["id"] for shell in client.get("/shells")["result"]]


def test_all_bindings_are_reported_to_work(client: AasClient) -> None:
    report = client.connection_when("stranger", lambda report: report["State"] == "connected")

    assert report["BindingsFailing"] == 0
    assert report["BindingsOk"] == 10

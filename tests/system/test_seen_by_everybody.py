"""Quality, times and state of every protocol's connection, wherever a client looks for them, and a
short run of random faults at all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import pytest

from tests.conformance.soak import summary
from tests.soak.bench import Bench, running_bench
from tests.soak.run import Soak
from tests.soak.targets import ITEMS, submodel_of
from tests.support.processes import eventually
from tests.system.aas_process import AasClient
from tests.system.load_model import shown

PROTOCOLS: Final = {"OPC UA": "mill", "MQTT": "mqtt", "AMQP": "amqp", "HTTP": "http"}
NAMES: Final = tuple(PROTOCOLS.values())
PATH: Final = "Item7"
SECONDS: Final = 20.0
SOAK_SECONDS: Final = 12.0
FRESH: Final = timedelta(seconds=10)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running_bench(tmp_path_factory.mktemp("seen")) as bench:
        for name in NAMES:
            wait_until(bench.server.client, name, {"good"})
        yield bench


@pytest.fixture(scope="module")
def client(bench: Bench) -> AasClient:
    return bench.server.client


def wait_until(client: AasClient, name: str, qualities: set[str]) -> None:
    """Wait until every value of ``name`` has one of ``qualities``."""
    eventually(
        lambda: {each.quality for each in shown(client, submodel_of(name)).values()} <= qualities,
        within=SECONDS,
        what=f"all of {name} is {qualities}",
    )


@pytest.fixture(params=NAMES)
def lost(bench: Bench, client: AasClient, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a connection whose wire is cut during the test."""
    name: str = request.param
    (target,) = (target for target in bench.targets if target.name == name)
    cut, mend = target.faults["cut"]
    cut()
    wait_until(client, name, {"bad", "uncertain"})
    eventually(
        lambda: client.connection(name)["State"] == "disconnected",
        within=SECONDS,
        what=f"{name} is told to be lost",
    )
    yield name
    mend()
    wait_until(client, name, {"good"})


def binding(report: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in report["Bindings"] if each["Sink"].endswith(f"/{path}")
    )
    return found


def metric(client: AasClient, name: str, **labels: str) -> float:
    """Return what ``/metrics`` has for a name and labels; 0 where it has nothing."""
    shown_labels = ",".join(f'{key}="{value}"' for key, value in labels.items())
    lines = client.http.get(f"{client.address}/metrics").text.splitlines()
    start = f"{name}{{{shown_labels}}} "
    return next((float(line[len(start) :]) for line in lines if line.startswith(start)), 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_headers_of_a_value_tell_its_quality_and_its_time(client: AasClient, name: str) -> None:
    reading = client.read(submodel_of(name), PATH)

    assert reading.quality.startswith("good")
    age = datetime.now(UTC) - parsedate_to_datetime(reading.headers["Last-Modified"])
    assert timedelta(seconds=-2) < age < FRESH
    assert int(reading.value) == 7


@pytest.mark.parametrize("name", NAMES)
def test_the_qualifiers_of_an_element_tell_its_quality_and_both_times(
    client: AasClient, name: str
) -> None:
    qualifiers = client.qualifiers(submodel_of(name), PATH)

    assert (qualifiers["quality"], qualifiers["statusCode"]) == ("good", "0")
    for time in ("sourceTimestamp", "receivedTimestamp"):
        age = datetime.now(UTC) - datetime.fromisoformat(qualifiers[time])
        assert timedelta(seconds=-2) < age < FRESH


@pytest.mark.parametrize("name", NAMES)
def test_the_status_submodel_tells_of_the_connection_and_each_binding(
    client: AasClient, name: str
) -> None:
    report = client.connection(name)

    assert report["State"] == "connected"
    assert (report["BindingsOk"], report["BindingsFailing"]) == (ITEMS, 0)
    assert report["ValuesGood"] == ITEMS
    assert report["KeepAliveAge"] < 5
    assert report["Sessions"] >= 1
    assert "LastError" not in report
    assert len(report["Bindings"]) == ITEMS
    one = binding(report, PATH)
    assert (one["Quality"], one["StatusCode"]) == ("good", "Good")
    assert one["Origin"] == "plant file"
    assert datetime.now(UTC) - datetime.fromisoformat(one["LastUpdate"]) < FRESH

    def later() -> dict[str, Any]:
        return binding(client.connection(name), PATH)

    eventually(
        lambda: later()["LastUpdate"] != one["LastUpdate"], within=SECONDS, what="a value comes"
    )
    # What other tests did to the wire before this one is counted, too; a good value is no error.
    assert later()["Errors"] == one["Errors"] >= 0


@pytest.mark.parametrize("name", NAMES)
def test_metrics_count_what_comes_and_tell_how_it_is(client: AasClient, name: str) -> None:
    def received() -> float:
        return metric(client, "aas_binding_values_received_total", connection=name)

    before = received()
    eventually(lambda: received() > before, within=SECONDS, what="more values are counted")
    assert metric(client, "aas_binding_connection_up", connection=name) == 1
    assert metric(client, "aas_binding_bindings", connection=name, state="ok") == ITEMS
    assert metric(client, "aas_binding_values", connection=name, quality="good") == ITEMS
    assert metric(client, "aas_binding_keep_alive_age_seconds", connection=name) < 5
    since = metric(client, "aas_binding_connection_since_timestamp_seconds", connection=name)
    assert 0 < datetime.now(UTC).timestamp() - since < 600


def test_what_is_lost_is_told_everywhere_and_the_last_value_stays(
    client: AasClient, lost: str
) -> None:
    reading = client.read(submodel_of(lost), PATH)
    qualifiers = client.qualifiers(submodel_of(lost), PATH)
    report = client.connection(lost)
    one = binding(report, PATH)

    assert reading.is_bad
    assert int(reading.value) == 7
    assert qualifiers["quality"] == "bad"
    assert int(qualifiers["statusCode"]) >> 30 == 2
    assert report["State"] == "disconnected"
    assert report["LastError"]
    assert (report["BindingsOk"], report["ValuesGood"], report["ValuesBad"]) == (0, 0, ITEMS)
    assert one["Quality"] == "bad"
    assert one["StatusCode"].startswith("Bad")
    assert metric(client, "aas_binding_connection_up", connection=lost) == 0
    assert metric(client, "aas_binding_values", connection=lost, quality="bad") == ITEMS
    assert metric(client, "aas_binding_values", connection=lost, quality="good") == 0


def test_a_return_is_counted(bench: Bench, client: AasClient) -> None:
    for name in NAMES:
        before = client.connection(name)["Sessions"]
        counted = metric(client, "aas_binding_reconnects_total", connection=name)
        (target,) = (target for target in bench.targets if target.name == name)
        cut, mend = target.faults["cut"]
        cut()
        wait_until(client, name, {"bad", "uncertain"})
        mend()
        wait_until(client, name, {"good"})

        assert client.connection(name)["Sessions"] == before + 1
        assert metric(client, "aas_binding_reconnects_total", connection=name) == counted + 1


@pytest.mark.timeout(300)
def test_nothing_lies_and_all_come_back_in_a_short_soak(bench: Bench) -> None:
    result = Soak(bench, seconds=SOAK_SECONDS, seed="short").run(with_memory=False)

    assert result.findings == []
    assert result.good > 1000
    assert sum(result.faults.values()) >= len(bench.targets)
    assert "| good and old | 0 |" in summary(result.as_json())

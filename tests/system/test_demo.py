"""The demo as README tells it: four vendors' machines in one model, and a stranger beside them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.support.ports import free_port_range
from tests.support.processes import eventually
from tests.system.aas_process import AasClient, AasServer, encoded_reference
from tests.system.strangers_machine import StrangersMachine
from tests.system.strangers_model import (
    OPERATIONAL_DATA,
    OPERATIONAL_DATA_TEMPLATE,
    bindings,
    connection,
    write_environment,
)

MACHINES = ("mill", "robot", "moulder", "packer")
DEMO_SECONDS = 60.0
MEMORY_BYTES = 200 * 1024 * 1024
COMMON_SIGNALS = {
    "DriveSpeed": "1/s",
    "DriveTemperature": "Cel",
    "Vibration": "mm/s",
    "PowerConsumption": "kW",
    "CycleTime": "s",
    "SpeedOverride": "%",
}
COMMON_STATE = {"OperatingState", "OperatingMode", "StateSince", "ActiveProgram", "ActiveOrder"}
COMMON_COUNTERS = {
    "OperatingHours",
    "CycleCount",
    "ProducedQuantity",
    "GoodQuantity",
    "ScrapQuantity",
}


def operational_data(machine: str) -> str:
    return f"urn:demo-plant:{machine}:OperationalData"


def plant_with_the_stranger(
    project_dir: Path, folder: Path, base_port: int, machine: StrangersMachine
) -> Path:
    """Write the demo's plant file with the stranger's connection and bindings added."""
    text = (project_dir / "examples" / "plant" / "plant.yaml").read_text(encoding="utf-8")
    for offset in range(1, len(MACHINES) + 1):
        text = text.replace(f"127.0.0.1:{48400 + offset}", f"127.0.0.1:{base_port + offset}")
    plant = yaml.safe_load(text)
    plant["connections"]["stranger"] = connection(machine)
    plant["bindings"] += bindings()
    file = folder / "five-machines.yaml"
    file.write_text(yaml.safe_dump(plant, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def demo(project_dir: Path, folder: Path, machine: StrangersMachine) -> Iterator[AasServer]:
    base_port = free_port_range(len(MACHINES))
    with AasServer(
        *("--plant-port", str(base_port)),
        *("--plant", plant_with_the_stranger(project_dir, folder, base_port, machine)),
        *("--load", write_environment(folder / "station.json")),
        command="demo",
        folder=folder / "demo",
        environment=machine.environment,
        start_seconds=DEMO_SECONDS,
    ) as server:
        for submodel in (OPERATIONAL_DATA, *map(operational_data, MACHINES)):
            server.client.read_when(
                submodel,
                "Signals.DriveSpeed.Value",
                lambda reading: reading.is_good,
                within=DEMO_SECONDS,
            )
        yield server


@pytest.fixture(scope="module")
def client(demo: AasServer) -> AasClient:
    return demo.client


def operational_data_of_all(client: AasClient) -> dict[str, Any]:
    """Return the ValueOnly form of every submodel that follows the template, by id."""
    found = client.get(
        "/submodels/$value", semanticId=encoded_reference(OPERATIONAL_DATA_TEMPLATE)
    )["result"]
    listed = client.get("/submodels", semanticId=encoded_reference(OPERATIONAL_DATA_TEMPLATE))
    identifiers = [submodel["id"] for submodel in listed["result"]]
    return dict(zip(identifiers, found, strict=True))


def test_the_shells_of_all_five_machines_are_listed(client: AasClient) -> None:
    listed = {shell["id"] for shell in client.get("/shells")["result"]}

    assert listed == {
        "urn:stranger:shell:station",
        *(f"urn:demo-plant:shell:{machine}" for machine in MACHINES),
    }


def test_the_plant_is_asked_for_the_values_of_the_moment(
    client: AasClient, project_dir: Path
) -> None:
    text = (project_dir / "examples" / "queries" / "bad-signals.json").read_text()
    good = client.http.post("/query/submodels", content=text.replace('"bad"', '"good"'))
    assert good.status_code == 200, good.text
    found = {submodel["id"] for submodel in good.json()["result"]}
    assert found == {OPERATIONAL_DATA, *map(operational_data, MACHINES)}


@pytest.mark.parametrize("machine_name", MACHINES)
def test_a_value_of_each_machine_changes_from_call_to_call(
    client: AasClient, machine_name: str
) -> None:
    power = (operational_data(machine_name), "Signals.PowerConsumption.Value")
    first = client.read(*power)

    client.read_when(*power, lambda reading: reading.value != first.value)


def test_one_question_answers_for_every_vendor(client: AasClient) -> None:
    answers = operational_data_of_all(client)

    assert set(answers) == {OPERATIONAL_DATA, *map(operational_data, MACHINES)}


@pytest.mark.parametrize("machine_name", MACHINES)
def test_every_vendor_has_the_same_names_and_units(client: AasClient, machine_name: str) -> None:
    data = operational_data_of_all(client)[operational_data(machine_name)]

    assert data["State"].keys() >= COMMON_STATE
    assert data["Counters"].keys() >= COMMON_COUNTERS
    units = {name: data["Signals"][name]["Unit"] for name in COMMON_SIGNALS}
    assert units == COMMON_SIGNALS


@pytest.mark.parametrize("machine_name", MACHINES)
def test_every_signal_of_every_vendor_is_good(client: AasClient, machine_name: str) -> None:
    def bad() -> dict[str, Any]:
        signals = client.submodel_value(operational_data(machine_name))["Signals"]
        return {name: signal for name, signal in signals.items() if signal["Quality"] != "good"}

    eventually(lambda: not bad(), within=20, what=f"all signals of the {machine_name} are good")


def test_every_binding_of_every_machine_works(client: AasClient) -> None:
    for name in (*MACHINES, "stranger"):
        report = client.connection_when(name, lambda report: report["State"] == "connected")

        assert report["BindingsFailing"] == 0, report


@pytest.mark.parametrize("machine_name", MACHINES)
def test_the_speed_override_of_every_machine_can_be_set(
    client: AasClient, machine_name: str
) -> None:
    submodel, path = operational_data(machine_name), "Signals.SpeedOverride.Value"
    wanted = 80.0 if client.read(submodel, path).value != 80.0 else 90.0

    response = client.write(submodel, path, wanted)

    assert response.status_code == 204, response.text
    client.read_when(submodel, path, lambda reading: abs(reading.value - wanted) < 0.1)


def test_the_server_takes_less_than_200_megabytes(demo: AasServer) -> None:
    assert psutil.Process(demo.process.pid).memory_info().rss < MEMORY_BYTES


def test_the_health_page_and_the_metrics_answer(client: AasClient) -> None:
    assert client.http.get(f"{client.address}/health").status_code == 200
    assert client.http.get(f"{client.address}/metrics").status_code == 200
    assert "/api/v3" in client.http.get(f"{client.address}/").text


def test_the_demo_alone_lists_four_machines_and_ends_cleanly(tmp_path: Path) -> None:
    base_port = free_port_range(len(MACHINES))
    with AasServer(
        *("--plant-port", str(base_port)),
        command="demo",
        folder=tmp_path,
        start_seconds=DEMO_SECONDS,
    ) as demo:
        shells = demo.client.get("/shells")["result"]
        power = (operational_data("mill"), "Signals.PowerConsumption.Value")
        first = demo.client.read_when(*power, lambda reading: reading.is_good)
        demo.client.read_when(*power, lambda reading: reading.value != first.value)

        assert len(shells) == len(MACHINES)
        assert demo.process.terminate() == 0
        assert "Traceback" not in demo.process.log()


README_CALLS = re.findall(
    r"^curl .+$",
    (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize("call", README_CALLS)
def test_what_readme_shows_works(client: AasClient, call: str) -> None:
    moved = call.replace("http://127.0.0.1:8080", client.address)

    answer = subprocess.run(
        ["bash", "-c", moved.replace("curl ", "curl --fail --silent --show-error ", 1)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


def test_readme_shows_reading_and_writing() -> None:
    assert len(README_CALLS) == 4

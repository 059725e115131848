"""A plant file of which parts do not work: they are reported, and everything else works."""

from __future__ import annotations

import asyncio
import copy
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.ports import free_port
from tests.support.processes import eventually, run
from tests.system.aas_process import (
    AasClient,
    AasServer,
    aas_server_command,
    serve_arguments,
)
from tests.system.strangers_machine import PASSWORD_VARIABLE, StrangersMachine, make_certificate
from tests.system.strangers_model import (
    OPERATIONAL_DATA,
    Node,
    binding,
    bindings,
    connection,
    environment,
    write_environment,
    write_plant,
)

WRONG_PASSWORD_VARIABLE = "STRANGER_WRONG_PASSWORD"
Checked = subprocess.CompletedProcess[str]
GHOST = "s=Station.Compressor.Ghost"
OIL = "s=Station.Compressor.OilLevel"
AWAY = ("nowhere", "locked", "distrusted", "impostor")
"""Cannot come up: no host, a wrong password, a certificate not trusted, another one than pinned."""
RETRIES_SECONDS = 5.0
"""Attempts at a connection follow faster than this."""


@dataclass(frozen=True)
class BadPlant:
    """The server with that plant file, and what it was started with."""

    server: AasServer
    plant_file: Path
    documents: Path
    data: Path
    variables: dict[str, str]

    @property
    def client(self) -> AasClient:
        return self.server.client


def submodel_of(name: str) -> str:
    return f"urn:stranger:{name}:OperationalData"


def connections(machine: StrangersMachine, other_certificate: Path) -> dict[str, Node]:
    nowhere = connection(machine)
    nowhere["url"] = f"opc.tcp://127.0.0.1:{free_port()}/nowhere"
    wrong = {"env": WRONG_PASSWORD_VARIABLE}
    return {
        "stranger": connection(machine),
        "nowhere": nowhere,
        "locked": connection(machine, password=wrong),
        "distrusted": connection(machine, pinned=False),
        "impostor": connection(machine, serverCertificate=str(other_certificate)),
    }


def documents() -> list[Node]:
    """Return one environment with a submodel for each connection."""
    station = environment()
    for name in AWAY:
        submodel = copy.deepcopy(station["submodels"][0])
        submodel["id"] = submodel_of(name)
        station["submodels"].append(submodel)
    return [station]


def working_bindings() -> list[Node]:
    """Return those that work both ways: the machine's rated power can be read, not written."""
    return [row for row in bindings() if row["sink"]["path"] != "Setpoints.RatedPower"]


@pytest.fixture(scope="module")
def plant(folder: Path, machine: StrangersMachine) -> Iterator[BadPlant]:
    other_certificate, _ = asyncio.run(make_certificate(folder))
    rows = [
        *bindings(),
        binding(GHOST, "Signals.Ghost"),
        binding(OIL, "Signals.OilLevel"),
        *(
            binding("i=5010", "Setpoints.Pressure", connection=name, submodel_id=submodel_of(name))
            for name in AWAY
        ),
    ]
    plant_file = write_plant(folder / "plant.yaml", connections(machine, other_certificate), rows)
    station = write_environment(folder / "station.json", *documents())
    variables = {**machine.environment, WRONG_PASSWORD_VARIABLE: "not-the-password"}
    data = folder / "data"
    with AasServer(
        *serve_arguments(data=data, load=[station], plant=plant_file),
        folder=folder / "server",
        environment=variables,
    ) as server:
        server.client.connection_when("stranger", lambda report: report["State"] == "connected")
        yield BadPlant(server, plant_file, station, data, variables)


def test_everything_else_works(plant: BadPlant) -> None:
    for row in bindings():
        path = row["sink"]["path"]
        shown = f"{path}.Value" if path.startswith("Signals.") else path
        if path == "Signals.ProgramState":
            shown = f"{path}.ValueText"
        plant.client.read_when(OPERATIONAL_DATA, shown, lambda reading: reading.is_good)


@pytest.mark.parametrize("path", ["Signals.Ghost", "Signals.OilLevel"])
def test_a_value_that_cannot_be_had_is_bad(plant: BadPlant, path: str) -> None:
    plant.client.read_when(OPERATIONAL_DATA, f"{path}.Value", lambda reading: reading.is_bad)


@pytest.mark.parametrize("name", AWAY)
def test_a_value_of_a_connection_that_is_refused_is_not_good(plant: BadPlant, name: str) -> None:
    assert not plant.client.read(submodel_of(name), "Setpoints.Pressure").is_good


def test_the_status_submodel_names_each_failing_binding(plant: BadPlant) -> None:
    report = plant.client.connection_when("stranger", lambda report: report["BindingsFailing"] == 2)

    assert report["State"] == "connected"
    assert report["BindingsOk"] == len(bindings())
    ghost, oil = sorted(report["Bindings"][:2], key=lambda binding: binding["Source"])
    assert ghost["Source"].endswith(GHOST)
    assert "BadNodeIdUnknown" in ghost["Problem"]
    assert oil["Source"].endswith(OIL)
    assert "'OIL OK'" in oil["Problem"]
    for failing in (ghost, oil):
        assert failing["Quality"] == "bad"
        assert failing["Errors"] >= 1
    assert all("Problem" not in binding for binding in report["Bindings"][2:])
    assert len(report["Bindings"]) == len(bindings()) + 2
    assert report["KeepAliveAge"] < 2.0


def test_metrics_tell_the_same(plant: BadPlant) -> None:
    plant.client.connection_when("stranger", lambda report: report["BindingsFailing"] == 2)
    metrics = plant.client.http.get(f"{plant.client.address}/metrics").text

    assert 'aas_binding_connection_up{connection="stranger"} 1.0' in metrics
    assert 'aas_binding_bindings{connection="stranger",state="failing"} 2.0' in metrics
    assert (
        f'aas_binding_values{{connection="stranger",quality="good"}} {len(bindings())}.0' in metrics
    )
    for name in AWAY:
        assert f'aas_binding_connection_up{{connection="{name}"}} 0.0' in metrics


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere", "refuses the connection"),
        ("locked", "BadUserAccessDenied"),
        ("distrusted", "is not trusted"),
        ("impostor", "another certificate"),
    ],
)
def test_the_status_submodel_says_why_a_connection_is_not_up(
    plant: BadPlant, name: str, reason: str
) -> None:
    report = plant.client.connection_when(name, lambda report: "LastError" in report)

    assert report["State"] != "connected"
    assert reason in report["LastError"]


def test_a_certificate_that_is_not_trusted_is_kept_for_the_operator(
    plant: BadPlant, machine: StrangersMachine
) -> None:
    plant.client.connection_when("distrusted", lambda report: "LastError" in report)

    (kept,) = (plant.data / "pki" / "rejected").iterdir()
    shown = x509.load_pem_x509_certificate(machine.certificate.read_bytes())
    assert x509.load_der_x509_certificate(kept.read_bytes()) == shown


def test_the_log_tells_each_problem_once(plant: BadPlant) -> None:
    def lines(what: str) -> list[str]:
        return [line for line in plant.server.process.log().splitlines() if what in line]

    problems = ("Compressor.Ghost", "Compressor.OilLevel", *AWAY)
    eventually(lambda: all(map(lines, problems)), within=10, what="the log tells of each problem")
    time.sleep(RETRIES_SECONDS)

    assert {what: len(lines(what)) for what in problems} == dict.fromkeys(problems, 1)


def test_no_secret_is_told(plant: BadPlant, machine: StrangersMachine) -> None:
    secret = machine.environment[PASSWORD_VARIABLE]
    told = plant.server.process.log() + plant.server.process.output()

    assert secret not in told
    assert "not-the-password" not in told


def test_check_says_of_each_binding_whether_it_works(plant: BadPlant, folder: Path) -> None:
    checked = run(
        aas_server_command(
            *("check", plant.plant_file, "--load", plant.documents, "--data", plant.data)
        ),
        folder=folder,
        environment=plant.variables,
    )

    assert checked.returncode == 1, checked.stdout + checked.stderr
    lines = checked.stdout.splitlines()
    for row in working_bindings():
        (line,) = (line for line in lines if row["sink"]["path"] in line and " stranger " in line)
        assert line.startswith("ok"), line
    for failing in ("Compressor.Ghost", "Compressor.OilLevel", "Setpoints.RatedPower", *AWAY):
        told = [line for line in lines if failing in line]
        assert told, failing
        assert not any(line.startswith("ok") for line in told), told


def check_working_plant(folder: Path, machine: StrangersMachine, *, pinned: bool) -> Checked:
    """Run ``aas-server check`` on a plant file of which everything should work."""
    plant_file = write_plant(
        folder / "plant.yaml", {"stranger": connection(machine, pinned=pinned)}, working_bindings()
    )
    documents = write_environment(folder / "station.json")
    return run(
        aas_server_command("check", plant_file, "--load", documents, "--data", folder / "data"),
        folder=folder,
        environment=machine.environment,
    )


def test_check_of_a_plant_that_works_ends_with_zero(
    tmp_path: Path, machine: StrangersMachine
) -> None:
    checked = check_working_plant(tmp_path, machine, pinned=True)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("ok  ") == len(working_bindings())


def test_a_certificate_that_the_operator_moves_to_the_trusted_ones_is_accepted(
    tmp_path: Path, machine: StrangersMachine
) -> None:
    before = check_working_plant(tmp_path, machine, pinned=False)
    pki = tmp_path / "data" / "pki"
    (rejected,) = (pki / "rejected").iterdir()
    rejected.rename(pki / "trusted" / rejected.name)

    after = check_working_plant(tmp_path, machine, pinned=False)

    assert before.returncode == 1, before.stdout + before.stderr
    assert after.returncode == 0, after.stdout + after.stderr

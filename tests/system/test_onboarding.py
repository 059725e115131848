"""A machine never seen before, from browsing it to its live shell, by the commands of its user."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.aas_process import AasServer, aas_server_command, encoded, serve_arguments
from tests.system.companion_machine import NAMESPACE, CompanionMachine

BASE = "urn:falkenberg.example:fm500"
OPERATIONAL = f"{BASE}:OperationalData"
MAINTENANCE = f"{BASE}:Maintenance"
MACHINE = f"{BASE}:MachineData"
COOLANT = "FM500.Kühlmittel #1&2"
SECONDS = 90


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompanionMachine]:
    with CompanionMachine(tmp_path_factory.mktemp("machine")) as machine:
        yield machine


def run(folder: Path, *arguments: str | Path, code: int = 0) -> str:
    """What a command prints; it has to end with ``code``."""
    done = subprocess.run(
        [str(each) for each in aas_server_command(*arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def proposal(machine: CompanionMachine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a first proposal."""
    folder = tmp_path_factory.mktemp("proposal")
    told = run(folder, "opcua", "propose", machine.url, "-o", "fm500")
    assert "written into fm500" in told
    return folder / "fm500"


def test_browse_shows_types_units_ranges_values_and_node_ids(
    machine: CompanionMachine, tmp_path: Path
) -> None:
    told = run(tmp_path, "opcua", "browse", machine.url)

    line = next(line for line in told.splitlines() if " Pressure: " in line)
    assert line.endswith(
        f"Pressure: Double = 6.25 bar [0 .. 10]  nsu={NAMESPACE};s={COOLANT}.Pressure"
    )
    assert "OperationMode: MachineOperationMode = 1 (Automatic)" in told
    assert "Flush(Seconds: UInt16) -> (Litres: Double)" in told


def test_browse_as_json_has_the_same(machine: CompanionMachine, tmp_path: Path) -> None:
    told = json.loads(run(tmp_path, "opcua", "browse", machine.url, "--json"))

    pending: list[dict[str, Any]] = [told["root"]]
    found = {}
    while pending:
        node = pending.pop()
        found[node["name"]] = node
        pending += node.get("children", [])
    assert found["Pressure"]["unit"] == {"code": "BAR", "symbol": "bar"}
    assert found["Pressure"]["range"] == [0, 10]
    assert found["Temperatures"]["value"] == [20, 21, 22]


def test_browse_within_limits_says_what_is_missing_and_fails(
    machine: CompanionMachine, tmp_path: Path
) -> None:
    told = run(tmp_path, "opcua", "browse", machine.url, "--max-nodes", "10", code=1)

    assert "there are more than 10 nodes" in told


def test_a_server_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    told = run(tmp_path, "opcua", "browse", "opc.tcp://127.0.0.1:9/none", code=2)

    assert "nothing listens on this port" in told


def test_check_is_content_with_everything_that_was_proposed(proposal: Path) -> None:
    told = run(proposal, "check", "plant.yaml", "--load", ".")

    assert told.rstrip().endswith(", 0 failing")


def test_the_proposal_makes_a_live_shell(
    machine: CompanionMachine, proposal: Path, tmp_path: Path
) -> None:
    arguments = serve_arguments(
        data=tmp_path / "data", load=[proposal], plant=proposal / "plant.yaml"
    )
    with AasServer(*arguments, folder=tmp_path / "server") as server:
        client = server.client
        for submodel, path, expected in (
            (OPERATIONAL, "State.OperatingState", "Execute"),
            (OPERATIONAL, "State.OperatingMode", "Automatic"),
            (OPERATIONAL, "State.ConditionStatus", "maintenance request"),
            (OPERATIONAL, "State.ActiveProgram", "O4711 Flange"),
            (OPERATIONAL, "Counters.OperatingHours", 1.0),
            (OPERATIONAL, "Counters.CycleCount", 12345),
            (OPERATIONAL, "Signals.Pressure.Value", 6.25),
            (OPERATIONAL, "Signals.Level.ValueText", "Normal"),
            (MAINTENANCE, "Counters.WearIndicator", 25.0),
            (MACHINE, "Identification.SerialNumber", "FM500-0042"),
        ):
            client.read_when(
                submodel, path, lambda reading, value=expected: reading.value == value
            )  # fmt: skip
        machine.wish(set="Pressure", value=7.5)
        client.read_when(OPERATIONAL, "Signals.Pressure.Value", lambda each: each.value == 7.5)
        assert client.write(OPERATIONAL, "Signals.Setpoint.Value", 30.5).status_code == 204
        flushed = client.http.post(
            f"/submodels/{encoded(MACHINE)}/submodel-elements/Kuehlmittel_1.Flush/invoke/$value",
            json={"inputArguments": {"Seconds": 8}},
        )
        assert flushed.json()["outputArguments"] == {"Litres": 4.0}
        assert client.connection("fm500")["State"] == "connected"
    machine.wish(set="Pressure", value=6.25)


def test_a_second_run_adds_what_is_new_and_keeps_the_users_edits(
    machine: CompanionMachine, tmp_path: Path
) -> None:
    run(tmp_path, "opcua", "propose", machine.url, "-o", ".")
    file = tmp_path / "OperationalData.json"
    file.write_text(file.read_text().replace('"text": "Pressure"', '"text": "Mine"'))
    machine.wish(add="Flow")
    machine.wish(range="Pressure", high=20)
    try:
        before = {each.name: each.read_bytes() for each in tmp_path.glob("*.*")}
        dry = run(tmp_path, "opcua", "propose", machine.url, "-o", ".", "--dry-run")
        assert {each.name: each.read_bytes() for each in tmp_path.glob("*.*")} == before
        told = run(tmp_path, "opcua", "propose", machine.url, "-o", ".")
    finally:
        machine.wish(remove="Flow")
        machine.wish(range="Pressure", high=10)

    for words in (dry, told):
        assert "Flow) -> OperationalData/Signals.Flow" in words
        assert "Signals.Pressure.NormalRange max: '10' is now '20'" in words
    assert "would write into" in dry
    assert '"text": "Mine"' in file.read_text()
    assert '"idShort": "Flow"' in file.read_text()
    gone = run(tmp_path, "opcua", "propose", machine.url, "-o", ".", "--dry-run")
    assert "no longer there, kept: 1" in gone


def test_of_several_machines_one_is_to_be_named(machine: CompanionMachine, tmp_path: Path) -> None:
    machine.wish(neighbour=True)
    try:
        told = run(tmp_path, "opcua", "propose", machine.url, "-o", "two", code=2)
        root = f"nsu={NAMESPACE};s=FM500"
        run(tmp_path, "opcua", "propose", machine.url, "-o", "two", "--root", root)
    finally:
        machine.wish(neighbour=False)

    assert f"--root 'nsu={NAMESPACE};s=FM500'  FM500" in told
    assert f"--root 'nsu={NAMESPACE};s=FM600'  FM600" in told
    assert (tmp_path / "two" / "shell.json").is_file()


def test_a_folder_that_propose_did_not_write_is_not_touched(
    machine: CompanionMachine, tmp_path: Path
) -> None:
    (tmp_path / "plant.yaml").write_text("mine")

    told = run(tmp_path, "opcua", "propose", machine.url, "-o", ".", code=2)

    assert "there is a plant.yaml already that propose did not write" in told
    assert [each.name for each in tmp_path.iterdir() if each.name != "data"] == ["plant.yaml"]

"""The service starts without waiting, tells each problem once, and shows how connections fare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from aas_server.bindings.service import BindingService
from aas_server.bindings.status import STATUS_ID
from aas_server.live.values import Quality
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import MachineProcess, Plant, row, running, until


def status_of(plant: Plant) -> dict[str, Any]:
    """What the generated submodel says of the connection: idShort to value or children."""
    document = plant.repository.submodels.cached(STATUS_ID)
    assert document is not None
    (connection,) = document.tree()["submodelElements"]
    return {element["idShort"]: element.get("value") for element in connection["value"]}


async def good(plant: Plant, path: str) -> None:
    await until(lambda: plant.live(path).quality is Quality.GOOD)


async def test_it_starts_when_no_machine_is_there_and_says_so(tmp_path: Path) -> None:
    plant = Plant("opc.tcp://127.0.0.1:1/none", [row("Speed")], tmp_path)
    async with running(plant):
        assert status_of(plant)["State"] == "connecting"

        await until(lambda: status_of(plant)["State"] == "disconnected")

        assert "nothing listens" in status_of(plant)["LastError"]
        assert plant.metric("aas_binding_connection_up") == 0


async def test_the_status_submodel_follows_the_connection_and_names_failing_bindings(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    rows = [row("Speed"), row("Nowhere")]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await until(lambda: status_of(plant)["State"] == "connected")
        await until(lambda: status_of(plant)["BindingsFailing"] is not None)
        assert status_of(plant)["BindingsOk"] == "1"
        assert plant.metric("aas_binding_connection_up") == 1

        machine.kill()

        await until(lambda: status_of(plant)["State"] == "disconnected")
        assert status_of(plant)["BindingsOk"] == "0"
    assert status_of(plant)["State"] == "stopped"


async def test_a_problem_is_logged_once_and_so_is_its_end(
    machine: MachineProcess, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        plant = Plant(machine.url, [row("Text", "xs:int"), row("Counter", "xs:int")], tmp_path)
        async with running(plant):
            for text in ("a", "b", "c"):
                machine.tell(set="Text", value=text)
                count = plant.live("Counter").value or 0
                await until(lambda count=count: (plant.live("Counter").value or 0) > count + 5)
            machine.tell(set="Text", value="5")
            await until(lambda: plant.live("Text").value == 5)
            await until(lambda: any(line["event"] == "binding works again" for line in logs))

    failed = [line for line in logs if line["event"] == "binding failed"]
    assert [line["sink"] for line in failed] == ["urn:test:data/Text"]
    assert [line["log_level"] for line in failed] == ["warning"]


async def test_an_outage_is_one_warning(make_machine: MachineFactory, tmp_path: Path) -> None:
    machine = make_machine()
    with capture_logs() as logs:
        async with running(Plant(machine.url, [row("Speed")], tmp_path)) as plant:
            await good(plant, "Speed")
            machine.kill()
            await until(lambda: plant.live("Speed").quality is Quality.BAD)
            await until(lambda: "nothing listens" in (status_of(plant).get("LastError") or ""))
            machine.start()
            await good(plant, "Speed")

    warnings = [line for line in logs if line["log_level"] == "warning"]
    assert [line["event"] for line in warnings] == ["no connection to machine"]


async def test_a_row_that_cannot_be_planned_is_told_and_the_others_work(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = [row("Speed"), row("Feed", unit={"from": "mm", "to": "kg"})]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await good(plant, "Speed")

        (failing,) = plant.service.reports()[0].bindings_failing
        assert failing.sink == "urn:test:data/Feed"


async def test_stopping_twice_or_before_the_start_is_fine(tmp_path: Path) -> None:
    plant = Plant("opc.tcp://127.0.0.1:1/none", [row("Speed")], tmp_path)
    await plant.load()

    await plant.service.stop()
    await plant.service.start()
    await plant.service.stop()
    await plant.service.stop()

    assert isinstance(plant.service, BindingService)
    assert status_of(plant)["State"] == "stopped"

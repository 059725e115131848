"""The service starts without waiting, tells each problem once, and shows how connections fare."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aas_server.bindings import service
from aas_server.bindings.metrics import CONVERSION
from aas_server.bindings.service import BindingService
from aas_server.bindings.status import STATUS_ID
from aas_server.live.values import Quality
from aas_server.metamodel.tree import resolve
from aas_server.repository.collection import Filter
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import MachineProcess, Plant, row, running, until


def status_of(plant: Plant) -> dict[str, Any]:
    """What the generated submodel says of the connection: idShort to value or children."""
    document = plant.repository.submodels.cached(STATUS_ID)
    assert document is not None
    (connection,) = document.tree()["submodelElements"]
    return {element["idShort"]: element.get("value") for element in connection["value"]}


def bindings_of(plant: Plant) -> dict[str, dict[str, str]]:
    """What it says of each binding, in its order: by the idShort of the sink."""
    shown = [
        {element["idShort"]: element["value"] for element in binding["value"]}
        for binding in status_of(plant)["Bindings"]
    ]
    return {each["Sink"].rpartition("/")[2]: each for each in shown}


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


async def test_each_binding_is_shown_with_its_quality_its_last_update_and_its_errors(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = [row("Counter", "xs:int"), row("Text", "xs:int"), row("Nowhere")]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await good(plant, "Counter")
        for text in ("a", "b"):
            machine.tell(set="Text", value=text)
            await until(lambda: plant.metric("aas_binding_values_dropped_total", reason=CONVERSION))
            count = plant.live("Counter").value
            await until(lambda count=count: plant.live("Counter").value > count + 5)
        asked = datetime.now(UTC)
        await until(
            lambda: datetime.fromisoformat(bindings_of(plant)["Counter"]["LastUpdate"]) > asked
        )

        shown = bindings_of(plant)

    assert list(shown)[-1] == "Counter", "what fails comes first"
    assert (shown["Counter"]["Quality"], shown["Counter"]["StatusCode"]) == ("good", "Good")
    assert shown["Counter"]["Errors"] == "0"
    assert "Problem" not in shown["Counter"]
    assert shown["Counter"]["Origin"] == "plant file"
    assert (shown["Text"]["Quality"], shown["Text"]["StatusCode"]) == (
        "bad",
        "BadConfigurationError",
    )
    assert int(shown["Text"]["Errors"]) >= 2
    assert "xs:int" in shown["Text"]["Problem"]
    assert (shown["Nowhere"]["Quality"], shown["Nowhere"]["StatusCode"]) == (
        "bad",
        "BadNodeIdUnknown",
    )
    assert shown["Nowhere"]["Errors"] == "1"
    assert datetime.fromisoformat(shown["Nowhere"]["ProblemSince"]) < asked


async def test_the_age_of_the_last_sign_of_life_grows_while_a_machine_is_frozen(
    make_machine: MachineFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SHOWN_FOR", 0.05)
    machine = make_machine()
    async with running(Plant(machine.url, [row("Speed")], tmp_path)) as plant:
        await until(lambda: status_of(plant)["State"] == "connected")
        await asyncio.sleep(1)  # a few keep-alives: the value itself never changes
        assert float(status_of(plant)["KeepAliveAge"]) < 0.8
        assert plant.metric("aas_binding_keep_alive_age_seconds") < 0.8

        machine.freeze()

        await until(lambda: float(status_of(plant)["KeepAliveAge"]) > 1.5)
        assert plant.metric("aas_binding_keep_alive_age_seconds") > 1.4
        machine.thaw()
        await until(lambda: status_of(plant)["Sessions"] == "2")
        await until(lambda: plant.metric("aas_binding_reconnects_total") == 1)


async def test_a_reader_gets_a_new_status_but_not_with_every_read(
    machine: MachineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SHOWN_FOR", 3600.0)
    async with running(Plant(machine.url, [row("Speed")], tmp_path)) as plant:
        await until(lambda: status_of(plant)["State"] == "connected")
        await asyncio.sleep(0.3)  # until nothing of the start is left to be told
        submodels = plant.repository.submodels
        first = submodels.cached(STATUS_ID)
        await asyncio.sleep(0.3)  # some keep-alives
        assert submodels.cached(STATUS_ID) is first
        (listed,) = (
            each
            for each in (await submodels.page(Filter(), limit=10)).documents
            if each.id == STATUS_ID
        )
        assert listed is first

        monkeypatch.setattr(service, "SHOWN_FOR", 0.0)

        await until(lambda: submodels.cached(STATUS_ID) is not first)


async def test_metrics_tell_how_the_connection_and_its_bindings_fare(
    machine: MachineProcess, tmp_path: Path
) -> None:
    before = time.time()
    rows = [row("Speed"), row("Counter", "xs:int"), row("Nowhere")]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await good(plant, "Speed")
        await good(plant, "Counter")
        await until(lambda: plant.metric("aas_binding_connection_up") == 1)

        assert plant.metric("aas_binding_bindings", state="ok") == 2
        assert plant.metric("aas_binding_bindings", state="failing") == 1
        assert plant.metric("aas_binding_values", quality="good") == 2
        assert plant.metric("aas_binding_values", quality="uncertain") == 0
        assert plant.metric("aas_binding_values", quality="bad") == 1
        since = plant.metric("aas_binding_connection_since_timestamp_seconds")
        assert before <= since <= time.time()
    assert plant.metric("aas_binding_connection_up") == 0


async def test_a_row_of_an_unknown_connection_is_shown_too(
    machine: MachineProcess, tmp_path: Path
) -> None:
    rows = [row("Speed"), {**row("Feed"), "connection": "machin"}]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        document = plant.repository.submodels.cached(STATUS_ID)
        assert document is not None
        tree = document.tree()

    (problem,) = (
        element["value"]
        for element in resolve(tree, ("WithoutConnection", "Bindings", 0))["value"]
        if element["idShort"] == "Problem"
    )
    assert "machin" in problem


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

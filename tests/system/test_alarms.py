"""Alarms of a machine of another stack in a list: they come, change, are acknowledged and end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.opcua.alarms import CUT_LIST
from aas_server.bindings.wanted import Wanted
from aas_server.errors import BadRequest, DeviceFailed, DeviceUnreachable, NotAllowed
from aas_server.live.shapes import ABSENT
from aas_server.live.values import BAD_NO_COMMUNICATION, GOOD, Quality
from tests.bindings.opcua.plant import SUBMODEL, Plant, row, running, until
from tests.support.cable import Cable
from tests.system.tank import NAMESPACE, Tank, node


def prop(name: str, value_type: str = "xs:string") -> dict[str, Any]:
    return {"modelType": "Property", "idShort": name, "valueType": value_type}


def texts(name: str) -> dict[str, Any]:
    return {"modelType": "MultiLanguageProperty", "idShort": name}


ALARM = {
    "modelType": "SubmodelElementCollection",
    "value": [
        prop("ConditionId"),
        prop("BranchId"),
        prop("EventId", "xs:base64Binary"),
        prop("ConditionName"),
        prop("SourceName"),
        texts("Message"),
        prop("Severity", "xs:unsignedShort"),
        prop("Time", "xs:dateTime"),
        prop("Active", "xs:boolean"),
        prop("Acknowledged", "xs:boolean"),
        prop("Confirmed", "xs:boolean"),
        texts("Comment"),
    ],
}
ACTIVE_ALARMS = {
    "modelType": "SubmodelElementList",
    "idShort": "ActiveAlarms",
    "typeValueListElement": "SubmodelElementCollection",
    "value": [ALARM],
}
ROW = {
    "connection": "machine",
    "sink": {"submodel": SUBMODEL, "path": "ActiveAlarms"},
}


@pytest.fixture(scope="module")
def tank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tank]:
    with Tank(tmp_path_factory.mktemp("tank")) as tank:
        yield tank


@pytest.fixture
async def calm(tank: Tank) -> Tank:
    """The tank without alarms."""
    await tank.set(Level=50.0, Pressure=50.0)
    return tank


def operation(name: str, *inputs: dict[str, Any]) -> dict[str, Any]:
    variables = [{"value": each} for each in inputs]
    return {"modelType": "Operation", "idShort": name, "inputVariables": variables}


OPTIONAL = [{"type": "SMT/Cardinality", "valueType": "xs:string", "value": "ZeroToOne"}]
ACKNOWLEDGE = operation(
    "Acknowledge",
    {**prop("ConditionId"), "qualifiers": OPTIONAL},
    {**prop("EventId", "xs:base64Binary"), "qualifiers": OPTIONAL},
    {**prop("Index", "xs:int"), "qualifiers": OPTIONAL},
    {**texts("Comment"), "qualifiers": OPTIONAL},
)
CONFIRM = operation("Confirm", prop("ConditionId"), {**prop("BranchId"), "qualifiers": OPTIONAL})
COMMENT = operation("AddComment", prop("ConditionId"), prop("Comment"))
ACTIONS = {
    "acknowledge": {"submodel": SUBMODEL, "path": "Acknowledge"},
    "confirm": {"submodel": SUBMODEL, "path": "Confirm"},
    "addComment": {"submodel": SUBMODEL, "path": "AddComment"},
}
ELEMENTS = (ACTIVE_ALARMS, ACKNOWLEDGE, CONFIRM, COMMENT)
LEVEL = f"nsu={NAMESPACE};s=Tank.LevelAlarm"


def plant_of(tank: Tank, folder: Path, url: str = "", **row: Any) -> Plant:
    alarms = [{**ROW, **ACTIONS, **row}]
    return Plant(url or tank.url, [], folder, elements=ELEMENTS, alarms=alarms)


def alarms(plant: Plant) -> list[dict[str, Any]]:
    """The alarms that are shown, each without what it does not have."""
    value = plant.live("ActiveAlarms").value or []
    return [{name: each for name, each in alarm.items() if each is not ABSENT} for alarm in value]


def names(plant: Plant) -> list[str]:
    return [each["ConditionName"] for each in alarms(plant)]


async def shown(plant: Plant) -> None:
    await until(lambda: plant.live("ActiveAlarms").quality is Quality.GOOD)


async def test_alarms_come_change_and_go(calm: Tank, tmp_path: Path) -> None:
    async with running(plant_of(calm, tmp_path)) as plant:
        await shown(plant)
        assert alarms(plant) == []

        await calm.set(Level=85.0, Pressure=95.0)
        await until(lambda: names(plant) == ["PressureAlarm", "LevelAlarm"])
        level = alarms(plant)[1]
        assert {name: level[name] for name in ("ConditionId", "Severity", "Active")} == {
            "ConditionId": LEVEL,
            "Severity": 400,
            "Active": True,
        }
        assert level["Acknowledged"] is False
        assert level["Message"] == [{"language": "und", "text": "LevelAlarm High at 85.000"}]
        document = await plant.repository.submodels.get(SUBMODEL)
        first = document.tree()["submodelElements"][0]["value"][0]["value"]
        assert {"modelType": "Property", "idShort": "ConditionName", "valueType": "xs:string"} | {
            "value": "PressureAlarm"
        } in first

        await calm.set(Level=95.0)
        await until(lambda: [each["Severity"] for each in alarms(plant)] == [900, 900])
        assert names(plant) == ["LevelAlarm", "PressureAlarm"]


async def test_alarms_are_acknowledged_confirmed_and_commented(calm: Tank, tmp_path: Path) -> None:
    async with running(plant_of(calm, tmp_path)) as plant:
        await shown(plant)
        await calm.set(Level=85.0)
        await until(lambda: names(plant) == ["LevelAlarm"])
        first = alarms(plant)[0]["EventId"]

        await plant.invoke("AddComment", ConditionId=LEVEL, Comment="on my way")
        await until(lambda: alarms(plant)[0].get("Comment"))
        assert alarms(plant)[0]["Comment"] == [{"language": "und", "text": "on my way"}]

        await plant.invoke("Acknowledge", Index=0, Comment=[{"en": "seen"}])
        await until(lambda: alarms(plant)[0]["Acknowledged"])
        assert alarms(plant)[0]["Comment"] == [{"language": "en", "text": "seen"}]

        with pytest.raises(DeviceFailed, match="BadEventIdUnknown"):
            await plant.invoke("Acknowledge", ConditionId=LEVEL, EventId="AAAA")
        with pytest.raises(BadRequest, match="none of the active conditions"):
            await plant.invoke("Acknowledge", EventId="AAAA")
        with pytest.raises(BadRequest, match="has 1 conditions"):
            await plant.invoke("Acknowledge", Index=1)
        with pytest.raises(BadRequest, match="which condition is meant"):
            await plant.invoke("Acknowledge")

        await plant.invoke("Confirm", ConditionId=LEVEL)
        await until(lambda: alarms(plant) == [])
        assert first


async def test_a_state_that_nobody_acknowledged_stays_as_a_branch(
    calm: Tank, tmp_path: Path
) -> None:
    async with running(plant_of(calm, tmp_path)) as plant:
        await shown(plant)
        await calm.set(Level=85.0)
        await until(lambda: names(plant) == ["LevelAlarm"])
        await calm.set(Level=50.0)
        await until(lambda: [each for each in alarms(plant) if "BranchId" in each])

        (branch,) = alarms(plant)
        event = branch["EventId"]
        await plant.invoke("Acknowledge", EventId=event)
        await until(lambda: alarms(plant) and alarms(plant)[0]["Acknowledged"])
        await plant.invoke("Confirm", ConditionId=LEVEL, BranchId=branch["BranchId"])
        await until(lambda: alarms(plant) == [])


async def test_alarms_that_ended_during_an_outage_go_when_the_machine_has_told_all(
    calm: Tank, tmp_path: Path
) -> None:
    async with Cable(calm.port) as cable:
        plant = plant_of(calm, tmp_path, url=calm.through(cable))
        async with running(plant):
            await shown(plant)
            await calm.set(Level=95.0, Pressure=85.0)
            await until(lambda: len(alarms(plant)) == 2)

            await cable.cut()
            await until(lambda: plant.live("ActiveAlarms").quality is Quality.BAD)
            assert plant.live("ActiveAlarms").status_code == BAD_NO_COMMUNICATION
            assert len(alarms(plant)) == 2
            with pytest.raises(DeviceUnreachable):
                await plant.invoke("Confirm", ConditionId=LEVEL)

            seen: list[tuple[Quality, int]] = []
            plant.hub.add_listener(
                lambda points: seen.extend(
                    (p.current.quality, len(p.current.value)) for p in points
                )
            )
            await calm.set(Pressure=50.0)
            await cable.mend()
            await until(lambda: plant.live("ActiveAlarms").quality is Quality.GOOD)
            assert names(plant) == ["LevelAlarm"]
            assert (Quality.GOOD, 2) not in seen


async def test_what_happened_during_an_outage_is_read_from_the_memory_of_the_machine(
    tank: Tank, tmp_path: Path
) -> None:
    settings = {"samplingInterval": "10ms", "queueSize": 100, "history": {}}
    ticks = row("Ticks", "xs:unsignedInt", node=node("Ticks"), **settings)
    async with (
        Cable(tank.port) as cable,
        running(Plant(tank.through(cable), [ticks], tmp_path)) as plant,
    ):
        point = plant.repository.live_point(SUBMODEL, ("Ticks",))
        assert point is not None
        samples = point.samples
        assert samples is not None
        await until(lambda: len(samples) > 3)
        await cable.cut()
        await until(lambda: plant.live("Ticks").quality is Quality.BAD)
        await asyncio.sleep(0.5)
        await cable.mend()
        (gap,) = await until(lambda: samples.gaps)
        await until(lambda: not samples.gaps)

        counts = [each.value for each in samples.window(gap.start, gap.end, 10_000).items]
        assert len(counts) > 10
        assert counts == list(range(counts[0], counts[-1] + 1))


async def test_what_is_not_severe_enough_or_too_much_is_left_out(
    calm: Tank, tmp_path: Path
) -> None:
    async with running(plant_of(calm, tmp_path, minimumSeverity=500, limit=1)) as plant:
        await shown(plant)
        await calm.set(Level=85.0, Pressure=95.0)
        await until(lambda: names(plant) == ["PressureAlarm"])
        assert plant.live("ActiveAlarms").status_code == GOOD

        await calm.set(Level=95.0)
        await until(lambda: names(plant) == ["LevelAlarm"])
        assert plant.live("ActiveAlarms").status_code == CUT_LIST
        assert "1 more" in (plant.service.bindings[0].note or "")

        await calm.set(Level=85.0)
        await until(lambda: names(plant) == ["PressureAlarm"])
        assert plant.live("ActiveAlarms").status_code == GOOD


async def test_lists_come_and_go_while_the_connection_stands(calm: Tank, tmp_path: Path) -> None:
    plant = plant_of(calm, tmp_path)
    async with running(plant):
        await shown(plant)
        await calm.set(Level=85.0)
        await until(lambda: names(plant) == ["LevelAlarm"])
        rows = plant.service._plant_file

        plant.service._plant_file = Wanted(rows.connections)
        await plant.service.replan()
        assert plant.hub.group(SUBMODEL) is None
        with pytest.raises(NotAllowed):
            await plant.invoke("Confirm", ConditionId=LEVEL)

        plant.service._plant_file = rows
        await plant.service.replan()
        await until(lambda: names(plant) == ["LevelAlarm"])

"""The plan: rows that work are registered, rows that do not say what to do, none stops another."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.bindings.binding import Binding
from aas_server.bindings.plan import Plan
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.wanted import Wanted
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import SIGNAL_SEMANTIC_ID, Facet
from aas_server.live.values import GOOD, LiveValue, Quality
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.support.clock import START, FakeClock

SUBMODEL = "urn:demo-plant:mill:OperationalData"


class Writer:
    """Takes what clients write."""

    async def write(self, point: LivePoint, value: Any) -> None:
        pass


def prop(id_short: str, value_type: str = "xs:double") -> dict[str, Any]:
    return {"modelType": "Property", "idShort": id_short, "valueType": value_type}


def collection(id_short: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {
        "modelType": "SubmodelElementCollection",
        "idShort": id_short,
        "value": list(children),
    }


def signal(id_short: str) -> dict[str, Any]:
    keys = [{"type": "GlobalReference", "value": SIGNAL_SEMANTIC_ID}]
    return {
        **collection(
            id_short,
            prop("Value"),
            prop("Quality", "xs:string"),
            prop("StatusCode", "xs:unsignedInt"),
            prop("SourceTimestamp", "xs:dateTime"),
            prop("ReceivedTimestamp", "xs:dateTime"),
        ),
        "semanticId": {"type": "ExternalReference", "keys": keys},
    }


SUBMODEL_TREE = {
    "modelType": "Submodel",
    "id": SUBMODEL,
    "submodelElements": [
        collection("Signals", signal("DriveSpeed"), signal("Vibration")),
        collection(
            "State",
            prop("OperatingState", "xs:string"),
            {"modelType": "MultiLanguageProperty", "idShort": "Text"},
        ),
        collection("Counters", prop("CycleCount", "xs:unsignedLong")),
        {
            "modelType": "SubmodelElementList",
            "idShort": "Temperatures",
            "value": [{"modelType": "Property", "valueType": "xs:double"}],
        },
        {"modelType": "File", "idShort": "Manual", "contentType": "application/pdf"},
        {
            "modelType": "SubmodelElementList",
            "idShort": "Jobs",
            "typeValueListElement": "SubmodelElementCollection",
        },
    ],
}


@pytest.fixture
async def model(repository: Repository) -> Repository:
    await repository.add_missing([(Kind.SUBMODEL, SUBMODEL_TREE)], actor="test")
    return repository


def row(path: str, **keys: Any) -> dict[str, Any]:
    submodel = keys.pop("submodel", SUBMODEL)
    return {
        "connection": "mill",
        "node": f"nsu=urn:x;s={path}",
        "sink": {"submodel": submodel, "path": path},
        **keys,
    }


def plant(*rows: dict[str, Any]) -> PlantFile:
    connections = {"mill": {"url": "opc.tcp://127.0.0.1:4840"}}
    return PlantFile.model_validate({"version": 1, "connections": connections, "bindings": rows})


async def planned(model: Repository, hub: LiveHub, *rows: dict[str, Any]) -> list[Binding]:
    plan = Plan(model, hub, lambda binding: None)
    await plan.update(Wanted.of_plant(plant(*rows)))
    return list(plan.bindings)


async def problem(model: Repository, hub: LiveHub, *rows: dict[str, Any]) -> str:
    binding = (await planned(model, hub, *rows))[-1]
    assert binding.point is None
    assert binding.problem is not None
    return binding.problem


async def test_a_row_that_works_is_resolved_compiled_and_registered(model, hub):
    unit = {"from": "1/min", "to": "1/s"}
    (binding,) = await planned(model, hub, row("Signals.DriveSpeed", unit=unit))
    assert binding.problem is None
    assert binding.sink is not None
    assert binding.sink.name == f"{SUBMODEL}/Signals.DriveSpeed.Value"
    assert binding.sink_name == f"{SUBMODEL}/Signals.DriveSpeed"
    assert binding.conversion is not None
    assert binding.conversion.to_sink(90.0) == 1.5
    path = ("Signals", "DriveSpeed", "Value")
    assert hub.find(SUBMODEL, path) == (binding.point, Facet.VALUE)
    assert hub.find(SUBMODEL, (*path[:2], "Quality")) == (binding.point, Facet.QUALITY)


async def test_a_planned_value_shows_in_the_document(model, hub):
    (binding,) = await planned(model, hub, row("Counters.CycleCount"))
    assert binding.conversion is not None
    assert binding.point is not None
    value = binding.conversion.to_sink(2**64 - 1)
    hub.apply([(binding.point, LiveValue(value, Quality.GOOD, GOOD, START, START))])
    assert b'"value":"18446744073709551615"' in (await model.submodels.get(SUBMODEL)).body()


async def test_bindings_come_in_the_order_of_the_rows_and_one_bad_row_stops_no_other(model, hub):
    bindings = await planned(
        model,
        hub,
        row("Signals.DriveSpeed"),
        row("Signals.Nothing"),
        row("Signals.Vibration", unit={"from": "kg", "to": "m"}),
        row("State.OperatingState"),
    )
    assert [binding.problem is None for binding in bindings] == [True, False, False, True]
    assert [binding.settings.sink.path for binding in bindings] == [
        "Signals.DriveSpeed",
        "Signals.Nothing",
        "Signals.Vibration",
        "State.OperatingState",
    ]


async def test_a_row_that_fails_leaves_the_element_to_the_next_one(model, hub):
    bindings = await planned(
        model,
        hub,
        row("Signals.Vibration", unit={"from": "kg", "to": "m"}),
        row("Signals.Vibration"),
    )
    assert [binding.problem is None for binding in bindings] == [False, True]


@pytest.mark.parametrize(
    ("path", "keys", "told"),
    [
        (
            "Signals.DriveSped",
            {},
            "the submodel has no element 'Signals.DriveSped', did you mean 'DriveSpeed'?",
        ),
        (
            "Sigals.DriveSpeed.Value",
            {},
            "the submodel has no element 'Sigals', did you mean 'Signals'?",
        ),
        ("Counters.CycleCount.X", {}, "the submodel has no element 'Counters.CycleCount.X'"),
        ("Temperatures[1]", {}, "the submodel has no element 'Temperatures[1]'"),
        ("Signals..X", {}, "'Signals..X' is no idShortPath"),
        ("Manual", {}, "a File cannot take a live value"),
        ("Jobs", {}, "Jobs: the list has no item that shows what"),
        (
            "State.OperatingState",
            {"submodel": "urn:demo-plant:mil:OperationalData"},
            f"no submodel 'urn:demo-plant:mil:OperationalData', did you mean '{SUBMODEL}'?",
        ),
        ("State.OperatingState", {"scale": {"factor": 2}}, "unit and scale calculate with numbers"),
        ("Signals.DriveSpeed", {"unit": {"from": "rpm", "to": "1/s"}}, "write 'turn/s'"),
        ("State.Text", {"connection": "mil"}, "unknown connection 'mil', did you mean 'mill'?"),
        ("Counters.CycleCount", {"enumeration": "device"}, "the sink is xs:unsignedLong"),
    ],
)
async def test_a_row_that_cannot_be_planned_says_what_to_do(model, hub, path, keys, told):
    assert told in await problem(model, hub, row(path, **keys))


async def test_of_two_rows_for_one_element_the_second_names_the_first(model, hub):
    told = await problem(model, hub, row("Signals.DriveSpeed"), row("Signals.DriveSpeed.Value"))
    assert told == (
        "Signals.DriveSpeed.Value is already fed by 'nsu=urn:x;s=Signals.DriveSpeed' of 'mill' "
        "(plant file): remove one of the two"
    )


async def test_an_element_that_another_source_feeds_is_a_problem_too(model, hub):
    await planned(model, hub, row("Signals.DriveSpeed"))
    told = await problem(model, hub, row("Signals.DriveSpeed"))
    assert told.endswith("another binding already feeds this element")


async def test_a_generated_submodel_takes_no_machines_values(model, hub):
    generated = {**SUBMODEL_TREE, "id": "urn:aas-server:AssetConnectionStatus"}
    model.put_generated(generated)
    told = await problem(model, hub, row("Counters.CycleCount", submodel=generated["id"]))
    assert told == (
        "the submodel 'urn:aas-server:AssetConnectionStatus' is generated by the server: "
        "no machine can feed it"
    )


async def test_an_element_of_a_list_can_be_fed(model, hub):
    (binding,) = await planned(model, hub, row("Temperatures[0]"))
    assert hub.find(SUBMODEL, ("Temperatures", 0)) == (binding.point, Facet.VALUE)


async def test_only_rows_with_read_write_get_a_writer(model, hub):
    asked: list[str] = []
    writer = Writer()

    def writers(binding: Binding) -> Writer:
        assert binding.conversion is not None
        asked.append(binding.settings.sink.path)
        return writer

    rows = [row("Signals.DriveSpeed", direction="readWrite"), row("Signals.Vibration")]
    plan = Plan(model, hub, writers)
    await plan.update(Wanted.of_plant(plant(*rows)))
    bindings = plan.bindings
    assert asked == ["Signals.DriveSpeed"]
    points = [binding.point for binding in bindings]
    assert [point is not None and point.writer for point in points] == [writer, None]


async def test_a_thousand_wrong_rows_are_planned_at_once(model, hub):
    rows = [row("A.B", submodel=f"urn:nowhere:{number % 3}") for number in range(1000)]
    assert all(binding.problem for binding in await planned(model, hub, *rows))


class TestBinding:
    @pytest.fixture
    def binding(self, clock: FakeClock) -> Binding:
        return Binding(plant(row("A.B")).bindings[0], now=clock.now)

    def test_it_names_its_connection_node_and_sink(self, binding):
        names = (binding.connection, binding.source, binding.sink_name)
        assert names == ("mill", "nsu=urn:x;s=A.B", f"{SUBMODEL}/A.B")
        assert "ok" in repr(binding)

    def test_a_problem_is_news_once(self, binding):
        changes = [binding.set_problem(text) for text in (None, "a", "a", "b", None, None)]
        assert changes == [False, True, False, True, True, False]

    def test_it_remembers_since_when_it_does_not_work(self, binding, clock):
        clock.advance(1)
        binding.set_problem("the node is gone")
        clock.advance(1)
        binding.set_problem("the node is still gone")
        assert binding.problem_since == START + 1_000_000
        binding.set_problem(None)
        assert binding.problem_since is None


async def updated(plan: Plan, *rows: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What came and what went with an update, by idShortPath."""
    changes = await plan.update(Wanted.of_plant(plant(*rows)))
    paths = [
        [binding.settings.sink.path for binding in bindings]
        for bindings in (changes.added, changes.removed)
    ]
    return paths[0], paths[1]


async def test_an_update_touches_only_what_differs(model, hub):
    plan = Plan(model, hub, lambda binding: None)
    speed, mode, count = (
        row(path) for path in ("Signals.DriveSpeed", "State.OperatingState", "Counters.CycleCount")
    )
    await updated(plan, speed, mode)
    kept = plan.bindings[0]

    assert await updated(plan, speed, count) == (
        ["Counters.CycleCount"],
        ["State.OperatingState"],
    )

    assert plan.bindings[0] is kept
    assert hub.find(SUBMODEL, ("State", "OperatingState")) is None
    assert hub.find(SUBMODEL, ("Counters", "CycleCount")) is not None


async def test_a_row_that_reads_differently_takes_the_place_of_the_old_one(model, hub):
    plan = Plan(model, hub, lambda binding: None)
    await updated(plan, row("Signals.DriveSpeed"))
    (old,) = plan.bindings

    changed = row("Signals.DriveSpeed", scale={"factor": 2})
    assert await updated(plan, changed) == (["Signals.DriveSpeed"], ["Signals.DriveSpeed"])

    (new,) = plan.bindings
    found = hub.find(SUBMODEL, ("Signals", "DriveSpeed", "Value"))
    assert found == (new.point, Facet.VALUE)
    assert new.point is not old.point


async def test_an_element_goes_to_the_next_row_when_the_first_is_gone(model, hub):
    plan = Plan(model, hub, lambda binding: None)
    first = row("Counters.CycleCount")
    second = row("Counters.CycleCount", node="nsu=urn:x;s=other")
    await updated(plan, first, second)
    assert [binding.problem is None for binding in plan.bindings] == [True, False]

    await updated(plan, second)

    (binding,) = plan.bindings
    assert binding.problem is None
    assert hub.find(SUBMODEL, ("Counters", "CycleCount")) == (binding.point, Facet.VALUE)


async def test_a_row_works_as_soon_as_its_submodel_is_there_and_no_longer(model, hub):
    plan = Plan(model, hub, lambda binding: None)
    later = row("Level", submodel="urn:later")
    await updated(plan, later)
    assert "there is no submodel" in (plan.bindings[0].problem or "")

    tree = {"modelType": "Submodel", "id": "urn:later", "submodelElements": [prop("Level")]}
    await model.add_missing([(Kind.SUBMODEL, tree)], actor="test")
    assert await updated(plan, later) == (["Level"], ["Level"])
    assert plan.bindings[0].problem is None

    await model.change(lambda unit: unit.delete(Kind.SUBMODEL, "urn:later"), actor="test")
    assert await updated(plan, later) == (["Level"], ["Level"])
    assert hub.group("urn:later") is None


async def test_a_row_goes_with_the_connections_of_its_protocol_only(model, hub):
    topic = {"connection": "mill", "topic": "a/b", "sink": row("Counters.CycleCount")["sink"]}
    assert "speaks OPC UA" in await problem(model, hub, topic)

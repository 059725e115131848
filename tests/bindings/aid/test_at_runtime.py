"""What submodels describe is bound as long as they say so, without a connection made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings import replanning
from aas_server.bindings.status import STATUS_ID
from aas_server.live.values import Quality
from aas_server.repository import log_follower
from aas_server.store.protocol import Kind
from tests.bindings.aid.described import DATA, Described, data, running
from tests.bindings.aid.documents import (
    AID_ID,
    AID_VERSIONS,
    AIMC_ID,
    AIMC_VERSIONS,
    Node,
    definition,
    description,
    form,
    interface,
    mapping,
    pair,
    prop,
    reference,
)
from tests.bindings.opcua.plant import MachineProcess, node, until
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

CONNECTION = f"{AID_ID}/Machine"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replanning, "DEBOUNCE", 0.02)
    monkeypatch.setattr(replanning, "LOOK", 0.05)


def aid(machine: MachineProcess, *names: str, **nodes: str) -> Node:
    hrefs = {name: node(name) for name in names} | {key: node(nodes[key]) for key in nodes}
    properties = [definition(name, form(f"/?id={href}")) for name, href in hrefs.items()]
    return description(interface("Machine", machine.url, *properties))


def aimc(*names: str, version: str = "2.0", **more: Any) -> Node:
    return mapping(
        *(pair(["Machine", name], DATA, name) for name in names), version=version, **more
    )


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.1"), ("1.0.1", "1.0"), ("2.0", "1.0.1")])
async def test_whatever_their_versions_submodels_bring_values(
    one: str, other: str, machine: MachineProcess, tmp_path: Path
) -> None:
    assert one in AIMC_VERSIONS
    assert other in AID_VERSIONS
    async with running(Described(tmp_path)) as server:
        properties = definition("Speed", form(f"/?id={node('Speed')}"), version=other)
        described = description(interface("Machine", machine.url, properties), version=other)

        await server.put(data("Speed"), described, aimc("Speed", version=one))

        assert (await server.good("Speed")).value == 1.5
        assert server.status()[CONNECTION]["State"] == "connected"


async def test_mappings_come_and_go_and_the_connection_stays(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Speed", "Feed", "Counter"), aid(machine, "Speed", "Feed", "Counter"))
        await server.put(aimc("Speed"))
        await server.good("Speed")
        before = machine.tell(subscriptions=True)
        speed = server.hub.find(DATA, ("Speed",))
        assert len(before) >= 1

        await server.put(aimc("Speed", "Feed"))
        await server.good("Feed")
        await server.put(aimc("Speed", "Counter"))
        await server.gone("Feed")
        count = (await server.good("Counter")).value
        await until(lambda: (server.live("Counter") or count).value > count)

        assert machine.tell(subscriptions=True) == before
        assert server.hub.find(DATA, ("Speed",)) == speed
        machine.tell(set="Speed", value=9.5)
        await until(lambda: getattr(server.live("Speed"), "value", None) == 9.5)

        await server.delete(AIMC_ID)
        await server.gone("Speed")
        await until(lambda: machine.tell(subscriptions=True) == [])


async def test_a_node_that_changes_in_the_description_changes_its_element_alone(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("A", "B"), aid(machine, A="Speed", B="Feed"), aimc("A", "B"))
        assert (await server.good("A")).value == 1.5
        await server.good("B")
        before = machine.tell(subscriptions=True), server.hub.find(DATA, ("B",))

        await server.put(aid(machine, A="ReadOnly", B="Feed"))

        await until(lambda: getattr(server.live("A"), "value", None) == 1.0)
        assert (machine.tell(subscriptions=True), server.hub.find(DATA, ("B",))) == before


async def test_a_description_that_goes_takes_its_values_with_it(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Speed"), aid(machine, "Speed"), aimc("Speed"))
        await server.good("Speed")

        await server.delete(AID_ID)
        await server.gone("Speed")
        assert "there is no submodel 'urn:test:aid' here" in server.problems()[f"{DATA}/Speed"]

        await server.put(aid(machine, "Speed"))
        await server.good("Speed")
        assert server.problems() == {}


async def test_a_sink_that_goes_and_comes_back_is_fed_again(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Speed"), aid(machine, "Speed", "Counter"), aimc("Speed", "Counter"))
        await server.good("Speed")
        assert "no element 'Counter'" in server.problems()[f"{DATA}/Counter"]
        before = machine.tell(subscriptions=True)

        await server.delete(DATA)
        await until(lambda: f"{DATA}/Speed" in server.problems())
        await server.put(data("Speed", "Counter"))

        await server.good("Speed")
        await server.good("Counter")
        assert server.problems() == {}
        assert machine.tell(subscriptions=True) == before


async def test_a_sink_that_comes_back_with_another_type_is_fed_as_that(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Count"), aid(machine, "Count"), aimc("Count"))
        assert (await server.good("Count")).value == 7.0
        before = machine.tell(subscriptions=True)

        await server.delete(DATA)
        await server.put(data("Count", value_type="xs:string"))

        await until(lambda: getattr(server.live("Count"), "value", None) == "7")
        assert machine.tell(subscriptions=True) == before


async def test_a_plant_file_s_row_works_once_its_submodel_comes(
    machine: MachineProcess, tmp_path: Path
) -> None:
    plant = {
        "connections": {"m": {"url": machine.url, "publishingInterval": "100ms"}},
        "bindings": [
            {
                "connection": "m",
                "node": node("Speed"),
                "sink": {"submodel": DATA, "path": "Speed"},
            }
        ],
    }
    async with running(Described(tmp_path, plant=plant)) as server:
        assert "there is no submodel" in server.problems()[f"{DATA}/Speed"]

        await server.put(data("Speed"))

        await server.good("Speed")


async def test_the_plant_file_stands_over_what_is_described(
    machine: MachineProcess, tmp_path: Path
) -> None:
    plant = {
        "connections": {"m": {"url": machine.url, "publishingInterval": "100ms"}},
        "bindings": [
            {"connection": "m", "node": node("Speed"), "sink": {"submodel": DATA, "path": "A"}}
        ],
        "overlays": [
            {"aid": AID_ID, "property": "Machine/B", "scale": {"factor": 10}},
        ],
    }
    async with running(Described(tmp_path, plant=plant, hosts=())) as server:
        await server.put(data("A", "B"), aid(machine, A="ReadOnly", B="Feed"), aimc("A", "B"))

        assert (await server.good("B")).value == 25.0
        assert (await server.good("A")).value == 1.5
        assert "already fed by" in server.problems()[f"{DATA}/A"]
        # One session for both.
        assert list(server.status()) == ["m"]


async def test_two_mappings_that_want_one_element_are_told_and_the_first_gets_it(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Speed"), aid(machine, "Speed", "Feed"), aimc("Speed"))
        second = mapping(pair(["Machine", "Feed"], DATA, "Speed"), identifier="urn:test:second")
        await server.good("Speed")

        await server.put(second)
        await until(lambda: "already fed by" in server.problems().get(f"{DATA}/Speed", ""))
        assert (await server.good("Speed")).value == 1.5

        await server.delete(AIMC_ID)
        await until(lambda: getattr(server.live("Speed"), "value", None) == 2.5)


async def test_a_host_that_nobody_allowed_is_never_connected_to(
    machine: MachineProcess, tmp_path: Path
) -> None:
    before = machine.tell(subscriptions=True)
    async with running(Described(tmp_path, hosts=())) as server:
        await server.put(data("Speed"), aid(machine, "Speed"), aimc("Speed"))

        await until(lambda: f"{DATA}/Speed" in server.problems())

        assert "connection_hosts does not allow" in server.problems()[f"{DATA}/Speed"]
        assert machine.tell(subscriptions=True) == before


async def test_templates_describe_nothing(machine: MachineProcess, tmp_path: Path) -> None:
    async with running(Described(tmp_path)) as server:
        template = {**aimc("Speed"), "kind": "Template"}
        await server.put(data("Speed"), aid(machine, "Speed"), template)
        await server.put({**aimc("Feed"), "id": "urn:test:real"})

        await until(lambda: f"{DATA}/Feed" in server.problems())

        assert server.live("Speed") is None


async def test_nothing_is_shown_where_nothing_is_described(tmp_path: Path) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Speed"))

        assert server.repository.submodels.cached(STATUS_ID) is None


async def test_what_another_server_describes_is_bound_here_too(
    machine: MachineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_follower, "POLL", 0.02)
    store = MemoryStore(FakeClock(), is_shared=True)
    here, there = Described(tmp_path / "a", store=store), Described(tmp_path / "b", store=store)
    await there.repository.open()
    async with running(here):
        await there.put(data("Speed"), aid(machine, "Speed"), aimc("Speed"))
        await here.good("Speed")

        await there.delete(AIMC_ID)
        await here.gone("Speed")
    await there.repository.close()


def concept(unit: str) -> Node:
    content = {
        "modelType": "DataSpecificationIec61360",
        "preferredName": [{"language": "en", "text": "Temperature"}],
        "definition": [{"language": "en", "text": "How warm it is."}],
        "dataType": "REAL_MEASURE",
        "unit": unit,
    }
    specification = {
        "dataSpecification": reference("https://admin-shell.io/DataSpecificationIec61360/3/0"),
        "dataSpecificationContent": content,
    }
    return {
        "modelType": "ConceptDescription",
        "id": "urn:test:temperature",
        "embeddedDataSpecifications": [specification],
    }


async def test_units_of_description_and_concept_are_converted_when_both_are_known(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Described(tmp_path)) as server:

        async def tell(unit: str) -> None:
            identifier = "urn:test:temperature"
            await server.repository.put(
                Kind.CONCEPT_DESCRIPTION, identifier, concept(unit), actor="test"
            )

        href = form(f"/?id={node('Speed')}")
        unit = prop("unit", "https://schema.org/unitCode", "CEL")
        meaning = reference("urn:test:temperature")
        await tell("K")
        await server.put(
            data("Speed", semanticId=meaning),
            description(interface("Machine", machine.url, definition("Speed", href, unit))),
            aimc("Speed"),
        )
        assert (await server.good("Speed")).value == pytest.approx(274.65)

        # Another unit of the concept, one that measures something else, one that nobody knows.
        await tell("degF")
        await until(lambda: getattr(server.live("Speed"), "value", None) == pytest.approx(34.7))
        await tell("bar")
        await until(
            lambda: "measure different things" in server.problems().get(f"{DATA}/Speed", "")
        )
        await tell("Grad")
        await until(lambda: getattr(server.live("Speed"), "value", None) == 1.5)


async def test_changes_of_other_submodels_do_not_plan_anything(
    machine: MachineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(Described(tmp_path)) as server:
        await server.put(data("Speed"), aid(machine, "Speed"), aimc("Speed"))
        await server.good("Speed")
        plans: list[int] = []
        work = server.service._plan.update

        async def update(wanted: Any) -> Any:
            plans.append(1)
            return await work(wanted)

        monkeypatch.setattr(server.service._plan, "update", update)

        for number in range(5):
            await server.put(data("X", identifier=f"urn:test:other{number}"))
        await server.put(data("Speed", "Feed"))

        await until(lambda: plans)
        assert plans == [1]
        live = server.live("Speed")
        assert live is not None
        assert live.quality is Quality.GOOD

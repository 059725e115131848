"""Items find their place in subscriptions, whatever the server takes, and no message is missed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aas_server.bindings.opcua.nodes import NodeFacts, Nodes
from aas_server.bindings.opcua.placement import Placement
from aas_server.live.values import Quality
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import MachineProcess, Plant, node, row, running, until

BAD_NODE_ID_UNKNOWN = 0x80340000
BAD_SERVER_HALTED = 0x800E0000
UNCERTAIN_SIMULATED_VALUE = 0x42090000
SEMANTICS_CHANGED = 0x4000
OVERFLOW = 0x480


@pytest.fixture(scope="module")
def started() -> Iterator[MachineProcess]:
    machine = MachineProcess(extra=25).start()
    yield machine
    machine.kill()


@pytest.fixture
def roomy(started: MachineProcess) -> MachineProcess:
    """A machine with more nodes, quiet and with the values it started with."""
    started.tell(tick=False)
    started.tell(reset=True)
    started.tell(state=0)
    started.tell(texts=["Aus", "Ein"])
    return started


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"V{number}" for number in range(first, first + count)]


def all_good(plant: Plant, paths: list[str]) -> bool:
    return all(plant.live(path).quality is Quality.GOOD for path in paths)


async def test_items_fill_as_many_subscriptions_as_the_connection_allows(
    roomy: MachineProcess, tmp_path: Path
) -> None:
    limits = {"itemsPerCall": 4, "itemsPerSubscription": 10}
    rows = [row(name) for name in numbers(25)]
    async with running(Plant(roomy.url, rows, tmp_path, limits=limits)) as plant:
        await until(lambda: all_good(plant, numbers(25)))

        # One more than ten: the item that watches the server itself.
        await until(lambda: sorted(roomy.tell(count="items")) == [5, 10, 11])
        for name in ("V0", "V24"):
            roomy.tell(set=name, value=7.5)
        await until(lambda: [plant.live(name).value for name in ("V0", "V24")] == [7.5, 7.5])


async def test_rows_with_an_interval_of_their_own_share_a_subscription_of_that_interval(
    roomy: MachineProcess, tmp_path: Path
) -> None:
    rows = [row(name) for name in numbers(3)]
    rows += [row(name, publishingInterval="20ms") for name in numbers(3, first=3)]
    async with running(Plant(roomy.url, rows, tmp_path)) as plant:
        await until(lambda: all_good(plant, numbers(6)))

        await until(lambda: sorted(roomy.tell(count="items")) == [3, 4])


async def test_what_the_server_takes_into_no_subscription_is_polled(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(extra=10, maxItems=4)
    rows = [row(name) for name in numbers(10)]
    with capture_logs() as logs:
        async with running(Plant(machine.url, rows, tmp_path)) as plant:
            await until(lambda: all_good(plant, numbers(10)))
            assert sum(machine.tell(count="items")) == 4
            for name in numbers(10):
                machine.tell(set=name, value=2.25)
            await until(lambda: all(plant.live(name).value == 2.25 for name in numbers(10)))
            assert plant.service.reports()[0].bindings_failing == ()

    (told,) = [line for line in logs if "polled" in line["event"]]
    assert told["items"] == 7


async def test_a_machine_that_knows_no_subscriptions_is_polled_and_found_dead_all_the_same(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(extra=2, maxSubscriptions=0)
    rows = [row(name, samplingInterval="100ms") for name in numbers(2)]
    async with running(Plant(machine.url, rows, tmp_path, timeout="500ms")) as plant:
        await until(lambda: all_good(plant, numbers(2)))
        machine.tell(set="V1", value=3.5)
        await until(lambda: plant.live("V1").value == 3.5)

        machine.freeze()
        await until(lambda: plant.live("V1").quality is Quality.BAD, within=3)
        machine.thaw()
        await until(lambda: all_good(plant, numbers(2)))


async def test_one_subscription_serves_all_intervals_where_the_server_has_no_more(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(extra=4, maxSubscriptions=1)
    rows = [row("V0"), row("V1"), *(row(n, publishingInterval="20ms") for n in ("V2", "V3"))]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await until(lambda: all_good(plant, numbers(4)))

        assert machine.tell(count="items") == [5]


async def test_a_message_that_got_lost_is_sent_once_more(
    roomy: MachineProcess, tmp_path: Path
) -> None:
    rows = [row("V0"), row("Counter", "xs:int")]
    async with running(Plant(roomy.url, rows, tmp_path)) as plant:
        await until(lambda: all_good(plant, ["V0", "Counter"]))
        heard: list[float] = []
        found = plant.hub.find("urn:test:data", ("V0",))
        assert found is not None
        found[0].on_sample = lambda live: heard.append(live.value)

        roomy.tell(swallow="message")
        roomy.tell(set="V0", value=1.0)
        await asyncio.sleep(0.25)
        roomy.tell(set="V0", value=2.0)

        await until(lambda: plant.live("V0").value == 2.0)
        assert heard == [1.0, 2.0]
        assert plant.metric("aas_binding_messages_missed_total", result="recovered") == 1
        assert plant.metric("aas_binding_reconnects_total") == 0


async def test_after_a_message_that_is_gone_for_good_the_values_are_asked_for(
    roomy: MachineProcess, tmp_path: Path
) -> None:
    rows = [row("V0"), row("Speed")]
    async with running(Plant(roomy.url, rows, tmp_path)) as plant:
        await until(lambda: all_good(plant, ["V0", "Speed"]))

        roomy.tell(lose="value", of="V0", value=4.5)
        await asyncio.sleep(0.3)
        roomy.tell(set="Speed", value=9.5)

        await until(lambda: plant.live("Speed").value == 9.5)
        await until(lambda: plant.live("V0").value == 4.5)
        assert plant.metric("aas_binding_messages_missed_total", result="lost") >= 1
        assert plant.metric("aas_binding_reconnects_total") == 0


async def test_a_node_that_is_not_where_its_id_says_is_found_by_its_path(
    machine: MachineProcess, tmp_path: Path
) -> None:
    machine.tell(set="Speed", value=1.5)
    path = "/0:Objects/Speed"
    rows = [
        row("Moved", node=node("Elsewhere"), path="Moved", fallbackPath=path),
        row("Lost", node=node("Nowhere"), path="Lost", fallbackPath=path + "/Deeper"),
        row("Feed"),
    ]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        await until(lambda: all_good(plant, ["Moved", "Feed"]))

        assert plant.live("Moved").value == 1.5
        (failing,) = plant.service.reports()[0].bindings_failing
        assert "/Deeper" in failing.problem


async def test_a_node_that_vanishes_is_tried_again_until_it_is_back(
    machine: MachineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[float] = []
    settle = Placement.settle

    async def counted(placement: Placement) -> None:
        settled.append(time.monotonic())
        await settle(placement)

    monkeypatch.setattr(Placement, "settle", counted)
    async with running(Plant(machine.url, [row("Speed"), row("Feed")], tmp_path)) as plant:
        await until(lambda: all_good(plant, ["Speed", "Feed"]))
        machine.tell(set="Speed", value=2.5, status=BAD_NODE_ID_UNKNOWN)

        await until(lambda: plant.live("Speed").quality is Quality.BAD)
        (failing,) = await until(lambda: plant.service.reports()[0].bindings_failing)
        assert "BadNodeIdUnknown" in failing.problem
        assert plant.live("Feed").quality is Quality.GOOD

        machine.tell(set="Speed", value=2.5)
        await until(lambda: all_good(plant, ["Speed"]))
        assert plant.live("Speed").value == 2.5
        await until(lambda: plant.service.reports()[0].bindings_failing == ())
        before = len(settled)
        await asyncio.sleep(0.5)
        assert len(settled) == before


async def test_values_that_the_machine_dropped_are_counted_and_told_once(
    machine: MachineProcess, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        async with running(Plant(machine.url, [row("Speed")], tmp_path)) as plant:
            await until(lambda: all_good(plant, ["Speed"]))
            for value in (5.5, 6.5):
                machine.tell(set="Speed", value=value, status=OVERFLOW)
                await until(lambda value=value: plant.live("Speed").value == value)

            assert plant.live("Speed").status_code == OVERFLOW
            assert plant.live("Speed").quality is Quality.GOOD
            assert plant.metric("aas_binding_values_dropped_total", reason="overflow") == 2

    assert len([line for line in logs if "queueSize" in line["event"]]) == 1


async def test_texts_of_a_node_are_asked_for_again_when_its_meaning_changed(
    roomy: MachineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    take_texts = Nodes.texts

    async def counted(nodes: Nodes, facts: Sequence[NodeFacts]) -> list[dict[int, str]]:
        looks.append(len(facts))
        return await take_texts(nodes, facts)

    monkeypatch.setattr(Nodes, "texts", counted)
    rows = [row("Mode", "xs:string", enumeration="device")]
    async with running(Plant(roomy.url, rows, tmp_path)) as plant:
        await until(lambda: plant.live("Mode").value == "Ein")
        roomy.tell(texts=["off", "on"])
        roomy.tell(set="Mode", value=1, status=SEMANTICS_CHANGED)

        await until(lambda: plant.live("Mode").value == "on")
        # The flag stays with the value; that is no reason to ask again and again.
        await asyncio.sleep(0.5)
        assert looks == [1, 1]


@pytest.mark.parametrize(
    ("state", "code", "quality"),
    [(3, BAD_SERVER_HALTED, Quality.BAD), (5, UNCERTAIN_SIMULATED_VALUE, Quality.UNCERTAIN)],
)
async def test_no_value_is_better_than_the_state_of_the_server_that_sends_it(
    roomy: MachineProcess, tmp_path: Path, state: int, code: int, quality: Quality
) -> None:
    rows = [row("Speed"), row("Counter", "xs:int")]
    async with running(Plant(roomy.url, rows, tmp_path)) as plant:
        await until(lambda: all_good(plant, ["Speed", "Counter"]))

        roomy.tell(state=state)
        await until(lambda: plant.live("Speed").quality is quality)
        received = plant.live("Counter").received_timestamp
        roomy.tell(set="Counter", value=70 + state)
        await until(lambda: plant.live("Counter").received_timestamp != received)
        assert plant.live("Counter").quality is quality
        assert plant.live("Speed").status_code == code

        roomy.tell(state=0)
        await until(lambda: all_good(plant, ["Speed", "Counter"]))
        assert plant.metric("aas_binding_reconnects_total") == 0


async def test_a_deadband_in_percent_that_the_server_does_not_know_costs_no_value(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(refusesDeadbands=True)
    with capture_logs() as logs:
        rows = [row("Speed", deadbandPercent=5), row("Feed")]
        async with running(Plant(machine.url, rows, tmp_path)) as plant:
            await until(lambda: all_good(plant, ["Speed", "Feed"]))
            machine.tell(set="Speed", value=1.75)
            await until(lambda: plant.live("Speed").value == 1.75)

    assert any("deadband" in line["event"] for line in logs)

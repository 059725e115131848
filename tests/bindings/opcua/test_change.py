"""What is bound changes while the connection stands, is away, or is just being made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from asyncua import ua

from aas_server.bindings.opcua.nodes import Nodes
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.live.values import Quality
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.bench import Bench, is_good, shown
from tests.bindings.opcua.plant import MachineProcess, node, until


async def test_bindings_come_and_go_without_disturbing_the_others(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    machine.tell(tick=False)
    bench = Bench(machine.url, tmp_path)
    speed, feed = bench.bind("Speed"), bench.bind("Feed")
    async with bench.running():
        bench.supervisor.change([speed], [])
        await until(lambda: is_good(speed))
        before = shown(speed)

        bench.supervisor.change([feed], [])
        await until(lambda: is_good(feed))
        # The third is the state of the server.
        assert machine.tell(count="items") == [3]

        bench.supervisor.change([], [feed])
        await until(lambda: machine.tell(count="items") == [2])
        kept = shown(feed)
        machine.tell(set="Feed", value=99.0)
        await asyncio.sleep(0.3)
        assert shown(feed) == kept
        assert shown(speed) == before
        assert bench.metric("aas_binding_reconnects_total") == 0


async def test_who_joins_a_node_that_is_bound_already_gets_its_present_value(
    machine: MachineProcess, tmp_path: Path
) -> None:
    bench = Bench(machine.url, tmp_path)
    first = bench.bind("Array", index=0, path="First")
    second = bench.bind("Array", index=1, path="Second")
    bench.supervisor.change([first], [])
    async with bench.running():
        await until(lambda: is_good(first))

        bench.supervisor.change([second], [])

        await until(lambda: is_good(second))
        assert shown(second).value == 20.0


async def test_what_changes_while_the_machine_is_away_holds_when_it_is_back(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    bench = Bench(machine.url, tmp_path)
    speed, feed = bench.bind("Speed"), bench.bind("Feed")
    bench.supervisor.change([speed], [])
    async with bench.running():
        await until(lambda: is_good(speed))
        machine.kill()
        await until(lambda: not bench.is_connected)

        bench.supervisor.change([feed], [speed])
        assert shown(feed).quality is Quality.BAD
        machine.start()

        await until(lambda: is_good(feed))
        assert machine.tell(count="items") == [2]
        assert not is_good(speed)


async def test_what_changes_while_items_are_being_created_holds_as_well(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(extra=100, itemsPerCall=10)
    bench = Bench(machine.url, tmp_path)
    many = [bench.bind(f"V{number}") for number in range(100)]
    bench.supervisor.change(many[:50], [])
    async with bench.running():
        # Whatever the supervisor is at: connecting, looking nodes up, creating, connected.
        for number in range(50):
            bench.supervisor.change([many[50 + number]], [many[number]])
            await asyncio.sleep(0.004)

        await until(lambda: is_good(*many[50:]))
        await until(lambda: machine.tell(count="items") == [51])
        assert bench.metric("aas_binding_reconnects_total") == 0


async def test_a_binding_that_goes_takes_its_failing_item_with_it(
    machine: MachineProcess, tmp_path: Path
) -> None:
    bench = Bench(machine.url, tmp_path)
    speed, wrong = bench.bind("Speed"), bench.bind("Nowhere")
    bench.supervisor.change([speed, wrong], [])
    async with bench.running():
        await until(lambda: wrong.problem is not None and is_good(speed))

        bench.supervisor.change([], [wrong])
        await asyncio.sleep(1.3)  # longer than until the first retry

        assert bench.supervisor.report().bindings_failing == ()
        assert is_good(speed)


class Ear:
    """Hears of the events of the server object and keeps their messages."""

    node = "i=2253"

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.told: list[str] = []

    async def event_filter(self, nodes: Nodes) -> ua.EventFilter:
        clause = ua.SimpleAttributeOperand(
            TypeDefinitionId=ua.NodeId(ua.ObjectIds.BaseEventType),
            BrowsePath=[ua.QualifiedName("Message", 0)],
            AttributeId=ua.AttributeIds.Value,
        )
        return ua.EventFilter(SelectClauses=[clause])

    def admitted(self, refused: Sequence[int]) -> None:
        assert not refused

    async def begun(self, session: OpcUaSession, nodes: Nodes, subscription_id: int) -> None:
        self.told.append("begun")

    def event(self, fields: Sequence[ua.Variant]) -> None:
        text = fields[0].Value.Text
        if text == "nonsense":
            raise ValueError(text)
        self.heard.append(text)

    def ended(self, reason: str) -> None:
        self.told.append(reason)


async def test_a_listener_hears_of_events_in_every_session(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    bench = Bench(machine.url, tmp_path)
    speed, ear = bench.bind("Speed"), Ear()
    bench.supervisor.change([speed], [])
    async with bench.running():
        await until(lambda: is_good(speed))
        bench.supervisor.listen(ear)
        await until(lambda: ear.told == ["begun"])
        for text in ("one", "nonsense", "two"):
            machine.tell(happen=text)
        await until(lambda: ear.heard == ["one", "two"])

        machine.kill()
        await until(lambda: len(ear.told) == 2)
        machine.start()
        await until(lambda: ear.told[2:] == ["begun"])
        machine.tell(happen="three")
        await until(lambda: ear.heard == ["one", "two", "three"])
        assert is_good(speed)


async def test_a_notifier_that_is_not_there_is_told_and_costs_no_value(
    machine: MachineProcess, tmp_path: Path
) -> None:
    bench = Bench(machine.url, tmp_path)
    speed, ear = bench.bind("Speed"), Ear()
    ear.node = node("Nowhere")
    bench.supervisor.listen(ear)
    bench.supervisor.change([speed], [])
    async with bench.running():
        await until(lambda: is_good(speed))
        await until(lambda: ear.told)

        assert "Bad" in ear.told[0]
        assert bench.is_connected

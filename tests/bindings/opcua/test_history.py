"""What a machine remembers fills the gaps of an outage; what it does not is told as a gap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.opcua import history
from aas_server.live.samples import Samples, time_of
from aas_server.metamodel.id_short_path import parse_id_short_path
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import SUBMODEL, MachineProcess, Plant, row, running, until


def kept(plant: Plant, path: str) -> Samples:
    found = plant.hub.find(SUBMODEL, parse_id_short_path(path))
    assert found is not None
    assert found[0].samples is not None
    return found[0].samples


def counting(**settings: Any) -> dict[str, Any]:
    """The counter, of which every single value is told while there is a connection."""
    return row("Counter", "xs:int", queueSize=100, history={}, **settings)


def is_connected(plant: Plant) -> bool:
    return plant.service.reports()[0].state.value == "connected"


async def outage(plant: Plant, machine: MachineProcess) -> None:
    await until(lambda: len(kept(plant, "Counter")) > 3)
    machine.tell(end="subscription")
    await until(lambda: not is_connected(plant))
    await until(lambda: is_connected(plant))


def values(samples: Samples) -> list[Any]:
    return [each.value for each in samples.window(None, None, 10_000).items]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [(history.VALUES_PER_CALL, 10_000), (history.VALUES_PER_CALL, 2), (3, 10_000)],
    ids=["at once", "with continuation points", "cut in silence"],
)
async def test_a_gap_is_filled_with_what_the_machine_remembers(
    make_machine: MachineFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: int,
    answered: int,
) -> None:
    monkeypatch.setattr(history, "VALUES_PER_CALL", asked)
    machine = make_machine(history=["Counter"], historyAnswer=answered)
    async with running(Plant(machine.url, [counting()], tmp_path)) as plant:
        samples = kept(plant, "Counter")
        await outage(plant, machine)
        (gap,) = await until(lambda: samples.gaps)
        assert gap.end > gap.start
        await until(lambda: not samples.gaps)

        shown = values(samples)
        assert shown == list(range(shown[0], shown[0] + len(shown)))
        assert plant.live("Counter").value == shown[-1]
        times = [time_of(each) for each in samples.window(None, None, 10_000).items]
        assert times == sorted(set(times))


async def test_a_node_without_history_works_and_its_gap_says_why_it_stays(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    async with running(Plant(machine.url, [counting()], tmp_path)) as plant:
        samples = kept(plant, "Counter")
        await outage(plant, machine)
        await until(lambda: samples.gaps and "HistoryRead" in samples.gaps[0].reason)

        assert plant.service.reports()[0].bindings_failing == ()
        (binding,) = plant.service.bindings
        assert "HistoryRead" in (binding.note or "")


async def test_a_gap_that_nobody_wants_filled_is_told(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(history=["Counter"])
    rows = [row("Counter", "xs:int", queueSize=100, history={"fill": False})]
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        samples = kept(plant, "Counter")
        await outage(plant, machine)
        await until(lambda: samples.gaps)
        (before, after) = [
            next(each.value for each in samples.window(edge, edge, 1).items)
            for edge in (samples.gaps[0].start, samples.gaps[0].end)
        ]
        assert after > before + 1
        assert samples.gaps[0].reason == "no values came: BadNoCommunication"


async def test_a_gap_with_more_values_than_may_be_read_is_filled_in_part(
    make_machine: MachineFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_VALUES", 3)
    machine = make_machine(history=["Counter"], historyAnswer=3)
    async with running(Plant(machine.url, [counting()], tmp_path)) as plant:
        samples = kept(plant, "Counter")
        await outage(plant, machine)
        (before,) = await until(lambda: samples.gaps)
        await until(lambda: samples.gaps and "remembers more" in samples.gaps[0].reason)

        (gap,) = samples.gaps
        assert before.start < gap.start < gap.end == before.end
        assert len(samples.window(before.start, gap.start, 100).items) == 3

"""What bad devices send: the quality says so, all other values live on, memory stays bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from aas_server.live.values import UNCERTAIN, Quality, status_name
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import MachineProcess, Plant, row, running, until

ROWS = [row("Speed"), row("Text", "xs:string"), row("Counter", "xs:int")]
TEN_MEGABYTES = 10 * 1024 * 1024
GROWTH = 128 * 1024 * 1024


async def all_good(plant: Plant) -> None:
    await until(
        lambda: all(plant.live(each).quality is Quality.GOOD for each in ("Speed", "Counter"))
    )


async def others_live_on(plant: Plant, *, sessions: int = 1) -> None:
    count = plant.live("Counter").value
    await until(lambda: plant.live("Counter").value > count + 2)
    assert plant.live("Counter").quality is Quality.GOOD
    report = plant.service.reports()[0]
    assert (report.sessions, report.last_error) == (sessions, None)


def problem(plant: Plant, path: str) -> str:
    """Why the binding of ``path`` does not work, empty when it does."""
    failing = plant.service.reports()[0].bindings_failing
    return next((each.problem or "" for each in failing if each.sink.endswith(path)), "")


async def test_a_text_of_ten_megabytes_is_refused_in_bounded_memory(
    machine: MachineProcess, tmp_path: Path
) -> None:
    # The machine itself stands still while it makes such a message.
    async with running(Plant(machine.url, ROWS, tmp_path, keepAliveCount=30)) as plant:
        await all_good(plant)
        memory = psutil.Process().memory_info().rss

        for letter in "abc":
            machine.tell(set="Text", value=letter, times=TEN_MEGABYTES)
            await until(lambda: plant.live("Text").quality is Quality.BAD)
            await others_live_on(plant)

        assert f"{TEN_MEGABYTES:,}" in problem(plant, "Text")
        assert plant.live("Text").value == "run", "the last usable one stays"
        assert psutil.Process().memory_info().rss - memory < GROWTH
        machine.tell(set="Text", value="short")
        await until(lambda: plant.live("Text").value == "short")
        assert plant.live("Text").quality is Quality.GOOD
        assert problem(plant, "Text") == ""


async def test_what_is_no_number_is_shown_and_uncertain(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
        await all_good(plant)

        machine.tell(set="Speed", value=float("nan"))

        await until(lambda: plant.live("Speed").quality is Quality.UNCERTAIN)
        assert repr(plant.live("Speed").value) == "nan"
        assert plant.live("Speed").status_code == UNCERTAIN
        assert status_name(UNCERTAIN) == "Uncertain"
        assert "no number" in problem(plant, "Speed")
        await others_live_on(plant)
        machine.tell(set="Speed", value=2.5)
        await until(lambda: plant.live("Speed").quality is Quality.GOOD)
        assert problem(plant, "Speed") == ""


async def test_a_clock_in_the_future_makes_values_uncertain_and_says_how_far_it_is_ahead(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
        await all_good(plant)
        ahead = datetime.now(UTC) + timedelta(hours=2)

        machine.tell(set="Speed", value=9.5, source=ahead.isoformat())

        await until(lambda: plant.live("Speed").quality is Quality.UNCERTAIN)
        assert plant.live("Speed").value == 9.5
        assert "clock is 7," in problem(plant, "Speed")
        await others_live_on(plant)
        machine.tell(set="Speed", value=3.5)
        await until(lambda: plant.live("Speed").quality is Quality.GOOD)
        assert plant.live("Speed").value == 3.5, "a clock that was set right is believed"


async def test_a_clock_that_is_a_little_ahead_is_believed(
    machine: MachineProcess, tmp_path: Path
) -> None:
    async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
        await all_good(plant)
        ahead = datetime.now(UTC) + timedelta(seconds=30)

        machine.tell(set="Speed", value=9.5, source=ahead.isoformat())

        await until(lambda: plant.live("Speed").value == 9.5)
        assert plant.live("Speed").quality is Quality.GOOD


async def test_a_node_that_comes_back_with_another_type_is_bad_and_keeps_its_last_value(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
        await all_good(plant)
        machine.kill()

        machine.start(texts={"Speed": "fast"})

        await until(lambda: "'fast'" in problem(plant, "Speed"))
        assert plant.live("Speed").quality is Quality.BAD
        assert plant.live("Speed").value == 1.5
        await others_live_on(plant, sessions=2)

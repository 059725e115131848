"""Whatever happens to a machine or its connection, no value lies and all come back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from structlog.testing import capture_logs

from aas_server.bindings.status import ConnectionState
from aas_server.live.values import BAD_NO_COMMUNICATION, Quality
from tests.bindings.conftest import MachineFactory
from tests.bindings.opcua.plant import Plant, node, row, running, until

KEEP_ALIVE = 0.3
"""Seconds between two signs of life in the plants of these tests."""

ROWS = [row("Speed"), row("Counter", "xs:int"), row("Text", "xs:string")]
PATHS = ("Speed", "Counter", "Text")


def all_are(plant: Plant, quality: Quality) -> bool:
    return all(plant.live(path).quality is quality for path in PATHS)


async def test_a_killed_machine_is_bad_at_once_and_good_when_it_is_back(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
        await until(lambda: all_are(plant, Quality.GOOD))
        machine.tell(set="Speed", value=8.5)
        await until(lambda: plant.live("Speed").value == 8.5)

        machine.kill()
        await until(lambda: all_are(plant, Quality.BAD), within=2)
        assert plant.live("Speed").value == 8.5
        assert plant.live("Speed").status_code == BAD_NO_COMMUNICATION

        machine.start()
        await until(lambda: all_are(plant, Quality.GOOD))
        assert plant.live("Speed").value == 1.5
        count = plant.live("Counter").value
        await until(lambda: plant.live("Counter").value > count)
        assert plant.metric("aas_binding_reconnects_total") == 1


async def test_a_frozen_machine_is_bad_within_three_keep_alives_and_good_after_it_thaws(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
        await until(lambda: all_are(plant, Quality.GOOD))

        machine.freeze()
        began = time.monotonic()
        await until(lambda: all_are(plant, Quality.BAD))
        assert time.monotonic() - began < 3 * KEEP_ALIVE + 1
        await asyncio.sleep(6)
        assert all_are(plant, Quality.BAD)

        machine.thaw()
        await until(lambda: all_are(plant, Quality.GOOD))
        count = plant.live("Counter").value
        await until(lambda: plant.live("Counter").value > count)


async def test_constant_values_stay_good_while_the_machine_shows_signs_of_life(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    machine.tell(tick=False)
    async with running(Plant(machine.url, ROWS, tmp_path, keepAliveCount=10)) as plant:
        await until(lambda: all_are(plant, Quality.GOOD))
        since = plant.service.reports()[0].since

        await asyncio.sleep(4)

        assert all_are(plant, Quality.GOOD)
        assert plant.service.reports()[0].since == since


async def test_nodes_are_found_again_when_a_restart_moves_the_namespaces(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
        await until(lambda: all_are(plant, Quality.GOOD))
        machine.kill()
        await until(lambda: all_are(plant, Quality.BAD))

        machine.start(shuffled=True)

        await until(lambda: all_are(plant, Quality.GOOD))
        assert plant.service.reports()[0].bindings_failing == ()


async def test_a_machine_that_is_not_there_yet_is_waited_for(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    machine.kill()
    async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
        report = await until(
            lambda: next((r for r in plant.service.reports() if r.last_error), None)
        )
        assert report.state is ConnectionState.DISCONNECTED
        assert "nothing listens" in (report.last_error or "")
        assert all_are(plant, Quality.BAD)

        machine.start()

        await until(lambda: all_are(plant, Quality.GOOD))
        assert plant.service.reports()[0].state is ConnectionState.CONNECTED


async def test_one_wrong_id_among_a_thousand_costs_only_itself_with_few_items_per_call(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine(extra=1000, itemsPerCall=50)
    rows = [row(f"V{number}") for number in range(1000)]
    rows[500]["node"] = node("Nowhere")
    async with running(Plant(machine.url, rows, tmp_path)) as plant:
        others = [f"V{number}" for number in range(1000) if number != 500]
        await until(
            lambda: all(plant.live(path).quality is Quality.GOOD for path in others), within=30
        )

        report = plant.service.reports()[0]
        assert (report.bindings_ok, len(report.bindings_failing)) == (999, 1)
        assert plant.live("V500").quality is Quality.BAD

        machine.kill()
        machine.start()
        await until(lambda: plant.live("V999").quality is Quality.BAD)
        await until(
            lambda: all(plant.live(path).quality is Quality.GOOD for path in others), within=30
        )


async def test_a_node_that_appears_later_is_found_without_disturbing_the_others(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    rows = [row("Counter", "xs:int"), row("Late")]
    async with running(Plant(machine.url, rows, tmp_path, keepAliveCount=20)) as plant:
        await until(lambda: plant.live("Counter").quality is Quality.GOOD)
        since = plant.service.reports()[0].since
        await until(lambda: plant.service.reports()[0].bindings_failing)

        machine.tell(add="Late")

        await until(lambda: plant.live("Late").quality is Quality.GOOD)
        assert plant.live("Late").value == 4.25
        assert plant.service.reports()[0].bindings_failing == ()
        assert plant.service.reports()[0].since == since


async def test_a_subscription_that_the_server_ends_is_made_anew(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    with capture_logs() as logs:
        async with running(Plant(machine.url, ROWS, tmp_path)) as plant:
            await until(lambda: all_are(plant, Quality.GOOD))
            count = plant.live("Counter").value
            await until(lambda: plant.live("Counter").value > count)

            machine.tell(end="subscription")

            await until(lambda: plant.metric("aas_binding_reconnects_total") == 1)
            await until(lambda: all_are(plant, Quality.GOOD))

    assert any("ended the subscription" in line.get("reason", "") for line in logs)


async def test_a_port_that_speaks_something_else_is_reported(tmp_path: Path) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with running(Plant(f"opc.tcp://127.0.0.1:{port}/", ROWS, tmp_path)) as plant:
            await until(lambda: plant.service.reports()[0].last_error)
            assert all_are(plant, Quality.BAD)


async def test_stopping_takes_no_more_than_two_seconds_even_when_the_machine_is_frozen(
    make_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = make_machine()
    plant = Plant(machine.url, ROWS, tmp_path, keepAliveCount=100)
    before = asyncio.all_tasks()
    async with running(plant):
        await until(lambda: all_are(plant, Quality.GOOD))
        machine.freeze()
        began = time.monotonic()
        await plant.service.stop()

        assert time.monotonic() - began < 2.5
        assert asyncio.all_tasks() == before
        assert all_are(plant, Quality.BAD)
        assert plant.service.reports()[0].state is ConnectionState.STOPPED

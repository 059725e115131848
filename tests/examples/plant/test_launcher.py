"""Starting and stopping: nothing is left behind, and what goes wrong is told."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from examples.plant.launcher import Plant, PlantError
from tests.support.ports import free_port

pytestmark = pytest.mark.system

DEADLINE = 30.0


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def gone(process_id: int) -> bool:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            if psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        await asyncio.sleep(0.05)
    return False


async def run(project_dir: Path, *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "examples.plant", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        cwd=project_dir,
    )


async def test_a_plant_stops_cleanly_and_leaves_no_process() -> None:
    port = free_port()
    async with Plant(machines=["packer"], ports={"packer": port}) as plant:
        assert plant.urls == {"packer": f"opc.tcp://127.0.0.1:{port}/valbruna"}
        [process_id] = plant.process_ids.values()
        assert psutil.pid_exists(process_id)
    assert not psutil.pid_exists(process_id)
    assert plant.urls == {}
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


async def test_a_machine_that_stops_by_itself_is_told() -> None:
    async with Plant(machines=["robot"], base_port=None) as plant:
        watch = asyncio.create_task(plant.watch())
        os.kill(plant.process_ids["robot"], signal.SIGKILL)
        with pytest.raises(PlantError, match="robot: stopped with exit code -9"):
            await asyncio.wait_for(watch, DEADLINE)


async def test_a_taken_port_is_told_before_anything_starts(taken_port: int) -> None:
    plant = Plant(machines=["mill", "robot"], base_port=None, ports={"robot": taken_port})
    with pytest.raises(PlantError, match=f"robot: port {taken_port} is taken"):
        await plant.start()
    assert not plant.process_ids


async def test_when_one_machine_does_not_start_none_is_left_running() -> None:
    before = set(psutil.Process().children())
    port = free_port()
    plant = Plant(machines=["mill", "robot"], ports={"mill": port, "robot": port})
    with pytest.raises(PlantError, match=f"port {port} is taken"):
        await plant.start()
    assert set(psutil.Process().children()) <= before


async def test_a_start_that_is_cancelled_leaves_nothing_running() -> None:
    before = set(psutil.Process().children())
    start = asyncio.create_task(Plant(machines=["mill"], base_port=None).start())
    end = time.monotonic() + DEADLINE
    while set(psutil.Process().children()) <= before and time.monotonic() < end:
        await asyncio.sleep(0.01)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert set(psutil.Process().children()) <= before


async def test_an_unknown_machine_is_told() -> None:
    with pytest.raises(PlantError, match="no machine 'press'"):
        await Plant(machines=["press"]).start()


async def test_the_command_exits_with_an_error_when_a_port_is_taken(
    project_dir: Path, taken_port: int
) -> None:
    process = await run(project_dir, "--machine", "mill", "--port", str(taken_port))
    output, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 1
    assert output == b""
    assert f"error: mill: port {taken_port} is taken" in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_the_command_refuses_one_port_for_four_machines(project_dir: Path) -> None:
    process = await run(project_dir, "--port", "5000")
    _, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 2
    assert "--port needs exactly one --machine" in errors.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_says_where_machines_are_and_stops_them(
    project_dir: Path, number: signal.Signals
) -> None:
    port = free_port()
    process = await run(project_dir, "--machine", "moulder", "--port", str(port))
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), DEADLINE)
    assert line.decode().split() == ["moulder", f"opc.tcp://127.0.0.1:{port}/lakeshore"]
    [child] = psutil.Process(process.pid).children()
    process.send_signal(number)
    _, errors = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert (process.returncode, errors) == (0, b"")
    assert await gone(child.pid)


async def test_a_machine_does_not_outlive_a_killed_parent(project_dir: Path) -> None:
    process = await run(project_dir, "--machine", "robot", "--port", str(free_port()))
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), DEADLINE)
    [child] = psutil.Process(process.pid).children()
    process.kill()
    await asyncio.wait_for(process.wait(), DEADLINE)
    assert await gone(child.pid)
    await process.communicate()

"""Processes that check documents: as good as this one, and none is left whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from aas_server.errors import Interrupted
from aas_server.packages.bulk import worker, workers
from aas_server.packages.bulk.verdicts import Checker, Manner, Unchecked, Verdict
from aas_server.packages.bulk.workers import Workers
from aas_server.store.protocol import Kind
from tests.packages.packages import submodel
from tests.support.processes import eventually

PROPERTY = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:double", "value": "heavy"}


def documents(count: int, first: int = 0) -> list[Unchecked]:
    return [
        Unchecked(
            Kind.SUBMODEL, "file", json.dumps(submodel(f"urn:{first + n}", PROPERTY)).encode()
        )
        for n in range(count)
    ]


def are_gone(ids: list[int]) -> bool:
    return not any(psutil.pid_exists(each) for each in ids)


@pytest.mark.parametrize("manner", [Manner(), Manner(strict=True), Manner(trusted=True)])
async def test_processes_say_what_is_said_here(manner: Manner) -> None:
    batches = [documents(20, n) for n in range(0, 200, 20)]
    batches.append([Unchecked(Kind.SHELL, "/a", b"nonsense"), Unchecked(Kind.SHELL, "/a", b"5")])
    async with Workers(manner, worth_it=0, most=2) as made:
        found = await asyncio.gather(*map(made.verdicts, batches))
        ids = made.process_ids
        assert len(ids) == 2
    assert found == [Checker(manner).verdicts(batch) for batch in batches]
    assert are_gone(ids)


async def test_there_are_no_processes_for_little() -> None:
    async with Workers(Manner(), worth_it=100_000, most=2) as made:
        await made.verdicts(documents(10))
        assert (made.process_ids, made.width) == ([], 1)
        await made.verdicts(documents(1000))
        assert len(made.process_ids) == 2
        assert made.width > 2


async def test_what_was_expected_is_not_counted_twice() -> None:
    batch = documents(10)
    size = sum(len(each.body) for each in batch)
    async with Workers(Manner(), expected=size, worth_it=size + 1, most=2) as made:
        await made.verdicts(batch)
        assert made.process_ids == []


async def test_processes_are_there_from_the_start_when_much_will_come() -> None:
    async with Workers(Manner(), expected=1_000_000, worth_it=100_000, most=2) as made:
        await made.verdicts(documents(1))
        assert len(made.process_ids) == 2


async def test_one_processor_checks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_processors", lambda: 1)
    async with Workers(Manner(), worth_it=0) as made:
        assert await made.verdicts(documents(3)) == Checker(Manner()).verdicts(documents(3))
        assert made.process_ids == []


async def test_a_process_that_is_killed_ends_it_with_a_reason() -> None:
    async with Workers(Manner(), worth_it=0, most=2) as made:
        await made.verdicts(documents(1))
        for each in made.process_ids:
            os.kill(each, signal.SIGKILL)
        with pytest.raises(Interrupted, match="nothing was changed"):
            await made.verdicts(documents(1000))
        ids = made.process_ids
    assert are_gone(ids)


async def test_an_error_leaves_no_process() -> None:
    ids: list[int] = []

    async def fail() -> None:
        async with Workers(Manner(), worth_it=0, most=2) as made:
            waiting = [asyncio.create_task(made.verdicts(documents(3000))) for _ in range(4)]
            await asyncio.sleep(0.3)
            ids.extend(made.process_ids)
            for each in waiting:
                each.cancel()
            raise LookupError("something else")

    with pytest.raises(LookupError, match="something else"):
        await fail()
    assert len(ids) == 2
    assert are_gone(ids)


async def test_a_mistake_in_a_process_is_raised_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_PROGRAM", MISTAKEN)
    async with Workers(Manner(), worth_it=0, most=2) as made:
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            await made.verdicts(documents(1))
        assert made.process_ids


MISTAKEN = """
import sys
sys.path[:] = sys.argv[1:]
from aas_server.packages.bulk import verdicts, worker
verdicts.Checker.verdicts = lambda *_: 1 // 0
worker.main()
"""


@pytest.mark.parametrize("batch", ["documents(1)", "documents(2000)"])
def test_processes_end_with_the_one_that_started_them(project_dir: Path, batch: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, batch],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(project_dir)},
        text=True,
    )
    assert parent.stdout is not None
    ids = json.loads(parent.stdout.readline())
    assert len(ids) == 2
    parent.kill()
    # The processes hold its standard error as long as they are there.
    _, errors = parent.communicate(timeout=30)
    assert errors == ""
    eventually(lambda: are_gone(ids), within=10, what="the processes are gone")


PARENT = """
import asyncio, json, sys
from aas_server.packages.bulk.verdicts import Manner
from aas_server.packages.bulk.workers import Workers
from tests.packages.bulk.test_workers import documents

async def main():
    async with Workers(Manner(), worth_it=0, most=2) as made:
        await made.verdicts([])
        asked = [asyncio.create_task(made.verdicts(eval(sys.argv[1]))) for _ in range(4)]
        await asyncio.sleep(0.1)
        print(json.dumps(made.process_ids), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_process_does_not_look_for_modules_in_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('taken from the present folder')")
    monkeypatch.chdir(tmp_path)

    async def check() -> list[Verdict]:
        async with Workers(Manner(), worth_it=0, most=2) as made:
            return await made.verdicts(documents(1))

    with asyncio.Runner() as runner:
        assert len(runner.run(check())) == 1


@pytest.mark.parametrize("cut", [0, 3, 8, 12])
def test_the_end_of_messages_is_noticed_wherever_it_is(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "messages"
    with file.open("wb") as opened:
        worker.send(opened, b"first")
        worker.send(opened, b"second")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(b"first") + 8 + cut])
    with file.open("rb") as opened:
        assert worker.receive(opened) == b"first"
        assert worker.receive(opened) is None

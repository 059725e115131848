"""``aas-server import`` of many documents in real processes: in little memory, and broken off."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from aas_server.clock import SystemClock
from aas_server.store.sqlite import SqliteStore
from tests.packages.packages import submodel
from tests.support.processes import eventually, run

pytestmark = pytest.mark.system

MEGABYTE = 1024**2
MOST_MEMORY = 200 * MEGABYTE
PROPERTY = {"modelType": "Property", "idShort": "Aa", "valueType": "xs:double", "value": "1.0"}


@pytest.fixture(scope="module")
def hundred_megabytes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with submodels of 12 kB."""
    file = tmp_path_factory.mktemp("many") / "many.json"
    elements = [PROPERTY | {"idShort": f"A{n}"} for n in range(150)]
    text = json.dumps(submodel("urn:0", *elements), indent=1).encode()
    with file.open("wb") as opened:
        opened.write(b'{"submodels": [')
        for number in range(100 * MEGABYTE // len(text)):
            opened.write(b"," if number else b"")
            opened.write(text.replace(b"urn:0", b"urn:%d" % number, 1))
        opened.write(b"]}")
    return file


def stored(folder: Path) -> int:
    async def count() -> int:
        store = SqliteStore(folder, SystemClock())
        await store.open()
        try:
            return len([each async for each in store.documents()])
        finally:
            await store.close()

    return asyncio.run(count())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what is not of a file")
@pytest.mark.parametrize("flags", [[], ["--trusted"]])
def test_a_file_of_100_megabytes_needs_little_memory(
    tmp_path: Path, project_dir: Path, hundred_megabytes: Path, flags: list[str]
) -> None:
    program = [sys.executable, "-m", "tests.cli.limited_import", str(MOST_MEMORY), "import"]
    ended = run(
        [*program, hundred_megabytes, "--data", tmp_path / "data", *flags],
        folder=tmp_path,
        environment={"PYTHONPATH": str(project_dir)},
        within=170,
    )
    assert ended.returncode == 0, ended.stderr
    assert stored(tmp_path / "data") > 5000


@contextmanager
def importing(file: Path, folder: Path, project: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the import of ``file`` as a terminal does: in a group of processes of its own."""
    command = [sys.executable, "-m", "aas_server.cli", "import", file, "--data", folder / "data"]
    process = subprocess.Popen(
        [str(each) for each in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(project)},
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def interrupt(process: subprocess.Popen[str], _workers: list[psutil.Process]) -> None:
    os.killpg(process.pid, signal.SIGINT)


def kill_a_worker(_process: subprocess.Popen[str], workers: list[psutil.Process]) -> None:
    workers[0].kill()


@pytest.mark.parametrize(
    ("break_off", "code", "told"),
    [
        (interrupt, 130, ""),
        (kill_a_worker, 2, "aas-server: a process that checks documents was ended from outside"),
    ],
)
def test_what_is_broken_off_stores_nothing_and_leaves_no_process(
    tmp_path: Path,
    project_dir: Path,
    hundred_megabytes: Path,
    break_off: Callable[[subprocess.Popen[str], list[psutil.Process]], None],
    code: int,
    told: str,
) -> None:
    with importing(hundred_megabytes, tmp_path, project_dir) as process:
        family = psutil.Process(process.pid)
        workers = eventually(family.children, within=60, what="documents are checked")
        break_off(process, workers)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (code, "")
    assert errors.startswith(told)
    assert "Traceback" not in errors
    _, left = psutil.wait_procs(workers, timeout=5)
    assert left == []
    assert stored(tmp_path / "data") == 0

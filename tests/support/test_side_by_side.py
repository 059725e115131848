"""Tests that run in several processes: shared out well, apart from each other, leaks are seen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import EPHEMERAL, FIRST, free_port, free_port_range
from tests.support.side_by_side import longest_first

LEAK = """
import socket

class Holder:
    pass

def test_that_leaves_a_socket_to_the_collector():
    holder = Holder()
    holder.itself, holder.socket = holder, socket.socket()
"""
MARKED = {
    "test_quick.py": "def test_a(): pass\ndef test_b(): pass",
    "test_server.py": "import pytest\n@pytest.mark.system\ndef test_c(): pass",
    "test_long.py": (
        "import pytest\ndef test_d(): pass\n@pytest.mark.timeout(600)\ndef test_e(): pass"
    ),
}


def test_ports_are_given_once_and_are_none_that_the_system_gives_away() -> None:
    ports = [free_port() for _ in range(200)]

    assert len(set(ports)) == len(ports)
    assert all(FIRST <= port < EPHEMERAL for port in ports)


def test_a_port_that_somebody_listens_on_is_not_given() -> None:
    base = free_port_range(1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", base))
        listener.listen()
        assert base not in {free_port() for _ in range(2000)}


def test_no_port_of_a_range_is_given_again_soon() -> None:
    base = free_port_range(4)
    assert not {free_port() for _ in range(20)} & set(range(base, base + 5))


def run_pytest(folder: Path, project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on ``folder`` with the settings and fixtures of this project."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    }
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest"),
            *("-c", project / "pyproject.toml", "--rootdir", folder, folder, *options),
        ],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.system
def test_what_is_left_to_the_collector_fails_one_process_of_several(
    tmp_path: Path, project_dir: Path
) -> None:
    (tmp_path / "test_leak.py").write_text(LEAK)

    ended = run_pytest(tmp_path, project_dir, "-n", "1", "--dist", "loadfile")

    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "unclosed" in ended.stdout


def test_files_that_may_take_long_come_first(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for name, text in MARKED.items():
        (tmp_path / name).write_text(text)
    files = [pytest.Module.from_parent(request.session, path=tmp_path / name) for name in MARKED]
    items = [item for file in files for item in file.collect() if isinstance(item, pytest.Item)]
    mixed = [items[0], items[2], items[1], *items[3:]]

    ordered = longest_first(mixed)

    assert [item.name for item in ordered] == ["test_d", "test_e", "test_c", "test_a", "test_b"]

"""Machines for the tests of bindings: one that all share, and as many as they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.bindings.opcua.plant import MachineProcess

MachineFactory = Callable[..., MachineProcess]


@pytest.fixture(scope="session")
def shared_machine() -> Iterator[MachineProcess]:
    shared = MachineProcess().start()
    yield shared
    shared.kill()


@pytest.fixture
def machine(shared_machine: MachineProcess) -> MachineProcess:
    """A machine that lives as long as the test run, with the values it started with."""
    shared_machine.tell(reset=True)
    return shared_machine


@pytest.fixture
def make_machine() -> Iterator[MachineFactory]:
    """Starts machines that a test may kill and freeze."""
    started: list[MachineProcess] = []

    def make(**options: Any) -> MachineProcess:
        machine = MachineProcess(**options)
        started.append(machine)
        return machine.start()

    yield make
    for machine in started:
        machine.kill()

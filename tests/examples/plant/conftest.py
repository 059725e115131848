"""Four machines, started once for all tests that need them served."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from examples.plant.launcher import Plant
from examples.plant.machines import PORT_OFFSETS
from tests.support.ports import free_port_range


@pytest.fixture(scope="session")
def plant_urls() -> Iterator[Mapping[str, str]]:
    """The addresses of the four machines; a test leaves them as it found them."""
    # A loop of its own: every test has another one, and the processes live through all of them.
    with asyncio.Runner() as runner:
        plant = Plant(base_port=free_port_range(len(PORT_OFFSETS)), seed=7)
        runner.run(plant.start())
        try:
            yield plant.urls
        finally:
            runner.run(plant.stop())

"""A machine of another stack that admits little at a time: everything is served all the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aas_server.live.values import Quality
from tests.bindings.opcua.bench import Bench, is_good, shown
from tests.bindings.opcua.plant import until
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess
from tests.system.strangers_machine import (
    LOAD_NAMESPACE,
    NAMESPACE,
    START_SECONDS,
    ready_of,
)

pytestmark = pytest.mark.system

SCRIPT = Path(__file__).parent / "opcua" / "machine.mjs"
ITEMS = 120
COMPRESSOR = f"nsu={NAMESPACE};s=Station.Compressor"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A machine of 120 changing items that takes 50 a call, 40 a subscription, two of these."""
    folder = tmp_path_factory.mktemp("limited")
    node = shutil.which("node")
    assert node is not None
    limits = {
        "max-items-per-call": 50,
        "max-items-per-subscription": 40,
        "max-subscriptions": 2,
        "item-count": ITEMS,
        "port": free_port(),
    }
    options = [part for name, value in limits.items() for part in (f"--{name}", str(value))]
    command = [node, SCRIPT, "--pki-dir", folder / "pki", "--security", "none", *options]
    process = ManagedProcess(command, folder=folder, environment={})
    try:
        yield process.wait_for_line(ready_of, within=START_SECONDS)["url"]
    finally:
        process.close()


async def test_items_beyond_what_its_subscriptions_take_are_live_as_well(
    url: str, tmp_path: Path
) -> None:
    bench = Bench(url, tmp_path)
    items = [bench.bind(f"L{n}", node=f"nsu={LOAD_NAMESPACE};i={n + 1}") for n in range(ITEMS)]
    wrong = bench.bind("Wrong", node=f"nsu={LOAD_NAMESPACE};i={ITEMS + 1}")
    bench.supervisor.change([*items[:60], wrong, *items[60:]], [])
    async with bench.running():
        await until(lambda: is_good(*items), within=20)
        (failing,) = bench.supervisor.report().bindings_failing
        assert "BadNodeIdUnknown" in failing.problem

        before = [shown(item).value for item in items]
        await until(lambda: all(shown(i).value > old for i, old in zip(items, before, strict=True)))
        # Each shows its own node's value, whichever way it came.
        assert all(int(shown(item).value) == n for n, item in enumerate(items))


async def test_a_deadband_in_percent_is_that_of_the_range_and_left_out_where_there_is_none(
    url: str, tmp_path: Path
) -> None:
    bench = Bench(url, tmp_path)
    # It swings by 9 of the 450 degrees of its range.
    still = bench.bind("Still", node=f"{COMPRESSOR}.DischargeTemperature", deadbandPercent=10)
    lively = bench.bind("Lively", node=f"{COMPRESSOR}.DischargeTemperature", deadbandPercent=0.1)
    rangeless = bench.bind("Rangeless", node=f"{COMPRESSOR}.MotorSpeed", deadbandPercent=10)
    bench.supervisor.change([still, lively, rangeless], [])
    async with bench.running():
        await until(lambda: is_good(still, lively, rangeless))
        first, values = shown(still).value, set()

        def is_enough() -> bool:
            values.add((shown(lively).value, shown(rangeless).value))
            return len({each[0] for each in values}) > 4 and len({each[1] for each in values}) > 4

        await until(is_enough)
        assert shown(still).value == first
        assert bench.supervisor.report().bindings_failing == ()


async def test_a_node_is_found_by_its_path_when_its_id_is_none(url: str, tmp_path: Path) -> None:
    bench = Bench(url, tmp_path)
    path = "/".join(f"nsu={NAMESPACE};{name}" for name in ("Station", "Compressor", "MotorSpeed"))
    moved = bench.bind(
        "Moved", node=f"nsu={NAMESPACE};s=Formerly.MotorSpeed", fallbackPath=f"/0:Objects/{path}"
    )
    bench.supervisor.change([moved], [])
    async with bench.running():
        await until(lambda: is_good(moved))

        assert 1440 <= shown(moved).value <= 1500
        assert shown(moved).quality is Quality.GOOD

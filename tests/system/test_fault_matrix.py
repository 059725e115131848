"""The faults that machines and networks are known for, side by side, at one server.

While a machine is away nothing of it looks good, after three keep-alives at the latest; when it is
back every single item is live within ten seconds and shows its own number. Each fault happens at a
connection of its own; what came of them is recorded once and the tests look at that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.relay import Relay
from tests.system.aas_process import AasClient, AasServer, serve_arguments
from tests.system.load_model import Shown, item_bindings, item_names, shown, submodel, wrong
from tests.system.strangers_machine import LOAD_NAMESPACE, PASSWORD_VARIABLE, StrangersMachine
from tests.system.strangers_model import (
    KEEP_ALIVE_SECONDS,
    Node,
    connection,
    write_environment,
    write_plant,
)

BAD_SECONDS: Final = 3 * KEEP_ALIVE_SECONDS + 1.5
"""Three keep-alives, and what two busy cores may take."""
RETURN_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 90.0
"""How long is waited before a fault counts as never overcome."""
START_POLL_SECONDS: Final = 0.5
ITEMS: Final = 100
MANY_ITEMS: Final = 10_000
FEW_PER_CALL: Final = 50
MANY_AT_ONCE: Final = {"publishingInterval": "1s", "keepAliveCount": 5, "timeout": "5s"}
"""What a machine is asked for that has to take ten thousand items fifty at a time."""
MANY_BAD_SECONDS: Final = 3 * 5.0 + 1.5
MANY_START_SECONDS: Final = 60.0
MANY_RETURN_SECONDS: Final = 30.0
"""That machine itself computes for six seconds, more where others compute, too."""
GOOD_ONES: Final = 1_000
GHOST: Final = "Item500"
"""Of a thousand and one the one that the machine does not have."""
MISFIT: Final = "Misfit"
"""Is bound to a text where the element holds a number."""
FAULTS: Final = ("killed", "frozen", "cut", "stalled", "distrusted", "shuffled", "many")

pytestmark = pytest.mark.timeout(400)


@dataclass
class Outage:
    """What a client saw of one connection around a fault; seconds since it began and ended."""

    until_bad: float = 0.0
    until_live: float = 0.0
    good_while_away: set[str] = field(default_factory=set)
    not_live: dict[str, Shown] = field(default_factory=dict)
    wrong: dict[str, Shown] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What begins a fault, what ends it, and for how many seconds it lasts."""

    begin: Callable[[], object]
    end: Callable[[], object]
    seconds: float
    poll: float = 0.2


def submodel_of(name: str) -> str:
    return f"urn:matrix:{name}"


def not_live(elements: Mapping[str, Shown], since: datetime) -> dict[str, Shown]:
    """Return the elements that are not good with a value from after ``since``."""
    return {
        name: each
        for name, each in elements.items()
        if each.quality != "good" or each.time is None or each.time <= since
    }


def suffer(address: str, name: str, fault: Fault) -> Outage:
    """Let ``fault`` happen to the connection ``name`` and return what a client saw of it."""
    client, outage = AasClient(address), Outage()

    def look() -> dict[str, Shown]:
        elements = shown(client, submodel_of(name))
        outage.wrong |= wrong(elements)
        return elements

    def good() -> set[str]:
        return {path for path, each in look().items() if each.quality == "good"}

    try:
        fault.begin()
        began = time.monotonic()
        while good() and time.monotonic() < began + PATIENCE_SECONDS:
            time.sleep(fault.poll)
        outage.until_bad = time.monotonic() - began
        while time.monotonic() < began + fault.seconds:
            outage.good_while_away |= good()
            time.sleep(fault.poll)
        since = datetime.now(UTC)
        fault.end()
        returned = time.monotonic()
        while outage_goes_on := not_live(look(), since):
            if time.monotonic() > returned + PATIENCE_SECONDS:
                break
            time.sleep(fault.poll)
        outage.until_live = time.monotonic() - returned
        outage.not_live = outage_goes_on
    finally:
        client.close()
    return outage


class Bench:
    """The machines, the wires to some of them, and the server that shows all of it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        few = ("--item-count", str(ITEMS))
        options = {
            "killed": few,
            "frozen": few,
            "wired": ("--item-count", str(GOOD_ONES), "--interval", "1000"),
            "many": (
                *("--item-count", str(MANY_ITEMS), "--interval", "2000"),
                *("--max-items-per-call", str(FEW_PER_CALL)),
            ),
        }
        with ThreadPoolExecutor() as starters:
            starts = {
                name: starters.submit(StrangersMachine, folder / name, *more)
                for name, more in options.items()
            }
        self.machines = {
            name: stack.enter_context(start.result()) for name, start in starts.items()
        }
        port = int(self.machines["wired"].url.rpartition(":")[2].partition("/")[0])
        self.wires = {name: stack.enter_context(Relay(port)) for name in ("cut", "stalled")}
        self.server = stack.enter_context(self._serve())
        self.address = self.server.client.address

    def faults(self) -> dict[str, Fault]:
        """Return the faults that can happen at the same time."""
        killed, frozen = self.machines["killed"], self.machines["frozen"]
        cut, stalled = self.wires["cut"], self.wires["stalled"]
        return {
            "killed": Fault(killed.process.kill, killed.start, 5.0),
            "frozen": Fault(frozen.process.freeze, frozen.process.thaw, 6.0),
            "cut": Fault(cut.cut, cut.mend, 3.0),
            "stalled": Fault(stalled.stall, stalled.mend, 5.0),
            "distrusted": Fault(lambda: None, self.trust, 3.0),
        }

    def later_faults(self) -> dict[str, Fault]:
        """Return those that happen to machines that took part before, or take the most work."""
        killed, many = self.machines["killed"], self.machines["many"]
        return {
            "killed": Fault(killed.process.kill, lambda: killed.start("--shuffle-namespaces"), 5.0),
            "many": Fault(many.process.kill, many.start, 5.0, poll=1.0),
        }

    def trust(self) -> None:
        """Do as an operator does with the certificate that was refused."""
        pki = self._folder / "data" / "pki"
        for kept in (pki / "rejected").iterdir():
            kept.rename(pki / "trusted" / kept.name)

    def suffer(self, faults: Mapping[str, Fault]) -> dict[str, Outage]:
        """Let ``faults`` happen at the same time."""
        with ThreadPoolExecutor(len(faults)) as clients:
            outages = {
                name: clients.submit(suffer, self.address, name, fault)
                for name, fault in faults.items()
            }
        return {name: outage.result() for name, outage in outages.items()}

    def wait_until_live(self, name: str, count: int) -> None:
        """Wait until as many items of ``name`` are good as there are good ones."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.report(name).get("ValuesGood") != count:
            assert time.monotonic() < deadline, self.report(name)
            time.sleep(START_POLL_SECONDS)

    def report(self, name: str) -> dict[str, Any]:
        return self.server.client.connection(name)

    def _serve(self) -> AasServer:
        counts = {"killed": ITEMS, "frozen": ITEMS, "cut": ITEMS, "stalled": ITEMS}
        counts |= {"distrusted": ITEMS, "many": MANY_ITEMS, "ghost": GOOD_ONES}
        documents: list[Node] = []
        rows: list[Node] = []
        for name, count in counts.items():
            more = [MISFIT] if name == "ghost" else []
            documents.append(submodel(submodel_of(name), [*item_names(count), *more]))
            rows += item_bindings(name, submodel_of(name), count)
        (ghost,) = (
            row for row in rows if row["sink"]["path"] == GHOST and "ghost" in row["connection"]
        )
        ghost["node"] = f"nsu={LOAD_NAMESPACE};s=Nowhere"
        misfit = {"submodel": submodel_of("ghost"), "path": MISFIT}
        text = "nsu=http://nordvik.example/UA/CompressorStation/;s=Station.Compressor.Program"
        rows.append({"connection": "ghost", "node": text, "sink": misfit})
        folder = self._folder
        return AasServer(
            *serve_arguments(
                data=folder / "data",
                load=[write_environment(folder / "load.json", {"submodels": documents})],
                plant=write_plant(folder / "plant.yaml", self._connections(), rows),
            ),
            folder=folder / "server",
            environment={
                f"{PASSWORD_VARIABLE}_{name.upper()}": machine.environment[PASSWORD_VARIABLE]
                for name, machine in self.machines.items()
            },
        )

    def _connections(self) -> dict[str, Node]:
        machines = {name: name for name in ("killed", "frozen", "many")}
        machines |= dict.fromkeys(("cut", "stalled", "ghost", "distrusted"), "wired")
        found = {
            name: connection(
                self.machines[machine],
                pinned=name != "distrusted",
                password={"env": f"{PASSWORD_VARIABLE}_{machine.upper()}"},
            )
            for name, machine in machines.items()
        }
        found["many"] |= MANY_AT_ONCE
        for name, wire in self.wires.items():
            found[name]["url"] = f"opc.tcp://127.0.0.1:{wire.port}/nordvik"
        return found


@dataclass(frozen=True)
class Matrix:
    """What came of all faults, and how the plant stood before the first."""

    outages: Mapping[str, Outage]
    ghost: dict[str, Any]
    ghost_elements: dict[str, Shown]
    many_live: float
    log: str


@pytest.fixture(scope="module")
def matrix(folder: Path) -> Iterator[Matrix]:
    with ExitStack() as stack:
        bench = Bench(folder, stack)
        started = time.monotonic()
        for name in ("killed", "frozen", "cut", "stalled"):
            bench.wait_until_live(name, ITEMS)
        bench.wait_until_live("ghost", GOOD_ONES - 1)
        bench.wait_until_live("many", MANY_ITEMS)
        many_live = time.monotonic() - started
        ghost = bench.report("ghost")
        ghost_elements = shown(bench.server.client, submodel_of("ghost"))
        outages = bench.suffer(bench.faults())
        later = bench.suffer(bench.later_faults())
        outages |= {"shuffled": later["killed"], "many": later["many"]}
        yield Matrix(outages, ghost, ghost_elements, many_live, bench.server.process.log())


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_looks_good_while_the_machine_is_away(matrix: Matrix, fault: str) -> None:
    outage = matrix.outages[fault]

    allowed = MANY_BAD_SECONDS if fault == "many" else BAD_SECONDS
    assert outage.until_bad < allowed, matrix.log[-3000:]
    assert not outage.good_while_away


@pytest.mark.parametrize("fault", FAULTS)
def test_every_item_is_live_again_ten_seconds_after_the_return(matrix: Matrix, fault: str) -> None:
    outage = matrix.outages[fault]

    assert not outage.not_live, matrix.log[-3000:]
    allowed = MANY_RETURN_SECONDS if fault == "many" else RETURN_SECONDS
    assert outage.until_live < allowed, matrix.log[-3000:]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_item_ever_shows_the_number_of_another(matrix: Matrix, fault: str) -> None:
    assert matrix.outages[fault].wrong == {}


def test_one_unknown_node_and_one_of_the_wrong_type_cost_only_themselves(matrix: Matrix) -> None:
    good = {path for path, each in matrix.ghost_elements.items() if each.quality == "good"}

    assert good == {*item_names(GOOD_ONES)} - {GHOST}
    assert wrong({path: matrix.ghost_elements[path] for path in good}) == {}
    assert (matrix.ghost["BindingsOk"], matrix.ghost["BindingsFailing"]) == (GOOD_ONES - 1, 2)
    told = {
        each["Sink"].rpartition("/")[2]: each["Problem"] for each in matrix.ghost["Bindings"][:2]
    }
    assert "BadNodeIdUnknown" in told[GHOST]
    assert "'ISO1217'" in told[MISFIT]


def test_ten_thousand_items_are_live_soon_though_few_are_taken_at_once(matrix: Matrix) -> None:
    assert matrix.many_live < MANY_START_SECONDS

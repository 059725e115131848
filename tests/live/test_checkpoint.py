"""Checkpoints: a restart shows what was known, as uncertain and with its true times."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aas_server.errors import StoreUnavailable
from aas_server.live import checkpoint
from aas_server.live.checkpoint import Checkpoints
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import Facet, Sink
from aas_server.live.values import (
    BAD_NO_COMMUNICATION,
    BAD_SENSOR_FAILURE,
    GOOD,
    NEVER_RECEIVED,
    UNCERTAIN_LAST_USABLE_VALUE,
    LiveValue,
    Quality,
)
from aas_server.store.protocol import Store, StoredValue
from aas_server.store.sqlite import SqliteStore
from tests.support.clock import START, FakeClock
from tests.support.memory_store import MemoryStore

SUBMODEL = "urn:ex"
NEVER = 3600.0
"""An interval that no test lives to see: what is kept, is kept at the end."""
AT_ONCE = 0.01
WAIT_SECONDS = 10.0

Reopen = Callable[[], Awaitable[Store]]


class CountingStore(MemoryStore):
    """Remembers each transaction with values, and can be held up in the middle of one."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.saves: list[Sequence[StoredValue]] = []
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.answer.set()

    async def save_values(self, values: Sequence[StoredValue]) -> None:
        self.asked.set()
        await self.answer.wait()
        await super().save_values(values)
        self.saves.append(values)

    async def last_values(self, submodel_ids: Any) -> Sequence[StoredValue]:
        if self.failure is not None:
            raise StoreUnavailable(self.failure)
        return await super().last_values(submodel_ids)


@pytest.fixture
def counting(clock: FakeClock) -> CountingStore:
    return CountingStore(clock)


@pytest.fixture(params=["sqlite", "memory"])
async def reopen(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Any:
    """Returns the store, as often as it is called as one that was closed and opened again."""
    memory, opened = MemoryStore(clock), []

    async def reopen() -> Store:
        if request.param == "memory":
            return memory
        while opened:
            await opened.pop().close()
        store = SqliteStore(tmp_path / "data", clock)
        await store.open()
        opened.append(store)
        return store

    yield reopen
    for store in opened:
        await store.close()


def sink(path: str, value_type: str | None = "xs:double", submodel: str = SUBMODEL) -> Sink:
    model_type = "MultiLanguageProperty" if value_type is None else "Property"
    return Sink(
        submodel, ("Signals", path), model_type, value_type, {("Signals", path): Facet.VALUE}
    )


def good(value: Any, source: int | None = START, received: int | None = START + 50) -> LiveValue:
    return LiveValue(value, Quality.GOOD, GOOD, source, received)


def last(value: Any, source: int | None = START, received: int | None = START + 50) -> LiveValue:
    """What a restart shows of a value."""
    return LiveValue(value, Quality.UNCERTAIN, UNCERTAIN_LAST_USABLE_VALUE, source, received)


async def keep(store: Store, hub: LiveHub, *batch: tuple[LivePoint, LiveValue]) -> None:
    """Apply ``batch`` in the life of a server that keeps its last values at its end."""
    checkpoints = Checkpoints(store, hub, interval=NEVER)
    checkpoints.start()
    hub.apply(batch)
    await checkpoints.stop()


async def restarted(store: Store, *sinks: Sink) -> list[LiveValue]:
    """Return what points of another life of the server show before any machine has spoken."""
    hub = LiveHub(FakeClock())
    points = [hub.register(each) for each in sinks]
    await Checkpoints(store, hub, interval=NEVER).restore(points)
    return [point.current for point in points]


async def until(probe: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not probe():
            await asyncio.sleep(0.005)


def events(logs: Sequence[Any]) -> list[tuple[str, str]]:
    return [(line["log_level"], line["event"]) for line in logs]


async def test_values_outlive_a_restart_as_uncertain_with_their_true_times(
    reopen: Reopen, hub: LiveHub
) -> None:
    texts = [{"language": "de", "text": "Läuft"}]
    sinks = [sink("Speed"), sink("Count", "xs:unsignedLong"), sink("State", None), sink("Silent")]
    speed, count, state, _ = (hub.register(each) for each in sinks)

    await keep(
        await reopen(),
        hub,
        (speed, good(1.0, START - 9, START)),
        (speed, good(16.5, START - 5, START)),
        (count, good(2**64 - 1, None, START + 7)),
        (state, good(texts)),
    )

    assert await restarted(await reopen(), *sinks) == [
        last(16.5, START - 5, START),
        last(2**64 - 1, None, START + 7),
        last(texts),
        NEVER_RECEIVED,
    ]


async def test_the_newest_value_outlives_several_restarts(reopen: Reopen) -> None:
    for value in (1.0, 2.0, 3.0):
        hub = LiveHub(FakeClock())
        await keep(await reopen(), hub, (hub.register(sink("Speed")), good(value, START + 1)))
    for _ in range(2):
        assert await restarted(await reopen(), sink("Speed")) == [last(3.0, START + 1)]


async def test_of_a_bad_value_the_last_usable_one_outlives_a_restart(
    reopen: Reopen, hub: LiveHub
) -> None:
    point = hub.register(sink("Speed"))
    bad = LiveValue(None, Quality.BAD, BAD_SENSOR_FAILURE, START + 1_000, START + 2_000)

    await keep(await reopen(), hub, (point, good(16.5)), (point, bad))

    assert await restarted(await reopen(), sink("Speed")) == [last(16.5, START, START + 2_000)]


async def test_elements_of_one_name_in_two_submodels_keep_their_own_values(
    reopen: Reopen, hub: LiveHub
) -> None:
    sinks = [sink("Speed", submodel=each) for each in ("urn:a", "urn:b")]
    first, second = (hub.register(each) for each in sinks)

    await keep(await reopen(), hub, (first, good(1.0)), (second, good(2.0)))

    assert await restarted(await reopen(), *reversed(sinks)) == [last(2.0), last(1.0)]


async def test_values_are_kept_while_the_server_runs(counting: CountingStore, hub: LiveHub) -> None:
    point = hub.register(sink("Speed"))
    checkpoints = Checkpoints(counting, hub, interval=AT_ONCE)
    checkpoints.start()

    for value in (1.0, 2.0):
        hub.apply([(point, good(value))])
        await until(lambda value=value: len(counting.saves) == value)
        assert await restarted(counting, sink("Speed")) == [last(value)]

    await checkpoints.stop()


async def test_many_samples_are_one_transaction_of_what_is_newest(
    counting: CountingStore, hub: LiveHub
) -> None:
    points = [hub.register(sink(f"P{number}")) for number in range(10)]
    batches = [[(point, good(float(n), START + n)) for point in points] for n in range(100)]

    await keep(counting, hub, *(pair for batch in batches for pair in batch))

    (save,) = counting.saves
    assert [each.path for each in save] == [f"Signals.P{number}" for number in range(10)]
    assert await restarted(counting, sink("P7")) == [last(99.0, START + 99)]


async def test_very_many_points_are_several_transactions(
    counting: CountingStore, hub: LiveHub
) -> None:
    points = [hub.register(sink(f"P{number}")) for number in range(12_000)]

    await keep(counting, hub, *((point, good(1.0)) for point in points))

    assert [len(save) for save in counting.saves] == [5000, 5000, 2000]
    assert len({each.path for save in counting.saves for each in save}) == 12_000


async def test_what_did_not_change_is_not_written_again(
    counting: CountingStore, hub: LiveHub
) -> None:
    still, moving = hub.register(sink("Still")), hub.register(sink("Moving"))
    checkpoints = Checkpoints(counting, hub, interval=AT_ONCE)
    checkpoints.start()
    hub.apply([(still, good(1.0)), (moving, good(1.0))])
    await until(lambda: counting.saves)
    hub.apply([(moving, good(2.0))])
    await checkpoints.stop()

    assert [len(save) for save in counting.saves] == [2, 1]


async def test_what_was_only_restored_is_not_written_again(counting: CountingStore) -> None:
    first = LiveHub(FakeClock())
    await keep(counting, first, (first.register(sink("Speed")), good(1.0)))
    hub = LiveHub(FakeClock())
    point, silent = hub.register(sink("Speed")), hub.register(sink("Silent"))
    checkpoints = Checkpoints(counting, hub, interval=NEVER)
    await checkpoints.restore([point, silent])
    checkpoints.start()
    saves = len(counting.saves)

    hub.degrade([point, silent], BAD_NO_COMMUNICATION)
    await checkpoints.stop()

    assert len(counting.saves) == saves
    assert point.is_restored


async def test_a_live_value_that_comes_before_the_stored_one_stays(
    counting: CountingStore, hub: LiveHub
) -> None:
    first = LiveHub(FakeClock())
    await keep(counting, first, (first.register(sink("Speed")), good(1.0)))
    point = hub.register(sink("Speed"))
    hub.apply([(point, good(2.0, START + 1))])

    await Checkpoints(counting, hub, interval=NEVER).restore([point])

    assert point.current == good(2.0, START + 1)


async def test_restoring_asks_the_store_once_and_not_at_all_for_nothing(
    counting: CountingStore, hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    async def last_values(submodel_ids: Any) -> Sequence[StoredValue]:
        asked.append(list(submodel_ids))
        return []

    monkeypatch.setattr(counting, "last_values", last_values)
    points = [hub.register(sink(p, submodel=s)) for p in ("A", "B") for s in ("urn:b", "urn:a")]

    await Checkpoints(counting, hub, interval=NEVER).restore(points)
    await Checkpoints(counting, hub, interval=NEVER).restore([])

    assert asked == [["urn:a", "urn:b"]]


async def test_a_value_of_a_type_that_changed_is_dropped_and_told(
    reopen: Reopen, hub: LiveHub
) -> None:
    speed, count = hub.register(sink("Speed")), hub.register(sink("Count"))
    await keep(await reopen(), hub, (speed, good(16.5)), (count, good(3.0)))

    with capture_logs() as logs:
        shown = await restarted(await reopen(), sink("Speed"), sink("Count", "xs:int"))

    assert shown == [last(16.5), NEVER_RECEIVED]
    (line,) = (line for line in logs if line["event"] == "last value dropped")
    assert (line["sink"], line["reason"]) == (
        "urn:ex/Signals.Count",
        "the element was xs:double when its value was kept",
    )


async def test_a_damaged_value_is_dropped_and_told(reopen: Reopen) -> None:
    store = await reopen()
    await store.save_values([StoredValue(SUBMODEL, "Signals.Speed", b"\x00")])

    with capture_logs() as logs:
        assert await restarted(store, sink("Speed")) == [NEVER_RECEIVED]

    assert events(logs) == [("warning", "last value dropped")]


async def test_a_value_that_does_not_fit_is_told_once_and_costs_no_other(
    counting: CountingStore, hub: LiveHub
) -> None:
    wrong, right = hub.register(sink("Wrong", "xs:int")), hub.register(sink("Right"))
    checkpoints = Checkpoints(counting, hub, interval=AT_ONCE)
    with capture_logs() as logs:
        checkpoints.start()
        for number in (1, 2, 3):
            hub.apply([(wrong, good("warm")), (right, good(float(number)))])
            await until(lambda number=number: len(counting.saves) == number)
        await checkpoints.stop()

    assert await restarted(counting, sink("Right")) == [last(3.0)]
    (line,) = logs
    assert (line["event"], line["sink"]) == ("last value not kept", "urn:ex/Signals.Wrong")


async def test_a_failing_store_is_told_once_and_gets_everything_later(
    counting: CountingStore, hub: LiveHub
) -> None:
    first, second = hub.register(sink("A")), hub.register(sink("B"))
    counting.failure = "the disk is full"
    checkpoints = Checkpoints(counting, hub, interval=AT_ONCE)
    with capture_logs() as logs:
        checkpoints.start()
        hub.apply([(first, good(1.0))])
        for _ in range(3):
            counting.asked.clear()
            await until(counting.asked.is_set)
        hub.apply([(second, good(2.0))])
        counting.failure = None
        await until(lambda: counting.saves)
        await checkpoints.stop()

    assert await restarted(counting, sink("A"), sink("B")) == [last(1.0), last(2.0)]
    assert events(logs) == [
        ("warning", "last values not kept, tried again"),
        ("info", "last values kept again"),
    ]
    assert logs[0]["reason"] == "the disk is full"


async def test_a_store_that_fails_at_the_start_leaves_points_as_they_are(
    counting: CountingStore,
) -> None:
    counting.failure = "the network is down"

    with capture_logs() as logs:
        assert await restarted(counting, sink("Speed")) == [NEVER_RECEIVED]

    assert events(logs) == [("warning", "last values not shown")]


async def test_what_changes_during_a_transaction_is_kept_at_the_end(
    counting: CountingStore, hub: LiveHub
) -> None:
    point = hub.register(sink("Speed"))
    checkpoints = Checkpoints(counting, hub, interval=AT_ONCE)
    checkpoints.start()
    counting.answer.clear()
    hub.apply([(point, good(1.0))])
    await counting.asked.wait()
    hub.apply([(point, good(2.0))])
    stopping = asyncio.create_task(checkpoints.stop())
    await asyncio.sleep(AT_ONCE)
    counting.answer.set()
    await stopping

    assert await restarted(counting, sink("Speed")) == [last(2.0)]


async def test_a_stuck_store_does_not_hold_up_the_end(
    counting: CountingStore, hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "STOP_TIMEOUT", 0.05)
    counting.answer.clear()
    point = hub.register(sink("Speed"))

    with capture_logs() as logs:
        async with asyncio.timeout(WAIT_SECONDS):
            await keep(counting, hub, (point, good(1.0)))

    assert events(logs) == [("warning", "last values not all kept")]
    assert not [each for each in asyncio.all_tasks() if each.get_name() == "checkpoints"]


async def test_after_the_end_nothing_more_is_heard(counting: CountingStore, hub: LiveHub) -> None:
    point = hub.register(sink("Speed"))
    checkpoints = Checkpoints(counting, hub, interval=AT_ONCE)
    await checkpoints.stop()
    checkpoints.start()
    await checkpoints.stop()
    await checkpoints.stop()
    hub.apply([(point, good(1.0))])
    await asyncio.sleep(3 * AT_ONCE)

    assert counting.saves == []


async def test_of_two_points_that_fed_one_element_the_present_one_counts(
    reopen: Reopen, hub: LiveHub
) -> None:
    store = await reopen()
    checkpoints = Checkpoints(store, hub, interval=NEVER)
    checkpoints.start()
    for value in (1.0, 2.0, 3.0):
        point = hub.register(sink("Speed"))
        hub.apply([(point, good(value))])
        if value < 3.0:
            hub.unregister([point])
    await checkpoints.stop()

    assert await restarted(store, sink("Speed")) == [last(3.0)]


async def test_a_defect_is_told_at_once(
    counting: CountingStore, hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def save_values(_: Sequence[StoredValue]) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(counting, "save_values", save_values)
    point = hub.register(sink("Speed"))
    checkpoints = Checkpoints(counting, hub, interval=AT_ONCE)
    with capture_logs() as logs:
        checkpoints.start()
        hub.apply([(point, good(1.0))])
        await until(lambda: logs)
        await checkpoints.stop()

    assert events(logs) == [("error", "last values are kept no more, restart the server")]

"""What fails is tried again later and later, each thing on a clock of its own."""

from __future__ import annotations

from aas_server.bindings.opcua.retries import FIRST_RETRY, LONGEST_RETRY, Retries
from tests.support.clock import FakeClock


def delays(retries: Retries[str], clock: FakeClock, thing: str, times: int) -> list[float]:
    """How long ``thing`` waits when it fails again and again."""
    waited = []
    for _ in range(times):
        retries.failed(thing)
        due = retries.next_due()
        assert due is not None
        assert not retries.is_due(thing)
        waited.append(due - clock.monotonic())
        clock.advance(waited[-1])
        assert retries.is_due(thing)
    return waited


def test_what_fails_again_waits_twice_as_long_up_to_a_bound() -> None:
    clock = FakeClock()
    assert delays(Retries(clock), clock, "a", 8) == [1, 2, 4, 8, 16, 30, 30, LONGEST_RETRY]


def test_each_thing_has_a_clock_of_its_own() -> None:
    clock = FakeClock()
    retries: Retries[str] = Retries(clock)
    delays(retries, clock, "a", 4)
    retries.worked("a")

    assert delays(retries, clock, "b", 1) == [FIRST_RETRY]
    assert retries.is_due("c")


def test_what_works_waits_for_nothing() -> None:
    retries: Retries[str] = Retries(FakeClock())
    retries.failed("a")
    retries.worked("a")
    retries.worked("never failed")

    assert retries.is_due("a")
    assert "a" not in retries
    assert retries.next_due() is None
    assert retries.waiting() == []


def test_what_fails_soon_after_it_worked_goes_on_where_it_was() -> None:
    clock = FakeClock()
    retries: Retries[str] = Retries(clock)
    delays(retries, clock, "a", 3)
    retries.worked("a")
    clock.advance(5)

    assert delays(retries, clock, "a", 1) == [8]


def test_what_worked_for_long_begins_anew() -> None:
    clock = FakeClock()
    retries: Retries[str] = Retries(clock)
    delays(retries, clock, "a", 3)
    retries.worked("a")
    clock.advance(LONGEST_RETRY)

    assert delays(retries, clock, "a", 1) == [FIRST_RETRY]


def test_what_is_forgotten_never_failed() -> None:
    clock = FakeClock()
    retries: Retries[str] = Retries(clock)
    delays(retries, clock, "a", 3)
    retries.forget("a")

    assert delays(retries, clock, "a", 1) == [FIRST_RETRY]

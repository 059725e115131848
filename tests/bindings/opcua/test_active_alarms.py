"""The list of alarms shows what is retained, forgets only what is over, and stays bounded."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aas_server.bindings.opcua.active_alarms import ActiveAlarms
from aas_server.bindings.opcua.conditions import ConditionEvent

START = ConditionEvent(event_type="i=2787")
END = ConditionEvent(event_type="i=2788")
REQUIRED = ConditionEvent(event_type="i=2789")


def event(name: str, *, retained: bool = True, **more: Any) -> ConditionEvent:
    return ConditionEvent(
        event_type="i=2915", condition_id=f"nsu=urn:m;s={name}", is_retained=retained, **more
    )


def alarms(*events: ConditionEvent, limit: int = 10, **more: Any) -> ActiveAlarms:
    made = ActiveAlarms(limit, **more)
    made.begin()
    for each in (START, *events, END):
        made.take(each)
    return made


def names(active: ActiveAlarms) -> list[str]:
    return [(each.condition_id or "").rpartition("=")[2] for each in active.shown()]


def test_a_condition_is_shown_as_long_as_it_is_retained() -> None:
    active = alarms()
    assert active.take(event("Level"))
    assert names(active) == ["Level"]
    assert active.take(event("Level", is_acknowledged=True))
    assert not active.take(event("Level", is_acknowledged=True))
    assert active.take(event("Level", retained=False))
    assert names(active) == []
    assert not active.take(event("Level", retained=False))


def test_branches_of_a_condition_stand_and_end_by_themselves() -> None:
    active = alarms(event("Level"), event("Level", branch_id="nsu=urn:m;i=1"))
    assert len(active) == 2
    active.take(event("Level", retained=False))
    (rest,) = active.shown()
    assert rest.branch_id == "nsu=urn:m;i=1"
    assert active.find("nsu=urn:m;s=Level", "nsu=urn:m;i=1") is rest
    assert active.find("nsu=urn:m;s=Level") is None


def test_what_ended_during_an_outage_goes_when_the_refresh_has_ended_and_not_before() -> None:
    active = alarms(event("Level"), event("Door"))
    active.begin()
    assert not active.is_complete
    active.take(START)
    active.take(event("Door"))
    assert sorted(names(active)) == ["Door", "Level"]
    assert active.take(END)
    assert names(active) == ["Door"]
    assert active.is_complete


def test_what_happens_while_a_refresh_is_under_way_is_not_undone_by_its_end() -> None:
    active = alarms(event("Level"))
    active.take(START)
    active.take(event("New"))
    active.take(event("Level", retained=False))
    active.take(END)
    assert names(active) == ["New"]


def test_the_end_of_one_of_two_refreshes_is_not_the_end() -> None:
    active = alarms(event("Level"))
    active.begin()
    active.take(START)
    active.take(event("Level"))
    active.take(START)
    assert not active.take(END)
    assert names(active) == ["Level"]
    assert not active.is_complete
    active.take(event("Level"))
    active.take(END)
    assert names(active) == ["Level"]
    assert active.is_complete


def test_a_server_may_ask_for_a_refresh() -> None:
    active = alarms()
    active.wants_refresh = False
    active.take(REQUIRED)
    assert active.wants_refresh


def test_without_a_refresh_only_what_this_session_said_is_shown() -> None:
    active = alarms(event("Old"))
    active.begin()
    active.take(event("New"))
    assert active.give_up_refresh()
    assert names(active) == ["New"]
    assert not active.is_complete


def test_the_most_severe_come_first_and_of_these_the_newest() -> None:
    active = alarms(
        event("C", severity=100, time=9),
        event("B", severity=900, time=1),
        event("A", severity=900, time=2),
    )
    assert names(active) == ["A", "B", "C"]


def test_what_is_not_shown_is_counted() -> None:
    active = alarms(*(event(f"A{n}", severity=n) for n in range(5)), limit=3)
    assert names(active) == ["A4", "A3", "A2"]
    assert active.hidden == 2
    active.take(event("A4", retained=False))
    assert names(active) == ["A3", "A2", "A1"]


def test_a_flood_is_bounded_and_what_was_forgotten_is_counted_until_a_refresh() -> None:
    active = alarms(*(event(f"A{n}", severity=n) for n in range(500)), limit=10, capacity=50)
    assert len(active) <= 50
    assert names(active) == [f"A{n}" for n in range(499, 489, -1)]
    assert active.hidden == 490
    active.take(START)
    active.take(END)
    assert active.hidden == 0


def test_an_alarm_is_found_by_the_id_of_its_event() -> None:
    active = alarms(event("Level", event_id=b"\x01"), event("Door", event_id=b"\x02"))
    found = active.find_event(b"\x02")
    assert found is not None
    assert found.condition_id == "nsu=urn:m;s=Door"
    assert active.find_event(b"\x03") is None


@given(
    st.lists(st.tuples(st.sampled_from("ABCDE"), st.booleans()), max_size=40),
    st.sets(st.sampled_from("ABCDE")),
)
def test_after_a_refresh_exactly_what_the_server_retains_is_shown(
    before: list[tuple[str, bool]], retained: set[str]
) -> None:
    active = ActiveAlarms(10)
    for name, is_retained in before:
        active.take(event(name, retained=is_retained))
    active.begin()
    for each in (START, *map(event, sorted(retained)), END):
        active.take(each)
    assert sorted(names(active)) == sorted(retained)

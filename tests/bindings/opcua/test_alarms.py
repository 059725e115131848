"""A list of alarms tells the truth about servers that refuse a filter, a refresh, or its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asyncua import ua
from prometheus_client import CollectorRegistry

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import compile_conversion
from aas_server.bindings.metrics import BindingMetrics
from aas_server.bindings.opcua import alarms
from aas_server.bindings.opcua.alarms import AlarmFeed, Alarms
from aas_server.bindings.opcua.conditions import FIELD_NAMES
from aas_server.bindings.opcua.events import refused_clauses
from aas_server.bindings.opcua.nodes import Nodes
from aas_server.bindings.plant.alarms import AlarmSettings
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import GOOD, Quality
from tests.bindings.opcua.plant import until
from tests.bindings.opcua.test_conditions import fields
from tests.support.clock import FakeClock

_Codes = ua.StatusCodes
SUBMODEL: dict[str, Any] = {
    "modelType": "Submodel",
    "id": "urn:sm",
    "submodelElements": [
        {
            "modelType": "SubmodelElementList",
            "idShort": "Alarms",
            "typeValueListElement": "SubmodelElementCollection",
            "value": [
                {
                    "modelType": "SubmodelElementCollection",
                    "value": [
                        {
                            "modelType": "Property",
                            "idShort": "ConditionId",
                            "valueType": "xs:string",
                        }
                    ],
                }
            ],
        }
    ],
}


class Session:
    """A server that answers calls with ``answers``, one after the other and the last for ever."""

    def __init__(self, *answers: int) -> None:
        self.namespaces = ["http://opcfoundation.org/UA/", "urn:server", "urn:machine"]
        self.calls: list[Any] = []
        self._answers = list(answers)

    async def call(
        self, owner: ua.NodeId, method: ua.NodeId, arguments: list[ua.Variant], *, timeout: float
    ) -> ua.CallMethodResult:
        assert (owner, method) == (ua.NodeId(2782), ua.NodeId(3875))
        self.calls.append(arguments[0].Value)
        code = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if code == _Codes.BadTimeout:
            raise TimeoutError
        return ua.CallMethodResult(ua.StatusCode(code))


class List:
    """A list of alarms of one machine, without a connection."""

    def __init__(self, hub: LiveHub, clock: FakeClock, **settings: Any) -> None:
        row = {"connection": "m", "sink": {"submodel": "urn:sm", "path": "Alarms"}, **settings}
        self.settings = AlarmSettings.model_validate(row)
        self.binding = Binding(self.settings, now=hub.now)
        sink = resolve_sink(SUBMODEL, ("Alarms",))
        self.binding.conversion = compile_conversion(self.settings, sink)
        self.point: LivePoint = hub.register(sink)
        self.binding.point = self.point
        self.alarms = Alarms("m", hub, clock)
        counters = BindingMetrics(CollectorRegistry()).of("m")
        feed = self.alarms.add(self.binding, counters, lambda: None)
        assert feed is not None
        self.feed: AlarmFeed = feed

    def tell(self, name: str, *, retain: bool = True, severity: int = 500) -> None:
        condition = ua.NodeId(name, 2)
        self.feed.event(fields(ConditionId=condition, Retain=retain, Severity=severity))

    def mark(self, event_type: int) -> None:
        """Begin (2787), end (2788) or want (2789) a refresh."""
        nothing = dict.fromkeys(("ConditionId", "ConditionName", "Retain"))
        self.feed.event(fields(**nothing, EventType=ua.NodeId(event_type)))

    def shown(self) -> list[str]:
        value = self.point.current.value or []
        return [each["ConditionId"].rpartition("=")[2] for each in value]


@pytest.fixture
def shown_list(hub: LiveHub, clock: FakeClock) -> List:
    return List(hub, clock)


@asynccontextmanager
async def serving(of: List, session: Any) -> AsyncIterator[None]:
    await of.feed.begun(session, Nodes(session), 7)
    task = asyncio.create_task(of.alarms.run(session))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_nothing_is_shown_before_the_refresh_has_ended(shown_list: List) -> None:
    session = Session(GOOD)
    async with serving(shown_list, session):
        await until(lambda: session.calls == [7])
        shown_list.mark(2787)
        shown_list.tell("A")
        await asyncio.sleep(3 * alarms.PUBLISH_DELAY)
        assert shown_list.point.current.quality is Quality.UNCERTAIN

        shown_list.mark(2788)
        await until(lambda: shown_list.shown() == ["A"])
        assert shown_list.point.current.status_code == GOOD


async def test_a_server_that_offers_no_refresh_has_a_list_that_is_never_good(
    shown_list: List,
) -> None:
    async with serving(shown_list, Session(_Codes.BadMethodInvalid)):
        await until(lambda: shown_list.binding.note)
        assert "offers no refresh" in (shown_list.binding.note or "")
        shown_list.tell("A")
        await until(lambda: shown_list.shown() == ["A"])
        assert shown_list.point.current.status_code == _Codes.UncertainDataSubNormal
        assert shown_list.binding.problem is None


@pytest.mark.parametrize(
    ("answer", "delay"),
    [
        (_Codes.BadRefreshInProgress, alarms.REFRESH_RETRY),
        (_Codes.BadTimeout, alarms.REFRESH_RETRY),
        (GOOD, alarms.REFRESH_END),
    ],
)
async def test_a_refresh_that_does_not_come_to_its_end_is_asked_for_again(
    shown_list: List, clock: FakeClock, answer: int, delay: float
) -> None:
    session = Session(answer, GOOD)
    async with serving(shown_list, session):
        await until(lambda: len(session.calls) == 1)
        shown_list.tell("A")
        await asyncio.sleep(2 * alarms.PUBLISH_DELAY)
        assert len(session.calls) == 1
        clock.advance(delay)
        shown_list.tell("B")
        await until(lambda: len(session.calls) == 2)
        shown_list.mark(2787)
        shown_list.mark(2788)
        await until(lambda: shown_list.point.current.quality is Quality.GOOD)


async def test_a_server_may_want_a_refresh_at_any_time(shown_list: List, clock: FakeClock) -> None:
    session = Session(GOOD)
    async with serving(shown_list, session):
        await until(lambda: session.calls)
        shown_list.mark(2787)
        shown_list.mark(2788)
        clock.advance(alarms.REFRESH_RETRY)
        shown_list.mark(2789)
        await until(lambda: len(session.calls) == 2)


async def test_a_filter_that_the_server_refuses_is_left_out_the_next_time(
    shown_list: List,
) -> None:
    nodes = Nodes(Session(GOOD))  # type: ignore[arg-type]
    first = await shown_list.feed.event_filter(nodes)
    assert [each.FilterOperator.name for each in first.WhereClause.Elements].count("OfType") == 4
    shown_list.feed.ended("BadEventFilterInvalid")
    assert shown_list.binding.problem == "BadEventFilterInvalid"
    assert shown_list.point.current.quality is Quality.BAD

    second = await shown_list.feed.event_filter(nodes)
    assert not second.WhereClause.Elements
    async with serving(shown_list, Session(GOOD)):
        assert shown_list.binding.problem is None


async def test_a_condition_whose_severity_falls_too_low_goes(
    hub: LiveHub, clock: FakeClock
) -> None:
    some = List(hub, clock, minimumSeverity=400)
    async with serving(some, Session(GOOD)):
        some.mark(2787)
        some.tell("A")
        some.tell("B", severity=399)
        some.mark(2788)
        await until(lambda: some.shown() == ["A"])
        some.tell("A", severity=100)
        await until(lambda: some.shown() == [])


async def test_a_clock_that_is_set_back_holds_up_no_list(
    shown_list: List, clock: FakeClock
) -> None:
    async with serving(shown_list, Session(GOOD)):
        shown_list.mark(2787)
        shown_list.tell("A")
        shown_list.mark(2788)
        await until(lambda: shown_list.shown() == ["A"])
        clock.advance(-2)
        shown_list.tell("A", retain=False)
        await until(lambda: shown_list.shown() == [] and shown_list.point.current.value == [])


def test_a_server_that_does_not_tell_what_is_needed_has_no_list(shown_list: List) -> None:
    shown_list.feed.admitted([8, 14, 16])
    assert (FIELD_NAMES[11], FIELD_NAMES[14]) == ("Retain", "Comment")
    with pytest.raises(ua.UaError, match="does not tell Retain, Comment of its events"):
        shown_list.feed.admitted([11, 14])


async def test_conditions_without_ids_are_no_list_that_could_be_good(shown_list: List) -> None:
    async with serving(shown_list, Session(GOOD)):
        shown_list.mark(2787)
        shown_list.feed.event(fields(ConditionId=None))
        shown_list.mark(2788)
        await asyncio.sleep(3 * alarms.PUBLISH_DELAY)
        assert shown_list.point.current.quality is Quality.BAD
        assert "without their ids" in (shown_list.binding.problem or "")


def test_what_a_server_refuses_of_a_filter_is_found_in_its_answer() -> None:
    good, bad = ua.StatusCode(0), ua.StatusCode(_Codes.BadNodeIdUnknown)
    result = ua.MonitoredItemCreateResult(FilterResult=ua.EventFilterResult([good, bad, good, bad]))
    assert refused_clauses(result) == [1, 3]
    assert refused_clauses(ua.MonitoredItemCreateResult()) == []

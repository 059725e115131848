"""Events of conditions are read whatever a server puts into their fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua

from aas_server.bindings.opcua.conditions import (
    MAX_TEXT,
    node_text,
    read_event,
    select_clauses,
)
from aas_server.live.shapes import ABSENT

NAMESPACES = ["http://opcfoundation.org/UA/", "urn:server", "urn:machine"]
MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def fields(**changes: Any) -> list[ua.Variant]:
    """The fields of an event of a full alarm, by what was selected."""
    values: dict[str, Any] = {
        "EventId": b"\x01\x02",
        "EventType": ua.NodeId(9341),
        "SourceNode": ua.NodeId("Tank", 2),
        "SourceName": "Tank",
        "Time": MOMENT,
        "ReceiveTime": MOMENT,
        "Message": ua.LocalizedText("Level high", "en-US"),
        "Severity": 700,
        "ConditionId": ua.NodeId("Tank.High", 2),
        "ConditionName": "High",
        "BranchId": ua.NodeId(),
        "Retain": True,
        "EnabledState/Id": True,
        "Quality": ua.StatusCode(0),
        "Comment": ua.LocalizedText("seen"),
        "AckedState/Id": False,
        "ConfirmedState/Id": None,
        "ActiveState/Id": True,
    }
    values.update(changes)
    return [ua.Variant(value) for value in values.values()]


def test_an_event_is_shown_with_all_that_it_says() -> None:
    event = read_event(fields(), NAMESPACES)

    assert event.key == ("nsu=urn:machine;s=Tank.High", "")
    assert event.is_retained
    assert {name: value for name, value in event.shown().items() if value is not ABSENT} == {
        "ConditionId": "nsu=urn:machine;s=Tank.High",
        "EventId": b"\x01\x02",
        "EventType": "i=9341",
        "ConditionName": "High",
        "SourceName": "Tank",
        "SourceNode": "nsu=urn:machine;s=Tank",
        "Message": {"language": "en-US", "text": "Level high"},
        "Severity": 700,
        "Time": MOMENT,
        "ReceiveTime": MOMENT,
        "Active": True,
        "Acknowledged": False,
        "Enabled": True,
        "Quality": "Good",
        "Comment": {"language": "und", "text": "seen"},
    }


def test_fields_of_another_type_count_as_absent() -> None:
    odd = dict.fromkeys(("EventId", "SourceName", "Message", "Time", "BranchId", "Retain"), 3.5)
    event = read_event(fields(**odd), NAMESPACES)

    assert not event.is_retained
    assert event.event_id == b""
    assert event.source_name is event.message is event.time is event.branch_id is None


def test_an_event_of_no_condition_has_no_condition() -> None:
    gone = {"ConditionId": None, "Retain": None, "Time": datetime(1601, 1, 1, tzinfo=UTC)}
    event = read_event(fields(**gone), NAMESPACES)

    assert event.condition_id is None
    assert event.time is None


def test_long_texts_are_cut() -> None:
    message = ua.LocalizedText("x" * 10_000_000)
    event = read_event(fields(Message=message, SourceName="\udc80" * 5000), NAMESPACES)

    assert event.message is not None
    assert len(event.message[1]) == MAX_TEXT
    assert len(event.source_name or "") == MAX_TEXT
    (event.source_name or "").encode()


def test_characters_that_no_document_takes_do_not_cost_the_alarm() -> None:
    event = read_event(fields(Message=ua.LocalizedText("Level\x00 high", "en")), NAMESPACES)

    assert event.message == ("en", "Level\ufffd high")


def test_an_event_with_fields_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="17 fields"):
        read_event(fields()[:-1], NAMESPACES)


def test_node_ids_are_told_by_their_namespace_and_not_by_its_place() -> None:
    assert node_text(ua.NodeId(7, 2), NAMESPACES) == "nsu=urn:machine;i=7"
    assert node_text(ua.NodeId(7, 9), NAMESPACES) == "ns=9;i=7"
    assert node_text(ua.NodeId(2253), NAMESPACES) == "i=2253"
    assert node_text(ua.NodeId(), NAMESPACES) is None
    assert node_text("Tank", NAMESPACES) is None


def test_the_condition_itself_is_selected_by_its_node_id() -> None:
    (condition,) = [each for each in select_clauses() if not each.BrowsePath]
    assert condition.AttributeId == ua.AttributeIds.NodeId
    assert condition.TypeDefinitionId == ua.NodeId(ua.ObjectIds.ConditionType)

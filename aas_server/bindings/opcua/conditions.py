"""Conditions as a server tells them: what is selected of their events, and one event read
(OPC 10000-9 5.5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from aas_server.bindings.opcua.problems import status_name
from aas_server.bindings.opcua.variants import clean_text, numeric, plain
from aas_server.bindings.sink_types import to_lang_strings
from aas_server.clock import to_datetime, to_microseconds
from aas_server.live.shapes import ABSENT

MAX_TEXT: Final = 1000
"""Characters that are kept of any text of an event."""

_CUT: Final = "…"
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no document takes (AASd-130): an alarm is shown nevertheless, without them."""

Text: TypeAlias = tuple[str, str]
"""Language (und when the server names none) and text."""

_BASE, _CONDITION = ObjectIds.BaseEventType, ObjectIds.ConditionType
_ACKNOWLEDGEABLE, _ALARM = ObjectIds.AcknowledgeableConditionType, ObjectIds.AlarmConditionType

_FIELDS: Final[tuple[tuple[int, tuple[str, ...]], ...]] = (
    (_BASE, ("EventId",)),
    (_BASE, ("EventType",)),
    (_BASE, ("SourceNode",)),
    (_BASE, ("SourceName",)),
    (_BASE, ("Time",)),
    (_BASE, ("ReceiveTime",)),
    (_BASE, ("Message",)),
    (_BASE, ("Severity",)),
    (_CONDITION, ()),  # the NodeId of the condition itself
    (_CONDITION, ("ConditionName",)),
    (_CONDITION, ("BranchId",)),
    (_CONDITION, ("Retain",)),
    (_CONDITION, ("EnabledState", "Id")),
    (_CONDITION, ("Quality",)),
    (_CONDITION, ("Comment",)),
    (_ACKNOWLEDGEABLE, ("AckedState", "Id")),
    (_ACKNOWLEDGEABLE, ("ConfirmedState", "Id")),
    (_ALARM, ("ActiveState", "Id")),
)


FIELD_NAMES: Final = tuple(path[0] if path else "ConditionId" for _, path in _FIELDS)
"""Names of what is selected, in its order."""

NEEDED: Final = frozenset({"EventId", "EventType", "Retain"})
"""Without these nobody knows which conditions there are. Neither without ConditionId, but some
servers refuse it in words and tell it nevertheless.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionEvent:
    """One event: a condition's state at a time, or a mark of a refresh, which has no condition.

    Node ids are texts with the namespace's URI, so that they mean the same in every session. States
    are None where the condition does not have them. Times are microseconds since the epoch.
    """

    event_type: str
    event_id: bytes = b""
    source_node: str | None = None
    source_name: str | None = None
    time: int | None = None
    receive_time: int | None = None
    message: Text | None = None
    severity: int = 0
    condition_id: str | None = None
    condition_name: str | None = None
    branch_id: str | None = None
    is_retained: bool = False
    is_enabled: bool | None = None
    quality: int | None = None
    comment: Text | None = None
    is_acknowledged: bool | None = None
    is_confirmed: bool | None = None
    is_active: bool | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells this state of a condition from all others: its id and its branch."""
        return self.condition_id or "", self.branch_id or ""

    def as_ended(self) -> ConditionEvent:
        """Return the event as if the condition were over."""
        return replace(self, is_retained=False)

    def shown(self) -> dict[str, Any]:
        """Return the event as an item of a list of alarms, as plain values; what is unknown is
        absent.
        """
        values: dict[str, Any] = {
            "ConditionId": self.condition_id,
            "BranchId": self.branch_id,
            "EventId": self.event_id,
            "EventType": self.event_type,
            "ConditionName": self.condition_name,
            "SourceName": self.source_name,
            "SourceNode": self.source_node,
            "Message": _localized(self.message),
            "Severity": self.severity,
            "Time": None if self.time is None else to_datetime(self.time),
            "ReceiveTime": None if self.receive_time is None else to_datetime(self.receive_time),
            "Active": self.is_active,
            "Acknowledged": self.is_acknowledged,
            "Confirmed": self.is_confirmed,
            "Enabled": self.is_enabled,
            "Quality": None if self.quality is None else status_name(self.quality),
            "Comment": _localized(self.comment),
        }
        return {name: ABSENT if value is None else value for name, value in values.items()}


EXAMPLE: Final = ConditionEvent(
    event_type="i=2915",
    event_id=b"0",
    source_node="i=2253",
    source_name="Tank",
    time=0,
    receive_time=0,
    message=("en", "level is high"),
    severity=500,
    condition_id="i=1",
    condition_name="High",
    branch_id="i=1",
    is_retained=True,
    is_enabled=True,
    quality=0,
    comment=("en", "seen"),
    is_acknowledged=False,
    is_confirmed=False,
    is_active=True,
)
"""An event with everything that there is, to find out whether a list takes it."""


def select_clauses() -> list[ua.SimpleAttributeOperand]:
    """Return what is selected of each event, in the order that ``read_event`` takes."""
    return [
        ua.SimpleAttributeOperand(
            TypeDefinitionId=numeric(owner),
            BrowsePath=[ua.QualifiedName(name, 0) for name in path],
            AttributeId=AttributeIds.Value if path else AttributeIds.NodeId,
        )
        for owner, path in _FIELDS
    ]


def read_event(fields: Sequence[ua.Variant], namespaces: Sequence[str]) -> ConditionEvent:
    """Return the event whose selected fields these are; a field of another type counts as absent.

    Raises ``ValueError`` when they are not as many as were selected.
    """
    if len(fields) != len(_FIELDS):
        raise ValueError(f"an event with {len(fields)} fields instead of {len(_FIELDS)}")
    values = iter([each.Value for each in fields])

    def node() -> str | None:
        return node_text(next(values), namespaces)

    def of(kind: type) -> Any:
        value = next(values)
        return value if isinstance(value, kind) else None

    # In the order of _FIELDS.
    return ConditionEvent(
        event_id=of(bytes) or b"",
        event_type=node() or "",
        source_node=node(),
        source_name=_cut(of(str)),
        time=_time(of(datetime)),
        receive_time=_time(of(datetime)),
        message=_text(of(ua.LocalizedText)),
        severity=of(int) or 0,
        condition_id=node(),
        condition_name=_cut(of(str)),
        branch_id=node(),
        is_retained=of(bool) is True,
        is_enabled=of(bool),
        quality=_code(of(ua.StatusCode)),
        comment=_text(of(ua.LocalizedText)),
        is_acknowledged=of(bool),
        is_confirmed=of(bool),
        is_active=of(bool),
    )


def node_text(value: Any, namespaces: Sequence[str]) -> str | None:
    """Return a node id as ``nsu=<URI>;...``, or ``i=...`` for the standard's own; None for null."""
    if not isinstance(value, ua.NodeId) or value.is_null():
        return None
    index = value.NamespaceIndex
    bare = ua.NodeId(value.Identifier, ua.Int16(0), value.NodeIdType).to_string()
    if index == 0:
        return _cut(bare)
    known = index < len(namespaces)
    return _cut(f"nsu={namespaces[index]};{bare}" if known else f"ns={index};{bare}")


def _cut(text: str | None) -> str | None:
    if not text:
        return None
    text = _NOT_XML.sub("\ufffd", clean_text(text[: MAX_TEXT + 1]))
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + _CUT


def _time(moment: datetime | None) -> int | None:
    known: datetime | None = plain(ua.VariantType.DateTime, moment)
    return None if known is None else to_microseconds(known)


def _text(value: ua.LocalizedText | None) -> Text | None:
    text = None if value is None else _cut(value.Text)
    if text is None or value is None:
        return None
    (lang_string,) = to_lang_strings({"language": value.Locale, "text": text})
    return lang_string["language"], text


def _localized(text: Text | None) -> dict[str, str] | None:
    return None if text is None else {"language": text[0], "text": text[1]}


def _code(value: ua.StatusCode | None) -> int | None:
    return None if value is None else int(value.value)

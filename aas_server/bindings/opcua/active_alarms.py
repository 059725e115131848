"""The list of active alarms: events in, what an operator has to know of out (OPC 10000-9 4.5,
5.5).
"""

from __future__ import annotations

from typing import Final

from asyncua.ua.object_ids import ObjectIds

from aas_server.bindings.opcua.conditions import ConditionEvent

MAX_CONDITIONS: Final = 10_000
"""Conditions that are remembered of one server at most; far more than are shown."""

_REFRESH_START: Final = f"i={ObjectIds.RefreshStartEventType}"
_REFRESH_END: Final = f"i={ObjectIds.RefreshEndEventType}"
_REFRESH_REQUIRED: Final = f"i={ObjectIds.RefreshRequiredEventType}"

_Key = tuple[str, str]


class ActiveAlarms:
    """Every retained condition of one server, the most severe and newest first.

    ``limit`` is how many are shown. What a former session knew stays until a refresh has ended that
    did not name it: only then is it known to be over.
    """

    def __init__(self, limit: int, *, capacity: int = MAX_CONDITIONS) -> None:
        self.limit = limit
        self._capacity = capacity
        self._conditions: dict[_Key, ConditionEvent] = {}
        self._unconfirmed: set[_Key] = set()
        self._refreshes = 0
        self._forgotten = 0
        self.is_complete = False
        self.wants_refresh = False

    def __len__(self) -> int:
        return len(self._conditions)

    @property
    def hidden(self) -> int:
        """Return how many conditions are not shown because there are more than ``limit``."""
        return max(0, len(self._conditions) - self.limit) + self._forgotten

    def begin(self) -> None:
        """Begin a new session: nothing is known for certain until a refresh has ended."""
        self._refreshes = 0
        self.is_complete = False
        self.wants_refresh = True
        self._unconfirmed = set(self._conditions)

    def take(self, event: ConditionEvent) -> bool:
        """Take in an event; returns whether the list changed, or became complete.

        ``wants_refresh`` says that the server is to be asked for a refresh; ``is_complete`` that
        the list holds everything.
        """
        if event.condition_id is not None:
            return self._take_condition(event)
        if event.event_type == _REFRESH_START:
            self._refreshes += 1
            self._forgotten = 0
            self._unconfirmed = set(self._conditions)
        elif event.event_type == _REFRESH_END:
            return self._refresh_ended()
        elif event.event_type == _REFRESH_REQUIRED:
            self.wants_refresh = True
        return False

    def give_up_refresh(self) -> bool:
        """Make do without a refresh, which the server does not offer: what only a former session
        knew goes, because nobody can tell whether it is over; returns whether the list changed.
        """
        self.wants_refresh = False
        self._refreshes = 0
        return self._drop_unconfirmed()

    def shown(self) -> list[ConditionEvent]:
        """Return the conditions to be shown, the most severe and newest first."""
        return sorted(self._conditions.values(), key=_order)[: self.limit]

    def find(self, condition_id: str, branch_id: str | None = None) -> ConditionEvent | None:
        """Return the newest event of a condition or of one of its branches, None when there is
        none.
        """
        return self._conditions.get((condition_id, branch_id or ""))

    def find_event(self, event_id: bytes) -> ConditionEvent | None:
        """Return the condition whose newest event has this id, None when there is none."""
        events = self._conditions.values()
        return next((event for event in events if event.event_id == event_id), None)

    def _take_condition(self, event: ConditionEvent) -> bool:
        key = event.key
        self._unconfirmed.discard(key)
        known = self._conditions.get(key)
        if not event.is_retained:
            return self._conditions.pop(key, None) is not None
        self._conditions[key] = event
        if len(self._conditions) > self._capacity:
            self._forget_some()
        return known != event

    def _refresh_ended(self) -> bool:
        # With two refreshes under way the end of the first says nothing of what the second reset.
        self._refreshes = max(0, self._refreshes - 1)
        if self._refreshes:
            return False
        became_complete = not self.is_complete
        self.is_complete = True
        return self._drop_unconfirmed() or became_complete

    def _drop_unconfirmed(self) -> bool:
        gone, self._unconfirmed = self._unconfirmed, set()
        for key in gone:
            self._conditions.pop(key, None)
        return bool(gone)

    def _forget_some(self) -> None:
        """Forget the tenth that is least severe and oldest, so that this is not done often."""
        kept = sorted(self._conditions.values(), key=_order)[: max(1, self._capacity * 9 // 10)]
        self._forgotten += len(self._conditions) - len(kept)
        self._conditions = {event.key: event for event in kept}


def _order(event: ConditionEvent) -> tuple[int, int, _Key]:
    return -event.severity, -(event.time or 0), event.key

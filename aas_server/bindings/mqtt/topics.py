"""Topics: which of the filters that are subscribed a message belongs to (MQTT 4.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

R = TypeVar("R")


def is_pattern(topic_filter: str) -> bool:
    """Return whether a filter has wildcards."""
    return "+" in topic_filter or "#" in topic_filter


def matches(topic_filter: str, topic: str) -> bool:
    """Return whether ``topic`` is one of those that ``topic_filter`` means.

    Wildcards do not mean topics of the broker's own, which begin with ``$``.
    """
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(levels) or level not in ("+", levels[number]):
            return False
    return len(wanted) == len(levels)


class TopicTable(Generic[R]):
    """What belongs to each filter, found by the topics of messages."""

    def __init__(self) -> None:
        self._exact: dict[str, R] = {}
        self._patterns: dict[str, R] = {}

    def get(self, topic_filter: str) -> R | None:
        """Return what belongs to exactly this filter."""
        return self._table(topic_filter).get(topic_filter)

    def put(self, topic_filter: str, what: R) -> None:
        """Let ``what`` belong to a filter."""
        self._table(topic_filter)[topic_filter] = what

    def remove(self, topic_filter: str) -> None:
        """Forget a filter."""
        self._table(topic_filter).pop(topic_filter, None)

    def all(self) -> Iterator[R]:
        """Return what belongs to all filters."""
        yield from self._exact.values()
        yield from self._patterns.values()

    def find(self, topic: str) -> list[R]:
        """Return what belongs to the filters that mean ``topic``."""
        exact = self._exact.get(topic)
        found = [] if exact is None else [exact]
        if self._patterns:
            found += [what for pattern, what in self._patterns.items() if matches(pattern, topic)]
        return found

    def _table(self, topic_filter: str) -> dict[str, R]:
        return self._patterns if is_pattern(topic_filter) else self._exact

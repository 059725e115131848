"""Refusals: what was wanted and cannot become a row, told of like bindings that fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aas_server.bindings.wanted import Refused


class Refusal:
    """One refused binding, in the words in which the log tells of bindings."""

    __slots__ = ("problem", "refused")

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        self.problem: str | None = refused.reason

    @property
    def connection(self) -> str:
        """Return the connection that it would have, or who wanted it where that is not known."""
        return self.refused.connection or self.refused.origin

    @property
    def source(self) -> str:
        """Return where its value would come from."""
        return self.refused.source

    @property
    def sink_name(self) -> str:
        """Return where its value would go."""
        return self.refused.sink


class Refusals:
    """What is refused now; one that stays is the same object, so that it is told of once."""

    def __init__(self) -> None:
        self._refusals: dict[Refused, Refusal] = {}

    @property
    def all(self) -> Sequence[Refusal]:
        """Return all of them in their order."""
        return list(self._refusals.values())

    def update(self, refused: Iterable[Refused]) -> None:
        """Take in what is refused now."""
        known = self._refusals
        self._refusals = {each: known.get(each) or Refusal(each) for each in dict.fromkeys(refused)}

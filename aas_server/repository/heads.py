"""What is being committed: newer than what readers see, and what the next write builds on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from aas_server.metamodel.tree import Node
from aas_server.store.protocol import Kind, StoredDocument

Key: TypeAlias = tuple[Kind, str]
"""Kind and id of a document."""


@dataclass(frozen=True, slots=True)
class State:
    """A document with its decoded body."""

    stored: StoredDocument
    tree: Node


class Heads:
    """The newest states that are on their way to the store.

    A write to a document that is just being committed need not wait: it builds on the head, and is
    committed behind it or fails with it.
    """

    def __init__(self) -> None:
        self._states: dict[Key, tuple[object, State | None]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._states

    def get(self, key: Key) -> State | None:
        """Return the newest state, None when it is a deletion; ``key`` must be here."""
        return self._states[key][1]

    def enter(self, owner: object, states: Iterable[tuple[Key, State | None]]) -> None:
        """Take in what ``owner`` begins to commit."""
        for key, state in states:
            self._states[key] = (owner, state)

    def leave(self, owner: object, keys: Iterable[Key]) -> None:
        """Forget what ``owner`` committed or failed to, unless something newer stands there."""
        for key in keys:
            if key in self._states and self._states[key][0] is owner:
                del self._states[key]

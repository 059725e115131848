"""What a store promises, whatever keeps the bytes."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


class Kind(enum.Enum):
    """The kinds of identifiable documents."""

    SHELL = "AssetAdministrationShell"
    SUBMODEL = "Submodel"
    CONCEPT_DESCRIPTION = "ConceptDescription"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the store has it.

    ``sequence`` grows with each creation and orders documents for ever; ``revision`` starts at 1
    and grows with each change. ``created`` and ``updated`` are microseconds since the epoch.
    """

    kind: Kind
    id: str
    sequence: int
    revision: int
    body: bytes
    created: int
    updated: int


class Operation(enum.Enum):
    """What an entry of the change log did."""

    CREATE = "create"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change log; ``sequence`` has no gaps, ``path`` is the changed element's or
    None.
    """

    sequence: int
    kind: Kind
    id: str
    path: str | None
    operation: Operation
    actor: str
    time: int
    revision: int


class Transaction(Protocol):
    """Changes that are all stored, each with its entry in the change log, or not at all."""

    async def create(self, kind: Kind, identifier: str, body: bytes) -> StoredDocument:
        """Store a new document; raises ``Conflict`` when the id exists."""

    async def replace(
        self, kind: Kind, identifier: str, body: bytes, *, revision: int, path: str | None = None
    ) -> StoredDocument:
        """Replace a document that is still at ``revision``.

        ``path`` is the idShortPath of the one element that changed. Raises ``NotFound`` when there
        is no such document and ``Conflict`` when another change came first.
        """


class Store(Protocol):
    """Documents and their change log. Every method raises ``StoreUnavailable`` when the medium
    fails.
    """

    async def open(self) -> None:
        """Open the store, bringing an older one up to date; raises ``ConfigurationError`` for a
        newer one.
        """

    async def close(self) -> None:
        """Finish what was begun and let go of the medium."""

    def documents(self) -> AsyncIterator[StoredDocument]:
        """Yield every document in order of creation."""

    def transaction(self, *, actor: str) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction in the name of ``actor``; it commits when the block ends without an
        exception.
        """

    def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        """Yield the entries of the change log that follow sequence number ``after``, oldest
        first.
        """

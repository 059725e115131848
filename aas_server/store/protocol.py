"""What a store promises, whatever keeps the bytes."""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

Settled: TypeAlias = Callable[[bool], None]
"""Called once in the event loop: with True for what is durable now, False for what is lost."""


def ignore(_is_durable: bool) -> None:
    """Be told how a commit ended by the caller's own awaiting alone."""


class Kind(enum.Enum):
    """The kinds of documents."""

    SHELL = "AssetAdministrationShell"
    SUBMODEL = "Submodel"
    CONCEPT_DESCRIPTION = "ConceptDescription"
    SHELL_DESCRIPTOR = "AssetAdministrationShellDescriptor"
    SUBMODEL_DESCRIPTOR = "SubmodelDescriptor"
    ASSET_LINKS = "AssetLinks"
    """The asset links of a shell that is elsewhere; its ``id`` is the shell's."""
    PACKAGE = "Package"

    __hash__ = object.__hash__  # Members are single objects: no name has to be hashed.


IDENTIFIABLES: Final = (Kind.SHELL, Kind.SUBMODEL, Kind.CONCEPT_DESCRIPTION)
"""The kinds that the metamodel calls identifiable; the others are the server's own."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the store has it.

    ``sequence`` grows with each creation and orders documents of all kinds for ever; ``revision``
    starts at 1 and grows with each change. ``created`` and ``updated`` are microseconds since the
    epoch.
    """

    kind: Kind
    id: str
    sequence: int
    revision: int
    body: bytes
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The content of a file: the hexadecimal SHA-256 of its bytes, and how many there are."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as a document names it: the document ``kind`` and ``owner`` calls it ``path``."""

    kind: Kind
    owner: str
    path: str
    content: StoredFile
    content_type: str
    file_name: str


class Operation(enum.Enum):
    """What an entry of the change log did."""

    CREATE = "create"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One change of one document, from ``before`` (None: it shall not exist) to ``after`` (None: it
    is deleted).

    ``path`` is the idShortPath of the one element that changes.
    """

    before: StoredDocument | None
    after: StoredDocument | None
    path: str | None = None

    @property
    def document(self) -> StoredDocument:
        """Return the document after the change, before it when it is deleted."""
        document = self.after or self.before
        if document is None:
            raise ValueError("a write changes a document")
        return document

    @property
    def operation(self) -> Operation:
        """Return what the change log calls it."""
        if self.before is None:
            return Operation.CREATE
        return Operation.DELETE if self.after is None else Operation.REPLACE


@dataclass(frozen=True, slots=True)
class FileWrite:
    """One change of the files of a document: ``entry`` of None takes the name away.

    ``path`` of None takes all names of that owner away.
    """

    kind: Kind
    owner: str
    path: str | None
    entry: FileEntry | None = None


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


class Store(Protocol):
    """Documents, their change log, their former versions, and files. Every method raises
    ``StoreUnavailable`` when the medium fails.
    """

    async def open(self) -> None:
        """Open the store, bringing an older one up to date; raises ``ConfigurationError`` for a
        newer one.
        """

    async def close(self) -> None:
        """Finish what was begun and let go of the medium."""

    def documents(self) -> AsyncIterator[StoredDocument]:
        """Yield every document in order of creation."""

    def new_sequence(self) -> int:
        """Return the ``sequence`` of a document that is about to be created; never the same one."""

    async def commit(
        self,
        writes: Sequence[Write],
        files: Sequence[FileWrite] = (),
        *,
        actor: str,
        settled: Settled = ignore,
    ) -> None:
        """Make all of ``writes`` and ``files`` durable, each write with its entry in the change
        log, or none of them.

        What several callers commit at the same time may become durable together, in the order of
        the calls; when the medium fails, everything that waits fails, because it may build on what
        was lost. ``settled`` hears once how it ended, before the caller goes on; a caller that is
        cancelled stops nothing. Raises ``Conflict`` when a document is not at the revision of
        ``before``, ``StoreUnavailable``.
        """

    def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        """Yield the entries of the change log that follow sequence number ``after``, oldest
        first.
        """

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        """Return the body that the document had at ``time`` (microseconds since the epoch).

        None when it did not exist then, or when that version is older than what is kept.
        """

    def file_entries(self) -> AsyncIterator[FileEntry]:
        """Yield the names of all files."""

    async def write_file(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Take in a file piece by piece; it stays only if a ``FileWrite`` names it afterwards."""

    def read_file(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file from ``start`` on, piece by piece; raises ``NotFound``."""

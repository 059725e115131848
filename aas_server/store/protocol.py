"""What a store promises, whatever keeps the bytes."""

from __future__ import annotations

import enum
import zlib
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, TypeAlias

Settled: TypeAlias = Callable[[int | None], None]
"""Called once in the event loop: with the number of its last entry in the change log for what is
durable now, with None for what is lost, or may be.
"""


def ignore(_position: int | None) -> None:
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


NO_FILES: Final[Mapping[str, FileEntry]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the store has it, with the ``files`` that it names, by path; there are none
    unless it ``may_name_files``.

    ``sequence`` grows with each creation and orders documents of all kinds for ever; ``revision``
    starts at 1 and grows with each change, also of the files alone. ``created`` and ``updated`` are
    microseconds since the epoch; ``checksum`` is the CRC-32 of ``body``.
    """

    kind: Kind
    id: str
    sequence: int
    revision: int
    body: bytes
    created: int
    updated: int
    files: Mapping[str, FileEntry] = field(default_factory=lambda: NO_FILES)
    checksum: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checksum", zlib.crc32(self.body))


_FILE_HOLDERS: Final = (b'"File"', b'"defaultThumbnail"')


def may_name_files(kind: Kind, body: bytes) -> bool:
    """Return False when the document ``body`` certainly names no file: nobody asks for any then."""
    return kind is Kind.PACKAGE or any(holder in body for holder in _FILE_HOLDERS)


Terms: TypeAlias = frozenset[bytes]
"""What lists find a document by; ``store.terms`` makes them."""

NO_TERMS: Final[Terms] = frozenset()

Signatures: TypeAlias = frozenset[bytes]
"""How elements can be found by one of their names or meanings: that (``LOOKED`` bytes), and the
signature of elements that have it, by which their terms begin; ``store.element_terms`` makes them.
"""

NO_SIGNATURES: Final[Signatures] = frozenset()

LOOKED: Final = 8
"""Bytes of what is looked at, and of a signature."""


class Range(NamedTuple):
    """Terms from ``low`` on and below ``high``.

    With ``of_elements`` both begin with a name or a meaning of elements, for which each signature
    that has it stands in the terms.
    """

    low: bytes
    high: bytes
    of_elements: bool = False


class Operation(enum.Enum):
    """What an entry of the change log did."""

    CREATE = "create"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Write:
    """One change of one document, from ``before`` (None: it shall not exist) to ``after`` (None: it
    is deleted).

    ``path`` is the idShortPath of the one element that changes. Lists find the document by the
    terms that it ``gains``, some of which it may have already, and no more by those that it
    ``loses``; the elements that it gains have ``signatures``, which may be known already.
    """

    before: StoredDocument | None
    after: StoredDocument | None
    path: str | None = None
    gains: Terms = NO_TERMS
    loses: Terms = NO_TERMS
    signatures: Signatures = NO_SIGNATURES

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
class Change:
    """One entry of the change log; ``sequence`` has no gaps, ``path`` is the changed element's or
    None.

    ``previous_revision`` is that of the document before the change, None when it was created.
    """

    sequence: int
    kind: Kind
    id: str
    path: str | None
    operation: Operation
    actor: str
    time: int
    previous_revision: int | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents of a kind are listed: those with all ``terms`` that are as young as asked
    for (microseconds since the epoch, inclusive; None asks for nothing).
    """

    terms: Terms = NO_TERMS
    created_from: int | None = None
    updated_from: int | None = None


EVERYTHING: Final = Selection()


@dataclass(frozen=True, slots=True)
class Fetched:
    """Documents as the store had them when ``position`` was the last entry of the change log."""

    position: int
    documents: Sequence[StoredDocument]


@dataclass(frozen=True, slots=True)
class Listed:
    """Sequences and ids of documents in order, as of ``position``; ``more`` follow or not."""

    position: int
    entries: Sequence[tuple[int, str]]
    more: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The sequences of some documents as of ``position``; ``more`` have a term of what was asked
    for or not.
    """

    position: int
    sequences: Sequence[int]
    more: bool


@dataclass(frozen=True, slots=True)
class StoredValue:
    """The last value of a live element, as ``body`` says it to whoever stored it."""

    submodel_id: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredJob:
    """Work that goes on after its request was answered, or what became of it.

    ``body`` is what its keeper says of it. ``touched`` (microseconds since the epoch) is when its
    server last told that the work goes on, or ended; after ``expires`` it is forgotten.
    """

    handle: str
    owner: str
    body: bytes
    touched: int
    expires: int


class Store(Protocol):
    """Documents with the files that they name, their change log and their former versions, the last
    live values, and jobs. Every method raises ``StoreUnavailable`` when the medium fails.
    """

    @property
    def is_shared(self) -> bool:
        """Return whether other servers may use the store at the same time."""

    async def open(self) -> None:
        """Open the store, bringing an older one up to date; raises ``ConfigurationError`` for a
        newer one.
        """

    async def close(self) -> None:
        """Finish what was begun and let go of the medium."""

    def watch(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` in the event loop whenever another server changed something, as soon as
        that is heard of; the change log alone tells what.
        """

    async def fetch(self, kind: Kind, ids: Iterable[str]) -> Fetched:
        """Return those of the documents with ``ids`` that there are."""

    async def fetch_after(self, kind: Kind, after: int, *, limit: int) -> Fetched:
        """Return up to ``limit`` documents of ``kind`` in order of creation whose sequence is above
        ``after``.
        """

    async def list_ids(
        self, kind: Kind, wanted: Selection = EVERYTHING, *, after: int = -1, limit: int = 1000
    ) -> Listed:
        """Return up to ``limit`` documents in order of creation whose sequence is above
        ``after``.
        """

    async def find_terms(self, ranges: Sequence[Range], *, limit: int) -> Found:
        """Return up to ``limit`` documents, in no order, that have a term in one of ``ranges``."""

    async def list_at(self, kind: Kind, sequences: Sequence[int]) -> Listed:
        """Return those of the documents of ``kind`` with ``sequences`` that there are, in order."""

    async def count(self, kind: Kind) -> int:
        """Return how many documents of a kind there are."""

    def documents(self, kind: Kind | None = None) -> AsyncIterator[StoredDocument]:
        """Yield every document, or every one of ``kind``, in order of creation."""

    def new_sequence(self) -> int:
        """Return the ``sequence`` of a document that is about to be created; never the same one."""

    async def commit(
        self, writes: Sequence[Write], *, actor: str, settled: Settled = ignore
    ) -> None:
        """Make all of ``writes`` durable, each with its entry in the change log, or none of them.

        What several callers commit at the same time may become durable together, in the order of
        the calls; when the medium fails, everything that waits fails, because it may build on what
        was lost. ``settled`` hears once how it ended, before the caller goes on; a caller that is
        cancelled stops nothing. Raises ``Conflict`` when a document is not as ``before``,
        ``StoreUnavailable``.
        """

    async def commit_many(self, writes: Iterable[Write], *, actor: str) -> int:
        """Make all of ``writes``, however many, durable in one transaction, or none of them; return
        how many they were.

        ``writes`` is asked for them piece by piece, outside of the event loop. For whoever has the
        store to itself, as everybody else waits meanwhile. Raises as ``commit`` does, and what
        ``writes`` raises.
        """

    async def position(self) -> int:
        """Return the number of the last entry of the change log, 0 for none."""

    def changes(self, *, after: int = 0, limit: int = 1000) -> AsyncIterator[Change]:
        """Yield the entries of the change log that follow sequence number ``after``, oldest
        first.
        """

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        """Return the body that the document had at ``time`` (microseconds since the epoch).

        None when it did not exist then, or when that version is older than what is kept.
        """

    async def write_file(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Take in a file piece by piece; it stays only if a document names it afterwards."""

    def read_file(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file from ``start`` on, piece by piece; raises ``NotFound``."""

    async def save_values(self, values: Sequence[StoredValue]) -> None:
        """Keep the last values of live elements, in the place of what is kept of them."""

    async def last_values(self, submodel_ids: Iterable[str]) -> Sequence[StoredValue]:
        """Return what is kept of the live elements of some submodels."""

    async def save_job(self, job: StoredJob) -> None:
        """Keep a job, in the place of what is kept of it."""

    async def save_jobs(self, jobs: Sequence[StoredJob]) -> None:
        """Keep jobs, each in the place of what is kept of it, all of them or none."""

    async def find_job(self, handle: str) -> StoredJob | None:
        """Return the job with this handle, or None when there is none or it has expired."""

    async def tidy(self) -> None:
        """Let go of what nobody needs any more: contents of files that no document names, versions
        and jobs that are too old.
        """

"""Units: several changes that are all carried out or not at all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Protocol

import orjson

from aas_server.errors import BadRequest, Conflict, Forbidden, NotFound
from aas_server.metamodel.rewriting import JsonPath, json_path
from aas_server.metamodel.tree import Node
from aas_server.repository.conditions import UNCONDITIONAL, Conditions
from aas_server.repository.document import document_tag
from aas_server.repository.heads import Key, State
from aas_server.store.protocol import (
    FileEntry,
    FileWrite,
    Kind,
    StoredDocument,
    Write,
)

Commit = Callable[["Unit"], Coroutine[Any, Any, None]]


class Base(Protocol):
    """What a unit builds on: the repository as the next write sees it."""

    def newest(self, key: Key) -> State | None:
        """Return the newest state of a document, committed or on its way, or None."""

    def newest_file(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that a document calls ``path``, committed or on its way, or None."""

    def is_generated(self, submodel_id: str) -> bool:
        """Return whether the server makes this submodel itself."""

    def new_sequence(self) -> int:
        """Return the sequence of a document that is about to be created."""

    def as_stored(self, key: Key, tree: Node) -> Node:
        """Return ``tree`` without what reads add to live elements; raises ``Conflict``."""

    def now(self) -> int:
        """Return the present time in microseconds since the epoch."""


class Unit:
    """Changes in the name of ``actor``.

    Everything but ``commit`` is synchronous and sees the unit's own earlier changes and what others
    are just committing, so nothing can come between as long as nothing is awaited before
    ``commit``. A change that is refused raises and leaves the unit as it was.
    """

    def __init__(self, base: Base, commit: Commit, *, actor: str) -> None:
        self.actor = actor
        self._base = base
        self._commit = commit
        self._writes: list[Write] = []
        self._files: list[FileWrite] = []
        self._states: dict[Key, State | None] = {}

    @property
    def writes(self) -> Sequence[Write]:
        """Return the changes of documents so far."""
        return self._writes

    @property
    def files(self) -> Sequence[FileWrite]:
        """Return the changes of files' names so far."""
        return self._files

    @property
    def states(self) -> dict[Key, State | None]:
        """Return what the unit leaves of each document that it changes, None for a deleted one."""
        return self._states

    def find(self, kind: Kind, identifier: str) -> Node | None:
        """Return the document as it is stored, not to be changed, or None."""
        state = self._state((kind, identifier))
        return None if state is None else state.tree

    def tag(self, kind: Kind, identifier: str) -> str | None:
        """Return the entity tag of the document as it is stored, or None when there is none."""
        state = self._state((kind, identifier))
        return None if state is None else document_tag(state.stored)

    def file(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that the document ``owner`` calls ``path``, or None."""
        for write in reversed(self._files):
            if (write.kind, write.owner) == (kind, owner) and write.path in (None, path):
                return write.entry
        return self._base.newest_file(kind, owner, path)

    def create(self, kind: Kind, tree: Node) -> None:
        """Add a document; raises ``Conflict`` when its id exists."""
        identifier = tree["id"]
        key = (kind, identifier)
        if self._state(key) is not None or self._generated(key):
            raise Conflict(f"there is a {kind.value} with the id {identifier!r} already")
        now = self._base.now()
        body = _encoded(tree)
        stored = StoredDocument(
            kind, identifier, self._base.new_sequence(), 1, body, created=now, updated=now
        )
        self._keep(key, Write(None, stored), State(stored, tree))

    def replace(
        self,
        kind: Kind,
        identifier: str,
        tree: Node,
        *,
        path: str | None = None,
        conditions: Conditions = UNCONDITIONAL,
    ) -> None:
        """Set ``tree`` in the place of a document; ``path`` names the one element that changed.

        Raises ``NotFound``, ``Forbidden`` for a generated submodel, ``PreconditionFailed``.
        """
        key = (kind, identifier)
        before = self._existing(key, conditions).stored
        tree = self._base.as_stored(key, tree)
        after = StoredDocument(
            kind,
            identifier,
            before.sequence,
            before.revision + 1,
            _encoded(tree),
            created=before.created,
            updated=max(self._base.now(), before.updated),
        )
        self._keep(key, Write(before, after, path), State(after, tree))

    def delete(
        self, kind: Kind, identifier: str, *, conditions: Conditions = UNCONDITIONAL
    ) -> None:
        """Take a document out, with its files; raises as ``replace`` does."""
        key = (kind, identifier)
        state = self._existing(key, conditions)
        self._keep(key, Write(state.stored, None), None)
        self._files.append(FileWrite(kind, identifier, None))

    def put_file(self, entry: FileEntry) -> None:
        """Name a file of a document, in the place of the one that has the name."""
        self._files.append(FileWrite(entry.kind, entry.owner, entry.path, entry))

    def delete_file(self, kind: Kind, owner: str, path: str) -> None:
        """Take the name of a file away."""
        self._files.append(FileWrite(kind, owner, path))

    async def commit(self) -> None:
        """Make the changes durable, then visible; raises ``StoreUnavailable``, and then nothing has
        changed.
        """
        await self._commit(self)

    def _state(self, key: Key) -> State | None:
        return self._states[key] if key in self._states else self._base.newest(key)

    def _existing(self, key: Key, conditions: Conditions) -> State:
        if self._generated(key):
            raise Forbidden("this submodel is generated by the server and cannot be written")
        state = self._state(key)
        if state is None:
            conditions.require(None)
            raise NotFound(f"there is no {key[0].value} with the id {key[1]!r}")
        conditions.require(document_tag(state.stored))
        return state

    def _generated(self, key: Key) -> bool:
        return key[0] is Kind.SUBMODEL and self._base.is_generated(key[1])

    def _keep(self, key: Key, write: Write, state: State | None) -> None:
        self._writes.append(write)
        self._states[key] = state


def _encoded(tree: Node) -> bytes:
    """Return ``tree`` as JSON; raises ``BadRequest`` for an integer of more than 64 bits.

    No member of a document is a number. The verifier says so, too, but may be given a part only.
    """
    try:
        return orjson.dumps(tree)
    except TypeError:
        path = next(_long_integers(tree, []), None)
        if path is None:
            raise
        raise BadRequest("must not be an integer of more than 64 bits", path=path) from None


def _long_integers(value: Any, path: JsonPath) -> Iterator[str]:
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for step, member in members:
            yield from _long_integers(member, [*path, step])
    elif isinstance(value, int) and not -(2**63) <= value < 2**64:
        yield json_path(path)

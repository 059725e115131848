"""Units: several changes that are all carried out or not at all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import orjson

from aas_server.errors import BadRequest, Conflict, Forbidden, NotFound
from aas_server.metamodel.rewriting import JsonPath, json_path
from aas_server.metamodel.tree import Node
from aas_server.repository.conditions import UNCONDITIONAL, Conditions
from aas_server.repository.document import document_tag
from aas_server.repository.heads import Key, State
from aas_server.store.protocol import (
    NO_FILES,
    FileEntry,
    Kind,
    StoredDocument,
    Write,
    may_name_files,
)
from aas_server.store.terms import change_between

Commit = Callable[["Unit"], Coroutine[Any, Any, None]]


class Base(Protocol):
    """What a unit builds on: the repository as the next write sees it."""

    async def newest(self, key: Key) -> State | None:
        """Return the newest state of a document, committed or on its way, or None."""

    async def newest_of(self, kind: Kind, identifiers: Iterable[str]) -> Mapping[str, State | None]:
        """Return the newest states of many documents, asked for at once."""

    def is_generated(self, submodel_id: str) -> bool:
        """Return whether the server makes this submodel itself."""

    def new_sequence(self) -> int:
        """Return the sequence of a document that is about to be created."""

    def as_stored(self, key: Key, tree: Node, before: Node) -> Node:
        """Return ``tree`` without what reads add to live elements; raises ``Conflict``."""

    def now(self) -> int:
        """Return the present time in microseconds since the epoch."""


class Unit:
    """Changes in the name of ``actor``.

    It sees its own earlier changes and what others are just committing. When one of the documents
    that it changes is changed by somebody else before ``commit``, that raises ``Overtaken``. A
    change that is refused raises and leaves the unit as it was.
    """

    def __init__(self, base: Base, commit: Commit, *, actor: str) -> None:
        self.actor = actor
        self._base = base
        self._commit = commit
        self._writes: list[Write] = []
        self._trees: list[tuple[Node | None, Node | None]] = []
        self._states: dict[Key, State | None] = {}
        self._seen: dict[Key, State | None] = {}

    @property
    def writes(self) -> Sequence[Write]:
        """Return the changes of documents so far."""
        return self._writes

    @property
    def states(self) -> dict[Key, State | None]:
        """Return what the unit leaves of each document that it changes, None for a deleted one."""
        return self._states

    async def find(self, kind: Kind, identifier: str) -> Node | None:
        """Return the document as it is stored, not to be changed, or None."""
        state = await self._state((kind, identifier))
        return None if state is None else state.tree

    async def find_all(self, kind: Kind, identifiers: Iterable[str]) -> dict[str, Node]:
        """Return those of the documents that there are, asked for at once, as ``find`` does."""
        wanted = list(identifiers)
        unseen = [
            each
            for each in wanted
            if (kind, each) not in self._states and (kind, each) not in self._seen
        ]
        if unseen:
            newest = await self._base.newest_of(kind, unseen)
            self._seen |= {(kind, each): newest.get(each) for each in unseen}
        found = ((each, await self._state((kind, each))) for each in wanted)
        return {each: state.tree async for each, state in found if state is not None}

    async def tag(self, kind: Kind, identifier: str) -> str | None:
        """Return the entity tag of the document as it is stored, or None when there is none."""
        state = await self._state((kind, identifier))
        return None if state is None else document_tag(state.stored)

    async def file(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that the document ``owner`` calls ``path``, or None."""
        state = await self._state((kind, owner))
        return None if state is None else state.stored.files.get(path)

    async def create(self, kind: Kind, tree: Node) -> None:
        """Add a document; raises ``Conflict`` when its id exists."""
        identifier = tree["id"]
        key = (kind, identifier)
        if (await self._state(key)) is not None or self._generated(key):
            raise Conflict(f"there is a {kind.value} with the id {identifier!r} already")
        now = self._base.now()
        stored = StoredDocument(
            kind, identifier, self._base.new_sequence(), 1, _encoded(tree), now, now
        )
        self._keep(key, Write(None, stored), State(stored, tree), None)

    async def replace(
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
        former = await self._existing(key, conditions)
        before = former.stored
        tree = self._base.as_stored(key, tree, former.tree)
        body = _encoded(tree)
        after = StoredDocument(
            kind,
            identifier,
            before.sequence,
            before.revision + 1,
            body,
            before.created,
            max(self._base.now(), before.updated),
            mentioned(kind, before.files, body),
        )
        self._keep(key, Write(before, after, path), State(after, tree), former.tree)

    async def delete(
        self, kind: Kind, identifier: str, *, conditions: Conditions = UNCONDITIONAL
    ) -> None:
        """Take a document out, with its files; raises as ``replace`` does."""
        key = (kind, identifier)
        state = await self._existing(key, conditions)
        self._keep(key, Write(state.stored, None), None, state.tree)

    def put_file(self, entry: FileEntry) -> None:
        """Name a file of a document that this unit creates or replaces and that mentions it."""
        key = (entry.kind, entry.owner)
        state = self._states.get(key)
        if state is None:
            raise ValueError("a file is named together with the document that mentions it")
        stored = replace(state.stored, files={**state.stored.files, entry.path: entry})
        place = next(
            index
            for index in reversed(range(len(self._writes)))
            if self._writes[index].after is state.stored
        )
        self._writes[place] = replace(self._writes[place], after=stored)
        self._states[key] = State(stored, state.tree)

    async def commit(self) -> None:
        """Make the changes durable, then visible; raises ``StoreUnavailable``, and then nothing has
        changed.
        """
        # Not before: only what was verified is sure to have the shape that terms are found in.
        self._writes = list(map(_with_terms, self._writes, self._trees))
        await self._commit(self)

    async def _state(self, key: Key) -> State | None:
        """Return the document as this unit leaves it or, once and for all, first saw it."""
        if key in self._states:
            return self._states[key]
        if key not in self._seen:
            self._seen[key] = await self._base.newest(key)
        return self._seen[key]

    async def _existing(self, key: Key, conditions: Conditions) -> State:
        if self._generated(key):
            raise Forbidden("this submodel is generated by the server and cannot be written")
        state = await self._state(key)
        if state is None:
            conditions.require(None)
            raise NotFound(f"there is no {key[0].value} with the id {key[1]!r}")
        conditions.require(document_tag(state.stored))
        return state

    def _generated(self, key: Key) -> bool:
        return key[0] is Kind.SUBMODEL and self._base.is_generated(key[1])

    def _keep(self, key: Key, write: Write, state: State | None, former: Node | None) -> None:
        self._writes.append(write)
        self._trees.append((former, None if state is None else state.tree))
        self._states[key] = state


def _with_terms(write: Write, trees: tuple[Node | None, Node | None]) -> Write:
    """Return ``write`` of a document that is ``trees`` before and after it, with its terms."""
    change = change_between(write.document.kind, *trees)
    return replace(write, gains=change.gains, loses=change.loses, signatures=change.signatures)


def mentioned(kind: Kind, files: Mapping[str, FileEntry], body: bytes) -> Mapping[str, FileEntry]:
    """Return those of ``files`` whose path is a text of the document ``body``."""
    if kind is Kind.PACKAGE:
        return files
    if not files or not may_name_files(kind, body):
        return NO_FILES
    return {path: entry for path, entry in files.items() if orjson.dumps(path) in body}


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

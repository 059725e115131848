"""The repository: every document, read from memory, written through the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from aas_server.clock import Clock
from aas_server.errors import BadRequest, Conflict, NotFound
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.targets import require_accepted
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node
from aas_server.repository.cache import CACHE_BYTES, DocumentCache
from aas_server.repository.collection import Collection
from aas_server.repository.commits import Commits
from aas_server.repository.conditions import UNCONDITIONAL, Conditions
from aas_server.repository.document import DecodedTrees, Document
from aas_server.repository.guard import Guard, Overtaken
from aas_server.repository.heads import Heads, Key, State
from aas_server.repository.live_elements import as_stored
from aas_server.repository.news import Listener
from aas_server.repository.queues import Queues
from aas_server.repository.unit import Unit
from aas_server.repository.unit_work import edit_in, put_into
from aas_server.repository.value_writer import ValueWriter
from aas_server.repository.verifier import Checked, Verifier
from aas_server.store.protocol import (
    IDENTIFIABLES,
    FileEntry,
    Kind,
    Store,
    StoredDocument,
    StoredFile,
)

GENERATED_SEQUENCE: Final = 2**62
"""Where generated documents stand in the order: behind everything that is stored."""
_ATTEMPTS: Final = 32
_DECODED_PART: Final = 8
"""Decoded trees take about five times the bytes of their documents."""

T = TypeVar("T")


class Repository:
    """Documents of every kind, and the files that they name.

    Reads of what is in memory are look-ups and never wait; the rest is fetched from the store.
    ``cache_bytes`` bounds what is kept. Writes check first, commit to the store, then swap the
    document: when one fails, nothing has changed. A write builds on the newest state, also when
    that is still on its way to the store.
    """

    def __init__(
        self,
        store: Store,
        hub: LiveHub,
        clock: Clock,
        *,
        verifier: Verifier | None = None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.verifier = verifier or Verifier()
        self._store = store
        self.hub: Final = hub
        self._values = ValueWriter(self, hub)
        self._clock = clock
        self._decoded = DecodedTrees(cache_bytes // _DECODED_PART)
        self.cache: Final = DocumentCache(
            store, lambda stored: Document(stored, hub, self._decoded), capacity=cache_bytes
        )
        self._collections = {kind: Collection(kind, store, self.cache) for kind in Kind}
        self._generated: dict[str, int] = {}
        self._heads = Heads()
        self._queues = Queues()
        self._commits = Commits(store, self.cache, self._heads, self._shown)

    @property
    def shells(self) -> Collection:
        """The Asset Administration Shells."""
        return self._collections[Kind.SHELL]

    @property
    def submodels(self) -> Collection:
        """The submodels, the generated ones behind the stored."""
        return self._collections[Kind.SUBMODEL]

    @property
    def concept_descriptions(self) -> Collection:
        """The concept descriptions."""
        return self._collections[Kind.CONCEPT_DESCRIPTION]

    def collection(self, kind: Kind) -> Collection:
        """Return the documents of ``kind``."""
        return self._collections[kind]

    async def open(self) -> None:
        """Begin to follow the store, which must be open; nothing is read before it is asked for."""
        await self.cache.follower.open()

    async def close(self) -> None:
        """End what goes on in the background; the store is still open."""
        await self.cache.follower.close()
        await self.cache.close()

    async def require_store(self) -> None:
        """Return when the store answers; raises ``StoreUnavailable`` when it does not."""
        await self._store.position()

    def add_listener(self, listener: Listener) -> None:
        """Call ``listener`` after every commit, of this server or another, until it is removed."""
        self.cache.news.add(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Stop calling ``listener``."""
        self.cache.news.remove(listener)

    def guard_writes(self, guard: Guard) -> None:
        """Let ``guard`` judge every submodel that is written from now on."""
        self._commits.guard = guard

    def unit(self, *, actor: str) -> Unit:
        """Return an empty unit of changes in the name of ``actor``."""
        return Unit(self, self._commits.commit, actor=actor)

    async def change(self, work: Callable[[Unit], Awaitable[T]], *, actor: str) -> T:
        """Carry out in one unit what ``work`` enters into it, and return what that returns.

        ``work`` is called again with a new unit when somebody else changed one of its documents
        meanwhile, so it must have no other effect than on its unit. Raises what ``work`` raises,
        ``Conflict`` when others change the documents all the time, ``StoreUnavailable``; then
        nothing has changed.
        """
        overtaken, result = await self._attempt(work, actor)
        attempts = 1
        while overtaken and attempts < _ATTEMPTS:
            # Those who were overtaken come one after the other: each has its turn soon.
            async with self._queues.turn(overtaken):
                overtaken, result = await self._attempt(work, actor)
            attempts += 1
        if overtaken:
            raise Conflict("the documents are changed by others all the time: try again")
        return result

    async def _attempt(
        self, work: Callable[[Unit], Awaitable[T]], actor: str
    ) -> tuple[Iterable[Key], T]:
        """Carry out ``work`` once; return the documents at which others were faster, and what it
        returned.
        """
        unit = self.unit(actor=actor)
        result = await work(unit)
        try:
            await unit.commit()
        except Overtaken:
            return unit.states.keys(), result
        return (), result

    async def add_missing(
        self, documents: Iterable[tuple[Kind, Node]], *, actor: str
    ) -> list[Document]:
        """Store those of ``documents`` whose id is not there yet, all of them or none.

        Documents that exist stay as they are, whatever clients made of them since.
        """
        wanted = list(documents)

        async def add(unit: Unit) -> Unit:
            for kind, tree in wanted:
                if await unit.find(kind, tree["id"]) is None:
                    await unit.create(kind, tree)
            return unit

        unit = await self.change(add, actor=actor)
        return [self._written(unit, kind, identifier) for kind, identifier in unit.states]

    async def create(
        self,
        kind: Kind,
        tree: Node,
        *,
        actor: str,
        conditions: Conditions = UNCONDITIONAL,
    ) -> Document:
        """Add a document; an identifiable is verified.

        Raises ``InvalidDocument``, ``Conflict`` when its id exists, ``PreconditionFailed``.
        """
        checked = await self._checked(kind, tree)
        identifier = checked.tree["id"]

        async def create(unit: Unit) -> Unit:
            conditions.require(await unit.tag(kind, identifier))
            await unit.create(kind, checked.tree)
            return unit

        unit = await self.change(create, actor=actor)
        return self._written(unit, kind, identifier, checked.warnings)

    async def put(
        self,
        kind: Kind,
        identifier: str,
        tree: Node,
        *,
        actor: str,
        conditions: Conditions = UNCONDITIONAL,
        create: bool = True,
    ) -> tuple[Document, bool]:
        """Set a document in the place of the one with ``identifier``, or create it; the flag says
        that it was created.

        Raises ``InvalidDocument``, ``BadRequest`` when ``tree`` has another id, ``NotFound`` when
        there is none and it is not to be created, ``PreconditionFailed``.
        """
        checked = await self._checked(kind, tree)

        async def put(unit: Unit) -> tuple[Unit, bool]:
            made = await put_into(
                unit, kind, identifier, checked.tree, conditions=conditions, create=create
            )
            return unit, made

        unit, made = await self.change(put, actor=actor)
        return self._written(unit, kind, identifier, checked.warnings), made

    async def delete(
        self,
        kind: Kind,
        identifier: str,
        *,
        actor: str,
        conditions: Conditions = UNCONDITIONAL,
    ) -> None:
        """Take a document out; raises ``NotFound``, ``PreconditionFailed``."""
        await self.change(
            lambda unit: unit.delete(kind, identifier, conditions=conditions), actor=actor
        )

    async def edit(
        self,
        kind: Kind,
        identifier: str,
        change: Callable[[Node], Node],
        *,
        actor: str,
        path: IdShortPath | None = None,
        conditions: Conditions = UNCONDITIONAL,
        warnings: int = 0,
    ) -> Document:
        """Replace a document by what ``change`` makes of it.

        ``change`` is given the stored document, which it must not change, and raises to refuse.
        ``path`` names the one element that it changes. Raises ``NotFound``, ``PreconditionFailed``.
        """
        edit = partial(edit_in, kind, identifier, change, path=path, conditions=conditions)
        unit = await self.change(edit, actor=actor)
        return self._written(unit, kind, identifier, warnings)

    async def edit_verified(
        self,
        kind: Kind,
        identifier: str,
        change: Callable[[Node], Node],
        part: Callable[[Node], Node],
        *,
        actor: str,
        path: IdShortPath | None = None,
        conditions: Conditions = UNCONDITIONAL,
    ) -> Document:
        """Do as ``edit`` does when ``part`` of the new document is valid.

        What is large is verified in a thread; when the document changed meanwhile, the edit begins
        anew. Raises ``InvalidDocument``, and ``Conflict`` when others change it all the time.
        """
        warnings = 0

        async def edit(unit: Unit) -> Unit:
            nonlocal warnings
            await edit_in(kind, identifier, change, unit, path=path, conditions=conditions)
            state = unit.states[kind, identifier]
            if state is not None:
                warnings = await self.verifier.verify(part(state.tree))
            return unit

        unit = await self.change(edit, actor=actor)
        return self._written(unit, kind, identifier, warnings)

    async def write_value(
        self,
        submodel_id: str,
        path: IdShortPath,
        value: Any,
        *,
        actor: str,
        conditions: Conditions = UNCONDITIONAL,
        require: Callable[[Node], None] | None = None,
    ) -> None:
        """Set the value of one element, or with the path () of a submodel, from its ValueOnly form.

        An element that shows a machine's value is written through to the machine, and this returns
        once the machine accepted; so is each element of a container, when nothing else in it is
        named. ``conditions`` are those for the submodel; ``require`` is given the stored submodel
        and raises to refuse. Raises ``NotFound``, ``BadRequest``, ``Forbidden``,
        ``PreconditionFailed`` or a ``DeviceError``; then nothing has changed. ``NotAllWritten``
        tells which elements of a container were not taken.
        """
        await self._values.write(
            submodel_id, path, value, actor=actor, conditions=conditions, require=require
        )

    def live_point(self, submodel_id: str, path: IdShortPath) -> LivePoint | None:
        """Return the point whose value the element shows, None when no machine feeds it."""
        found = self.hub.find(submodel_id, path)
        return None if found is None else found[0]

    async def reserve_generated(
        self, identifier: str, renew: Callable[[], None] | None = None
    ) -> None:
        """Keep an id for a submodel that the server makes itself.

        ``renew`` is called before each read, and puts a new one when that would tell more. Raises
        ``BadRequest`` when a stored submodel already has the id, ``StoreUnavailable``.
        """
        if identifier not in self._generated and await self.submodels.contains(identifier):
            raise _taken(identifier)
        self._generated.setdefault(identifier, GENERATED_SEQUENCE + len(self._generated))
        if renew is not None:
            self.submodels.renew_generated_by(renew)

    def put_generated(self, tree: Node) -> Document:
        """Show a submodel that the server makes itself; it is read-only and never stored.

        Raises ``BadRequest`` when a stored submodel is known to have its id; ``reserve_generated``
        finds out.
        """
        identifier = tree["id"]
        shown = self.submodels.cached(identifier)
        if shown is not None and identifier not in self._generated:
            raise _taken(identifier)
        sequence = self._generated.setdefault(identifier, GENERATED_SEQUENCE + len(self._generated))
        now = self.now()
        body = msgspec.json.encode(tree)
        if shown is not None and shown.stored.body == body:
            return shown
        # Nobody stores a number of revisions: the time tells states apart, also after a restart.
        revision = now if shown is None else max(now, shown.stored.revision + 1)
        created = now if shown is None else shown.stored.created
        stored = StoredDocument(Kind.SUBMODEL, identifier, sequence, revision, body, created, now)
        document = Document(stored, self.hub, self._decoded, tree=tree)
        if shown is not None:
            # It is made anew all the time: what is decoded would be nothing else.
            self._decoded.forget(shown)
        self.submodels.put_generated(document)
        return document

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        """Return the body that the document had at ``time``, microseconds since the epoch.

        None when there was none, or when that version is older than what is kept.
        """
        document = await self._collections[kind].find(identifier)
        if document is not None and document.stored.updated <= time:
            return document.stored.body
        return await self._store.version_at(kind, identifier, time)

    async def file_entry(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that the document ``owner`` calls ``path``, or None."""
        document = await self._collections[kind].find(owner)
        return None if document is None else document.stored.files.get(path)

    async def file_entries(self, kind: Kind, owner: str) -> list[FileEntry]:
        """Return the files of the document ``owner``."""
        document = await self._collections[kind].find(owner)
        return [] if document is None else list(document.stored.files.values())

    async def write_file(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Take in the content of a file, which a unit then gives a name."""
        return await self._store.write_file(chunks)

    def read_file(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file from ``start`` on; raises ``NotFound``."""
        return self._store.read_file(digest, start=start, length=length)

    async def newest(self, key: Key) -> State | None:
        """Return the newest state of a document, committed or on its way, or None."""
        if key in self._heads:
            return self._heads.get(key)
        document = self._collections[key[0]].cached(key[1])
        if document is None:
            document = await self._collections[key[0]].find(key[1])
            # While it was fetched somebody may have begun to change it.
            if key in self._heads:
                return self._heads.get(key)
        return None if document is None else State(document.stored, document.stored_tree())

    async def newest_of(self, kind: Kind, identifiers: Iterable[str]) -> dict[str, State | None]:
        """Return the newest states of many documents, asked for at once."""
        wanted = list(identifiers)
        found = await self._collections[kind].find_all(wanted)
        newest: dict[str, State | None] = {}
        for identifier in wanted:
            key = (kind, identifier)
            document = found.get(identifier)
            if key in self._heads:
                newest[identifier] = self._heads.get(key)
            elif document is not None:
                newest[identifier] = State(document.stored, document.stored_tree())
            else:
                newest[identifier] = None
        return newest

    def is_generated(self, submodel_id: str) -> bool:
        """Return whether the server makes this submodel itself."""
        return submodel_id in self._generated

    def new_sequence(self) -> int:
        """Return the sequence of a document that is about to be created."""
        return self._store.new_sequence()

    def now(self) -> int:
        """Return the present time in microseconds since the epoch."""
        return self._clock.now()

    def as_stored(self, key: Key, tree: Node, before: Node) -> Node:
        """Return ``tree``, which is to replace ``before``, without what reads add to live elements
        and with what they leave out; raises ``Conflict``.
        """
        if key[0] is not Kind.SUBMODEL:
            return tree
        require_accepted(tree, before, self.hub.targets.of(key[1]))
        return as_stored(tree, self.hub.group(key[1]), before)

    async def _checked(self, kind: Kind, tree: Any) -> Checked:
        if kind in IDENTIFIABLES:
            return await self.verifier.check(tree, kind.value)
        return Checked(tree)

    def _shown(self, state: State) -> Document:
        document = Document(state.stored, self.hub, self._decoded, tree=state.tree)
        self._decoded.used(document)
        return document

    def _written(self, unit: Unit, kind: Kind, identifier: str, warnings: int = 0) -> Document:
        state = unit.states[kind, identifier]
        if state is None:
            raise NotFound(f"{kind.value} {identifier!r} was deleted")
        return Document(state.stored, self.hub, self._decoded, tree=state.tree, warnings=warnings)


def _taken(identifier: str) -> BadRequest:
    return BadRequest(f"the id {identifier!r} is taken by a stored submodel")

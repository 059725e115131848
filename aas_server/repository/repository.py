"""The repository: every document, read from memory, written through the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

import msgspec

from aas_server.clock import Clock
from aas_server.errors import BadRequest, Conflict, Forbidden, InvalidDocument, NotFound
from aas_server.live.hub import LiveHub
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node, resolve
from aas_server.metamodel.value_writing import patched
from aas_server.repository.collection import Collection
from aas_server.repository.conditions import UNCONDITIONAL, Conditions
from aas_server.repository.document import DecodedTrees, Document, document_tag
from aas_server.repository.file_names import FileNames
from aas_server.repository.guard import Guard, Overtaken
from aas_server.repository.heads import Heads, Key, State
from aas_server.repository.live_elements import as_stored
from aas_server.repository.unit import Unit
from aas_server.repository.verifier import Checked, Verifier, aside
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
_ATTEMPTS: Final = 5


class Repository:
    """Documents of every kind, and the files that they name.

    Reads are look-ups and never wait. Writes check first, commit to the store, then swap the
    document: when one fails, nothing has changed. A write builds on the newest state, also when
    that is still on its way to the store.
    """

    def __init__(
        self, store: Store, hub: LiveHub, clock: Clock, *, verifier: Verifier | None = None
    ) -> None:
        self.verifier = verifier or Verifier()
        self._guard: Guard | None = None
        self._store = store
        self._hub = hub
        self._clock = clock
        self._collections = {kind: Collection(kind) for kind in Kind}
        self._decoded = DecodedTrees()
        self._generated: dict[str, int] = {}
        self._heads = Heads()
        self._names = FileNames()

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
        """Take in every document and file name of the store, which must be open."""
        async for stored in self._store.documents():
            document = Document(stored, self._hub, self._decoded)
            self._collections[stored.kind].put(document)
            document.forget()
        async for entry in self._store.file_entries():
            self._names.put(entry)

    def guard_writes(self, guard: Guard) -> None:
        """Let ``guard`` judge every submodel that is written from now on."""
        self._guard = guard

    def unit(self, *, actor: str) -> Unit:
        """Return an empty unit of changes in the name of ``actor``."""
        return Unit(self, self._commit, actor=actor)

    async def add_missing(
        self, documents: Iterable[tuple[Kind, Node]], *, actor: str
    ) -> list[Document]:
        """Store those of ``documents`` whose id is not there yet, all of them or none.

        Documents that exist stay as they are, whatever clients made of them since.
        """
        unit = self.unit(actor=actor)
        for kind, tree in documents:
            if unit.find(kind, tree["id"]) is None:
                unit.create(kind, tree)
        await unit.commit()
        return [self._collections[kind].get(identifier) for kind, identifier in unit.states]

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
        unit = self.unit(actor=actor)
        identifier = checked.tree["id"]
        conditions.require(unit.tag(kind, identifier))
        unit.create(kind, checked.tree)
        await unit.commit()
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
        unit = self.unit(actor=actor)
        made = put_into(unit, kind, identifier, checked.tree, conditions=conditions, create=create)
        await unit.commit()
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
        unit = self.unit(actor=actor)
        unit.delete(kind, identifier, conditions=conditions)
        await unit.commit()

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
        unit = await self._carried_out(
            partial(
                self._edited,
                kind,
                identifier,
                change,
                actor=actor,
                path=path,
                conditions=conditions,
            )
        )
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
        for _ in range(_ATTEMPTS):
            unit = self._edited(
                kind, identifier, change, actor=actor, path=path, conditions=conditions
            )
            before, after = unit.writes[0].before, unit.states[kind, identifier]
            if before is None or after is None:
                raise NotFound(f"there is no {kind.value} with the id {identifier!r}")
            warnings = await self.verifier.verify(part(after.tree))
            newest = self.newest((kind, identifier))
            if newest is None or document_tag(newest.stored) != document_tag(before):
                continue
            with suppress(Overtaken):
                await unit.commit()
                return self._written(unit, kind, identifier, warnings)
        raise Conflict(f"{kind.value} {identifier!r} is changed all the time: try again")

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
        once the machine accepted. ``conditions`` are those for the submodel; ``require`` is given
        the stored submodel and raises to refuse. Raises ``NotFound``, ``BadRequest``,
        ``Forbidden``, ``PreconditionFailed`` or a ``DeviceError``; then nothing has changed.
        """
        document = self.submodels.get(submodel_id)
        live = self._hub.find(submodel_id, path)
        if live is not None:
            resolve(document.tree(), path)
            if require is not None:
                require(document.stored_tree())
            point, facet = live
            await self._hub.write(point, facet, value)
            return
        if submodel_id in self._generated:
            raise Forbidden("this submodel is generated by the server and cannot be written")
        group = self._hub.group(submodel_id)
        fed: Mapping[IdShortPath, object] = {} if group is None else group.facets

        def change(submodel: Node) -> Node:
            if require is not None:
                require(submodel)
            return patched(submodel, path, value, live=fed.keys())

        await self._carried_out(
            partial(
                self._edited,
                Kind.SUBMODEL,
                submodel_id,
                change,
                actor=actor,
                path=path,
                conditions=conditions,
            )
        )

    def put_generated(self, tree: Node) -> Document:
        """Show a submodel that the server makes itself; it is read-only and never stored.

        Raises ``BadRequest`` when a stored submodel already has its id.
        """
        identifier = tree["id"]
        if identifier in self.submodels and identifier not in self._generated:
            raise BadRequest(f"the id {identifier!r} is taken by a stored submodel")
        sequence = self._generated.setdefault(identifier, GENERATED_SEQUENCE + len(self._generated))
        shown = self.submodels.find(identifier)
        now = self.now()
        body = msgspec.json.encode(tree)
        if shown is not None and shown.stored.body == body:
            return shown
        # Nobody stores a number of revisions: the time tells states apart, also after a restart.
        revision = now if shown is None else max(now, shown.stored.revision + 1)
        created = now if shown is None else shown.stored.created
        stored = StoredDocument(Kind.SUBMODEL, identifier, sequence, revision, body, created, now)
        document = Document(stored, self._hub, self._decoded)
        self.submodels.put(document)
        return document

    async def version_at(self, kind: Kind, identifier: str, time: int) -> bytes | None:
        """Return the body that the document had at ``time``, microseconds since the epoch.

        None when there was none, or when that version is older than what is kept.
        """
        document = self._collections[kind].find(identifier)
        if document is not None and document.stored.updated <= time:
            return document.stored.body
        return await self._store.version_at(kind, identifier, time)

    def file_entry(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that the document ``owner`` calls ``path``, or None."""
        return self._names.get(kind, owner, path)

    def file_entries(self, kind: Kind, owner: str) -> list[FileEntry]:
        """Return the files of the document ``owner``."""
        return self._names.of(kind, owner)

    async def write_file(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Take in the content of a file, which a unit then gives a name."""
        return await self._store.write_file(chunks)

    def read_file(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file from ``start`` on; raises ``NotFound``."""
        return self._store.read_file(digest, start=start, length=length)

    def newest(self, key: Key) -> State | None:
        """Return the newest state of a document, committed or on its way, or None."""
        if key in self._heads:
            return self._heads.get(key)
        document = self._collections[key[0]].find(key[1])
        return None if document is None else State(document.stored, document.stored_tree())

    def newest_file(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that a document calls ``path``, committed or on its way, or None."""
        return self._names.newest(kind, owner, path)

    def is_generated(self, submodel_id: str) -> bool:
        """Return whether the server makes this submodel itself."""
        return submodel_id in self._generated

    def new_sequence(self) -> int:
        """Return the sequence of a document that is about to be created."""
        return self._store.new_sequence()

    def now(self) -> int:
        """Return the present time in microseconds since the epoch."""
        return self._clock.now()

    def as_stored(self, key: Key, tree: Node) -> Node:
        """Return ``tree`` without what reads add to live elements; raises ``Conflict``."""
        if key[0] is not Kind.SUBMODEL:
            return tree
        return as_stored(tree, self._hub.group(key[1]))

    async def _checked(self, kind: Kind, tree: Any) -> Checked:
        if kind in IDENTIFIABLES:
            return await self.verifier.check(tree, kind.value)
        return Checked(tree)

    def _edited(
        self,
        kind: Kind,
        identifier: str,
        change: Callable[[Node], Node],
        *,
        actor: str,
        path: IdShortPath | None,
        conditions: Conditions,
    ) -> Unit:
        unit = self.unit(actor=actor)
        tree = unit.find(kind, identifier)
        if tree is None:
            raise NotFound(f"there is no {kind.value} with the id {identifier!r}")
        text = None if path is None else format_id_short_path(path)
        unit.replace(kind, identifier, change(tree), path=text, conditions=conditions)
        return unit

    def _written(self, unit: Unit, kind: Kind, identifier: str, warnings: int = 0) -> Document:
        state = unit.states[kind, identifier]
        if state is None:
            raise NotFound(f"{kind.value} {identifier!r} was deleted")
        return Document(state.stored, self._hub, self._decoded, tree=state.tree, warnings=warnings)

    async def _carried_out(self, make: Callable[[], Unit]) -> Unit:
        """Commit the unit that ``make`` builds on the newest state, and return it."""
        for _ in range(_ATTEMPTS):
            unit = make()
            with suppress(Overtaken):
                await unit.commit()
                return unit
        raise Conflict("the document is changed all the time: try again")

    async def _judge(self, guard: Guard, unit: Unit) -> None:
        """Raise ``InvalidDocument`` for submodels that ``guard`` does not take, ``Overtaken`` when
        others changed the documents meanwhile.
        """
        trees = [
            state.tree
            for (kind, _), state in unit.states.items()
            if kind is Kind.SUBMODEL and state is not None
        ]
        if not trees:
            return
        judge = guard.judgement()
        findings = [each for tree in trees for each in await aside(judge, tree)]
        if findings:
            raise InvalidDocument(findings)
        if not self._is_current(unit):
            raise Overtaken("the document was changed by somebody else: try again")

    def _is_current(self, unit: Unit) -> bool:
        """Return whether all that ``unit`` builds on is still the newest."""
        built_on: dict[Key, StoredDocument | None] = {}
        for write in unit.writes:
            built_on.setdefault((write.document.kind, write.document.id), write.before)
        for key, before in built_on.items():
            newest = self.newest(key)
            if before is None or newest is None:
                if before is not None or newest is not None:
                    return False
            elif document_tag(newest.stored) != document_tag(before):
                return False
        return True

    async def _commit(self, unit: Unit) -> None:
        if not unit.writes and not unit.files:
            return
        if self._guard is not None:
            await self._judge(self._guard, unit)
        for (kind, owner), state in unit.states.items():
            if state is not None and kind is not Kind.PACKAGE:
                for path in self._names.unmentioned((kind, owner), state.stored.body):
                    unit.delete_file(kind, owner, path)
        self._heads.enter(unit, unit.states.items())
        self._names.begin(unit, unit.files)
        await self._store.commit(
            unit.writes, unit.files, actor=unit.actor, settled=partial(self._settled, unit)
        )

    def _settled(self, unit: Unit, is_durable: bool) -> None:
        if is_durable:
            self._show(unit)
        self._heads.leave(unit, unit.states)
        self._names.end(unit)

    def _show(self, unit: Unit) -> None:
        """Let readers see what is durable now."""
        deleted = {write.before.sequence for write in unit.writes if write.before is not None}
        restructured = {
            (write.document.kind, write.document.id) for write in unit.writes if write.path is None
        }
        for key, state in unit.states.items():
            collection = self._collections[key[0]]
            shown = collection.find(key[1])
            if state is None:
                # Another one with its id may have been created meanwhile.
                if shown is not None and shown.stored.sequence in deleted:
                    collection.remove(key[1])
                continue
            if shown is not None and _age(shown.stored) >= _age(state.stored):
                continue
            document = Document(state.stored, self._hub, self._decoded, tree=state.tree)
            if shown is None or key in restructured:
                collection.put(document)
            else:
                collection.replace(document)
            self._decoded.used(document)
        self._names.apply(unit.files)


def put_into(
    unit: Unit,
    kind: Kind,
    identifier: str,
    tree: Node,
    *,
    conditions: Conditions = UNCONDITIONAL,
    create: bool = True,
) -> bool:
    """Let ``unit`` set ``tree`` in the place of the document with ``identifier``, or create it, and
    return whether it creates it.

    Raises ``BadRequest`` when ``tree`` has another id, ``NotFound`` when there is no such document
    and it is not to be created, ``PreconditionFailed``.
    """
    if tree["id"] != identifier:
        raise BadRequest(f"the body has the id {tree['id']!r}, the path {identifier!r}", path="id")
    if unit.find(kind, identifier) is not None or not create:
        unit.replace(kind, identifier, tree, conditions=conditions)
        return False
    conditions.require(None)
    unit.create(kind, tree)
    return True


def _age(stored: StoredDocument) -> tuple[int, int]:
    return stored.sequence, stored.revision

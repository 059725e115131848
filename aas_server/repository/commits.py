"""Commits: the way of a unit into the store, and then before the eyes of readers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aas_server.errors import Conflict, InvalidDocument
from aas_server.repository.cache import DocumentCache
from aas_server.repository.document import Document, document_tag
from aas_server.repository.guard import Guard, Overtaken
from aas_server.repository.heads import Heads, Key, State
from aas_server.repository.unit import Unit
from aas_server.repository.verifier import aside
from aas_server.store.protocol import Kind, Store, StoredDocument


class Commits:
    """Commits units; ``make`` makes what readers see of a state.

    ``guard``, if there is one, judges every submodel before.
    """

    def __init__(
        self,
        store: Store,
        cache: DocumentCache,
        heads: Heads,
        make: Callable[[State], Document],
    ) -> None:
        self.guard: Guard | None = None
        self._store = store
        self._cache = cache
        self._heads = heads
        self._make = make

    async def commit(self, unit: Unit) -> None:
        """Make the changes of ``unit`` durable, then visible.

        Raises ``Overtaken`` when somebody else changed one of its documents, ``InvalidDocument``
        when the guard does not take one, ``StoreUnavailable``; then nothing has changed.
        """
        if not unit.writes:
            return
        if self.guard is not None:
            await self._judge(self.guard, unit)
        # Nothing is awaited from here on until the unit is entered: no other write comes between.
        if not self._is_current(unit):
            raise Overtaken("a document was changed by somebody else: try again")
        self._heads.enter(unit, unit.states.items())
        try:
            await self._store.commit(
                unit.writes, actor=unit.actor, settled=partial(self._settled, unit)
            )
        except Conflict as error:
            # Another server was faster, and this one has not heard of it yet.
            await self._cache.follower.follow()
            self._cache.drop(unit.states)
            raise Overtaken(error.text) from error

    async def _judge(self, guard: Guard, unit: Unit) -> None:
        """Raise ``InvalidDocument`` for submodels that ``guard`` does not take."""
        trees = [
            state.tree
            for (kind, _), state in unit.states.items()
            if kind is Kind.SUBMODEL and state is not None
        ]
        if not trees:
            return
        judge = await guard.judgement()
        findings = [each for tree in trees for each in await aside(judge, tree)]
        if findings:
            raise InvalidDocument(findings)

    def _is_current(self, unit: Unit) -> bool:
        """Return whether all that ``unit`` builds on is still the newest, as far as that is known
        here; the store knows the rest.
        """
        built_on: dict[Key, StoredDocument | None] = {}
        for write in unit.writes:
            built_on.setdefault((write.document.kind, write.document.id), write.before)
        return all(self._may_be_newest(*each) for each in built_on.items())

    def _may_be_newest(self, key: Key, before: StoredDocument | None) -> bool:
        if key in self._heads:
            state = self._heads.get(key)
            newest = None if state is None else state.stored
        else:
            document = self._cache.get(*key)
            if document is None:
                return True
            newest = document.stored
        if before is None or newest is None:
            return before is newest
        return document_tag(newest) == document_tag(before)

    def _settled(self, unit: Unit, position: int | None) -> None:
        if position is not None:
            self._show(unit, position)
        self._heads.leave(unit, unit.states)

    def _show(self, unit: Unit, position: int) -> None:
        """Let readers see what is durable now, ``position`` being its last entry in the log."""
        cache = self._cache
        is_last = cache.follower.position <= position
        cache.follower.committed(position - len(unit.writes) + 1, position)
        for write in unit.writes:
            if write.path is None:
                cache.restructured(write.document.kind)
        if not is_last:
            # Others committed since, perhaps to the same documents, and it is known here already.
            cache.drop(unit.states)
        else:
            for (kind, identifier), state in unit.states.items():
                if state is None:
                    cache.remove(kind, identifier, position=position)
                else:
                    cache.show(self._make(state), position=position)
        cache.news.tell(list(unit.states))

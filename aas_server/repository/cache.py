"""The documents in memory: those in use, fetched from the store when somebody asks for them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from aas_server.errors import StoreUnavailable
from aas_server.repository.document import Document
from aas_server.repository.heads import Key
from aas_server.repository.log_follower import LogFollower
from aas_server.repository.news import News
from aas_server.store.protocol import Fetched, Kind, Store, StoredDocument

CACHE_BYTES: Final = 268_435_456
_OVERHEAD: Final = 1_024
"""Bytes that a document takes beside its body, about."""
_MAX_ABSENT: Final = 10_000
"""Ids that are known to lead nowhere, at most."""
_ATTEMPTS: Final = 100


class _Changes:
    """What was changed while somebody waited for several documents."""

    __slots__ = ("keys",)

    def __init__(self) -> None:
        self.keys: set[Key] | None = set()
        """None for many."""

    def add(self, key: Key) -> None:
        if self.keys is not None:
            self.keys.add(key)

    def concern(self, key: Key) -> bool:
        return self.keys is None or key in self.keys


class DocumentCache:
    """Documents by kind and id, as of one position of the change log at least.

    ``capacity`` bounds the bytes of those that are kept; those that nobody read for longest go
    first. Whatever is fetched is shown only after everything that was committed before it: nobody
    sees one document after a commit and then another one as it was before.
    """

    def __init__(
        self,
        store: Store,
        make: Callable[[StoredDocument], Document],
        *,
        capacity: int = CACHE_BYTES,
    ) -> None:
        self._store = store
        self._make = make
        self.capacity: Final = capacity
        self._size = 0
        self._by_id: dict[Kind, dict[str, Document]] = {kind: {} for kind in Kind}
        self._by_age: OrderedDict[Document, None] = OrderedDict()
        self._absent: OrderedDict[Key, None] = OrderedDict()
        self._under_way: dict[Key, asyncio.Future[Document | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed_at: dict[Key, int] = {}
        self._watching: list[_Changes] = []
        self.structures: Final = dict.fromkeys(Kind, 0)
        """Grows for each kind with every change of what lists of it show."""
        self.follower: Final = LogFollower(store, self.forget)
        self.news: Final = News()

    def of(self, kind: Kind) -> dict[str, Document]:
        """Return the documents of ``kind`` in memory, by id; not to be changed."""
        return self._by_id[kind]

    def __len__(self) -> int:
        return len(self._by_age)

    @property
    def size(self) -> int:
        """Return how many bytes the documents in memory take, about."""
        return self._size

    async def close(self) -> None:
        """End what is being fetched."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def get(self, kind: Kind, identifier: str) -> Document | None:
        """Return a document that is in memory, or None."""
        document = self._by_id[kind].get(identifier)
        if document is not None:
            document.is_used = True
        return document

    async def find(self, kind: Kind, identifier: str) -> Document | None:
        """Return a document, fetched if it must be, or None when there is none."""
        document = self.get(kind, identifier)
        if document is not None:
            return document
        return (await self._find_all(kind, (identifier,))).get(identifier)

    async def find_all(self, kind: Kind, identifiers: Iterable[str]) -> dict[str, Document]:
        """Return those of the documents that there are, all as they were at one moment; those that
        are not in memory are fetched at once.
        """
        wanted = list(identifiers)
        changes = _Changes()
        self._watching.append(changes)
        try:
            found = await self._find_all(kind, wanted)
        finally:
            self._watching.remove(changes)
        if not any(changes.concern((kind, each)) for each in wanted):
            return found
        # Some may be of before a change and some of after it, and it may have been of both.
        return await self._at_one_moment(kind, wanted)

    async def after(self, kind: Kind, sequence: int, *, limit: int) -> list[Document]:
        """Return up to ``limit`` documents in order whose sequence is above ``sequence``, all as
        they were at one moment; those that are not in memory do not come to stay.
        """
        return await self._shown(await self._store.fetch_after(kind, sequence, limit=limit))

    async def _find_all(self, kind: Kind, identifiers: Iterable[str]) -> dict[str, Document]:
        found: dict[str, Document] = {}
        missing: dict[str, None] = {}
        waiting: dict[str, asyncio.Future[Document | None]] = {}
        for identifier in identifiers:
            document = self.get(kind, identifier)
            if document is not None:
                found[identifier] = document
            elif (under_way := self._under_way.get((kind, identifier))) is not None:
                waiting[identifier] = under_way
            elif (kind, identifier) in self._absent:
                self._absent.move_to_end((kind, identifier))
            else:
                missing[identifier] = None
        if missing:
            waiting |= self._begin(kind, missing)
        for identifier, future in waiting.items():
            # Whoever gives up must not end what others wait for.
            document = await asyncio.shield(future)
            if document is not None:
                found[identifier] = document
        return found

    async def _at_one_moment(self, kind: Kind, identifiers: list[str]) -> dict[str, Document]:
        """Return those of the documents that there are as the store has them, fetched at once."""
        found = await self._shown(await self._store.fetch(kind, identifiers))
        return {document.id: document for document in found}

    async def _shown(self, fetched: Fetched) -> list[Document]:
        await self.follower.reach(fetched.position)
        return [self._known(stored) or self._make(stored) for stored in fetched.documents]

    def _known(self, stored: StoredDocument) -> Document | None:
        """Return the document in memory that is in this very state, or None."""
        document = self._by_id[stored.kind].get(stored.id)
        return document if document is not None and document.stored == stored else None

    def show(self, document: Document, *, position: int) -> None:
        """Let readers see ``document``, as it was committed at ``position`` of the change log."""
        key = (document.stored.kind, document.id)
        self._note(key, position)
        self._remove(key)
        self._keep(document)

    def remove(self, kind: Kind, identifier: str, *, position: int) -> None:
        """Let readers see that the document was deleted at ``position`` of the change log."""
        self._note((kind, identifier), position)
        self._remove((kind, identifier))
        self._keep_absent((kind, identifier))

    def restructured(self, kind: Kind) -> None:
        """Note that lists of ``kind`` may show something else now."""
        self.structures[kind] += 1

    def drop(self, keys: Iterable[Key]) -> None:
        """Let go of documents that may not be what is stored any more."""
        for key in keys:
            self._tell(key)
            self._remove(key)

    def forget(self, changed: Sequence[tuple[Key, int]] | None) -> None:
        """Let go of documents that somebody else changed, each with the position of the change; of
        all of them for None.
        """
        kinds = set(Kind) if changed is None else {key[0] for key, _ in changed}
        news = None if changed is None else list(dict.fromkeys(key for key, _ in changed))
        if changed is None:
            changed = [(key, self.follower.position) for key in self._under_way]
            self.drop([(document.stored.kind, document.id) for document in self._by_age])
            self._absent.clear()
            for changes in self._watching:
                changes.keys = None
        for key, position in changed:
            self._note(key, position)
            self._remove(key)
        for kind in kinds:
            self.structures[kind] += 1
        self.news.tell(news)

    def _begin(
        self, kind: Kind, identifiers: Iterable[str]
    ) -> dict[str, asyncio.Future[Document | None]]:
        loop = asyncio.get_running_loop()
        futures: dict[str, asyncio.Future[Document | None]] = {}
        for identifier in identifiers:
            futures[identifier] = self._under_way[kind, identifier] = loop.create_future()
        task = loop.create_task(self._fetch(kind, futures), name=f"fetching {kind.value}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return futures

    async def _fetch(self, kind: Kind, futures: dict[str, asyncio.Future[Document | None]]) -> None:
        failure: Exception = StoreUnavailable("the store is closing")
        try:
            await self._fetch_all(kind, futures)
        except Exception as error:
            failure = error
        finally:
            for identifier, future in futures.items():
                if not future.done():
                    self._leave((kind, identifier))
                    future.set_exception(failure)
                    # Whoever waited may be gone, and then nobody asks for it.
                    future.exception()

    async def _fetch_all(
        self, kind: Kind, futures: dict[str, asyncio.Future[Document | None]]
    ) -> None:
        wanted = list(futures)
        for _ in range(_ATTEMPTS):
            fetched = await self._store.fetch(kind, wanted)
            await self.follower.reach(fetched.position)
            stored = {document.id: document for document in fetched.documents}
            late: list[str] = []
            for identifier in wanted:
                if self._is_late((kind, identifier), fetched.position):
                    late.append(identifier)
                else:
                    self._fetched((kind, identifier), stored.get(identifier), futures[identifier])
            if not late:
                return
            wanted = late
        raise StoreUnavailable("the documents are changed all the time: try again")

    def _is_late(self, key: Key, position: int) -> bool:
        """Return whether ``key`` was changed after ``position`` by others, so that only the store
        knows what it is now.
        """
        return self._changed_at.get(key, 0) > position and key[1] not in self._by_id[key[0]]

    def _fetched(
        self, key: Key, stored: StoredDocument | None, future: asyncio.Future[Document | None]
    ) -> None:
        # What was shown meanwhile is newer.
        document = self._by_id[key[0]].get(key[1])
        if document is None and stored is not None:
            document = self._make(stored)
            self._keep(document)
        elif document is None:
            self._keep_absent(key)
        self._leave(key)
        future.set_result(document)

    def _leave(self, key: Key) -> None:
        del self._under_way[key]
        self._changed_at.pop(key, None)

    def _tell(self, key: Key) -> None:
        for changes in self._watching:
            changes.add(key)

    def _note(self, key: Key, position: int) -> None:
        self._tell(key)
        if key in self._under_way:
            self._changed_at[key] = max(position, self._changed_at.get(key, 0))

    def _keep(self, document: Document) -> None:
        key = (document.stored.kind, document.id)
        self._absent.pop(key, None)
        self._by_id[key[0]][key[1]] = document
        self._by_age[document] = None
        self._size += _cost(document)
        while self._size > self.capacity and len(self._by_age) > 1:
            oldest = next(iter(self._by_age))
            if oldest.is_used:
                oldest.is_used = False
                self._by_age.move_to_end(oldest)
            else:
                self._remove((oldest.stored.kind, oldest.id))

    def _keep_absent(self, key: Key) -> None:
        self._absent[key] = None
        if len(self._absent) > _MAX_ABSENT:
            self._absent.popitem(last=False)

    def _remove(self, key: Key) -> None:
        self._absent.pop(key, None)
        document = self._by_id[key[0]].pop(key[1], None)
        if document is not None:
            del self._by_age[document]
            self._size -= _cost(document)
            document.forget()


def _cost(document: Document) -> int:
    return len(document.stored.body) + _OVERHEAD

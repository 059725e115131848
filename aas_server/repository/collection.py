"""All documents of one kind: in order, by id, and by the filters of Part 2."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aas_server.errors import BadRequest, NotFound
from aas_server.metamodel.identifiers import decode_base64url, encode_identifier
from aas_server.repository.cache import DocumentCache
from aas_server.repository.document import Document
from aas_server.store.protocol import Kind, Listed, Range, Selection, Store, Terms
from aas_server.store.terms import TEMPLATE, Property, list_terms_of, term_of

_LAST: Final = 2**63 - 1
_PAGE: Final = 200
"""Documents that are fetched at once when all of them are gone through."""
_MAX_LISTED: Final = 50_000
"""Entries of lists that are kept because somebody may ask for the same page again."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listed document must have; None and empty mean anything.

    References are given by their key values. ``semantic_id`` matches the semanticId or any
    supplementalSemanticId, ``is_case_of`` and ``data_specification`` any such reference of a
    concept description, ``aas_id`` any aasId of a package; ``asset_ids`` are (name, value) pairs
    that must all be there, ``globalAssetId`` among them; ``asset_kind`` and ``asset_type`` are
    those of a shell or its descriptor. ``created_from`` and ``updated_from`` are microseconds since
    the epoch, inclusive. ``is_template`` leaves submodels of kind Template.
    """

    id_short: str | None = None
    semantic_id: tuple[str, ...] | None = None
    asset_ids: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    asset_kind: str | None = None
    asset_type: str | None = None
    is_case_of: tuple[str, ...] | None = None
    aas_id: str | None = None
    data_specification: tuple[str, ...] | None = None
    created_from: int | None = None
    updated_from: int | None = None
    is_template: bool = False

    @property
    def by_time(self) -> bool:
        """Return whether a time is asked for."""
        return self.created_from is not None or self.updated_from is not None

    def selection(self, kind: Kind) -> Selection:
        """Return how the store finds such documents of ``kind``."""
        terms = frozenset(term_of(kind, *each) for each in self._properties())
        return Selection(terms, self.created_from, self.updated_from)

    def _properties(self) -> Iterator[Property]:
        for name, value in (
            ("idShort", self.id_short),
            ("semanticId", self.semantic_id),
            ("assetKind", self.asset_kind),
            ("assetType", self.asset_type),
            ("isCaseOf", self.is_case_of),
            ("aasId", self.aas_id),
            ("dataSpecification", self.data_specification),
        ):
            if value is not None:
                yield name, value
        for pair in self.asset_ids:
            yield "assetId", pair
        if self.is_template:
            yield TEMPLATE


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order; ``cursor`` leads to the next ones, None on the last page."""

    documents: list[Document]
    cursor: str | None


_Question: TypeAlias = tuple[Filter, int, int]
"""Filter, the sequence behind which a page begins, limit."""


class Collection:
    """The documents of one kind: the stored ones, and behind them those that the server makes.

    Order is order of creation, and a cursor names a place in it, so that pages neither shift nor
    repeat while documents come and go.
    """

    def __init__(self, kind: Kind, store: Store, cache: DocumentCache) -> None:
        self.kind = kind
        self._store = store
        self._cache = cache
        self._in_memory: Mapping[str, Document] = cache.of(kind)
        self._generated: dict[str, Document] = {}
        self._generated_terms: dict[str, Terms] = {}
        self._renewals: list[Callable[[], None]] = []
        self._is_renewing = False
        self._listed: OrderedDict[_Question, Listed] = OrderedDict()
        self._listed_entries = 0
        self._structure = -1

    def cached(self, identifier: str) -> Document | None:
        """Return the document with this id if it is in memory, or None."""
        document = self._in_memory.get(identifier)
        if document is None:
            if identifier in self._generated:
                self._renew_generated()
            return self._generated.get(identifier)
        document.is_used = True
        return document

    async def find(self, identifier: str) -> Document | None:
        """Return the document with this id, or None; raises ``StoreUnavailable``."""
        return self.cached(identifier) or await self._cache.find(self.kind, identifier)

    async def find_all(self, identifiers: Iterable[str]) -> dict[str, Document]:
        """Return those of the documents with these ids that there are, by id, asked for at once and
        all as they were at one moment.

        Raises ``StoreUnavailable``.
        """
        wanted = list(identifiers)
        found = {each: self.cached(each) for each in wanted}
        present = {each: document for each, document in found.items() if document is not None}
        if len(present) == len(found):
            return present
        # What is in memory may change before the rest is there.
        stored = [each for each in wanted if each not in self._generated]
        generated = {each: present[each] for each in wanted if each in self._generated}
        return generated | await self._cache.find_all(self.kind, stored)

    async def get(self, identifier: str) -> Document:
        """Return the document with this id; raises ``NotFound`` that names it, and
        ``StoreUnavailable``.
        """
        document = self.cached(identifier) or await self._cache.find(self.kind, identifier)
        if document is None:
            raise NotFound(f"there is no {self.kind.value} with the id {identifier!r}")
        return document

    async def contains(self, identifier: str) -> bool:
        """Return whether there is a document with this id; raises ``StoreUnavailable``."""
        return await self.find(identifier) is not None

    async def count(self) -> int:
        """Return how many documents there are; raises ``StoreUnavailable``."""
        return await self._store.count(self.kind) + len(self._generated)

    async def __aiter__(self) -> AsyncIterator[Document]:
        """Yield every document in order, fetched some at a time; raises ``StoreUnavailable``."""
        cursor: str | None = None
        while True:
            page = await self.page(Filter(), limit=_PAGE, cursor=cursor)
            for document in page.documents:
                yield document
            cursor = page.cursor
            if cursor is None:
                return

    async def page(self, wanted: Filter, *, limit: int, cursor: str | None = None) -> Page:
        """Return up to ``limit`` documents that ``wanted`` lets through, from ``cursor`` on.

        Raises ``BadRequest`` for a cursor that this server did not make, ``StoreUnavailable``.
        """
        after = -1 if cursor is None else place_of_cursor(cursor)
        structure = self._cache.structures[self.kind]
        listed = await self._list(wanted, after, limit)
        entries = listed.entries
        documents = await self._in_places(entries)
        if structure != self._cache.structures[self.kind]:
            documents = self._still_wanted(documents, wanted)
        last = entries[-1][0] if entries else after
        if not listed.more:
            behind = self._generated_after(wanted, after)
            room = limit - len(entries)
            documents += behind[:room]
            if len(behind) <= room:
                return Page(documents, None)
            last = documents[-1].stored.sequence if room else last
        return Page(documents, _encode_cursor(last))

    async def scan(self, *, limit: int, cursor: str | None = None) -> Page:
        """Return up to ``limit`` documents, or some more with those that the server makes itself,
        from ``cursor`` on, for one who goes through all of them: none comes to stay in memory.

        Raises as ``page`` does.
        """
        after = -1 if cursor is None else place_of_cursor(cursor)
        documents = await self._cache.after(self.kind, after, limit=limit)
        if len(documents) == limit:
            return Page(documents, _encode_cursor(documents[-1].stored.sequence))
        return Page([*documents, *self._generated_after(Filter(), after)], None)

    async def find_terms(self, ranges: Sequence[Range], *, limit: int) -> Sequence[int] | None:
        """Return the sequences of the documents with a term in one of ``ranges``, None for more
        than ``limit``.

        Documents of other kinds may have such terms, too. What is found is read afterwards no older
        than it was found. Raises ``StoreUnavailable``.
        """
        found = await self._store.find_terms(ranges, limit=limit)
        await self._cache.follower.reach(found.position)
        return None if found.more else found.sequences

    async def at(self, sequences: Sequence[int]) -> list[Document]:
        """Return those of the stored documents with ``sequences`` that there are, in order.

        Raises ``StoreUnavailable``.
        """
        listed = await self._store.list_at(self.kind, sequences)
        await self._cache.follower.reach(listed.position)
        return await self._in_places(listed.entries)

    def generated(self) -> list[Document]:
        """Return the documents that the server makes itself, in order."""
        return self._generated_after(Filter(), -1)

    def cursor_after(self, document: Document) -> str:
        """Return the cursor of the page that begins behind ``document``."""
        return _encode_cursor(document.stored.sequence)

    def put_generated(self, document: Document) -> None:
        """Show a document that the server makes itself, in the place of the one with its id."""
        self._generated[document.id] = document
        self._generated_terms[document.id] = list_terms_of(self.kind, document.stored_tree())

    def renew_generated_by(self, renew: Callable[[], None]) -> None:
        """Call ``renew`` whenever somebody is about to read a document that the server makes; it
        may put another one and must be quick when it need not.
        """
        self._renewals.append(renew)

    def _renew_generated(self) -> None:
        if self._is_renewing:  # whoever renews a document looks at the present one, too
            return
        self._is_renewing = True
        try:
            for renew in self._renewals:
                renew()
        finally:
            self._is_renewing = False

    async def _in_places(self, entries: Iterable[tuple[int, str]]) -> list[Document]:
        """Return the documents that are where ``entries`` have them: what was deleted meanwhile is
        passed over, and so is what was created again, which stands elsewhere now.
        """
        found = await self.find_all([identifier for _, identifier in entries])
        return [
            found[identifier]
            for sequence, identifier in entries
            if identifier in found and found[identifier].stored.sequence == sequence
        ]

    def _still_wanted(self, documents: list[Document], wanted: Filter) -> list[Document]:
        """Return those of ``documents`` that ``wanted`` still lets through."""
        terms = wanted.selection(self.kind).terms
        if not terms:
            return documents
        return [each for each in documents if terms <= list_terms_of(self.kind, each.stored_tree())]

    async def _list(self, wanted: Filter, after: int, limit: int) -> Listed:
        """Return what the store lists, remembered as long as lists cannot have changed."""
        structure = self._cache.structures[self.kind]
        if structure != self._structure:
            self._structure = structure
            self._listed.clear()
            self._listed_entries = 0
        question = (wanted, after, limit)
        listed = self._listed.get(question)
        if listed is not None:
            self._listed.move_to_end(question)
            return listed
        listed = await self._store.list_ids(
            self.kind, wanted.selection(self.kind), after=after, limit=limit
        )
        await self._cache.follower.reach(listed.position)
        if structure == self._cache.structures[self.kind] == self._structure and not wanted.by_time:
            self._remember(question, listed)
        return listed

    def _remember(self, question: _Question, listed: Listed) -> None:
        former = self._listed.pop(question, None)
        self._listed[question] = listed
        self._listed_entries += _entries(listed) - (0 if former is None else _entries(former))
        while self._listed_entries > _MAX_LISTED and len(self._listed) > 1:
            _, oldest = self._listed.popitem(last=False)
            self._listed_entries -= _entries(oldest)

    def _generated_after(self, wanted: Filter, after: int) -> list[Document]:
        if not self._generated:
            return []
        self._renew_generated()
        selection = wanted.selection(self.kind)
        found = [
            document
            for identifier, document in self._generated.items()
            if document.stored.sequence > after
            and selection.terms <= self._generated_terms[identifier]
            and document.stored.created >= (selection.created_from or 0)
            and document.stored.updated >= (selection.updated_from or 0)
        ]
        return sorted(found, key=lambda document: document.stored.sequence)


def _entries(listed: Listed) -> int:
    return len(listed.entries) + 1


def _encode_cursor(sequence: int) -> str:
    return encode_identifier(str(sequence))


def place_of_cursor(cursor: str) -> int:
    """Return the sequence behind which ``cursor`` leads; raises ``BadRequest`` for one that this
    server did not make.
    """
    text = decode_base64url(cursor, name="cursor")
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise BadRequest("this cursor was not given by this server", path="cursor")
    return min(int(text), _LAST)

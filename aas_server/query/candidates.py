"""The documents that a query may find, in their order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from aas_server.metamodel.tree import Node
from aas_server.query.fields import Root
from aas_server.query.resolving import Places
from aas_server.registry.register import Register
from aas_server.registry.registry import Registry
from aas_server.repository.collection import Collection, Filter, place_of_cursor
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind

ROOTS: Final[Mapping[Kind, Root]] = {
    Kind.SHELL: Root.SHELL,
    Kind.SUBMODEL: Root.SUBMODEL,
    Kind.CONCEPT_DESCRIPTION: Root.CONCEPT,
    Kind.SHELL_DESCRIPTOR: Root.SHELL_DESCRIPTOR,
    Kind.SUBMODEL_DESCRIPTOR: Root.SUBMODEL_DESCRIPTOR,
}
"""The kinds that can be queried, and the root by which conditions name each."""

_PAGE: Final = 200
"""Documents that are fetched at once."""
_KEPT: Final = 2_000
"""Documents that the index leads to at most for them to be kept decoded: a query may look at more
than there is room for, and what others use must stay."""

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_EVERYTHING: Final = Filter()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that may be found: its present bytes, live values included.

    ``cursor`` leads to the documents behind it, ``place`` is its place in the order of all.
    """

    id: str
    body: bytes
    cursor: str
    place: int
    tree: Node | None = None
    """It decoded, where that is kept."""

    def node(self) -> Node:
        """Return it decoded, not to be changed."""
        return _decode(self.body) if self.tree is None else self.tree


class Candidates:
    """Every document of a kind, in order of creation.

    Descriptors are those of own and of foreign shells and submodels, own ones with ``url`` as the
    absolute address of the API.
    """

    def __init__(self, repository: Repository, registry: Registry) -> None:
        self._repository = repository
        self._registry = registry

    async def pieces(
        self, kind: Kind, places: Places, *, cursor: str | None, url: str
    ) -> AsyncIterator[tuple[list[Candidate], str | None]]:
        """Yield candidates at ``places`` from ``cursor`` on, some at a time, each time with the
        cursor of the next ones, None with the last.

        What the server makes itself is always among them. Raises ``BadRequest`` for a cursor that
        this server did not make, ``StoreUnavailable``.
        """
        if places is None:
            while True:
                found, cursor = await self._piece(kind, cursor, url)
                yield found, cursor
                if cursor is None:
                    return
        after = -1 if cursor is None else place_of_cursor(cursor)
        ordered = sorted(place for place in places if place > after)
        keep = len(places) <= _KEPT
        for start in range(0, len(ordered), _PAGE):
            found = await self._at(kind, ordered[start : start + _PAGE], url, keep=keep)
            yield found, found[-1].cursor if found else cursor
        made = await self._at(kind, [], url, keep=keep)
        yield [each for each in made if each.place > after], None

    async def _at(
        self, kind: Kind, places: Sequence[int], url: str, *, keep: bool
    ) -> list[Candidate]:
        """Return the candidates at ``places``; without any, what the server makes itself."""
        register = self._register(kind)
        if register is not None:
            found = await register.at(places, url)
            stored = set(places)
            described = [
                Candidate(each.id, each.body, each.cursor, place_of_cursor(each.cursor))
                for each in found
            ]
            return [each for each in described if not places or each.place in stored]
        collection = self._repository.collection(kind)
        documents = await collection.at(places) if places else collection.generated()
        return _candidates(collection, documents, keep=keep)

    def _register(self, kind: Kind) -> Register | None:
        if kind is Kind.SHELL_DESCRIPTOR:
            return self._registry.shells
        return self._registry.submodels if kind is Kind.SUBMODEL_DESCRIPTOR else None

    async def _piece(
        self, kind: Kind, cursor: str | None, url: str
    ) -> tuple[list[Candidate], str | None]:
        register = self._register(kind)
        if register is not None:
            listed = await register.page(_EVERYTHING, url, limit=_PAGE, cursor=cursor)
            described = [
                Candidate(each.id, each.body, each.cursor, place_of_cursor(each.cursor))
                for each in listed.descriptors
            ]
            return described, listed.cursor
        collection = self._repository.collection(kind)
        page = await collection.scan(limit=_PAGE, cursor=cursor)
        return _candidates(collection, page.documents, keep=False), page.cursor


def _candidates(
    collection: Collection, documents: Iterable[Document], *, keep: bool
) -> list[Candidate]:
    return [
        Candidate(
            each.id,
            each.body(),
            collection.cursor_after(each),
            each.stored.sequence,
            each.tree() if keep else None,
        )
        for each in documents
    ]

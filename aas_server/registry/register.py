"""One registry: the descriptors of all shells, or of all submodels, here and elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

from aas_server.errors import Conflict, Forbidden
from aas_server.metamodel.tree import Node
from aas_server.registry.merging import Source, merged_page
from aas_server.registry.schemas import require
from aas_server.registry.shapes import Shape
from aas_server.repository.collection import Collection, Filter
from aas_server.repository.conditions import UNCONDITIONAL, Conditions
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind

Derive: TypeAlias = Callable[[Sequence[Document], str], Awaitable[Sequence[bytes]]]
"""Makes the descriptors of own documents; the text is the absolute address of the API."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor as JSON, its entity tag without quotes, and the microseconds since the epoch at
    which what it describes was created and last changed here. ``cursor`` leads to those behind it.
    """

    id: str
    body: bytes
    tag: str
    created: int
    updated: int
    cursor: str


@dataclass(frozen=True, slots=True)
class DescriptorPage:
    """Some descriptors in order; ``cursor`` leads to the next ones, None on the last page."""

    descriptors: list[Descriptor]
    cursor: str | None


class Register:
    """Descriptors of one kind: ``own`` ones are derived, ``foreign`` ones stored as ``shape``.

    Of an own and a foreign descriptor with the same id, the own one is shown.
    """

    def __init__(
        self, repository: Repository, own: Kind, foreign: Kind, shape: Shape, derive: Derive
    ) -> None:
        self._repository = repository
        self._own_kind = own
        self.kind = foreign
        self._shape = shape
        self._derive = derive

    @property
    def own(self) -> Collection:
        """The server's own shells or submodels."""
        return self._repository.collection(self._own_kind)

    @property
    def foreign(self) -> Collection:
        """The descriptors of those that are elsewhere."""
        return self._repository.collection(self.kind)

    async def page(
        self, wanted: Filter, url: str, *, limit: int, cursor: str | None
    ) -> DescriptorPage:
        """Return up to ``limit`` descriptors in order of creation, from ``cursor`` on.

        Raises ``BadRequest`` for a cursor that this server did not make.
        """
        sources = (Source(self.own, wanted), Source(self.foreign, wanted, self._are_elsewhere))
        page = await merged_page(sources, limit=limit, cursor=cursor)
        return DescriptorPage(await self._describe(page.documents, url), page.cursor)

    async def at(self, sequences: Sequence[int], url: str) -> list[Descriptor]:
        """Return the descriptors of what was created, here or as a foreign descriptor, with
        ``sequences``, in order, and behind them those of what the server makes itself.
        """
        own = await self.own.at(sequences)
        foreign = await self.foreign.at(sequences)
        elsewhere = await self._are_elsewhere(foreign)
        kept = [each for each, is_kept in zip(foreign, elsewhere, strict=True) if is_kept]
        documents = sorted([*own, *kept], key=lambda each: each.stored.sequence)
        return await self._describe([*documents, *self.own.generated()], url)

    async def get(self, identifier: str, url: str) -> Descriptor:
        """Return the descriptor with this id; raises ``NotFound``."""
        found = await self.own.find(identifier) or await self.foreign.get(identifier)
        (descriptor,) = await self._describe((found,), url)
        return descriptor

    async def bodies(self, identifiers: Iterable[str], url: str) -> dict[str, bytes]:
        """Return those of the descriptors with these ids that there are, as JSON by id."""
        wanted = list(identifiers)
        own = await self.own.find_all(wanted)
        foreign = await self.foreign.find_all([each for each in wanted if each not in own])
        derived = await self._derive(list(own.values()), url)
        found = {each: document.body() for each, document in foreign.items()}
        return found | dict(zip(own, derived, strict=True))

    async def create(
        self, tree: Node, *, actor: str, conditions: Conditions = UNCONDITIONAL
    ) -> Document:
        """Store a foreign descriptor.

        Raises ``InvalidDocument``, ``Conflict`` when its id is taken, ``PreconditionFailed``.
        """
        await self.require_free(self.checked(tree))
        return await self._repository.create(self.kind, tree, actor=actor, conditions=conditions)

    async def put(
        self, identifier: str, tree: Node, *, actor: str, conditions: Conditions = UNCONDITIONAL
    ) -> tuple[Document, bool]:
        """Set or create a foreign descriptor; the flag says that it was created.

        Raises ``InvalidDocument``, ``BadRequest`` for another id, ``Forbidden`` for an own one,
        ``PreconditionFailed``.
        """
        self.checked(tree)
        await self.require_foreign(identifier)
        return await self._repository.put(
            self.kind, identifier, tree, actor=actor, conditions=conditions
        )

    async def delete(
        self, identifier: str, *, actor: str, conditions: Conditions = UNCONDITIONAL
    ) -> None:
        """Take a foreign descriptor out; raises ``NotFound``, ``Forbidden`` for an own one,
        ``PreconditionFailed``.
        """
        await self.require_foreign(identifier)
        await self._repository.delete(self.kind, identifier, actor=actor, conditions=conditions)

    def checked(self, tree: Node) -> str:
        """Return the id of the descriptor ``tree``; raises ``InvalidDocument``."""
        require(self._shape, tree)
        identifier: str = tree["id"]
        return identifier

    async def require_free(self, identifier: str) -> None:
        """Raise ``Conflict`` when the server itself has what ``identifier`` names."""
        if await self.own.contains(identifier):
            raise self.taken(identifier)

    async def require_foreign(self, identifier: str) -> None:
        """Raise ``Forbidden`` when the server itself has what ``identifier`` names."""
        if await self.own.contains(identifier):
            raise self.not_foreign(identifier)

    def taken(self, identifier: str) -> Conflict:
        """Return what refuses to create the descriptor of what the server itself has."""
        return Conflict(f"{self._reason(identifier)}: there is a descriptor of it already")

    def not_foreign(self, identifier: str) -> Forbidden:
        """Return what refuses to change the descriptor of what the server itself has."""
        return Forbidden(f"{self._reason(identifier)}: change that instead")

    async def _are_elsewhere(self, descriptors: Sequence[Document]) -> list[bool]:
        """Return of each foreign descriptor whether there is no own one in its place."""
        own = await self.own.find_all([each.id for each in descriptors])
        return [each.id not in own for each in descriptors]

    async def _describe(self, documents: Sequence[Document], url: str) -> list[Descriptor]:
        own = [each for each in documents if each.stored.kind is not self.kind]
        derived = iter(await self._derive(own, url))
        found: list[Descriptor] = []
        for document in documents:
            stored = document.stored
            if stored.kind is self.kind:
                body, tag = document.body(), document.etag()
            else:
                body = next(derived)
                tag = entity_tag(body)
            cursor = self.own.cursor_after(document)
            found.append(Descriptor(document.id, body, tag, stored.created, stored.updated, cursor))
        return found

    def _reason(self, identifier: str) -> str:
        return (
            f"the descriptor of {identifier!r} is derived from the {self._own_kind.value} "
            "on this server"
        )


def entity_tag(body: bytes) -> str:
    """Return an entity tag, without quotes, of what is derived and has no revision of its own."""
    return blake2b(body, digest_size=10).hexdigest()

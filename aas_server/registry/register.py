"""One registry: the descriptors of all shells, or of all submodels, here and elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

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

Derive = Callable[[Document, str], bytes]
"""Makes the descriptor of an own document; the text is the absolute address of the API."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor as JSON, its entity tag without quotes, and the microseconds since the epoch at
    which what it describes was created and last changed here.
    """

    id: str
    body: bytes
    tag: str
    created: int
    updated: int


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

    def page(
        self,
        wanted: Filter,
        url: str,
        *,
        limit: int,
        cursor: str | None,
        keep: Callable[[Document], bool] = lambda _: True,
    ) -> DescriptorPage:
        """Return up to ``limit`` descriptors in order of creation, from ``cursor`` on.

        ``keep`` is asked about own documents and foreign descriptors alike. Raises ``BadRequest``
        for a cursor that this server did not make.
        """
        own = self.own
        sources = (
            Source(own, wanted, keep),
            Source(self.foreign, wanted, lambda found: found.id not in own and keep(found)),
        )
        page = merged_page(sources, limit=limit, cursor=cursor)
        return DescriptorPage([self._describe(found, url) for found in page.documents], page.cursor)

    def get(self, identifier: str, url: str) -> Descriptor:
        """Return the descriptor with this id; raises ``NotFound``."""
        return self._describe(self.own.find(identifier) or self.foreign.get(identifier), url)

    def body(self, identifier: str, url: str) -> bytes | None:
        """Return the descriptor with this id as JSON, or None."""
        found = self.own.find(identifier)
        if found is not None:
            return self._derive(found, url)
        found = self.foreign.find(identifier)
        return None if found is None else found.body()

    async def create(
        self, tree: Node, *, actor: str, conditions: Conditions = UNCONDITIONAL
    ) -> Document:
        """Store a foreign descriptor.

        Raises ``InvalidDocument``, ``Conflict`` when its id is taken, ``PreconditionFailed``.
        """
        self.require_free(self.checked(tree))
        return await self._repository.create(self.kind, tree, actor=actor, conditions=conditions)

    async def put(
        self, identifier: str, tree: Node, *, actor: str, conditions: Conditions = UNCONDITIONAL
    ) -> tuple[Document, bool]:
        """Set or create a foreign descriptor; the flag says that it was created.

        Raises ``InvalidDocument``, ``BadRequest`` for another id, ``Forbidden`` for an own one,
        ``PreconditionFailed``.
        """
        self.checked(tree)
        self.require_foreign(identifier)
        return await self._repository.put(
            self.kind, identifier, tree, actor=actor, conditions=conditions
        )

    async def delete(
        self, identifier: str, *, actor: str, conditions: Conditions = UNCONDITIONAL
    ) -> None:
        """Take a foreign descriptor out; raises ``NotFound``, ``Forbidden`` for an own one,
        ``PreconditionFailed``.
        """
        self.require_foreign(identifier)
        await self._repository.delete(self.kind, identifier, actor=actor, conditions=conditions)

    def checked(self, tree: Node) -> str:
        """Return the id of the descriptor ``tree``; raises ``InvalidDocument``."""
        require(self._shape, tree)
        identifier: str = tree["id"]
        return identifier

    def require_free(self, identifier: str) -> None:
        """Raise ``Conflict`` when the server itself has what ``identifier`` names."""
        if identifier in self.own:
            raise Conflict(f"{self._reason(identifier)}: there is a descriptor of it already")

    def require_foreign(self, identifier: str) -> None:
        """Raise ``Forbidden`` when the server itself has what ``identifier`` names."""
        if identifier in self.own:
            raise Forbidden(f"{self._reason(identifier)}: change that instead")

    def _describe(self, document: Document, url: str) -> Descriptor:
        stored = document.stored
        if stored.kind is self.kind:
            body, tag = document.body(), document.etag()
        else:
            body = self._derive(document, url)
            tag = entity_tag(body)
        return Descriptor(document.id, body, tag, stored.created, stored.updated)

    def _reason(self, identifier: str) -> str:
        return (
            f"the descriptor of {identifier!r} is derived from the {self._own_kind.value} "
            "on this server"
        )


def entity_tag(body: bytes) -> str:
    """Return an entity tag, without quotes, of what is derived and has no revision of its own."""
    return blake2b(body, digest_size=10).hexdigest()

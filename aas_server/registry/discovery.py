"""Discovery: which shells stand for an asset (IDTA-01002, Discovery service).

The asset links of a shell are the asset ids in its own document or, for a shell that is elsewhere,
in its descriptor; links that a client stored stand beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from aas_server.errors import NotFound
from aas_server.metamodel.tree import Node
from aas_server.registry.merging import Keep, Source, merged_page
from aas_server.registry.schemas import (
    ASSET_LINK_QUERY,
    ASSET_LINKS,
    GLOBAL_ASSET_ID,
    is_global_asset_id,
    require,
)
from aas_server.repository.collection import Collection, Filter
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind

Pair: TypeAlias = tuple[str, str]
"""Name and value of an asset link; the reserved name is spelled ``globalAssetId``."""


@dataclass(frozen=True, slots=True)
class ShellIdPage:
    """Ids of some shells; ``cursor`` leads to the next ones, None on the last page."""

    ids: list[str]
    cursor: str | None


class Discovery:
    """Which shells stand for an asset."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @property
    def _shells(self) -> Collection:
        return self._repository.shells

    @property
    def _descriptors(self) -> Collection:
        return self._repository.collection(Kind.SHELL_DESCRIPTOR)

    @property
    def _stored(self) -> Collection:
        return self._repository.collection(Kind.ASSET_LINKS)

    async def shell_ids(
        self, wanted: frozenset[Pair], *, limit: int, cursor: str | None
    ) -> ShellIdPage:
        """Return up to ``limit`` ids of shells that have all links ``wanted``, from ``cursor`` on.

        Raises ``BadRequest`` for a cursor that this server did not make.
        """
        together = Filter(asset_ids=wanted)
        complete = self._completes(wanted)
        sources = [
            Source(self._shells, together),
            Source(self._descriptors, together, self._are_elsewhere),
            # A shell whose links are only together enough is found where its stored ones stand.
            *(Source(self._stored, single, complete) for single in _singles(wanted)),
        ]
        page = await merged_page(sources, limit=limit, cursor=cursor)
        return ShellIdPage([found.id for found in page.documents], page.cursor)

    async def links(self, shell_id: str) -> list[Node]:
        """Return the asset links of a shell, its global one among them; raises ``NotFound``."""
        stored = await self._stored.find(shell_id)
        described = await self._described(shell_id)
        if stored is None and described is None:
            raise NotFound(f"there is no shell with the id {shell_id!r} and no asset link of one")
        found: dict[Pair, Node] = {}
        for link in (*_links_of(described), *_links_of(stored)):
            found.setdefault(_pair(link), link)
        return list(found.values())

    async def put_links(self, shell_id: str, links: list[Any], *, actor: str) -> list[Node]:
        """Set what is stored for a shell, which may be elsewhere, and return it.

        The links that follow from a document or descriptor here stay beside it. Raises
        ``InvalidDocument``.
        """
        require(ASSET_LINKS, links)
        named = [_with_reserved_name(link) for link in links]
        tree = {"id": shell_id, "links": named}
        await self._repository.put(Kind.ASSET_LINKS, shell_id, tree, actor=actor)
        return named

    async def delete_links(self, shell_id: str, *, actor: str) -> None:
        """Forget what is stored for a shell; raises ``NotFound`` when nothing is.

        The links that follow from a document or descriptor here stay: they go with it.
        """
        is_stored = await self._stored.contains(shell_id)
        if not is_stored and await self._described(shell_id) is not None:
            raise NotFound(
                f"nothing is stored for {shell_id!r}: its asset links are those of the shell or "
                "of its descriptor, change that instead"
            )
        await self._repository.delete(Kind.ASSET_LINKS, shell_id, actor=actor)

    async def _described(self, shell_id: str) -> Document | None:
        return await self._shells.find(shell_id) or await self._descriptors.find(shell_id)

    async def _all_described(self, shell_ids: Iterable[str]) -> dict[str, Document]:
        """Return the documents or else descriptors of those of the shells that are known here."""
        wanted = list(shell_ids)
        shells = await self._shells.find_all(wanted)
        rest = await self._descriptors.find_all([each for each in wanted if each not in shells])
        return shells | rest

    async def _are_elsewhere(self, descriptors: Sequence[Document]) -> list[bool]:
        shells = await self._shells.find_all([each.id for each in descriptors])
        return [each.id not in shells for each in descriptors]

    def _completes(self, wanted: frozenset[Pair]) -> Keep:
        """Return what says whether stored links are what makes their shell one that is wanted."""

        async def keep(stored: Sequence[Document]) -> list[bool]:
            described = await self._all_described(each.id for each in stored)
            return [_completes(links, described.get(links.id), wanted) for links in stored]

        return keep


def asset_link_pairs(links: list[Any]) -> frozenset[Pair]:
    """Return the pairs of asset links that somebody looks for; raises ``InvalidDocument``."""
    require(ASSET_LINK_QUERY, links)
    return frozenset(_pair(link) for link in links)


def _completes(stored: Document, described: Document | None, wanted: frozenset[Pair]) -> bool:
    derived = {_pair(link) for link in _links_of(described)}
    if described is not None and wanted <= derived:
        return False
    return wanted <= derived | {_pair(link) for link in _links_of(stored)}


def _singles(wanted: frozenset[Pair]) -> Iterable[Filter]:
    if not wanted:
        return [Filter()]
    return [Filter(asset_ids=frozenset({pair})) for pair in sorted(wanted)]


def _links_of(document: Document | None) -> Iterator[Node]:
    if document is None:
        return
    tree: Any = document.tree()
    kind = document.stored.kind
    if kind is Kind.ASSET_LINKS:
        yield from tree["links"]
        return
    holder = tree.get("assetInformation") or {} if kind is Kind.SHELL else tree
    if GLOBAL_ASSET_ID in holder:
        yield {"name": GLOBAL_ASSET_ID, "value": holder[GLOBAL_ASSET_ID]}
    yield from holder.get("specificAssetIds") or ()


def _pair(link: Node) -> Pair:
    return _reserved(str(link.get("name"))), str(link.get("value"))


def _with_reserved_name(link: Node) -> Node:
    return {**link, "name": _reserved(link["name"])}


def _reserved(name: str) -> str:
    return GLOBAL_ASSET_ID if is_global_asset_id(name) else name

"""The documents that a document is asked about with: the submodels of a shell, the shells of a
submodel.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from aas_server.metamodel.tree import Node
from aas_server.query.fields import Root
from aas_server.query.reading import Tree
from aas_server.repository.collection import Collection
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.ordered_terms import SUBMODEL, equal_to, looked_at
from aas_server.store.protocol import Kind

Trees: TypeAlias = Mapping[Root, Sequence[Tree]]

_MOST: Final = 10_000
"""Shells that refer to some submodels; there is usually one for each."""

_NOBODY: Final[Trees] = {}
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Partners:
    """Finds the partners of many documents at once."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def of(self, kind: Kind, nodes: Sequence[Node], asked: Container[Root]) -> list[Trees]:
        """Return the partners of each of ``nodes``, as far as a condition asks for their roots.

        Raises ``StoreUnavailable``.
        """
        if kind is Kind.SHELL and Root.SUBMODEL in asked:
            return await self._submodels(nodes)
        if kind is Kind.SUBMODEL and Root.SHELL in asked:
            return await self._shells(nodes)
        return [_NOBODY] * len(nodes)

    async def _submodels(self, shells: Sequence[Node]) -> list[Trees]:
        ids = [list(references(shell)) for shell in shells]
        wanted = dict.fromkeys(each for of_shell in ids for each in of_shell)
        found = await self._repository.submodels.find_all(wanted)
        trees = {each: Tree(_decode(document.body())) for each, document in found.items()}
        return [
            {Root.SUBMODEL: [trees[each] for each in of_shell if each in trees]} for of_shell in ids
        ]

    async def _shells(self, submodels: Sequence[Node]) -> list[Trees]:
        wanted = {submodel["id"] for submodel in submodels}
        looked = looked_at(Kind.SHELL, SUBMODEL)
        shells = self._repository.shells
        places = await shells.find_terms([equal_to(looked, each) for each in wanted], limit=_MOST)
        referring: dict[str, list[Tree]] = {}
        for document in await shells.at(places) if places is not None else await _all(shells):
            shell = _decode(document.body())
            tree = Tree(shell)
            for identifier in wanted.intersection(references(shell)):
                referring.setdefault(identifier, []).append(tree)
        return [{Root.SHELL: referring.get(submodel["id"], [])} for submodel in submodels]


async def _all(shells: Collection) -> list[Document]:
    return [document async for document in shells]


def references(shell: Node) -> Iterator[str]:
    """Yield the ids of the submodels that a shell refers to."""
    for reference in shell.get("submodels") or ():
        keys = reference.get("keys") or ()
        if keys and keys[0].get("type") == "Submodel":
            yield keys[0]["value"]

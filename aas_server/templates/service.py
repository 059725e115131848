"""The templates of a running server: those it was started with and those in its repository."""

from __future__ import annotations

import asyncio
from typing import Final

from aas_server.metamodel.references import semantic_keys
from aas_server.metamodel.tree import Node, walk
from aas_server.repository.collection import Filter
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.instantiation.request import Instance, Request
from aas_server.templates.prototype import Template
from aas_server.templates.reading import template_of

_REPOSITORY: Final = "repository"
_PAGE: Final = 500
_MOST: Final = 10_000
"""Templates of the repository that are looked at, at most."""

_State = tuple[tuple[str, int, int], ...]


class TemplateService:
    """Finds templates and makes instances; what is stored in the repository comes first."""

    def __init__(self, repository: Repository, known: TemplateCatalog) -> None:
        self._repository = repository
        self._known = known
        self._catalog = known
        self._state: _State = ()
        self._stored: dict[tuple[str, int, int], Template] = {}
        self._reading = asyncio.Lock()

    async def catalog(self) -> TemplateCatalog:
        """Return all templates as they are now."""
        stored = await self._documents()
        state = tuple(map(_state, stored))
        if state == self._state:
            return self._catalog
        async with self._reading:
            if state != self._state:
                self._stored = {
                    key: self._stored.get(key) or await self._template(document)
                    for key, document in zip(state, stored, strict=True)
                }
                self._catalog = TemplateCatalog([*self._known, *self._stored.values()])
                self._state = state
            return self._catalog

    async def instantiate(self, template: Template, request: Request) -> Instance:
        """Return an instance of ``template``, made in a thread."""
        maker = Maker(template, await self.catalog())
        return await asyncio.to_thread(maker.make, request)

    async def _documents(self) -> list[Document]:
        found: list[Document] = []
        cursor: str | None = None
        while len(found) < _MOST:
            page = await self._repository.submodels.page(
                Filter(is_template=True), limit=_PAGE, cursor=cursor
            )
            found += page.documents
            cursor = page.cursor
            if cursor is None:
                break
        return found

    async def _template(self, document: Document) -> Template:
        tree = document.stored_tree()
        wanted = _meanings(tree)
        found = await self._repository.concept_descriptions.find_all(wanted)
        concepts = {each: found[each].stored_tree() for each in wanted if each in found}
        return template_of(tree, concepts, source=_REPOSITORY)


def _meanings(tree: Node) -> list[str]:
    """Return what the semantic ids in ``tree`` name, in their order: it may have concepts."""
    nodes = (tree, *(element for _, element in walk(tree)))
    named = (each for node in nodes for keys in semantic_keys(node) for each in keys)
    return list(dict.fromkeys(named))


def _state(document: Document) -> tuple[str, int, int]:
    return document.id, document.stored.sequence, document.stored.revision

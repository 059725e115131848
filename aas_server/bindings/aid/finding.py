"""Finding: which submodels of the repository describe bindings, and what they want now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import structlog

from aas_server.bindings.aid.compiling import Compiler
from aas_server.bindings.aid.interfaces import InterfaceDescription
from aas_server.bindings.aid.mappings import MappingConfiguration, Target, read_mappings
from aas_server.bindings.aid.meanings import AID_SUBMODELS, AIMC_SUBMODELS
from aas_server.bindings.aid.reading import read_interfaces
from aas_server.bindings.aid.units import concept_of, first_unit, unit_of
from aas_server.bindings.wanted import Wanted
from aas_server.metamodel.tree import Node
from aas_server.metamodel.ways import Ways
from aas_server.repository.collection import Filter
from aas_server.repository.document import Document, decode, document_tag
from aas_server.repository.repository import Repository

log = structlog.get_logger(__name__)

MAX_SUBMODELS: Final = 2_000
"""Descriptions that are used at most, and configurations likewise."""
_PAGE: Final = 500
_LARGE: Final = 200_000
"""Bytes of a document from which on it is read in a thread."""

T = TypeVar("T")


class DescribedBindings:
    """What the AID and AIMC submodels of ``repository`` want.

    They are found by their semanticIds, which the store has an index of; nothing else is read.
    Submodels of kind Template describe nothing.
    """

    def __init__(self, repository: Repository, compiler: Compiler) -> None:
        self._repository = repository
        self._compiler = compiler
        self._descriptions = _Reader(read_interfaces)
        self._configurations = _Reader(read_mappings)
        self._known: frozenset[str] = frozenset()
        self._sources: frozenset[str] = frozenset()
        self._concept_ids: frozenset[str] = frozenset()
        self._told_many = False

    @property
    def concerned(self) -> frozenset[str]:
        """Return the ids of the submodels and concept descriptions on which the last answer of
        ``wanted`` depends, beside those of the sinks.
        """
        return self._known | self._sources | self._concept_ids

    async def wanted(self) -> Wanted:
        """Return what is wanted now; raises ``StoreUnavailable``."""
        description_ids = await self._ids(AID_SUBMODELS)
        configuration_ids = await self._ids(AIMC_SUBMODELS)
        self._known = frozenset([*description_ids, *configuration_ids])
        descriptions = await self._descriptions.read(await self._documents(description_ids))
        configurations = await self._configurations.read(await self._documents(configuration_ids))
        self._sources = frozenset(
            mapping.source.submodel
            for configuration in configurations
            for mapping in configuration.mappings
            if mapping.source is not None
        )
        elsewhere = self._sources - self._known
        here = await self._repository.submodels.find_all(elsewhere) if elsewhere else {}
        by_id = {each.submodel_id: each for each in descriptions}
        units = await self._units(by_id, configurations)
        return self._compiler.compile(by_id, configurations, here.__contains__, units)

    async def _units(
        self,
        descriptions: Mapping[str, InterfaceDescription],
        configurations: Iterable[MappingConfiguration],
    ) -> dict[Target, str]:
        """Return the units of the sinks of those properties that have one themselves."""
        sinks: dict[Target, None] = {}
        for configuration in configurations:
            for mapping in configuration.mappings:
                if mapping.source is None or mapping.sink is None:
                    continue
                description = descriptions.get(mapping.source.submodel)
                if description is None:
                    continue
                found = description.properties.get(mapping.source.path)
                if found is not None and found.unit is not None:
                    sinks[mapping.sink] = None
        concepts = await self._concepts(sinks) if sinks else {}
        self._concept_ids = frozenset(each for found in concepts.values() for each in found)
        known = await self._repository.concept_descriptions.find_all(self._concept_ids)
        units: dict[str, str] = {}
        for identifier, document in known.items():
            unit = unit_of(document.tree())
            if unit is not None:
                units[identifier] = unit
        named = {sink: first_unit(found, units) for sink, found in concepts.items()}
        return {sink: unit for sink, unit in named.items() if unit is not None}

    async def _concepts(self, sinks: Iterable[Target]) -> dict[Target, list[str]]:
        """Return the ids of the concepts of each sink."""
        by_submodel: dict[str, list[Target]] = {}
        for sink in sinks:
            by_submodel.setdefault(sink.submodel, []).append(sink)
        documents = await self._repository.submodels.find_all(by_submodel)
        found: dict[Target, list[str]] = {}
        for identifier, document in documents.items():
            ways = Ways(decode(document.stored.body))
            found.update((sink, concept_of(ways, sink)) for sink in by_submodel[identifier])
            await asyncio.sleep(0)
        return found

    async def is_out_of_date(self) -> bool:
        """Return whether other submodels describe bindings now; raises ``StoreUnavailable``."""
        ids = [*await self._ids(AID_SUBMODELS), *await self._ids(AIMC_SUBMODELS)]
        return frozenset(ids) != self._known

    async def _ids(self, semantic_ids: Iterable[str]) -> list[str]:
        found: dict[str, None] = {}
        for semantic_id in semantic_ids:
            cursor: str | None = None
            while len(found) <= MAX_SUBMODELS:
                wanted = Filter(semantic_id=(semantic_id,))
                page = await self._repository.submodels.page(wanted, limit=_PAGE, cursor=cursor)
                found.update((document.id, None) for document in page.documents)
                cursor = page.cursor
                if cursor is None:
                    break
        if len(found) > MAX_SUBMODELS and not self._told_many:
            self._told_many = True
            log.warning("some descriptions of bindings are not used", used=MAX_SUBMODELS)
        return list(found)[:MAX_SUBMODELS]

    async def _documents(self, ids: Iterable[str]) -> list[Document]:
        """Return the documents in the order of their creation: the first to want a sink gets it."""
        found = await self._repository.submodels.find_all(ids)
        return sorted(found.values(), key=lambda document: document.stored.sequence)


class _Reader(Generic[T]):
    """Reads documents, each state of one only once."""

    def __init__(self, read: Callable[[Node], T]) -> None:
        self._read = read
        self._known: dict[str, tuple[str, T | None]] = {}

    async def read(self, documents: Sequence[Document]) -> list[T]:
        known: dict[str, tuple[str, T | None]] = {}
        for document in documents:
            tag = document_tag(document.stored)
            former = self._known.get(document.id)
            if former is not None and former[0] == tag:
                known[document.id] = former
            elif len(document.stored.body) > _LARGE:
                read = await asyncio.to_thread(self._of, document.stored.body)
                known[document.id] = (tag, read)
            else:
                known[document.id] = (tag, self._of(document.stored.body))
        self._known = known
        return [found for _, found in known.values() if found is not None]

    def _of(self, body: bytes) -> T | None:
        tree = decode(body)
        return None if tree.get("kind") == "Template" else self._read(tree)

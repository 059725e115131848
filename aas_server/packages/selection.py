"""What of the repository goes into a package: documents, what explains them, and their files."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.lowering import lowered
from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import LISTS
from aas_server.packages.parts import NO_PARTS, Parts
from aas_server.repository.collection import Collection
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import FileEntry, Kind

_MEMBERS: Final = {kind: name for name, kind in LISTS.items()}


class Metamodel(enum.StrEnum):
    """The versions of the metamodel in which documents are written."""

    V3_1 = "3.1"
    V3_0 = "3.0"


@dataclass(frozen=True, slots=True)
class Selection:
    """Documents to write, in the order of their creation.

    They go with their live values; ``live_qualifiers`` says whether with the qualifiers that tell
    how good those were, too. ``metamodel`` is the version that they are written in.
    """

    shells: list[Document]
    submodels: list[Document]
    concept_descriptions: list[Document]
    live_qualifiers: bool = False
    metamodel: Metamodel = Metamodel.V3_1

    def lists(self) -> Iterator[tuple[str, list[Document]]]:
        """Yield the member of the environment and the documents for each kind that is there."""
        for kind, documents in (
            (Kind.SHELL, self.shells),
            (Kind.SUBMODEL, self.submodels),
            (Kind.CONCEPT_DESCRIPTION, self.concept_descriptions),
        ):
            if documents:
                yield _MEMBERS[kind], documents

    def environment(self, parts: Parts = NO_PARTS) -> Node:
        """Return the documents as one environment in the normal form."""
        return {
            name: [parts.tree(document, self.tree(document)) for document in documents]
            for name, documents in self.lists()
        }

    def tree(self, document: Document) -> Node:
        """Return one of the documents, not to be changed."""
        tree = self._newest(document)
        return tree if self.metamodel is Metamodel.V3_1 else lowered(tree).tree

    def is_as_read(self, document: Document) -> bool:
        """Return whether ``document`` goes byte for byte as reads show it."""
        is_whole = self.live_qualifiers or document.live_version() is None
        return is_whole and self.metamodel is Metamodel.V3_1

    def differences(self) -> list[Finding]:
        """Return what the documents say otherwise, or (errors) cannot say, in their metamodel."""
        if self.metamodel is Metamodel.V3_1:
            return []
        return [
            replace(finding, path=f"{document.stored.kind.value} {document.id!r} {finding.path}")
            for _, documents in self.lists()
            for document in documents
            for finding in lowered(self._newest(document)).findings
        ]

    def _newest(self, document: Document) -> Node:
        return document.tree() if self.live_qualifiers else document.exchanged_tree()


async def select(
    repository: Repository,
    *,
    shells: Iterable[str] | None = None,
    submodels: Iterable[str] | None = None,
    concept_descriptions: bool = True,
    live_qualifiers: bool = False,
    metamodel: Metamodel = Metamodel.V3_1,
) -> Selection:
    """Return what is asked for by id, everything when nothing is.

    With shells alone, the submodels that they refer to and that are here come along. Concept
    descriptions are those that the semantic ids in all of them lead to, at one or several removes;
    with everything asked for, all. Raises ``NotFound`` for an id that is not here.
    """
    if shells is None and submodels is None:
        every_shell = [each async for each in repository.shells]
        stored = [
            each async for each in repository.submodels if not repository.is_generated(each.id)
        ]
        concepts = (
            [each async for each in repository.concept_descriptions] if concept_descriptions else []
        )
        return Selection(every_shell, stored, concepts, live_qualifiers, metamodel)
    chosen_shells = await _get_all(repository.shells, shells or ())
    if submodels is None:
        chosen = await _referred(repository, chosen_shells)
    else:
        chosen = await _get_all(repository.submodels, submodels)
    concepts = (
        await _concepts(repository, [*chosen_shells, *chosen]) if concept_descriptions else []
    )
    return Selection(
        _in_order(chosen_shells), _in_order(chosen), concepts, live_qualifiers, metamodel
    )


def files_of(selection: Selection) -> list[FileEntry]:
    """Return the files that the selected documents name, document by document."""
    return [
        entry
        for document in (*selection.shells, *selection.submodels)
        for _, entry in sorted(document.stored.files.items())
    ]


async def _get_all(collection: Collection, identifiers: Iterable[str]) -> list[Document]:
    """Return the documents with these ids; raises ``NotFound`` for the first that is not there."""
    wanted = list(dict.fromkeys(identifiers))
    found = await collection.find_all(wanted)
    return [found.get(each) or await collection.get(each) for each in wanted]


async def _referred(repository: Repository, shells: Iterable[Document]) -> list[Document]:
    wanted = {
        key_values(reference)[-1]
        for shell in shells
        for reference in shell.stored_tree().get("submodels") or ()
    }
    return list((await repository.submodels.find_all(wanted)).values())


async def _concepts(repository: Repository, documents: Iterable[Document]) -> list[Document]:
    found: dict[str, Document] = {}
    asked: set[str] = set()
    level = documents
    while wanted := {each for document in level for each in _references(document)} - asked:
        asked |= wanted
        led_to = await repository.concept_descriptions.find_all(wanted)
        found |= led_to
        level = led_to.values()
    return _in_order(found.values())


def _references(document: Document) -> Iterator[str]:
    """Yield the values of all single keys in a document: what references may lead to a concept."""
    waiting: list[Any] = [document.stored_tree()]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            keys = part.get("keys")
            if isinstance(keys, list):
                yield from key_values(part)[:1]
            waiting += part.values()


def _in_order(documents: Iterable[Document]) -> list[Document]:
    return sorted(documents, key=lambda document: document.stored.sequence)

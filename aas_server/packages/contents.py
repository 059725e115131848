"""What a package or an environment holds, whatever it is written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Final

from aas_server.errors import Finding
from aas_server.metamodel.tree import Node
from aas_server.store.protocol import Kind

LISTS: Final = {
    "assetAdministrationShells": Kind.SHELL,
    "submodels": Kind.SUBMODEL,
    "conceptDescriptions": Kind.CONCEPT_DESCRIPTION,
}
"""The members of an environment and what they list."""

PACKAGE: Final = "package"
"""The code of a finding about a package itself, not about a document in it."""


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A supplementary file; ``open`` gives its bytes, ``size`` of them."""

    path: str
    size: int
    content_type: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(slots=True)
class Contents:
    """Documents by kind in their order, files by their path in the package, and what was odd.

    ``sources`` are the names of the parts that the documents are from, in the same order.
    """

    documents: dict[Kind, list[Node]] = field(
        default_factory=lambda: {kind: [] for kind in LISTS.values()}
    )
    sources: dict[Kind, list[str]] = field(
        default_factory=lambda: {kind: [] for kind in LISTS.values()}
    )
    files: dict[str, PackagedFile] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Contents) -> None:
        """Take in what ``other`` holds, after what is here."""
        for kind, trees in other.documents.items():
            self.documents[kind] += trees
            self.sources[kind] += other.sources[kind]
        self.files |= other.files
        self.findings += other.findings

    @property
    def is_package(self) -> bool:
        """Return whether the documents are from parts of a package."""
        return any(each.startswith("/") for names in self.sources.values() for each in names)

    def identified(self) -> Iterator[tuple[Kind, Node]]:
        """Yield every document with its kind."""
        for kind, tree, _ in self.with_sources():
            yield kind, tree

    def with_sources(self) -> Iterator[tuple[Kind, Node, str]]:
        """Yield every document with its kind and the name of the part that it is from."""
        for kind, trees in self.documents.items():
            for tree, source in zip(trees, self.sources[kind], strict=True):
                yield kind, tree, source

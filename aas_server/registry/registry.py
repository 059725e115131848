"""The registries of shells and of submodels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aas_server.registry.cache import DerivedCache
from aas_server.registry.derivation import ShellParts, shell_parts, submodel_descriptor
from aas_server.registry.embedded import EmbeddedDescriptors
from aas_server.registry.register import Register
from aas_server.registry.schemas import SHELL_DESCRIPTOR, SUBMODEL_DESCRIPTOR
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind, StoredDocument

_AT_ONCE: Final = 1000
"""Submodels that are held at the same time to describe those of some shells."""


class Registry:
    """Descriptors of own and foreign shells and submodels.

    ``shells`` and ``submodels`` are the two registries, ``embedded`` the submodel descriptors
    inside the descriptors of shells.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._shell_parts: DerivedCache[ShellParts] = DerivedCache()
        self._submodels: DerivedCache[bytes] = DerivedCache()
        self.shells: Final = Register(
            repository,
            Kind.SHELL,
            Kind.SHELL_DESCRIPTOR,
            SHELL_DESCRIPTOR,
            self._shell_descriptors,
        )
        self.submodels: Final = Register(
            repository,
            Kind.SUBMODEL,
            Kind.SUBMODEL_DESCRIPTOR,
            SUBMODEL_DESCRIPTOR,
            self._submodel_descriptors,
        )
        self.embedded: Final = EmbeddedDescriptors(repository, self.shells)

    async def _shell_descriptors(self, shells: Sequence[Document], url: str) -> list[bytes]:
        parts = [self._parts(shell.stored, url) for shell in shells]
        wanted = list(dict.fromkeys(each for shell in parts for each in shell.submodel_ids))
        known: dict[str, bytes] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            known |= await self.submodels.bodies(wanted[start : start + _AT_ONCE], url)
        return [
            shell.joined([known[each] for each in shell.submodel_ids if each in known])
            for shell in parts
        ]

    async def _submodel_descriptors(self, submodels: Sequence[Document], url: str) -> list[bytes]:
        return [self._submodel_descriptor(each.stored, url) for each in submodels]

    def _parts(self, shell: StoredDocument, url: str) -> ShellParts:
        key = (shell.sequence, shell.revision, url)
        return self._shell_parts.get(key, lambda: shell_parts(shell.body, url))

    def _submodel_descriptor(self, submodel: StoredDocument, url: str) -> bytes:
        if self._repository.is_generated(submodel.id):
            # Its revision says nothing: it is made anew in place.
            return submodel_descriptor(submodel.body, url)
        key = (submodel.sequence, submodel.revision, url)
        return self._submodels.get(key, lambda: submodel_descriptor(submodel.body, url))

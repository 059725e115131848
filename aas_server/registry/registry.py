"""The registries of shells and of submodels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aas_server.registry.cache import DerivedCache
from aas_server.registry.derivation import ShellParts, asset_of, shell_parts, submodel_descriptor
from aas_server.registry.embedded import EmbeddedDescriptors
from aas_server.registry.register import Register
from aas_server.registry.schemas import SHELL_DESCRIPTOR, SUBMODEL_DESCRIPTOR
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind


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
            self._shell_descriptor,
        )
        self.submodels: Final = Register(
            repository,
            Kind.SUBMODEL,
            Kind.SUBMODEL_DESCRIPTOR,
            SUBMODEL_DESCRIPTOR,
            self._submodel_descriptor,
        )
        self.embedded: Final = EmbeddedDescriptors(repository, self.shells)

    @staticmethod
    def of_asset(kind: str | None, asset_type: str | None) -> Callable[[Document], bool]:
        """Return whether a shell or shell descriptor is one of this assetKind and assetType.

        None lets every one through.
        """

        def keep(document: Document) -> bool:
            stored = document.stored
            its_kind, its_type = asset_of(stored.body, is_shell=stored.kind is Kind.SHELL)
            return kind in (None, its_kind) and asset_type in (None, its_type)

        return keep if kind or asset_type else lambda _: True

    def _shell_descriptor(self, shell: Document, url: str) -> bytes:
        stored = shell.stored
        parts = self._shell_parts.get(
            (stored.sequence, stored.revision, url), lambda: shell_parts(stored.body, url)
        )
        known = (self.submodels.body(each, url) for each in parts.submodel_ids)
        return parts.joined([each for each in known if each is not None])

    def _submodel_descriptor(self, submodel: Document, url: str) -> bytes:
        stored = submodel.stored
        if self._repository.is_generated(stored.id):
            # Its revision says nothing: it is made anew in place.
            return submodel_descriptor(stored.body, url)
        return self._submodels.get(
            (stored.sequence, stored.revision, url), lambda: submodel_descriptor(stored.body, url)
        )

"""The AASX file server's packages: kept as they were sent, found by the shells in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from aas_server.errors import NotFound
from aas_server.metamodel.tree import Node
from aas_server.repository.collection import Filter, Page
from aas_server.repository.repository import Repository, put_into
from aas_server.store.protocol import FileEntry, Kind, StoredFile

CONTENT_TYPE: Final = "application/asset-administration-shell-package"

Require: TypeAlias = Callable[[FileEntry | None], None]


def _nothing(_: FileEntry | None) -> None:
    """Demand nothing."""


class PackageLibrary:
    """Packages: which shells are in each, and its bytes."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def page(self, aas_id: str | None, *, limit: int, cursor: str | None) -> Page:
        """Return a page of packages, of those with the shell ``aas_id`` if it is given."""
        packages = self._repository.collection(Kind.PACKAGE)
        return packages.page(Filter(aas_id=aas_id), limit=limit, cursor=cursor)

    def entry(self, package_id: str) -> FileEntry:
        """Return the file of a package; raises ``NotFound``."""
        entry = self._repository.file_entry(Kind.PACKAGE, package_id, "")
        if entry is None:
            raise NotFound(f"there is no package with the id {package_id!r}")
        return entry

    async def put(
        self,
        package_id: str,
        content: StoredFile,
        *,
        file_name: str,
        aas_ids: Sequence[str],
        actor: str,
        require: Require = _nothing,
    ) -> bool:
        """Keep a package, in the place of the one with its id; return whether it is a new one.

        ``require`` is given the file of the one that is there, None without any, and raises to
        refuse.
        """
        tree: Node = {"id": package_id, "aasIds": list(aas_ids), "fileName": file_name}
        unit = self._repository.unit(actor=actor)
        require(unit.file(Kind.PACKAGE, package_id, ""))
        is_new = put_into(unit, Kind.PACKAGE, package_id, tree)
        unit.put_file(FileEntry(Kind.PACKAGE, package_id, "", content, CONTENT_TYPE, file_name))
        await unit.commit()
        return is_new

    async def delete(self, package_id: str, *, actor: str, require: Require = _nothing) -> None:
        """Delete a package; raises ``NotFound``, and what ``require`` raises to refuse."""
        unit = self._repository.unit(actor=actor)
        require(unit.file(Kind.PACKAGE, package_id, ""))
        if unit.find(Kind.PACKAGE, package_id) is None:
            raise NotFound(f"there is no package with the id {package_id!r}")
        unit.delete(Kind.PACKAGE, package_id)
        await unit.commit()

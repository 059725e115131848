"""The AASX file server's packages: kept as they were sent, found by the shells in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from aas_server.errors import NotFound
from aas_server.metamodel.tree import Node
from aas_server.repository.collection import Filter, Page
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit
from aas_server.repository.unit_work import put_into
from aas_server.store.protocol import FileEntry, Kind, StoredFile

CONTENT_TYPE: Final = "application/asset-administration-shell-package"

Require: TypeAlias = Callable[[FileEntry | None], None]


def _nothing(_: FileEntry | None) -> None:
    """Demand nothing."""


class PackageLibrary:
    """Packages: which shells are in each, and its bytes."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def page(self, aas_id: str | None, *, limit: int, cursor: str | None) -> Page:
        """Return a page of packages, of those with the shell ``aas_id`` if it is given."""
        packages = self._repository.collection(Kind.PACKAGE)
        return await packages.page(Filter(aas_id=aas_id), limit=limit, cursor=cursor)

    async def entry(self, package_id: str) -> FileEntry:
        """Return the file of a package; raises ``NotFound``."""
        entry = await self._repository.file_entry(Kind.PACKAGE, package_id, "")
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
        entry = FileEntry(Kind.PACKAGE, package_id, "", content, CONTENT_TYPE, file_name)

        async def keep(unit: Unit) -> bool:
            require((await _present(unit, package_id))[1])
            is_new = await put_into(unit, Kind.PACKAGE, package_id, tree)
            unit.put_file(entry)
            return is_new

        return await self._repository.change(keep, actor=actor)

    async def delete(self, package_id: str, *, actor: str, require: Require = _nothing) -> None:
        """Delete a package; raises ``NotFound``, and what ``require`` raises to refuse."""

        async def remove(unit: Unit) -> None:
            tree, entry = await _present(unit, package_id)
            require(entry)
            if tree is None:
                raise NotFound(f"there is no package with the id {package_id!r}")
            await unit.delete(Kind.PACKAGE, package_id)

        await self._repository.change(remove, actor=actor)


async def _present(unit: Unit, package_id: str) -> tuple[Node | None, FileEntry | None]:
    """Return the package that is there and its file."""
    # The document first: whoever changes the file later changes it too, and overtakes the unit.
    tree = await unit.find(Kind.PACKAGE, package_id)
    return tree, await unit.file(Kind.PACKAGE, package_id, "")

"""Packages that are kept as they were sent."""

from __future__ import annotations

import asyncio

import pytest

from aas_server.errors import NotFound, PreconditionFailed
from aas_server.packages.library import PackageLibrary
from aas_server.repository.repository import Repository
from aas_server.store.protocol import FileEntry, Kind
from tests.packages.stored import take_in


@pytest.fixture
def library(repository: Repository) -> PackageLibrary:
    return PackageLibrary(repository)


async def put(
    library: PackageLibrary, repository: Repository, content: bytes, *aas_ids: str, name: str = "p"
) -> bool:
    stored = await take_in(repository, content)
    return await library.put(
        name, stored, file_name=f"{name}.aasx", aas_ids=aas_ids, actor="test", require=absent
    )


def absent(there: FileEntry | None) -> None:
    if there is not None:
        raise PreconditionFailed("there is one already")


async def test_a_package_is_found_by_the_shells_in_it(
    library: PackageLibrary, repository: Repository
) -> None:
    assert await put(library, repository, b"one", "urn:a", "urn:b", name="one")
    assert await put(library, repository, b"two", "urn:b", name="two")
    found = {
        aas_id: [each.id for each in (await library.page(aas_id, limit=10, cursor=None)).documents]
        for aas_id in ("urn:a", "urn:b", "urn:c", None)
    }
    assert found == {"urn:a": ["one"], "urn:b": ["one", "two"], "urn:c": [], None: ["one", "two"]}


async def test_of_two_that_demand_that_there_be_none_one_is_kept_and_one_refused(
    library: PackageLibrary, repository: Repository
) -> None:
    outcomes = await asyncio.gather(
        *(put(library, repository, content, "urn:a") for content in (b"one", b"two")),
        return_exceptions=True,
    )
    assert sorted(map(type, outcomes), key=str) == [PreconditionFailed, bool]
    kept = (b"one", b"two")[outcomes.index(True)]
    assert (await library.entry("p")).content == await take_in(repository, kept)


async def test_a_deleted_package_leaves_nothing(
    library: PackageLibrary, repository: Repository
) -> None:
    await put(library, repository, b"one", "urn:a")
    with pytest.raises(PreconditionFailed):
        await library.delete("p", actor="test", require=absent)
    assert (await library.entry("p")).file_name == "p.aasx"
    await library.delete("p", actor="test")
    with pytest.raises(NotFound, match="'p'"):
        await library.entry("p")
    with pytest.raises(NotFound, match="'p'"):
        await library.delete("p", actor="test", require=absent)
    assert await repository.collection(Kind.PACKAGE).count() == 0

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aas_server.registry import merging
from aas_server.registry.merging import Source, merged_page
from aas_server.repository.collection import Collection, Filter
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.registry.documents import shell, submodel

ALL = Filter()


class Keeping:
    """Lets through what ends with ``suffix`` and remembers how much it was asked about at once."""

    def __init__(self, suffix: str = "") -> None:
        self._suffix = suffix
        self.asked: list[int] = []

    async def __call__(self, documents: Sequence[Document]) -> list[bool]:
        self.asked.append(len(documents))
        return [each.id.endswith(self._suffix) for each in documents]


@pytest.fixture
async def collections(repository: Repository) -> tuple[Collection, Collection]:
    """Shells and submodels in turns: urn:shell:0, urn:submodel:0, urn:shell:1 and so on."""
    documents = [
        document
        for number in range(4)
        for document in (
            (Kind.SHELL, shell(f"urn:shell:{number}")),
            (Kind.SUBMODEL, submodel(f"urn:submodel:{number}")),
        )
    ]
    await repository.add_missing(documents, actor="test")
    return repository.shells, repository.submodels


async def pages(*sources: Source, limit: int) -> list[list[str]]:
    """Every page."""
    found: list[list[str]] = []
    cursor = None
    while True:
        page = await merged_page(sources, limit=limit, cursor=cursor)
        found.append([each.id for each in page.documents])
        cursor = page.cursor
        if cursor is None:
            return found


async def ids(*sources: Source, limit: int) -> list[str]:
    return [each for page in await pages(*sources, limit=limit) for each in page]


async def test_what_several_sources_give_is_merged_by_its_creation(
    collections: tuple[Collection, Collection],
):
    shells, submodels = (Source(each, ALL) for each in collections)
    assert await pages(shells, submodels, limit=3) == [
        ["urn:shell:0", "urn:submodel:0", "urn:shell:1"],
        ["urn:submodel:1", "urn:shell:2", "urn:submodel:2"],
        ["urn:shell:3", "urn:submodel:3"],
    ]


@pytest.mark.parametrize("limit", [1, 3, 4])
async def test_a_document_of_two_sources_stands_there_once_if_one_lets_it_through(
    collections: tuple[Collection, Collection], limit: int
):
    shells, _ = collections
    twice = (Source(shells, ALL, Keeping(":1")), Source(shells, ALL, Keeping("1")))
    split = (Source(shells, ALL, Keeping(":0")), Source(shells, ALL, Keeping(":3")))
    assert await ids(*twice, limit=limit) == ["urn:shell:1"]
    assert await ids(*split, limit=limit) == ["urn:shell:0", "urn:shell:3"]
    assert await ids(Source(shells, ALL), *twice, limit=limit) == [
        f"urn:shell:{number}" for number in range(4)
    ]


@pytest.mark.parametrize("limit", [1, 5])
async def test_one_page_looks_at_so_many_documents_and_the_next_goes_on(
    collections: tuple[Collection, Collection], monkeypatch: pytest.MonkeyPatch, limit: int
):
    monkeypatch.setattr(merging, "MAX_SCANNED", 3)
    sources = [Source(each, ALL, Keeping(":3")) for each in collections]
    found = await pages(*sources, limit=limit)
    assert len(found) > 2
    assert [each for page in found for each in page] == ["urn:shell:3", "urn:submodel:3"]


async def test_what_is_let_through_is_asked_about_many_documents_at_once(repository: Repository):
    many = [(Kind.SUBMODEL, submodel(f"urn:{number}")) for number in range(1000)]
    await repository.add_missing(many, actor="test")
    keeping = Keeping("99")
    found = await ids(Source(repository.submodels, ALL, keeping), limit=20)
    assert found == [f"urn:{number}99" for number in ("", *range(1, 10))]
    assert sum(keeping.asked) == 1000
    assert len(keeping.asked) < 8

"""What goes into an export: what is asked for, and what explains it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aas_server.errors import NotFound
from aas_server.metamodel.tree import Node
from aas_server.packages.selection import Selection, files_of, select
from aas_server.repository.repository import Repository
from aas_server.store.protocol import FileEntry, Kind
from tests.packages.packages import file_element, shell, submodel
from tests.packages.stored import store, take_in


def refers_to(*submodels: str) -> list[Node]:
    return [
        {"type": "ModelReference", "keys": [{"type": "Submodel", "value": each}]}
        for each in submodels
    ]


def concept(identifier: str, *references: str) -> Node:
    return {
        "modelType": "ConceptDescription",
        "id": identifier,
        **({"isCaseOf": [external(each) for each in references]} if references else {}),
    }


def external(value: str) -> Node:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def ids(selection: Selection) -> list[str]:
    return [document.id for _, documents in selection.lists() for document in documents]


@pytest.fixture
async def filled(repository: Repository) -> Repository:
    inner = {"modelType": "Capability", "idShort": "Inner", "semanticId": external("urn:cd:inner")}
    await store(
        repository,
        shell("urn:shell:1") | {"submodels": refers_to("urn:sm:2", "urn:sm:1", "urn:sm:gone")},
        shell("urn:shell:2"),
        submodel("urn:sm:1", inner),
        submodel("urn:sm:2") | {"semanticId": external("urn:cd:2")},
        submodel("urn:sm:3") | {"semanticId": external("urn:cd:unknown")},
        concept("urn:cd:far"),
        concept("urn:cd:2"),
        concept("urn:cd:inner", "urn:cd:near"),
        concept("urn:cd:near", "urn:cd:far", "urn:cd:inner"),
        concept("urn:cd:alone"),
    )
    repository.put_generated(submodel("urn:sm:generated"))
    return repository


async def test_without_ids_everything_that_is_stored_is_chosen(filled: Repository) -> None:
    assert ids(await select(filled)) == [
        "urn:shell:1",
        "urn:shell:2",
        "urn:sm:1",
        "urn:sm:2",
        "urn:sm:3",
        "urn:cd:far",
        "urn:cd:2",
        "urn:cd:inner",
        "urn:cd:near",
        "urn:cd:alone",
    ]
    assert "urn:cd:2" not in ids(await select(filled, concept_descriptions=False))


async def test_shells_bring_their_submodels_and_what_those_mean_at_every_remove(
    filled: Repository,
) -> None:
    assert ids(await select(filled, shells=["urn:shell:1"])) == [
        "urn:shell:1",
        "urn:sm:1",
        "urn:sm:2",
        "urn:cd:far",
        "urn:cd:2",
        "urn:cd:inner",
        "urn:cd:near",
    ]


@pytest.mark.parametrize(
    ("shells", "submodels", "expected"),
    [
        (["urn:shell:2"], None, ["urn:shell:2"]),
        (["urn:shell:1"], ["urn:sm:3"], ["urn:shell:1", "urn:sm:3"]),
        (None, ["urn:sm:3", "urn:sm:2", "urn:sm:3"], ["urn:sm:2", "urn:sm:3", "urn:cd:2"]),
        (None, ["urn:sm:generated"], ["urn:sm:generated"]),
        (["urn:shell:2", "urn:shell:1"], [], ["urn:shell:1", "urn:shell:2"]),
    ],
)
async def test_what_is_named_is_chosen_once_and_in_the_order_of_creation(
    filled: Repository,
    shells: list[str] | None,
    submodels: list[str] | None,
    expected: list[str],
) -> None:
    assert ids(await select(filled, shells=shells, submodels=submodels)) == expected


@pytest.mark.parametrize(
    ("shells", "submodels"), [(["urn:gone"], None), (None, ["urn:gone"]), (["urn:sm:1"], None)]
)
async def test_an_id_that_is_not_there_is_named(
    filled: Repository, shells: list[str] | None, submodels: list[str] | None
) -> None:
    with pytest.raises(NotFound, match=(shells or submodels or [""])[0]):
        await select(filled, shells=shells, submodels=submodels)


async def test_the_files_of_the_chosen_documents_come_along_and_no_others(
    repository: Repository, tmp_path: Path
) -> None:
    content = await take_in(repository, b"content")
    thumbnail = {"defaultThumbnail": {"path": "/a.png", "contentType": "image/png"}}
    await store(
        repository,
        shell("urn:shell:1", **thumbnail),
        submodel("urn:sm:1", file_element("B", "/b"), file_element("A", "/a")),
        submodel("urn:sm:2", file_element("A", "/a")),
        files=[
            FileEntry(Kind.SHELL, "urn:shell:1", "/a.png", content, "image/png", "a.png"),
            FileEntry(Kind.SUBMODEL, "urn:sm:1", "/b", content, "text/plain", "b"),
            FileEntry(Kind.SUBMODEL, "urn:sm:1", "/a", content, "text/plain", "a"),
            FileEntry(Kind.SUBMODEL, "urn:sm:2", "/a", content, "text/plain", "a"),
        ],
    )

    async def found(**chosen: list[str]) -> list[tuple[str, str]]:
        return [(each.owner, each.path) for each in files_of(await select(repository, **chosen))]

    first = [("urn:sm:1", "/a"), ("urn:sm:1", "/b")]
    assert await found(submodels=["urn:sm:1"]) == first
    assert await found() == [("urn:shell:1", "/a.png"), *first, ("urn:sm:2", "/a")]
    assert await found(shells=["urn:shell:1"], submodels=[]) == [("urn:shell:1", "/a.png")]

"""Packages that are written: complete, readable by others, the same for the same content."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.errors import NotFound
from aas_server.metamodel.tree import Node
from aas_server.packages.parts import assign_parts, part_name
from aas_server.repository.repository import Repository
from aas_server.store.protocol import FileEntry, Kind, StoredFile
from tests.packages.packages import file_element, read, shell, submodel
from tests.packages.stored import store, take_in, written
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

AS_XML = pytest.mark.parametrize("as_xml", [False, True])


def named(owner: str, path: str, content: StoredFile, kind: Kind = Kind.SUBMODEL) -> FileEntry:
    return FileEntry(kind, owner, path, content, "text/plain", path.rpartition("/")[2])


async def filled(repository: Repository) -> None:
    one, two = [await take_in(repository, text) for text in (b"one", b"two")]
    thumbnail = {"defaultThumbnail": {"path": "/aasx/a.txt", "contentType": "image/png"}}
    await store(
        repository,
        shell("urn:shell", **thumbnail),
        submodel("urn:sm:1", file_element("A", "/aasx/a.txt")),
        submodel("urn:sm:2", file_element("A", "/aasx/a.txt"), file_element("Web", "http://x/a")),
        files=[
            named("urn:shell", "/aasx/a.txt", one, Kind.SHELL),
            named("urn:sm:1", "/aasx/a.txt", two),
            named("urn:sm:2", "/aasx/a.txt", one),
        ],
    )


@AS_XML
async def test_files_that_are_called_the_same_and_differ_are_all_kept(
    repository: Repository, tmp_path: Path, as_xml: bool
) -> None:
    await filled(repository)
    await written(repository, tmp_path / "a", as_xml=as_xml)
    documents, files, findings = read(tmp_path / "a")
    assert findings == []
    assert sorted(files.values()) == [b"one", b"two"]
    (asset,) = [each["assetInformation"] for each in documents[Kind.SHELL]]
    first, second = documents[Kind.SUBMODEL]
    assert files[asset["defaultThumbnail"]["path"]] == b"one"
    assert files[first["submodelElements"][0]["value"]] == b"two"
    assert files[second["submodelElements"][0]["value"]] == b"one"
    assert second["submodelElements"][1]["value"] == "http://x/a"
    assert (await repository.submodels.get("urn:sm:1")).tree()["submodelElements"][0]["value"] == (
        "/aasx/a.txt"
    )


@AS_XML
async def test_the_same_content_is_the_same_bytes(
    repository: Repository, tmp_path: Path, as_xml: bool
) -> None:
    other_clock = FakeClock()
    other_clock.advance(1_000_000)
    other = Repository(MemoryStore(other_clock), repository.hub, other_clock)
    for each in (repository, other):
        await filled(each)
    first = await written(repository, tmp_path / "a", as_xml=as_xml)
    assert await written(other, tmp_path / "b", as_xml=as_xml) == first


@pytest.mark.parametrize(
    "path",
    [
        "/aasx/files/a.txt",
        "aasx/files/a.txt",
        "file:///aasx/files/a.txt",
        "/aasx/my file.txt",
        "/aasx/my%20file.txt",
        "/aasx/Grün/ß.txt",
        "/aasx/100%25.txt",
        "/aasx/a#b?c",
        "/aasx/../../etc/passwd",
        "/aasx/./a.txt",
        "/aasx//a.txt",
        "/",
        "/aasx/",
        "c:\\a.txt",
        "https://example.com/a.txt",
        "/[Content_Types].xml",
        "/_rels/.rels",
        "/aasx/_RELS/a.rels",
        "/aasx/aasx-origin",
        "/aasx/data.json",
        "/AASX/Data.xml",
        "/" + "x" * 300,
    ],
)
@AS_XML
async def test_a_file_is_found_again_whatever_it_was_called(
    repository: Repository, tmp_path: Path, path: str, as_xml: bool
) -> None:
    content = await take_in(repository, b"content")
    await store(
        repository,
        submodel("urn:sm", file_element("A", path)),
        files=[named("urn:sm", path, content)],
    )
    await written(repository, tmp_path / "a", as_xml=as_xml)
    documents, files, findings = read(tmp_path / "a")
    assert findings == []
    (tree,) = documents[Kind.SUBMODEL]
    assert files == {part_name(tree["submodelElements"][0]["value"]): b"content"}


async def test_an_empty_repository_becomes_an_empty_package(
    repository: Repository, tmp_path: Path
) -> None:
    await written(repository, tmp_path / "a")
    documents, files, findings = read(tmp_path / "a")
    assert (list(documents.values()), files, findings) == ([[], [], []], {}, [])


async def test_the_picture_of_the_first_shell_is_that_of_the_package(
    repository: Repository, tmp_path: Path
) -> None:
    await filled(repository)
    await written(repository, tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "a") as archive:
        root = archive.read("_rels/.rels").decode()
        types = archive.read("[Content_Types].xml").decode()
    assert '/metadata/thumbnail" Target="/aasx/a.txt"' in root
    assert 'PartName="/aasx/a.txt" ContentType="text/plain"' in types


async def test_a_file_that_cannot_be_read_stops_the_writing(
    repository: Repository, tmp_path: Path
) -> None:
    await store(
        repository,
        submodel("urn:sm", file_element("A", "/a")),
        files=[named("urn:sm", "/a", StoredFile("00" * 32, 3))],
    )
    with pytest.raises(NotFound):
        await written(repository, tmp_path / "a")


@AS_XML
async def test_another_implementation_reads_what_is_written(
    repository: Repository, tmp_path: Path, as_xml: bool
) -> None:
    pytest.importorskip("basyx.aas", reason="basyx-python-sdk is not installed")
    from basyx.aas import model
    from basyx.aas.adapter.aasx import AASXReader, DictSupplementaryFileContainer

    await filled(repository)
    await written(repository, tmp_path / "a.aasx", as_xml=as_xml)
    identifiables: Any = model.DictIdentifiableStore()
    container = DictSupplementaryFileContainer()
    with AASXReader(str(tmp_path / "a.aasx"), failsafe=False) as reader:
        reader.read_into(identifiables, container)
    assert {each.id for each in identifiables} == {"urn:shell", "urn:sm:1", "urn:sm:2"}
    contents = []
    for name in container:
        contents.append(container.get_sha256(name))
    assert len(set(contents)) == 2


PATHS = st.text(st.sampled_from("/.aB%2f \\:#ä_-"), min_size=1, max_size=12)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    entries=st.lists(
        st.tuples(st.sampled_from(["urn:1", "urn:2"]), PATHS, st.sampled_from("xyz")),
        max_size=8,
        unique_by=lambda each: each[:2],
    )
)
def test_every_file_gets_a_part_with_its_content(entries: list[tuple[str, str, str]]) -> None:
    files = [named(owner, path, StoredFile(digest, 1)) for owner, path, digest in entries]
    parts = assign_parts(files)
    assert len({part.lower() for part in parts.files}) == len(parts.files)
    for entry in files:
        names: Node = dict(parts.renamed.get((entry.kind, entry.owner), {}))
        part = part_name(names.get(entry.path, entry.path))
        assert parts.files[part].content == entry.content

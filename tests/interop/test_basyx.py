"""The basyx-python-sdk as partner: its objects, its reader, its packages."""

from __future__ import annotations

import collections
import io
import json
import sys
from pathlib import Path

import pytest
from basyx.aas import model
from basyx.aas.adapter.aasx import AASXReader, DictSupplementaryFileContainer
from basyx.aas.adapter.json import StrictAASFromJsonDecoder

from aas_server.errors import ConfigurationError
from aas_server.interop.basyx import LOST, REFUSED, from_basyx, to_basyx
from aas_server.live.hub import LiveHub
from aas_server.metamodel.tree import Node
from aas_server.packages.importer import import_contents
from aas_server.packages.reader import read_package
from aas_server.packages.selection import select
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.packages.packages import aasx, environment, file_element, shell, submodel
from tests.packages.stored import content_of, taken_in, written
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

WEIGHT = {"modelType": "Property", "idShort": "Weight", "valueType": "xs:double", "value": "1.5"}
SUBMODEL = submodel("urn:a", WEIGHT, file_element("Manual", "/aasx/files/a.txt", "text/plain"))
SHELL = shell("urn:shell")
PACKAGE = aasx(environment(SHELL, SUBMODEL), {"aasx/files/a.txt": "content"})


def fresh(clock: FakeClock) -> Repository:
    return Repository(MemoryStore(clock), LiveHub(clock), clock)


async def test_a_selection_becomes_objects_with_their_files(
    repository: Repository, tmp_path: Path
) -> None:
    await taken_in(repository, tmp_path / "a", PACKAGE)
    made = await to_basyx(repository, await select(repository))
    assert made.findings == []
    found = made.objects.get_item("urn:a")
    assert isinstance(found, model.Submodel)
    weight = found.get_referable("Weight")
    assert isinstance(weight, model.Property)
    assert weight.value == 1.5
    content = io.BytesIO()
    made.files.write_file("/aasx/files/a.txt", content)
    assert content.getvalue() == b"content"


async def test_objects_become_documents_that_can_be_imported(
    repository: Repository, tmp_path: Path, clock: FakeClock
) -> None:
    await taken_in(repository, tmp_path / "a", PACKAGE)
    made = await to_basyx(repository, await select(repository))
    other = fresh(clock)
    await import_contents(other, from_basyx(made.objects, made.files), actor="test")
    assert {each.id: each.tree() async for each in other.shells} == {"urn:shell": SHELL}
    assert [each.tree() async for each in other.submodels] == [SUBMODEL]
    (entry,) = await other.file_entries(Kind.SUBMODEL, "urn:a")
    assert await content_of(other, entry.kind, "urn:a", entry.path) == b"content"


async def test_what_the_sdk_refuses_and_what_it_loses_is_told(
    repository: Repository, tmp_path: Path
) -> None:
    lexical = submodel("urn:lexical", WEIGHT | {"value": "1.50"})
    refused = submodel("urn:refused", WEIGHT | {"idShort": "1 wrong"})
    await taken_in(repository, tmp_path / "a", aasx(environment(lexical, refused)))
    made = await to_basyx(repository, await select(repository))
    assert [each.id for each in made.objects] == ["urn:lexical"]
    assert [(each.code, each.path, each.is_error) for each in made.findings] == [
        (LOST, "Submodel 'urn:lexical' submodelElements[Weight].value", False),
        (REFUSED, "Submodel 'urn:refused'", True),
    ]


async def test_without_the_sdk_it_says_what_to_install(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "basyx.aas", None)
    with pytest.raises(ConfigurationError, match=r"aas-server\[basyx\]"):
        await to_basyx(repository, await select(repository))


MISSING_PARTS = {
    f"KeyError: 'Could not find part {name} in package'": 1
    for name in (
        "/IDTA_MediaTransferPoint.aml",
        "/aasx/docs/simulation-documentation.pdf",
        "/aasx/files/IDTA_02026-1-0_Cover_Thumbnail.png",
        "/aasx/files/Siemens_Sentron_PAC4200.jpg",
    )
}
"""Files that published packages name and do not have, so that we have not either."""


@pytest.mark.parametrize("as_xml", [False, True])
async def test_the_sdk_reads_what_we_write_unless_it_refuses_the_documents_themselves(
    shared_dir: Path, tmp_path: Path, clock: FakeClock, as_xml: bool
) -> None:
    unexplained: collections.Counter[str] = collections.Counter()
    read = 0
    for number, file in enumerate(sorted((shared_dir / "templates").rglob("*.aasx"))):
        repository = fresh(clock)
        with read_package(file) as contents:
            documents = [tree for _, tree in contents.identified()]
            await import_contents(repository, contents, actor="test")
        package = tmp_path / f"{number}.aasx"
        await written(repository, package, as_xml=as_xml)
        reason = strictly_read(package, {tree["id"] for tree in documents})
        if reason == "":
            read += 1
        elif not are_refused(documents):
            unexplained[reason] += 1
    assert dict(unexplained) == MISSING_PARTS
    assert read > 35


def strictly_read(package: Path, wanted: set[str]) -> str:
    """Return why the SDK refuses a package, ``""`` when it reads all of it."""
    objects: model.DictIdentifiableStore[model.Identifiable] = model.DictIdentifiableStore()
    files = DictSupplementaryFileContainer()  # type: ignore[no-untyped-call]
    try:
        with AASXReader(package, failsafe=False) as reader:
            reader.read_into(objects, files)
    except Exception as error:  # what the SDK raises for a file that it does not like
        return f"{type(error).__name__}: {error}"[:200]
    return "" if wanted <= {each.id for each in objects} else "lacks documents"


def are_refused(documents: list[Node]) -> bool:
    """Return whether the SDK refuses documents as they were published, one by one or for their
    ids: one id for two kinds of documents is too much for it.
    """
    if len({tree["id"] for tree in documents}) < len(documents):
        return True
    for tree in documents:
        try:
            found = json.loads(json.dumps(tree), cls=StrictAASFromJsonDecoder)
        except Exception:  # as above
            return True
        if not isinstance(found, model.Identifiable):
            return True
    return False

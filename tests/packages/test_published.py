"""Every package and environment that was published can be read, and nothing of it is lost."""

from __future__ import annotations

import json
import posixpath
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import etree

from aas_server.clock import Clock
from aas_server.errors import BadRequest
from aas_server.live.hub import LiveHub
from aas_server.packages.importer import import_contents
from aas_server.packages.reader import read_package
from aas_server.packages.selection import files_of, select
from aas_server.packages.writer import write_package
from aas_server.repository.repository import Repository
from aas_server.repository.verifier import Verification, Verifier
from aas_server.store.protocol import Kind
from tests.packages.packages import read
from tests.support.memory_store import MemoryStore

NO_ENVIRONMENT = "IDTA_02005-1-0_GenericForm_ProvisionOfSimulationModels.json"
LISTS = {
    "assetAdministrationShells": Kind.SHELL,
    "submodels": Kind.SUBMODEL,
    "conceptDescriptions": Kind.CONCEPT_DESCRIPTION,
}


def published(shared_dir: Path, suffix: str) -> list[Path]:
    found = [
        file
        for folder in ("templates", "conformance")
        for file in sorted((shared_dir / folder).rglob(f"*{suffix}"))
        if file.name != NO_ENVIRONMENT
    ]
    assert len(found) > 70
    return found


def test_every_published_package_is_read_with_all_that_is_in_it(shared_dir: Path) -> None:
    for file in published(shared_dir, ".aasx"):
        documents, files, findings = read(file)
        counts, supplements, missing = counted(file)
        assert {kind: len(trees) for kind, trees in documents.items()} == counts, file
        orphans = unreached(file)
        assert set(files) == supplements | orphans, file
        assert len(findings) == missing + len(orphans), (file, findings)


def test_every_published_environment_is_read_as_it_is(shared_dir: Path) -> None:
    for file in published(shared_dir, ".json"):
        document = json.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        with read_package(file) as contents:
            for name, kind in LISTS.items():
                assert contents.documents[kind] == (document.get(name) or []), file


def test_what_is_no_environment_is_refused(shared_dir: Path) -> None:
    (file,) = (shared_dir / "templates").rglob(NO_ENVIRONMENT)
    with pytest.raises(BadRequest, match="is no AAS environment"), read_package(file):
        pass


@pytest.mark.parametrize("as_xml", [False, True])
async def test_every_published_package_comes_out_as_it_went_in(
    shared_dir: Path, tmp_path: Path, clock: Clock, hub: LiveHub, as_xml: bool
) -> None:
    for index, file in enumerate(published(shared_dir, ".aasx")):
        repository = Repository(
            MemoryStore(clock), hub, clock, verifier=Verifier(Verification.REPORT)
        )
        with read_package(file) as contents:
            report = await import_contents(repository, contents, actor="test")
        everything = await select(repository)
        written = tmp_path / f"{index}.aasx"
        await write_package(
            written,
            everything,
            files_of(everything),
            repository.read_file,
            as_xml=as_xml,
        )
        documents, files, findings = read(written)
        assert findings == [], file
        for kind, trees in documents.items():
            stored = [each.tree() async for each in repository.collection(kind)]
            assert ordered(trees) == ordered(stored), file
        assert len(files) <= report.files
        _, originals, _ = read(file)
        assert set(files.values()) <= set(originals.values()), file
        named = {(entry.content.size, entry.content.digest) for entry in files_of(everything)}
        assert len(set(files.values())) == len(named), file


def counted(file: Path) -> tuple[dict[Kind, int], set[str], int]:
    """Count with other means what is in a package: documents, supplements there and missing."""
    with zipfile.ZipFile(file) as archive:
        names = {unquote("/" + name): name for name in archive.namelist()}
        counts: Counter[Kind] = Counter(dict.fromkeys(LISTS.values(), 0))
        supplements: set[str] = set()
        (origin,) = targets(archive, names, "/", "aasx-origin") or ["/aasx/aasx-origin"]
        for spec in dict.fromkeys(targets(archive, names, origin, "aas-spec")):
            for name, kind in LISTS.items():
                counts[kind] += listed(archive.read(names[spec]), name)
            supplements |= set(targets(archive, names, spec, "aas-suppl"))
        supplements |= set(targets(archive, names, "/", "metadata/thumbnail"))
    missing = {name for name in supplements if name not in names}
    return dict(counts), supplements - missing, len(missing) + ("/_rels/.rels" not in names)


def unreached(file: Path) -> set[str]:
    """Find with other means the parts that no relationship leads to."""
    with zipfile.ZipFile(file) as archive:
        names = {unquote("/" + name): name for name in archive.namelist()}
        reached: set[str] = set()
        for name in names:
            folder, found, last = name.rpartition("/_rels/")
            if found:
                holder = f"{folder}/{last.removesuffix('.rels')}"
                reached |= {target.lower() for target in targets(archive, names, holder, "")}
    return {
        name
        for name in names
        if name.lower() not in reached
        and not name.endswith(("/", ".rels", "/[Content_Types].xml", "/aasx-origin"))
        and not name.startswith("/docProps/")
    }


def targets(archive: zipfile.ZipFile, names: dict[str, str], part: str, kind: str) -> list[str]:
    folder, _, last = part.rpartition("/")
    holder = f"{folder}/_rels/{last}.rels"
    if holder not in names:
        return []
    root = etree.fromstring(archive.read(names[holder]))
    return [
        posixpath.normpath(posixpath.join(folder or "/", unquote(each.get("Target"))))
        for each in root
        if each.get("Type").endswith("/" + kind if kind else "")
    ]


def listed(body: bytes, name: str) -> int:
    if body.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return len(json.loads(body.removeprefix(b"\xef\xbb\xbf")).get(name) or [])
    root = etree.fromstring(body)
    return len(root.findall(f"{{*}}{name}/{{*}}*"))


def ordered(value: Any) -> Any:
    """Return JSON whose objects are compared whatever the order of their members."""
    return json.loads(json.dumps(value, sort_keys=True))

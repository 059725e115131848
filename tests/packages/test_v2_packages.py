"""Packages of metamodel 2.0: the hosts of its relationships, its thumbnail, its split parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aas_server.packages.importer import import_contents
from aas_server.packages.reader import read_package
from aas_server.packages.v2.changes import CONVERTED
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.packages.packages import Content, relationships, zipped
from tests.packages.v2_samples import ASSET, JSON, SHELL, SUBMODEL, xml_of

HOSTS = ("http://www.admin-shell.io", "http://admin-shell.io", "https://admin-shell.io")
THUMBNAIL = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail"
PICTURE = b"\x89PNG picture"
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="png" ContentType="image/png"/></Types>'
)


def parts(host: str = HOSTS[0], *, environment: Content, name: str) -> dict[str, Content]:
    """Return the parts of a package as the Package Explorer of 2.0 lays them out."""
    types = f"{host}/aasx/relationships"
    folder, _, file = name.rpartition("/")
    return {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": relationships(
            (f"{types}/aasx-origin", "/aasx/aasx-origin"), (THUMBNAIL, "/picture.png")
        ),
        "aasx/aasx-origin": "Intentionally empty.",
        "aasx/_rels/aasx-origin.rels": relationships((f"{types}/aas-spec", f"/{name}")),
        name: environment,
        f"{folder}/_rels/{file}.rels": relationships(
            (f"{types}/aas-suppl", "/aasx/files/manual.pdf")
        ),
        "aasx/files/manual.pdf": b"%PDF",
        "picture.png": PICTURE,
    }


def written(tmp_path: Path, contents: Mapping[str, Content]) -> Path:
    file = tmp_path / "package.aasx"
    file.write_bytes(zipped(contents))
    return file


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("as_xml", [True, False])
async def test_a_package_of_2_0_is_imported_with_its_files(
    tmp_path: Path, repository: Repository, host: str, as_xml: bool
) -> None:
    name = "aasx/pump/pump.aas." + ("xml" if as_xml else "json")
    environment = xml_of(JSON) if as_xml else json.dumps(JSON)
    file = written(tmp_path, parts(host, environment=environment, name=name))
    with read_package(file) as contents:
        report = await import_contents(repository, contents, actor="test")
    assert report.created == {Kind.SHELL: 1, Kind.SUBMODEL: 2, Kind.CONCEPT_DESCRIPTION: 1}
    assert report.files == 2
    (manual,) = await repository.file_entries(Kind.SUBMODEL, SUBMODEL)
    assert (manual.path, manual.content_type) == ("/aasx/files/manual.pdf", "application/pdf")
    (picture,) = await repository.file_entries(Kind.SHELL, SHELL)
    assert (picture.path, picture.content_type) == ("/picture.png", "image/png")
    assert {each.part for each in report.findings if each.code == CONVERTED} == {f"/{name}"}


def test_the_thumbnail_of_a_package_with_several_shells_is_nobodys(tmp_path: Path) -> None:
    (first,) = JSON["assetAdministrationShells"]
    second = {**first, "identification": {"id": "urn:example:second", "idType": "IRI"}}
    both = json.dumps({**JSON, "assetAdministrationShells": [first, second]})
    file = written(tmp_path, parts(environment=both, name="aasx/data.json"))
    with read_package(file) as contents:
        assert not any("Thumbnail" in str(tree) for tree in contents.documents[Kind.SHELL])
        assert any("of a package, not of one shell" in each.text for each in contents.findings)


def test_what_stands_in_split_parts_is_read_as_one(tmp_path: Path) -> None:
    def only(name: str) -> str:
        lists: dict[str, list[Any]] = {each: [] for each in JSON}
        return xml_of({**lists, name: JSON[name]})

    origin = parts(environment=only("assetAdministrationShells"), name="aasx/data.xml")
    split = f"{HOSTS[0]}/aasx/relationships/aas-spec-split"
    names = ("assets", "submodels", "conceptDescriptions")
    file = written(
        tmp_path,
        {
            **origin,
            "aasx/_rels/data.xml.rels": relationships(
                *((split, f"/aasx/{name.upper()}.xml") for name in names)
            ),
            **{f"aasx/{name}.xml": only(name) for name in names},
        },
    )
    with read_package(file) as contents:
        assert {kind: len(trees) for kind, trees in contents.documents.items()} == {
            Kind.SHELL: 1,
            Kind.SUBMODEL: 2,
            Kind.CONCEPT_DESCRIPTION: 1,
        }
        (shell,) = contents.documents[Kind.SHELL]
        assert shell["assetInformation"]["globalAssetId"] == ASSET
        assert not any(each.is_error for each in contents.findings)

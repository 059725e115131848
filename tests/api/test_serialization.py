"""GET /serialization (IDTA-01002): documents in one file, in the form that is asked for."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from aas_server.packages.environments import read_environment
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.api.documents import (
    API,
    CONCEPT_DESCRIPTION,
    CONCEPT_ID,
    LIVE,
    LIVE_ID,
    LIVE_SUBMODEL,
    LONE_SHELL,
    LONE_SHELL_DOCUMENT,
    LONE_SHELL_ID,
    PLAIN,
    PLAIN_ID,
    PLAIN_SUBMODEL,
    SHELL,
    SHELL_DOCUMENT,
    SHELL_ID,
    TYPES_ID,
    TYPES_SUBMODEL,
    external,
)
from tests.api.forms import put_file
from tests.api.results import refused
from tests.packages.packages import read

URL = f"{API}/serialization"
PACKAGE = "application/asset-administration-shell-package"
EVERYTHING = {
    "assetAdministrationShells": [SHELL_DOCUMENT, LONE_SHELL_DOCUMENT],
    "submodels": [TYPES_SUBMODEL, LIVE_SUBMODEL, PLAIN_SUBMODEL],
    "conceptDescriptions": [CONCEPT_DESCRIPTION],
}


def ids(environment: Any) -> dict[str, list[str]]:
    return {name: [each["id"] for each in trees] for name, trees in environment.items()}


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        ("application/xml;q=0.1, application/json;q=0.2", "application/json"),
        ("application/json;q=0, application/xml;q=0.001", "application/xml"),
        ("application/xml", "application/xml"),
        ("text/xml", "text/xml"),
        ("APPLICATION/XML", "application/xml"),
        (PACKAGE, PACKAGE),
        (f"{PACKAGE}+xml", f"{PACKAGE}+xml"),
        (f"{PACKAGE}+json", f"{PACKAGE}+json"),
        ("application/aasx+xml", "application/aasx+xml"),
        ("application/aasx+json", "application/aasx+json"),
        ("application/aas+zip", "application/aas+zip"),
        (f"nonsense, {PACKAGE}", PACKAGE),
    ],
)
async def test_the_form_is_the_one_that_accept_likes_best(
    client: httpx.AsyncClient, tmp_path: Path, accept: str | None, answered: str
) -> None:
    client.headers["accept-encoding"] = "identity"
    del client.headers["accept"]
    response = await client.get(URL, headers={} if accept is None else {"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == answered
    assert response.headers["content-length"] == str(len(response.content))
    found = documents(response.content, tmp_path)
    assert {kind.value: len(trees) for kind, trees in found.items()} == {
        "AssetAdministrationShell": 2,
        "Submodel": 3,
        "ConceptDescription": 1,
    }
    if answered not in ("application/json", "application/xml", "text/xml"):
        part = "aasx/data.json" if answered.endswith("+json") else "aasx/data.xml"
        assert part in zipfile.ZipFile(io.BytesIO(response.content)).namelist()
        disposition = response.headers["content-disposition"]
        assert disposition == 'attachment; filename="environment.aasx"'


def documents(body: bytes, folder: Path) -> dict[Kind, list[Any]]:
    if body.startswith(b"PK"):
        (folder / "package").write_bytes(body)
        return read(folder / "package")[0]
    return read_environment(body, "body").documents


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", "nonsense", "application/json;q=0", "application/aasx"]
)
async def test_a_form_that_there_is_not_is_refused_with_those_that_there_are(
    client: httpx.AsyncClient, accept: str
) -> None:
    text = refused(await client.get(URL, headers={"accept": accept}), 406)
    assert "Accept" in text
    assert "application/json" in text
    assert PACKAGE in text


async def test_json_is_what_reads_of_the_documents_show(client: httpx.AsyncClient) -> None:
    response = await client.get(URL)
    assert response.json() == EVERYTHING
    assert [list(each) for each in response.json()["submodels"]] == [
        list(each) for each in EVERYTHING["submodels"]
    ]


@pytest.mark.parametrize("accept", ["application/json", "application/xml", PACKAGE])
async def test_live_values_are_those_of_this_moment(
    client: httpx.AsyncClient, machine: Any, tmp_path: Path, accept: str
) -> None:
    machine.tell(machine.bind("Temperature"), 21.5)
    shown = (await client.get(f"{API}/submodels/{LIVE}")).json()
    response = await client.get(URL, params={"submodelIds": LIVE}, headers={"accept": accept})
    (found,) = documents(response.content, tmp_path)[Kind.SUBMODEL]
    first, expected = found["submodelElements"][0], shown["submodelElements"][0]
    assert first["value"] == expected["value"] == "21.5"
    assert "qualifiers" not in first


@pytest.mark.parametrize("accept", ["application/json", "application/xml", PACKAGE])
async def test_the_qualifiers_of_live_values_come_along_when_asked_for(
    client: httpx.AsyncClient, machine: Any, tmp_path: Path, accept: str
) -> None:
    machine.tell(machine.bind("Temperature"), 21.5)
    shown = (await client.get(f"{API}/submodels/{LIVE}")).json()
    params = {"submodelIds": LIVE, "liveQualifiers": "true"}
    response = await client.get(URL, params=params, headers={"accept": accept})
    (found,) = documents(response.content, tmp_path)[Kind.SUBMODEL]
    first, expected = found["submodelElements"][0], shown["submodelElements"][0]
    assert len(first["qualifiers"]) == len(expected["qualifiers"]) > 0


async def test_qualifiers_of_the_author_stay(
    client: httpx.AsyncClient, machine: Any, tmp_path: Path
) -> None:
    path = f"{API}/submodels/{LIVE}/submodel-elements/Temperature"
    own = {"kind": "ConceptQualifier", "type": "own", "valueType": "xs:string", "value": "1"}
    element = (await client.get(path)).json()
    assert (await client.put(path, json={**element, "qualifiers": [own]})).status_code == 204
    machine.tell(machine.bind("Temperature"), 21.5)
    assert len((await client.get(path)).json()["qualifiers"]) > 1
    response = await client.get(URL, params={"submodelIds": LIVE})
    (found,) = response.json()["submodels"]
    assert found["submodelElements"][0]["qualifiers"] == [own]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"aasIds": SHELL},
            {"assetAdministrationShells": [SHELL_ID], "submodels": [TYPES_ID, LIVE_ID]},
        ),
        ({"aasIds": LONE_SHELL}, {"assetAdministrationShells": [LONE_SHELL_ID]}),
        (
            {"aasIds": SHELL, "submodelIds": PLAIN},
            {"assetAdministrationShells": [SHELL_ID], "submodels": [PLAIN_ID]},
        ),
        ({"submodelIds": [PLAIN, LIVE]}, {"submodels": [LIVE_ID, PLAIN_ID]}),
        ({"submodelIds": f"{PLAIN},{LIVE}"}, {"submodels": [LIVE_ID, PLAIN_ID]}),
        ({"submodelIds": [PLAIN, PLAIN]}, {"submodels": [PLAIN_ID]}),
        ({"submodelIds": PLAIN + "=" * (-len(PLAIN) % 4)}, {"submodels": [PLAIN_ID]}),
        ({"submodelIds": PLAIN, "outputFormat": "aasx"}, {"submodels": [PLAIN_ID]}),
    ],
)
async def test_what_is_asked_for_is_given(
    client: httpx.AsyncClient, params: Any, expected: dict[str, list[str]]
) -> None:
    assert ids((await client.get(URL, params=params)).json()) == expected


async def test_concept_descriptions_come_along_unless_they_are_not_wanted(
    client: httpx.AsyncClient,
) -> None:
    explained = {**PLAIN_SUBMODEL, "semanticId": external(CONCEPT_ID), "submodelElements": []}
    del explained["submodelElements"]
    assert (await client.put(f"{API}/submodels/{PLAIN}", json=explained)).status_code == 204
    for included, params in (
        (True, {}),
        (True, {"includeConceptDescriptions": "true"}),
        (False, {"includeConceptDescriptions": "false"}),
    ):
        for chosen in ({"submodelIds": PLAIN}, {}):
            found = (await client.get(URL, params={**chosen, **params})).json()
            assert ("conceptDescriptions" in found) is included


@pytest.mark.parametrize(
    ("params", "status", "text"),
    [
        ({"aasIds": "%"}, 400, "aasIds"),
        ({"submodelIds": "a"}, 400, "submodelIds"),
        ({"submodelIds": [PLAIN, "!"]}, 400, "submodelIds"),
        ({"includeConceptDescriptions": "maybe"}, 400, "includeConceptDescriptions"),
        ({"aasIds": PLAIN}, 404, PLAIN_ID),
        ({"submodelIds": [PLAIN, SHELL]}, 404, SHELL_ID),
    ],
)
async def test_malformed_and_unknown_ids_are_named(
    client: httpx.AsyncClient, params: Any, status: int, text: str
) -> None:
    assert text in refused(await client.get(URL, params=params), status)


async def test_a_package_holds_the_files_of_the_documents_in_it(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    thumbnail = f"{API}/shells/{SHELL}/asset-information/thumbnail"
    await put_file(client, thumbnail, b"picture", file_name="a.png")
    response = await client.get(URL, params={"aasIds": SHELL}, headers={"accept": PACKAGE})
    (tmp_path / "package").write_bytes(response.content)
    _, files, findings = read(tmp_path / "package")
    assert (files, findings) == ({"/aasx/files/a.png": b"picture"}, [])
    again = await client.get(URL, params={"aasIds": SHELL}, headers={"accept": PACKAGE})
    assert again.content == response.content


async def test_a_file_that_is_gone_fails_the_package_with_a_result(
    client: httpx.AsyncClient, filled: Repository
) -> None:
    await put_file(client, f"{API}/shells/{SHELL}/asset-information/thumbnail", b"picture")
    filled._store._files.clear()  # type: ignore[attr-defined]
    refused(await client.get(URL, headers={"accept": PACKAGE}), 404)


async def test_nothing_is_an_environment_too(client: httpx.AsyncClient) -> None:
    for name, trees in EVERYTHING.items():
        kind = {"assetAdministrationShells": "shells", "submodels": "submodels"}.get(
            name, "concept-descriptions"
        )
        for tree in trees:
            url = f"{API}/{kind}/{encode_identifier(tree['id'])}"
            assert (await client.delete(url)).status_code == 204
    assert (await client.get(URL)).content == b"{}"
    xml = await client.get(URL, headers={"accept": "application/xml"})
    assert list(read_environment(xml.content, "body").identified()) == []


async def test_head_says_how_long_the_answer_would_be(client: httpx.AsyncClient) -> None:
    for accept in ("application/json", "application/xml", PACKAGE):
        headers = {"accept": accept, "accept-encoding": "identity"}
        read_, head = (
            await client.get(URL, headers=headers),
            await client.head(URL, headers=headers),
        )
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == read_.headers


@pytest.mark.parametrize("accept", ["application/json", "application/xml", PACKAGE])
async def test_metamodel_3_0_is_written_when_asked_for(
    client: httpx.AsyncClient, tmp_path: Path, accept: str
) -> None:
    here = {"submodelIds": await _with_file(client), "metamodel": "3.0"}
    response = await client.get(URL, params=here, headers={"accept": accept})
    assert response.status_code == 200
    body = response.content
    if accept == PACKAGE:
        (tmp_path / "package").write_bytes(body)
        with zipfile.ZipFile(tmp_path / "package") as archive:
            body = archive.read("aasx/data.xml")
    assert (b"aas/3/0" in body) == (accept != "application/json")
    ((_, submodel),) = read_environment(body, "body").identified()
    assert submodel["submodelElements"][0]["contentType"] == "application/octet-stream"


async def test_what_metamodel_3_0_cannot_say_is_refused_unless_it_may_be_lost(
    client: httpx.AsyncClient,
) -> None:
    here = {"submodelIds": await _with_file(client, category="odd"), "metamodel": "3.0"}
    text = refused(await client.get(URL, params=here), 409)
    assert "submodelElements[0].category" in text
    lossy = await client.get(URL, params={**here, "lossy": "true"})
    assert "category" not in lossy.json()["submodels"][0]["submodelElements"][0]


async def test_other_metamodels_and_rdf_of_3_0_are_refused(client: httpx.AsyncClient) -> None:
    refused(await client.get(URL, params={"metamodel": "2.0"}), 400)
    turtle = {"accept": "text/turtle"}
    refused(await client.get(URL, params={"metamodel": "3.0"}, headers=turtle), 406)


async def _with_file(client: httpx.AsyncClient, **members: str) -> str:
    """Create a submodel with a File of no content type; return its id encoded."""
    element = {"modelType": "File", "idShort": "Manual", **members}
    tree = {"modelType": "Submodel", "id": "urn:3.0", "submodelElements": [element]}
    assert (await client.post(f"{API}/submodels", json=tree)).status_code == 201
    return encode_identifier("urn:3.0")

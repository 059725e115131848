"""POST /upload: environments and packages, as BaSyx's clients send them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from aas_server.packages.environments import write_xml
from aas_server.repository.repository import Repository
from tests.api.documents import API, PLAIN_ID
from tests.api.forms import form, part, send
from tests.api.results import refused
from tests.api.test_packages import fits
from tests.packages.packages import (
    aasx,
    environment,
    file_element,
    parts_of,
    shell,
    submodel,
    zipped,
)

URL = f"{API}/upload"
MANUAL = submodel("urn:new:sm", file_element("Manual", "/aasx/files/a.txt"))
CONCEPT = {"modelType": "ConceptDescription", "id": "urn:new:cd"}
DOCUMENTS = environment(shell("urn:new:shell"), MANUAL, CONCEPT)
PACKAGE = aasx(DOCUMENTS, {"aasx/files/a.txt": "content"})
NOTHING_ODD = {"replaced": 0, "skipped": 0, "findings": []}


async def upload(
    client: httpx.AsyncClient,
    content: bytes,
    *,
    query: str = "",
    file_name: str = "environment",
    content_type: str | None = "application/octet-stream",
) -> httpx.Response:
    body = form(part("file", content, file_name=file_name, content_type=content_type))
    return await send(client, URL + query, body, method="POST")


async def taken(client: httpx.AsyncClient, content: bytes, **options: Any) -> Any:
    answer = await upload(client, content, **options)
    assert answer.status_code == 200, answer.text
    fits(answer.json(), "UploadResult")
    return answer.json()


@pytest.mark.parametrize(
    ("content", "files"),
    [
        (json.dumps(DOCUMENTS).encode(), 0),
        (b"\xef\xbb\xbf" + json.dumps(DOCUMENTS, indent=1).encode(), 0),
        (write_xml(DOCUMENTS), 0),
        (write_xml(DOCUMENTS).replace(b"aas/3/1", b"aas/3/0"), 0),
        (PACKAGE, 1),
        (aasx(write_xml(DOCUMENTS), {"aasx/files/a.txt": "content"}), 1),
    ],
    ids=["JSON", "JSON with a mark", "XML", "XML 3.0", "AASX", "AASX with XML"],
)
@pytest.mark.parametrize("declared", [None, "application/octet-stream", "text/plain"])
async def test_whatever_a_file_is_called_it_is_taken_for_what_it_is(
    client: httpx.AsyncClient, content: bytes, files: int, declared: str | None
) -> None:
    report = await taken(client, content, content_type=declared)
    assert report == {
        "shells": 1,
        "submodels": 1,
        "conceptDescriptions": 1,
        "files": files,
        **NOTHING_ODD,
    }
    for kind, identifier in (
        ("shells", "urn:new:shell"),
        ("submodels", "urn:new:sm"),
        ("concept-descriptions", "urn:new:cd"),
    ):
        url = f"{API}/{kind}/{encode_identifier(identifier)}"
        assert (await client.get(url)).status_code == 200
    url = f"{API}/submodels/{encode_identifier('urn:new:sm')}/submodel-elements/Manual/attachment"
    read = await client.get(url)
    assert (read.status_code, read.content if files else b"") == (
        (200, b"content") if files else (404, b"")
    )


async def test_ids_that_exist_are_refused_and_nothing_is_taken(
    client: httpx.AsyncClient, filled: Repository
) -> None:
    body = json.dumps(environment(submodel(PLAIN_ID), MANUAL, CONCEPT)).encode()
    assert PLAIN_ID in refused(await upload(client, body), 409)
    assert await filled.submodels.find("urn:new:sm") is None
    assert await filled.concept_descriptions.find("urn:new:cd") is None


@pytest.mark.parametrize(("query", "status"), [("true", 200), ("false", 409), ("perhaps", 400)])
async def test_ids_that_exist_are_passed_over_when_the_client_says_so(
    client: httpx.AsyncClient, filled: Repository, query: str, status: int
) -> None:
    before = (await filled.submodels.get(PLAIN_ID)).stored
    body = json.dumps(environment(submodel(PLAIN_ID), MANUAL)).encode()
    answer = await upload(client, body, query=f"?ignore-duplicates={query}")
    assert answer.status_code == status
    if status == 200:
        assert (answer.json()["submodels"], answer.json()["skipped"]) == (1, 1)
    assert (await filled.submodels.get(PLAIN_ID)).stored == before


async def test_what_is_odd_in_a_package_is_told(client: httpx.AsyncClient) -> None:
    parts = parts_of({"submodels": [MANUAL, MANUAL | {"idShort": "Other"}]}, {"aasx/b.txt": ""})
    del parts["aasx/b.txt"]
    report = await taken(client, zipped(parts))
    assert (report["submodels"], report["skipped"]) == (1, 0)
    missing, twice = report["findings"]
    assert (missing["code"], missing["level"], missing["path"]) == (
        "package",
        "warning",
        "/aasx/b.txt",
    )
    assert twice["level"] == "error"
    assert "urn:new:sm" in twice["path"]


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (b"", 400, "file"),
        (b"nonsense", 400, "neither JSON nor XML"),
        (b"{}x", 400, "neither JSON nor XML"),
        (json.dumps(MANUAL).encode(), 400, "is no AAS environment"),
        (b'<aasenv xmlns="http://www.admin-shell.io/aas/1/0"/>', 400, "aas/1/0"),
        (zipped({"a.txt": ""}), 400, "holds no environment"),
        (PACKAGE[:-10], 400, "is no AASX package"),
        (b'{"submodels": [{"modelType": "Submodel", "id": "\xff"}]}', 400, "neither"),
        (b'{"submodels": ' + b"[" * 1000 + b"]" * 1000 + b"}", 400, ""),
        (b'{"submodels": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "neither"),
    ],
)
async def test_what_is_no_environment_is_refused(
    client: httpx.AsyncClient, filled: Repository, content: bytes, status: int, text: str
) -> None:
    answer = await upload(client, content)
    assert answer.status_code == status
    assert text in answer.json()["messages"][0]["text"]
    assert await filled.shells.count() == 2
    assert await filled.submodels.count() == 3


async def test_one_broken_document_keeps_everything_out_and_every_fault_is_told(
    client: httpx.AsyncClient, filled: Repository
) -> None:
    broken = [submodel(f"urn:broken:{number}") | {"idShort": "1 wrong"} for number in range(3)]
    body = json.dumps(environment(MANUAL, *broken)).encode()
    answer = await upload(client, body, query="?strict=true")
    assert answer.status_code == 400
    texts = [message["text"] for message in answer.json()["messages"]]
    for number in range(3):
        assert any(f"urn:broken:{number}" in text and "idShort" in text for text in texts)
    assert await filled.submodels.find("urn:new:sm") is None
    report = await taken(client, body)
    assert report["submodels"] == 4
    assert {(each["code"], each["level"]) for each in report["findings"]} == {("AASd-002", "error")}


async def test_a_form_without_a_file_or_with_two_is_refused(client: httpx.AsyncClient) -> None:
    file = part("file", json.dumps(DOCUMENTS).encode(), file_name="a.json")
    for body in (form(), form(part("other", b"x")), form(file, file)):
        assert "file" in refused(await send(client, URL, body, method="POST"), 400)
    raw = await client.post(URL, json=DOCUMENTS)
    assert "multipart/form-data" in refused(raw, 415)


async def test_an_export_of_one_server_is_an_import_of_another(
    client: httpx.AsyncClient, filled: Repository
) -> None:
    await taken(client, PACKAGE)
    for accept in (
        "application/json",
        "application/xml",
        "application/asset-administration-shell-package",
    ):
        exported = await client.get(
            f"{API}/serialization",
            params={"submodelIds": encode_identifier("urn:new:sm")},
            headers={"accept": accept},
        )
        url = f"{API}/submodels/{encode_identifier('urn:new:sm')}"
        before = (await client.get(url)).json()
        assert (await client.delete(url)).status_code == 204
        report = await taken(client, exported.content)
        assert report["submodels"] == 1
        assert (await client.get(url)).json() == before
        if report["files"]:
            read = await client.get(f"{url}/submodel-elements/Manual/attachment")
            assert read.content == b"content"
        await client.delete(url)
        await taken(client, aasx(environment(MANUAL), {"aasx/files/a.txt": "content"}))


@pytest.mark.parametrize(
    ("mode", "counts"), [("skip", (0, 1)), ("newer", (0, 1)), ("replace", (1, 0))]
)
async def test_ids_that_exist_are_dealt_with_as_the_client_says(
    client: httpx.AsyncClient, filled: Repository, mode: str, counts: tuple[int, int]
) -> None:
    body = json.dumps(environment(submodel(PLAIN_ID), MANUAL)).encode()
    report = await taken(client, body, query=f"?onConflict={mode}")
    assert report["submodels"] == 1
    assert (report["replaced"], report["skipped"]) == counts
    is_replaced = (await filled.submodels.get(PLAIN_ID)).tree() == submodel(PLAIN_ID)
    assert is_replaced == (mode == "replace")


@pytest.mark.parametrize("mode", ["fail", "replace"])
async def test_a_dry_run_tells_what_would_be_and_changes_nothing(
    client: httpx.AsyncClient, filled: Repository, mode: str
) -> None:
    before = (await filled.submodels.get(PLAIN_ID)).stored
    package = aasx(environment(submodel(PLAIN_ID), MANUAL), {"aasx/files/a.txt": "content"})
    report = await taken(client, package, query=f"?dryRun=true&onConflict={mode}")
    assert [(each["id"], each["action"]) for each in report["documents"]] == [
        (PLAIN_ID, "conflict" if mode == "fail" else mode),
        ("urn:new:sm", "create"),
    ]
    assert report["documents"][0]["changes"]
    assert (await filled.submodels.get(PLAIN_ID)).stored == before
    assert await filled.submodels.find("urn:new:sm") is None


@pytest.mark.parametrize("query", ["?onConflict=perhaps", "?dryRun=1", "?onConflict="])
async def test_a_mode_that_is_unknown_is_refused(client: httpx.AsyncClient, query: str) -> None:
    refused(await upload(client, PACKAGE, query=query), 400)


async def test_two_parameters_that_contradict_each_other_are_refused(
    client: httpx.AsyncClient,
) -> None:
    query = "?ignore-duplicates=true&onConflict="
    assert "contradicts" in refused(await upload(client, PACKAGE, query=query + "replace"), 400)
    assert (await upload(client, PACKAGE, query=query + "skip")).status_code == 200

"""The AASX file server (IDTA-01002): packages kept as they come, found by their shells."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import jsonschema
import pytest

from aas_server.api.openapi.document import whole_document
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.api.documents import API
from tests.api.forms import form, part, send
from tests.api.results import refused
from tests.packages.packages import aasx, environment, shell, submodel, zipped

PACKAGES = f"{API}/packages"
CONTENT_TYPE = "application/asset-administration-shell-package"
FIRST, SECOND = "https://example.com/shell/1", "urn:example:shell:2"
PACKAGE = aasx(environment(shell(FIRST), shell(SECOND), submodel("urn:example:sm")))
OTHER = aasx(environment(shell(SECOND)))


def package_form(
    content: bytes = PACKAGE, *, aas_ids: tuple[str, ...] = (), file_name: str = "press.aasx"
) -> bytes:
    ids = [part("aasIds", each.encode()) for each in aas_ids]
    return form(*ids, part("file", content, file_name=file_name, content_type=CONTENT_TYPE))


async def post(client: httpx.AsyncClient, content: bytes = PACKAGE, **options: Any) -> Any:
    answer = await send(client, PACKAGES, package_form(content, **options), method="POST")
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_package_comes_back_as_it_was_sent(client: httpx.AsyncClient) -> None:
    answer = await send(client, PACKAGES, package_form(file_name="Presse ä.aasx"), method="POST")
    assert answer.status_code == 201
    description = answer.json()
    url = f"{PACKAGES}/{encode_identifier(description['packageId'])}"
    assert answer.headers["location"] == url
    read = await client.get(url)
    assert (read.status_code, read.content) == (200, PACKAGE)
    assert read.headers["content-type"] == CONTENT_TYPE
    assert read.headers["x-filename"] == "Presse %C3%A4.aasx"
    assert "filename*=UTF-8''Presse%20%C3%A4.aasx" in read.headers["content-disposition"]
    part_of_it = await client.get(url, headers={"range": "bytes=2-5"})
    assert (part_of_it.status_code, part_of_it.content) == (206, PACKAGE[2:6])


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ((), [FIRST, SECOND]),
        (("urn:a",), ["urn:a"]),
        (("urn:a", "urn:b", "urn:a"), ["urn:a", "urn:b"]),
        (("urn:a, urn:b",), ["urn:a", "urn:b"]),
        (('["urn:a", "urn:b"]',), ["urn:a", "urn:b"]),
        ((encode_identifier("urn:a"), encode_identifier(FIRST)), ["urn:a", FIRST]),
        (("",), [FIRST, SECOND]),
    ],
)
async def test_its_shells_are_those_of_the_form_else_its_own(
    client: httpx.AsyncClient, sent: tuple[str, ...], expected: list[str]
) -> None:
    assert (await post(client, aas_ids=sent))["aasIds"] == expected


@pytest.mark.parametrize(
    "sent", ['["urn:a"', "[1]", "[" * 100_000, ",".join(map(str, range(1001)))]
)
async def test_malformed_aas_ids_are_refused_and_named(
    client: httpx.AsyncClient, sent: str, filled: Repository
) -> None:
    answer = await send(client, PACKAGES, package_form(aas_ids=(sent,)), method="POST")
    assert "aasIds" in refused(answer, 400)
    assert await filled.collection(Kind.PACKAGE).count() == 0


async def test_packages_are_listed_page_by_page_and_by_shell(client: httpx.AsyncClient) -> None:
    sent = [await post(client, content) for content in (PACKAGE, OTHER, PACKAGE, OTHER, OTHER)]

    async def listed(**params: str) -> list[Any]:
        found: list[Any] = []
        for _ in range(10):
            page = (await client.get(PACKAGES, params={"limit": "2", **params})).json()
            found += page["result"]
            cursor = page["paging_metadata"].get("cursor")
            if cursor is None:
                return found
            params["cursor"] = cursor
        raise AssertionError("the pages do not end")

    assert await listed() == sent
    assert await listed(aasId=encode_identifier(SECOND)) == sent
    assert await listed(aasId=encode_identifier(FIRST)) == [sent[0], sent[2]]
    assert await listed(aasId=encode_identifier("urn:unknown")) == []
    assert "aasId" in refused(await client.get(PACKAGES, params={"aasId": "%"}), 400)
    assert "cursor" in refused(await client.get(PACKAGES, params={"cursor": "%"}), 400)


async def test_put_creates_replaces_and_delete_takes_away(client: httpx.AsyncClient) -> None:
    identifier = "https://example.com/package/1"
    url = f"{PACKAGES}/{encode_identifier(identifier)}"
    created = await send(client, url, package_form())
    assert created.status_code == 201
    assert created.json() == {"packageId": identifier, "aasIds": [FIRST, SECOND]}
    assert created.headers["location"] == url
    replaced = await send(client, url, package_form(OTHER))
    assert (replaced.status_code, replaced.content) == (204, b"")
    assert (await client.get(url)).content == OTHER
    descriptions = (await client.get(PACKAGES)).json()["result"]
    assert descriptions == [{"packageId": identifier, "aasIds": [SECOND]}]
    assert (await client.delete(url)).status_code == 204
    for method in ("GET", "DELETE"):
        assert identifier in refused(await client.request(method, url), 404)


async def test_conditions_are_about_the_bytes_of_the_package(client: httpx.AsyncClient) -> None:
    url = f"{PACKAGES}/{encode_identifier('urn:package')}"
    refused(await send(client, url, package_form(), if_match="*"), 412)
    assert (await send(client, url, package_form(), if_none_match="*")).status_code == 201
    refused(await send(client, url, package_form(), if_none_match="*"), 412)
    tag = (await client.get(url)).headers["etag"]
    assert (await client.get(url, headers={"if-none-match": tag})).status_code == 304
    assert (await send(client, url, package_form(OTHER), if_match=tag)).status_code == 204
    refused(await send(client, url, package_form(), if_match=tag), 412)
    refused(await client.delete(url, headers={"if-match": tag}), 412)
    assert (await client.get(url)).content == OTHER


async def test_of_two_that_create_the_same_package_one_is_told_so(
    client: httpx.AsyncClient,
) -> None:
    url = f"{PACKAGES}/{encode_identifier('urn:package')}"
    answers = await asyncio.gather(*(send(client, url, package_form()) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [201, 204, 204, 204, 204]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        b'{"assetAdministrationShells": []}',
        PACKAGE[:-30],
        zipped({"a.txt": "no package"}),
        aasx({"assetAdministrationShells": 5}),
        aasx('<aasenv xmlns="http://www.admin-shell.io/aas/1/0"/>'),
    ],
    ids=["empty", "no zip", "environment", "cut off", "no parts", "no list", "metamodel 1.0"],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_what_is_no_package_is_refused_and_not_kept(
    client: httpx.AsyncClient, filled: Repository, content: bytes, method: str
) -> None:
    url = PACKAGES if method == "POST" else f"{PACKAGES}/{encode_identifier('urn:package')}"
    refused(await send(client, url, package_form(content), method=method), 400)
    assert await filled.collection(Kind.PACKAGE).count() == 0


async def test_a_package_is_kept_whatever_stands_in_the_place_of_its_shells(
    client: httpx.AsyncClient,
) -> None:
    shells: list[Any] = [5, None, {"id": 7}, {}, [], shell(FIRST), shell(FIRST)]
    assert (await post(client, aasx({"assetAdministrationShells": shells})))["aasIds"] == [FIRST]


@pytest.mark.parametrize("identifier", ["%", "a", "!!"])
async def test_a_malformed_id_is_refused(client: httpx.AsyncClient, identifier: str) -> None:
    assert "packageId" in refused(await client.get(f"{PACKAGES}/{identifier}"), 400)


async def finished(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
    """Upload a package asynchronously and return the status once it leads on."""
    url = f"{API}/packages-async"
    accepted = await send(client, url, package_form(content), method="POST")
    assert (accepted.status_code, accepted.content) == (202, b"")
    status = accepted.headers["location"]
    assert status.startswith(f"{API}/packages-async/status/")
    async with asyncio.timeout(20):
        while (answer := await client.get(status)).status_code == 200:
            assert answer.json()["executionState"] in ("Initiated", "Running")
            early = await client.get(status.replace("/status/", "/results/"))
            assert "success" not in early.json() or early.json()["executionState"] == "Completed"
            await asyncio.sleep(0.01)
    assert answer.status_code == 302
    assert answer.headers["location"] == status.replace("/status/", "/results/")
    return answer


async def test_an_asynchronous_upload_leads_to_its_result(client: httpx.AsyncClient) -> None:
    answer = await finished(client, PACKAGE)
    result = (await client.get(answer.headers["location"])).json()
    description = {"packageId": result["packageId"], "aasIds": [FIRST, SECOND]}
    assert result == {"executionState": "Completed", "success": True, **description}
    fits(result, "PackageResult")
    assert (await client.get(PACKAGES)).json()["result"] == [description]


async def test_an_asynchronous_upload_of_what_is_no_package_says_so_in_its_result(
    client: httpx.AsyncClient, filled: Repository
) -> None:
    answer = await finished(client, b"no package")
    result = (await client.get(answer.headers["location"])).json()
    assert (result["executionState"], result["success"]) == ("Failed", False)
    (message,) = result["messages"]
    assert message["messageType"] == "Error"
    assert "is no AASX package" in message["text"]
    fits(result, "PackageResult")
    assert await filled.collection(Kind.PACKAGE).count() == 0


@pytest.mark.parametrize("resource", ["status", "results"])
async def test_an_unknown_handle_is_not_found(client: httpx.AsyncClient, resource: str) -> None:
    url = f"{API}/packages-async/{resource}"
    refused(await client.get(f"{url}/{encode_identifier('unknown')}"), 404)
    assert "handleId" in refused(await client.get(f"{url}/%25"), 400)


def fits(value: Any, schema: str) -> None:
    """Check ``value`` against what the OpenAPI document says."""
    document = whole_document("1")
    reference = {"$ref": f"#/components/schemas/{schema}"}
    jsonschema.Draft7Validator({**document, **reference}).validate(value)

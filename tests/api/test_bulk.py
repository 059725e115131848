from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.operations.records import JsonCodec
from aas_server.registry.bulk import MAX_ITEMS
from tests.api.documents import API, SHELL_ID
from tests.api.results import refused

SHELLS = f"{API}/bulk/shell-descriptors"
SUBMODELS = f"{API}/bulk/submodel-descriptors"


def far(identifier: str, **more: Any) -> dict[str, Any]:
    endpoint = {"interface": "SUBMODEL-3.0", "protocolInformation": {"href": "https://far/x"}}
    return {"id": identifier, "endpoints": [endpoint], **more}


class Bulk:
    """Sends bulk requests and follows them to their result."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def run(self, method: str, address: str, items: list[Any]) -> httpx.Response:
        accepted = await self._client.request(method, address, json=items)
        assert (accepted.status_code, accepted.content) == (202, b""), accepted.text
        status = accepted.headers["location"]
        running = await self._client.get(status)
        while running.status_code == 200:
            assert running.json()["executionState"] in ("Initiated", "Running")
            assert int(running.headers["retry-after"]) >= 1
            await asyncio.sleep(0)
            running = await self._client.get(status)
        assert (running.status_code, running.content) == (302, b"")
        result: httpx.Response = await self._client.get(running.headers["location"])
        return result

    async def ids(self, listing: str) -> set[str]:
        page = (await self._client.get(f"{API}/{listing}")).json()
        return {each["id"] for each in page["result"]}


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(version="1.2.3", max_body=65_536)


@pytest.fixture
def bulk(client: httpx.AsyncClient) -> Bulk:
    return Bulk(client)


@pytest.mark.parametrize(
    ("address", "listing"),
    [(SHELLS, "shell-descriptors"), (SUBMODELS, "submodel-descriptors")],
)
async def test_many_are_registered_changed_and_forgotten_at_once(
    bulk: Bulk, client: httpx.AsyncClient, address: str, listing: str
):
    many = [far(f"urn:far:{number}") for number in range(20)]
    ids = {each["id"] for each in many}
    result = await bulk.run("POST", address, many)
    assert (result.status_code, result.content) == (204, b"")
    assert ids <= await bulk.ids(listing)
    changed = [far("urn:far:0", idShort="Changed"), far("urn:new")]
    assert (await bulk.run("PUT", address, changed)).status_code == 204
    read = await client.get(f"{API}/{listing}/{encode_identifier('urn:far:0')}")
    assert read.json()["idShort"] == "Changed"
    assert (await bulk.run("DELETE", address, sorted({*ids, "urn:new"}))).status_code == 204
    assert not ids & await bulk.ids(listing)


async def test_all_or_nothing_and_a_message_for_every_item_that_failed(bulk: Bulk):
    items = [far("urn:a"), far(SHELL_ID), far("urn:a")]
    result = await bulk.run("POST", SHELLS, items)
    assert result.status_code == 400
    texts = [each["text"] for each in result.json()["messages"]]
    assert all(any(f"[{index}].id" in text for text in texts) for index in (1, 2)), texts
    assert "urn:a" not in await bulk.ids("shell-descriptors")


async def test_a_malformed_item_is_accepted_and_then_told(bulk: Bulk):
    result = await bulk.run("PUT", SUBMODELS, [far("urn:a"), {"id": "urn:b"}])
    assert result.status_code == 400
    assert "[1].endpoints" in result.text
    assert "urn:a" not in await bulk.ids("submodel-descriptors")


async def test_an_unknown_id_fails_a_deletion(bulk: Bulk):
    result = await bulk.run("DELETE", SUBMODELS, ["urn:nothing"])
    assert result.status_code == 400
    assert "urn:nothing" in result.text


async def test_nothing_to_do_is_done(bulk: Bulk):
    assert (await bulk.run("POST", SHELLS, [])).status_code == 204


@pytest.mark.parametrize("body", [b"{}", b'"urn:a"', b"null", b"5"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_what_is_no_array_is_refused_at_once(
    client: httpx.AsyncClient, method: str, body: bytes
):
    assert "array" in refused(await client.request(method, SHELLS, content=body), 400)


async def test_too_many_items_are_refused_at_once(client: httpx.AsyncClient):
    items = [1] * (MAX_ITEMS + 1)
    assert str(MAX_ITEMS) in refused(await client.post(SHELLS, json=items), 400)


@pytest.mark.parametrize("resource", ["status", "result"])
async def test_an_unknown_handle_is_not_found(client: httpx.AsyncClient, resource: str):
    address = f"{API}/bulk/{resource}"
    refused(await client.get(f"{address}/{encode_identifier('nothing')}"), 404)
    assert "handleId" in refused(await client.get(f"{address}/$"), 400)


async def test_handles_of_other_services_are_unknown_here(
    client: httpx.AsyncClient, services: Services
):
    async def nothing() -> str:
        return "no number of items"

    job = await services.jobs.start(nothing, owner="somebody else", codec=JsonCodec(str))
    await job.wait()
    refused(await client.get(f"{API}/bulk/status/{encode_identifier(job.handle)}"), 404)

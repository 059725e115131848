from __future__ import annotations

from typing import Any

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from tests.api.conftest import Get
from tests.api.documents import (
    API,
    GLOBAL_ASSET_ID,
    LIVE_ID,
    LONE_SHELL_ID,
    PLAIN,
    SHELL,
    SHELL_ID,
    TYPES,
    TYPES_ID,
    encoded,
)
from tests.api.results import refused

FAR_ID = "urn:far/1"
FAR = encode_identifier(FAR_ID)
ROOT = f"{API}/shell-descriptors"


def endpoint(interface: str = "AAS-3.0") -> dict[str, Any]:
    return {
        "interface": interface,
        "protocolInformation": {"href": "https://far.example/x", "endpointProtocolVersion": ["1"]},
    }


def far(identifier: str = FAR_ID, **more: Any) -> dict[str, Any]:
    return {"id": identifier, "endpoints": [endpoint()], **more}


def far_submodel(identifier: str) -> dict[str, Any]:
    return {"id": identifier, "endpoints": [endpoint("SUBMODEL-3.0")]}


@pytest.fixture
async def posted(client: httpx.AsyncClient) -> httpx.Response:
    inside = [far_submodel("urn:far:sm")]
    return await client.post(ROOT, json=far(idShort="Far", submodelDescriptors=inside))


async def test_every_own_shell_is_registered(get: Get):
    page = await get("/shell-descriptors")
    assert [each["id"] for each in page["result"]] == [SHELL_ID, LONE_SHELL_ID]
    first = page["result"][0]
    assert first["globalAssetId"] == GLOBAL_ASSET_ID
    assert first["assetKind"] == "Instance"
    assert [each["id"] for each in first["submodelDescriptors"]] == [TYPES_ID, LIVE_ID]
    assert page["paging_metadata"] == {}


async def test_the_first_endpoint_is_the_shell_s_own_address(client: httpx.AsyncClient, get: Get):
    descriptor = await get(f"/shell-descriptors/{SHELL}")
    href = descriptor["endpoints"][0]["protocolInformation"]["href"]
    assert href == f"http://test{API}/shells/{SHELL}"
    assert (await client.get(href)).json()["id"] == SHELL_ID
    inside = descriptor["submodelDescriptors"][0]["endpoints"][0]["protocolInformation"]["href"]
    assert (await client.get(inside)).json()["id"] == TYPES_ID


async def test_endpoints_are_where_the_client_reached_the_server(client: httpx.AsyncClient):
    response = await client.get(f"{ROOT}/{SHELL}", headers={"host": "plant.example:8443"})
    (href,) = {
        each["protocolInformation"]["href"].split("/api/")[0]
        for each in response.json()["endpoints"]
    }
    assert href == "http://plant.example:8443"


async def test_a_foreign_shell_is_registered(posted: httpx.Response, client: httpx.AsyncClient):
    assert posted.status_code == 201
    location = posted.headers["location"]
    assert location == f"{ROOT}/{FAR}"
    response = await client.get(location)
    assert response.json() == posted.json()
    assert response.headers["etag"] == posted.headers["etag"]


async def test_own_and_foreign_ones_come_page_by_page(posted: httpx.Response, get: Get):
    found: list[str] = []
    cursor = None
    while True:
        wanted = {} if cursor is None else {"cursor": cursor}
        page = await get("/shell-descriptors", limit=1, **wanted)
        found += [each["id"] for each in page["result"]]
        cursor = page["paging_metadata"].get("cursor")
        if cursor is None:
            break
    assert found == [SHELL_ID, LONE_SHELL_ID, FAR_ID]


async def test_descriptors_are_found_by_asset(client: httpx.AsyncClient, get: Get):
    await client.post(ROOT, json=far(assetKind="Type", assetType="urn:pump", globalAssetId="urn:g"))

    async def ids(**wanted: Any) -> list[str]:
        return [each["id"] for each in (await get("/shell-descriptors", **wanted))["result"]]

    assert await ids(assetKind="Type") == [FAR_ID]
    assert await ids(assetKind="Instance") == [SHELL_ID, LONE_SHELL_ID]
    assert await ids(assetType=encode_identifier("urn:pump")) == [FAR_ID]
    assert await ids(assetIds=encoded({"name": "globalAssetId", "value": "urn:g"})) == [FAR_ID]
    assert await ids(
        assetIds=[
            encoded({"name": "serialNumber", "value": "4711"}),
            encoded({"name": "line", "value": "north, east"}),
        ]
    ) == [SHELL_ID]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"assetKind": "instance"}, "assetKind"),
        ({"assetType": "$"}, "assetType"),
        ({"assetType": ""}, "assetType"),
        ({"assetIds": "eA"}, "assetIds"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"createdFrom": "yesterday"}, "createdFrom"),
    ],
)
async def test_a_query_that_is_wrong_is_named(client: httpx.AsyncClient, query, named):
    assert named in refused(await client.get(ROOT, params=query), 400)


async def test_put_creates_and_replaces(client: httpx.AsyncClient):
    first = await client.put(f"{ROOT}/{FAR}", json=far())
    assert (first.status_code, first.headers["location"]) == (201, f"{ROOT}/{FAR}")
    second = await client.put(f"{ROOT}/{FAR}", json=far(idShort="Changed"))
    assert (second.status_code, second.content) == (204, b"")
    assert (await client.get(f"{ROOT}/{FAR}")).json() == far(idShort="Changed")


async def test_what_is_wrong_in_a_descriptor_is_told_with_its_path(client: httpx.AsyncClient):
    for response in (
        await client.post(ROOT, json={"id": "urn:x", "endpoints": [{"interface": 5}]}),
        await client.put(f"{ROOT}/{FAR}", json={"id": FAR_ID, "endpoints": [{"interface": 5}]}),
    ):
        assert response.status_code == 400
        texts = " ".join(each["text"] for each in response.json()["messages"])
        assert "endpoints[0]" in texts
    assert (await client.get(f"{ROOT}/{FAR}")).status_code == 404


async def test_another_id_in_the_body_is_refused(client: httpx.AsyncClient):
    assert "urn:x" in refused(await client.put(f"{ROOT}/{FAR}", json=far("urn:x")), 400)


async def test_ids_that_are_taken_are_refused(posted: httpx.Response, client: httpx.AsyncClient):
    assert FAR_ID in refused(await client.post(ROOT, json=far()), 409)
    assert SHELL_ID in refused(await client.post(ROOT, json=far(SHELL_ID)), 409)


async def test_descriptors_of_own_shells_are_not_written(client: httpx.AsyncClient):
    assert "derived" in refused(await client.put(f"{ROOT}/{SHELL}", json=far(SHELL_ID)), 403)
    assert "derived" in refused(await client.delete(f"{ROOT}/{SHELL}"), 403)


async def test_a_foreign_shell_is_forgotten(posted: httpx.Response, client: httpx.AsyncClient):
    assert (await client.delete(f"{ROOT}/{FAR}")).status_code == 204
    refused(await client.get(f"{ROOT}/{FAR}"), 404)
    refused(await client.delete(f"{ROOT}/{FAR}"), 404)


async def test_conditions_are_kept(posted: httpx.Response, client: httpx.AsyncClient):
    address = f"{ROOT}/{FAR}"
    stale = {"if-match": '"0r0"'}
    refused(await client.put(address, json=far(), headers=stale), 412)
    refused(await client.delete(address, headers=stale), 412)
    refused(await client.put(address, json=far(), headers={"if-none-match": "*"}), 412)
    present = {"if-match": posted.headers["etag"]}
    assert (await client.put(address, json=far(), headers=present)).status_code == 204
    refused(await client.delete(address, headers=present), 412)


async def test_the_tag_of_an_own_descriptor_changes_with_its_shell(
    client: httpx.AsyncClient, get: Get
):
    before = (await client.get(f"{ROOT}/{SHELL}")).headers["etag"]
    assert (await client.get(f"{ROOT}/{SHELL}")).headers["etag"] == before
    shell = await get(f"/shells/{SHELL}")
    await client.put(f"{API}/shells/{SHELL}", json={**shell, "idShort": "Changed"})
    assert (await client.get(f"{ROOT}/{SHELL}")).headers["etag"] != before


async def test_submodel_descriptors_inside_a_foreign_one_are_written(
    posted: httpx.Response, client: httpx.AsyncClient, get: Get
):
    inside = f"{ROOT}/{FAR}/submodel-descriptors"
    added = await client.post(inside, json=far_submodel("urn:new"))
    assert added.status_code == 201
    assert added.headers["location"] == f"{inside}/{encode_identifier('urn:new')}"
    read = await client.get(added.headers["location"])
    assert (read.json(), read.headers["etag"]) == (far_submodel("urn:new"), added.headers["etag"])
    page = await get(f"/shell-descriptors/{FAR}/submodel-descriptors", limit=1)
    rest = await get(
        f"/shell-descriptors/{FAR}/submodel-descriptors",
        cursor=page["paging_metadata"]["cursor"],
    )
    assert [each["id"] for each in page["result"] + rest["result"]] == ["urn:far:sm", "urn:new"]
    refused(await client.post(inside, json=far_submodel("urn:new")), 409)
    changed = {**far_submodel("urn:new"), "idShort": "Changed"}
    assert (await client.put(added.headers["location"], json=changed)).status_code == 204
    other = f"{inside}/{encode_identifier('urn:other')}"
    made = await client.put(other, json=far_submodel("urn:other"))
    assert (made.status_code, made.headers["location"]) == (201, other)
    stale = {"if-match": added.headers["etag"]}
    refused(await client.delete(added.headers["location"], headers=stale), 412)
    assert (await client.delete(added.headers["location"])).status_code == 204
    refused(await client.get(added.headers["location"]), 404)


async def test_submodel_descriptors_inside_an_own_one_are_read(client: httpx.AsyncClient, get: Get):
    page = await get(f"/shell-descriptors/{SHELL}/submodel-descriptors")
    assert [each["id"] for each in page["result"]] == [TYPES_ID, LIVE_ID]
    one = await get(f"/shell-descriptors/{SHELL}/submodel-descriptors/{TYPES}")
    assert one == page["result"][0]
    inside = f"{ROOT}/{SHELL}/submodel-descriptors"
    refused(await client.get(f"{inside}/{PLAIN}"), 404)
    refused(await client.post(inside, json=far_submodel("urn:x")), 403)


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
async def test_what_is_inside_an_unknown_shell_is_not_there(client: httpx.AsyncClient, method: str):
    inside = f"{ROOT}/{encode_identifier('urn:nothing')}/submodel-descriptors"
    body = {"json": far_submodel("urn:x")} if method in ("post", "put") else {}
    address = inside if method == "post" else f"{inside}/{encode_identifier('urn:x')}"
    refused(await client.request(method, address, **body), 404)
    if method == "get":
        refused(await client.get(inside), 404)

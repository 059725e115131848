from __future__ import annotations

from typing import Any

import httpx

from aas_server.metamodel.identifiers import encode_identifier
from tests.api.conftest import Get
from tests.api.documents import (
    API,
    LIVE_ID,
    PLAIN_ID,
    TYPES,
    TYPES_ID,
    TYPES_SEMANTIC_ID,
    encoded,
    external,
)
from tests.api.results import refused

FAR_ID = "urn:far:sm"
FAR = encode_identifier(FAR_ID)
ROOT = f"{API}/submodel-descriptors"


def far(identifier: str = FAR_ID, **more: Any) -> dict[str, Any]:
    information = {"href": "https://far.example/submodels/x"}
    endpoint = {"interface": "SUBMODEL-3.0", "protocolInformation": information}
    return {"id": identifier, "endpoints": [endpoint], **more}


async def test_every_own_submodel_is_registered_beside_the_foreign_ones(
    client: httpx.AsyncClient, get: Get
):
    await client.post(ROOT, json=far())
    first = await get("/submodel-descriptors", limit=2)
    rest = await get("/submodel-descriptors", cursor=first["paging_metadata"]["cursor"])
    listed = [each["id"] for each in first["result"] + rest["result"]]
    assert listed == [TYPES_ID, LIVE_ID, PLAIN_ID, FAR_ID]


async def test_a_descriptor_of_an_own_submodel_leads_to_it(client: httpx.AsyncClient, get: Get):
    descriptor = await get(f"/submodel-descriptors/{TYPES}")
    assert descriptor["semanticId"] == external(TYPES_SEMANTIC_ID)
    assert "submodelElements" not in descriptor
    href = descriptor["endpoints"][0]["protocolInformation"]["href"]
    assert (await client.get(href)).json()["id"] == TYPES_ID


async def test_descriptors_are_found_by_what_they_mean(client: httpx.AsyncClient, get: Get):
    await client.post(ROOT, json=far(semanticId=external(TYPES_SEMANTIC_ID)))
    page = await get("/submodel-descriptors", semanticId=encoded(external(TYPES_SEMANTIC_ID)))
    assert [each["id"] for each in page["result"]] == [TYPES_ID, FAR_ID]


async def test_a_foreign_submodel_is_registered_changed_and_forgotten(client: httpx.AsyncClient):
    posted = await client.post(ROOT, json=far())
    assert (posted.status_code, posted.headers["location"]) == (201, f"{ROOT}/{FAR}")
    assert posted.json() == far()
    changed = await client.put(f"{ROOT}/{FAR}", json=far(idShort="Changed"))
    assert changed.status_code == 204
    read = await client.get(f"{ROOT}/{FAR}")
    assert read.json() == far(idShort="Changed")
    assert read.headers["etag"] == changed.headers["etag"] != posted.headers["etag"]
    assert (await client.delete(f"{ROOT}/{FAR}")).status_code == 204
    refused(await client.get(f"{ROOT}/{FAR}"), 404)
    made = await client.put(f"{ROOT}/{FAR}", json=far())
    assert (made.status_code, made.headers["location"]) == (201, f"{ROOT}/{FAR}")


async def test_endpoints_are_required(client: httpx.AsyncClient):
    for wrong in ({"id": FAR_ID}, {"id": FAR_ID, "endpoints": []}):
        assert "endpoints" in refused(await client.post(ROOT, json=wrong), 400)


async def test_what_is_the_server_s_own_is_not_written(client: httpx.AsyncClient):
    refused(await client.post(ROOT, json=far(TYPES_ID)), 409)
    refused(await client.put(f"{ROOT}/{TYPES}", json=far(TYPES_ID)), 403)
    refused(await client.delete(f"{ROOT}/{TYPES}"), 403)

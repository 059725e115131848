from __future__ import annotations

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from tests.api.conftest import Get
from tests.api.documents import (
    API,
    CONCEPT,
    CONCEPT_DESCRIPTION,
    GLOBAL_ASSET_ID,
    LIVE,
    LIVE_ID,
    LONE_SHELL,
    LONE_SHELL_DOCUMENT,
    LONE_SHELL_ID,
    PLAIN,
    SHELL,
    SHELL_DOCUMENT,
    SHELL_ID,
    TYPES,
    TYPES_ID,
    encoded,
    external,
    to_submodel,
)
from tests.api.results import refused


async def test_shells_come_as_they_were_written_and_in_order(get: Get):
    page = await get("/shells")
    assert page == {"paging_metadata": {}, "result": [SHELL_DOCUMENT, LONE_SHELL_DOCUMENT]}


async def test_shells_come_page_by_page(get: Get):
    first = await get("/shells", limit=1)
    second = await get("/shells", limit=1, cursor=first["paging_metadata"]["cursor"])
    assert [each["id"] for each in first["result"] + second["result"]] == [SHELL_ID, LONE_SHELL_ID]
    assert second["paging_metadata"] == {}


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([("globalAssetId", GLOBAL_ASSET_ID)], [SHELL_ID]),
        ([("serialNumber", "4711")], [SHELL_ID, LONE_SHELL_ID]),
        ([("serialNumber", "4711"), ("line", "north, east")], [SHELL_ID]),
        ([("serialNumber", "4712")], []),
    ],
)
async def test_shells_are_found_by_all_their_asset_ids(get: Get, pairs, found):
    values = [encoded({"name": name, "value": value}) for name, value in pairs]
    page = await get("/shells", assetIds=values)
    assert [each["id"] for each in page["result"]] == found


async def test_shells_are_found_by_id_short(get: Get):
    assert [each["id"] for each in (await get("/shells", idShort="Lone"))["result"]] == [
        LONE_SHELL_ID
    ]
    assert (await get("/shells", idShort="lone"))["result"] == []


async def test_shells_are_given_as_references(get: Get):
    page = await get("/shells/$reference", idShort="Press4", level="core")
    keys = [{"type": "AssetAdministrationShell", "value": SHELL_ID}]
    assert page["result"] == [{"type": "ModelReference", "keys": keys}]
    assert await get(f"/shells/{SHELL}/$reference") == page["result"][0]


async def test_one_shell_is_given_byte_for_byte(client: httpx.AsyncClient, filled):
    response = await client.get(f"{API}/shells/{SHELL}")
    assert response.content == (await filled.shells.get(SHELL_ID)).stored.body
    assert await get_twice(client, f"{API}/shells/{SHELL}=") == response.content
    assert await get_twice(client, f"{API}/shells/{SHELL}/") == response.content


async def get_twice(client: httpx.AsyncClient, path: str) -> bytes:
    bodies = {(await client.get(path)).content for _ in range(2)}
    assert len(bodies) == 1
    return bodies.pop()


async def test_a_shell_shows_its_asset_and_its_references(get: Get):
    assert await get(f"/shells/{SHELL}/asset-information") == SHELL_DOCUMENT["assetInformation"]
    references = SHELL_DOCUMENT["submodels"]
    assert (await get(f"/shells/{SHELL}/submodel-refs"))["result"] == references
    first = await get(f"/shells/{SHELL}/submodel-refs", limit=2)
    rest = await get(
        f"/shells/{SHELL}/submodel-refs", limit=2, cursor=first["paging_metadata"]["cursor"]
    )
    assert first["result"] + rest["result"] == references
    assert rest["paging_metadata"] == {}
    empty = await get(f"/shells/{LONE_SHELL}/submodel-refs")
    assert empty == {"paging_metadata": {}, "result": []}


@pytest.mark.parametrize(
    "suffix",
    [
        "",
        "/$metadata",
        "/$value",
        "/$reference",
        "/$path",
        "/submodel-elements",
        "/submodel-elements/$metadata",
        "/submodel-elements/$value",
        "/submodel-elements/$reference",
        "/submodel-elements/$path",
        "/submodel-elements/Group",
        "/submodel-elements/Group/$metadata",
        "/submodel-elements/Group/$value",
        "/submodel-elements/Group/$reference",
        "/submodel-elements/Group/$path",
    ],
)
async def test_a_submodel_looks_the_same_through_its_shell(client: httpx.AsyncClient, suffix):
    direct = await client.get(f"{API}/submodels/{TYPES}{suffix}")
    through = await client.get(f"{API}/shells/{SHELL}/submodels/{TYPES}{suffix}")
    assert through.status_code == direct.status_code == 200
    assert through.content == direct.content


@pytest.mark.parametrize(
    "path",
    [
        f"/shells/{SHELL}/submodels/{PLAIN}",
        f"/shells/{LONE_SHELL}/submodels/{TYPES}/submodel-elements/Group/$value",
        f"/shells/{SHELL}/submodels/{encode_identifier('urn:example:sm:elsewhere')}",
        f"/shells/{PLAIN}/submodels/{TYPES}",
    ],
)
async def test_a_submodel_that_the_shell_does_not_have_is_not_found(client, path):
    refused(await client.get(API + path), 404)


async def test_the_path_through_a_shell_writes_as_the_direct_one_does(client, get):
    url = f"{API}/shells/{SHELL}/submodels/{LIVE}/submodel-elements/Fixed/$value"
    assert (await client.patch(url, json=9.5)).status_code == 204
    assert await get(f"/submodels/{LIVE}/submodel-elements/Fixed/$value") == 9.5
    refused(await client.patch(url.replace(SHELL, LONE_SHELL), json=1.5), 404)
    assert await get(f"/submodels/{LIVE}/submodel-elements/Fixed/$value") == 9.5
    assert LIVE_ID in str(SHELL_DOCUMENT)
    assert to_submodel(TYPES_ID) in SHELL_DOCUMENT["submodels"]


async def test_concept_descriptions_are_listed_found_and_read(client, get):
    page = {"paging_metadata": {}, "result": [CONCEPT_DESCRIPTION]}
    assert await get("/concept-descriptions") == page
    assert await get(f"/concept-descriptions/{CONCEPT}") == CONCEPT_DESCRIPTION
    case = encoded(external("urn:example:case", "urn:example:fragment"))
    specification = encoded(external("urn:example:iec61360"))
    assert await get("/concept-descriptions", isCaseOf=case) == page
    assert await get("/concept-descriptions", dataSpecificationRef=specification) == page
    assert await get("/concept-descriptions", idShort="Temperature", isCaseOf=case) == page
    nothing = {"paging_metadata": {}, "result": []}
    assert await get("/concept-descriptions", isCaseOf=specification) == nothing
    assert await get("/concept-descriptions", dataSpecificationRef=case) == nothing
    refused(await client.get(f"{API}/concept-descriptions/{TYPES}"), 404)

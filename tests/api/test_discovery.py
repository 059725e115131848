from __future__ import annotations

from typing import Any

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from tests.api.conftest import Get
from tests.api.documents import (
    API,
    GLOBAL_ASSET_ID,
    LONE_SHELL_ID,
    SHELL,
    SHELL_ID,
    encoded,
)
from tests.api.results import refused

FAR_ID = "urn:far"
FAR = encode_identifier(FAR_ID)
LOOKUP = f"{API}/lookup/shells"
SEARCH = f"{API}/lookup/shellsByAssetLink"

SERIAL = {"name": "serialNumber", "value": "4711"}
LINE = {"name": "line", "value": "north, east"}


@pytest.mark.parametrize(
    "values",
    [
        [encoded(SERIAL), encoded(LINE)],
        [encoded([SERIAL, LINE])],
        [f"{encoded(SERIAL)},{encoded(LINE)}"],
        [
            encoded({**SERIAL, "semanticId": None}) + "=" * (-len(encoded(SERIAL)) % 4),
            encoded(LINE),
        ],
    ],
)
async def test_shells_are_found_by_asset_ids_in_every_spelling(get: Get, values):
    page = await get("/lookup/shells", assetIds=values)
    assert page == {"paging_metadata": {}, "result": [SHELL_ID]}


@pytest.mark.parametrize("name", ["globalAssetId", "GLOBALASSETID"])
async def test_the_global_asset_id_is_one_of_them(client: httpx.AsyncClient, get: Get, name: str):
    link = {"name": name, "value": GLOBAL_ASSET_ID}
    assert (await get("/lookup/shells", assetIds=encoded(link)))["result"] == [SHELL_ID]
    assert (await client.post(SEARCH, json=[link])).json()["result"] == [SHELL_ID]


async def test_ids_come_page_by_page(client: httpx.AsyncClient, get: Get):
    first = await get("/lookup/shells", assetIds=encoded(SERIAL), limit=1)
    cursor = first["paging_metadata"]["cursor"]
    assert first["result"] == [SHELL_ID]
    rest = await get("/lookup/shells", assetIds=encoded(SERIAL), cursor=cursor)
    assert rest == {"paging_metadata": {}, "result": [LONE_SHELL_ID]}
    searched = await client.post(f"{SEARCH}?limit=1", json=[SERIAL])
    assert searched.json() == first


async def test_without_a_link_every_shell_is_given(client: httpx.AsyncClient, get: Get):
    assert (await get("/lookup/shells"))["result"] == [SHELL_ID, LONE_SHELL_ID]
    assert (await client.post(SEARCH, json=[])).json()["result"] == [SHELL_ID, LONE_SHELL_ID]


async def test_the_links_of_an_own_shell_are_those_of_its_asset(get: Get):
    assert await get(f"/lookup/shells/{SHELL}") == [
        {"name": "globalAssetId", "value": GLOBAL_ASSET_ID},
        SERIAL,
        LINE,
    ]


async def test_links_are_stored_replaced_and_forgotten(client: httpx.AsyncClient, get: Get):
    posted = await client.post(f"{LOOKUP}/{FAR}", json=[SERIAL, LINE])
    assert (posted.status_code, posted.json()) == (201, [SERIAL, LINE])
    assert posted.headers["location"] == f"{LOOKUP}/{FAR}"
    assert await get(f"/lookup/shells/{FAR}") == [SERIAL, LINE]
    found = await client.post(SEARCH, json=[LINE, SERIAL])
    assert found.json()["result"] == [SHELL_ID, FAR_ID]
    assert (await client.post(f"{LOOKUP}/{FAR}", json=[SERIAL])).status_code == 201
    assert await get(f"/lookup/shells/{FAR}") == [SERIAL]
    assert (await client.delete(f"{LOOKUP}/{FAR}")).status_code == 204
    refused(await client.get(f"{LOOKUP}/{FAR}"), 404)
    refused(await client.delete(f"{LOOKUP}/{FAR}"), 404)


async def test_one_link_alone_is_taken_as_a_list(client: httpx.AsyncClient, get: Get):
    assert (await client.post(f"{LOOKUP}/{FAR}", json=SERIAL)).json() == [SERIAL]
    assert await get(f"/lookup/shells/{FAR}") == [SERIAL]


async def test_stored_links_stand_beside_those_of_an_own_shell(client: httpx.AsyncClient, get: Get):
    more = {"name": "customer", "value": "7"}
    await client.post(f"{LOOKUP}/{SHELL}", json=[more, SERIAL])
    assert (await get(f"/lookup/shells/{SHELL}"))[-1] == more
    assert (await client.post(SEARCH, json=[more, LINE])).json()["result"] == [SHELL_ID]
    assert (await client.delete(f"{LOOKUP}/{SHELL}")).status_code == 204
    assert (await client.post(SEARCH, json=[more])).json()["result"] == []
    assert "of the shell" in refused(await client.delete(f"{LOOKUP}/{SHELL}"), 404)


@pytest.mark.parametrize(
    "value", ["%25", encoded("no json"), encoded([5]), encoded({"name": "a"}), "eA=", ""]
)
async def test_asset_ids_that_are_malformed_are_named(client: httpx.AsyncClient, value: str):
    assert "assetIds" in refused(await client.get(f"{LOOKUP}?assetIds={value}"), 400)


@pytest.mark.parametrize(
    "body",
    [5, "a", None, [5], [{"name": "a"}], [{"name": "", "value": "b"}], [{"name": 1, "value": "b"}]],
)
async def test_links_that_are_malformed_are_refused(client: httpx.AsyncClient, body: Any):
    for address in (SEARCH, f"{LOOKUP}/{FAR}"):
        response = await client.post(address, json=body)
        assert response.status_code == 400, response.text
        assert response.json()["messages"]
    refused(await client.get(f"{LOOKUP}/{FAR}"), 404)


async def test_a_global_asset_id_with_a_subject_is_refused(client: httpx.AsyncClient):
    keys = [{"type": "GlobalReference", "value": "urn:me"}]
    subject = {"type": "ExternalReference", "keys": keys}
    link = {"name": "globalAssetId", "value": "urn:a", "externalSubjectId": subject}
    assert "externalSubjectId" in refused(await client.post(f"{LOOKUP}/{FAR}", json=[link]), 400)


async def test_a_shell_that_nobody_knows_has_no_links(client: httpx.AsyncClient):
    assert FAR_ID in refused(await client.get(f"{LOOKUP}/{FAR}"), 404)
    assert "aasIdentifier" in refused(await client.get(f"{LOOKUP}/$"), 400)

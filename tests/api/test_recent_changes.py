from __future__ import annotations

from typing import Any

import httpx
import pytest

from aas_server.clock import to_iso
from tests.api.conftest import Get
from tests.api.documents import (
    API,
    CONCEPT_ID,
    GLOBAL_ASSET_ID,
    LIVE,
    LIVE_ID,
    LONE_SHELL,
    LONE_SHELL_ID,
    PLAIN_ID,
    SHELL_ID,
    TYPES_ID,
    TYPES_SEMANTIC_ID,
    encoded,
    external,
)
from tests.api.results import refused
from tests.support.clock import FakeClock


async def test_changes_are_told_without_the_content(get: Get, clock: FakeClock):
    times = {"createdAt": to_iso(clock.now()), "updatedAt": to_iso(clock.now())}
    shells = (await get("/shells/$recent-changes"))["result"]
    assert shells[0] == {
        "id": SHELL_ID,
        **times,
        "globalAssetId": GLOBAL_ASSET_ID,
        "specificAssetIds": [
            {"name": "serialNumber", "value": "4711"},
            {"name": "line", "value": "north, east"},
        ],
    }
    submodels = (await get("/submodels/$recent-changes"))["result"]
    assert [each["id"] for each in submodels] == [TYPES_ID, LIVE_ID, PLAIN_ID]
    assert submodels[0]["semanticId"] == external(TYPES_SEMANTIC_ID)
    assert submodels[1] == {"id": LIVE_ID, **times}
    assert (await get("/concept-descriptions/$recent-changes"))["result"] == [
        {"id": CONCEPT_ID, **times}
    ]


async def test_only_what_was_created_or_changed_since_is_told(
    client: httpx.AsyncClient, get: Get, clock: FakeClock
):
    clock.advance(60)
    since = to_iso(clock.now())
    shell = await get(f"/shells/{LONE_SHELL}")
    await client.put(f"{API}/shells/{LONE_SHELL}", json={**shell, "idShort": "Changed"})
    new = {**shell, "id": "urn:new"}
    assert (await client.post(f"{API}/shells", json=new)).status_code == 201

    async def ids(**wanted: Any) -> list[str]:
        return [each["id"] for each in (await get("/shells/$recent-changes", **wanted))["result"]]

    assert await ids(updatedFrom=since) == [LONE_SHELL_ID, "urn:new"]
    assert await ids(createdFrom=since) == ["urn:new"]
    clock.advance(1)
    assert await ids(updatedFrom=to_iso(clock.now())) == []


async def test_a_changed_element_is_a_change_of_its_submodel(
    client: httpx.AsyncClient, get: Get, clock: FakeClock
):
    clock.advance(60)
    since = to_iso(clock.now())
    address = f"{API}/submodels/{LIVE}/submodel-elements/Fixed/$value"
    assert (await client.patch(address, json=4.5)).status_code == 204
    (changed,) = (await get("/submodels/$recent-changes", updatedFrom=since))["result"]
    assert (changed["id"], changed["updatedAt"]) == (LIVE_ID, since)
    assert changed["createdAt"] < since


async def test_changes_come_page_by_page_and_filtered(get: Get):
    first = await get("/submodels/$recent-changes", limit=2)
    rest = await get("/submodels/$recent-changes", cursor=first["paging_metadata"]["cursor"])
    assert [each["id"] for each in rest["result"]] == [PLAIN_ID]
    wanted = encoded({"name": "line", "value": "north, east"})
    shells = await get("/shells/$recent-changes", assetIds=wanted)
    assert [each["id"] for each in shells["result"]] == [SHELL_ID]
    meaning = encoded(external(TYPES_SEMANTIC_ID))
    submodels = await get("/submodels/$recent-changes", semanticId=meaning)
    assert [each["id"] for each in submodels["result"]] == [TYPES_ID]


async def test_descriptors_are_told_as_a_whole_with_their_times(
    client: httpx.AsyncClient, get: Get, clock: FakeClock
):
    clock.advance(60)
    far = {"id": "urn:far", "assetKind": "Type"}
    await client.post(f"{API}/shell-descriptors", json=far)
    times = {"createdAt": to_iso(clock.now()), "updatedAt": to_iso(clock.now())}
    everything = (await get("/shell-descriptors/$recent-changes"))["result"]
    assert [each["id"] for each in everything] == [SHELL_ID, LONE_SHELL_ID, "urn:far"]
    assert everything[0]["endpoints"]
    since = {"createdFrom": times["createdAt"]}
    page = await get("/shell-descriptors/$recent-changes", **since, assetKind="Type")
    assert page["result"] == [{**far, **times}]


@pytest.mark.parametrize(
    "resource", ["shells", "submodels", "concept-descriptions", "shell-descriptors"]
)
@pytest.mark.parametrize("name", ["createdFrom", "updatedFrom"])
async def test_a_time_that_is_none_is_named(client: httpx.AsyncClient, resource: str, name: str):
    response = await client.get(f"{API}/{resource}/$recent-changes", params={name: "2026-13-01"})
    assert name in refused(response, 400)

"""Writing submodel elements over HTTP (IDTA-01002, write semantics)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.tree import Node
from tests.api.documents import API, SHELL, TYPES, element, number
from tests.api.results import refused

NEW_ID = "urn:example:new"
NEW = encode_identifier(NEW_ID)
HOMES = (f"{API}/submodels/{TYPES}", f"{API}/shells/{SHELL}/submodels/{TYPES}")
URL = f"{API}/submodels/{TYPES}/submodel-elements"


def item(value: str) -> Node:
    return {"modelType": "Property", "valueType": "xs:int", "value": value}


async def read(client: httpx.AsyncClient, path: str) -> Any:
    response = await client.get(f"{URL}/{path}")
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("home", HOMES)
async def test_an_element_is_added_at_the_end_and_found_where_location_says(
    client: httpx.AsyncClient, home: str
) -> None:
    added = number("Added", "1.50")
    response = await client.post(f"{home}/submodel-elements", json=added)
    assert response.status_code == 201
    assert response.json() == added
    assert response.headers["location"] == f"{home}/submodel-elements/Added"
    found = await client.get(response.headers["location"])
    assert found.json() == added
    assert found.headers["etag"] == response.headers["etag"]
    submodel = (await client.get(home)).json()
    assert submodel["submodelElements"][-1] == added
    refused(await client.post(f"{home}/submodel-elements", json=added), 409)


async def test_an_element_is_added_to_every_kind_of_container(client: httpx.AsyncClient) -> None:
    for parent in ("Group", "Group.Deeper", "Part", "Annotated"):
        response = await client.post(f"{URL}/{parent}", json=number("Added", "1"))
        assert response.status_code == 201, response.text
        assert response.headers["location"] == f"{URL}/{parent}.Added"
        assert await read(client, f"{parent}.Added") == number("Added", "1")


async def test_an_item_is_appended_to_a_list_also_beyond_nine(client: httpx.AsyncClient) -> None:
    response = await client.post(f"{URL}/Items[11]", json=item("7"))
    assert response.status_code == 201
    assert response.headers["location"] == f"{URL}/Items%5B11%5D%5B12%5D"
    assert await read(client, "Items[11][12]") == item("7")
    assert (await client.get(response.headers["location"])).json() == item("7")


@pytest.mark.parametrize(
    ("path", "body", "status", "names"),
    [
        ("Number", number("Added", "1"), 400, "Property"),
        ("Missing", number("Added", "1"), 404, "Missing"),
        ("Group", item("1"), 400, "idShort"),
        ("Group", element("Submodel", "Added", id="urn:x"), 400, "modelType"),
        ("Group", number("Added", "warm"), 400, "value"),
        ("Items[0]", number("Added", "1"), 400, "AASd-10"),
        ("Group", 5, 400, ""),
        ("Group", [], 400, ""),
        ("Group..x", number("Added", "1"), 400, "idShortPath"),
    ],
)
async def test_what_cannot_be_added_says_why_and_changes_nothing(
    client: httpx.AsyncClient, path: str, body: Any, status: int, names: str
) -> None:
    before = (await client.get(f"{API}/submodels/{TYPES}")).json()
    assert names in refused(await client.post(f"{URL}/{path}", json=body), status)
    assert (await client.get(f"{API}/submodels/{TYPES}")).json() == before


async def test_put_creates_then_replaces_in_place(client: httpx.AsyncClient) -> None:
    url = f"{URL}/Group.Second"
    created = await client.put(url, json=number("Second", "1"))
    assert created.status_code == 201
    assert created.headers["location"] == url
    replaced = await client.put(f"{URL}/Group.Inside", json=number("Inside", "9"))
    assert (replaced.status_code, replaced.content) == (204, b"")
    names = [each["idShort"] for each in (await read(client, "Group"))["value"]]
    assert names == ["Inside", "Deeper", "Second"]
    assert (await read(client, "Group.Inside"))["value"] == "9"


async def test_put_at_the_end_of_a_list_appends_and_behind_it_is_not_found(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.put(f"{URL}/Items[0][12]", json=item("5"))).status_code == 201
    assert (await client.put(f"{URL}/Items[0][12]", json=item("6"))).status_code == 204
    refused(await client.put(f"{URL}/Items[0][14]", json=item("7")), 404)
    refused(await client.put(f"{URL}/Missing.Child", json=number("Child", "7")), 404)
    refused(await client.put(f"{URL}/Group.Inside", json=number("Other", "7")), 400)


async def test_a_deleted_item_lets_the_later_ones_move_up(client: httpx.AsyncClient) -> None:
    third = await read(client, "Items[1][2]")
    assert (await client.delete(f"{URL}/Items[1][1]")).status_code == 204
    assert await read(client, "Items[1][1]") == third
    assert (await client.delete(f"{URL}/Group.Deeper")).status_code == 204
    refused(await client.delete(f"{URL}/Group.Deeper"), 404)


async def test_the_last_child_takes_the_empty_array_with_it(client: httpx.AsyncClient) -> None:
    await client.delete(f"{URL}/Part.Mass")
    assert "statements" not in await read(client, "Part")


async def test_an_element_is_patched_in_what_is_named(client: httpx.AsyncClient) -> None:
    before = await read(client, "Span")
    patch = {"modelType": "Range", "max": "20"}
    assert (await client.patch(f"{URL}/Span", json=patch)).status_code == 204
    assert await read(client, "Span") == {**before, "max": "20"}
    children = {
        "modelType": "SubmodelElementCollection",
        "value": [{"modelType": "Property", "idShort": "Inside", "value": "8.0"}],
    }
    assert (await client.patch(f"{URL}/Group", json=children)).status_code == 204
    group = await read(client, "Group")
    assert [each["idShort"] for each in group["value"]] == ["Inside", "Deeper"]
    assert group["value"][0]["value"] == "8.0"


async def test_metadata_is_patched_and_values_stay(client: httpx.AsyncClient) -> None:
    patch = {"modelType": "Property", "category": "VARIABLE"}
    assert (await client.patch(f"{URL}/Number/$metadata", json=patch)).status_code == 204
    assert await read(client, "Number") == {**number("Number", "42.5"), "category": "VARIABLE"}
    refused(await client.patch(f"{URL}/Number/$metadata", json={**patch, "value": "1"}), 400)
    refused(await client.patch(f"{URL}/Pressing/$metadata", json={"modelType": "Capability"}), 400)


@pytest.mark.parametrize(
    ("path", "patch"),
    [
        ("Span", {"modelType": "Property", "max": "20"}),
        ("Span", {"modelType": "Range", "max": "wide"}),
        ("Span", {"modelType": "Range", "idShort": "Other"}),
        ("Items[0]", {"modelType": "SubmodelElementList", "value": [item("1")] * 13}),
        (
            "Group",
            {
                "modelType": "SubmodelElementCollection",
                "value": [{"modelType": "Property", "idShort": "Missing"}],
            },
        ),
    ],
)
async def test_a_patch_that_does_not_fit_changes_nothing(
    client: httpx.AsyncClient, path: str, patch: Node
) -> None:
    before = (await client.get(f"{API}/submodels/{TYPES}")).json()
    refused(await client.patch(f"{URL}/{path}", json=patch), 400)
    assert (await client.get(f"{API}/submodels/{TYPES}")).json() == before


async def test_a_patch_of_what_is_missing_is_not_found(client: httpx.AsyncClient) -> None:
    for suffix in ("", "/$metadata", "/$value"):
        response = await client.patch(f"{URL}/Missing{suffix}", json={"modelType": "Property"})
        refused(response, 404)


async def test_conditions_look_at_the_element_alone(client: httpx.AsyncClient) -> None:
    url = f"{URL}/Number"
    tag = (await client.get(url)).headers["etag"]
    assert (await client.get(f"{url}/$value")).headers["etag"] == tag
    await client.patch(f"{URL}/Name/$value", json="another element")
    first = {"if-match": tag}
    assert (await client.patch(f"{url}/$value", json=1, headers=first)).status_code == 204
    refused(await client.patch(f"{url}/$value", json=2, headers=first), 412)
    refused(await client.put(url, json=number("Number", "3"), headers=first), 412)
    refused(await client.delete(url, headers=first), 412)
    refused(await client.put(url, json=number("Number", "3"), headers={"if-none-match": "*"}), 412)
    assert (await read(client, "Number"))["value"] == "1.0"
    current = {"if-match": (await client.get(url)).headers["etag"]}
    assert (await client.delete(url, headers=current)).status_code == 204


async def test_the_order_is_the_order_of_posting(client: httpx.AsyncClient) -> None:
    names = ["Zulu", "Alpha", "Mike"]
    await client.post(f"{API}/submodels", json={"modelType": "Submodel", "id": NEW_ID})
    for name in names:
        await client.post(f"{API}/submodels/{NEW}/submodel-elements", json=number(name, "1"))
    paths = (await client.get(f"{API}/submodels/{NEW}/$path")).json()
    assert paths == names

"""Writing shells, submodels and concept descriptions over HTTP (IDTA-01002, write semantics)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.tree import Node
from tests.api.documents import API, LIVE_ID, PLAIN, PLAIN_ID, SHELL, to_submodel
from tests.api.results import refused

NEW_ID = "urn:example:new"
NEW = encode_identifier(NEW_ID)

DOCUMENTS: dict[str, Node] = {
    "shells": {
        "modelType": "AssetAdministrationShell",
        "id": NEW_ID,
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:example:asset:new"},
    },
    "submodels": {
        "modelType": "Submodel",
        "id": NEW_ID,
        "submodelElements": [
            {"modelType": "Property", "idShort": "P2", "valueType": "xs:int", "value": "007"},
            {"modelType": "Property", "idShort": "P1", "valueType": "xs:int", "value": "1"},
        ],
    },
    "concept-descriptions": {"modelType": "ConceptDescription", "id": NEW_ID},
}
KINDS = pytest.mark.parametrize("kind", list(DOCUMENTS))


@KINDS
async def test_what_is_posted_is_created_once_and_read_as_it_was_sent(
    client: httpx.AsyncClient, kind: str
) -> None:
    document = DOCUMENTS[kind]
    response = await client.post(f"{API}/{kind}", json=document)
    assert response.status_code == 201
    assert response.json() == document
    assert response.headers["location"] == f"{API}/{kind}/{NEW}"
    read = await client.get(response.headers["location"])
    assert read.json() == document
    assert list(read.json()) == list(document)
    assert read.headers["etag"] == response.headers["etag"]
    assert "already" in refused(await client.post(f"{API}/{kind}", json=document), 409)


@KINDS
async def test_put_creates_and_then_replaces(client: httpx.AsyncClient, kind: str) -> None:
    url = f"{API}/{kind}/{NEW}"
    created = await client.put(url, json=DOCUMENTS[kind])
    assert created.status_code == 201
    assert created.headers["location"] == url
    assert created.json() == DOCUMENTS[kind]
    changed = {**DOCUMENTS[kind], "idShort": "Changed"}
    replaced = await client.put(url, json=changed)
    assert (replaced.status_code, replaced.content) == (204, b"")
    assert replaced.headers["etag"] != created.headers["etag"]
    assert (await client.get(url)).json() == changed


@KINDS
async def test_put_at_another_id_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    other = encode_identifier("urn:example:other")
    text = refused(await client.put(f"{API}/{kind}/{other}", json=DOCUMENTS[kind]), 400)
    assert NEW_ID in text
    assert "urn:example:other" in text


@KINDS
async def test_what_is_deleted_is_gone(client: httpx.AsyncClient, kind: str) -> None:
    url = f"{API}/{kind}/{NEW}"
    refused(await client.delete(url), 404)
    await client.put(url, json=DOCUMENTS[kind])
    deleted = await client.delete(url)
    assert (deleted.status_code, deleted.content) == (204, b"")
    refused(await client.get(url), 404)
    refused(await client.delete(url), 404)


@KINDS
async def test_a_broken_document_is_refused_with_every_place(
    client: httpx.AsyncClient, kind: str
) -> None:
    broken = {**DOCUMENTS[kind], "idShort": "1 wrong", "administration": {"revision": "1"}}
    response = await client.post(f"{API}/{kind}", json=broken)
    assert response.status_code == 400
    texts = [message["text"] for message in response.json()["messages"]]
    assert any("idShort" in text for text in texts)
    assert any("administration" in text for text in texts)
    refused(await client.get(f"{API}/{kind}/{NEW}"), 404)


@KINDS
async def test_conditions_are_honoured_before_anything_changes(
    client: httpx.AsyncClient, kind: str
) -> None:
    url = f"{API}/{kind}/{NEW}"
    missing = await client.put(url, json=DOCUMENTS[kind], headers={"if-match": "*"})
    refused(missing, 412)
    only_new = {"if-none-match": "*"}
    created = await client.put(url, json=DOCUMENTS[kind], headers=only_new)
    assert created.status_code == 201
    refused(await client.put(url, json=DOCUMENTS[kind], headers=only_new), 412)
    first = {"if-match": created.headers["etag"]}
    assert (await client.put(url, json=DOCUMENTS[kind], headers=first)).status_code == 204
    refused(await client.put(url, json=DOCUMENTS[kind], headers=first), 412)
    refused(await client.delete(url, headers=first), 412)
    current = (await client.get(url)).headers["etag"]
    assert (await client.delete(url, headers={"if-match": current})).status_code == 204


async def test_asset_information_is_replaced_and_checked(client: httpx.AsyncClient) -> None:
    url = f"{API}/shells/{SHELL}/asset-information"
    asset = {"assetKind": "Type", "globalAssetId": "urn:example:asset:other"}
    assert (await client.put(url, json=asset)).status_code == 204
    assert (await client.get(url)).json() == asset
    refused(await client.put(url, json={"assetKind": "Nothing"}), 400)
    assert (await client.get(url)).json() == asset


async def test_references_to_submodels_come_and_go(client: httpx.AsyncClient) -> None:
    url = f"{API}/shells/{SHELL}/submodel-refs"
    reference = to_submodel(NEW_ID)
    created = await client.post(url, json=reference)
    assert created.status_code == 201
    assert created.json() == reference
    assert created.headers["location"] == f"{url}/{NEW}"
    refused(await client.post(url, json=reference), 409)
    assert reference in (await client.get(url)).json()["result"]
    assert (await client.delete(f"{url}/{NEW}")).status_code == 204
    refused(await client.delete(f"{url}/{NEW}"), 404)


async def test_the_last_reference_takes_the_empty_array_with_it(client: httpx.AsyncClient) -> None:
    await client.put(f"{API}/shells/{NEW}", json=DOCUMENTS["shells"])
    await client.post(f"{API}/shells/{NEW}/submodel-refs", json=to_submodel(NEW_ID))
    await client.delete(f"{API}/shells/{NEW}/submodel-refs/{NEW}")
    assert (await client.get(f"{API}/shells/{NEW}")).json() == DOCUMENTS["shells"]


async def test_a_submodel_put_through_a_shell_is_referred_to_by_it(
    client: httpx.AsyncClient,
) -> None:
    url = f"{API}/shells/{SHELL}/submodels/{NEW}"
    refused(await client.put(url.replace(SHELL, NEW), json=DOCUMENTS["submodels"]), 404)
    created = await client.put(url, json=DOCUMENTS["submodels"])
    assert created.status_code == 201
    assert created.headers["location"] == url
    assert (await client.get(url)).json() == DOCUMENTS["submodels"]
    assert (await client.put(url, json=DOCUMENTS["submodels"])).status_code == 204
    references = (await client.get(f"{API}/shells/{SHELL}/submodel-refs")).json()["result"]
    assert references.count(to_submodel(NEW_ID)) == 1


async def test_a_submodel_deleted_through_a_shell_goes_with_its_reference(
    client: httpx.AsyncClient,
) -> None:
    url = f"{API}/shells/{SHELL}/submodels/{NEW}"
    await client.put(url, json=DOCUMENTS["submodels"])
    assert (await client.delete(url)).status_code == 204
    refused(await client.get(f"{API}/submodels/{NEW}"), 404)
    references = (await client.get(f"{API}/shells/{SHELL}/submodel-refs")).json()["result"]
    assert to_submodel(NEW_ID) not in references


async def test_a_shell_leaves_its_submodels_when_it_is_deleted(client: httpx.AsyncClient) -> None:
    await client.put(f"{API}/shells/{SHELL}/submodels/{NEW}", json=DOCUMENTS["submodels"])
    assert (await client.delete(f"{API}/shells/{SHELL}")).status_code == 204
    assert (await client.get(f"{API}/submodels/{NEW}")).status_code == 200


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"idShort": "Renamed"}, {"idShort": "Renamed"}),
        ({"category": "PARAMETER"}, {"category": "PARAMETER"}),
    ],
)
async def test_a_submodel_is_patched_in_what_is_named(
    client: httpx.AsyncClient, patch: Node, expected: Node
) -> None:
    url = f"{API}/submodels/{NEW}"
    await client.put(url, json=DOCUMENTS["submodels"])
    for suffix in ("", "/$metadata"):
        body = {"modelType": "Submodel", "id": NEW_ID, **patch}
        assert (await client.patch(url + suffix, json=body)).status_code == 204
        assert (await client.get(url)).json() == DOCUMENTS["submodels"] | expected


async def test_values_of_a_whole_submodel_are_patched_all_or_none(
    client: httpx.AsyncClient,
) -> None:
    url = f"{API}/submodels/{NEW}"
    await client.put(url, json=DOCUMENTS["submodels"])
    assert (await client.patch(f"{url}/$value", json={"P1": 5})).status_code == 204
    assert (await client.get(f"{url}/$value")).json() == {"P2": 7, "P1": 5}
    for wrong in ({"P1": 6, "P2": "x"}, {"P1": 6, "Missing": 1}, [1], 5):
        refused(await client.patch(f"{url}/$value", json=wrong), 400)
    assert (await client.get(f"{url}/$value")).json() == {"P2": 7, "P1": 5}
    text = (await client.get(url)).json()["submodelElements"][0]["value"]
    assert text == "007"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_is_not_there_is_not_patched_into_being(
    client: httpx.AsyncClient, method: str
) -> None:
    for suffix in ("", "/$metadata", "/$value"):
        if method == "PUT" and suffix:
            continue
        url = f"{API}/submodels/{NEW}{suffix}"
        body: Any = {} if suffix == "/$value" else {"modelType": "Submodel", "id": "urn:x"}
        response = await client.request(method, url, json=body)
        assert response.status_code in (400, 404)
    refused(await client.get(f"{API}/submodels/{NEW}"), 404)


async def test_documents_are_listed_by_when_they_were_made_and_changed(
    client: httpx.AsyncClient, clock: Any
) -> None:
    clock.advance(3600)
    await client.put(f"{API}/submodels/{NEW}", json=DOCUMENTS["submodels"])
    clock.advance(3600)
    plain = (await client.get(f"{API}/submodels/{PLAIN}")).json()
    changed = {**plain, "submodelElements": plain["submodelElements"][:9]}
    assert (await client.put(f"{API}/submodels/{PLAIN}", json=changed)).status_code == 204
    earlier = _iso(clock.now() - 5_400_000_000)
    later = _iso(clock.now() - 1_800_000_000)

    async def ids(**params: str) -> list[str]:
        page = await client.get(f"{API}/submodels", params=params)
        return [document["id"] for document in page.json()["result"]]

    assert await ids(createdFrom=earlier) == [NEW_ID]
    assert await ids(updatedFrom=earlier) == [PLAIN_ID, NEW_ID]
    assert await ids(updatedFrom=later) == [PLAIN_ID]
    assert await ids(createdFrom=later) == []
    response = await client.get(f"{API}/submodels", params={"createdFrom": "yesterday"})
    assert "createdFrom" in refused(response, 400)


async def test_a_live_submodel_keeps_its_values_through_a_put_of_what_was_read(
    client: httpx.AsyncClient, machine: Any
) -> None:
    url = f"{API}/submodels/{encode_identifier(LIVE_ID)}"
    path = (await client.get(f"{url}/$path")).json()
    point = machine.bind("Temperature" if "Temperature" in path else path[0])
    machine.tell(point, 21.5)
    shown = await client.get(url)
    put = await client.put(url, json=shown.json(), headers={"if-match": shown.headers["etag"]})
    assert put.status_code == 204
    assert (await client.get(url)).json() == shown.json()


def _iso(moment: int) -> str:
    from aas_server.clock import to_iso

    return to_iso(moment)

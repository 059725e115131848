"""Templates over HTTP: the server's own and those in the repository."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.repository import Repository
from tests.api.documents import API
from tests.api.results import refused
from tests.templates.samples import collection, number, reference, template, text

URL = f"{API}/templates"
PUMP = template(text("Name", "One"), number("Weight", "ZeroToOne")).node
FAN = template(
    collection("Blade__00__", number("Length", "One"), card="ZeroToMany"),
    identifier="urn:example:template:fan",
    idShort="Fan",
    semanticId=reference("urn:example:Fan"),
).node
PUMP_URL = f"{URL}/{encode_identifier(PUMP['id'])}"


@pytest.fixture(autouse=True)
async def templates(client: httpx.AsyncClient) -> None:
    for tree in (PUMP, FAN):
        answer = await client.post(f"{API}/submodels", json=tree)
        assert answer.status_code == 201, answer.text


async def listed(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get(URL, params=query)
    assert answer.status_code == 200
    return [each["id"] for each in answer.json()["result"]]


async def test_templates_in_the_repository_are_listed_without_elements(
    client: httpx.AsyncClient,
) -> None:
    answer = (await client.get(URL)).json()
    assert [each["id"] for each in answer["result"]] == [PUMP["id"], FAN["id"]]
    assert not any("submodelElements" in each for each in answer["result"])


async def test_templates_are_found_by_what_they_mean_and_by_name(
    client: httpx.AsyncClient,
) -> None:
    wanted = encode_identifier(json.dumps(reference(" urn:example:Fan ")))
    assert await listed(client, semanticId=wanted) == [FAN["id"]]
    assert await listed(client, idShort="Pump") == [PUMP["id"]]
    assert await listed(client, idShort="Nothing") == []


async def test_the_list_has_pages(client: httpx.AsyncClient) -> None:
    first = (await client.get(URL, params={"limit": 1})).json()
    cursor = first["paging_metadata"]["cursor"]
    second = (await client.get(URL, params={"limit": 1, "cursor": cursor})).json()
    ids = [each["id"] for page in (first, second) for each in page["result"]]
    assert ids == [PUMP["id"], FAN["id"]]
    assert "cursor" not in second["paging_metadata"]


async def test_a_template_is_read_as_it_is_and_forgotten_when_deleted(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get(PUMP_URL)).json() == PUMP
    changed = {**PUMP, "idShort": "Better"}
    here = f"{API}/submodels/{encode_identifier(PUMP['id'])}"
    assert (await client.put(here, json=changed)).status_code == 204
    assert (await client.get(PUMP_URL)).json() == changed
    assert (await client.delete(here)).status_code == 204
    assert PUMP["id"] in refused(await client.get(PUMP_URL), 404)


async def test_an_instance_is_given_and_not_stored(
    client: httpx.AsyncClient, filled: Repository
) -> None:
    body = {"id": "urn:mine", "mode": "full", "values": {"Weight": 2.5, "Wrong": 1}}
    answer = await client.post(f"{PUMP_URL}/instantiate", json=body)
    assert answer.status_code == 200
    made = answer.json()
    (submodel,) = made["environment"]["submodels"]
    assert (submodel["id"], submodel["kind"]) == ("urn:mine", "Instance")
    assert [each.get("value") for each in submodel["submodelElements"]] == [None, "2.5"]
    assert made["unfilled"] == [{"path": "Name", "templatePath": "Name"}]
    assert [(each["code"], each["path"]) for each in made["findings"]] == [
        ("unknown-path", "Wrong")
    ]
    assert await filled.submodels.find("urn:mine") is None
    assert (await client.post(f"{API}/submodels", json=submodel)).status_code == 201


async def test_an_instance_without_an_id_gets_a_new_one(client: httpx.AsyncClient) -> None:
    ids = set()
    for _ in range(2):
        made = (await client.post(f"{PUMP_URL}/instantiate", json={})).json()
        ids.add(made["environment"]["submodels"][0]["id"])
    assert len(ids) == 2
    assert all(each.startswith("urn:uuid:") for each in ids)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], "body"),
        ({"identifier": "x"}, "body"),
        ({"id": 5}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 2049}, "id"),
        ({"mode": "some"}, "mode"),
        ({"mode": []}, "mode"),
        ({"select": "Name"}, "select"),
        ({"counts": {"Name": -1}}, "counts"),
        ({"counts": {"Name": True}}, "counts"),
        ({"counts": {"Name": 10_000}}, "counts"),
        ({"choices": {"A": 1}}, "choices"),
        ({"values": []}, "values"),
    ],
)
async def test_a_request_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, body: Any, path: str
) -> None:
    assert path in refused(await client.post(f"{PUMP_URL}/instantiate", json=body), 400)


async def test_an_unknown_template_is_not_found(client: httpx.AsyncClient) -> None:
    url = f"{URL}/{encode_identifier('urn:nothing')}"
    refused(await client.get(url), 404)
    refused(await client.post(f"{url}/instantiate", json={}), 404)


async def test_the_schema_of_values_is_given(client: httpx.AsyncClient) -> None:
    schema = (await client.get(f"{PUMP_URL}/schema")).json()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert set(schema["properties"]) == {"Name", "Weight"}


def pump(**members: Any) -> dict[str, Any]:
    return {
        "modelType": "Submodel",
        "id": "urn:mine",
        "idShort": "Pump",
        "semanticId": reference("urn:example:Pump"),
        **members,
    }


@pytest.mark.parametrize("path", [f"{URL}/validate", f"{PUMP_URL}/validate"])
async def test_a_submodel_or_an_environment_is_judged(client: httpx.AsyncClient, path: str) -> None:
    for body in (pump(), {"submodels": [pump()]}):
        result = (await client.post(path, json=body)).json()
        assert (result["judged"], result["errors"]) == (1, 1)
        (violation,) = result["verdicts"][0]["violations"]
        assert (violation["code"], violation["templatePath"]) == ("missing", "Name")
    elements = [text("Name", None)]
    body = pump(submodelElements=elements)
    lenient = (await client.post(path, json=body, params={"mode": "lenient"})).json()
    assert (lenient["errors"], lenient["warnings"]) == (0, 1)


async def test_a_stored_submodel_is_judged(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"{API}/submodels", json=pump())).status_code == 201
    url = f"{API}/submodels/{encode_identifier('urn:mine')}/$validation"
    result = (await client.get(url)).json()
    assert result["verdicts"][0]["template"] == PUMP["id"]
    refused(await client.get(url, params={"mode": "kind"}), 400)


async def test_what_cannot_be_judged_is_told(client: httpx.AsyncClient) -> None:
    result = (await client.post(f"{URL}/validate", json={"submodels": [{"id": 5}]})).json()
    assert (result["judged"], result["errors"] > 0) == (0, True)
    for body in ([], {"a": 1}, {"submodels": 5}):
        refused(await client.post(f"{URL}/validate", json=body), 400)


@pytest.mark.parametrize(
    "references",
    [5, {"keys": []}, [None], [{"keys": "x"}], [{"keys": [None]}], [{"keys": [{"value": 5}]}]],
)
async def test_shells_that_are_none_do_not_matter(
    client: httpx.AsyncClient, references: Any
) -> None:
    body = {"submodels": [pump()], "assetAdministrationShells": [{"submodels": references}, 5]}
    result = (await client.post(f"{URL}/validate", json=body)).json()
    assert (result["judged"], result["submodels"]) == (1, 1)

"""The five query routes: documents and ids by condition, page by page, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.api.operations.table import OPERATIONS
from aas_server.metamodel.identifiers import encode_identifier
from tests.api.documents import API
from tests.api.results import refused

PATHS = [path for each in OPERATIONS if each.handler == "query.query" for path in each.paths]
EVERYTHING = {"$boolean": True}


def shell(name: str, *submodels: str) -> dict[str, Any]:
    references = [
        {"type": "ModelReference", "keys": [{"type": "Submodel", "value": each}]}
        for each in submodels
    ]
    return {
        "modelType": "AssetAdministrationShell",
        "id": f"urn:shell:{name}",
        "idShort": name,
        "assetInformation": {"assetKind": "Instance", "globalAssetId": f"urn:asset:{name}"},
        **({"submodels": references} if references else {}),
    }


def submodel(name: str, **values: str) -> dict[str, Any]:
    elements = [
        {"modelType": "Property", "idShort": key, "valueType": "xs:string", "value": value}
        for key, value in values.items()
    ]
    return {
        "modelType": "Submodel",
        "id": f"urn:submodel:{name}",
        "idShort": name,
        **({"submodelElements": elements} if elements else {}),
    }


def eq(field: str, value: str) -> dict[str, Any]:
    return {"$eq": [{"$field": field}, {"$strVal": value}]}


async def ask(client, path: str, condition: dict[str, Any], **more: Any) -> dict[str, Any]:
    parameters = {key: more.pop(key) for key in ("limit", "cursor") if key in more}
    response = await client.post(
        f"{API}/query/{path}", json={"$condition": condition, **more}, params=parameters
    )
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture
async def plant(client):
    for path, documents in (
        ("submodels", [submodel("Mill", Speed="17"), submodel("Press", Speed="99")]),
        ("shells", [shell("Mill", "urn:submodel:Mill"), shell("Press", "urn:submodel:Press")]),
        (
            "concept-descriptions",
            [{"modelType": "ConceptDescription", "id": "urn:concept", "idShort": "Speed"}],
        ),
    ):
        for document in documents:
            assert (await client.post(f"{API}/{path}", json=document)).status_code == 201
    return client


def test_five_kinds_can_be_queried_one_of_them_under_two_spellings():
    assert len(PATHS) == 6


@pytest.mark.parametrize(
    ("path", "field", "value", "kind"),
    [
        ("shells", "$aas#idShort", "Press", "AssetAdministrationShell"),
        ("submodels", "$sm#id", "urn:submodel:Press", "Submodel"),
        ("concept-descriptions", "$cd#idShort", "Speed", "ConceptDescription"),
        ("shell-descriptors", "$aasdesc#idShort", "Press", "AssetAdministrationShellDescriptor"),
        ("submodel-descriptors", "$smdesc#idShort", "Press", "SubmodelDescriptor"),
        ("submodel-decriptors", "$smdesc#idShort", "Press", "SubmodelDescriptor"),
    ],
)
async def test_documents_that_fulfil_the_condition_are_given(plant, path, field, value, kind):
    page = await ask(plant, path, eq(field, value))
    (document,) = page["result"]
    assert value in (document["id"], document["idShort"])
    assert page["paging_metadata"] == {"resultType": kind}
    ids = await ask(plant, path, eq(field, value), **{"$select": "id"})
    assert ids == {"paging_metadata": {"resultType": "Identifier"}, "result": [document["id"]]}


async def test_a_document_is_given_as_it_is_read(plant):
    page = await ask(plant, "submodels", eq("$sm#idShort", "Mill"))
    path = f"{API}/submodels/{encode_identifier('urn:submodel:Mill')}"
    assert page["result"] == [(await plant.get(path)).json()]


async def test_shells_are_found_by_their_submodels_and_submodels_by_their_shells(plant):
    fast = {"$gt": [{"$field": "$sme.Speed#value"}, {"$numVal": 50}]}
    shells = await ask(plant, "shells", fast, **{"$select": "id"})
    assert shells["result"] == ["urn:shell:Press"]
    submodels = await ask(plant, "submodels", eq("$aas#idShort", "Mill"), **{"$select": "id"})
    assert submodels["result"] == ["urn:submodel:Mill"]


async def test_pages_neither_shift_nor_repeat_while_documents_come_and_go(client):
    for number in range(6):
        await client.post(f"{API}/submodels", json=submodel(f"S{number}", P=str(number % 2)))
    odd = eq("$sme.P#value", "1")
    first = await ask(client, "submodels", odd, limit=1, **{"$select": "id"})
    assert first["result"] == ["urn:submodel:S1"]
    await client.delete(f"{API}/submodels/{encode_identifier('urn:submodel:S1')}")
    await client.post(f"{API}/submodels", json=submodel("S7", P="1"))
    cursor = first["paging_metadata"]["cursor"]
    rest = await ask(client, "submodels", odd, cursor=cursor, **{"$select": "id"})
    assert rest["result"] == ["urn:submodel:S3", "urn:submodel:S5", "urn:submodel:S7"]
    assert "cursor" not in rest["paging_metadata"]


async def test_fragments_that_a_filter_does_not_keep_are_left_out(plant):
    kept = eq("$sme#idShort", "Speed")
    await plant.post(f"{API}/submodels", json=submodel("Two", Speed="1", Feed="2"))
    filters = [{"$fragment": "$sme", "$condition": kept}]
    page = await ask(plant, "submodels", eq("$sm#idShort", "Two"), **{"$filters": filters})
    (document,) = page["result"]
    assert [element["idShort"] for element in document["submodelElements"]] == ["Speed"]


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_no_query_is_refused_with_its_place(client, path):
    response = await client.post(
        f"{API}{path}", json={"$condition": {"$and": [EVERYTHING, {"$nand": []}]}}
    )
    assert "$condition.$and[1]" in refused(response, 400)
    refused(await client.post(f"{API}{path}", content=b"\xff{"), 400)


async def test_a_cursor_of_somebody_else_is_refused(plant):
    response = await plant.post(
        f"{API}/query/submodels?cursor=bm9wZQ", json={"$condition": EVERYTHING}
    )
    assert "cursor" in refused(response, 400)

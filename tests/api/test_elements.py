from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.api.conftest import Get
from tests.api.documents import API, PLAIN, TYPES, TYPES_ID, TYPES_SUBMODEL, external
from tests.api.results import refused

ELEMENTS = f"/submodels/{TYPES}/submodel-elements"
BY_NAME = {each["idShort"]: each for each in TYPES_SUBMODEL["submodelElements"]}
CONTAINERS = {"Group", "Items", "Part"}


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - {"Icon"}))
async def test_an_element_comes_as_it_was_written(get: Get, name):
    for query in ({}, {"level": "deep"}, {"extent": "withBlobValue"}):
        assert await get(f"{ELEMENTS}/{name}", **query) == BY_NAME[name]


async def test_a_blob_comes_with_its_bytes_when_asked(get: Get):
    assert "value" not in await get(f"{ELEMENTS}/Icon")
    assert await get(f"{ELEMENTS}/Icon", extent="withBlobValue") == BY_NAME["Icon"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Number", 42.5),
        ("Infinite", "INF"),
        ("Unset", None),
        ("Name", "Presse ä"),
        ("Span", {"min": 3, "max": 15}),
        ("Group.Deeper.Deepest", 2.5),
        ("Items[11][10]", 1110),
        ("Items%5B3%5D%5B11%5D", 311),
        ("Items[2]", [200 + n for n in range(12)]),
        ("Part.Mass", 2.5),
        ("Annotated.Weight", 1.0),
        ("%4eumber", 42.5),
        ("Group", {"Inside": 1.5, "Deeper": {"Deepest": 2.5}}),
        ("Link", external("urn:example:target")),
    ],
)
async def test_a_value_is_read_by_its_path(client, get, path, value):
    assert await get(f"{ELEMENTS}/{path}/$value") == value
    response = await client.get(f"{API}{ELEMENTS}/{path}/$value")
    assert not {"aas-quality", "last-modified"} & response.headers.keys()


async def test_core_of_a_collection_shows_its_children_without_theirs(get: Get):
    core = await get(f"{ELEMENTS}/Group", level="core")
    assert [each["idShort"] for each in core["value"]] == ["Inside", "Deeper"]
    assert "value" not in core["value"][1]
    assert await get(f"{ELEMENTS}/Group/$value", level="core") == {"Inside": 1.5, "Deeper": {}}
    assert await get(f"{ELEMENTS}/Group/$path", level="core") == [
        "Group",
        "Group.Inside",
        "Group.Deeper",
    ]


async def test_paths_and_references_name_list_items_by_index(get: Get):
    assert (await get(f"{ELEMENTS}/Items[11]/$path"))[-1] == "Items[11][11]"
    assert (await get(f"{ELEMENTS}/Items[11][2]/$reference"))["keys"] == [
        {"type": "Submodel", "value": TYPES_ID},
        {"type": "SubmodelElementList", "value": "Items"},
        {"type": "SubmodelElementList", "value": "11"},
        {"type": "Property", "value": "2"},
    ]


@pytest.mark.parametrize("name", sorted(BY_NAME))
async def test_only_containers_have_paths(client, name):
    response = await client.get(f"{API}{ELEMENTS}/{name}/$path")
    if name in CONTAINERS:
        assert response.status_code == 200
    else:
        assert BY_NAME[name]["modelType"] in refused(response, 400)


@pytest.mark.parametrize("name", ["Pressing", "Start"])
@pytest.mark.parametrize("content", ["$value", "$metadata"])
async def test_capabilities_and_operations_have_neither_value_nor_metadata(client, name, content):
    assert content in refused(await client.get(f"{API}{ELEMENTS}/{name}/{content}"), 400)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Nothing", 404),
        ("Group.Nothing", 404),
        ("Number.Nothing", 404),
        ("Items[12]", 404),
        ("Items[0].Number", 404),
        ("Group[0]", 404),
        ("Items[01]", 400),
        ("Items[-1]", 400),
        ("Group..Inside", 400),
        (".Group", 400),
        ("Group.", 400),
        ("9lives", 400),
        (quote("Grüße"), 400),
        ("a%2Fb", 400),
        ("%ff", 400),
        ("x" * 20_000, 404),
        ("Items" + "[0]" * 5000, 400),
    ],
)
@pytest.mark.parametrize("content", ["", "/$value"])
async def test_paths_that_lead_nowhere_are_told_from_malformed_ones(client, path, status, content):
    refused(await client.get(f"{API}{ELEMENTS}/{path}{content}"), status)


async def test_elements_are_listed_in_their_own_order_and_page_by_page(get: Get):
    names: list[str] = []
    parameters: dict[str, str] = {}
    pages = 0
    while True:
        page = await get(f"/submodels/{PLAIN}/submodel-elements", **parameters)
        names += [each["idShort"] for each in page["result"]]
        pages += 1
        if "cursor" not in page["paging_metadata"]:
            break
        parameters = {"cursor": page["paging_metadata"]["cursor"]}
    assert names == [f"P{index}" for index in range(250)]
    assert pages == 3


@pytest.mark.parametrize("content", ["", "/$metadata", "/$reference"])
async def test_a_page_of_elements_holds_what_single_reads_hold(get: Get, content):
    names = sorted(BY_NAME.keys() - {"Pressing", "Start"})
    page = await get(f"{ELEMENTS}{content}")
    assert len(page["result"]) == len(BY_NAME)
    for name in names:
        assert await get(f"{ELEMENTS}/{name}{content}") in page["result"]


async def test_a_page_of_values_is_an_object(get: Get):
    first = await get(f"{ELEMENTS}/$value", limit=4)
    assert first["result"] == {"Number": 42.5, "Infinite": "INF", "Name": "Presse ä"}
    rest = await get(f"{ELEMENTS}/$value", cursor=first["paging_metadata"]["cursor"])
    assert {**first["result"], **rest["result"]} == await get(f"/submodels/{TYPES}/$value")


async def test_a_page_of_paths_goes_as_deep_as_asked(get: Get):
    deep = (await get(f"{ELEMENTS}/$path", limit=1000))["result"]
    assert deep == await get(f"/submodels/{TYPES}/$path")
    core = (await get(f"{ELEMENTS}/$path", level="core"))["result"]
    assert "Group.Deeper" in core
    assert "Group.Deeper.Deepest" not in core
    first = await get(f"{ELEMENTS}/$path", limit=1)
    assert first["result"] == ["Number"]
    second = await get(f"{ELEMENTS}/$path", limit=1, cursor=first["paging_metadata"]["cursor"])
    assert second["result"] == ["Infinite"]

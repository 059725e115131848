"""Where the servers that people use today fail them: each case is one of ours to pass."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.documents import (
    ASSET,
    SHELL,
    SUBMODEL,
    Node,
    collection,
    everything,
    prop,
    shell,
    submodel,
)
from tests.clients.packages import package
from tests.system.aas_process import AasServer, encoded, serve_arguments

SUBMODEL_PATH = f"/submodels/{encoded(SUBMODEL)}"
ELEMENTS = f"{SUBMODEL_PATH}/submodel-elements"
MANY = 250
PACKAGE = "application/asset-administration-shell-package"
LISTS = {
    "assetAdministrationShells": "shells",
    "submodels": "submodels",
    "conceptDescriptions": "concept-descriptions",
}
SEMANTIC_ID = {
    "type": "ModelReference",
    "referredSemanticId": {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": "urn:dictionary"}],
    },
    "keys": [
        {"type": "Submodel", "value": "urn:template"},
        {"type": "SubmodelElementCollection", "value": "Motor"},
        {"type": "Property", "value": "Speed"},
    ],
}


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AasServer]:
    """A server without machines."""
    folder = tmp_path_factory.mktemp("peers")
    with AasServer(*serve_arguments(data=folder / "data"), folder=folder / "server") as server:
        yield server


@pytest.fixture
def http(plain_server: AasServer) -> httpx.Client:
    """Its API, with one shell and one submodel of every element."""
    http = plain_server.client.http
    put(http, f"/shells/{encoded(SHELL)}", shell(submodels=(SUBMODEL,)))
    put(http, SUBMODEL_PATH, everything())
    return http


def put(http: httpx.Client, path: str, document: Node) -> None:
    answer = http.put(path, json=document)
    assert answer.status_code in (201, 204), answer.text


def all_pages(http: httpx.Client, path: str, **parameters: str) -> list[Any]:
    """Return the items of every page."""
    items: list[Any] = []
    while True:
        page = http.get(path, params=parameters).json()
        items += page["result"]
        if "cursor" not in page["paging_metadata"]:
            return items
        parameters["cursor"] = page["paging_metadata"]["cursor"]


# What comes back is what was posted.


def test_many_elements_come_back_whole_and_in_the_order_of_the_post(http: httpx.Client) -> None:
    identifier = "urn:peers:many-elements"
    names = [f"{'zyx'[number % 3]}Element{number}" for number in range(MANY)]
    document = submodel(identifier, *(prop(name, "x") for name in names))

    put(http, f"/submodels/{encoded(identifier)}", document)

    path = f"/submodels/{encoded(identifier)}"
    assert http.get(path).json() == document
    listed = next(
        each for each in all_pages(http, "/submodels", limit="1000") if each["id"] == identifier
    )
    assert [each["idShort"] for each in listed["submodelElements"]] == names
    paged = all_pages(http, f"{path}/submodel-elements", limit="70")
    assert [each["idShort"] for each in paged] == names
    assert list(http.get(f"{path}/$value").json()) == names


def test_a_semantic_id_stays_as_it_was_posted(http: httpx.Client) -> None:
    element = prop("Speed", "1") | {
        "semanticId": SEMANTIC_ID,
        "supplementalSemanticIds": [SEMANTIC_ID, SEMANTIC_ID | {"keys": SEMANTIC_ID["keys"][:1]}],
    }

    assert http.post(ELEMENTS, json=element).status_code == 201

    assert http.get(f"{ELEMENTS}/Speed").json() == element


@pytest.mark.parametrize("value", ["1.50", "1e3", "-0.0", "007", "+1", "INF"])
def test_the_spelling_of_a_number_stays_as_it_was_posted(http: httpx.Client, value: str) -> None:
    element = prop("Number", value, "xs:double")

    assert http.put(f"{ELEMENTS}/Number", json=element).is_success

    assert http.get(f"{ELEMENTS}/Number").json()["value"] == value


# Paths and modifiers.


@pytest.mark.parametrize("index", [9, 10, 11])
def test_a_list_index_may_have_two_digits(http: httpx.Client, index: int) -> None:
    path = f"{ELEMENTS}/Stops[{index}]/$value"

    assert http.get(path).json() == index
    assert http.patch(path, json=1000 + index).status_code == 204
    values = http.get(f"{ELEMENTS}/Stops/$value").json()
    assert values == [*range(index), 1000 + index, *range(index + 1, 12)]


def test_a_list_in_a_list_is_addressed(http: httpx.Client) -> None:
    assert http.get(f"{ELEMENTS}/Grid[1][1]/$value").json() == "1/1"


def test_level_core_leaves_out_what_is_below_the_children(http: httpx.Client) -> None:
    core = http.get(SUBMODEL_PATH, params={"level": "core"}).json()

    elements = {each["idShort"]: each for each in core["submodelElements"]}
    assert elements.keys() == {each["idShort"] for each in everything()["submodelElements"]}
    assert "value" not in elements["Tool"]
    assert "value" not in elements["Stops"]


def test_extent_decides_about_the_content_of_a_blob(http: httpx.Client) -> None:
    recipe = f"{ELEMENTS}/Recipe"

    assert "value" not in http.get(recipe).json()
    assert http.get(recipe, params={"extent": "withBlobValue"}).json()["value"] == "aGkh"


def test_reference_and_path_are_what_they_say(http: httpx.Client) -> None:
    reference = http.get(f"{ELEMENTS}/Tool.Wear.Edge/$reference").json()
    paths = http.get(f"{ELEMENTS}/Tool/$path").json()

    assert [key["value"] for key in reference["keys"]] == [SUBMODEL, "Tool", "Wear", "Edge"]
    assert paths == ["Tool", "Tool.Serial", "Tool.Wear", "Tool.Wear.Edge"]
    assert http.get(f"/shells/{encoded(SHELL)}/$reference").json()["keys"][0]["value"] == SHELL


def test_an_unknown_url_is_not_found(http: httpx.Client) -> None:
    for path in ("/no-such-thing", f"{SUBMODEL_PATH}/no-such-thing", "/shells/x/y/z"):
        answer = http.get(path)
        assert answer.status_code == 404, answer.text
        assert answer.json()["messages"]


# Filters.


@pytest.mark.parametrize(
    ("asset_id", "found"),
    [
        ({"name": "globalAssetId", "value": ASSET}, True),
        ({"name": "serialNumber", "value": "P7-0042"}, True),
        ({"name": "serialNumber", "value": "P7-0043"}, False),
        ({"name": "serialnumber", "value": "P7-0042"}, False),
    ],
)
def test_specific_asset_ids_filter(http: httpx.Client, asset_id: Node, found: bool) -> None:
    asset_ids = encoded(json.dumps(asset_id))

    for path in ("/shells", "/shell-descriptors"):
        items = http.get(path, params={"assetIds": asset_ids}).json()["result"]
        assert (SHELL in [item["id"] for item in items]) is found, path


# Pages.


def test_pages_neither_repeat_nor_lose_what_was_there_while_others_write(
    http: httpx.Client,
) -> None:
    there = [f"urn:peers:page:{number:03}" for number in range(60)]
    for identifier in there:
        put(http, f"/submodels/{encoded(identifier)}", submodel(identifier))
    seen: list[str] = []
    cursor = ""
    turn = 0

    while True:
        page = http.get("/submodels", params={"limit": "7", "cursor": cursor}).json()
        seen += [each["id"] for each in page["result"]]
        cursor = page["paging_metadata"].get("cursor", "")
        if not cursor:
            break
        turn += 1
        new = f"urn:peers:page:new-{turn}"
        assert http.post("/submodels", json=submodel(new)).status_code == 201
        gone = there[turn]
        if gone in seen:
            assert http.delete(f"/submodels/{encoded(gone)}").status_code == 204

    assert len(seen) == len(set(seen))
    assert set(there) <= set(seen)


def test_a_cursor_is_good_after_what_it_points_at_is_gone(http: httpx.Client) -> None:
    for name in ("a", "b", "c"):
        put(
            http,
            f"/submodels/{encoded(f'urn:peers:gone:{name}')}",
            submodel(f"urn:peers:gone:{name}"),
        )
    items: list[str] = []
    cursor = ""
    while not items or items[-1] != "urn:peers:gone:b":
        page = http.get("/submodels", params={"limit": "1", "cursor": cursor}).json()
        items += [each["id"] for each in page["result"]]
        cursor = page["paging_metadata"]["cursor"]
    assert http.delete(f"/submodels/{encoded('urn:peers:gone:b')}").status_code == 204

    after = http.get("/submodels", params={"limit": "1", "cursor": cursor}).json()["result"]

    assert [each["id"] for each in after] == ["urn:peers:gone:c"]


# Writes.


def test_a_submodel_takes_values_and_not_elements(http: httpx.Client) -> None:
    values = {"Stroke": 1.5, "Tool": {"Wear": {"Edge": "0.3"}}, "Stops": [5]}

    assert http.patch(f"{SUBMODEL_PATH}/$value", json=values).status_code == 204

    read = http.get(f"{SUBMODEL_PATH}/$value").json()
    assert (read["Stroke"], read["Tool"]) == (1.5, {"Serial": "T-9", "Wear": {"Edge": "0.3"}})
    assert read["Stops"][:2] == [5, 1]
    elements = {"submodelElements": [prop("Stroke", "2", "xs:double")]}
    assert http.patch(f"{SUBMODEL_PATH}/$value", json=elements).status_code in (400, 404)


def test_half_of_a_patch_is_never_done(http: httpx.Client) -> None:
    before = http.get(SUBMODEL_PATH).json()

    answer = http.patch(f"{SUBMODEL_PATH}/$value", json={"Stroke": 7.5, "Count": "many"})

    assert answer.status_code == 400
    assert http.get(SUBMODEL_PATH).json() == before


def test_a_patch_of_an_element_leaves_its_parent_alone(http: httpx.Client) -> None:
    before = http.get(f"{ELEMENTS}/Tool").json()

    changed = prop("Edge", "0.9") | {"category": "PARAMETER"}
    assert http.patch(f"{ELEMENTS}/Tool.Wear.Edge", json=changed).status_code == 204

    before["value"][1]["value"][0] |= {"value": "0.9", "category": "PARAMETER"}
    assert http.get(f"{ELEMENTS}/Tool").json() == before


@pytest.mark.parametrize(
    ("path", "value"),
    [("Count", 1.5), ("Count", 2**31), ("Running", "maybe"), ("Since", "tomorrow"), ("Force", 3)],
)
def test_a_value_of_another_type_is_refused(http: httpx.Client, path: str, value: Any) -> None:
    before = http.get(f"{ELEMENTS}/{path}").json()

    assert http.patch(f"{ELEMENTS}/{path}/$value", json=value).status_code == 400

    assert http.get(f"{ELEMENTS}/{path}").json() == before


# Packages.


def upload(http: httpx.Client, content: bytes) -> httpx.Response:
    return http.post("/upload", files={"file": ("a.aasx", content)})


@pytest.mark.parametrize("name", ["TestDataJson.aasx", "TestDataXml30.aasx", "TestDataXml31.aasx"])
def test_a_package_is_read_whole_whatever_its_version(
    http: httpx.Client, shared_dir: Path, name: str
) -> None:
    folder = shared_dir / "conformance"
    whole = json.loads((folder / "env.json").read_text(encoding="utf-8"))

    assert upload(http, (folder / name).read_bytes()).is_success

    for kind, path in LISTS.items():
        for document in whole.get(kind, ()):
            here = f"/{path}/{encoded(document['id'])}"
            assert http.get(here, params={"extent": "withBlobValue"}).json() == document
            assert http.delete(here).status_code == 204


def test_an_upload_that_is_wrong_in_one_document_changes_nothing(http: httpx.Client) -> None:
    good = submodel("urn:peers:good")
    bad = submodel("urn:peers:bad", prop("Speed", "9") | {"modelType": "Nonsense"})

    answer = upload(http, package(good, bad))

    assert answer.status_code == 400, answer.text
    assert http.get(f"/submodels/{encoded('urn:peers:good')}").status_code == 404


def test_files_go_through_a_package_and_back(http: httpx.Client) -> None:
    put(http, SUBMODEL_PATH, everything())
    attachment = f"{ELEMENTS}/Drawing/attachment"
    files = {"file": ("drawing.txt", b"as it was drawn", "text/plain")}
    assert http.put(attachment, files=files).status_code == 204
    asked = {"submodelIds": encoded(SUBMODEL)}

    kept = http.get("/serialization", params=asked, headers={"Accept": PACKAGE})
    assert http.delete(SUBMODEL_PATH).status_code == 204
    assert upload(http, kept.content).is_success

    assert http.get(attachment).content == b"as it was drawn"
    assert http.get(attachment).headers["Content-Type"] == "text/plain"


# Many at the same time.


async def test_nested_creates_at_the_same_time_all_succeed(plain_server: AasServer) -> None:
    parents = [f"urn:peers:nested:{number}" for number in range(4)]

    async with client_of(plain_server) as http:
        for parent in parents:
            created = await http.post("/submodels", json=submodel(parent, collection("Box")))
            # A collection without a value is as empty as one may be.
            assert created.status_code in (201, 400), created.text
            if created.status_code == 400:
                whole = submodel(parent, collection("Box", prop("First", "1")))
                assert (await http.post("/submodels", json=whole)).status_code == 201
        answers = await asyncio.gather(
            *(
                http.post(
                    f"/submodels/{encoded(parents[number % 4])}/submodel-elements/Box",
                    json=collection(f"Made{number}", prop("Inner", str(number))),
                )
                for number in range(40)
            )
        )
        assert [answer.status_code for answer in answers] == [201] * 40
        for index, parent in enumerate(parents):
            box = await http.get(f"/submodels/{encoded(parent)}/submodel-elements/Box/$value")
            assert {f"Made{number}" for number in range(index, 40, 4)} <= box.json().keys()


async def test_replacing_at_the_same_time_is_no_conflict(plain_server: AasServer) -> None:
    identifier = "urn:peers:race"
    path = f"/submodels/{encoded(identifier)}"
    documents = [submodel(identifier, prop("Winner", str(number))) for number in range(60)]

    async with client_of(plain_server) as http:
        answers = await asyncio.gather(*(http.put(path, json=each) for each in documents))
        left = (await http.get(path)).json()

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, *[204] * 59]
    assert left in documents


async def test_creating_the_same_at_the_same_time_succeeds_once(plain_server: AasServer) -> None:
    document = submodel("urn:peers:once", prop("Word", "x"))

    async with client_of(plain_server) as http:
        answers = await asyncio.gather(*(http.post("/submodels", json=document) for _ in range(30)))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 29]


async def test_writing_while_others_read_waits_for_nobody(plain_server: AasServer) -> None:
    identifier = "urn:peers:busy"
    path = f"/submodels/{encoded(identifier)}"

    async with client_of(plain_server) as http:
        await http.put(path, json=submodel(identifier, prop("Count", "0", "xs:int")))
        reads = [http.get(path) for _ in range(200)]
        value = f"{path}/submodel-elements/Count/$value"
        writes = [http.patch(value, json=number) for number in range(1, 41)]
        answers = await asyncio.gather(*reads, *writes)

    assert {answer.status_code for answer in answers} == {200, 204}


def client_of(server: AasServer) -> httpx.AsyncClient:
    """Return a client that sends many requests at once."""
    limits = httpx.Limits(max_connections=40)
    address = f"{server.client.address}/api/v3"
    return httpx.AsyncClient(base_url=address, limits=limits, trust_env=False, timeout=60)


# Conditions, which none of them has.


def test_a_change_can_be_made_to_depend_on_what_was_read(http: httpx.Client) -> None:
    tag = http.get(SUBMODEL_PATH).headers["ETag"]

    first = http.put(SUBMODEL_PATH, json=everything(), headers={"If-Match": tag})
    changed = http.patch(f"{ELEMENTS}/Count/$value", json=99)
    late = http.put(SUBMODEL_PATH, json=everything(), headers={"If-Match": tag})

    assert (first.status_code, changed.status_code, late.status_code) == (204, 204, 412)
    assert http.get(f"{ELEMENTS}/Count/$value").json() == 99


def test_what_has_not_changed_is_not_sent_again(http: httpx.Client) -> None:
    for path in (SUBMODEL_PATH, f"{ELEMENTS}/Tool", f"/shells/{encoded(SHELL)}"):
        tag = http.get(path).headers["ETag"]
        assert http.get(path, headers={"If-None-Match": tag}).status_code == 304

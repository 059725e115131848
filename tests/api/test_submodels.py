from __future__ import annotations

import json
from pathlib import Path

import httpx
import jsonschema
import pytest

from aas_server.api import submodels
from aas_server.metamodel.id_short_path import format_id_short_path
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.tree import walk
from aas_server.store.protocol import Kind
from tests.api.conftest import Get
from tests.api.documents import (
    API,
    LIVE,
    LIVE_ID,
    LIVE_SUBMODEL,
    PLAIN,
    PLAIN_ID,
    SUPPLEMENTAL_ID,
    TYPES,
    TYPES_ID,
    TYPES_SEMANTIC_ID,
    TYPES_SUBMODEL,
    encoded,
    external,
)
from tests.api.results import refused
from tests.support.services import make_app

ALL_IDS = [TYPES_ID, LIVE_ID, PLAIN_ID]
ICON = 7


def without_blob(submodel: dict) -> dict:
    elements = [dict(each) for each in submodel["submodelElements"]]
    del elements[ICON]["value"]
    return {**submodel, "submodelElements": elements}


async def test_a_submodel_comes_whole_but_for_the_bytes_of_its_blobs(get: Get):
    assert await get(f"/submodels/{TYPES}") == without_blob(TYPES_SUBMODEL)
    assert await get(f"/submodels/{TYPES}", extent="withBlobValue") == TYPES_SUBMODEL


async def test_a_submodel_without_blobs_is_given_byte_for_byte(client, filled):
    response = await client.get(f"{API}/submodels/{PLAIN}")
    assert response.content == (await filled.submodels.get(PLAIN_ID)).stored.body
    assert len(response.json()["submodelElements"]) == 250


async def test_submodels_are_listed_in_order_with_their_extent(get: Get):
    page = await get("/submodels")
    assert [each["id"] for each in page["result"]] == ALL_IDS
    assert page["result"][0] == without_blob(TYPES_SUBMODEL)
    assert page["paging_metadata"] == {}
    full = await get("/submodels", extent="withBlobValue")
    assert full["result"][0] == TYPES_SUBMODEL


@pytest.mark.parametrize("content", ["", "/$metadata", "/$value", "/$reference"])
async def test_a_page_of_submodels_holds_what_single_reads_hold(get: Get, content):
    page = await get(f"/submodels{content}")
    alone = [await get(f"/submodels/{encode_identifier(each)}{content}") for each in ALL_IDS]
    assert page == {"paging_metadata": {}, "result": alone}


@pytest.mark.parametrize("level", ["core", "deep"])
@pytest.mark.parametrize("limit", [1, 5, 16, 17, 18, 100, 1000])
async def test_a_page_of_paths_counts_paths_across_submodels(get: Get, level, limit):
    paths: list[str] = []
    for submodel in (TYPES, LIVE, PLAIN):
        paths += await get(f"/submodels/{submodel}/$path", level=level)
    if limit < 5:
        paths = paths[:60]
    found: list[str] = []
    parameters = {}
    while len(found) < len(paths):
        page = await get("/submodels/$path", level=level, limit=limit, **parameters)
        assert len(page["result"]) <= limit
        found += page["result"]
        if "cursor" not in page["paging_metadata"]:
            break
        assert len(page["result"]) == limit
        parameters = {"cursor": page["paging_metadata"]["cursor"]}
    assert found == paths


async def test_paths_are_filtered_as_submodels_are(get: Get):
    page = await get("/submodels/$path", idShort="Live", level="core")
    assert page["result"] == [each["idShort"] for each in LIVE_SUBMODEL["submodelElements"]]
    assert (await get("/submodels/$path", idShort="None"))["result"] == []


async def test_paths_go_on_when_the_submodel_of_their_cursor_is_gone(get: Get, filled):
    first = await get("/submodels/$path", limit=3)
    await filled.delete(Kind.SUBMODEL, TYPES_ID, actor="test")
    rest = await get("/submodels/$path", limit=1, cursor=first["paging_metadata"]["cursor"])
    assert rest["result"] == ["Temperature"]


async def test_a_page_of_paths_looks_at_so_many_submodels_and_the_next_goes_on(
    get: Get, filled, monkeypatch
):
    monkeypatch.setattr(submodels, "MAX_SCANNED", 10)
    more = [{"modelType": "Submodel", "id": f"urn:empty:{each}"} for each in range(40)]
    more.append({**LIVE_SUBMODEL, "id": "urn:last"})
    await filled.add_missing([(Kind.SUBMODEL, each) for each in more], actor="test")
    sizes: list[int] = []
    paths: list[str] = []
    cursor = {}
    while True:
        page = await get("/submodels/$path", limit=1000, level="core", **cursor)
        paths += page["result"]
        sizes.append(len(page["result"]))
        cursor = page["paging_metadata"]
        if not cursor:
            break
    assert 0 in sizes
    first = [path for each in (TYPES, LIVE, PLAIN) for path in await core_paths(get, each)]
    assert paths == [*first, *await core_paths(get, LIVE)]


async def core_paths(get: Get, submodel: str) -> list[str]:
    found: list[str] = await get(f"/submodels/{submodel}/$path", level="core")
    return found


async def test_a_foreign_cursor_into_paths_is_refused(client, get):
    cursor = (await get("/submodels/$path", limit=1))["paging_metadata"]["cursor"]
    inside = cursor.rpartition(".")[0] + ".x"
    for foreign in (".", "a.b", "a.b.c.d", "%.%.%", inside):
        response = await client.get(f"{API}/submodels/$path", params={"cursor": foreign})
        assert "cursor" in refused(response, 400)


@pytest.mark.parametrize("wanted", [TYPES_SEMANTIC_ID, SUPPLEMENTAL_ID])
async def test_submodels_are_found_by_every_semantic_id(get: Get, wanted):
    other_form = {"type": "ModelReference", "keys": [{"type": "Submodel", "value": wanted}]}
    for value in (external(wanted), other_form, wanted):
        page = await get("/submodels", semanticId=encoded(value))
        assert [each["id"] for each in page["result"]] == [TYPES_ID]
    ids = await get("/submodels/$reference", semanticId=encoded(wanted), idShort="Types")
    assert [each["keys"][0]["value"] for each in ids["result"]] == [TYPES_ID]
    assert (await get("/submodels", semanticId=encoded(wanted), idShort="Live"))["result"] == []


async def test_a_value_only_submodel_shows_every_type(get: Get):
    values = await get(f"/submodels/{TYPES}/$value")
    assert values["Number"] == 42.5
    assert values["Infinite"] == "INF"
    assert values["Label"] == [{"en": "oil"}]
    assert values["Icon"] == {"contentType": "image/png"}
    assert values["Annotated"]["annotations"] == {"Weight": 1.0}
    assert values["Part"]["statements"] == {"Mass": 2.5}
    assert values["Items"][11][10] == 1110
    assert not {"Unset", "Pressing", "Start"} & values.keys()
    blob = (await get(f"/submodels/{TYPES}/$value", extent="withBlobValue"))["Icon"]
    assert blob == {"contentType": "image/png", "value": "QUI="}


async def test_core_shows_the_first_level_only(get: Get):
    core = await get(f"/submodels/{TYPES}", level="core")
    assert '"value":[]' not in json.dumps(core, separators=(",", ":"))
    by_name = {each["idShort"]: each for each in core["submodelElements"]}
    assert len(by_name) == len(TYPES_SUBMODEL["submodelElements"])
    assert "value" not in by_name["Group"]
    assert by_name["Number"]["value"] == "42.5"
    values = await get(f"/submodels/{TYPES}/$value", level="core")
    assert (values["Group"], values["Items"]) == ({}, [])


async def test_metadata_and_reference_leave_the_elements_out(get: Get):
    metadata = await get(f"/submodels/{TYPES}/$metadata")
    assert metadata == {k: v for k, v in TYPES_SUBMODEL.items() if k != "submodelElements"}
    assert await get(f"/submodels/{TYPES}/$metadata", level="core") == metadata
    keys = [{"type": "Submodel", "value": TYPES_ID}]
    assert await get(f"/submodels/{TYPES}/$reference") == {"type": "ModelReference", "keys": keys}


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("?level=####", "level"),
        ("?level=DEEP", "level"),
        ("?level=", "level"),
        ("?level=core&level=core", "level"),
        ("?extent=all", "extent"),
        ("/$value?level=####", "level"),
        ("/$path?level=####", "level"),
        ("/$reference?level=deep", "level"),
        ("/$metadata?level=deep", "level"),
        ("/$metadata?extent=withBlobValue", "extent"),
        ("/submodel-elements?limit=0", "limit"),
        ("/submodel-elements?cursor=MTI", "cursor"),
        ("/submodel-elements?cursor=%25%25", "cursor"),
    ],
)
async def test_wrong_modifiers_are_refused_by_name(client, path, parameter):
    url = f"{API}/submodels/{TYPES}{path.replace('#', '%23')}"
    assert parameter in refused(await client.get(url), 400)


@pytest.mark.parametrize("collection", ["shells", "submodels", "concept-descriptions"])
@pytest.mark.parametrize("parameters", ["limit=-1", "limit=1&limit=1", "cursor=nonsense"])
async def test_wrong_pages_are_refused_by_name(client, collection, parameters):
    text = refused(await client.get(f"{API}/{collection}?{parameters}"), 400)
    assert parameters.split("=")[0] in text


async def test_a_page_stands_still_while_submodels_come(client, get, filled):
    first = await get("/submodels", limit=2)
    more = {**LIVE_SUBMODEL, "id": "urn:example:sm:later"}
    await filled.add_missing([(Kind.SUBMODEL, more)], actor="test")
    rest = await get("/submodels", cursor=first["paging_metadata"]["cursor"])
    assert [each["id"] for each in rest["result"]] == [PLAIN_ID, "urn:example:sm:later"]


async def test_views_of_the_conformance_data_keep_to_the_schema(
    shared_dir: Path, clock, repository
):
    environment = json.loads((shared_dir / "conformance" / "env.json").read_text())
    schema = json.loads((shared_dir / "spec" / "schemas" / "aas.json").read_text())
    validator = jsonschema.Draft201909Validator(schema)
    await repository.add_missing(
        [(Kind.SUBMODEL, each) for each in environment["submodels"]], actor="test"
    )
    app = make_app(repository, clock)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for query in (
            "",
            "?level=core",
            "?extent=withBlobValue",
            "?level=core&extent=withBlobValue",
        ):
            page = (await client.get(f"{API}/submodels{query}")).json()
            assert len(page["result"]) == 2
            validator.validate({"submodels": page["result"]})


CONTENTS = (
    "",
    "/$metadata",
    "/$value",
    "/$reference",
    "/$path",
    "?level=core",
    "/$value?level=core",
)


async def test_every_element_of_every_published_template_is_answered(
    shared_dir: Path, clock, repository
):
    app = make_app(repository, clock)
    transport = httpx.ASGITransport(app=app)
    seen = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for submodel in published_submodels(shared_dir):
            await repository.add_missing([(Kind.SUBMODEL, submodel)], actor="test")
            base = f"{API}/submodels/{encode_identifier(submodel['id'])}"
            elements = [(path, each["modelType"]) for path, each in walk(submodel)][:25]
            urls = [(base, "Submodel"), (f"{base}/submodel-elements", "")]
            urls += [
                (f"{base}/submodel-elements/{format_id_short_path(path)}", model_type)
                for path, model_type in elements
                if "" not in path
            ]
            for url, model_type in urls:
                for content in CONTENTS:
                    seen += 1
                    response = await client.get(url + content)
                    if response.status_code != 200:
                        assert model_type in refused(response, 400)
    assert seen > 1000


def published_submodels(shared_dir: Path) -> list[dict]:
    found: dict[str, dict] = {}
    for path in sorted((shared_dir / "templates").rglob("*.json")):
        environment = json.loads(path.read_text("utf-8-sig"))
        for submodel in environment.get("submodels", ()):
            if submodel.get("id"):
                found.setdefault(submodel["id"], submodel)
    return list(found.values())

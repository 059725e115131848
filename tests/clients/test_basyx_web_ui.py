"""What the BaSyx Web UI sends, call by call as it was recorded, and what it needs in return."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.clients.documents import (
    ASSET,
    SHELL,
    SUBMODEL,
    concept_description,
    everything,
    global_reference,
    prop,
    shell,
    submodel,
    submodel_reference,
)
from tests.system.aas_process import AasServer, encoded

ORIGIN = "http://ui.example:3000"
SHELL_PATH = f"/shells/{encoded(SHELL)}"
SUBMODEL_PATH = f"/submodels/{encoded(SUBMODEL)}"
ELEMENTS = f"{SUBMODEL_PATH}/submodel-elements"


@pytest.fixture
def ui(server: AasServer) -> Iterator[httpx.Client]:
    """The UI's requests: from another origin, taking anything; its shell and submodel are there."""
    address = f"{server.client.address}/api/v3"
    headers = {"Accept": "*/*", "Origin": ORIGIN}
    with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=30) as client:
        for path, document in (
            (SHELL_PATH, shell(submodels=(SUBMODEL,))),
            (SUBMODEL_PATH, everything()),
        ):
            assert client.put(path, json=document).status_code in (201, 204)
        yield client


def test_the_description_is_for_everyone(ui: httpx.Client) -> None:
    answer = ui.get("/description")

    assert answer.status_code == 200
    assert answer.json()["profiles"]
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)


@pytest.mark.parametrize(
    "path",
    [
        "/shells?limit=1",
        "/submodels?limit=1&level=core",
        "/shell-descriptors?limit=1",
        "/submodel-descriptors?limit=1",
        "/concept-descriptions?limit=1",
        "/lookup/shells?limit=1",
        "/shell-descriptors?limit=100",
        "/shells?limit=100",
        "/submodels",
    ],
)
def test_a_list_is_there_as_it_is_asked_for(ui: httpx.Client, path: str) -> None:
    answer = ui.get(path)

    assert answer.status_code == 200, answer.text
    assert isinstance(answer.json()["result"], list)


def test_the_list_of_shells_is_searched_by_asset_through_the_registry(ui: httpx.Client) -> None:
    asset = encoded(json.dumps({"name": "globalAssetId", "value": ASSET}))
    other = encoded(json.dumps({"name": "globalAssetId", "value": "urn:nobody"}))

    found = ui.get(f"/shell-descriptors?limit=100&assetIds={asset}").json()["result"]

    assert [descriptor["id"] for descriptor in found] == [SHELL]
    assert ui.get(f"/shell-descriptors?limit=100&assetIds={other}").json()["result"] == []


@pytest.mark.parametrize(
    "path",
    [
        SHELL_PATH,
        f"/shell-descriptors/{encoded(SHELL)}",
        f"{SHELL_PATH}/asset-information",
        f"{SHELL_PATH}/submodel-refs",
        f"/submodel-descriptors/{encoded(SUBMODEL)}",
        SUBMODEL_PATH,
    ],
)
def test_opening_a_shell_reads_what_belongs_to_it(ui: httpx.Client, path: str) -> None:
    answer = ui.get(path)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["Stops[10]", "Stops%5B10%5D", "Grid[1][0]", "Tool.Wear.Edge"])
def test_an_element_is_opened_by_its_path(ui: httpx.Client, path: str) -> None:
    assert ui.get(f"{ELEMENTS}/{path}").status_code == 200


def test_a_semantic_id_that_nobody_describes_is_a_quick_404(
    ui: httpx.Client, server: AasServer
) -> None:
    log = server.process.log()

    for number in range(100):
        irdi = f"0173-1#02-AAO{number:03}#002"
        assert ui.get(f"/concept-descriptions/{encoded(irdi)}").status_code == 404

    assert "Traceback" not in server.process.log()[len(log) :]


def test_a_page_holds_at_least_100_without_a_limit(ui: httpx.Client) -> None:
    ids = [f"urn:press-shop:many:{number}" for number in range(100)]
    for identifier in ids:
        assert ui.post("/submodels", json=submodel(identifier)).status_code == 201

    listed = ui.get("/submodels").json()

    assert len(listed["result"]) >= 100
    for identifier in ids:
        assert ui.delete(f"/submodels/{encoded(identifier)}").status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "shown"),
    [
        ("Stroke", '"42.25"', 42.25),
        ("Count", '"7"', 7),
        ("Running", '"false"', False),
        ("Name", '[{"en":"x"}]', [{"en": "x"}]),
        (
            "Manual",
            '{"value":"/aasx/files/m.pdf","contentType":"application/pdf"}',
            {"contentType": "application/pdf", "value": "/aasx/files/m.pdf"},
        ),
    ],
)
def test_a_value_is_edited(ui: httpx.Client, path: str, body: str, shown: object) -> None:
    headers = {"Content-Type": "application/json"}

    answer = ui.patch(f"{ELEMENTS}/{path}/$value", content=body, headers=headers)

    assert answer.status_code == 204, answer.text
    assert answer.content == b""
    assert "Content-Length" not in answer.headers
    assert ui.get(f"{ELEMENTS}/{path}/$value").json() == shown


def test_what_the_editor_makes_and_takes_away(ui: httpx.Client) -> None:
    other_shell, other = "urn:press-shop:other-shell", "urn:press-shop:other"
    identifiers = [encoded(other_shell), encoded(other)]

    assert ui.post("/shells", json=shell(other_shell)).status_code == 201
    assert ui.put(f"/shells/{identifiers[0]}", json=shell(other_shell)).status_code == 204
    assert ui.post("/submodels", json=submodel(other)).status_code == 201
    assert ui.put(f"/submodels/{identifiers[1]}", json=submodel(other)).status_code == 204
    elements = f"/submodels/{identifiers[1]}/submodel-elements"
    assert ui.post(elements, json=prop("Word", "a")).status_code == 201
    assert ui.put(f"{elements}/Word", json=prop("Word", "b")).status_code == 204
    assert ui.delete(f"{elements}/Word").status_code == 204
    assert ui.post("/concept-descriptions", json=concept_description()).status_code == 201
    concept = f"/concept-descriptions/{encoded(concept_description()['id'])}"
    assert ui.put(concept, json=concept_description()).status_code == 204
    references = f"/shells/{identifiers[0]}/submodel-refs"
    assert ui.post(references, json=submodel_reference(other)).status_code == 201
    assert ui.delete(f"{references}/{identifiers[1]}").status_code == 204
    for path in (concept, f"/submodels/{identifiers[1]}", f"/shells/{identifiers[0]}"):
        assert ui.delete(path).status_code == 204


def test_a_submodel_that_is_put_into_a_shell_is_created_there(ui: httpx.Client) -> None:
    new = "urn:press-shop:put-into"
    path = f"{SHELL_PATH}/submodels/{encoded(new)}"

    created = ui.put(path, json=submodel(new))

    assert created.status_code == 201, created.text
    assert created.json()["id"] == new
    assert ui.get(path).status_code == 200
    keys = [
        each["keys"][0]["value"] for each in ui.get(f"{SHELL_PATH}/submodel-refs").json()["result"]
    ]
    assert keys == [SUBMODEL, new]
    assert ui.delete(path).status_code == 204


@pytest.mark.parametrize(
    "path", [f"{ELEMENTS}/Drawing/attachment", f"{SHELL_PATH}/asset-information/thumbnail"]
)
@pytest.mark.parametrize("name_is", ["a field", "a parameter"])
def test_a_file_is_put_and_shown(ui: httpx.Client, path: str, name_is: str) -> None:
    name = {"fileName": "press.png"}
    as_field = name_is == "a field"

    put = ui.put(
        path,
        files={"file": ("press.png", b"picture", "image/png")},
        data=name if as_field else None,
        params=None if as_field else name,
    )

    assert put.status_code == 204, put.text
    read = ui.get(path)
    assert read.content == b"picture"
    assert read.headers["Content-Type"] == "image/png"
    assert "press.png" in read.headers["Content-Disposition"]


def test_a_file_inside_of_a_list_is_put_and_shown(ui: httpx.Client) -> None:
    file = {"modelType": "File", "idShort": "MarkingFile", "contentType": "image/png"}
    marking = {"modelType": "SubmodelElementCollection", "value": [file]}
    markings = {
        "modelType": "SubmodelElementList",
        "idShort": "Markings",
        "typeValueListElement": "SubmodelElementCollection",
        "value": [marking],
    }
    assert ui.post(ELEMENTS, json=markings).status_code == 201
    path = f"{ELEMENTS}/Markings[0].MarkingFile"

    put = ui.put(f"{path}/attachment", files={"file": ("ce.png", b"mark", "image/png")})

    assert put.status_code == 204, put.text
    assert ui.get(f"{path}/attachment").content == b"mark"
    assert ui.get(f"{ELEMENTS}/Markings%5B0%5D.MarkingFile/attachment").content == b"mark"


def test_nothing_empty_is_in_an_answer_for_it_breaks_the_editor(ui: httpx.Client) -> None:
    bare = submodel("urn:press-shop:bare")
    assert ui.put(f"/submodels/{encoded(bare['id'])}", json=bare).status_code == 201

    for path in (SHELL_PATH, SUBMODEL_PATH, f"/submodels/{encoded(bare['id'])}"):
        assert list(empties(ui.get(path).json())) == []
    assert ui.get("/submodels").json()["result"]
    assert ui.delete(f"/submodels/{encoded(bare['id'])}").status_code == 204


def empties(node: Any, path: str = "") -> Iterator[str]:
    """Yield the places of empty texts, lists and objects."""
    if isinstance(node, dict | list):
        steps = node.items() if isinstance(node, dict) else enumerate(node)
        for step, child in steps:
            yield from empties(child, f"{path}/{step}")
    if node in ("", [], {}):
        yield path


def test_a_document_that_strict_clients_cannot_read_is_not_taken(ui: httpx.Client) -> None:
    document = submodel("urn:press-shop:empty-key", prop("Word", "x"))
    document["submodelElements"][0]["semanticId"] = global_reference("")

    refused = ui.put(f"/submodels/{encoded(document['id'])}", json=document)

    assert refused.status_code == 400
    assert "submodelElements[0].semanticId.keys[0].value" in refused.text


@pytest.mark.parametrize("query", ["", "?ignore-duplicates=true"])
def test_an_environment_is_uploaded(ui: httpx.Client, query: str) -> None:
    environment = {"submodels": [submodel("urn:press-shop:uploaded", prop("Word", "x"))]}
    content = json.dumps(environment).encode()

    answer = ui.post(f"/upload{query}", files={"file": ("a.json", content, "application/json")})

    assert answer.is_success, answer.text
    assert ui.get(f"/submodels/{encoded('urn:press-shop:uploaded')}").status_code == 200
    ui.delete(f"/submodels/{encoded('urn:press-shop:uploaded')}")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/xml",
        "application/asset-administration-shell-package",
        "application/asset-administration-shell-package+xml",
    ],
)
def test_a_download_is_of_the_type_that_was_asked_for(ui: httpx.Client, media_type: str) -> None:
    query = f"aasIds={encoded(SHELL)}&submodelIds={encoded(SUBMODEL)}"

    answer = ui.get(
        f"/serialization?{query}&includeConceptDescriptions=true", headers={"Accept": media_type}
    )

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == media_type


def test_an_operation_without_an_executor_is_refused_by_both_ways_of_calling_it(
    ui: httpx.Client,
) -> None:
    body = {"inputArguments": [{"value": prop("Speed", "5", "xs:int")}]}

    for way in ("invoke-async", "invoke"):
        answer = ui.post(f"{ELEMENTS}/Home/{way}", json=body | {"clientTimeoutDuration": "PT60S"})
        assert answer.status_code in (404, 405, 501), answer.text
        assert answer.json()["messages"]


def test_assets_are_looked_up_and_linked(ui: httpx.Client) -> None:
    asset = encoded(json.dumps({"name": "globalAssetId", "value": ASSET}))

    assert ui.get(f"/lookup/shells?assetIds={asset}").json()["result"] == [SHELL]
    links = f"/lookup/shells/{encoded(SHELL)}"
    assert ui.post(links, json=[{"name": "batch", "value": "B-1"}]).status_code == 201
    batch = encoded(json.dumps({"name": "batch", "value": "B-1"}))
    assert ui.get(f"/lookup/shells?assetIds={batch}").json()["result"] == [SHELL]
    assert ui.delete(links).status_code == 204
    assert ui.get(f"/lookup/shells?assetIds={batch}").json()["result"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/description"),
        ("PATCH", f"{ELEMENTS}/Stroke/$value"),
        ("POST", "/shells"),
        ("PUT", f"{SHELL_PATH}/asset-information/thumbnail"),
        ("DELETE", SUBMODEL_PATH),
        ("POST", "/query/shells"),
        ("POST", "/upload"),
    ],
)
def test_a_preflight_is_answered_without_a_token(ui: httpx.Client, method: str, path: str) -> None:
    answer = ui.options(
        path,
        headers={
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type,if-match",
        },
    )

    assert answer.status_code in (200, 204), answer.text
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
    allowed = answer.headers["Access-Control-Allow-Methods"]
    assert allowed == "*" or method in allowed
    headers = answer.headers["Access-Control-Allow-Headers"].lower()
    assert headers == "*" or {"authorization", "content-type", "if-match"} <= {
        name.strip() for name in headers.split(",")
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", SHELL_PATH, 200),
        ("GET", f"{ELEMENTS}/Stroke/$value", 200),
        ("GET", "/no-such-thing", 404),
        ("GET", "/shells/not*base64", 400),
        ("DELETE", "/shells", 405),
        ("POST", "/query/shells", 200),
    ],
)
def test_every_answer_may_be_read_by_the_page(
    ui: httpx.Client, method: str, path: str, status: int
) -> None:
    body = {"json": {"$condition": {"$boolean": True}}} if method == "POST" else {}

    answer = ui.request(method, path, **body)

    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
    exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"Location", "ETag", "Content-Disposition"} <= exposed


def test_a_page_of_another_origin_that_is_not_listed_is_not_let_in(
    server: AasServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("origins")
    settings = {"AAS_CORS_ORIGINS": "https://allowed.example"}

    with AasServer(
        "--data", folder / "data", folder=folder / "server", environment=settings
    ) as listed:
        origins = ["https://allowed.example", ORIGIN]
        answers = [
            listed.client.http.get("/description", headers={"Origin": origin}) for origin in origins
        ]

    allowed = [answer.headers.get("Access-Control-Allow-Origin") for answer in answers]
    assert allowed == ["https://allowed.example", None]

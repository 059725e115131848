"""What Mnestix sends from its own server, call by call."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.clients.documents import ASSET, SHELL, SUBMODEL, everything, shell
from tests.system.aas_process import AasServer, encoded

SHELL_PATH = f"/shells/{encoded(SHELL)}"
SUBMODEL_PATH = f"/submodels/{encoded(SUBMODEL)}"


@pytest.fixture
def mnestix(server: AasServer) -> httpx.Client:
    """Its requests name no type that they take; its shell and submodel are there."""
    http = server.client.http
    for path, document in (
        (SHELL_PATH, shell(submodels=(SUBMODEL,))),
        (SUBMODEL_PATH, everything()),
    ):
        assert http.put(path, json=document).status_code in (201, 204)
    files = {"file": ("a.txt", b"text", "text/plain")}
    for path in (f"{SUBMODEL_PATH}/submodel-elements/Drawing/attachment?fileName=a.txt",):
        assert http.put(path, files=files).status_code == 204
    picture = f"{SHELL_PATH}/asset-information/thumbnail?fileName=a.png"
    assert http.put(picture, files={"file": ("a.png", b"png", "image/png")}).status_code == 204
    return http


@pytest.mark.parametrize(
    "path",
    [
        "/shells?limit=10&cursor=",
        SHELL_PATH,
        f"{SHELL_PATH}/submodel-refs",
        SUBMODEL_PATH,
        f"{SUBMODEL_PATH}/$metadata?level=core",
        f"{SUBMODEL_PATH}/$value",
        f"{SUBMODEL_PATH}/submodel-elements/Stroke/$value",
        f"{SUBMODEL_PATH}/submodel-elements/Drawing/attachment",
        f"{SHELL_PATH}/asset-information/thumbnail",
        "/shell-descriptors?limit=10&cursor=",
        f"/submodel-descriptors/{encoded(SUBMODEL)}",
        f"/lookup/shells?assetIds={encoded(json.dumps({'name': 'globalAssetId', 'value': ASSET}))}",
    ],
)
def test_what_it_reads_is_there(mnestix: httpx.Client, path: str) -> None:
    answer = mnestix.send(
        httpx.Request("GET", f"{str(mnestix.base_url).rstrip('/')}{path}", headers={})
    )

    assert answer.status_code == 200, answer.text


def test_an_empty_cursor_begins_at_the_start(mnestix: httpx.Client) -> None:
    assert mnestix.get("/shells?limit=10&cursor=").json() == mnestix.get("/shells?limit=10").json()


def test_one_link_is_taken_like_a_list_of_one(mnestix: httpx.Client) -> None:
    links = f"/lookup/shells/{encoded(SHELL)}"

    assert mnestix.post(links, json={"name": "batch", "value": "B-2"}).status_code == 201

    assert {"name": "batch", "value": "B-2"} in mnestix.get(links).json()
    assert mnestix.delete(links).status_code == 204


def test_a_package_is_downloaded_whatever_else_it_asks(mnestix: httpx.Client) -> None:
    ids = f"aasIds={encoded(SHELL)}&submodelIds={encoded(SUBMODEL)}"
    media_type = "application/asset-administration-shell-package+xml"

    answer = mnestix.get(
        f"/serialization?{ids}&includeConceptDescriptions=true&outputFormat=aasx",
        headers={"Accept": media_type},
    )

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == media_type
    assert answer.content[:2] == b"PK"


def test_the_first_endpoint_of_a_descriptor_is_the_shell(mnestix: httpx.Client) -> None:
    descriptor = mnestix.get(f"/shell-descriptors/{encoded(SHELL)}").json()

    address = descriptor["endpoints"][0]["protocolInformation"]["href"]

    assert address.startswith("http://127.0.0.1:")
    assert mnestix.get(address).json()["id"] == SHELL

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from aas_server.api.operations.table import BASE_PATHS
from aas_server.live.values import BAD_NO_COMMUNICATION
from aas_server.repository.collection import Collection
from aas_server.repository.document import Document
from aas_server.store.protocol import Kind
from tests.api.conftest import Machine
from tests.api.documents import (
    API,
    LIVE,
    PLAIN,
    SHELL,
    SHELL_ID,
    TYPES,
    TYPES_SUBMODEL,
    to_submodel,
)
from tests.support.services import make_app


class Page(HTMLParser):
    """Collects the links and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/actuator/health",
        "/health/",
        *(f"{base}/actuator/health" for base in BASE_PATHS),
        f"{API}/actuator/health/",
    ],
)
async def test_health_is_up(client: httpx.AsyncClient, path):
    response = await client.get(path)
    assert response.json() == {"status": "UP"}
    assert response.headers["content-type"] == "application/json"
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == response.headers


async def test_the_start_page_leads_to_everything_that_it_names(client: httpx.AsyncClient):
    response = await client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(response.text)
    assert {f"{API}/shells", f"{API}/submodels", "/health", "/metrics"} <= set(page.links)
    assert f"{API}/shells/{SHELL}" in page.links
    for submodel in (TYPES, LIVE, PLAIN):
        assert f"{API}/submodels/{submodel}" in page.links
        assert f"{API}/submodels/{submodel}/$value" in page.links
    for link in page.links:
        assert (await client.get(link)).status_code == 200, link
    assert "1.2.3" in page.text
    assert SHELL_ID in page.text
    assert "urn:example:sm:elsewhere (not on this server)" in page.text


async def test_the_start_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient):
    response = await client.get("/")
    page = Page(response.text)
    assert all(link.startswith("/") for link in page.links)
    assert not {"script", "link", "img", "iframe", "form"} & page.tags
    policy = response.headers["content-security-policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert " style=" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


async def test_the_start_page_counts_the_qualities(client: httpx.AsyncClient, machine: Machine):
    for name in ("Temperature", "Setpoint", "Fresh"):
        point = machine.bind(name)
        if name != "Fresh":
            machine.tell(point, 1.5)
    machine.tell(machine.bind("Zone.Heat"), None, status=BAD_NO_COMMUNICATION)
    text = Page((await client.get("/")).text).text
    assert "2 good" in text
    assert "1 uncertain" in text
    assert "1 bad" in text


async def test_what_documents_say_is_text_and_not_markup(client, filled):
    evil = {"modelType": "AssetAdministrationShell", "id": '"><script>alert(1)</script>'}
    evil["idShort"] = "<img src=x>"
    submodel = {**TYPES_SUBMODEL, "id": "<b>id</b>", "idShort": "<i>name</i>"}
    await filled.add_missing([(Kind.SHELL, evil), (Kind.SUBMODEL, submodel)], actor="test")
    page = Page((await client.get("/")).text)
    assert not {"script", "img", "b", "i"} & page.tags
    assert '"><script>alert(1)</script>' in page.text


async def test_long_lists_are_cut_and_say_so(client, filled):
    more = [
        (Kind.SUBMODEL, {"modelType": "Submodel", "id": f"urn:more:{index}", "idShort": "More"})
        for index in range(80)
    ]
    await filled.add_missing(more, actor="test")
    assert "and 31 more" in Page((await client.get("/")).text).text


async def test_what_is_of_no_shell_is_shown_though_it_was_made_last(client, filled):
    of_shell = [f"urn:of:{index}" for index in range(60)]
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": "urn:crowded",
        "assetInformation": {"assetKind": "Instance"},
        "submodels": [to_submodel(each) for each in of_shell],
    }
    made = [{"modelType": "Submodel", "id": each} for each in (*of_shell, "urn:last")]
    await filled.add_missing(
        [(Kind.SHELL, shell), *((Kind.SUBMODEL, each) for each in made)], actor="test"
    )
    text = Page((await client.get("/")).text).text
    assert "urn:last" in text
    assert text.count(" more") == 1
    assert "and 10 more" in text


async def test_the_start_page_reads_what_it_shows_and_not_all_there_is(client, filled, monkeypatch):
    more = [(Kind.SUBMODEL, {"modelType": "Submodel", "id": f"urn:{each}"}) for each in range(500)]
    await filled.add_missing(more, actor="test")
    read: list[str] = []

    def counted(document: Document) -> dict:
        read.append(document.id)
        return tree(document)

    async def all_of_them(_collection: Collection) -> AsyncIterator[Document]:
        raise AssertionError("every document was asked for")
        yield

    tree = Document.tree
    monkeypatch.setattr(Document, "tree", counted)
    monkeypatch.setattr(Collection, "__aiter__", all_of_them)
    text = Page((await client.get("/")).text).text
    assert "submodels: 503" in text
    assert "and 451 more" in text
    assert len(set(read)) < 70


async def test_an_empty_server_says_so(clock, repository, registry):
    app = make_app(repository, clock, registry=registry)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert "None are loaded yet." in (await client.get("/")).text
        assert (await client.get(f"{API}/shells")).json() == {"paging_metadata": {}, "result": []}

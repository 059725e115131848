"""Accept (RFC 9110, 12.5.1): documents in the form that a client likes best."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import httpx
import pytest
from aas_core3_1 import jsonization, xmlization
from hypothesis import given
from hypothesis import strategies as st

from aas_server.api.negotiation import TAKES_JSON, best_type
from aas_server.api.operations.parts import CSV, DOCUMENT_TYPES, RDF, SUBMODEL_TYPES, WORKBOOK
from aas_server.packages.rdf.reading import read_rdf
from aas_server.packages.rdf.writing import RdfFormat
from aas_server.repository.repository import Repository
from tests.api.conftest import Machine
from tests.api.documents import (
    API,
    CONCEPT,
    CONCEPT_DESCRIPTION,
    CONCEPT_ID,
    LIVE,
    LIVE_ID,
    LIVE_SUBMODEL,
    LONE_SHELL_DOCUMENT,
    PLAIN,
    PLAIN_SUBMODEL,
    SHELL,
    SHELL_DOCUMENT,
    TYPES,
    TYPES_SUBMODEL,
    external,
)
from tests.api.sockets import request, serving, undated
from tests.support.clock import FakeClock
from tests.support.services import make_app

JSON = "application/json"
XML = "application/xml"
OFFERED = (JSON, XML, "text/turtle", "text/csv")
ONE_SUBMODEL = f"{API}/submodels/{TYPES}"
ONE_SHELL = f"{API}/shells/{SHELL}"
ONE_CONCEPT = f"{API}/concept-descriptions/{CONCEPT}"
DOCUMENTS = {
    ONE_SUBMODEL: ("submodels", TYPES_SUBMODEL),
    f"{ONE_SHELL}/submodels/{TYPES}": ("submodels", TYPES_SUBMODEL),
    ONE_SHELL: ("assetAdministrationShells", SHELL_DOCUMENT),
    ONE_CONCEPT: ("conceptDescriptions", CONCEPT_DESCRIPTION),
}
WITH_BLOBS = {"extent": "withBlobValue"}


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        (None, JSON),
        (" ", JSON),
        ("*/*", JSON),
        ("text/turtle", "text/turtle"),
        ("TEXT/Turtle ; charset=utf-8", "text/turtle"),
        ("text/*", "text/turtle"),
        ("text/csv, text/turtle", "text/csv"),
        ("text/turtle, */*", "text/turtle"),
        ("*/*, text/turtle", "text/turtle"),
        ("application/json, text/plain, */*", JSON),
        ("text/turtle;q=0.4, application/json;q=0.5", JSON),
        ("text/turtle; Q=0.4 , application/json ; q=0.3", "text/turtle"),
        ("application/json;q=0, */*", XML),
        ("application/*;q=0, */*;q=0.1", "text/turtle"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", XML),
        ('text/turtle;note="a, application/json;q=1";q=0.1, text/csv;q=0.05', "text/turtle"),
        ("text/turtle;q=2, text/csv;q=0.1", "text/csv"),
        ("text/turtle;q=0.1234, text/csv;q=x, text/turtle/x, /, ;;", None),
        ("image/*", None),
        ("application/json;q=0", None),
        ("*", None),
        ("x" * 5000 + ", text/turtle", None),
    ],
)
def test_the_best_type_is_the_one_that_is_liked_best(accept: str | None, best: str | None) -> None:
    assert best_type(accept, OFFERED) == best


@given(st.text(st.sampled_from('*/;q=,." \\aj0151'), max_size=80))
def test_any_accept_is_understood_or_passed_over(accept: str) -> None:
    assert best_type(accept, OFFERED) in (None, *OFFERED)


@pytest.mark.parametrize("accept", sorted(TAKES_JSON))
def test_what_is_known_to_take_json_does(accept: bytes) -> None:
    assert best_type(accept.decode(), SUBMODEL_TYPES) == JSON
    assert best_type(accept.decode(), DOCUMENT_TYPES) == JSON


def test_the_types_that_are_told_are_those_that_are_written() -> None:
    assert set(RDF) == {form.value for form in RdfFormat}


@pytest.mark.parametrize("media_type", RDF)
@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_document_comes_in_every_form_of_rdf(
    client: httpx.AsyncClient, path: str, media_type: str
) -> None:
    name, tree = DOCUMENTS[path]
    params = WITH_BLOBS if name == "submodels" else None
    asked = {"accept": media_type, "accept-encoding": "identity"}
    response = await client.get(path, headers=asked, params=params)
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["vary"].startswith("accept")
    assert read_rdf(response.content, RdfFormat(media_type)) == {name: [tree]}
    head = await client.head(path, headers=asked, params=params)
    assert (head.headers, head.content) == (response.headers, b"")


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "image/*",
        "nonsense",
        "*/*;q=0",
    ],
)
async def test_json_is_the_answer_to_a_wish_that_nothing_fulfils(
    client: httpx.AsyncClient, path: str, accept: str | None
) -> None:
    del client.headers["accept"]
    headers = {} if accept is None else {"accept": accept}
    response = await client.get(path, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == JSON
    assert response.headers["vary"].startswith("accept")


async def test_a_document_comes_as_xml_that_others_read(client: httpx.AsyncClient) -> None:
    readers = (
        (ONE_SHELL, xmlization.asset_administration_shell_from_str),
        (ONE_SUBMODEL, xmlization.submodel_from_str),
        (ONE_CONCEPT, xmlization.concept_description_from_str),
    )
    for path, read in readers:
        response = await client.get(path, headers={"accept": "application/xml"})
        assert response.headers["content-type"] == "application/xml"
        _, _, text = response.text.partition("?>")
        document = (await client.get(path)).json()
        assert jsonization.to_jsonable(read(text)) == document


async def test_several_accept_headers_are_one_list(client: httpx.AsyncClient) -> None:
    for first, second in (("application/json;q=0.1", "text/turtle"), ("text/turtle", "*/*;q=0.1")):
        headers = [("accept", first), ("accept", second)]
        response = await client.get(ONE_SHELL, headers=headers)
        assert response.headers["content-type"] == "text/turtle"


async def test_tables_are_of_submodels_alone(client: httpx.AsyncClient) -> None:
    for media_type in (CSV, WORKBOOK):
        for path in (ONE_SHELL, ONE_CONCEPT, f"{ONE_SUBMODEL}/$value", f"{API}/submodels"):
            response = await client.get(path, headers={"accept": media_type})
            assert response.headers["content-type"] == JSON


async def test_a_submodel_comes_as_a_table(client: httpx.AsyncClient) -> None:
    response = await client.get(ONE_SUBMODEL, headers={"accept": CSV})
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert "accept-language" in response.headers["vary"]
    assert "etag" not in response.headers
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0]["path"] == "Number"
    core = await client.get(ONE_SUBMODEL, params={"level": "core"}, headers={"accept": CSV})
    assert len(core.content) < len(response.content)
    book = await client.get(ONE_SUBMODEL, headers={"accept": WORKBOOK})
    assert book.headers["content-type"] == WORKBOOK
    assert zipfile.ZipFile(io.BytesIO(book.content)).testzip() is None


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ("de-AT, de;q=0.8, en;q=0.5", "Öl"),
        ("en;q=0.1, de;q=0.2", "Öl"),
        ("de;q=0", "oil"),
        (None, "oil"),
        ("*, ;;, 1", "oil"),
    ],
)
async def test_a_table_is_in_the_language_of_the_client(
    client: httpx.AsyncClient, wish: str | None, text: str
) -> None:
    texts = [{"language": "en", "text": "oil"}, {"language": "de", "text": "Öl"}]
    label = {"modelType": "MultiLanguageProperty", "idShort": "L", "value": texts}
    tree = {**PLAIN_SUBMODEL, "submodelElements": [label]}
    assert (await client.put(f"{API}/submodels/{PLAIN}", json=tree)).status_code == 204
    headers = {"accept": CSV} | ({} if wish is None else {"accept-language": wish})
    response = await client.get(f"{API}/submodels/{PLAIN}", headers=headers)
    assert f",{text}," in response.text


async def test_units_come_from_the_concepts_behind_semantic_ids(client: httpx.AsyncClient) -> None:
    (embedded,) = CONCEPT_DESCRIPTION["embeddedDataSpecifications"]
    definition = [{"language": "en", "text": "how warm it is"}]
    content = embedded["dataSpecificationContent"] | {"unit": "Cel", "definition": definition}
    concept = CONCEPT_DESCRIPTION | {
        "embeddedDataSpecifications": [embedded | {"dataSpecificationContent": content}]
    }
    written = await client.put(ONE_CONCEPT, json=concept)
    assert written.status_code == 204, written.text
    element = PLAIN_SUBMODEL["submodelElements"][0] | {"semanticId": external(CONCEPT_ID)}
    tree = {**PLAIN_SUBMODEL, "submodelElements": [element]}
    assert (await client.put(f"{API}/submodels/{PLAIN}", json=tree)).status_code == 204
    response = await client.get(f"{API}/submodels/{PLAIN}", headers={"accept": CSV})
    assert ",Cel," in response.text


async def test_each_form_has_a_tag_that_reads_and_writes_know(client: httpx.AsyncClient) -> None:
    path = f"{API}/submodels/{LIVE}"
    tags = {}
    for media_type in DOCUMENT_TYPES:
        asked = {"accept": media_type, "accept-encoding": "identity"}
        tags[media_type] = (await client.get(path, headers=asked)).headers["etag"]
    assert len(set(tags.values())) == len(DOCUMENT_TYPES)
    for media_type in DOCUMENT_TYPES:
        for known, tag in tags.items():
            asked = {
                "accept": media_type,
                "accept-encoding": "identity",
                "if-none-match": tag,
            }
            response = await client.get(path, headers=asked)
            assert response.status_code == (304 if known == media_type else 200)
            assert response.headers["vary"].startswith("accept")
    headers = {"if-match": tags["text/turtle"]}
    assert (await client.put(path, json=LIVE_SUBMODEL, headers=headers)).status_code == 204


async def test_large_forms_are_compressed(client: httpx.AsyncClient) -> None:
    for media_type in (*RDF, CSV):
        for _ in range(2):
            headers = {"accept": media_type, "accept-encoding": "gzip"}
            response = await client.get(f"{API}/submodels/{PLAIN}", headers=headers)
            assert response.headers["content-encoding"] == "gzip"
            assert response.headers["content-type"].startswith(media_type)


async def test_writes_stay_json(client: httpx.AsyncClient) -> None:
    headers = {"accept": "text/turtle"}
    tree = {"modelType": "Submodel", "id": "urn:example:sm:new"}
    created = await client.post(f"{API}/submodels", json=tree, headers=headers)
    assert (created.status_code, created.json()) == (201, tree)
    turtle = {"content-type": "text/turtle"}
    response = await client.put(
        f"{API}/submodels/{PLAIN}", content=b"[] a <urn:a> .", headers=turtle
    )
    assert response.status_code in (400, 415)


@pytest.mark.parametrize("media_type", RDF)
async def test_the_whole_server_comes_as_one_graph(
    client: httpx.AsyncClient, media_type: str
) -> None:
    everything = await client.get(f"{API}/serialization", headers={"accept": media_type})
    assert everything.status_code == 200
    assert everything.headers["content-type"] == media_type
    assert everything.headers["vary"] == "accept"
    assert read_rdf(everything.content, RdfFormat(media_type)) == {
        "assetAdministrationShells": [SHELL_DOCUMENT, LONE_SHELL_DOCUMENT],
        "submodels": [TYPES_SUBMODEL, LIVE_SUBMODEL, PLAIN_SUBMODEL],
        "conceptDescriptions": [CONCEPT_DESCRIPTION],
    }
    one = await client.get(
        f"{API}/serialization", params={"submodelIds": PLAIN}, headers={"accept": media_type}
    )
    assert read_rdf(one.content, RdfFormat(media_type)) == {"submodels": [PLAIN_SUBMODEL]}


async def test_live_values_are_those_of_this_moment(
    client: httpx.AsyncClient, machine: Machine
) -> None:
    point = machine.bind("Temperature")
    tags = set()
    for value in (21.5, 22.5):
        machine.tell(point, value)
        shown = (await client.get(f"{API}/submodels/{LIVE}")).json()
        response = await client.get(f"{API}/submodels/{LIVE}", headers={"accept": "text/turtle"})
        assert read_rdf(response.content, RdfFormat.TURTLE) == {"submodels": [shown]}
        assert f'"{value}"' in response.text
        assert shown["id"] == LIVE_ID
        tags.add(response.headers["etag"])
    assert len(tags) == 2


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/turtle", b"text/turtle"),
        ("application/ld+json", b"application/ld+json"),
        ("text/turtle, */*;q=0.1", b"text/turtle"),
        ("*/*;q=0.1,application/n-quads", b"application/n-quads"),
        ("*/*", b"application/json"),
        ("application/json", b"application/json"),
        ("text/html", b"application/json"),
    ],
)
async def test_on_the_wire_a_hot_document_comes_in_the_form_that_is_asked_for(
    filled: Repository, fast: bool, accept: str, content_type: bytes
) -> None:
    app = make_app(filled, FakeClock(), fast_lane=fast)
    path = f"{API}/submodels/{LIVE}"
    async with serving(app) as server, server.connection() as connection:
        first = undated(await connection.ask(request(path)))
        for _ in range(3):
            answer = await connection.ask(request(path, Accept=accept))
            assert b"\r\ncontent-type: %b\r\n" % content_type in answer
            assert b"\r\nvary: accept" in answer
            assert undated(await connection.ask(request(path))) == first
            two = request(path, Accept="*/*;q=0.1").replace(
                b"\r\n\r\n", b"\r\nAccept: text/turtle\r\n\r\n"
            )
            assert b"\r\ncontent-type: text/turtle\r\n" in await connection.ask(two)


@pytest.mark.parametrize("fast", [True, False])
async def test_on_the_wire_known_wishes_for_json_stay_on_the_short_way(
    filled: Repository, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(filled, FakeClock(), fast_lane=fast)
    path = f"{API}/submodels/{LIVE}"
    async with serving(app) as server, server.connection() as connection:
        await connection.ask(request(path))

        def fail(*_arguments: Any) -> None:
            raise AssertionError("dispatched")

        monkeypatch.setattr(app, "_answer", fail)
        for accept in sorted(TAKES_JSON):
            answer = await connection.ask(request(path, Accept=accept.decode()))
            assert answer.startswith(b"HTTP/1.1 200 ")

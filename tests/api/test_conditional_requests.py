"""Reads that answer 304, and what an entity tag is (RFC 9110, 8.8.3 and 13)."""

from __future__ import annotations

import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.api.conditions import conditions, matches_any
from aas_server.errors import BadRequest, PreconditionFailed
from aas_server.metamodel.identifiers import encode_identifier
from tests.api.documents import (
    API,
    CONCEPT,
    CONCEPT_ID,
    LIVE,
    PLAIN,
    PLAIN_ID,
    SHELL,
    SHELL_DOCUMENT,
    TYPES,
)
from tests.api.results import refused
from tests.api.sockets import request, serving
from tests.support.clock import FakeClock
from tests.support.services import make_app

ENDPOINT = {
    "interface": "SUBMODEL-3.0",
    "protocolInformation": {"href": "https://far.example/x", "endpointProtocolVersion": ["1"]},
}

TAGGED = (
    f"/shells/{SHELL}",
    f"/submodels/{TYPES}",
    f"/submodels/{TYPES}/submodel-elements/Group",
    f"/submodels/{TYPES}/submodel-elements/Number/$value",
    f"/concept-descriptions/{CONCEPT}",
    f"/shells/{SHELL}/submodels/{TYPES}",
)


@pytest.mark.parametrize("path", TAGGED)
async def test_a_read_that_knows_the_present_form_gets_304_without_a_body(client, path):
    first = await client.get(API + path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        for method in ("GET", "HEAD"):
            headers = {"if-none-match": condition}
            response = await client.request(method, API + path, headers=headers)
            assert (response.status_code, response.content) == (304, b"")
            assert response.headers["etag"] == tag
            assert "content-length" not in response.headers
    other = await client.get(API + path, headers={"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_a_condition_may_come_in_several_lines(client: httpx.AsyncClient):
    path = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
    for order in (1, -1):
        tag = (await client.get(path)).headers["etag"]
        lines = (tag, '"other"')[::order]
        known = [("if-none-match", line) for line in lines]
        assert (await client.get(path, headers=known)).status_code == 304
        asked = [("if-match", line) for line in lines]
        assert (await client.get(path, headers=asked)).status_code == 200
        assert (await client.patch(path, json=order, headers=asked)).status_code == 204


async def test_what_is_missing_is_not_found_whatever_the_condition(client: httpx.AsyncClient):
    path = f"{API}/submodels/{TYPES}/submodel-elements/Missing"
    refused(await client.get(path, headers={"if-none-match": "*"}), 404)


@pytest.mark.parametrize("tag", ["abc", '"a', 'w/"a"', '"a" "b"', ","])
@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
async def test_what_is_no_list_of_tags_is_refused_by_the_name_of_the_header(client, header, tag):
    path = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
    before = (await client.get(path)).content
    response = await client.patch(path, json=7, headers={header: tag})
    assert header in refused(response, 400).lower()
    if header == "if-none-match":
        assert header in refused(await client.get(path, headers={header: tag}), 400).lower()
    assert (await client.get(path)).content == before


async def test_a_tag_changes_with_its_document_and_with_nothing_else(client: httpx.AsyncClient):
    async def tags() -> list[str]:
        return [(await client.get(API + path)).headers["etag"] for path in TAGGED]

    before = await tags()
    await client.patch(f"{API}/submodels/{PLAIN}/submodel-elements/P1/$value", json=5)
    assert await tags() == before
    await client.patch(f"{API}/submodels/{TYPES}/submodel-elements/Number/$value", json=99)
    after = await tags()
    changed = [path for path, old, new in zip(TAGGED, before, after, strict=True) if old != new]
    assert set(changed) == {TAGGED[1], TAGGED[3], TAGGED[5]}


async def test_a_live_document_has_another_tag_with_each_value_that_it_shows(client, machine):
    point = machine.bind("Temperature")
    path = f"{API}/submodels/{LIVE}"
    tags = set()
    for value in (1.5, 2.5, 3.5):
        machine.tell(point, value)
        tag = (await client.get(path)).headers["etag"]
        assert (await client.get(path, headers={"if-none-match": tag})).status_code == 304
        tags.add(tag)
    assert len(tags) == 3


async def test_a_condition_for_a_write_is_about_what_is_stored_not_what_machines_show(
    client, machine
):
    point = machine.bind("Temperature")
    machine.tell(point, 1.5)
    path = f"{API}/submodels/{LIVE}"
    tag = (await client.get(path)).headers["etag"]
    machine.tell(point, 2.5)
    fixed = f"{path}/submodel-elements/Fixed"
    metadata = f"{path}/$metadata"
    patch = {"modelType": "Submodel", "category": "VARIABLE"}
    assert (await client.patch(metadata, json=patch, headers={"if-match": tag})).status_code == 204
    refused(await client.patch(metadata, json=patch, headers={"if-match": tag}), 412)
    assert (await client.get(fixed)).status_code == 200


TAGS = st.lists(st.from_regex(r'(W/)?"[a-z0-9]{0,8}"', fullmatch=True), min_size=1, max_size=5)


@given(TAGS, st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True))
def test_a_list_of_tags_matches_what_stands_in_it(tags, tag):
    named = {each.removeprefix("W/").strip('"') for each in tags}
    strong = {each.strip('"') for each in tags if each.startswith('"')}
    header = " , ".join(tags)
    assert matches_any(header, b'"%b"' % tag.encode()) == (tag in named)
    asked = conditions(header, None)
    if tag in strong:
        asked.require(tag)
    else:
        with pytest.raises(PreconditionFailed):
            asked.require(tag)


@given(st.text(max_size=40))
def test_any_text_is_a_list_of_tags_or_a_bad_request(text):
    path = None
    try:
        conditions(text, text)
    except BadRequest as error:
        path = error.path
    assert path in (None, "If-Match", "If-None-Match")


@pytest.mark.parametrize("path", TAGGED)
async def test_a_read_of_another_state_than_if_match_names_is_refused(client, path):
    tag = (await client.get(API + path)).headers["etag"]
    for method in ("GET", "HEAD"):
        for fulfilled in (tag, "*", f'"other", {tag}'):
            response = await client.request(method, API + path, headers={"if-match": fulfilled})
            assert response.status_code == 200
        for broken in ('"other"', f"W/{tag}"):
            response = await client.request(method, API + path, headers={"if-match": broken})
            assert response.status_code == 412
    refused(await client.get(API + path, headers={"if-match": '"other"'}), 412)


ELEMENT = f"{API}/submodels/{TYPES}/submodel-elements/Number"
NUMBER = {"modelType": "Property", "idShort": "Number", "valueType": "xs:double", "value": "7"}
ONE_SUBMODEL = f"{API}/submodels/{PLAIN}"
WRITES = (
    ("PUT", ONE_SUBMODEL, {"modelType": "Submodel", "id": PLAIN_ID}, ONE_SUBMODEL),
    ("PATCH", f"{ONE_SUBMODEL}/$value", {"P1": 8}, ONE_SUBMODEL),
    (
        "PATCH",
        f"{ONE_SUBMODEL}/$metadata",
        {"modelType": "Submodel", "category": "VARIABLE"},
        ONE_SUBMODEL,
    ),
    ("DELETE", ONE_SUBMODEL, None, ONE_SUBMODEL),
    ("PUT", ELEMENT, NUMBER, ELEMENT),
    ("PATCH", ELEMENT, NUMBER, ELEMENT),
    ("PATCH", f"{ELEMENT}/$value", 8, ELEMENT),
    ("PATCH", f"{ELEMENT}/$value", 8, f"{ELEMENT}/$value"),
    ("PATCH", f"{ELEMENT}/$metadata", {"modelType": "Property", "category": "X"}, ELEMENT),
    ("DELETE", ELEMENT, None, ELEMENT),
    ("PUT", f"{API}/shells/{SHELL}", SHELL_DOCUMENT, f"{API}/shells/{SHELL}"),
    ("DELETE", f"{API}/shells/{SHELL}", None, f"{API}/shells/{SHELL}"),
    (
        "PUT",
        f"{API}/shells/{SHELL}/asset-information",
        {"assetKind": "Instance", "globalAssetId": "urn:example:other"},
        f"{API}/shells/{SHELL}",
    ),
    (
        "PUT",
        f"{API}/concept-descriptions/{CONCEPT}",
        {"modelType": "ConceptDescription", "id": CONCEPT_ID, "idShort": "Heat"},
        f"{API}/concept-descriptions/{CONCEPT}",
    ),
)


@pytest.mark.parametrize(
    ("method", "path", "body", "tagged"), WRITES, ids=lambda each: each if each else None
)
async def test_a_write_to_another_state_than_if_match_names_changes_nothing(
    client, method, path, body, tagged
):
    async def write(**conditions: str) -> httpx.Response:
        headers = {name.replace("_", "-"): value for name, value in conditions.items()}
        return await client.request(method, path, json=body, headers=headers)

    before = await client.get(tagged)
    tag = before.headers["etag"]
    for unfulfilled in (
        {"if_match": '"other"'},
        {"if_match": f"W/{tag}"},
        {"if_none_match": "*"},
        {"if_none_match": tag},
        {"if_match": tag, "if_none_match": tag},
    ):
        refused(await write(**unfulfilled), 412)
    assert (await client.get(tagged)).content == before.content
    assert (await write(if_match=f'"other", {tag}')).status_code == 204
    if method != "DELETE":
        refused(await write(if_match=tag), 412)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{API}/shells", {"modelType": "AssetAdministrationShell"}),
        (f"{API}/submodels", {"modelType": "Submodel"}),
        (f"{API}/concept-descriptions", {"modelType": "ConceptDescription"}),
        (f"{API}/shell-descriptors", {}),
        (f"{API}/submodel-descriptors", {"endpoints": [ENDPOINT]}),
    ],
)
async def test_put_with_if_none_match_any_only_creates(client, path, body):
    identifier = "urn:example:new"
    url = f"{path}/{encode_identifier(identifier)}"
    document = {**body, "id": identifier}
    if body.get("modelType") == "AssetAdministrationShell":
        document["assetInformation"] = {"assetKind": "Type", "globalAssetId": "urn:example:type"}
    refused(await client.put(url, json=document, headers={"if-match": "*"}), 412)
    refused(await client.get(url), 404)
    created = await client.put(url, json=document, headers={"if-none-match": "*"})
    assert created.status_code == 201, created.text
    again = {**document, "idShort": "Again"}
    refused(await client.put(url, json=again, headers={"if-none-match": "*"}), 412)
    assert "idShort" not in (await client.get(url)).json()
    tag = {"if-match": (await client.get(url)).headers["etag"]}
    assert (await client.put(url, json=again, headers=tag)).status_code == 204
    refused(await client.put(url, json=again, headers=tag), 412)
    refused(await client.delete(url, headers=tag), 412)
    current = {"if-match": (await client.get(url)).headers["etag"]}
    assert (await client.delete(url, headers=current)).status_code == 204


async def test_a_machine_is_not_asked_for_a_write_whose_condition_fails(client, machine):
    machine.tell(machine.bind("Setpoint", writable=True), 1.5)
    path = f"{API}/submodels/{LIVE}/submodel-elements/Setpoint/$value"
    refused(await client.patch(path, json=9.5, headers={"if-match": '"other"'}), 412)
    refused(await client.patch(path, json=9.5, headers={"if-none-match": "*"}), 412)
    assert machine.written == []
    tag = {"if-match": (await client.get(path)).headers["etag"]}
    assert (await client.patch(path, json=9.5, headers=tag)).status_code == 204
    assert [value for _, value in machine.written] == [9.5]


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "asgi"])
async def test_on_the_wire_a_hot_path_keeps_its_conditions(filled, fast, machine):
    app = make_app(filled, FakeClock(), fast_lane=fast)
    point = machine.bind("Temperature")
    value = f"{API}/submodels/{LIVE}/submodel-elements/Temperature/$value"
    async with serving(app) as server, server.connection() as connection:
        for path in (value, f"{API}/submodels/{PLAIN}", f"{API}/submodels/{LIVE}"):
            machine.tell(point, 1.5)
            tags = set()
            for _ in range(3):
                answer = await connection.ask(request(path))
                tags.add(tag_of(answer))
            (tag,) = tags
            known = await connection.ask(request(path, **{"If-None-Match": tag}), head=True)
            assert known.startswith(b"HTTP/1.1 304 Not Modified\r\n")
            assert tag_of(known) == tag
            assert b"content-length" not in known
            other = await connection.ask(request(path, **{"If-None-Match": '"other"'}))
            assert other.partition(b"\r\n\r\n")[2] == answer.partition(b"\r\n\r\n")[2]
            broken = await connection.ask(request(path, **{"If-Match": '"other"'}))
            assert broken.startswith(b"HTTP/1.1 412 ")
            machine.tell(point, 2.5)
            changed = await connection.ask(request(path, **{"If-None-Match": tag}), head=False)
            assert changed.startswith(b"HTTP/1.1 304 ") == (path.endswith(PLAIN))


def tag_of(answer: bytes) -> str:
    match = re.search(rb'\r\netag: ("[^"]+")\r\n', answer)
    assert match is not None
    return match[1].decode()

"""Many clients that write to one document at the same time: nothing is lost, nobody sees a 5xx."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from aas_server.live.hub import LiveHub
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.heads import Key, State
from aas_server.repository.repository import Repository
from tests.api.documents import API, LONE_SHELL, PLAIN, TYPES, element, number, to_submodel
from tests.api.forms import put_file
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

WRITERS = 64
ELEMENTS = f"{API}/submodels/{PLAIN}/submodel-elements"
SHELL = f"{API}/shells/{LONE_SHELL}"
ATTACHMENT = f"{API}/submodels/{TYPES}/submodel-elements/Manual/attachment"


class WaitingStore(MemoryStore):
    """Lets others run before it commits."""

    async def commit(self, *writes: Any, **named: Any) -> None:
        await asyncio.sleep(0)
        await super().commit(*writes, **named)


class FetchingRepository(Repository):
    """Lets others run before a unit sees a document, as one does that must be fetched."""

    async def newest(self, key: Key) -> State | None:
        await asyncio.sleep(0)
        return await super().newest(key)


@pytest.fixture
def repository(clock: FakeClock, hub: LiveHub, request: pytest.FixtureRequest) -> Repository:
    kind: type[Repository] = getattr(request, "param", Repository)
    return kind(WaitingStore(clock), hub, clock)


EITHER_WAY = pytest.mark.parametrize("repository", [Repository, FetchingRepository], indirect=True)
FETCHED = pytest.mark.parametrize("repository", [FetchingRepository], indirect=True)


async def together(*requests: Awaitable[httpx.Response]) -> list[int]:
    """Return the status of each answer."""
    return [answer.status_code for answer in await asyncio.gather(*requests)]


async def values(client: httpx.AsyncClient) -> list[str]:
    """Return the values of the elements that the writers set, each its own."""
    submodel = (await client.get(f"{API}/submodels/{PLAIN}")).json()
    return [each["value"] for each in submodel["submodelElements"][:WRITERS]]


async def references(client: httpx.AsyncClient) -> list[str]:
    shell = (await client.get(SHELL)).json()
    return [each["keys"][0]["value"] for each in shell.get("submodels", ())]


async def test_every_element_that_was_put_is_there(client: httpx.AsyncClient):
    statuses = await together(
        *(
            client.put(f"{ELEMENTS}/P{each}", json=number(f"P{each}", f"{each}.5"))
            for each in range(WRITERS)
        )
    )
    assert statuses == [204] * WRITERS
    assert await values(client) == [f"{each}.5" for each in range(WRITERS)]


async def test_every_value_that_was_patched_is_there(client: httpx.AsyncClient):
    statuses = await together(
        *(client.patch(f"{ELEMENTS}/P{each}/$value", json=each + 0.5) for each in range(WRITERS))
    )
    assert statuses == [204] * WRITERS
    assert await values(client) == [f"{each}.5" for each in range(WRITERS)]


@FETCHED
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_was_accepted_is_there_and_what_was_refused_is_not(
    client: httpx.AsyncClient, method: str
):
    statuses = await together(
        *(
            client.request(method, f"{ELEMENTS}/P{each}", json=number(f"P{each}", f"{each}.5"))
            for each in range(WRITERS)
        )
    )
    assert Counter(statuses).keys() <= {204, 409}
    assert 204 in statuses
    assert await values(client) == [
        f"{each}.5" if status == 204 else str(each) for each, status in enumerate(statuses)
    ]


@EITHER_WAY
@pytest.mark.parametrize(
    ("path", "model_type"),
    [("submodels", "Submodel"), ("concept-descriptions", "ConceptDescription")],
)
async def test_of_those_who_create_the_same_one_does(
    client: httpx.AsyncClient, path: str, model_type: str
):
    statuses = await together(
        *(
            client.post(
                f"{API}/{path}",
                json={"modelType": model_type, "id": "urn:x", "idShort": f"By{each}"},
            )
            for each in range(WRITERS)
        )
    )
    assert Counter(statuses) == {201: 1, 409: WRITERS - 1}
    created = (await client.get(f"{API}/{path}/{encode_identifier('urn:x')}")).json()
    assert created["idShort"] == f"By{statuses.index(201)}"


@EITHER_WAY
async def test_of_those_who_put_the_same_one_creates_it(client: httpx.AsyncClient):
    url = f"{API}/submodels/{encode_identifier('urn:x')}"
    statuses = await together(
        *(client.put(url, json={"modelType": "Submodel", "id": "urn:x"}) for _ in range(WRITERS))
    )
    assert Counter(statuses)[201] == 1
    assert Counter(statuses).keys() <= {201, 204, 409}


@EITHER_WAY
async def test_a_shell_refers_to_what_was_put_through_it_and_to_nothing_else(
    client: httpx.AsyncClient,
):
    ids = [f"urn:x:{each}" for each in range(WRITERS)]
    statuses = await together(
        *(
            client.put(
                f"{SHELL}/submodels/{encode_identifier(each)}",
                json={"modelType": "Submodel", "id": each},
            )
            for each in ids
        )
    )
    assert Counter(statuses).keys() <= {201, 409}
    made = [each for each, status in zip(ids, statuses, strict=True) if status == 201]
    assert made
    assert sorted(await references(client)) == sorted(made)
    page = (await client.get(f"{API}/submodels?limit=1000")).json()["result"]
    assert sorted(each["id"] for each in page if each["id"] in ids) == sorted(made)


@EITHER_WAY
async def test_a_shell_refers_no_more_to_what_was_deleted_through_it(client: httpx.AsyncClient):
    ids = [f"urn:x:{each}" for each in range(WRITERS)]
    for each in ids:
        await client.post(f"{API}/submodels", json={"modelType": "Submodel", "id": each})
        await client.post(f"{SHELL}/submodel-refs", json=to_submodel(each))
    statuses = await together(
        *(client.delete(f"{SHELL}/submodels/{encode_identifier(each)}") for each in ids)
    )
    assert Counter(statuses).keys() <= {204, 409}
    left = [each for each, status in zip(ids, statuses, strict=True) if status == 409]
    assert len(left) < WRITERS
    assert sorted(await references(client)) == sorted(left)


@EITHER_WAY
async def test_of_those_who_replace_the_same_file_one_does(client: httpx.AsyncClient):
    tag = (await put_file(client, ATTACHMENT, b"before")).headers["etag"]
    statuses = await together(
        *(
            put_file(client, ATTACHMENT, f"by {each}".encode(), if_match=tag)
            for each in range(WRITERS)
        )
    )
    assert Counter(statuses) == {204: 1, 412: WRITERS - 1}
    assert (await client.get(ATTACHMENT)).text == f"by {statuses.index(204)}"


@EITHER_WAY
async def test_files_of_one_submodel_stay_apart(client: httpx.AsyncClient):
    url = f"{API}/submodels/{TYPES}/submodel-elements"
    files = [element("File", f"F{each}", contentType="text/plain") for each in range(WRITERS)]
    for each in files:
        assert (await client.post(url, json=each)).status_code == 201
    statuses = await together(
        *(
            put_file(client, f"{url}/{each['idShort']}/attachment", each["idShort"].encode())
            for each in files
        )
    )
    assert Counter(statuses).keys() <= {204, 409}
    assert 204 in statuses
    for each, status in zip(files, statuses, strict=True):
        answer = await client.get(f"{url}/{each['idShort']}/attachment")
        assert answer.status_code == (200 if status == 204 else 404)
        assert status == 409 or answer.text == each["idShort"]
